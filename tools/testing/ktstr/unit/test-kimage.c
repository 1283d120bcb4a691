// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel images made here, in every compression, whole and damaged in every
 * way named in vmm/kimage.h, each with the message it must give.
 */
#include "vmm/kimage.h"
#include "vmm/kimage/decompress.h"

#include <ktstr/cache.h>
#include <ktstr/fd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tools/testing/ktstr/unit/scratch.h"
#include "tools/testing/ktstr/unit/skip.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <lz4.h>
#include <lzma.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>
#include <zstd.h>

/* Two lz4 chunks of 8 MiB, so that the frame is walked. */
#define KERNEL_LEN (MIB(9) + 12345)
#define SEG_OFF 0x1000u
#define SEG_PADDR 0x1000000u
#define ENTRY (SEG_PADDR + 0x123)
#define INIT_SIZE 0x2000000u

static char root[SCRATCH_PATH_MAX], image[128];
static u8 *kernel; /* a vmlinux of KERNEL_LEN bytes */

static int setup(void **state)
{
	char cache[128];

	(void)state;
	scratch__make(root);
	snprintf(cache, sizeof(cache), "%s/cache", root);
	snprintf(image, sizeof(image), "%s/image", root);
	setenv("KTSTR_CACHE_DIR", cache, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch__remove(root);
	return 0;
}

/** struct elf_head - what a test changes before writing */
struct elf_head {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[KIMAGE_MAX_SEGMENTS + 1];
};

static struct elf_head good_head(void)
{
	struct elf_head h = {
		.eh = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64,
				     ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_entry = ENTRY,
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 2,
		},
		.ph = {
			{ .p_type = PT_LOAD,
			  .p_offset = SEG_OFF,
			  .p_vaddr = 0xffffffff81000000,
			  .p_paddr = SEG_PADDR,
			  .p_filesz = MIB(8),
			  .p_memsz = MIB(8) },
			{ .p_type = PT_LOAD,
			  .p_offset = SEG_OFF + MIB(8),
			  .p_vaddr = 0xffffffff81800000,
			  .p_paddr = SEG_PADDR + MIB(8),
			  .p_filesz = 0x2000,
			  .p_memsz = 0x5000 },
		},
	};

	return h;
}

static int make_kernel(void **state)
{
	struct elf_head h = good_head();
	u32 x = 1;

	(void)state;
	kernel = malloc(KERNEL_LEN);
	assert_non_null(kernel);
	/* Compressible, and different everywhere. */
	for (size_t i = 0; i < KERNEL_LEN; i++) {
		x = i % 64 ? x : x * 1664525u + 1013904223u;
		kernel[i] = (u8)(x >> 24);
	}
	memcpy(kernel, &h, sizeof(h));
	return 0;
}

static int free_kernel(void **state)
{
	(void)state;
	free(kernel);
	return 0;
}

static void write_image(const void *buf, size_t len)
{
	int fd __free(fd) =
		open(image, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd__write_all(fd, buf, len), 0);
}

static void write_vmlinux(const struct elf_head *h)
{
	memcpy(kernel, h, sizeof(*h));
	write_image(kernel, KERNEL_LEN);
	*(struct elf_head *)(void *)kernel = good_head();
}

static size_t pack_gzip(u8 *out, size_t cap)
{
	z_stream z = { .next_in = kernel, .avail_in = KERNEL_LEN };

	z.next_out = out;
	z.avail_out = (uInt)cap;
	assert_int_equal(
		deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY),
		Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static size_t pack_xz(u8 *out, size_t cap)
{
	size_t pos = 0;

	assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL,
						 kernel, KERNEL_LEN, out, &pos,
						 cap),
			 LZMA_OK);
	return pos;
}

static size_t pack_zstd(u8 *out, size_t cap)
{
	return ZSTD_compress(out, cap, kernel, KERNEL_LEN, 1);
}

