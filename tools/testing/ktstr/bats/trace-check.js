// SPDX-License-Identifier: GPL-2.0
//
// A second reader of our traces: protobufjs with lib/perfetto/ktprof.proto.
// Holds a trace to Perfetto's rules for readers (interned before use, tracks
// described, slices paired and in each other, flows that begin before they
// end) and to ours (who runs on a CPU does so alone), then prints what
// `ktstr trace --info` prints too, as "cpu N SLICES RUN_NS", "thread TID NAME
// SLICES RUN_NS", "wakeups N", "lost N".
//
//	NODE_PATH=... node trace-check.js ktprof.proto FILE
'use strict';
const fs = require('fs');
const protobuf = require('protobufjs');

const [, , schema, file] = process.argv;
const root = protobuf.loadSync(schema);
const options = { longs: String, enums: String, defaults: false };
const Trace = root.lookupType('Trace');
const trace = Trace.toObject(Trace.decode(fs.readFileSync(file)), options);

function must(condition, what)
{
	if (!condition) {
		console.error(`${file}: ${what}`);
		process.exit(1);
	}
}

const packets = trace.packet;
const first = packets[0], last = packets[packets.length - 1];
must(first.sequenceFlags === 1, 'state is not cleared first');
must(first.traceConfig.uniqueSessionName === 'ktprof', 'no session name');
must(first.tracePacketDefaults.timestampClockId === 3, 'another clock');
must(last.traceStats.finalFlushOutcome === 'FINAL_FLUSH_SUCCEEDED', 'no end');

const clocks = packets.find((p) => p.clockSnapshot).clockSnapshot;
must(clocks.clocks.map((c) => c.clockId).join() === '1,3,6', 'clocks');
must(clocks.primaryTraceClock === 3, 'primary clock');

const words = { eventCategories: {}, eventNames: {}, debugAnnotationNames: {} };
const tracks = {}, open = {}, flows = {};
const cpus = {}, threads = {};
let wakeups = 0;

function learn(data)
{
	for (const table of Object.keys(words))
		for (const entry of data[table] || []) {
			must(!words[table][entry.iid], `iid ${entry.iid} again`);
			words[table][entry.iid] = entry.name;
		}
}

function word(table, iid)
{
	must(words[table][iid], `${table} ${iid} is not interned`);
	return words[table][iid];
}

function annotations(ev)
{
	const all = {};
	for (const ann of ev.debugAnnotations || [])
		all[word('debugAnnotationNames', ann.nameIid)] =
			ann.stringValue ?? ann.doubleValue ?? ann.uintValue ?? '0';
	return all;
}

// A slice is over; those of threads on CPUs count.
function finish(track, slice, end)
{
	must(end >= slice.start, 'a slice ends before it starts');
	if (slice.category !== 'ONCPU')
		return;
	const cpu = cpus[slice.ann.cpu] ??= [];
	const thread = threads[track.thread.tid] ??=
		{ name: '', slices: 0, ns: 0n };
	thread.name = track.thread.threadName;
	thread.slices++;
	thread.ns += end - slice.start;
	cpu.push({ start: slice.start, end });
	if ('waking_delay_ns' in slice.ann) {
		const us = Number(slice.ann.waking_delay_ns) / 1000;
		must(Math.abs(us - Number(slice.ann.waking_delay_us)) < 1e-6,
			'two delays');
		wakeups++;
	}
}

function takeFlows(ev, at)
{
	for (const id of ev.flowIds || []) {
		must(!flows[id], `flow ${id} begins twice`);
		flows[id] = at;
	}
	for (const id of ev.terminatingFlowIds || [])
		must(flows[id] && flows[id] <= at, `flow ${id} ends unbegun`);
}

function takeEvent(packet)
{
	const ev = packet.trackEvent;
	const at = BigInt(packet.timestamp);
	const stack = open[ev.trackUuid] ??= [];
	const track = tracks[ev.trackUuid];

	must(packet.sequenceFlags === 2, 'an event without its state');
	must(track || ev.trackUuid === '0', `track ${ev.trackUuid} is not described`);
	takeFlows(ev, at);
	if (ev.type === 'TYPE_SLICE_BEGIN') {
		must(!stack.length || stack[stack.length - 1].start <= at,
			'an inner slice starts first');
		word('eventNames', ev.nameIid);
		stack.push({ start: at, ann: annotations(ev),
			category: word('eventCategories', ev.categoryIids[0]) });
	} else if (ev.type === 'TYPE_SLICE_END') {
		must(stack.length, 'an end without a begin');
		annotations(ev);
		finish(track, stack.pop(), at);
	}
}

for (const packet of packets) {
	must(packet.trustedPacketSequenceId === 1, 'another sequence');
	if (packet.internedData)
		learn(packet.internedData);
	if (packet.trackDescriptor) {
		const t = packet.trackDescriptor;
		must(!t.parentUuid || tracks[t.parentUuid], 'an orphan track');
		tracks[t.uuid] = t;
	}
	if (packet.trackEvent)
		takeEvent(packet);
}
for (const [uuid, stack] of Object.entries(open))
	must(!stack.length, `a slice of track ${uuid} never ends`);

for (const cpu of Object.keys(cpus).sort((a, b) => a - b)) {
	const slices = cpus[cpu].sort((a, b) => (a.start < b.start ? -1 : 1));
	let ns = 0n, end = 0n;
	for (const slice of slices) {
		must(slice.start >= end, `two run on CPU ${cpu} at ${slice.start}`);
		end = slice.end;
		ns += slice.end - slice.start;
	}
	console.log(`cpu ${cpu} ${slices.length} ${ns}`);
}
for (const [tid, t] of Object.entries(threads))
	console.log(`thread ${tid} ${t.name.replace(/ /g, '_')} ${t.slices} ${t.ns}`);
console.log(`wakeups ${wakeups}`);
console.log(`lost ${last.traceStats.bufferStats
	.reduce((sum, b) => sum + Number(b.traceWriterPacketLoss || 0), 0)}`);
