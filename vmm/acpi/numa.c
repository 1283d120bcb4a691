// SPDX-License-Identifier: GPL-2.0
/*
 * ACPI tables about NUMA: which node CPUs and memory belong to (SRAT), how far
 * nodes are from each other (SLIT), how fast their memory is (HMAT). Called
 * once per machine by acpi__build(). Section numbers are ACPI 6.5's.
 *
 * Proximity domains are our node numbers. Linux counts its nodes in the order
 * in which the SRAT names domains, CPUs before memory; both ascend here.
 */
#include "vmm/acpi/table.h"

#define SRAT_MEMORY 1u
#define SRAT_X2APIC 2u
#define SRAT_ENABLED 1u

#define HMAT_PROXIMITY 0u
#define HMAT_LOCALITY 1u
#define HMAT_MEM_CACHE 2u
#define HMAT_INITIATOR_VALID 1u
#define HMAT_ACCESS_LATENCY 0u
#define HMAT_ACCESS_BANDWIDTH 3u
#define HMAT_LATENCY_UNIT_PS 1000u
#define HMAT_BANDWIDTH_UNIT_MBS 100u

struct acpi_srat {
	struct acpi_header head;
	u32 one; /* the table's revision 1 had a meaning here */
	u64 reserved;
} __attribute__((packed));

struct srat_x2apic { /* 5.2.16.3 */
	u8 type, length;
	u16 reserved;
	u32 domain, x2apic_id, flags, clock_domain, reserved2;
} __attribute__((packed));

struct srat_memory { /* 5.2.16.2 */
	u8 type, length;
	u32 domain;
	u16 reserved;
	u64 base, len;
	u32 reserved2, flags;
	u64 reserved3;
} __attribute__((packed));

_Static_assert(sizeof(struct acpi_srat) == 48, "SRAT");
_Static_assert(sizeof(struct srat_x2apic) == 24, "SRAT");
_Static_assert(sizeof(struct srat_memory) == 40, "SRAT");

struct acpi_slit {
	struct acpi_header head;
	u64 nr;
	u8 distance[];
} __attribute__((packed));

struct acpi_hmat {
	struct acpi_header head;
	u32 reserved;
} __attribute__((packed));

struct hmat_proximity { /* 5.2.28.3 */
	u16 type, reserved;
	u32 length;
	u16 flags, reserved2;
	u32 initiator, memory, reserved3;
	u64 reserved4, reserved5;
} __attribute__((packed));

struct hmat_locality { /* 5.2.28.4; domains and values follow */
	u16 type, reserved;
	u32 length;
	u8 flags, data_type, min_transfer, reserved2;
	u32 nr_initiators, nr_targets, reserved3;
	u64 base_unit;
} __attribute__((packed));

struct hmat_mem_cache { /* 5.2.28.5 */
	u16 type, reserved;
	u32 length;
	u32 memory, reserved2;
	u64 size;
	u32 attributes;
	u16 reserved3, nr_smbios;
} __attribute__((packed));

_Static_assert(sizeof(struct acpi_hmat) == 40, "HMAT");
_Static_assert(sizeof(struct hmat_proximity) == 40, "HMAT");
_Static_assert(sizeof(struct hmat_locality) == 32, "HMAT");
_Static_assert(sizeof(struct hmat_mem_cache) == 32, "HMAT");

/* Nodes that have CPUs, and those that have memory. */
struct domains {
	u32 initiator[TOPO_MAX_NODES], target[TOPO_MAX_NODES];
	u32 nr_initiators, nr_targets;
};

static bool has_memory(const struct acpi_params *p, unsigned int node)
{
	for (unsigned int i = 0; i < p->gm->nr_slots; i++)
		if (p->gm->slot[i].node == node)
			return true;
	return false;
}

static void find_domains(const struct acpi_params *p, struct domains *d)
{
	*d = (struct domains){ .nr_initiators = 0 };
	for (unsigned int i = 0; i < p->topo->numa_nodes; i++) {
		if (!topo__is_memory_only(p->topo, i))
			d->initiator[d->nr_initiators++] = i;
		if (has_memory(p, i))
			d->target[d->nr_targets++] = i;
	}
}

static u8 *put(u8 *at, const void *p, size_t len)
{
	memcpy(at, p, len);
	return at + len;
}

int acpi__srat(struct acpi_builder *b, const struct acpi_params *p,
	       u64 *ret_gpa)
{
	unsigned int cpus = topo__nr_cpus(p->topo);
	size_t len = sizeof(struct acpi_srat) +
		     cpus * sizeof(struct srat_x2apic) +
		     p->gm->nr_slots * sizeof(struct srat_memory);
	struct acpi_srat *s = acpi_builder__alloc(b, len, ret_gpa);
	u8 *at;

	if (!s)
		return -ENOSPC;
	s->one = 1;
	at = (u8 *)(s + 1);
	for (unsigned int i = 0; i < cpus; i++) {
		struct srat_x2apic e = {
			.type = SRAT_X2APIC,
			.length = sizeof(e),
			.domain = topo__node_of_cpu(p->topo, i),
			.x2apic_id = topo__apic_id(p->topo, i),
			.flags = SRAT_ENABLED,
		};

		at = put(at, &e, sizeof(e));
	}
	for (unsigned int i = 0; i < p->gm->nr_slots; i++) {
		struct srat_memory e = {
			.type = SRAT_MEMORY,
			.length = sizeof(e),
			.domain = p->gm->slot[i].node,
			.base = p->gm->slot[i].gpa,
			.len = p->gm->slot[i].len,
			.flags = SRAT_ENABLED,
		};

		at = put(at, &e, sizeof(e));
	}
	acpi__seal(&s->head, "SRAT", 3, len);
	return 0;
}

