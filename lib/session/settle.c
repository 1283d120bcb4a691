// SPDX-License-Identifier: GPL-2.0
/*
 * The rules by which host findings and declared expectations change an
 * outcome; see settle.h. Called when the machine is gone, and for tests that
 * ran on the host. Pure.
 */
#include "lib/session/settle.h"

#include <inttypes.h>

static enum ktstr_outcome after_hooks(enum ktstr_outcome said,
				      const struct host_findings *found)
{
	if (said != KTSTR_PASS)
		return said;
	if (found->post.err < 0)
		return KTSTR_POST_VM_FAIL;
	if (found->post.err > 0 || found->always.err > 0)
		return KTSTR_SKIP;
	return said;
}

static enum ktstr_outcome as_expected(const struct ktstr_attr *attr,
				      enum ktstr_outcome outcome)
{
	bool failed = outcome == KTSTR_FAIL || outcome == KTSTR_POST_VM_FAIL;

	if (outcome == KTSTR_INCONCLUSIVE && attr->allow_inconclusive)
		return KTSTR_SKIP;
	if (attr->expect_fail && failed)
		return KTSTR_XFAIL;
	if (attr->expect_fail && outcome == KTSTR_PASS)
		return KTSTR_XPASS;
	return outcome;
}

enum ktstr_outcome settle__outcome(const struct ktstr_attr *attr,
				   enum ktstr_outcome said,
				   const struct host_findings *found)
{
	bool host_failed = found->always.err < 0 || found->over_budget;
	enum ktstr_outcome outcome =
		as_expected(attr, after_hooks(said, found));

	return host_failed && outcome < KTSTR_FAIL ? KTSTR_POST_VM_FAIL
						   : outcome;
}

void settle__text(const struct host_findings *found, char *buf, size_t size)
{
	const struct {
		const char *name;
		const struct hook_result *result;
	} hooks[] = {
		{ "post_vm", &found->post },
		{ "post_vm_unconditional", &found->always },
	};
	char safe[sizeof(found->post.why.msg)];
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		const struct hook_result *r = hooks[i].result;

		if (r->err >= 0 || len >= size)
			continue;
		verdict__sanitize(safe, sizeof(safe),
				  diag__text(&r->why, r->err));
		len += (size_t)snprintf(buf + len, size - len, "%s%s: %s",
					len ? "; " : "", hooks[i].name, safe);
	}
}

/* Why a test that reached a skip did. */
static void skip_reason(char *buf, size_t size, const char *said,
			enum ktstr_outcome guest,
			const struct host_findings *found)
{
	if (guest == KTSTR_INCONCLUSIVE)
		said = "inconclusive";
	else if (found->post.err > 0)
		said = found->post.why.msg;
	else if (found->always.err > 0)
		said = found->always.why.msg;
	verdict__sanitize(buf, size, said);
	if (!buf[0])
		snprintf(buf, size, "no reason given");
}

void settle__reason(struct session_verdict *v, const char *said,
		    enum ktstr_outcome guest, const struct host_findings *found,
		    u64 duration_ns)
{
	/* Failing words that "not ok" alone does not tell apart. */
	const char *word = v->outcome == KTSTR_XPASS	      ? "XPASS "
			   : v->outcome == KTSTR_POST_VM_FAIL ? "post_vm_fail "
							      : "";

	v->ksft_code = ktstr_outcome__ksft_code(v->outcome);
	if (ktstr_outcome__is_infra(v->outcome))
		snprintf(v->reason, sizeof(v->reason), "ERROR %s",
			 ktstr_outcome__name(v->outcome));
	else if (v->outcome == KTSTR_SKIP)
		skip_reason(v->reason, sizeof(v->reason), said, guest, found);
	else if (v->outcome == KTSTR_XFAIL)
		snprintf(v->reason, sizeof(v->reason), "expected to fail");
	else
		snprintf(v->reason, sizeof(v->reason), "%stime=%" PRIu64 "ms",
			 word, duration_ns / NSEC_PER_MSEC);
}

void session__judge_host(const struct ktstr_attr *attr, int exit_code,
			 const char *said, u64 duration_ns,
			 struct session_verdict *ret_verdict)
{
	/* Here the exit code is first-hand: all the evidence there can be. */
	const struct evidence ev = {
		.exit = VM_EXIT_POWEROFF,
		.have_result = true,
		.result = { .exit_code = exit_code },
		.have_exit = true,
		.exit_code = exit_code,
	};
	const struct host_findings none = { 0 };
	enum ktstr_outcome judged = verdict__judge(&ev);

	ret_verdict->outcome = settle__outcome(attr, judged, &none);
	settle__reason(ret_verdict, said, judged, &none, duration_ns);
}
