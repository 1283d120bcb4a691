// SPDX-License-Identifier: GPL-2.0
/*
 * Topologies as text: labels ("2n4l4c2t") and presets. Pure, any thread. What
 * is parsed comes from command lines and attributes and may be anything.
 */
#include <ktstr/topo.h>

#define LABEL_DIGITS 4u

const struct topo_preset topo_presets[TOPO_NR_PRESETS] = {
#define TOPO_PRESET(id, _name, _n, _l, _c, _t) \
	{ .name = (_name),                     \
	  .topology = { .numa_nodes = (_n),    \
			.llcs = (_l),          \
			.cores = (_c),         \
			.threads = (_t) } },
#include <ktstr/topo-presets.def>
#undef TOPO_PRESET
};

const struct topo_preset *topo_preset__find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(topo_presets); i++)
		if (!strcmp(topo_presets[i].name, name))
			return &topo_presets[i];
	return NULL;
}

void topo__label(const struct topology *t, char buf[TOPO_LABEL_SIZE])
{
	snprintf(buf, TOPO_LABEL_SIZE, "%un%ul%uc%ut", t->numa_nodes % 10000,
		 t->llcs % 10000, t->cores % 10000, t->threads % 10000);
}

/* "12x" at *@p: 1 to 4 digits, no leading zero, then @unit. */
static bool take(const char **p, char unit, unsigned int *ret_value)
{
	const char *s = *p;
	unsigned int value = 0, digits = 0;

	if (*s == '0')
		return false;
	for (; *s >= '0' && *s <= '9'; s++) {
		if (++digits > LABEL_DIGITS)
			return false;
		value = value * 10 + (unsigned int)(*s - '0');
	}
	if (!digits || *s != unit)
		return false;
	*ret_value = value;
	*p = s + 1;
	return true;
}

int topo__scan_label(const char *label, struct topology *ret_t,
		     struct kt_diag *diag)
{
	struct topology t = { 0 };
	const struct {
		char unit;
		const char *what;
		unsigned int *value;
	} parts[] = {
		{ 'n', "NUMA nodes", &t.numa_nodes },
		{ 'l', "LLCs", &t.llcs },
		{ 'c', "cores per LLC", &t.cores },
		{ 't', "threads per core", &t.threads },
	};
	const char *p = label;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!take(&p, parts[i].unit, parts[i].value))
			return diag__fail(diag, -EINVAL,
					  "topology '%.64s': at column %zu the "
					  "number of %s and '%c' are expected, "
					  "as in 2n4l4c2t",
					  label, (size_t)(p - label) + 1,
					  parts[i].what, parts[i].unit);
	if (*p)
		return diag__fail(diag, -EINVAL,
				  "topology '%.64s': nothing may follow column "
				  "%zu, as in 2n4l4c2t",
				  label, (size_t)(p - label));
	*ret_t = t;
	return 0;
}

int topo__parse_label(const char *label, struct topology *ret_t,
		      struct kt_diag *diag)
{
	struct topology t;
	int err = topo__scan_label(label, &t, diag);

	if (!err)
		err = topo__validate(&t, diag);
	if (!err)
		*ret_t = t;
	return err;
}

int topo__parse(const char *text, struct topology *ret_t, struct kt_diag *diag)
{
	const struct topo_preset *preset = topo_preset__find(text);

	if (preset) {
		*ret_t = preset->topology;
		return 0;
	}
	if (*text < '0' || *text > '9')
		return diag__fail(diag, -EINVAL,
				  "topology '%.64s' is no preset (`ktstr topo "
				  "--list` shows them) and no label such as "
				  "2n4l4c2t",
				  text);
	return topo__parse_label(text, ret_t, diag);
}
