// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes as a table: inheritance and printing follow ktstr/attr.def, so
 * that a new field is one row there. Pure; called by the harness on the host
 * and, for the one test it runs, in the guest.
 */
#include "lib/session/attr-internal.h"

enum attr_kind {
	ATTR_UINT,
	ATTR_BOOL,
	ATTR_TEXT,
	ATTR_HOOK,
	ATTR_LIST,
	ATTR_NODES,
	ATTR_DISTANCES,
};

static const struct attr_field {
	const char *name;
	enum attr_kind kind;
	size_t offset;
	size_t size;
	bool machine;
} fields[] = {
#define ATTR(kind, name, dflt, machine, help)                    \
	{ #name, ATTR_##kind, offsetof(struct ktstr_attr, name), \
	  sizeof(((struct ktstr_attr *)NULL)->name), machine },
#include <ktstr/attr.def>
#undef ATTR
};

/* A list's default is to be empty. */
#define DEFAULT_UINT(value) (value)
#define DEFAULT_BOOL(value) (value)
#define DEFAULT_TEXT(value) (value)
#define DEFAULT_HOOK(value) (value)
#define DEFAULT_NODES(value) (value)
#define DEFAULT_DISTANCES(value) (value)
#define DEFAULT_LIST(value) \
	{                   \
		(value)     \
	}
static const struct ktstr_attr defaults = {
#define ATTR(kind, name, dflt, machine, help) .name = DEFAULT_##kind(dflt),
#include <ktstr/attr.def>
#undef ATTR
};

static const void *at(const struct ktstr_attr *attr,
		      const struct attr_field *field)
{
	return (const char *)attr + field->offset;
}

static unsigned int get_uint(const struct ktstr_attr *attr,
			     const struct attr_field *field)
{
	return *(const unsigned int *)at(attr, field);
}

static bool is_said(const struct ktstr_attr *attr,
		    const struct attr_field *field)
{
	static const char none[sizeof(defaults.tags)];

	if (field->kind == ATTR_UINT)
		return get_uint(attr, field) != KTSTR_UNSAID;
	if (field->kind == ATTR_BOOL)
		return *(const signed char *)at(attr, field) !=
		       KTSTR_UNSAID_BOOL;
	return memcmp(at(attr, field), none, field->size) != 0;
}

/* --- lists --------------------------------------------------------------- */

static unsigned int list_len(const char *const *list)
{
	unsigned int n = 0;

	while (n < KTSTR_LIST_MAX && list[n])
		n++;
	return n;
}

/* Does @b replace @a? A sysctl by its key, another string by being equal. */
static bool replaces(const struct attr_field *field, const char *a,
		     const char *b)
{
	size_t len = strcspn(b, "=");

	if (field->offset != offsetof(struct ktstr_attr, sysctls))
		return !strcmp(a, b);
	return strcspn(a, "=") == len && !memcmp(a, b, len);
}

static void list_drop(const char **list, unsigned int i)
{
	for (; i + 1 < KTSTR_LIST_MAX; i++)
		list[i] = list[i + 1];
	list[KTSTR_LIST_MAX - 1] = NULL;
}

static int list_add(struct ktstr_attr *to, const struct attr_field *field,
		    const char *word, struct kt_diag *diag)
{
	const char **list = (void *)((char *)to + field->offset);
	unsigned int n;

	for (unsigned int i = 0; i < KTSTR_LIST_MAX && list[i]; i++)
		if (replaces(field, list[i], word))
			list_drop(list, i);
	n = list_len(list);
	if (n == KTSTR_LIST_MAX)
		return diag__fail(diag, -E2BIG,
				  ".%s: more than %u entries, inherited ones "
				  "counted",
				  field->name, KTSTR_LIST_MAX);
	list[n] = word;
	return 0;
}

static int list_merge(struct ktstr_attr *to, const struct ktstr_attr *from,
		      const struct attr_field *field, struct kt_diag *diag)
{
	const char *const *list = at(from, field);
	int err = 0;

	for (unsigned int i = 0; !err && i < list_len(list); i++)
		err = list_add(to, field, list[i], diag);
	return err;
}

/* --- inheritance --------------------------------------------------------- */

static int merge(struct ktstr_attr *to, const struct ktstr_attr *from,
		 struct kt_diag *diag)
{
	int err = attr_shape__merge(to, from, diag);

	for (size_t i = 0; !err && i < ARRAY_SIZE(fields); i++) {
		const struct attr_field *field = &fields[i];

		if (!is_said(from, field))
			continue;
		if (field->kind == ATTR_LIST)
			err = list_merge(to, from, field, diag);
		else
			memcpy((char *)to + field->offset, at(from, field),
			       field->size);
	}
	return err;
}

