// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes and distances as text, for command lines: "llcs=2,memory=512" and
 * "10,31/31,10". Pure, any thread; what is parsed may be anything.
 */
#include <ktstr/topo.h>

#define WORD_MAX 16u

static const char *const assoc_words[] = {
	[TOPO_CACHE_ASSOC_NONE] = "none",
	[TOPO_CACHE_DIRECT_MAPPED] = "direct",
	[TOPO_CACHE_ASSOC_COMPLEX] = "complex",
};
_Static_assert(ARRAY_SIZE(assoc_words) == TOPO_CACHE_ASSOC_NR, "words");

static const char *const policy_words[] = {
	[TOPO_CACHE_POLICY_NONE] = "none",
	[TOPO_CACHE_WRITE_BACK] = "back",
	[TOPO_CACHE_WRITE_THROUGH] = "through",
};
_Static_assert(ARRAY_SIZE(policy_words) == TOPO_CACHE_POLICY_NR, "words");

/* What a node can say. A key with words takes one of them, else a number. */
enum key { LLCS, MEMORY, LATENCY, BANDWIDTH, CACHE, ASSOC, POLICY, LINE, NR };

static const struct {
	const char *name;
	const char *const *words;
	unsigned int nr_words;
} keys[NR] = {
	[LLCS] = { "llcs", NULL, 0 },
	[MEMORY] = { "memory", NULL, 0 },
	[LATENCY] = { "latency", NULL, 0 },
	[BANDWIDTH] = { "bandwidth", NULL, 0 },
	[CACHE] = { "cache", NULL, 0 },
	[ASSOC] = { "assoc", assoc_words, TOPO_CACHE_ASSOC_NR },
	[POLICY] = { "policy", policy_words, TOPO_CACHE_POLICY_NR },
	[LINE] = { "line", NULL, 0 },
};

/* The decimal number at *@p, of at most 9 digits; moves behind it. */
static bool take_number(const char **p, unsigned int *ret_value)
{
	unsigned int value = 0, digits = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++) {
		if (++digits > 9)
			return false;
		value = value * 10 + (unsigned int)(**p - '0');
	}
	*ret_value = value;
	return digits > 0;
}

/* The lower-case word at *@p; moves behind it. */
static bool take_word(const char **p, char word[WORD_MAX])
{
	size_t len = strspn(*p, "abcdefghijklmnopqrstuvwxyz");

	if (!len || len >= WORD_MAX)
		return false;
	memcpy(word, *p, len);
	word[len] = '\0';
	*p += len;
	return true;
}

static bool take_value(const char **p, enum key key, unsigned int *ret_value)
{
	char word[WORD_MAX];

	if (!keys[key].words)
		return take_number(p, ret_value);
	if (!take_word(p, word))
		return false;
	for (unsigned int i = 0; i < keys[key].nr_words; i++)
		if (!strcmp(word, keys[key].words[i])) {
			*ret_value = i;
			return true;
		}
	return false;
}

static bool take_key(const char **p, enum key *ret_key)
{
	char word[WORD_MAX];

	if (!take_word(p, word) || *(*p)++ != '=')
		return false;
	for (unsigned int i = 0; i < NR; i++)
		if (!strcmp(word, keys[i].name)) {
			*ret_key = (enum key)i;
			return true;
		}
	return false;
}

static int node_wrong(const char *text, const char *at, const char *what,
		      struct kt_diag *diag)
{
	return diag__fail(diag, -EINVAL,
			  "node '%.128s': at column %zu %s; a node is "
			  "llcs=N,memory=MIB,latency=NS,bandwidth=MBS,"
			  "cache=KIB,assoc=none|direct|complex,"
			  "policy=none|back|through,line=BYTES or a part of it",
			  text, (size_t)(at - text) + 1, what);
}

int topo__parse_node(const char *text, struct topo_node *ret_node,
		     struct kt_diag *diag)
{
	unsigned int value[NR] = { [LINE] = 64 };
	bool said[NR] = { false };
	const char *p = text;

	for (;; p++) {
		const char *start = p;
		enum key key;

		if (!take_key(&p, &key))
			return node_wrong(text, start, "is no key", diag);
		if (said[key])
			return node_wrong(text, start, "a key comes again",
					  diag);
		said[key] = true;
		start = p;
		if (!take_value(&p, key, &value[key]))
			return node_wrong(text, start, "is no value for it",
					  diag);
		if (*p != ',')
			break;
	}
	if (*p)
		return node_wrong(text, p, "only a comma may follow", diag);
	*ret_node = (struct topo_node){
		.llcs = value[LLCS],
		.memory_mib = value[MEMORY],
		.latency_ns = value[LATENCY],
		.bandwidth_mbs = value[BANDWIDTH],
		.cache = { .size_kib = value[CACHE],
			   .assoc = (enum topo_cache_assoc)value[ASSOC],
			   .policy = (enum topo_cache_policy)value[POLICY],
			   .line_bytes = value[LINE] },
	};
	return 0;
}

int topo__parse_distances(const char *text, unsigned int nr_nodes,
			  u8 *ret_distances, struct kt_diag *diag)
{
	u8 d[TOPO_MAX_NODES * TOPO_MAX_NODES] = { 0 };
	const char *p = text;

	for (unsigned int i = 0; i < nr_nodes * nr_nodes; i++) {
		bool row_ends = i % nr_nodes == nr_nodes - 1;
		char after = row_ends ? '/' : ',';
		unsigned int value;

		if (i == nr_nodes * nr_nodes - 1)
			after = '\0';
		if (!take_number(&p, &value) || value > UINT8_MAX ||
		    *p != after)
			return diag__fail(
				diag, -EINVAL,
				"distances '%.128s': wrong at column %zu; for "
				"%u nodes they are %u rows with a slash "
				"between them, of %u numbers from 10 to 255 "
				"with a comma between them, as in 10,20/20,10",
				text, (size_t)(p - text) + 1, nr_nodes,
				nr_nodes, nr_nodes);
		d[i] = (u8)value;
		p += after != '\0';
	}
	memcpy(ret_distances, d, (size_t)nr_nodes * nr_nodes);
	return 0;
}
