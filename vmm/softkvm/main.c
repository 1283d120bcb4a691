// SPDX-License-Identifier: GPL-2.0
/*
 * Which role is this process? Called first in main() of every program that
 * may start softkvm, because the program itself becomes supervisor and agent.
 */
#include "vmm/softkvm.h"

#include "vmm/softkvm/agent.h"
#include "vmm/softkvm/super.h"

bool softkvm__main(int argc, char **argv, int *ret_status)
{
	const char *agent = getenv(AGENT_ENV);

	if (agent && getpid() == 1) {
		*ret_status = agent__main();
		return true;
	}
	if (argc >= 2 && !strcmp(argv[0], SUPER_ARGV0) &&
	    !strcmp(argv[1], SUPER_ROLE)) {
		*ret_status = super__main(argc, argv);
		return true;
	}
	return false;
}