/* As the kernel's build does: from a pipe, the frame does not tell. */
static size_t pack_zstd_pipe(u8 *out, size_t cap)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t n;

	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
	n = ZSTD_compress2(c, out, cap, kernel, KERNEL_LEN);
	ZSTD_freeCCtx(c);
	return n;
}

static size_t pack_lz4(u8 *out, size_t cap)
{
	u32 word = 0x184c2102;
	size_t pos = sizeof(word);

	memcpy(out, &word, sizeof(word));
	for (size_t off = 0; off < KERNEL_LEN; off += MIB(8)) {
		int n = LZ4_compress_default(
			(char *)kernel + off, (char *)out + pos + 4,
			(int)KT_MIN(MIB(8), KERNEL_LEN - off),
			(int)(cap - pos - 4));

		assert_true(n > 0);
		word = (u32)n;
		memcpy(out + pos, &word, sizeof(word));
		pos += 4 + (size_t)n;
	}
	return pos;
}

typedef size_t (*pack_fn)(u8 *out, size_t cap);

static const struct {
	const char *name;
	pack_fn pack;
} packers[] = {
	{ "gzip", pack_gzip }, { "xz", pack_xz },
	{ "zstd", pack_zstd }, { "zstd from a pipe", pack_zstd_pipe },
	{ "lz4", pack_lz4 },
};

/** struct bz - a bzImage in memory, to be damaged */
struct bz {
	u8 *buf;
	size_t len;
	size_t payload;
	u32 payload_len;
};

static void put_u32(struct bz *bz, size_t off, u32 v)
{
	memcpy(bz->buf + off, &v, sizeof(v));
}

static struct bz make_bz(pack_fn pack)
{
	const size_t setup = 2 * 512, gap = 700;
	struct bz bz = { .payload = setup + gap };
	size_t cap = KERNEL_LEN + MIB(1), sys;
	u32 size = KERNEL_LEN;

	bz.buf = calloc(1, bz.payload + cap + 64);
	assert_non_null(bz.buf);
	bz.payload_len = (u32)pack(bz.buf + bz.payload, cap);
	memcpy(bz.buf + bz.payload + bz.payload_len, &size, sizeof(size));
	bz.payload_len += 4;
	sys = KT_ALIGN_UP(gap + bz.payload_len, 16ul);
	bz.len = setup + sys;
	bz.buf[0x1f1] = 1;
	put_u32(&bz, 0x1f4, (u32)(sys / 16));
	put_u32(&bz, 0x1fe, 0xaa55);
	memcpy(bz.buf + 0x202, "HdrS", 4);
	bz.buf[0x206] = 0x0f;
	bz.buf[0x207] = 0x02;
	bz.buf[0x236] = 1;
	put_u32(&bz, 0x248, gap);
	put_u32(&bz, 0x24c, bz.payload_len);
	put_u32(&bz, 0x260, INIT_SIZE);
	return bz;
}

static struct kimage open_ok(void)
{
	struct kt_diag diag = { "" };
	struct kimage img;

	if (kimage__open(image, &img, &diag))
		fail_msg("%s", diag.msg);
	assert_int_equal(img.entry, ENTRY);
	assert_int_equal(img.start, SEG_PADDR);
	assert_int_equal(img.end, SEG_PADDR + MIB(8) + 0x5000);
	assert_int_equal(img.nr_seg, 2);
	assert_int_equal(img.seg[0].paddr, SEG_PADDR);
	assert_int_equal(img.seg[0].file_off, SEG_OFF);
	assert_int_equal(img.seg[1].filesz, 0x2000);
	assert_int_equal(img.seg[1].memsz, 0x5000);
	return img;
}

static void expect_content(const struct kimage *img)
{
	u8 *buf = malloc(KERNEL_LEN);

	assert_non_null(buf);
	assert_int_equal(fd__pread_all(img->fd, buf, KERNEL_LEN, 0), 0);
	assert_memory_equal(buf, kernel, KERNEL_LEN);
	free(buf);
}

