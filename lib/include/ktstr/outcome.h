/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a test ended. The list is ktstr/outcome.def; here are its C names and
 * what can be asked of a row. Pure, any thread.
 */
#ifndef KTSTR_OUTCOME_H
#define KTSTR_OUTCOME_H

#include <ktstr/base.h>

/**
 * enum ktstr_outcome - KTSTR_PASS, KTSTR_FAIL, ... in the order of the list
 *
 * What is no infrastructure outcome is the test's own word, carried by a
 * complete, checksummed result and exit record. The others are never turned
 * into a pass or a skip.
 */
enum ktstr_outcome {
#define OUTCOME(id, name, ksft, exit, infra, help) KTSTR_##id,
#include <ktstr/outcome.def>
#undef OUTCOME
	KTSTR_OUTCOME_NR,
};

/** ktstr_outcome__name - "pass", "guest_panic", ...; never NULL */
const char *ktstr_outcome__name(enum ktstr_outcome outcome);

/** ktstr_outcome__help - what it means, a phrase; never NULL */
const char *ktstr_outcome__help(enum ktstr_outcome outcome);

/**
 * ktstr_outcome__find - the outcome called @name, of @len bytes
 * Return: the outcome, KTSTR_OUTCOME_NR when there is none.
 */
enum ktstr_outcome ktstr_outcome__find(const char *name, size_t len);

/** ktstr_outcome__ksft_code - kselftest exit code; KSFT_FAIL if unknown */
int ktstr_outcome__ksft_code(enum ktstr_outcome outcome);

/** ktstr_outcome__exit_status - of a run whose worst outcome this is */
int ktstr_outcome__exit_status(enum ktstr_outcome outcome);

/** ktstr_outcome__is_infra - it is not the test's own word */
bool ktstr_outcome__is_infra(enum ktstr_outcome outcome);

#endif /* KTSTR_OUTCOME_H */
