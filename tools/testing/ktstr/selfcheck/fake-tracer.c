// SPDX-License-Identifier: GPL-2.0
/*
 * A tracer that traces nothing, for bats/wprof.bats: takes a tracer's command
 * line and does what its own options say.
 *
 *	-T FILE        the trace
 *	--fill=N[M]    N bytes (MiB) of it, the first of them Perfetto's
 *	--echo         then all arguments, a NUL behind each
 *	--large        in nine tenths of the memory, not half of it
 *	--sum          then the SHA-256 of all before, in hexadecimal
 *	--say=TEXT     print TEXT
 *	--hide-btf     take /sys away first
 *	--exit=N       with this status
 *	--crash        by a signal
 *	--stay         only when interrupted
 *	--hang         never
 */
#include <ktstr/fd.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>

#include "sha256.h"

struct trace {
	int fd;
	bool summed; /* takes far longer than to write it */
	struct sha256 sum;
};

static void put(struct trace *tr, const void *buf, size_t len)
{
	if (tr->summed)
		sha256__add(&tr->sum, buf, len);
	if (fd__write_all(tr->fd, buf, len))
		_exit(9);
}

static void fill(struct trace *tr, u64 bytes)
{
	const size_t size = MIB(1);
	u64 *block = malloc(size);

	if (!block)
		_exit(8);
	for (u64 at = 0; at < bytes; at += size) {
		for (size_t i = 0; i < size / sizeof(*block); i++)
			block[i] = (at + i) * 0x9e3779b97f4a7c15ULL;
		if (!at)
			*(u8 *)block = 0x0a;
		put(tr, block, (size_t)KT_MIN((u64)size, bytes - at));
	}
	free(block);
}

static u64 size_of(const char *text)
{
	char *end;
	u64 n = strtoull(text, &end, 10);

	return *end == 'M' ? MIB(n) : n;
}

static const char *option(char **argv, const char *name)
{
	size_t len = strlen(name);

	for (; *argv; argv++)
		if (!strncmp(*argv, name, len) &&
		    (!(*argv)[len] || (*argv)[len] == '='))
			return *argv + len + ((*argv)[len] == '=');
	return NULL;
}

static void on_signal(int sig)
{
	(void)sig;
}

static void wait_as_told(char **argv)
{
	struct sigaction act = { .sa_handler = on_signal };

	sigaction(SIGINT, &act, NULL);
	if (option(argv, "--stay"))
		pause();
	while (option(argv, "--hang"))
		pause();
}

static void write_trace(char **argv, const char *path)
{
	struct trace tr = { .summed = option(argv, "--sum") };
	char hex[2 * SHA256_BYTES + 1];

	sha256__init(&tr.sum);
	tr.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (tr.fd < 0)
		_exit(7);
	if (option(argv, "--fill"))
		fill(&tr, size_of(option(argv, "--fill")));
	if (option(argv, "--echo"))
		for (char **arg = argv; *arg; arg++)
			put(&tr, *arg, strlen(*arg) + 1);
	if (tr.summed) {
		tr.summed = false;
		sha256__hex(&tr.sum, hex);
		put(&tr, hex, 2 * SHA256_BYTES);
	}
	close(tr.fd);
}

int main(int argc, char **argv)
{
	const char *say = option(argv, "--say"), *code;

	if (argc < 3 || strcmp(argv[argc - 2], "-T"))
		return 2;
	if (say)
		fprintf(stderr, "%s\n", say);
	if (option(argv, "--hide-btf"))
		umount2("/sys", MNT_DETACH);
	if (option(argv, "--large") &&
	    mount("tmpfs", "/tmp/wprof", "tmpfs", MS_REMOUNT, "size=90%"))
		return 6;
	wait_as_told(argv);
	write_trace(argv, argv[argc - 1]);
	if (option(argv, "--crash"))
		raise(SIGSEGV);
	code = option(argv, "--exit");
	return code ? (int)size_of(code) : 0;
}