static void fails(int err, const char *say)
{
	struct kimage img = { .fd = -7 };
	struct kt_diag diag = { "" };

	assert_int_equal(kimage__open(image, &img, &diag), err);
	if (!strstr(diag.msg, say))
		fail_msg("no \"%s\" in: %s", say, diag.msg);
	assert_non_null(strstr(diag.msg, image));
	assert_int_equal(img.fd, -7);
}

static void every_compression(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
		struct bz bz = make_bz(packers[i].pack);
		struct kimage img;
		u64 memory;

		print_message("# %s\n", packers[i].name);
		write_image(bz.buf, bz.len);
		assert_int_equal(kimage__memory(image, &memory, NULL), 0);
		assert_int_equal(memory, INIT_SIZE);
		img = open_ok();
		assert_false(img.cache_hit);
		assert_int_equal(img.init_end, SEG_PADDR + INIT_SIZE);
		expect_content(&img);
		kimage__close(&img);
		assert_int_equal(img.fd, -1);
		img = open_ok();
		assert_true(img.cache_hit);
		assert_int_equal(img.init_end, SEG_PADDR + INIT_SIZE);
		expect_content(&img);
		kimage__close(&img);
		free(bz.buf);
	}
}

static void plain_vmlinux(void **state)
{
	struct elf_head h = good_head();
	struct kimage img;
	u64 memory;

	(void)state;
	write_vmlinux(&h);
	img = open_ok();
	assert_true(img.cache_hit);
	assert_int_equal(kimage__memory(image, &memory, NULL), 0);
	assert_int_equal(memory, img.end - img.start);
	assert_int_equal(img.init_end, img.end);
	expect_content(&img);
	kimage__close(&img);
}

static void same_content_under_another_name(void **state)
{
	struct bz bz = make_bz(pack_zstd);
	struct kimage img;

	(void)state;
	write_image(bz.buf, bz.len);
	img = open_ok();
	kimage__close(&img);
	strcat(image, "2");
	write_image(bz.buf, bz.len);
	img = open_ok();
	assert_true(img.cache_hit);
	kimage__close(&img);
	free(bz.buf);
}

static void damaged_cache_is_rebuilt(void **state)
{
	static const char *const damage[] = {
		"truncate -s -1 cache/kimage/vmlinux-*",
		"truncate -s 100 cache/kimage/vmlinux-*",
		"truncate -s 0 cache/kimage/vmlinux-*",
		"rm cache/kimage/vmlinux-*",
		("dd if=/dev/zero of=$(echo cache/kimage/vmlinux-*) bs=4096 "
		 "count=1 conv=notrunc status=none"),
	};
	struct bz bz = make_bz(pack_zstd);
	struct kimage img;

	(void)state;
	write_image(bz.buf, bz.len);
	free(bz.buf);
	img = open_ok();
	kimage__close(&img);
	for (size_t i = 0; i < ARRAY_SIZE(damage); i++) {
		scratch__shell(root, "%s", damage[i]);
		img = open_ok();
		assert_false(img.cache_hit);
		expect_content(&img);
		kimage__close(&img);
	}
	scratch__shell(root, "truncate -s 3 cache/kimage/index/*");
	img = open_ok();
	assert_true(img.cache_hit);
	kimage__close(&img);
}

static void no_cache_is_no_error(void **state)
{
	struct bz bz = make_bz(pack_lz4);
	struct kimage img;

	(void)state;
	write_image(bz.buf, bz.len);
	free(bz.buf);
	setenv("KTSTR_CACHE_DIR", image, 1); /* a file, no directory */
	for (int i = 0; i < 2; i++) {
		img = open_ok();
		assert_false(img.cache_hit);
		expect_content(&img);
		kimage__close(&img);
	}
}

