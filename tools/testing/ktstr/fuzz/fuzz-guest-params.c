// SPDX-License-Identifier: GPL-2.0
/* Texts that guest init parses; the first byte says which. */
#include "guest/dmesg.h"
#include "guest/params.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static void cmdline(const char *text)
{
	struct guest_params params;
	struct kt_diag diag = { 0 };

	params__has_guest_word(text);
	if (params__parse_cmdline(text, &params, &diag) && !diag.msg[0])
		__builtin_trap();
}

static void args(char *text, size_t len)
{
	char *argv[PARAMS_ARGC_MAX + 1];
	size_t total = 0;
	int argc;

	if (params__parse_args(text, len, argv, &argc, NULL))
		return;
	if (argc < 1 || argc > PARAMS_ARGC_MAX || argv[argc])
		__builtin_trap();
	for (int i = 1; i < argc; i++)
		total += strlen(argv[i]) + 1;
	/* Every byte is in some argument or was a newline. */
	if (total != len && total != len + 1)
		__builtin_trap();
}

static void record(const char *text, size_t len)
{
	char line[64];
	size_t n = dmesg__line(text, len, line, sizeof(line));

	if (n < 1 || n > sizeof(line) || line[n - 1] != '\n' ||
	    memchr(line, '\n', n - 1))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	char *text __free(ptr) = malloc(len);

	if (!text || len < 1)
		return 0;
	memcpy(text, data + 1, len - 1);
	text[len - 1] = '\0';
	switch (data[0] % 3) {
	case 0:
		cmdline(text);
		break;
	case 1:
		args(text, len - 1);
		break;
	default:
		record(text, len - 1);
	}
	return 0;
}
