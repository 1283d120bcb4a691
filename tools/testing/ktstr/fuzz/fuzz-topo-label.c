// SPDX-License-Identifier: GPL-2.0
/* Labels and preset names: what is accepted is valid and prints as it was. */
#include <ktstr/topo.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	char *text __free(ptr) = malloc(len + 1);
	struct kt_diag diag = { 0 };
	char label[TOPO_LABEL_SIZE];
	struct topology t;

	if (!text)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	if (topo__parse(text, &t, &diag)) {
		if (!diag.msg[0])
			__builtin_trap();
		return 0;
	}
	topo__label(&t, label);
	if (topo__validate(&t, NULL) ||
	    (strcmp(label, text) && !topo_preset__find(text)))
		__builtin_trap();
	return 0;
}
