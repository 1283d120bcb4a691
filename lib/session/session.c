// SPDX-License-Identifier: GPL-2.0
/*
 * What a program's tests share: accelerator, kernel, initramfs base, log
 * directory. Prepared once by the harness's main process; the tests run in
 * forked children that inherit it.
 */
#include "lib/session/session-internal.h"
#include "lib/session/workload.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "vmm/kimage.h"

/*
 * The guest's modules for our devices. Built-in ones are skipped by the
 * builder: virtio_console is, in the default kernel, virtio_mmio is not.
 */
static const char *const guest_modules[] = { "virtio_mmio", "virtio_console" };

int session__die_with_owner(const struct session *s)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return -errno;
	/* It may have died before the signal was armed. */
	return getppid() == s->owner ? 0 : -ESRCH;
}

int session__beside_program(const char *name, char *buf, size_t size,
			    struct kt_diag *diag)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	int len;

	if (n < 0)
		return diag__fail(diag, -errno,
				  "/proc is not mounted; set "
				  "KTSTR_SIDECAR_DIR to say where logs go");
	exe[n] = '\0';
	*strrchr(exe, '/') = '\0';
	len = snprintf(buf, size, "%s/%s", exe, name);
	return (size_t)len < size ? 0 : -ENAMETOOLONG;
}

int session__log_root(char *buf, size_t size, struct kt_diag *diag)
{
	const char *dir = getenv("KTSTR_SIDECAR_DIR");
	int len;

	if (!dir || !*dir)
		return session__beside_program("ktstr-logs", buf, size, diag);
	len = snprintf(buf, size, "%s", dir);
	return (size_t)len < size ? 0 : -ENAMETOOLONG;
}

static int find_log_dir(struct session *s, const struct session_config *cfg,
			struct kt_diag *diag)
{
	char root[PATH_MAX];
	int err, len;

	err = cfg->log_root ? 0 : session__log_root(root, sizeof(root), diag);
	if (err)
		return err;
	len = snprintf(s->log_dir, sizeof(s->log_dir), "%s/%s",
		       cfg->log_root ? cfg->log_root : root, cfg->prog);
	return (size_t)len < sizeof(s->log_dir) ? 0 : -ENAMETOOLONG;
}

int session__build_base(const struct session *s,
			const struct initramfs_file *extra,
			struct initramfs_base *ret_base, struct kt_diag *diag)
{
	struct initramfs_file *files __free(ptr) = NULL;
	struct initramfs_spec spec = {
		.init = s->init,
		.modules_dir =
			s->kernel.modules_dir[0] ? s->kernel.modules_dir : NULL,
		.modules = guest_modules,
		.nr_modules = ARRAY_SIZE(guest_modules),
	};

	if (s->workload) {
		spec.files = s->workload->files;
		spec.nr_files = s->workload->nr_files;
	}
	if (extra) {
		files = calloc(spec.nr_files + 1, sizeof(*files));
		if (!files)
			return -ENOMEM;
		if (spec.nr_files)
			memcpy(files, spec.files,
			       spec.nr_files * sizeof(*files));
		files[spec.nr_files++] = *extra;
		spec.files = files;
	}
	return initramfs__base(&spec, ret_base, diag);
}

/* $KTSTR_SPLAT_ALLOW must exist; the file beside the program need not. */
static int load_allow_list(struct session *s)
{
	const char *named = getenv("KTSTR_SPLAT_ALLOW");
	struct kt_diag why = { 0 };
	char path[PATH_MAX];
	int err;

	if (named && *named)
		return splat_allow__load(named, &s->allow, &s->why);
	err = session__beside_program("splat.allow", path, sizeof(path),
				      &s->why);
	if (err)
		return err;
	err = splat_allow__load(path, &s->allow, &why);
	return err == -ENOENT ? 0 : diag__fail(&s->why, err, "%s", why.msg);
}

