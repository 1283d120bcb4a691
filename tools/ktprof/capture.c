// SPDX-License-Identifier: GPL-2.0
/*
 * The BPF programs' user half: loads them, looks at each CPU, empties rings,
 * keeps the records. For main.c; one thread.
 */
#include "tools/ktprof/ktprof.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/sysinfo.h>

#include <ktstr/fd.h>

#include "ktprof.skel.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"
/* The part of available memory that rings may take, and what they need. */
#define RINGS_SHARE 256
#define RING_MIN_BYTES KIB(64)
/* Half of what is available is for records; what is beyond is lost. */
#define RECORDS_SHARE 2
#define BLOCK_BYTES MIB(1)

/* Records are kept in blocks, which never move. */
struct block {
	struct block *next;
	size_t used;
	u8 data[];
};

struct capture {
	struct ktprof_bpf *skel;
	struct ring_buffer *reader;
	struct bpf_link *links[16];
	unsigned int nr_links;
	struct ring rings[KTPROF_MAX_RINGS];
	unsigned int nr_rings;
	struct block *blocks; /* the newest first */
	u64 block_budget;     /* bytes that blocks may still take */
	u64 start_ns, end_ns;
};

static u64 available_bytes(void)
{
	char *text __free(ptr) = NULL;
	const char *line;
	size_t len;
	u64 kib = 0;

	if (!fd__read_file("/proc/meminfo", KIB(64), &text, &len)) {
		line = strstr(text, "MemAvailable:");
		if (line)
			kib = strtoull(line + strlen("MemAvailable:"), NULL,
				       10);
	}
	return kib ? KIB(kib) : MIB(256);
}

/* --- records -------------------------------------------------------------- */

static void *keep(struct capture *c, const void *data, size_t size)
{
	size_t room = KT_ALIGN_UP(size, (size_t)8);
	struct block *b = c->blocks;
	void *copy;

	if (!b || BLOCK_BYTES - sizeof(*b) - b->used < room) {
		if (c->block_budget < BLOCK_BYTES)
			return NULL;
		b = malloc(BLOCK_BYTES);
		if (!b)
			return NULL;
		c->block_budget -= BLOCK_BYTES;
		b->next = c->blocks;
		b->used = 0;
		c->blocks = b;
	}
	copy = b->data + b->used;
	b->used += room;
	return memcpy(copy, data, size);
}

static int make_room(struct ring *ring)
{
	size_t cap = ring->cap ? 2 * ring->cap : 1024;
	struct record *records;

	if (ring->nr < ring->cap)
		return 0;
	records = reallocarray(ring->records, cap, sizeof(*records));
	if (!records)
		return -ENOMEM;
	ring->records = records;
	ring->cap = cap;
	return 0;
}

/* CPUs that share a ring are not quite in step: sort by insertion, which has
 * next to nothing to do. */
static int take_record(void *ctx, void *data, size_t size)
{
	struct ring *ring = ctx;
	struct record *r;
	size_t i;

	if (size < sizeof(struct ktprof_mark))
		return 0;
	if (make_room(ring) || !(data = keep(ring->capture, data, size))) {
		ring->no_memory++;
		return 0;
	}
	r = ring->records;
	i = ring->nr++;
	r[i].mark = data;
	r[i].ts_ns = r[i].mark->ts_ns;
	for (; i && r[i - 1].ts_ns > r[i].ts_ns; i--) {
		struct record later = r[i - 1];

		r[i - 1] = r[i];
		r[i] = later;
	}
	return 0;
}

/* --- loading -------------------------------------------------------------- */

struct program {
	struct bpf_program *prog;
	unsigned int events; /* any of these wants it */
};

/* All programs but the one that looks, which is run and not attached. */
static unsigned int list_programs(struct ktprof_bpf *skel,
				  struct program list[16])
{
	const struct program all[] = {
		{ skel->progs.on_switch, EVENTS_SCHED },
		{ skel->progs.on_waking, EVENTS_SCHED },
		{ skel->progs.on_wakeup_new, EVENTS_SCHED },
		{ skel->progs.on_irq_entry, EVENTS_IRQ },
		{ skel->progs.on_irq_exit, EVENTS_IRQ },
		{ skel->progs.on_softirq_entry, EVENTS_SOFTIRQ },
		{ skel->progs.on_softirq_exit, EVENTS_SOFTIRQ },
		{ skel->progs.on_work_start, EVENTS_WQ },
		{ skel->progs.on_work_end, EVENTS_WQ },
	};

