// SPDX-License-Identifier: GPL-2.0
/*
 * What a trace's file is called. The hash keeps variants of one test apart
 * that have the same name. Pure; called by the session and by checks.
 */
#include <ktstr/wprof.h>

#include <endian.h>

/* --- SipHash-1-3: Aumasson and Bernstein, "SipHash", 2012 ---------------- */

struct sip {
	u64 v0, v1, v2, v3;
};

static u64 rotl(u64 x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

static void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static void sip_word(struct sip *s, u64 word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

u64 siphash13(const void *data, size_t len)
{
	struct sip s = { 0x736f6d6570736575ULL, 0x646f72616e646f6dULL,
			 0x6c7967656e657261ULL, 0x7465646279746573ULL };
	const u8 *p = data;
	u64 word = 0, last = (u64)len << 56;
	size_t left = len % 8;

	for (size_t i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, p + i, sizeof(word));
		sip_word(&s, le64toh(word));
	}
	for (size_t i = 0; i < left; i++)
		last |= (u64)p[len - left + i] << (8 * i);
	sip_word(&s, last);
	s.v2 ^= 0xff;
	for (unsigned int i = 0; i < 3; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* --- the variant --------------------------------------------------------- */

static void put_text(FILE *f, const char *text)
{
	fwrite(text, 1, strlen(text) + 1, f);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int put_sorted(FILE *f, const char *const *list)
{
	const char **copy __free(ptr) = NULL;
	size_t nr = 0;

	while (list && list[nr])
		nr++;
	if (!nr)
		return 0;
	copy = calloc(nr, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, list, nr * sizeof(*copy));
	qsort(copy, nr, sizeof(*copy), compare);
	for (size_t i = 0; i < nr; i++)
		put_text(f, copy[i]);
	return 0;
}

static int put_variant(FILE *f, const struct wprof_variant *variant)
{
	const char *const *flag = variant->flags;
	int err;

	put_text(f, variant->topology);
	put_text(f, variant->scheduler);
	putc(0xfc, f);
	if (variant->payload)
		fputs(variant->payload, f);
	putc(0, f);
	put_text(f, variant->work_type);
	putc(0xfe, f);
	for (; flag && *flag; flag++)
		put_text(f, *flag);
	putc(0xfd, f);
	err = put_sorted(f, variant->sysctls);
	putc(0xff, f);
	return err ? err : put_sorted(f, variant->kargs);
}

int wprof_variant__hash(const struct wprof_variant *variant, u64 *ret_hash)
{
	char *text __free(ptr) = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int err = f ? put_variant(f, variant) : -ENOMEM;

	if (f && fclose(f) && !err)
		err = -ENOMEM;
	if (!err)
		*ret_hash = siphash13(text, len);
	return err;
}

int wprof__path(const char *dir, const char *test, u64 variant_hash,
		enum wprof_file file, char *buf, size_t size,
		struct kt_diag *diag)
{
	int len;

	if (!dir || !*dir || !test || !*test)
		return diag__fail(diag, -EINVAL,
				  "the result has no %s, so no trace of its "
				  "test can be named",
				  dir && *dir ? "test name"
					      : "artifact directory");
	len = snprintf(buf, size, "%s/%s-%016llx%s.wprof.pb", dir, test,
		       (unsigned long long)variant_hash,
		       file == WPROF_FILE_REPRO ? ".repro" : "");
	if (len < 0 || (size_t)len >= size)
		return diag__fail(diag, -ENAMETOOLONG,
				  "the path of a trace below %s has %d "
				  "characters, at most %zu are possible",
				  dir, len, size - 1);
	return 0;
}
