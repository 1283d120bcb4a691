// SPDX-License-Identifier: GPL-2.0
/*
 * What a run's result says of its trace. Called from post_vm callbacks, in a
 * process of their own. No state.
 */
#include <ktstr/wprof-check.h>

#include <limits.h>

#include "lib/session/session-internal.h"

int ktstr_check__tell(FILE *to, unsigned int number, const char *name, int err,
		      const struct kt_diag *diag)
{
	char why[sizeof(diag->msg)];

	if (err >= 0) {
		fprintf(to, "# ok %u %s\n", number, name);
		return err;
	}
	verdict__sanitize(why, sizeof(why), diag__text(diag, err));
	fprintf(to, "# %s: %s\n# not ok %u %s\n", name, why, number, name);
	return err;
}

int wprof_pb_path(const struct ktstr_vm_result *result, char *buf, size_t size,
		  struct kt_diag *diag)
{
	return wprof__path(result->artifact_dir, result->test_name,
			   result->variant_hash, WPROF_FILE_PRIMARY, buf, size,
			   diag);
}

int repro_wprof_pb_path(const struct ktstr_vm_result *result, char *buf,
			size_t size, struct kt_diag *diag)
{
	return wprof__path(result->artifact_dir, result->test_name,
			   result->variant_hash, WPROF_FILE_REPRO, buf, size,
			   diag);
}

int wprof__check_landed(const struct ktstr_vm_result *result,
			struct kt_diag *diag)
{
	char path[PATH_MAX];
	int err = wprof_pb_path(result, path, sizeof(path), diag);

	if (!err)
		err = wprof__check_shape(path, diag);
	if (err && result->wprof_outcome && *result->wprof_outcome)
		diag__context(diag, err, "%s%s%s", result->wprof_outcome,
			      result->wprof_why && *result->wprof_why ? ": "
								      : "",
			      result->wprof_why ? result->wprof_why : "");
	return err;
}
