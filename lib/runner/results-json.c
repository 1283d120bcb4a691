// SPDX-License-Identifier: GPL-2.0
/* results.json; see results.h. Called once, when a run is over. */
#include "lib/runner/results.h"

#include <json-c/json.h>
#include <sys/utsname.h>

DEFINE_FREE(json, struct json_object *, if (_T) json_object_put(_T))

/* Takes @value; a NULL one is null, as after a failed allocation. */
static void put(struct json_object *to, const char *key,
		struct json_object *value)
{
	json_object_object_add(to, key, value);
}

static struct json_object *text(const char *value)
{
	return value ? json_object_new_string(value) : NULL;
}

static struct json_object *number(u64 value)
{
	return json_object_new_uint64(value);
}

/* What kunit.py makes of our line: it knows no other words for these. */
static const char *kunit_status(enum ktstr_outcome outcome)
{
	if (outcome == KTSTR_SKIP)
		return "SKIP";
	return testplan_test__is_good(outcome) ? "PASS" : "FAIL";
}

static struct json_object *make_attempts(const struct plan_test *test)
{
	struct json_object *list = json_object_new_array();

	for (unsigned int i = 0; i < test->nr_attempts; i++) {
		const struct plan_attempt *a = &test->attempts[i];
		struct json_object *one = json_object_new_object();

		put(one, "outcome", text(ktstr_outcome__name(a->outcome)));
		put(one, "fingerprint", text(a->fingerprint));
		put(one, "time_ms", number(a->time_ms));
		put(one, "log", text(a->log));
		json_object_array_add(list, one);
	}
	return list;
}

static struct json_object *make_case(const struct plan_test *test)
{
	struct json_object *obj = json_object_new_object();
	const struct plan_attempt *last = testplan_test__last(test);
	enum ktstr_outcome outcome = last ? last->outcome : KTSTR_TORN_RESULT;

	put(obj, "name", text(test->label));
	put(obj, "status", text(kunit_status(outcome)));
	put(obj, "outcome", text(ktstr_outcome__name(outcome)));
	put(obj, "directive", text(last ? last->directive : NULL));
	put(obj, "fingerprint", text(last ? last->fingerprint : NULL));
	put(obj, "time_ms", number(last ? last->time_ms : 0));
	put(obj, "log", text(last ? last->log : NULL));
	put(obj, "flaky", json_object_new_boolean(testplan_test__flaky(test)));
	if (test->nr_attempts > 1)
		put(obj, "attempts", make_attempts(test));
	return obj;
}

/* The fields that kunit.py gives every group. */
static void put_common(struct json_object *obj, const struct results *res)
{
	struct utsname uts;

	put(obj, "arch", text(uname(&uts) ? "" : uts.machine));
	put(obj, "defconfig", text(""));
	put(obj, "build_environment", text(""));
	put(obj, "lab_name", NULL);
	put(obj, "kernel", text(res->kernel));
	put(obj, "job", NULL);
	put(obj, "git_branch", text("kselftest"));
}

static struct json_object *make_group(const struct results *res,
				      unsigned int index)
{
	const struct plan_program *program = &res->plan->programs[index];
	struct json_object *obj = json_object_new_object();
	struct json_object *cases = json_object_new_array();

	for (unsigned int i = 0; i < res->plan->nr_tests; i++)
		if (res->plan->tests[i].program == index)
			json_object_array_add(cases,
					      make_case(&res->plan->tests[i]));
	put(obj, "name", text(program->name));
	put(obj, "sub_groups", json_object_new_array());
	put(obj, "test_cases", cases);
	put_common(obj, res);
	put(obj, "outcome", text(ktstr_outcome__name(program->outcome)));
	put(obj, "exit_status", json_object_new_int(program->exit_status));
	put(obj, "time_ms", number(program->time_ms));
	return obj;
}

static struct json_object *make_totals(const struct runner_counts *counts)
{
	struct json_object *obj = json_object_new_object();

	for (int i = 0; i < KTSTR_OUTCOME_NR; i++)
		put(obj, ktstr_outcome__name((enum ktstr_outcome)i),
		    number(counts->by_outcome[i]));
	put(obj, "flaky", number(counts->flaky));
	return obj;
}

int results__json(const struct results *res, char **ret_text, size_t *ret_len)
{
	struct json_object *top __free(json) = json_object_new_object();
	struct json_object *groups = json_object_new_array();
	const char *out;
	int len;

	for (unsigned int i = 0; i < res->plan->nr_programs; i++)
		json_object_array_add(groups, make_group(res, i));
	put(top, "name", text("ktstr"));
	put(top, "sub_groups", groups);
	put(top, "test_cases", json_object_new_array());
	put_common(top, res);
	put(top, "outcome", text(ktstr_outcome__name(res->run->worst)));
	put(top, "exit_status", json_object_new_int(res->exit_status));
	put(top, "signal", json_object_new_int(res->run->signal));
	put(top, "started", number(res->run->started_s));
	put(top, "time_ms", number(res->run->duration_ns / NSEC_PER_MSEC));
	put(top, "totals", make_totals(&res->run->counts));
	out = top ? json_object_to_json_string_ext(
			    top, JSON_C_TO_STRING_PRETTY |
					 JSON_C_TO_STRING_NOSLASHESCAPE)
		  : NULL;
	len = out ? asprintf(ret_text, "%s\n", out) : -1;
	if (len < 0)
		return -ENOMEM;
	*ret_len = (size_t)len;
	return 0;
}
