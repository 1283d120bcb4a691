// SPDX-License-Identifier: GPL-2.0
/*
 * A tracer's arguments from a test's attribute to the guest: what is accepted
 * must come back as it was; and any text at all as a kernel command line.
 */
#include <ktstr/wprof.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static void same(const struct wprof_config *a, const struct wprof_config *b)
{
	if (a->nr_args != b->nr_args)
		__builtin_trap();
	for (unsigned int i = 0; i < a->nr_args; i++)
		if (strcmp(a->args[i], b->args[i]))
			__builtin_trap();
	if (wprof_args__duration_ms(a->args, a->nr_args) !=
	    wprof_args__duration_ms(b->args, b->nr_args))
		__builtin_trap();
}

static void round_trip(const char *text)
{
	struct wprof_config there __free(wprof_config) = { 0 };
	struct wprof_config back __free(wprof_config) = { 0 };
	char *word __free(ptr) = NULL;
	struct kt_diag diag = { 0 };

	if (wprof_config__init(&there, "", text, &diag))
		return;
	if (wprof_config__word(&there, &word, &diag) ||
	    wprof_config__parse(&back, word, &diag))
		__builtin_trap();
	same(&there, &back);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct wprof_config cfg __free(wprof_config) = { 0 };
	char *text __free(ptr) = malloc(len + 1);
	struct kt_diag diag = { 0 };

	if (!text)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	round_trip(text);
	(void)!wprof_config__parse(&cfg, text, &diag);
	return 0;
}
