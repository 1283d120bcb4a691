/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest side of a test binary: what runs when the kernel starts it as /init.
 *
 * The harness calls these two from main(), before anything else:
 *
 *	if (guest__is_init())
 *		return guest__init(&ops);
 *
 * PID 1 is single-threaded and never runs test code; the test lives in a
 * forked child. Nothing here may be used on the host except guest__is_init().
 */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include <ktstr/base.h>

/* Set to "1" for everything that init starts; its presence means "not init" */
#define GUEST_ENV "KTSTR_GUEST_INIT"

#define GUEST_REASON_MAX 1024u

/* Exit code when guest init could not do its work: not a test verdict. */
#define GUEST_EXIT_INFRA 125

/**
 * struct guest_result - how the test child reports to PID 1
 * @exit_code: kselftest exit status, 0..255. Starts as -1; a child that ends
 *             without setting it, or ends with another status, has failed.
 * @refused: the work did not begin: @exit_code is no program's status
 * @reason: why, NUL-terminated UTF-8, one line; may stay empty
 *
 * Lies in memory shared with the child and with all that the child forks, so
 * PID 1 believes none of it unchecked.
 */
struct guest_result {
	s32 exit_code;
	bool refused;
	char reason[GUEST_REASON_MAX];
};

struct guest_ops {
	void *ctx;
	/**
	 * @run_test: run the one selected test; called in the test child.
	 * NULL in a program that has none and only boots others' programs.
	 *
	 * argv[0] is "init", argv[1..] are the lines of /args. The child is
	 * the leader of its own session, reads /dev/null, and writes stdout
	 * and stderr into pipes that PID 1 relays. Default signal handling;
	 * no descriptor above 2 is open. After the return stdio is flushed
	 * and the child leaves by _exit(result->exit_code). When it has ended,
	 * every process of the machine but PID 1 is killed.
	 */
	void (*run_test)(void *ctx, int argc, char **argv,
			 struct guest_result *result);
	/**
	 * @check_machine: called in the test child before somebody's program
	 * becomes of it; fills in @result, as refused, when the machine is
	 * not the one of the file GUEST_MACHINE_NAME. NULL: nobody asks.
	 */
	void (*check_machine)(struct guest_result *result);
};

/**
 * guest__is_init - was this process started as /init of one of our guests?
 *
 * True iff it is PID 1, GUEST_ENV is not set, and the kernel command line has
 * the word KTSTR_GUEST=1 (/proc is mounted when it is not there yet). A
 * command line that says so in an archive without /.ktstr_init_ok means a
 * ramdisk that was cut short: that powers the machine off with a message.
 */
bool guest__is_init(void);

/**
 * guest__init - be PID 1: set the guest up, run the test, report, power off
 *
 * Never returns in a virtual machine. Whatever goes wrong ends in a
 * "KTSTR_FATAL: what: why" line on COM2 and in the kernel log, then
 * "KTSTR_EXIT=125" and power-off. Return: only so that callers can write
 * `return guest__init()`.
 */
int guest__init(const struct guest_ops *ops);

#endif /* GUEST_GUEST_H */
