/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Another program's TAP, folded into one result: does it agree with the exit
 * status the program gives? Pure; one thread.
 */
#ifndef KTSTR_KTAP_FOLD_H
#define KTSTR_KTAP_FOLD_H

#include <ktstr/base.h>

/* All that is needed of a result line: description and directive. */
#define KTAP_FOLD_LINE 512u

/**
 * struct ktap_fold - what was seen so far; {0} starts
 *
 * Lines count at column 0, from the first version or plan line on: before it
 * this may be any text, and deeper lines belong to a result that their own
 * program folds. "SKIP", "TODO" and "XFAIL" excuse a "not ok". A program may
 * print several documents.
 */
struct ktap_fold {
	bool begun;
	bool bailed;
	u64 planned; /* sum of the plans; UINT64_MAX when it overflows */
	u64 passed;
	u64 failed;
	u64 excused; /* skipped or expected to fail */
	size_t len;
	char line[KTAP_FOLD_LINE];
};

/** ktap_fold__feed - look at the next bytes of the program's stdout */
void ktap_fold__feed(struct ktap_fold *fold, const void *data, size_t len);

/**
 * ktap_fold__agrees - may a program with this output be said to have passed?
 * @why: receives what speaks against it, a phrase without '#'
 *
 * Call after the last ktap_fold__feed(); takes an unterminated line as one.
 * Output without TAP agrees.
 */
bool ktap_fold__agrees(struct ktap_fold *fold, char *why, size_t size);

#endif /* KTSTR_KTAP_FOLD_H */
