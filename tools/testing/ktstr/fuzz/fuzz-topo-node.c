// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes and distances from a command line: what is accepted has bounds, what is
 * refused a message. Input: a byte for the number of nodes, then text.
 */
#include <ktstr/topo.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static void check_distances(const char *text, unsigned int nr)
{
	u8 d[TOPO_MAX_NODES * TOPO_MAX_NODES];
	struct kt_diag diag = { 0 };
	/* Too large for a stack that the sanitizers share. */
	static char again[4 * sizeof(d) + 1];
	char *p = again;

	if (topo__parse_distances(text, nr, d, &diag)) {
		if (!diag.msg[0])
			__builtin_trap();
		return;
	}
	/* Printed and read again they are the same. */
	for (unsigned int i = 0; i < nr * nr; i++)
		p += sprintf(p, "%u%s", d[i],
			     i == nr * nr - 1	? ""
			     : i % nr == nr - 1 ? "/"
						: ",");
	if (topo__parse_distances(again, nr, d, NULL))
		__builtin_trap();
}

static void check_node(const char *text)
{
	struct kt_diag diag = { 0 };
	struct topo_node n;

	if (topo__parse_node(text, &n, &diag)) {
		if (!diag.msg[0])
			__builtin_trap();
		return;
	}
	if (n.llcs > 999999999 || n.memory_mib > 999999999 ||
	    (unsigned int)n.cache.assoc >= TOPO_CACHE_ASSOC_NR ||
	    (unsigned int)n.cache.policy >= TOPO_CACHE_POLICY_NR)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	char *text __free(ptr) = malloc(len + 1);

	if (!text || !len)
		return 0;
	memcpy(text, data + 1, len - 1);
	text[len - 1] = '\0';
	check_node(text);
	check_distances(text, data[0] % TOPO_MAX_NODES + 1);
	return 0;
}
