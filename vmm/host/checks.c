// SPDX-License-Identifier: GPL-2.0
/* Warnings before a machine in performance mode starts; see checks.h. */
#include "vmm/host/checks.h"

#include <ktstr/fd.h>

#define CLOCKSOURCE \
	"/sys/devices/system/clocksource/clocksource0/current_clocksource"

unsigned int host_checks__running(const char *stat)
{
	static const char key[] = "\nprocs_running ";
	const char *at = strstr(stat, key);

	return at ? (unsigned int)strtoul(at + strlen(key), NULL, 10) : 0;
}

static void check_load(void (*tell)(void *ctx, const char *text), void *ctx,
		       unsigned int nr_vcpus)
{
	char *stat __free(ptr) = NULL;
	unsigned int running;
	char text[128];

	if (fd__read_file("/proc/stat", MIB(4), &stat, NULL))
		return;
	running = host_checks__running(stat);
	if (running <= nr_vcpus / 2)
		return;
	snprintf(text, sizeof(text),
		 "%u processes are running, for %u vCPUs; measurements suffer",
		 running, nr_vcpus);
	tell(ctx, text);
}

char *host_clock(void)
{
	char *clock;

	if (fd__read_file(CLOCKSOURCE, 4096, &clock, NULL))
		return NULL;
	clock[strcspn(clock, "\n")] = '\0';
	return clock;
}

static void check_clock(void (*tell)(void *ctx, const char *text), void *ctx)
{
	char *clock __free(ptr) = host_clock();
	char text[128];

	if (!clock || !strcmp(clock, "tsc"))
		return;
	snprintf(text, sizeof(text),
		 "the host's clock is %s, not tsc; measurements suffer", clock);
	tell(ctx, text);
}

void host_checks(void (*tell)(void *ctx, const char *text), void *ctx,
		 unsigned int nr_vcpus)
{
	check_load(tell, ctx, nr_vcpus);
	check_clock(tell, ctx);
}
