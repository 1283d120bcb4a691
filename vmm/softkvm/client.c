// SPDX-License-Identifier: GPL-2.0
/*
 * Finding or starting the instance that serves a client. Runs in the process
 * of the user; may be called from several processes at once.
 */
#include "vmm/softkvm/client.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <ktstr/fd.h>

#include "vmm/softkvm.h"
#include "vmm/softkvm/starter.h"

/* A supervisor answers at once; one that is stopped or stuck never does. */
#define HELLO_LIMIT_MS 10000

struct wait_ctx {
	u32 type;
	void *to;
	size_t size;
	int err; /* -EAGAIN: not yet */
	struct kt_diag *diag;
};

static void on_record(void *arg, const struct wire_record *rec)
{
	struct wait_ctx *ctx = arg;

	if (ctx->err != -EAGAIN)
		return;
	if (rec->type == ctx->type)
		ctx->err =
			sk_record__get(rec, ctx->to, ctx->size) ? 0 : -EPROTO;
	else if (rec->type == SK_FAIL)
		ctx->err = sk_record__fail_text(rec, ctx->diag);
}

/* Used before any data flows, so nothing that follows @type is lost. */
int client__wait(int fd, u32 type, void *to, size_t size, int timeout_ms,
		 struct kt_diag *diag)
{
	struct wait_ctx ctx = { type, to, size, -EAGAIN, diag };
	struct wire_asm in;

	wire_asm__init(&in);
	while (ctx.err == -EAGAIN) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		u8 buf[1024];
		int nr = poll(&pfd, 1, timeout_ms);
		ssize_t n;

		if (nr < 0 && errno == EINTR)
			continue;
		if (nr == 0) {
			ctx.err = -ETIMEDOUT;
			break;
		}
		n = read(fd, buf, sizeof(buf));
		if (n <= 0)
			ctx.err = n < 0 ? -errno : -ECONNRESET;
		else if (wire_asm__feed(&in, buf, (size_t)n, on_record, &ctx))
			ctx.err = -ENOMEM;
	}
	wire_asm__fini(&in);
	return ctx.err;
}

/* QEMU and virtiofsd die with it. */
void client__kill_peer(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) &&
	    cred.pid > 1 && cred.uid == geteuid())
		kill(cred.pid, SIGKILL);
}

enum verdict { FITS, STALE, NONE };

/* Is there an instance, and was it made from what we would make it from? */
static enum verdict try_current(const struct softkvm_config *cfg,
				const char *run_dir, int *ret_fd)
{
	struct sk_hello hello = { .version = SK_VERSION,
				  .identity = cfg->identity,
				  .idle_s = cfg->idle_s };
	struct sk_hello answer = { 0 };
	int fd __free(fd) = -1;
	int err;

	if (rundir__connect(run_dir, RUNDIR_CURRENT, &fd))
		return NONE;
	err = sk_send(fd, SK_HELLO, &hello, sizeof(hello));
	if (!err)
		err = client__wait(fd, SK_HELLO, &answer, sizeof(answer),
				   HELLO_LIMIT_MS, NULL);
	if (err || answer.version != SK_VERSION ||
	    answer.identity != cfg->identity) {
		/* A healthy one finishes what it runs, then leaves. */
		if (err == -ETIMEDOUT)
			client__kill_peer(fd);
		else
			sk_send_word(fd, SK_RETIRE, 0, 0);
		return STALE;
	}
	*ret_fd = no_free_fd(fd);
	return FITS;
}

static int start_locked(const struct softkvm_config *cfg, const char *run_dir,
			bool tell, int *ret_fd, struct kt_diag *diag)
{
	int lock __free(fd) = -1;
	u64 begin_ns = kt_now_ns();
	enum verdict verdict;
	int err = rundir__lock(run_dir, false, &lock, diag);

	if (err == -EWOULDBLOCK) {
		if (tell)
			fprintf(stderr, "softkvm: waiting for another program "
					"to start it ...\n");
		err = rundir__lock(run_dir, true, &lock, diag);
	}
	if (err)
		return err;
	verdict = try_current(cfg, run_dir, ret_fd);
	if (verdict == FITS)
		return 0;
	rundir__remove_dead(run_dir);
	if (tell)
		fprintf(stderr, "softkvm: starting%s (about 8 s) ...\n",
			verdict == STALE ? " a new one, the old one is of "
					   "another version"
					 : "");
	err = starter__start(run_dir, lock, diag);
	if (err)
		return err;
	if (tell)
		fprintf(stderr, "softkvm: up after %.1f s\n",
			(double)(kt_now_ns() - begin_ns) / 1e9);
	close(no_free_fd(lock));
	if (try_current(cfg, run_dir, ret_fd) != FITS)
		return diag__fail(diag, -ECONNRESET,
				  "softkvm started but does not answer");
	return 0;
}

int client__open(const struct softkvm_config *cfg, bool quiet, int *ret_fd,
		 struct kt_diag *diag)
{
	char run_dir[RUNDIR_MAX];
	unsigned int number;
	int err;

	err = softkvm__instance(&number, diag);
	if (!err)
		err = rundir__path(run_dir, number, diag);
	if (err)
		return err;
	err = rundir__check(run_dir, diag);
	if (err && err != -ENOENT)
		return err;
	if (!err && try_current(cfg, run_dir, ret_fd) == FITS)
		return 0;
	return start_locked(cfg, run_dir, !quiet && isatty(2), ret_fd, diag);
}
