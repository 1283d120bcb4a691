// SPDX-License-Identifier: GPL-2.0
/*
 * TrackEvents for wprof_pb_query(): descriptors, interned words, and slices of
 * threads and CPUs as ktprof and wprof write them. One thread per query.
 */
#include "lib/perfetto/query.h"

#include "lib/perfetto/fields.h"

/* --- words ---------------------------------------------------------------- */

/* What can be interned and means something to us; part of a key. */
enum word_kind { KIND_CATEGORY, KIND_ANNOTATION };

#define IID_BITS 35
#define SEQUENCE_BITS 28

static const struct {
	enum word_kind kind;
	const char *text;
	enum query_word word;
} known_words[] = {
	{ KIND_CATEGORY, "ONCPU", WORD_ONCPU },
	{ KIND_CATEGORY, "IDLE", WORD_IDLE },
	{ KIND_ANNOTATION, "cpu", WORD_CPU },
	{ KIND_ANNOTATION, "waking_delay_us", WORD_DELAY_US },
	{ KIND_ANNOTATION, "waking_delay_ns", WORD_DELAY_NS },
};

static enum query_word word_of(enum word_kind kind, const struct pb_field *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_words); i++)
		if (known_words[i].kind == kind &&
		    strlen(known_words[i].text) == text->len &&
		    !memcmp(known_words[i].text, text->data, text->len))
			return known_words[i].word;
	return WORD_OTHER;
}

static u64 word_key(u64 sequence, enum word_kind kind, u64 iid)
{
	return sequence << (IID_BITS + 1) | (u64)kind << IID_BITS | iid;
}

static enum query_word interned(const struct query *q, u64 sequence,
				enum word_kind kind, u64 iid)
{
	const u64 *word = map__get(&q->words, word_key(sequence, kind, iid));

	return word ? (enum query_word) * word : WORD_OTHER;
}

/* Only words that we know are kept: an unknown one reads as WORD_OTHER. */
static int take_entry(struct query *q, u64 sequence, enum word_kind kind,
		      const struct pb_field *entry)
{
	enum query_word word = WORD_OTHER;
	struct pb_in in = pb_in__of(entry);
	struct pb_field f;
	u64 iid = 0;

	while (pb_in__next(&in, &f) > 0) {
		if (f.number == INTERNED_IID && f.type == PB_VARINT)
			iid = f.value;
		if (f.number == INTERNED_TEXT && f.type == PB_BYTES)
			word = word_of(kind, &f);
	}
	if (word == WORD_OTHER || iid >> IID_BITS || sequence >> SEQUENCE_BITS)
		return 0;
	return map__put(&q->words, word_key(sequence, kind, iid), word);
}

int query_track__interned(struct query *q, u64 sequence,
			  const struct pb_field *field)
{
	struct pb_in in = pb_in__of(field);
	struct pb_field f;
	int err = 0;

	while (!err && pb_in__next(&in, &f) > 0) {
		if (f.type != PB_BYTES)
			continue;
		if (f.number == INTERNED_CATEGORIES)
			err = take_entry(q, sequence, KIND_CATEGORY, &f);
		if (f.number == INTERNED_ANN_NAMES)
			err = take_entry(q, sequence, KIND_ANNOTATION, &f);
	}
	return err;
}

/* --- descriptors ---------------------------------------------------------- */

static struct query_track *track_at(struct query *q, u64 i)
{
	return (struct query_track *)q->tracks.items + i;
}

static struct query_track *get_track(struct query *q, u64 uuid)
{
	const u64 *known = map__get(&q->track_of_uuid, uuid);
	struct query_track *new;

	if (known)
		return track_at(q, *known);
	new = query_array__add(&q->tracks, sizeof(*new));
	if (!new || map__put(&q->track_of_uuid, uuid, q->tracks.nr - 1))
		return NULL;
	new->uuid = uuid;
	new->thread = QUERY_NONE;
	return new;
}

static int take_process(struct query *q, const struct pb_field *field)
{
	struct pb_in in = pb_in__of(field);
	struct pb_field f, name = { 0 };
	int pid = 0;

	while (pb_in__next(&in, &f) > 0) {
		if (f.number == PROCESS_PID && f.type == PB_VARINT)
			pid = (int)f.value;
		if (f.number == PROCESS_NAME && f.type == PB_BYTES)
			name = f;
	}
	return pid && name.len ? query__process(q, pid, &name) : 0;
}