static void full_disk_child(void)
{
	struct kimage img;
	char cache[128];

	snprintf(cache, sizeof(cache), "%s/cache", root);
	mkdir(cache, 0755);
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", cache, "tmpfs", 0, "size=1m"))
		_exit(77);
	if (kimage__open(image, &img, NULL) || img.cache_hit)
		_exit(1);
	expect_content(&img);
	/* Nothing is left but, perhaps, the index. */
	scratch__shell(root, "test -z \"$(ls cache/kimage | grep -v index)\"");
	_exit(0);
}

static void full_disk_is_no_error(void **state)
{
	struct bz bz = make_bz(pack_zstd);
	int status;
	pid_t pid;

	(void)state;
	write_image(bz.buf, bz.len);
	free(bz.buf);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		full_disk_child();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		SKIP("mount namespaces are not allowed here");
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void two_at_once(void **state)
{
	struct bz bz = make_bz(pack_zstd);
	struct kimage img;
	pid_t pid[3];

	(void)state;
	write_image(bz.buf, bz.len);
	free(bz.buf);
	for (size_t i = 0; i < ARRAY_SIZE(pid); i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (!pid[i])
			_exit(kimage__open(image, &img, NULL) ? 1 : 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pid); i++) {
		int status;

		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	img = open_ok();
	assert_true(img.cache_hit);
	expect_content(&img);
	kimage__close(&img);
}

static void not_kernels(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *say;
	} files[] = {
		{ "", 0, "a file of 0 bytes" },
		{ "MZ", 2, "a file of 2 bytes" },
		{ "hello, world", 12, "begins with bytes 68 65 6c 6c" },
		{ "#!/bin/sh\n", 10, "a script" },
		{ "070701000", 9, "cpio archive" },
		{ "\x1f\x8b\x08\x00\x00", 5, "a gzip file; unpack it" },
		{ "\3757zXZ\0\0", 7, "a xz file" },
		{ "!<arch>\ndebian", 14, "a package" },
	};
	u8 arm[128] = "MZ";

	(void)state;
	fails(-ENOENT, "No such file");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		write_image(files[i].bytes, files[i].len);
		fails(-ENOEXEC, files[i].say);
	}
	memcpy(arm + 56, "ARM\x64", 4);
	write_image(arm, sizeof(arm));
	fails(-ENOEXEC, "aarch64 Image, an x86_64 kernel is needed");
	memcpy(arm + 56, "RSC\x05", 4);
	write_image(arm, sizeof(arm));
	fails(-ENOEXEC, "riscv Image");
	unlink(image);
	assert_int_equal(mkdir(image, 0755), 0);
	fails(-EISDIR, "a directory");
	assert_int_equal(rmdir(image), 0);
	assert_int_equal(mkfifo(image, 0644), 0);
	fails(-EINVAL, "not a regular file");
	unlink(image);
	assert_int_equal(symlink("/bin/true", image), 0);
	fails(-ENOEXEC, "program or shared library");
	unlink(image);
}

