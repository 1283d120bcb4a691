/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests on preset topologies; part of ktstr/harness.h. To the harness a variant
 * is a name in a list. Only its macro for adding one makes an identifier of the
 * name, which those of presets are not, so the list is filled here.
 */
#ifndef KTSTR_HARNESS_PRESETS_H
#define KTSTR_HARNESS_PRESETS_H

#include <ktstr/topo.h>

/**
 * KTSTR_PRESETS() - the tests of a fixture on preset topologies, too
 * @fixture_name: as in FIXTURE()
 *
 * Stands after FIXTURE(), in place of FIXTURE_VARIANT(). Besides fixture.test,
 * on the machine that its attributes declare, there is then a test called
 * fixture.PRESET.test for each preset (`ktstr topo --list`) that the
 * constraints of the test (.min_llcs to .requires_smt) accept; in there
 * variant->preset is the preset, else NULL. They have .ignore until the
 * fixture, the preset or the test says otherwise: left out unless asked for by
 * -v PRESET, -r NAME or --ignored. Where the host is too small for a preset
 * they are skipped.
 */
#define KTSTR_PRESETS(fixture_name)                                      \
	FIXTURE_VARIANT(fixture_name)                                    \
	{                                                                \
		const struct topo_preset *preset;                        \
	};                                                               \
	static FIXTURE_VARIANT(fixture_name)                             \
		ktstr__preset_data_##fixture_name[TOPO_NR_PRESETS + 1];  \
	static struct __fixture_variant_metadata                         \
		ktstr__presets_##fixture_name[TOPO_NR_PRESETS + 1];      \
	static void __attribute__((constructor(KSELFTEST_PRIO_TEST)))    \
	ktstr__presets_reg_##fixture_name(void)                          \
	{                                                                \
		for (unsigned int i = 0; i <= TOPO_NR_PRESETS; i++) {    \
			const struct topo_preset *p =                    \
				i ? &topo_presets[i - 1] : NULL;         \
                                                                         \
			ktstr__preset_data_##fixture_name[i].preset = p; \
			ktstr__presets_##fixture_name[i].name =          \
				p ? p->name : "";                        \
			ktstr__presets_##fixture_name[i].data =          \
				&ktstr__preset_data_##fixture_name[i];   \
			__register_fixture_variant(                      \
				&_##fixture_name##_fixture_object,       \
				&ktstr__presets_##fixture_name[i]);      \
		}                                                        \
	}                                                                \
	struct ktstr__semicolon

/**
 * KTSTR_PRESET_ATTR() - attributes of a fixture's tests on one preset
 * @preset: its name with _ for -, as in ktstr/topo-presets.def
 *
 * As KTSTR_VARIANT_ATTR(); the shape of the machine is the preset's.
 */
#define KTSTR_PRESET_ATTR(fixture_name, preset, ...)                  \
	KTSTR__ATTR(preset_##fixture_name##__##preset, #fixture_name, \
		    ktstr__preset_##preset, NULL, __VA_ARGS__)

#define TOPO_PRESET(id, name, nodes, llcs, cores, threads) \
	static const char ktstr__preset_##id[] __attribute__((unused)) = name;
#include <ktstr/topo-presets.def>
#undef TOPO_PRESET

#endif /* KTSTR_HARNESS_PRESETS_H */