/*
 * A fixture's machine may be left to the tests that have one; saying a
 * machine's field where, or after, host_only was said is a mistake.
 */
static int check_host_only(const struct ktstr_attr *const *layers,
			   unsigned int nr_layers, struct kt_diag *diag)
{
	bool host_only = false;

	for (unsigned int l = 0; l < nr_layers; l++) {
		if (!layers[l])
			continue;
		if (layers[l]->host_only != KTSTR_UNSAID_BOOL)
			host_only = layers[l]->host_only;
		for (size_t i = 0; host_only && i < ARRAY_SIZE(fields); i++)
			if (fields[i].machine && is_said(layers[l], &fields[i]))
				return diag__fail(diag, -EINVAL,
						  ".%s: a test that is "
						  ".host_only has no machine "
						  "(take one of them away)",
						  fields[i].name);
	}
	return 0;
}

/* Each of the two follows the other when only that was said. */
static void fill_times(struct ktstr_attr *attr)
{
	if (attr->duration_s == KTSTR_UNSAID)
		attr->duration_s =
			KT_MIN(KTSTR_DEFAULT_DURATION_S, attr->timeout_s);
	if (attr->timeout_s == KTSTR_UNSAID)
		attr->timeout_s = KT_MAX(
			KTSTR_DEFAULT_TIMEOUT_S,
			KT_MIN(2 * (u64)attr->duration_s, KTSTR_TIMEOUT_S_MAX));
}

/* Complete, 0 means that nobody said any; said, it would mean none. */
static int fill_cpu_budget(struct ktstr_attr *attr, struct kt_diag *diag)
{
	if (!attr->cpu_budget)
		return diag__fail(diag, -EINVAL,
				  ".cpu_budget = 0: a machine needs 1 CPU or "
				  "more to run on");
	if (attr->cpu_budget == KTSTR_UNSAID)
		attr->cpu_budget = 0;
	return 0;
}

int ktstr_attr__resolve(const struct ktstr_attr *const *layers,
			unsigned int nr_layers, struct ktstr_attr *ret_attr,
			struct kt_diag *diag)
{
	struct ktstr_attr attr = defaults;
	int err = 0;

	for (unsigned int l = 0; !err && l < nr_layers; l++)
		if (layers[l])
			err = merge(&attr, layers[l], diag);
	/* What was said and overridden again is no contradiction. */
	if (!err && attr.host_only)
		err = check_host_only(layers, nr_layers, diag);
	if (!err)
		err = fill_cpu_budget(&attr, diag);
	if (err)
		return err;
	fill_times(&attr);
	attr_shape__fill(&attr);
	*ret_attr = attr;
	return 0;
}

/* --- printing ------------------------------------------------------------ */

static void print_list(const char *const *list, FILE *to)
{
	for (unsigned int i = 0; i < list_len(list); i++)
		fprintf(to, "%s%s", i ? "," : "", list[i]);
}

static void print_nodes(const struct ktstr_attr *attr, FILE *to)
{
	for (unsigned int i = 0; attr->nodes && i < attr->nodes->nr; i++) {
		const struct topo_node *n = &attr->nodes->node[i];

		fprintf(to, "%s%ul%llum", i ? "," : "", n->llcs,
			(unsigned long long)n->memory_mib);
		if (n->latency_ns)
			fprintf(to, "%uns", n->latency_ns);
		if (n->bandwidth_mbs)
			fprintf(to, "%umbs", n->bandwidth_mbs);
		if (n->cache.size_kib)
			fprintf(to, "%lluk",
				(unsigned long long)n->cache.size_kib);
	}
}

static void print_distances(const struct ktstr_attr *attr, FILE *to)
{
	for (unsigned int i = 0; attr->distances && i < attr->distances->nr;
	     i++)
		fprintf(to, "%s%u", i ? "," : "", attr->distances->value[i]);
}

void ktstr_attr__print(const struct ktstr_attr *attr, FILE *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct attr_field *field = &fields[i];
		const void *value = at(attr, field);
		const char *text;

		fprintf(to, "\t%s=", field->name);
		switch (field->kind) {
		case ATTR_UINT:
			fprintf(to, "%u", get_uint(attr, field));
			break;
		case ATTR_BOOL:
			fprintf(to, "%d", *(const signed char *)value);
			break;
		case ATTR_TEXT:
			memcpy(&text, value, sizeof(text));
			fputs(text ? text : "", to);
			break;
		case ATTR_HOOK:
			fprintf(to, "%d", is_said(attr, field));
			break;
		case ATTR_LIST:
			print_list(value, to);
			break;
		case ATTR_NODES:
			print_nodes(attr, to);
			break;
		case ATTR_DISTANCES:
			print_distances(attr, to);
			break;
		}
	}
}
