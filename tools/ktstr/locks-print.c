// SPDX-License-Identifier: GPL-2.0
/* `ktstr locks` as text and as JSON; see locks-view.h. */
#include "tools/ktstr/locks-view.h"

#include <json-c/json.h>

DEFINE_FREE(json, struct json_object *, if (_T) json_object_put(_T))

static const struct {
	const char *title, *list, *key;
} categories[] = {
	[LOCKS_LLC] = { "LLCs", "llcs", "llc_idx" },
	[LOCKS_CPU] = { "CPUs", "cpus", "cpu" },
	[LOCKS_CACHE] = { "cache", "cache", "cache_key" },
	[LOCKS_RUN_DIR] = { "run directories", "run_dirs", "run_key" },
};
_Static_assert(ARRAY_SIZE(categories) == LOCKS_NR, "a row each");

static void print_row(const struct lock_row *row, FILE *to)
{
	char what[64];

	if (row->key)
		snprintf(what, sizeof(what), "%s", row->key);
	else if (row->node >= 0)
		snprintf(what, sizeof(what), "%u (node %d)", row->number,
			 row->node);
	else
		snprintf(what, sizeof(what), "%u", row->number);
	fprintf(to, "  %-16s %s\n", what, row->path);
	if (!row->nr_holders)
		fprintf(to, "    <none recorded>\n");
	for (unsigned int i = 0; i < row->nr_holders; i++)
		fprintf(to, "    %d  %s\n", row->holder[i].pid,
			row->holder[i].cmdline);
}

void locks_view__print(const struct locks_view *view, FILE *to)
{
	for (unsigned int c = 0; c < LOCKS_NR; c++) {
		unsigned int nr = 0;

		fprintf(to, "%s:\n", categories[c].title);
		for (unsigned int i = 0; i < view->nr; i++) {
			if (view->row[i].category != c)
				continue;
			print_row(&view->row[i], to);
			nr++;
		}
		if (!nr)
			fprintf(to, "  no lock files\n");
	}
}

static struct json_object *make_holders(const struct lock_row *row)
{
	struct json_object *list = json_object_new_array();

	for (unsigned int i = 0; i < row->nr_holders; i++) {
		struct json_object *h = json_object_new_object();

		json_object_object_add(h, "pid",
				       json_object_new_int(row->holder[i].pid));
		json_object_object_add(
			h, "cmdline",
			json_object_new_string(row->holder[i].cmdline));
		json_object_array_add(list, h);
	}
	return list;
}

static struct json_object *make_row(const struct lock_row *row)
{
	struct json_object *obj = json_object_new_object();

	json_object_object_add(obj, categories[row->category].key,
			       row->key ? json_object_new_string(row->key)
					: json_object_new_int64(row->number));
	if (row->node >= 0)
		json_object_object_add(obj, "numa_node",
				       json_object_new_int(row->node));
	json_object_object_add(obj, "lockfile",
			       json_object_new_string(row->path));
	json_object_object_add(obj, "holders", make_holders(row));
	return obj;
}

int locks_view__json(const struct locks_view *view, FILE *to)
{
	struct json_object *top __free(json) = json_object_new_object();
	struct json_object *list[LOCKS_NR];

	for (unsigned int c = 0; c < LOCKS_NR; c++) {
		list[c] = json_object_new_array();
		json_object_object_add(top, categories[c].list, list[c]);
	}
	for (unsigned int i = 0; i < view->nr; i++)
		json_object_array_add(list[view->row[i].category],
				      make_row(&view->row[i]));
	fprintf(to, "%s\n",
		json_object_to_json_string_ext(
			top, JSON_C_TO_STRING_PLAIN |
				     JSON_C_TO_STRING_NOSLASHESCAPE));
	return 0;
}
