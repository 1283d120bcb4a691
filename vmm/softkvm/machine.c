// SPDX-License-Identifier: GPL-2.0
/*
 * Starts and ends QEMU and virtiofsd. Called by the supervisor, which is
 * single-threaded; that makes PR_SET_PDEATHSIG mean "when the supervisor
 * dies".
 *
 * `pc` with the uncompressed kernel entered through PVH was the fastest of
 * the machine types that always boot: microvm saves half a second but hangs
 * in about half of its starts while it calibrates timers. The memory is a
 * shared memfd because virtiofsd reads it. One virtual CPU: with two, TCG may
 * execute stale translations of code that the other CPU just patched.
 */
#include "vmm/softkvm/machine.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <ktstr/fd.h>

#include "vmm/softkvm/image.h"
#include "vmm/softkvm/noatime.h"
#include "vmm/softkvm/rundir.h"
#include "vmm/softkvm/spawn.h"

#define MAX_ARGS 64
#define STOP_WAIT_MS 10000 /* an unwilling disk may hold them up */
#define STOP_STEP_MS 5

/* Descriptors that the two processes inherit. */
struct machine_fds {
	int vhost_listen, vhost, agent;
	struct sk_image image;
};

static void machine_fds__fini(struct machine_fds *fds)
{
	int all[] = { fds->vhost_listen, fds->vhost, fds->agent };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i] >= 0)
			close(all[i]);
	sk_image__fini(&fds->image);
}

/*
 * virtiofsd accepts on a listening socket, QEMU takes a connected one: make
 * both here, so that no name outlives this function.
 */
static int make_vhost(const char *dir, struct machine_fds *fds,
		      struct kt_diag *diag)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int err = 0;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/vhost", dir);
	fds->vhost_listen = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fds->vhost = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fds->vhost_listen < 0 || fds->vhost < 0 ||
	    bind(fds->vhost_listen, (struct sockaddr *)&sun, sizeof(sun)) ||
	    listen(fds->vhost_listen, 1) ||
	    connect(fds->vhost, (struct sockaddr *)&sun, sizeof(sun)))
		err = -errno;
	unlink(sun.sun_path);
	return err ? diag__fail(diag, err, "socket %s: %s", sun.sun_path,
				strerror(-err))
		   : 0;
}

static int start_virtiofsd(const struct softkvm_config *cfg,
			   struct machine_fds *fds, pid_t *ret_pid,
			   struct kt_diag *diag)
{
	char fd_arg[32], timeout[32];
	/*
	 * cache=always keeps a file's pages until its time or size changes;
	 * how soon that is noticed is the timeout's matter.
	 */
	const char *argv[] = { cfg->virtiofsd,
			       "-f",
			       fd_arg,
			       "-o",
			       "source=/",
			       "-o",
			       "cache=always",
			       "-o",
			       timeout,
			       "-o",
			       "sandbox=chroot",
			       "-o",
			       "log_level=warn",
			       geteuid() ? "--rlimit-nofile=0" : NULL,
			       NULL };
	struct sk_spawn spawn = {
		.argv = (char *const *)(uintptr_t)argv,
		.keep_fds = &fds->vhost_listen,
		.nr_keep_fds = 1,
		.user_namespace = geteuid() != 0,
	};
	int err;

	snprintf(fd_arg, sizeof(fd_arg), "--fd=%d", fds->vhost_listen);
	snprintf(timeout, sizeof(timeout), "timeout=%u.%03u",
		 SK_FS_TIMEOUT_MS / 1000, SK_FS_TIMEOUT_MS % 1000);
	err = sk_spawn__child(&spawn, ret_pid, diag);
	if (!err && spawn.user_namespace)
		err = noatime__trace(*ret_pid, diag);
	return err;
}

