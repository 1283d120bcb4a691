// SPDX-License-Identifier: GPL-2.0
/* softkvm__start(), softkvm__stop(), softkvm__status(): the user's handles. */
#include "vmm/softkvm.h"

#include <poll.h>

#include <ktstr/fd.h>

#include "vmm/softkvm/client.h"
#include "vmm/softkvm/config.h"

#define STOP_LIMIT_MS 10000
#define STATUS_LIMIT_MS 10000

int softkvm__start(bool quiet, struct kt_diag *diag)
{
	struct softkvm_config *cfg __free(ptr) = calloc(1, sizeof(*cfg));
	int fd __free(fd) = -1;
	int err;

	if (!cfg)
		return -ENOMEM;
	err = softkvm_config__load(cfg, diag);
	return err ? err : client__open(cfg, quiet, &fd, diag);
}

/* Wait until the peer closed @fd, whatever it says before. */
static bool wait_closed(int fd, int limit_ms)
{
	u64 until = kt_now_ns() + (u64)limit_ms * NSEC_PER_MSEC;

	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		u64 now = kt_now_ns();
		char buf[256];

		if (now >= until)
			return false;
		if (poll(&pfd, 1, (int)((until - now) / NSEC_PER_MSEC) + 1) <=
		    0)
			continue;
		if (read(fd, buf, sizeof(buf)) <= 0 && errno != EINTR)
			return true;
	}
}

static int stop_instance(const char *path, const char *instance, void *ctx)
{
	int fd __free(fd) = -1;

	(void)ctx;
	if (rundir__connect(path, instance, &fd))
		return 0;
	if (sk_send_word(fd, SK_STOP, 0, 0) ||
	    !wait_closed(fd, STOP_LIMIT_MS)) {
		client__kill_peer(fd);
		wait_closed(fd, STOP_LIMIT_MS);
	}
	return 0;
}

int softkvm__instance(unsigned int *ret_instance, struct kt_diag *diag)
{
	*ret_instance = 0;
	return softkvm_config__number(SOFTKVM_INSTANCE_ENV, 0,
				      SOFTKVM_INSTANCES - 1, ret_instance,
				      diag);
}

static int stop_machine(unsigned int number, struct kt_diag *diag)
{
	char run_dir[RUNDIR_MAX];
	int lock __free(fd) = -1;
	int err = rundir__path(run_dir, number, diag);

	if (!err)
		err = rundir__check(run_dir, diag);
	if (err)
		return err == -ENOENT ? 0 : err;
	rundir__each(run_dir, stop_instance, NULL);
	/* One that was being started ends too, and its starter lets go. */
	err = rundir__lock(run_dir, true, &lock, diag);
	if (err)
		return err;
	rundir__each(run_dir, stop_instance, NULL);
	rundir__remove_dead(run_dir);
	rundir__remove_if_empty(run_dir);
	return 0;
}

int softkvm__stop(struct kt_diag *diag)
{
	int err = 0;

	for (unsigned int i = 0; i < SOFTKVM_INSTANCES; i++) {
		int one = stop_machine(i, diag);

		err = err ? err : one;
	}
	return err;
}

int softkvm__status(unsigned int instance, struct softkvm_status *ret_status,
		    struct kt_diag *diag)
{
	struct softkvm_status st = { .instance = instance };
	int fd __free(fd) = -1;
	struct sk_status got;
	int err = rundir__path(st.run_dir, instance, diag);

	if (!err)
		err = rundir__check(st.run_dir, diag);
	if (!err)
		err = rundir__connect(st.run_dir, RUNDIR_CURRENT, &fd);
	if (err == -ENOENT || err == -ECONNREFUSED) {
		*ret_status = st;
		return 0;
	}
	if (!err)
		err = sk_send_word(fd, SK_STATUS, 0, 0);
	if (!err)
		err = client__wait(fd, SK_STATUS, &got, sizeof(got),
				   STATUS_LIMIT_MS, diag);
	if (err == -ECONNRESET || err == -EPIPE) { /* it was just leaving */
		*ret_status = st;
		return 0;
	}
	if (err)
		return diag__context(diag, err, "asking softkvm for its state");
	st.running = true;
	st.supervisor_pid = got.supervisor_pid;
	st.qemu_pid = got.qemu_pid;
	st.virtiofsd_pid = got.virtiofsd_pid;
	st.clients = got.clients;
	st.uptime_ms = got.uptime_ms;
	st.boot_ms = got.boot_ms;
	st.idle_limit_s = got.idle_s;
	snprintf(st.kernel, sizeof(st.kernel), "%.*s",
		 (int)sizeof(got.kernel) - 1, got.kernel);
	*ret_status = st;
	return 0;
}
