// SPDX-License-Identifier: GPL-2.0
/*
 * Finds the pieces of a softkvm and reads its settings from the environment.
 * Called by clients (to know which instance fits) and by the supervisor (to
 * build it).
 */
#include "vmm/softkvm/config.h"

#include <sys/sysinfo.h>
#include <xxhash.h>

#include <ktstr/cache.h>

#include "vmm/softkvm.h"
#include "vmm/softkvm/proto.h"

#define IDLE_DEFAULT_S 300u
#define IDLE_MAX_S (7u * 24 * 3600)
/* Test guests of 2 GiB and the page cache fit; pages are host's when used. */
#define MEMORY_MAX_MIB 4096u
#define MEMORY_MIN_MIB 768u

/*
 * mitigations, nokaslr, lpj, no_timer_check, init_on_alloc: less work under
 * emulation; what programs get is cleared all the same.
 * tsc=reliable: no clocksource watchdog, which would see TCG's jumps and take
 * kvmclock away from the guests inside. panic=-1: reboot at once, which ends
 * QEMU (-no-reboot). The last word becomes an environment variable of init.
 */
const char softkvm_cmdline[] =
	"console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off nokaslr "
	"no_timer_check lpj=4000000 random.trust_cpu=on audit=0 "
	"init_on_alloc=0 "
	"KTSTR_SOFTKVM_AGENT=1";

/* @path: directories with colons between, like PATH */
static int find_program(const char *name, const char *path, char *buf,
			size_t size)
{
	while (*path) {
		int len = (int)strcspn(path, ":");
		int n = snprintf(buf, size, "%.*s/%s", len, path, name);

		if (n > 0 && (size_t)n < size && *buf == '/' &&
		    !access(buf, X_OK))
			return 0;
		path += len;
		path += *path == ':';
	}
	return -ENOENT;
}

static int find_programs(struct softkvm_config *cfg, struct kt_diag *diag)
{
	const char *path = getenv("PATH");

	if (find_program("qemu-system-x86_64", path ? path : "/usr/bin",
			 cfg->qemu, sizeof(cfg->qemu)))
		return diag__fail(diag, -ENOENT,
				  "softkvm needs QEMU: apt-get install "
				  "qemu-system-x86 (or run scripts/setup)");
	/* The C version that comes with QEMU; the later one in Rust differs. */
	if (find_program("virtiofsd", "/usr/lib/qemu", cfg->virtiofsd,
			 sizeof(cfg->virtiofsd)))
		return diag__fail(diag, -ENOENT,
				  "softkvm needs /usr/lib/qemu/virtiofsd: "
				  "apt-get install qemu-system-common (or run "
				  "scripts/setup)");
	return 0;
}

int softkvm_config__number(const char *env, unsigned int least,
			   unsigned int most, unsigned int *ret_n,
			   struct kt_diag *diag)
{
	const char *text = getenv(env);
	unsigned long val;
	char *end;

	if (!text || !*text)
		return 0;
	errno = 0;
	val = strtoul(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9' || val < least ||
	    val > most)
		return diag__fail(diag, -EINVAL,
				  "%s is '%s'; it takes a number from %u to %u",
				  env, text, least, most);
	*ret_n = (unsigned int)val;
	return 0;
}

/* Half the host's memory, within limits, rounded so that hosts agree. */
static int choose_memory(unsigned int *ret_mib, struct kt_diag *diag)
{
	struct sysinfo si;
	u64 mib;

	if (sysinfo(&si))
		return -errno;
	mib = (u64)si.totalram * si.mem_unit / MIB(1) / 2;
	mib = KT_MIN(KT_ALIGN_DOWN(mib, (u64)256), (u64)MEMORY_MAX_MIB);
	if (mib < MEMORY_MIN_MIB)
		return diag__fail(diag, -ENOMEM,
				  "softkvm takes half of the memory and needs "
				  "%u MiB; this machine has %llu MiB in all",
				  MEMORY_MIN_MIB,
				  (unsigned long long)(mib * 2));
	*ret_mib = (unsigned int)mib;
	return 0;
}

static int make_identity(struct softkvm_config *cfg, struct kt_diag *diag)
{
	const char *const files[] = { cfg->kernel.image, cfg->qemu,
				      cfg->virtiofsd };
	static const char options[] = SK_MACHINE_TYPE " " SK_CPU;
	XXH64_hash_t hash;
	u64 parts[ARRAY_SIZE(files) + 2] = { SK_VERSION, cfg->memory_mib };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		int err = file_identity(files[i], &parts[i + 2]);

		if (err)
			return diag__fail(diag, err, "%s: %s", files[i],
					  strerror(-err));
	}
	hash = XXH64(softkvm_cmdline, strlen(softkvm_cmdline), 0);
	hash = XXH64(options, sizeof(options), hash);
	cfg->identity = XXH64(parts, sizeof(parts), hash);
	return 0;
}

int softkvm_config__load(struct softkvm_config *ret, struct kt_diag *diag)
{
	struct softkvm_config *cfg __free(ptr) = calloc(1, sizeof(*cfg));
	const char *inside = getenv(SOFTKVM_ENV);
	int err;

	if (inside && !strcmp(inside, "1"))
		return diag__fail(diag, -EINVAL,
				  "this program runs inside softkvm already "
				  "(%s=1)",
				  SOFTKVM_ENV);
	if (!cfg)
		return -ENOMEM;
	err = find_programs(cfg, diag);
	if (!err)
		err = kernel__resolve("default", &cfg->kernel, diag);
	cfg->idle_s = IDLE_DEFAULT_S;
	if (!err)
		err = softkvm_config__number(SOFTKVM_IDLE_ENV, 1, IDLE_MAX_S,
					     &cfg->idle_s, diag);
	if (!err)
		err = choose_memory(&cfg->memory_mib, diag);
	if (!err)
		err = make_identity(cfg, diag);
	if (!err)
		*ret = *cfg;
	return err;
}
