/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long tests took in earlier runs, remembered in the cache so that long
 * ones can be begun first. Best effort: without it runs are only slower.
 */
#ifndef LIB_RUNNER_DURATIONS_H
#define LIB_RUNNER_DURATIONS_H

#include "lib/runner/testplan.h"

/** durations__apply - set @expect_ms from text: lines "PROGRAM:LABEL MS" */
void durations__apply(struct testplan *plan, char *text);

/** durations__load - the same from the cache */
void durations__load(struct testplan *plan);

/** durations__save - add what the plan's good tests took to the cache */
void durations__save(const struct testplan *plan);

#endif /* LIB_RUNNER_DURATIONS_H */