static int take_thread(struct query *q, const struct pb_field *field,
		       u32 *ret_thread)
{
	struct pb_in in = pb_in__of(field);
	struct pb_field f, name = { 0 };
	struct query_thread *t;
	int pid = 0, tid = 0, err;

	while (pb_in__next(&in, &f) > 0) {
		if (f.number == THREAD_PID && f.type == PB_VARINT)
			pid = (int)f.value;
		if (f.number == THREAD_TID && f.type == PB_VARINT)
			tid = (int)f.value;
		if (f.number == THREAD_NAME && f.type == PB_BYTES)
			name = f;
	}
	err = query__thread(q, tid, ret_thread);
	if (err)
		return err;
	t = query__thread_at(q, *ret_thread);
	t->pub.pid = pid;
	if (name.len)
		query__name(t->pub.name, &name);
	return 0;
}

int query_track__descriptor(struct query *q, const struct pb_field *field)
{
	struct query_track seen = { .thread = QUERY_NONE }, *track;
	struct pb_in in = pb_in__of(field);
	struct pb_field f, name = { 0 };
	int err = 0;

	while (!err && pb_in__next(&in, &f) > 0) {
		if (f.number == TRACK_UUID && f.type == PB_VARINT)
			seen.uuid = f.value;
		else if (f.number == TRACK_PARENT_UUID && f.type == PB_VARINT)
			seen.parent = f.value;
		else if (f.number == TRACK_NAME && f.type == PB_BYTES)
			name = f;
		else if (f.number == TRACK_PROCESS && f.type == PB_BYTES)
			err = take_process(q, &f);
		else if (f.number == TRACK_THREAD && f.type == PB_BYTES)
			err = take_thread(q, &f, &seen.thread);
	}
	if (err)
		return err;
	track = get_track(q, seen.uuid);
	if (!track)
		return -ENOMEM;
	track->parent = seen.parent;
	if (seen.thread != QUERY_NONE)
		track->thread = seen.thread;
	if (name.len)
		query__name(track->name, &name);
	return 0;
}

/* --- events --------------------------------------------------------------- */

/* A TrackEvent, as far as it matters. */
struct event {
	u64 type, uuid, cpu, delay_ns;
	bool oncpu, idle, has_cpu, has_delay;
};

static void take_category(struct event *ev, enum query_word word)
{
	ev->oncpu |= word == WORD_ONCPU;
	ev->idle |= word == WORD_IDLE;
}

static void take_value(struct event *ev, enum query_word word,
		       const struct pb_field *value)
{
	double us;

	if (word == WORD_CPU && value->type == PB_VARINT) {
		ev->cpu = value->value;
		ev->has_cpu = true;
	} else if (word == WORD_DELAY_NS && value->type == PB_VARINT) {
		ev->delay_ns = value->value;
		ev->has_delay = true;
	} else if (word == WORD_DELAY_US && value->type == PB_FIXED64 &&
		   !ev->has_delay) {
		us = pb_field__double(value);
		ev->has_delay = us >= 0 && us < 1e15;
		ev->delay_ns = ev->has_delay ? (u64)(us * 1000 + 0.5) : 0;
	}
}

static void take_annotation(const struct query *q, u64 sequence,
			    const struct pb_field *field, struct event *ev)
{
	enum query_word word = WORD_OTHER;
	struct pb_field f, value = { 0 };
	struct pb_in in = pb_in__of(field);

	while (pb_in__next(&in, &f) > 0) {
		if (f.number == ANN_NAME_IID && f.type == PB_VARINT)
			word = interned(q, sequence, KIND_ANNOTATION, f.value);
		else if (f.number == ANN_NAME && f.type == PB_BYTES)
			word = word_of(KIND_ANNOTATION, &f);
		else if (f.number == ANN_UINT || f.number == ANN_INT ||
			 f.number == ANN_DOUBLE)
			value = f;
	}
	if (value.number)
		take_value(ev, word, &value);
}

static void take_event_field(struct query *q, u64 sequence,
			     const struct pb_field *f, struct event *ev)
{
	switch (f->number) {
	case EVENT_TYPE:
		ev->type = f->value;
		break;
	case EVENT_TRACK_UUID:
		ev->uuid = f->value;
		break;
	case EVENT_CATEGORY_IIDS:
		take_category(ev,
			      interned(q, sequence, KIND_CATEGORY, f->value));
		break;
	case EVENT_CATEGORIES:
		if (f->type == PB_BYTES)
			take_category(ev, word_of(KIND_CATEGORY, f));
		break;
	case EVENT_ANNOTATIONS:
		if (f->type == PB_BYTES)
			take_annotation(q, sequence, f, ev);
		break;
	case EVENT_FLOW_IDS:
		q->pb.nr_flows++;
		break;
	default:
		break;
	}
}

