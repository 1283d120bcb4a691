// SPDX-License-Identifier: GPL-2.0
/*
 * The attributes of one test, from the declarations that are said of it. A
 * variant with the name of a preset (no C identifier has a '-') is the test on
 * that machine. Pure; called by plan.c for each test of a program.
 */
#include "lib/harness/plan.h"

bool plan_attr__applies(const struct ktstr_attr_decl *d, const char *fixture,
			const char *variant, const char *test)
{
	return !strcmp(d->fixture, fixture) &&
	       (!d->variant || !strcmp(d->variant, variant)) &&
	       (!d->test || !strcmp(d->test, test));
}

/* From the least to the most specific; see KTSTR_FIXTURE_ATTR(). */
enum {
	LAYER_PRESETS,
	LAYER_FIXTURE,
	LAYER_VARIANT,
	LAYER_MACROS,
	LAYER_TEST,
	LAYER_XFAIL,
	LAYER_NR,
};

struct layers {
	const struct ktstr_attr *layer[LAYER_NR];
	struct ktstr_attr presets, macros, xfail;
};

static void collect(struct layers *l, const struct ktstr_attr_decl *decls,
		    const struct ktstr_test_ref *ref, bool preset)
{
	*l = (struct layers){ .presets = { KTSTR_ATTR_UNSAID },
			      .macros = { KTSTR_ATTR_UNSAID },
			      .xfail = { KTSTR_ATTR_UNSAID } };
	for (const struct ktstr_attr_decl *d = decls; d; d = d->next)
		if (plan_attr__applies(d, ref->fixture, ref->variant,
				       ref->test))
			l->layer[d->test      ? LAYER_TEST
				 : d->variant ? LAYER_VARIANT
					      : LAYER_FIXTURE] = &d->attr;
	/* So that a fixture's word makes presets run with the others. */
	if (preset)
		l->presets.ignore = true;
	l->layer[LAYER_PRESETS] = &l->presets;
	/* What the harness's own macros say stands between. */
	if (ref->timeout_s)
		l->macros.timeout_s = ref->timeout_s;
	l->layer[LAYER_MACROS] = &l->macros;
	/* XFAIL_ADD() names variant and test: nothing is more specific. */
	if (ref->xfail)
		l->xfail.expect_fail = true;
	l->layer[LAYER_XFAIL] = &l->xfail;
}

static int resolve(const struct layers *l, const struct topo_preset *preset,
		   struct ktstr_attr *ret, struct kt_diag *diag)
{
	const struct ktstr_attr *variant = l->layer[LAYER_VARIANT];
	int err;

	if (preset && variant && ktstr_attr__says_shape(variant))
		return diag__fail(diag, -EINVAL,
				  "attributes of preset %s say the machine's "
				  "shape, which is what the preset does",
				  preset->name);
	err = ktstr_attr__resolve(l->layer, LAYER_NR, ret, diag);
	/* Whatever the test says for its own machine. */
	if (!err && preset)
		ktstr_attr__set_topology(ret, &preset->topology);
	return err;
}

static const char *refusal(const struct plan_test *test)
{
	struct topo_constraints c = ktstr_attr__constraints(&test->attr);

	if (!test->preset)
		return NULL;
	if (test->attr.host_only)
		return "host_only: it has no machine";
	return topo_constraints__refusal(&c, &test->preset->topology);
}

int plan_attr__set(struct plan_test *test, const struct ktstr_attr_decl *decls,
		   const struct ktstr_test_ref *ref)
{
	struct kt_diag diag = { 0 };
	struct layers l;
	int err;

	if (strchr(ref->variant, '-'))
		test->preset = topo_preset__find(ref->variant);
	collect(&l, decls, ref, test->preset != NULL);
	err = resolve(&l, test->preset, &test->attr, &diag);
	if (err) {
		diag__context(&diag, err, "%s", test->name);
		ktstr_attr__resolve(NULL, 0, &test->attr, NULL);
	} else {
		test->refusal = refusal(test);
		if (!test->refusal)
			err = ktstr_attr__check(test->name, &test->attr, &diag);
	}
	if (!err)
		return 0;
	test->fault = strdup(diag__text(&diag, err));
	return test->fault ? 0 : -ENOMEM;
}