static void bad_vmlinux(void **state)
{
	struct elf_head h;

	(void)state;
#define BAD(change, err, say)      \
	do {                       \
		h = good_head();   \
		change;            \
		write_vmlinux(&h); \
		fails(err, say);   \
	} while (0)
	BAD(h.eh.e_machine = EM_AARCH64, -ENOEXEC, "is for aarch64");
	BAD(h.eh.e_machine = EM_RISCV, -ENOEXEC, "is for riscv");
	BAD(h.eh.e_machine = EM_386, -ENOEXEC, "is for i386");
	BAD(h.eh.e_machine = 0x1234, -ENOEXEC, "for machine 4660");
	BAD(h.eh.e_ident[EI_CLASS] = ELFCLASS32, -ENOEXEC, "x32");
	BAD(h.eh.e_ident[EI_DATA] = ELFDATA2MSB, -ENOEXEC, "big-endian");
	BAD(h.eh.e_type = ET_REL, -ENOEXEC, "object, such as a module");
	BAD(h.eh.e_type = ET_CORE, -ENOEXEC, "core dump");
	BAD(h.ph[1].p_type = PT_INTERP, -ENOEXEC, "user-space program");
	BAD(h.eh.e_phnum = 0, -EINVAL, "0 program headers");
	BAD(h.eh.e_phnum = 0xffff, -EINVAL, "65535 program headers");
	BAD(h.eh.e_phoff = UINT64_MAX, -EINVAL, "program headers at");
	BAD(h.eh.e_phentsize = 1, -EINVAL, "program headers at");
	BAD(h.ph[0].p_type = h.ph[1].p_type = PT_NOTE, -EINVAL,
	    "nothing to load");
	BAD(h.ph[0].p_offset = KERNEL_LEN, -EINVAL, "truncated vmlinux");
	BAD(h.ph[0].p_offset = UINT64_MAX, -EINVAL, "truncated vmlinux");
	BAD(h.ph[0].p_filesz = UINT64_MAX, -EINVAL, "truncated vmlinux");
	BAD(h.ph[1].p_memsz = 1, -EINVAL, "limit 1 GiB");
	BAD(h.ph[1].p_memsz = GIB(1) + 1, -EINVAL, "limit 1 GiB");
	BAD(h.ph[1].p_paddr = UINT64_MAX - 1, -EINVAL, "limit 1 GiB");
	BAD(h.ph[1].p_paddr = GIB(5), -EINVAL, "spans");
	BAD(h.ph[1].p_paddr = SEG_PADDR, -EINVAL, "overlap");
	BAD(h.eh.e_entry = 0, -EINVAL, "entry 0x0 is outside");
	BAD(h.eh.e_entry = SEG_PADDR + MIB(8) + 0x2000, -EINVAL, "outside");
#undef BAD
	h = good_head();
	write_image(&h, 40);
	fails(-EINVAL, "not even an ELF header");
	write_vmlinux(&h);
	assert_int_equal(truncate(image, MIB(5)), 0);
	fails(-EINVAL, "truncated vmlinux");
}

static void too_many_segments(void **state)
{
	struct elf_head h = good_head();

	(void)state;
	h.eh.e_phnum = KIMAGE_MAX_SEGMENTS + 1;
	for (unsigned int i = 0; i < h.eh.e_phnum; i++) {
		h.ph[i] = h.ph[0];
		h.ph[i].p_paddr = SEG_PADDR + i * MIB(8);
	}
	write_vmlinux(&h);
	fails(-EINVAL, "more than 16 segments");
	h.eh.e_phnum--;
	write_vmlinux(&h);
	struct kimage img;
	assert_int_equal(kimage__open(image, &img, NULL), 0);
	assert_int_equal(img.nr_seg, 16);
	kimage__close(&img);
}

