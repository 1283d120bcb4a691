// SPDX-License-Identifier: GPL-2.0
/*
 * `ktstr locks --hold`, which no help mentions: for tests of the locks, on
 * hosts that are made up.
 */
#include "tools/ktstr/locks-hold.h"

#include "tools/ktstr/cmd.h"

int locks_hold__mode(const char *name, enum host_mode *ret_mode)
{
	for (unsigned int m = 0; m < HOST_MODE_NR; m++)
		if (!strcmp(name, host_mode__name((enum host_mode)m))) {
			*ret_mode = (enum host_mode)m;
			return 0;
		}
	return -EINVAL;
}

static int status_of(int err)
{
	if (err == -EBUSY)
		return CMD_FAIL;
	return err == -ERANGE ? LOCKS_HOLD_SMALL : CMD_INFRA;
}

int locks_hold(const struct host_system *sys, const struct host_request *req)
{
	struct host_reservation r __free(host_reservation) = { 0 };
	struct kt_diag diag = { 0 };
	int err = host__reserve(sys, req, &r, &diag);
	char text[512], byte;
	ssize_t n;

	if (err) {
		fprintf(stderr, "ktstr locks: %s\n", diag__text(&diag, err));
		return status_of(err);
	}
	host_reservation__describe(&r, text, sizeof(text));
	printf("%d %s\n", getpid(), text);
	if (fflush(stdout))
		return CMD_INFRA;
	do {
		n = read(STDIN_FILENO, &byte, 1);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return CMD_OK;
}