int acpi__slit(struct acpi_builder *b, const struct acpi_params *p,
	       u64 *ret_gpa)
{
	unsigned int nodes = p->topo->numa_nodes;
	size_t len = sizeof(struct acpi_slit) + (size_t)nodes * nodes;
	struct acpi_slit *s = acpi_builder__alloc(b, len, ret_gpa);

	if (!s)
		return -ENOSPC;
	s->nr = nodes;
	for (unsigned int from = 0; from < nodes; from++)
		for (unsigned int to = 0; to < nodes; to++)
			s->distance[from * nodes + to] =
				(u8)topo__distance(p->topo, from, to);
	acpi__seal(&s->head, "SLIT", 1, len);
	return 0;
}

/* What a node's memory does for its own CPUs gets worse with distance. */
static u16 locality_value(const struct topology *t, u8 data_type,
			  unsigned int from, unsigned int to)
{
	u64 distance = topo__distance(t, from, to);
	u64 value;

	if (data_type == HMAT_ACCESS_LATENCY)
		value = topo__latency_ns(t, to) * distance /
			TOPO_DISTANCE_LOCAL;
	else
		value = (u64)topo__bandwidth_mbs(t, to) * TOPO_DISTANCE_LOCAL /
			distance / HMAT_BANDWIDTH_UNIT_MBS;
	/* 0 and 65535 mean "not given" and "cannot be reached". */
	value = KT_MAX(value, (u64)1);
	return (u16)KT_MIN(value, (u64)UINT16_MAX - 1);
}

static size_t locality_len(const struct domains *d)
{
	return sizeof(struct hmat_locality) + 4 * d->nr_initiators +
	       4 * d->nr_targets + 2 * (size_t)d->nr_initiators * d->nr_targets;
}

static u8 *put_locality(u8 *at, const struct acpi_params *p,
			const struct domains *d, u8 data_type, u64 unit)
{
	const struct hmat_locality head = {
		.type = HMAT_LOCALITY,
		.length = (u32)locality_len(d),
		.data_type = data_type,
		.nr_initiators = d->nr_initiators,
		.nr_targets = d->nr_targets,
		.base_unit = unit,
	};

	at = put(at, &head, sizeof(head));
	at = put(at, d->initiator, 4 * d->nr_initiators);
	at = put(at, d->target, 4 * d->nr_targets);
	for (u32 i = 0; i < d->nr_initiators; i++)
		for (u32 k = 0; k < d->nr_targets; k++) {
			u16 v = locality_value(p->topo, data_type,
					       d->initiator[i], d->target[k]);

			at = put(at, &v, sizeof(v));
		}
	return at;
}

static const struct topo_mem_cache *cache_of(const struct acpi_params *p,
					     u32 node)
{
	const struct topo_node *nodes = p->topo->nodes;

	return nodes && nodes[node].cache.size_kib ? &nodes[node].cache : NULL;
}

static u8 *put_mem_cache(u8 *at, const struct topo_mem_cache *c, u32 node)
{
	const struct hmat_mem_cache e = {
		.type = HMAT_MEM_CACHE,
		.length = sizeof(e),
		.memory = node,
		.size = c->size_kib << 10,
		/* One level, and this is it. */
		.attributes = 1 | 1 << 4 | (u32)c->assoc << 8 |
			      (u32)c->policy << 12 | c->line_bytes << 16,
	};

	return put(at, &e, sizeof(e));
}

static size_t hmat_len(const struct acpi_params *p, const struct domains *d)
{
	size_t len = sizeof(struct acpi_hmat) + 2 * locality_len(d);

	for (u32 i = 0; i < d->nr_targets; i++) {
		len += sizeof(struct hmat_proximity);
		if (cache_of(p, d->target[i]))
			len += sizeof(struct hmat_mem_cache);
	}
	return len;
}

int acpi__hmat(struct acpi_builder *b, const struct acpi_params *p,
	       u64 *ret_gpa)
{
	struct acpi_hmat *h;
	struct domains d;
	size_t len;
	u8 *at;

	find_domains(p, &d);
	len = hmat_len(p, &d);
	h = acpi_builder__alloc(b, len, ret_gpa);
	if (!h)
		return -ENOSPC;
	at = (u8 *)(h + 1);
	for (u32 i = 0; i < d.nr_targets; i++) {
		struct hmat_proximity e = {
			.type = HMAT_PROXIMITY,
			.length = sizeof(e),
			.flags = HMAT_INITIATOR_VALID,
			.initiator = topo__initiator(p->topo, d.target[i]),
			.memory = d.target[i],
		};

		at = put(at, &e, sizeof(e));
	}
	at = put_locality(at, p, &d, HMAT_ACCESS_LATENCY, HMAT_LATENCY_UNIT_PS);
	at = put_locality(at, p, &d, HMAT_ACCESS_BANDWIDTH,
			  HMAT_BANDWIDTH_UNIT_MBS);
	for (u32 i = 0; i < d.nr_targets; i++)
		if (cache_of(p, d.target[i]))
			at = put_mem_cache(at, cache_of(p, d.target[i]),
					   d.target[i]);
	acpi__seal(&h->head, "HMAT", 2, len);
	return 0;
}
