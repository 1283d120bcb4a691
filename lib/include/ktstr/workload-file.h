/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ramdisk's file that tells guest init which program to run: a sequence
 * of NUL-terminated strings, so that every byte of an argument survives.
 *
 *	working directory
 *	path of the program, with a slash in it
 *	number of arguments, decimal, at least 1
 *	the arguments, then the environment
 */
#ifndef KTSTR_WORKLOAD_FILE_H
#define KTSTR_WORKLOAD_FILE_H

#define GUEST_WORKLOAD_NAME "workload"
#define GUEST_WORKLOAD_MAX (2u << 20) /* ARG_MAX of an 8 MiB stack */
/* Set to "1" for everything that guest init starts. */
#define GUEST_WORKLOAD_ENV "KTSTR_GUEST_INIT"

/* And the one that says which machine it is: test_topology__declare(). */
#define GUEST_MACHINE_NAME "machine"

#endif /* KTSTR_WORKLOAD_FILE_H */
