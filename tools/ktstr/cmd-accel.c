// SPDX-License-Identifier: GPL-2.0
/* `ktstr accel`: run the accelerator probe and print what it found. */
#include "tools/ktstr/cmd.h"

#include "vmm/accel.h"

struct accel_args {
	const char *device;
	bool json;
};

static const struct argp_option accel_options[] = {
	{ "json", 'j', NULL, 0, "print one JSON object", 0 },
	{ "device", 'd', "PATH", 0, "probe PATH instead of /dev/kvm", 0 },
	{ 0 },
};

static error_t accel_parse(int key, char *arg, struct argp_state *state)
{
	struct accel_args *args = state->input;

	switch (key) {
	case 'j':
		args->json = true;
		return 0;
	case 'd':
		args->device = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp accel_argp = {
	.options = accel_options,
	.parser = accel_parse,
};

static const char *choice_name(enum accel_choice choice)
{
	return choice == ACCEL_USE_KVM ? "kvm" : "softkvm";
}

static void print_json(const struct accel_probe *probe, const char *choice,
		       const char *error)
{
	printf("{\"kind\":\"%s\",\"mips\":%.3f,\"probe_ms\":%.3f,"
	       "\"errno\":%d,\"inside_softkvm\":%s,\"choice\":",
	       accel_kind__name(probe->kind), probe->mips,
	       (double)probe->probe_ns / 1e6, -probe->err,
	       probe->inside_softkvm ? "true" : "false");
	if (error)
		printf("null");
	else
		printf("\"%s\"", choice);
	printf(",\"remedy\":\"%s\"}\n", accel__remedy(probe->kind));
}

static int accel(int argc, char **argv)
{
	struct accel_args args = { .device = "/dev/kvm" };
	enum accel_choice choice = ACCEL_USE_KVM;
	struct accel_probe probe;
	struct kt_diag diag = { 0 };
	char line[256];
	int err;

	err = cmd__parse(&command_accel, argc, argv, 0, &args);
	if (err)
		return err;
	accel__probe(args.device, &probe);
	err = accel__choose(&probe, getenv("KTSTR_ACCEL"), &choice, &diag);
	if (args.json) {
		print_json(&probe, choice_name(choice),
			   err ? diag__text(&diag, err) : NULL);
	} else {
		accel__describe(&probe, line, sizeof(line));
		printf("%s\n", line);
		if (!err)
			printf("tests run in: %s\n", choice_name(choice));
		if (*accel__remedy(probe.kind))
			printf("hint: %s\n", accel__remedy(probe.kind));
	}
	if (err)
		fprintf(stderr, "ktstr accel: %s\n", diag__text(&diag, err));
	return err ? CMD_FAIL : CMD_OK;
}

const struct command command_accel = {
	.name = "accel",
	.fn = accel,
	.summary = "measure /dev/kvm and say what tests would run on",
	.argp = &accel_argp,
	.description =
		"Measure how fast /dev/kvm executes guest code and say whether "
		"tests run on it or in softkvm. The measurement is a loop in a "
		"tiny guest and takes at most 50 ms.\n\n"
		"KTSTR_ACCEL overrides the choice (`auto`: KVM when there is "
		"hardware behind it, else softkvm).",
	.exits =
		(const struct cmd_note[]){
			{ "0", "tests can run" },
			{ "1", "KTSTR_ACCEL asks for what is not there" },
			{ "2", "wrong usage" },
			{ NULL, NULL },
		},
	.env = "KTSTR_ACCEL",
	.examples =
		(const struct cmd_note[]){
			{ "ktstr accel --json",
			  "the same for programs: kind, mips, choice" },
			{ NULL, NULL },
		},
};
