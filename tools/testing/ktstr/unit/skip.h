/* SPDX-License-Identifier: GPL-2.0 */
/* Skipping with a reason. Include cmocka.h first. */
#ifndef UNIT_SKIP_H
#define UNIT_SKIP_H

/*
 * SKIP - end the running test as skipped, because of what the format says.
 * scripts/cmocka-tap puts that line behind the result's directive.
 */
#define SKIP(...)                           \
	do {                                \
		print_message(__VA_ARGS__); \
		print_message("\n");        \
		skip();                     \
	} while (0)

#endif /* UNIT_SKIP_H */