static int begin(struct query *q, struct query_track *track, u64 ts_ns,
		 const struct event *ev)
{
	unsigned int depth = track->depth++;
	u64 bit = depth < QUERY_DEPTH ? (u64)1 << depth : 0;
	u32 cpu;
	int err;

	track->oncpu &= ~bit;
	track->idle &= ~bit;
	if (ev->idle && track->thread == QUERY_NONE) {
		track->idle |= bit;
		track->idle_since_ns = ts_ns;
	}
	if (!ev->oncpu || track->thread == QUERY_NONE || !ev->has_cpu)
		return 0;
	err = query__cpu(q, ev->cpu, &cpu);
	if (err == -ERANGE) {
		q->pb.nr_unmatched++;
		return 0;
	}
	if (err)
		return err;
	track->oncpu |= bit;
	track->cpu = cpu;
	track->oncpu_since_ns = ts_ns;
	return ev->has_delay ? query__latency(q, track->thread, ev->delay_ns)
			     : 0;
}

/* The CPU that a track is named after. */
static bool cpu_number(const struct query_track *track, unsigned int *ret_cpu)
{
	return sscanf(track->name, "CPU %u", ret_cpu) == 1;
}

static int end(struct query *q, struct query_track *track, u64 ts_ns)
{
	unsigned int number;
	u64 bit;
	u32 cpu;

	if (!track->depth) {
		q->pb.nr_unmatched++;
		return 0;
	}
	track->depth--;
	bit = track->depth < QUERY_DEPTH ? (u64)1 << track->depth : 0;
	if (track->oncpu & bit) {
		track->oncpu &= ~bit;
		return query__slice(q, track->cpu, track->thread,
				    track->oncpu_since_ns, ts_ns);
	}
	if (track->idle & bit && ts_ns >= track->idle_since_ns &&
	    cpu_number(track, &number) && !query__cpu(q, number, &cpu))
		query__cpu_at(q, cpu)->pub.idle_ns +=
			ts_ns - track->idle_since_ns;
	return 0;
}

int query_track__event(struct query *q, u64 sequence, u64 ts_ns,
		       const struct pb_field *field)
{
	struct pb_in in = pb_in__of(field);
	struct event ev = { 0 };
	struct query_track *track;
	struct pb_field f;

	while (pb_in__next(&in, &f) > 0)
		take_event_field(q, sequence, &f, &ev);
	q->pb.nr_track_events++;
	if (ev.type != TYPE_SLICE_BEGIN && ev.type != TYPE_SLICE_END)
		return 0;
	track = get_track(q, ev.uuid);
	if (!track)
		return -ENOMEM;
	return ev.type == TYPE_SLICE_BEGIN ? begin(q, track, ts_ns, &ev)
					   : end(q, track, ts_ns);
}

/* --- the end -------------------------------------------------------------- */

/* "CPU 3" below "LLC 1" below "NUMA node 0". */
static int take_place(struct query *q, const struct query_track *track)
{
	const u64 *parent = map__get(&q->track_of_uuid, track->parent);
	unsigned int number, place;
	struct query_cpu *c;
	u32 cpu;
	int err;

	if (!cpu_number(track, &number) || !parent)
		return 0;
	err = query__cpu(q, number, &cpu);
	if (err)
		return err == -ERANGE ? 0 : err;
	c = query__cpu_at(q, cpu);
	for (unsigned int up = 0; parent && up < 2; up++) {
		track = track_at(q, *parent);
		if (sscanf(track->name, "LLC %u", &place) == 1)
			c->pub.llc = (int)place;
		if (sscanf(track->name, "NUMA node %u", &place) == 1)
			c->pub.node = (int)place;
		parent = map__get(&q->track_of_uuid, track->parent);
	}
	return 0;
}

int query_track__finish(struct query *q)
{
	u64 last_ns = q->pb.last_ns;
	int err = 0;

	for (size_t i = 0; i < q->tracks.nr && !err; i++) {
		struct query_track *track = track_at(q, i);

		/* wprof leaves open what runs when it stops. */
		if (track->oncpu && last_ns >= track->oncpu_since_ns)
			err = query__slice(q, track->cpu, track->thread,
					   track->oncpu_since_ns, last_ns);
		if (!err)
			err = take_place(q, track);
	}
	return err;
}