static int start_qemu(const struct softkvm_config *cfg, const char *dir,
		      struct machine_fds *fds, pid_t *ret_pid,
		      struct kt_diag *diag)
{
	char memory[32], backend[96], kernel[64], initrd[64];
	char vhost[64], agent[64], append[1024], serial[RUNDIR_MAX + 64];
	const char *argv[] = {
		cfg->qemu,
		"-nodefaults",
		"-no-user-config",
		"-no-reboot",
		"-display",
		"none",
		"-M",
		SK_MACHINE_TYPE ",memory-backend=mem",
		"-cpu",
		SK_CPU,
		"-accel",
		"tcg",
		"-smp",
		"1",
		"-m",
		memory,
		"-object",
		backend,
		"-kernel",
		kernel,
		"-initrd",
		initrd,
		"-append",
		append,
		"-chardev",
		vhost,
		"-device",
		"vhost-user-fs-pci,chardev=vhost,tag=" SK_FS_TAG
		",queue-size=1024",
		"-device",
		"virtio-serial-pci",
		"-chardev",
		agent,
		"-device",
		"virtserialport,chardev=agent,name=" SK_PORT_NAME,
		"-serial",
		serial,
		NULL,
	};
	int keep[] = { fds->vhost, fds->agent, fds->image.kernel_fd,
		       fds->image.initrd_fd };
	struct sk_spawn spawn = {
		.argv = (char *const *)(uintptr_t)argv,
		.keep_fds = keep,
		.nr_keep_fds = ARRAY_SIZE(keep),
	};

	snprintf(memory, sizeof(memory), "%u", cfg->memory_mib);
	snprintf(backend, sizeof(backend),
		 "memory-backend-memfd,id=mem,size=%uM,share=on",
		 cfg->memory_mib);
	snprintf(kernel, sizeof(kernel), "/proc/self/fd/%d",
		 fds->image.kernel_fd);
	snprintf(initrd, sizeof(initrd), "/proc/self/fd/%d",
		 fds->image.initrd_fd);
	snprintf(append, sizeof(append), "%s tsc_early_khz=%u", softkvm_cmdline,
		 sk_tsc_khz());
	snprintf(vhost, sizeof(vhost), "socket,id=vhost,fd=%d", fds->vhost);
	snprintf(agent, sizeof(agent), "socket,id=agent,fd=%d", fds->agent);
	snprintf(serial, sizeof(serial), "file:%s/console", dir);
	return sk_spawn__child(&spawn, ret_pid, diag);
}

static int start_both(const struct softkvm_config *cfg, const char *dir,
		      struct machine_fds *fds, struct sk_machine *m,
		      struct kt_diag *diag)
{
	int pair[2];
	int err;

	err = sk_image__make(cfg, &fds->image, diag);
	if (err)
		return err;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	fds->agent = pair[1];
	m->agent_fd = pair[0];
	if (fcntl(m->agent_fd, F_SETFL, O_NONBLOCK))
		return -errno;
	err = make_vhost(dir, fds, diag);
	if (!err)
		err = start_virtiofsd(cfg, fds, &m->virtiofsd, diag);
	if (!err)
		err = start_qemu(cfg, dir, fds, &m->qemu, diag);
	return err;
}

int sk_machine__start(const struct softkvm_config *cfg, const char *dir,
		      struct sk_machine *ret, struct kt_diag *diag)
{
	struct machine_fds fds = {
		.vhost_listen = -1,
		.vhost = -1,
		.agent = -1,
		.image = { .kernel_fd = -1, .initrd_fd = -1 },
	};
	struct sk_machine m = { .agent_fd = -1 };
	int err = start_both(cfg, dir, &fds, &m, diag);

	machine_fds__fini(&fds);
	if (err) {
		sk_machine__stop(&m);
		return err;
	}
	*ret = m;
	return 0;
}

/* Threads of a traced virtiofsd are reported like children. */
pid_t sk_machine__reap(struct sk_machine *m, int *ret_status)
{
	for (;;) {
		pid_t pid = waitpid(-1, ret_status, WNOHANG | __WALL);
		pid_t *ours = pid == m->qemu	    ? &m->qemu
			      : pid == m->virtiofsd ? &m->virtiofsd
						    : NULL;

		if (pid <= 0)
			return 0;
		if (WIFSTOPPED(*ret_status)) {
			noatime__resume(pid, *ret_status);
		} else if (ours) {
			*ours = 0;
			return pid;
		}
	}
}

/* Nothing is worth a flush: what the guest wrote to the host is there. */
void sk_machine__stop(struct sk_machine *m)
{
	int status;

	if (m->qemu > 0)
		kill(m->qemu, SIGKILL);
	if (m->virtiofsd > 0)
		kill(m->virtiofsd, SIGKILL);
	for (int ms = 0; (m->qemu > 0 || m->virtiofsd > 0) && ms < STOP_WAIT_MS;
	     ms += STOP_STEP_MS)
		if (!sk_machine__reap(m, &status))
			poll(NULL, 0, STOP_STEP_MS);
	if (m->agent_fd >= 0)
		close(m->agent_fd);
	*m = (struct sk_machine){ .agent_fd = -1 };
}
