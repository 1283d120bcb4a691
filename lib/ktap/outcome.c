// SPDX-License-Identifier: GPL-2.0
/* Questions to the table of outcomes; see ktstr/outcome.h. */
#include <ktstr/outcome.h>

#include "lib/ktap/ksft.h"

static const struct row {
	const char *name;
	const char *help;
	int ksft_code;
	int exit_status;
	bool infra;
} rows[KTSTR_OUTCOME_NR] = {
#define OUTCOME(id, name, ksft, exit, infra, help) \
	[KTSTR_##id] = { name, help, ksft, exit, infra },
#include <ktstr/outcome.def>
#undef OUTCOME
};

/* What is no outcome must look like a failure of ours. */
static const struct row unknown = { "unknown", "no such outcome", KSFT_FAIL,
				    125, true };

static const struct row *row(enum ktstr_outcome outcome)
{
	return (unsigned int)outcome < KTSTR_OUTCOME_NR ? &rows[outcome]
							: &unknown;
}

const char *ktstr_outcome__name(enum ktstr_outcome outcome)
{
	return row(outcome)->name;
}

const char *ktstr_outcome__help(enum ktstr_outcome outcome)
{
	return row(outcome)->help;
}

enum ktstr_outcome ktstr_outcome__find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strlen(rows[i].name) == len &&
		    !memcmp(rows[i].name, name, len))
			return (enum ktstr_outcome)i;
	return KTSTR_OUTCOME_NR;
}

int ktstr_outcome__ksft_code(enum ktstr_outcome outcome)
{
	return row(outcome)->ksft_code;
}

int ktstr_outcome__exit_status(enum ktstr_outcome outcome)
{
	return row(outcome)->exit_status;
}

bool ktstr_outcome__is_infra(enum ktstr_outcome outcome)
{
	return row(outcome)->infra;
}