	memcpy(list, all, sizeof(all));
	return ARRAY_SIZE(all);
}

static u64 ring_bytes(const struct capture_options *opt, unsigned int nr)
{
	u64 share = available_bytes() / RINGS_SHARE / nr, bytes;

	for (bytes = RING_MIN_BYTES; bytes < opt->ring_bytes;)
		bytes *= 2;
	while (bytes > RING_MIN_BYTES && bytes > share)
		bytes /= 2;
	return bytes;
}

static int no_kernel(struct kt_diag *diag, int err, const char *what)
{
	/* EACCES is also what the verifier says. */
	if (err == -EPERM || (err == -EACCES && geteuid()))
		return diag__fail(diag, -EPERM,
				  "%s: %s; tracing needs root (CAP_BPF and "
				  "CAP_PERFMON)",
				  what, strerror(-err));
	return diag__fail(diag, -EOPNOTSUPP,
			  "%s: %s; the kernel needs CONFIG_BPF_SYSCALL, "
			  "CONFIG_BPF_EVENTS and CONFIG_DEBUG_INFO_BTF; -v "
			  "shows what it says",
			  what, strerror(-err));
}

static int load(struct capture *c, const struct capture_options *opt,
		struct kt_diag *diag)
{
	struct program list[16];
	unsigned int nr;
	int err;

	if (access(VMLINUX_BTF, R_OK))
		return diag__fail(diag, -EOPNOTSUPP,
				  "this kernel has no BTF (%s: %s); it needs "
				  "CONFIG_DEBUG_INFO_BTF=y and a mounted /sys",
				  VMLINUX_BTF, strerror(errno));
	c->skel = ktprof_bpf__open();
	if (!c->skel)
		return -ENOMEM;
	nr = list_programs(c->skel, list);
	for (unsigned int i = 0; i < nr; i++)
		bpf_program__set_autoload(list[i].prog,
					  list[i].events & opt->events);
	bpf_program__set_autoload(c->skel->progs.on_look,
				  opt->events & EVENTS_SCHED);
	c->skel->rodata->ring_mask = c->nr_rings - 1;
	c->skel->rodata->wake_bytes = ring_bytes(opt, c->nr_rings) / 2;
	err = ktprof_bpf__load(c->skel);
	return err ? no_kernel(diag, err, "loading the BPF programs failed")
		   : 0;
}

static int add_ring(struct capture *c, u32 i, u64 bytes)
{
	int outer = bpf_map__fd(c->skel->maps.rings);
	int fd __free(fd) = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0,
					   (u32)bytes, NULL);
	struct ring *ring = &c->rings[i];

	if (fd < 0)
		return fd;
	if (bpf_map_update_elem(outer, &i, &fd, BPF_ANY))
		return -errno;
	ring->capture = c;
	ring->bytes = bytes;
	/* The reader maps the ring, which keeps it. */
	if (!c->reader)
		c->reader = ring_buffer__new(fd, take_record, ring, NULL);
	else if (ring_buffer__add(c->reader, fd, take_record, ring))
		return -errno;
	if (!c->reader)
		return -errno;
	(void)no_free_fd(fd); /* the reader polls it */
	return 0;
}

static int attach(struct capture *c, const struct capture_options *opt,
		  struct kt_diag *diag)
{
	struct program list[16];
	unsigned int nr = list_programs(c->skel, list);

	for (unsigned int i = 0; i < nr; i++) {
		struct bpf_link *link;

		if (!(list[i].events & opt->events))
			continue;
		link = bpf_program__attach(list[i].prog);
		if (!link)
			return no_kernel(diag, -errno,
					 bpf_program__name(list[i].prog));
		c->links[c->nr_links++] = link;
	}
	return 0;
}

/* A power of two, no more than asked for, and no more than CPUs can fill. */
static unsigned int nr_rings(const struct capture_options *opt)
{
	unsigned int cpus = (unsigned int)get_nprocs_conf(), nr = 1;

	while (2 * nr <= opt->nr_rings && 2 * nr <= KTPROF_MAX_RINGS &&
	       nr < cpus)
		nr *= 2;
	return nr;
}

