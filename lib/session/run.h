/* SPDX-License-Identifier: GPL-2.0 */
/*
 * State of one test's machine run, shared by the files that boot it (run.c),
 * take its streams apart while it runs (streams.c), and judge and report when
 * it is gone (report.c).
 */
#ifndef LIB_SESSION_RUN_H
#define LIB_SESSION_RUN_H

#include <ktstr/ktap.h>
#include <pthread.h>

#include "lib/session/capture.h"
#include "lib/session/fetch.h"
#include "lib/session/session-internal.h"
#include "lib/session/workload.h"

/*
 * Output callbacks arrive on vCPU threads, one at a time per stream; each
 * stream has its own part, and the main thread reads them only after vm__run()
 * has joined the vCPUs. Large (the relay alone is 25 KiB): on the heap.
 */
struct run {
	const char *name;
	const struct ktstr_attr *attr;
	const struct workload *workload; /* NULL: a test of the harness */
	FILE *report;
	struct vm *vm;
	unsigned int memory_mib;
	struct host_share
		share;	 /* of the host's CPUs, until the machine ends */
	bool built_base; /* the first of a session that had to build it */
	char cmdline[VM_CMDLINE_MAX + 1];
	char log_path[PATH_MAX];

	/* COM1 */
	int log_fd;
	struct keepbuf klog;
	struct splat_scan klog_scan;
	/* COM2: last words, and records when there is no bulk port */
	struct keepbuf com2;
	struct wire_text com2_text;
	struct wire_asm com2_wa;
	/* bulk port */
	struct capture capture;
	struct wire_asm wa;
	struct fetch fetch;
	pthread_mutex_t lock; /* of all below: a guest may use both channels */
	u8 nonce[MSG_NONCE_SIZE];
	struct keepbuf dmesg;
	struct splat_scan dmesg_scan;
	struct keepbuf out, err;
	struct ktap_relay relay;
	struct evidence ev;
	char fingerprint[SPLAT_FINGERPRINT_MAX];
	u64 start_ns;
	u64 limit_ns;	 /* for all that follows the start of the test body */
	u64 farewell_ns; /* for what follows the result */
	u64 ready_ns;	 /* SYS_RDY arrived */
	u64 teardown_ns;
	double dilation; /* of host time limits, as session__dilation() */
};

/** run__sinks - make @cfg deliver the guest's streams to @run */
void run__sinks(struct run *run, struct vm_config *cfg);

/** run__finish_streams - the machine is gone: what was left unfinished */
void run__finish_streams(struct run *run);

/** run__relay_init - point the relay at the report, forgetting what it had */
void run__relay_init(struct run *run);

/** run__conclude - judge, let the host callback see the result, tell */
void run__conclude(struct run *run, const struct vm_exit *vx,
		   const struct kt_diag *vm_diag, struct session_verdict *v);

#endif /* LIB_SESSION_RUN_H */
