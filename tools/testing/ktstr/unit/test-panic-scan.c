// SPDX-License-Identifier: GPL-2.0
/* Panic detection: split lines, prefixes, and what must not count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "vmm/panic-scan.h"

static bool scan_in_pieces(const char *text, size_t piece)
{
	struct panic_scan s = { 0 };
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i += piece)
		panic_scan__feed(&s, text + i, KT_MIN(piece, len - i));
	return s.seen;
}

static void finds_panics_however_split(void **state)
{
	static const char *const panics[] = {
		"Kernel panic - not syncing: x\n",
		"[    1.234567] Kernel panic - not syncing: VFS\r\n",
		"<0>[    1.234567][    T1] Kernel panic - not syncing",
		"hello\r\n[ 1.0] Kernel panic - not syncing: again\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(panics); i++)
		for (size_t piece = 1; piece < 40; piece++)
			assert_true(scan_in_pieces(panics[i], piece));
}

static void ignores_quotes_and_lookalikes(void **state)
{
	static const char *const texts[] = {
		"",
		"Kernel panic\n - not syncing\n",
		"echo: Kernel panic - not syncing\n",
		"kernel panic - not syncing\n",
		"[ 1.0] ---[ end Kernel panic - not syncing: x ]---\n",
		"[ 1.0 Kernel panic - not syncing\n",
		"<0Kernel panic - not syncing\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (size_t piece = 1; piece < 40; piece++)
			assert_false(scan_in_pieces(texts[i], piece));
}

static void survives_endless_lines(void **state)
{
	struct panic_scan s = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		assert_false(panic_scan__feed(&s, "g", 1));
	assert_true(panic_scan__feed(&s, "\nKernel panic - not syncing", 27));
	assert_true(panic_scan__feed(&s, "", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_panics_however_split),
		cmocka_unit_test(ignores_quotes_and_lookalikes),
		cmocka_unit_test(survives_endless_lines),
	};

	return cmocka_run_group_tests_name("panic-scan", tests, NULL, NULL);
}
