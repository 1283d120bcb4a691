// SPDX-License-Identifier: GPL-2.0
/*
 * A program that needs a machine decides here whether to go on or to run
 * itself again inside softkvm, where the decision comes out the other way.
 * Called at the start of test programs and of commands.
 */
#include "vmm/softkvm.h"

#include <limits.h>

#include "vmm/accel.h"

int softkvm__wanted(bool measure_inside, struct accel_probe *ret_probe,
		    bool *ret_wanted, struct kt_diag *diag)
{
	enum accel_choice choice;
	int err;

	*ret_wanted = false;
	/* Settled, and a measurement costs 50 ms in there. */
	if (!measure_inside && getenv(SOFTKVM_ENV)) {
		*ret_probe = (struct accel_probe){ .kind = ACCEL_HARDWARE,
						   .inside_softkvm = true };
		return 0;
	}
	accel__probe("/dev/kvm", ret_probe);
	err = accel__choose(ret_probe, getenv("KTSTR_ACCEL"), &choice, diag);
	if (!err)
		*ret_wanted = choice == ACCEL_USE_SOFTKVM;
	return err;
}

int softkvm__rerun(const struct softkvm_exec *req, int *ret_status,
		   struct kt_diag *diag)
{
	size_t argc = 0;
	char **argv __free(ptr) = NULL;
	struct softkvm_exec mine = *req;
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n < 0)
		return diag__fail(diag, -errno, "/proc is not mounted");
	exe[n] = '\0';
	while (req->argv[argc])
		argc++;
	argv = malloc((argc + 1) * sizeof(*argv));
	if (!argv)
		return -ENOMEM;
	memcpy(argv, req->argv, (argc + 1) * sizeof(*argv));
	argv[0] = exe;
	mine.argv = argv;
	return softkvm__exec(&mine, ret_status, diag);
}
