/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of Perfetto's schema that we write or read: field numbers, each
 * block under the .proto file it is from (https://github.com/google/perfetto,
 * below protos/perfetto/). The same part, for tools that want a schema, is
 * lib/perfetto/ktprof.proto; a unit test holds the two together.
 */
#ifndef LIB_PERFETTO_FIELDS_H
#define LIB_PERFETTO_FIELDS_H

/* trace/trace.proto: Trace */
enum { TRACE_PACKET = 1 };

/* trace/trace_packet.proto: TracePacket */
enum {
	PACKET_FTRACE_EVENTS = 1,
	PACKET_PROCESS_TREE = 2,
	PACKET_CLOCK_SNAPSHOT = 6,
	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE_ID = 10, /* trusted_packet_sequence_id */
	PACKET_TRACK_EVENT = 11,
	PACKET_INTERNED_DATA = 12,
	PACKET_SEQUENCE_FLAGS = 13,
	PACKET_TRACE_CONFIG = 33,
	PACKET_FTRACE_STATS = 34,
	PACKET_TRACE_STATS = 35,
	PACKET_COMPRESSED = 50,
	PACKET_TIMESTAMP_CLOCK_ID = 58,
	PACKET_DEFAULTS = 59,
	PACKET_TRACK_DESCRIPTOR = 60,
	PACKET_FIRST_ON_SEQUENCE = 87,
};

/* trace/trace_packet.proto: TracePacket.SequenceFlags */
enum {
	SEQ_INCREMENTAL_STATE_CLEARED = 1,
	SEQ_NEEDS_INCREMENTAL_STATE = 2,
};

/* trace/trace_packet_defaults.proto: TracePacketDefaults */
enum { DEFAULTS_TIMESTAMP_CLOCK_ID = 58 };

/* common/builtin_clock.proto: BuiltinClock */
enum { CLOCK_ID_REALTIME = 1, CLOCK_ID_MONOTONIC = 3, CLOCK_ID_BOOTTIME = 6 };

/* trace/clock_snapshot.proto: ClockSnapshot, ClockSnapshot.Clock */
enum { SNAPSHOT_CLOCKS = 1, SNAPSHOT_PRIMARY = 2 };
enum { CLOCK_ID = 1, CLOCK_TIMESTAMP = 2 };

/* config/trace_config.proto: TraceConfig */
enum { CONFIG_UNIQUE_SESSION_NAME = 22 };

/* common/trace_stats.proto: TraceStats, TraceStats.BufferStats */
enum { STATS_BUFFER = 1, STATS_FINAL_FLUSH = 15 };
enum { FINAL_FLUSH_SUCCEEDED = 1 };
enum {
	BUFFER_BYTES_WRITTEN = 1,
	BUFFER_CHUNKS_OVERWRITTEN = 3,
	BUFFER_SIZE = 12,
	BUFFER_CHUNKS_DISCARDED = 18,
	BUFFER_PACKET_LOSS = 19,
};

/* trace/ftrace/ftrace_stats.proto: FtraceStats, FtraceCpuStats */
enum { FTRACE_STATS_PHASE = 1, FTRACE_STATS_CPU = 2 };
enum { FTRACE_PHASE_END = 2 };
enum { FTRACE_CPU_OVERRUN = 3, FTRACE_CPU_DROPPED = 8 };

/* trace/track_event/track_descriptor.proto: TrackDescriptor */
enum {
	TRACK_UUID = 1,
	TRACK_NAME = 2,
	TRACK_PROCESS = 3,
	TRACK_THREAD = 4,
	TRACK_PARENT_UUID = 5,
	TRACK_CHILD_ORDERING = 11,
	TRACK_RANK = 12,
};
enum { ORDERING_EXPLICIT = 3 };

/* trace/track_event/process_descriptor.proto, thread_descriptor.proto */
enum { PROCESS_PID = 1, PROCESS_NAME = 6 };
enum { THREAD_PID = 1, THREAD_TID = 2, THREAD_NAME = 5 };

/* trace/track_event/track_event.proto: TrackEvent */
enum {
	EVENT_CATEGORY_IIDS = 3,
	EVENT_ANNOTATIONS = 4,
	EVENT_TYPE = 9,
	EVENT_NAME_IID = 10,
	EVENT_TRACK_UUID = 11,
	EVENT_CATEGORIES = 22,
	EVENT_NAME = 23,
	EVENT_FLOW_IDS = 47,
	EVENT_TERMINATING_FLOW_IDS = 48,
};
enum { TYPE_SLICE_BEGIN = 1, TYPE_SLICE_END = 2, TYPE_INSTANT = 3 };

/* trace/track_event/debug_annotation.proto: DebugAnnotation */
enum {
	ANN_NAME_IID = 1,
	ANN_UINT = 3,
	ANN_INT = 4,
	ANN_DOUBLE = 5,
	ANN_STRING = 6,
	ANN_NAME = 10,
	ANN_STRING_IID = 17,
};

/* trace/interned_data/interned_data.proto: InternedData; entries {iid, text} */
enum {
	INTERNED_CATEGORIES = 1,
	INTERNED_NAMES = 2,
	INTERNED_ANN_NAMES = 3,
	INTERNED_ANN_STRINGS = 29,
};
enum { INTERNED_IID = 1, INTERNED_TEXT = 2 };

/* trace/ps/process_tree.proto: ProcessTree, its Process and Thread */
enum { TREE_PROCESSES = 1, TREE_THREADS = 2 };
enum { TREE_PROCESS_PID = 1, TREE_PROCESS_CMDLINE = 3 };
enum { TREE_THREAD_TID = 1, TREE_THREAD_NAME = 2, TREE_THREAD_TGID = 3 };

/* trace/ftrace/ftrace_event_bundle.proto: FtraceEventBundle, CompactSched */
enum { BUNDLE_CPU = 1, BUNDLE_EVENT = 2, BUNDLE_COMPACT_SCHED = 4 };
enum {
	COMPACT_SWITCH_TIMESTAMP = 1, /* packed, each a difference */
	COMPACT_SWITCH_NEXT_PID = 3,
	COMPACT_WAKING_TIMESTAMP = 7,
	COMPACT_WAKING_PID = 8,
};

/* trace/ftrace/ftrace_event.proto: FtraceEvent; ftrace/sched.proto */
enum {
	FTRACE_TIMESTAMP = 1,
	FTRACE_SCHED_SWITCH = 4,
	FTRACE_SCHED_WAKING = 20,
	FTRACE_SCHED_WAKEUP_NEW = 114,
};
enum {
	SWITCH_PREV_COMM = 1,
	SWITCH_PREV_PID = 2,
	SWITCH_PREV_STATE = 4,
	SWITCH_NEXT_COMM = 5,
	SWITCH_NEXT_PID = 6,
};
enum { WAKING_PID = 2 };

#endif /* LIB_PERFETTO_FIELDS_H */
