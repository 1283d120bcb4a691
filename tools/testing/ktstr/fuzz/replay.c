// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a fuzz target once per file named on the command line: the main() that
 * libFuzzer would supply, for compilers without it. `make replay` gives it
 * the committed corpora; a crash found by `make fuzz` is debugged with it.
 */
#include <ktstr/base.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* One file; the copy is exactly as large as the input so that ASan sees
 * the first byte read beyond it. */
static int replay(const char *path)
{
	FILE *file = fopen(path, "rbe");
	u8 *data = NULL;
	long size;
	int err = -EIO;

	if (!file)
		return -errno;
	if (!fseek(file, 0, SEEK_END) && (size = ftell(file)) >= 0 &&
	    !fseek(file, 0, SEEK_SET)) {
		data = malloc(size ? size : 1);
		if (data && fread(data, 1, size, file) == (size_t)size)
			err = 0;
	}
	fclose(file);
	if (!err)
		LLVMFuzzerTestOneInput(data, size);
	free(data);
	return err;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int err = replay(argv[i]);

		if (err) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(-err));
			return 1;
		}
	}
	printf("# %d inputs\n", argc - 1);
	return argc > 1 ? 0 : 1;
}
