// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes: five bytes of shape, then a line of .kargs and lines of .sysctls.
 * What is refused has a reason; what is not makes a valid machine and a command
 * line that fits, and on which guest init finds what we said and nothing else.
 */
#include "guest/params.h"
#include "lib/session/session-internal.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

#define TIMEOUT_MS 1500u

static void shape(struct ktstr_attr *said, const u8 *b, struct topo_node *node,
		  struct ktstr_nodes *nodes)
{
	if (b[0] & 1) {
		said->cpus = b[1];
	} else if (b[0] & 2) {
		*nodes = (struct ktstr_nodes){ node, 2 };
		node[0] = (struct topo_node){ b[1], 4u * b[2], 0, 0, { 0 } };
		node[1] = (struct topo_node){ b[3], 4u * b[4], 0, 0, { 0 } };
		said->nodes = nodes;
	} else {
		said->numa_nodes = b[1];
		said->llcs = b[2];
		said->cores = b[3];
		said->threads = b[4];
	}
}

/* The words are NUL-terminated in place. */
static void words(struct ktstr_attr *said, char *text)
{
	char *next = strchr(text, '\n');

	said->kargs = text;
	for (unsigned int i = 0; next && i < KTSTR_LIST_MAX; i++) {
		*next++ = '\0';
		said->sysctls[i] = next;
		next = strchr(next, '\n');
	}
	if (next)
		*next = '\0';
}

static void check_accepted(const struct ktstr_attr *attr)
{
	struct topology t = ktstr_attr__topology(attr);
	struct guest_params params;
	char line[VM_CMDLINE_MAX + 1];

	if (topo__validate(&t, NULL) || topo__nr_cpus(&t) != attr->cpus)
		__builtin_trap();
	if (cmdline__build(line, sizeof(line), attr, TIMEOUT_MS, true, NULL))
		__builtin_trap();
	if (!params__has_guest_word(line) ||
	    params__parse_cmdline(line, &params, NULL) ||
	    params.mode != GUEST_RUN ||
	    params.test_timeout_ns != TIMEOUT_MS * NSEC_PER_MSEC)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct ktstr_attr said = { KTSTR_ATTR_UNSAID };
	const struct ktstr_attr *layers[] = { &said };
	struct topo_node node[2] = { 0 };
	struct ktstr_nodes nodes = { 0 };
	struct kt_diag diag = { 0 };
	struct ktstr_attr attr;
	char *text __free(ptr) = NULL;

	if (len < 5)
		return 0;
	text = strndup((const char *)data + 5, len - 5);
	if (!text)
		return 0;
	shape(&said, data, node, &nodes);
	words(&said, text);
	if (ktstr_attr__resolve(layers, 1, &attr, &diag) ||
	    ktstr_attr__check("f.t", &attr, &diag)) {
		if (!diag.msg[0])
			__builtin_trap();
		return 0;
	}
	check_accepted(&attr);
	return 0;
}