static int prepare(struct session *s, const struct session_config *cfg)
{
	int err;

	s->workload = cfg->workload;
	s->init = cfg->init;
	err = find_log_dir(s, cfg, &s->why);
	if (err)
		return err;
	err = load_allow_list(s);
	if (err)
		return err;
	s->accel = *cfg->accel;
	err = host_rules__read(s->accel.inside_softkvm, &s->host, &s->why);
	if (err)
		return err;
	if (cfg->trouble && cfg->trouble[0])
		return diag__fail(&s->why, -ENODEV, "%s", cfg->trouble);
	err = kernel__resolve(cfg->kernel, &s->kernel, &s->why);
	if (err)
		return err;
	/* A bad image is the machine's to complain of. */
	(void)kimage__memory(s->kernel.image, &s->kernel_bytes, NULL);
	return session__build_base(s, NULL, &s->base, &s->why);
}

int session__new(const struct session_config *cfg, struct session **ret_s)
{
	struct session *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->base.fd = -1;
	s->owner = getpid();
	s->machines = mmap(NULL, sizeof(*s->machines), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->machines == MAP_FAILED) {
		free(s);
		return -ENOMEM;
	}
	err = prepare(s, cfg);
	if (err) {
		s->broken = true;
		diag__fail(&s->why, err, "%s", strerror(-err));
	}
	*ret_s = s;
	return 0;
}

void session__free(struct session *s)
{
	if (!s)
		return;
	if (s->base.fd >= 0)
		initramfs_base__close(&s->base);
	splat_allow__free(s->allow);
	munmap(s->machines, sizeof(*s->machines));
	free(s);
}

const char *session__trouble(const struct session *s)
{
	return s->broken ? s->why.msg : NULL;
}

const char *session__kernel_name(const struct session *s)
{
	return s->kernel.name;
}

double session__dilation(const struct session *s)
{
	return session__dilate(s->accel.mips);
}

double session__stretch(const struct session *s, const struct ktstr_attr *attr)
{
	double factor =
		session__dilation(s) * host_rules__overcommit(&s->host, attr);

	return KT_MIN(factor, (double)DILATION_MAX);
}

void session__describe(const struct session *s, FILE *to)
{
	char accel[256];

	accel__describe(&s->accel, accel, sizeof(accel));
	fprintf(to, "# accel: %s\n", accel);
	if (s->broken) {
		fprintf(to, "# set-up failed: %s\n", s->why.msg);
		return;
	}
	fprintf(to, "# kernel: %s (%s)\n", s->kernel.name, s->kernel.image);
	fprintf(to, "# initramfs base: %zu KiB, %s\n", s->base.len >> 10,
		s->base.cache_hit ? "cached" : "built");
	fprintf(to, "# time limits x %.1f\n", session__dilation(s));
}

static void fail(struct session_verdict *v, enum ktstr_outcome outcome,
		 FILE *report, const char *text)
{
	v->outcome = outcome;
	v->program_status = -1;
	v->ksft_code = ktstr_outcome__ksft_code(outcome);
	snprintf(v->reason, sizeof(v->reason), "ERROR %s",
		 ktstr_outcome__name(outcome));
	fprintf(report, "# %s: %s\n", ktstr_outcome__name(outcome), text);
}

static int check_memory(const struct session *s, const char *name,
			const struct ktstr_attr *attr, FILE *report,
			struct kt_diag *diag)
{
	unsigned int mib;
	int err = session__machine_mib(s, attr, &mib, diag);

	if (!err)
		err = memory__check(mib, report, diag);
	return err ? diag__context(diag, err, "%s", name) : 0;
}

void session__run_test(struct session *s, const char *name,
		       const struct ktstr_attr *attr, FILE *report,
		       struct session_verdict *ret_verdict)
{
	struct kt_diag diag = { 0 };
	int err;

	if (s->broken) {
		fail(ret_verdict, KTSTR_SETUP_ERROR, report, s->why.msg);
		return;
	}
	err = attr__check(name, attr, s->workload != NULL, &diag);
	if (err) {
		fail(ret_verdict, KTSTR_SETUP_ERROR, report,
		     diag__text(&diag, err));
		return;
	}
	err = check_memory(s, name, attr, report, &diag);
	if (err) {
		fail(ret_verdict, KTSTR_SETUP_ERROR, report, diag.msg);
		return;
	}
	err = session__run_machine(s, name, attr, report, ret_verdict, &diag);
	if (err)
		fail(ret_verdict,
		     err == -ECANCELED ? KTSTR_SETUP_ERROR : KTSTR_VMM_ERROR,
		     report, diag__text(&diag, err));
	fflush(report);
}