static void bad_bzimage(void **state)
{
	struct bz bz = make_bz(pack_zstd);
	u8 *good = malloc(bz.len);

	(void)state;
	assert_non_null(good);
	memcpy(good, bz.buf, bz.len);
#define BAD(change, err, say)                 \
	do {                                  \
		memcpy(bz.buf, good, bz.len); \
		change;                       \
		write_image(bz.buf, bz.len);  \
		fails(err, say);              \
	} while (0)
	BAD(bz.buf[0x206] = 0x0b, -EINVAL, "boot protocol 2.11");
	BAD(bz.buf[0x236] = 0, -ENOEXEC, "i386 (32 bits)");
	BAD(put_u32(&bz, 0x24c, 0), -EINVAL, "payload of 0 bytes");
	BAD(put_u32(&bz, 0x24c, UINT32_MAX), -EINVAL, "truncated bzImage");
	BAD(put_u32(&bz, 0x248, UINT32_MAX), -EINVAL, "truncated bzImage");
	BAD(put_u32(&bz, 0x1f4, UINT32_MAX), -EINVAL, "truncated bzImage");
	BAD(memset(bz.buf + bz.payload + 5, 0xff, 16), -EINVAL,
	    "zstd data is damaged");
	BAD(put_u32(&bz, bz.payload, 0x11223344), -EINVAL,
	    "begins with bytes 44 33 22 11");
	BAD(memcpy(bz.buf + bz.payload, "BZh9", 4), -EOPNOTSUPP, "bzip2");
	BAD(memcpy(bz.buf + bz.payload,
		   "\x7f"
		   "ELF",
		   4),
	    -EOPNOTSUPP, "name the vmlinux");
	BAD(put_u32(&bz, bz.payload + bz.payload_len - 4, 0x7fffffff), -EINVAL,
	    "limit 1 GiB");
	BAD(put_u32(&bz, bz.payload + bz.payload_len - 4, KERNEL_LEN + 1),
	    -EINVAL, "it promises");
#undef BAD
	free(good);
	free(bz.buf);
}

static void truncated_bzimage(void **state)
{
	struct bz bz = make_bz(pack_zstd);
	const size_t cuts[] = { 0x210,	    0x263,	0x400,
				bz.payload, bz.len / 2, bz.len - 17 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		write_image(bz.buf, cuts[i]);
		fails(-EINVAL, "truncated bzImage");
	}
	free(bz.buf);
}

/* The frame cut short while the header still agrees with the file. */
static void truncated_payload(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
		struct bz bz = make_bz(packers[i].pack);

		print_message("# %s\n", packers[i].name);
		put_u32(&bz, 0x24c, bz.payload_len / 2);
		put_u32(&bz, bz.payload + bz.payload_len / 2 - 4, KERNEL_LEN);
		write_image(bz.buf, bz.len);
		fails(-EINVAL, "damaged or truncated");
		free(bz.buf);
	}
}

static void payload_is_no_kernel(void **state)
{
	struct bz bz;

	(void)state;
	memcpy(kernel, "nope", 4);
	bz = make_bz(pack_gzip);
	memcpy(kernel, ELFMAG, 4);
	write_image(bz.buf, bz.len);
	fails(-EINVAL, "payload is not a vmlinux");
	free(bz.buf);
}

static void expansion_has_a_limit(void **state)
{
	u8 *out = malloc(KERNEL_LEN + MIB(1));
	struct kt_diag diag;

	(void)state;
	assert_non_null(out);
	for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
		size_t len = packers[i].pack(out, KERNEL_LEN + MIB(1)), got;
		void *buf;

		diag.msg[0] = '\0';
		assert_int_equal(compression__expand(out, len, 0, MIB(3), &buf,
						     &got, &diag),
				 -EFBIG);
		assert_non_null(strstr(diag.msg, "more than 3145728 bytes"));
		/* Exactly enough is enough, with and without a hint. */
		for (int hint = 0; hint < 2; hint++) {
			assert_int_equal(compression__expand(
						 out, len,
						 hint ? KERNEL_LEN : 0,
						 KERNEL_LEN, &buf, &got, NULL),
					 0);
			assert_int_equal(got, KERNEL_LEN);
			assert_memory_equal(buf, kernel, KERNEL_LEN);
			free(buf);
		}
	}
	free(out);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(every_compression),
		T(plain_vmlinux),
		T(same_content_under_another_name),
		T(damaged_cache_is_rebuilt),
		T(no_cache_is_no_error),
		T(full_disk_is_no_error),
		T(two_at_once),
		T(not_kernels),
		T(bad_vmlinux),
		T(too_many_segments),
		T(bad_bzimage),
		T(truncated_bzimage),
		T(truncated_payload),
		T(payload_is_no_kernel),
		T(expansion_has_a_limit),
	};
#undef T

	return cmocka_run_group_tests(tests, make_kernel, free_kernel);
}