int capture__open(const struct capture_options *opt,
		  struct capture **ret_capture, struct kt_diag *diag)
{
	struct capture *c __free(capture) = calloc(1, sizeof(*c));
	u64 bytes;
	int err;

	if (!c)
		return -ENOMEM;
	c->nr_rings = nr_rings(opt);
	c->block_budget = available_bytes() / RECORDS_SHARE;
	err = load(c, opt, diag);
	if (err)
		return err;
	bytes = ring_bytes(opt, c->nr_rings);
	for (u32 i = 0; i < c->nr_rings && !err; i++)
		err = add_ring(c, i, bytes);
	if (err)
		return no_kernel(diag, err, "making the ring buffers failed");
	err = attach(c, opt, diag);
	if (!err)
		*ret_capture = no_free_ptr(c);
	return err;
}

void capture__free(struct capture *c)
{
	if (!c)
		return;
	for (unsigned int i = 0; i < c->nr_links; i++)
		bpf_link__destroy(c->links[i]);
	ring_buffer__free(c->reader);
	ktprof_bpf__destroy(c->skel);
	for (unsigned int i = 0; i < c->nr_rings; i++)
		free(c->rings[i].records);
	while (c->blocks) {
		struct block *b = c->blocks;

		c->blocks = b->next;
		free(b);
	}
	free(c);
}

/* --- running -------------------------------------------------------------- */

/* What runs now will not say so until it stops: ask each CPU that is online. */
static void look(struct capture *c)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .flags = BPF_F_TEST_RUN_ON_CPU);
	int fd = bpf_program__fd(c->skel->progs.on_look);

	for (int cpu = 0; fd >= 0 && cpu < get_nprocs_conf(); cpu++) {
		opts.cpu = (u32)cpu;
		(void)bpf_prog_test_run_opts(fd, &opts);
	}
}

static int wait_ms(u64 now_ns, u64 end_ns)
{
	static const u64 longest_ms = 1000;

	if (end_ns <= now_ns)
		return 0;
	/* Rounded up: ending early is worse than late. */
	return (int)KT_MIN((end_ns - now_ns) / NSEC_PER_MSEC + 1, longest_ms);
}

static void tell_ready(int fd)
{
	if (fd < 0)
		return;
	/* Nobody may be listening; that is no reason not to record. */
	(void)fd__write_all(fd, "r", 1);
	close(fd);
}

int capture__run(struct capture *c, u64 ms, int ready_fd,
		 const volatile bool *stop, struct kt_diag *diag)
{
	u64 until_ns, now_ns;
	int n = 0;

	c->start_ns = kt_now_ns();
	until_ns = ms ? c->start_ns + ms * NSEC_PER_MSEC : ~(u64)0;
	c->skel->bss->recording = true;
	look(c);
	tell_ready(ready_fd);
	while (!*stop && (now_ns = kt_now_ns()) < until_ns && n >= 0) {
		n = ring_buffer__poll(c->reader, wait_ms(now_ns, until_ns));
		if (n == -EINTR)
			n = 0;
	}
	c->end_ns = kt_now_ns();
	c->skel->bss->recording = false;
	if (n >= 0)
		n = ring_buffer__consume(c->reader);
	return n < 0 ? diag__fail(diag, n, "reading the ring buffers: %s",
				  strerror(-n))
		     : 0;
}

unsigned int capture__nr_rings(const struct capture *c)
{
	return c->nr_rings;
}

const struct ring *capture__ring(const struct capture *c, unsigned int i)
{
	return &c->rings[i];
}

struct trace_ring capture__stats(const struct capture *c, unsigned int i)
{
	return (struct trace_ring){
		.bytes = c->rings[i].bytes,
		.bytes_written = c->skel->bss->taken_bytes[i],
		.lost_events =
			c->skel->bss->lost_events[i] + c->rings[i].no_memory,
	};
}

void capture__window(const struct capture *c, u64 *ret_start_ns,
		     u64 *ret_end_ns)
{
	*ret_start_ns = c->start_ns;
	*ret_end_ns = c->end_ns;
}
