// SPDX-License-Identifier: GPL-2.0
/*
 * The host's topology from sysfs (Documentation/ABI/stable/sysfs-devices-
 * system-cpu and -node). For `ktstr topo --host` and for whoever plans which
 * CPUs a machine gets. Reads files only; one thread per object.
 *
 * Containers and odd kernels leave out files, so all but the list of online
 * CPUs may be missing. What is there is not trusted either: groups never
 * overlap and hold online CPUs only, whatever the files say.
 */
#include <ktstr/host-topology.h>

#include <limits.h>
#include <stdarg.h>

#include <ktstr/fd.h>

#define SYSFS_FILE_MAX KIB(256)
#define MAX_CACHES 16u
#define MAX_NODES 1024u /* the kernel's largest NODES_SHIFT is 10 */

/* Where a file is missing the caller has a rule, so errors need no text. */
static int read_text(char **ret_text, const char *fmt, ...) __printf_like(2, 3);

static int read_text(char **ret_text, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	return fd__read_file(path, SYSFS_FILE_MAX, ret_text, NULL);
}

static struct host_cpu *find_cpu(const struct host_topology *host,
				 unsigned int cpu)
{
	for (unsigned int i = 0; i < host->nr_cpus; i++)
		if (host->cpu[i].cpu == cpu)
			return &host->cpu[i];
	return NULL;
}

static int read_online(const char *sysfs, struct host_topology *host,
		       struct cpuset *ret_online, struct kt_diag *diag)
{
	char *text __free(ptr) = NULL;
	unsigned int cpu, n = 0;
	int err = read_text(&text, "%s/devices/system/cpu/online", sysfs);

	if (err)
		return diag__fail(diag, err,
				  "%s/devices/system/cpu/online: %s; is sysfs "
				  "mounted?",
				  sysfs, strerror(-err));
	err = cpulist__parse(text, ret_online, diag);
	if (!err && !cpuset__count(ret_online))
		err = diag__fail(diag, -EINVAL, "no CPU is online");
	if (err)
		return diag__context(diag, err, "%s/devices/system/cpu/online",
				     sysfs);
	host->cpu = calloc(cpuset__count(ret_online), sizeof(*host->cpu));
	if (!host->cpu)
		return diag__fail(diag, -ENOMEM, "out of memory");
	cpuset__for_each(cpu, ret_online)
	{
		host->cpu[n++] = (struct host_cpu){ .cpu = cpu,
						    .core = cpu,
						    .llc = UINT_MAX };
	}
	host->nr_cpus = n;
	return 0;
}

/* CPUs of the largest data or unified cache of @cpu; false: not described. */
static bool read_llc_cpus(const char *sysfs, unsigned int cpu,
			  struct cpuset *ret_cpus)
{
	unsigned long best = 0;

	for (unsigned int i = 0; i < MAX_CACHES; i++) {
		char *level __free(ptr) = NULL, *list __free(ptr) = NULL;
		unsigned long value;

		if (read_text(&level,
			      "%s/devices/system/cpu/cpu%u/cache/index%u/level",
			      sysfs, cpu, i))
			break;
		value = strtoul(level, NULL, 10);
		if (value <= best ||
		    read_text(&list,
			      "%s/devices/system/cpu/cpu%u/cache/index%u/"
			      "shared_cpu_list",
			      sysfs, cpu, i))
			continue;
		cpulist__parse_lenient(list, ret_cpus);
		best = value;
	}
	return best > 0;
}

static void set_llc(struct host_topology *host, const struct cpuset *cpus)
{
	for (unsigned int i = 0; i < host->nr_cpus; i++)
		if (host->cpu[i].llc == UINT_MAX &&
		    cpuset__has(cpus, host->cpu[i].cpu))
			host->cpu[i].llc = host->nr_llcs;
	host->nr_llcs++;
}

static void read_llcs(const char *sysfs, struct host_topology *host)
{
	struct cpuset unknown = { 0 };

	for (unsigned int i = 0; i < host->nr_cpus; i++) {
		struct host_cpu *c = &host->cpu[i];
		struct cpuset cpus = { 0 };

		if (c->llc != UINT_MAX)
			continue;
		if (!read_llc_cpus(sysfs, c->cpu, &cpus)) {
			cpuset__add(&unknown, c->cpu);
			continue;
		}
		cpuset__add(&cpus, c->cpu);
		set_llc(host, &cpus);
	}
	for (unsigned int i = 0; i < host->nr_cpus; i++)
		if (host->cpu[i].llc == UINT_MAX) {
			set_llc(host, &unknown);
			break;
		}
}

static void read_cores(const char *sysfs, struct host_topology *host)
{
	struct cpuset done = { 0 };

	for (unsigned int i = 0; i < host->nr_cpus; i++) {
		unsigned int cpu = host->cpu[i].cpu;
		char *text __free(ptr) = NULL;
		struct cpuset siblings;

		if (cpuset__has(&done, cpu) ||
		    read_text(&text,
			      "%s/devices/system/cpu/cpu%u/topology/"
			      "thread_siblings_list",
			      sysfs, cpu))
			continue;
		cpulist__parse_lenient(text, &siblings);
		for (unsigned int k = i + 1; k < host->nr_cpus; k++) {
			unsigned int other = host->cpu[k].cpu;

			if (!cpuset__has(&siblings, other) ||
			    cpuset__has(&done, other))
				continue;
			host->cpu[k].core = cpu;
			cpuset__add(&done, other);
		}
	}
}

u64 host_meminfo_kib(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *at = text; (at = strstr(at, key)); at += len)
		if (at > text && at[-1] == ' ' && at[len] == ':')
			return strtoull(at + len + 1, NULL, 10);
	return 0;
}

static u64 read_node_memory(const char *sysfs, unsigned int id)
{
	char *text __free(ptr) = NULL;

	if (read_text(&text, "%s/devices/system/node/node%u/meminfo", sysfs,
		      id))
		return 0;
	return host_meminfo_kib(text, "MemTotal");
}

static void read_node_cpus(const char *sysfs, struct host_topology *host,
			   unsigned int node)
{
	char *text __free(ptr) = NULL;
	struct cpuset cpus;
	unsigned int cpu;

	if (read_text(&text, "%s/devices/system/node/node%u/cpulist", sysfs,
		      host->node[node].id))
		return;
	cpulist__parse_lenient(text, &cpus);
	cpuset__for_each(cpu, &cpus)
	{
		struct host_cpu *c = find_cpu(host, cpu);

		if (c)
			c->node = node;
	}
}

/* "10 21", a value per online node; what is missing keeps its default. */
static void read_distances(const char *sysfs, struct host_topology *host,
			   unsigned int node)
{
	char *text __free(ptr) = NULL;
	char *at;

	if (read_text(&text, "%s/devices/system/node/node%u/distance", sysfs,
		      host->node[node].id))
		return;
	at = text;
	for (unsigned int i = 0; i < host->nr_nodes; i++) {
		char *end;
		unsigned long value = strtoul(at, &end, 10);

		if (end == at || value > UINT8_MAX)
			return;
		host->distance[node * host->nr_nodes + i] = (u8)value;
		at = end;
	}
}

static int alloc_nodes(struct host_topology *host, const struct cpuset *ids,
		       struct kt_diag *diag)
{
	unsigned int nr = cpuset__count(ids), id, n = 0;

	host->node = calloc(nr, sizeof(*host->node));
	host->distance = malloc((size_t)nr * nr);
	if (!host->node || !host->distance)
		return diag__fail(diag, -ENOMEM, "out of memory");
	host->nr_nodes = nr;
	cpuset__for_each(id, ids)
	{
		host->node[n++].id = id;
	}
	for (unsigned int a = 0; a < nr; a++)
		for (unsigned int b = 0; b < nr; b++)
			host->distance[a * nr + b] =
				a == b ? TOPO_DISTANCE_LOCAL
				       : TOPO_DISTANCE_REMOTE;
	return 0;
}

static int read_nodes(const char *sysfs, struct host_topology *host,
		      struct kt_diag *diag)
{
	char *text __free(ptr) = NULL;
	struct cpuset ids = { 0 };
	int err;

	/* Lists of nodes and of CPUs look the same. */
	if (!read_text(&text, "%s/devices/system/node/online", sysfs))
		cpulist__parse_lenient(text, &ids);
	if (!cpuset__count(&ids) || cpuset__count(&ids) > MAX_NODES) {
		ids = (struct cpuset){ 0 };
		cpuset__add(&ids, 0);
		host->no_nodes = true;
	}
	err = alloc_nodes(host, &ids, diag);
	for (unsigned int i = 0; !err && i < host->nr_nodes; i++) {
		host->node[i].memory_kib =
			read_node_memory(sysfs, host->node[i].id);
		read_node_cpus(sysfs, host, i);
		read_distances(sysfs, host, i);
	}
	return err;
}

int host_topology__read(const char *sysfs, struct host_topology *ret_host,
			struct kt_diag *diag)
{
	struct host_topology host __free(host_topology) = { 0 };
	struct cpuset online;
	int err = read_online(sysfs, &host, &online, diag);

	if (err)
		return err;
	read_llcs(sysfs, &host);
	read_cores(sysfs, &host);
	err = read_nodes(sysfs, &host, diag);
	if (err)
		return err;
	*ret_host = host;
	host = (struct host_topology){ 0 };
	return 0;
}

void host_topology__fini(struct host_topology *host)
{
	free(host->cpu);
	free(host->node);
	free(host->distance);
	*host = (struct host_topology){ 0 };
}

unsigned int host_topology__node_of_llc(const struct host_topology *host,
					unsigned int llc)
{
	unsigned int best = 0, most = 0;

	for (unsigned int node = 0; node < host->nr_nodes; node++) {
		unsigned int n = 0;

		for (unsigned int i = 0; i < host->nr_cpus; i++)
			n += host->cpu[i].llc == llc &&
			     host->cpu[i].node == node;
		if (n > most) {
			best = node;
			most = n;
		}
	}
	return best;
}

struct topo_capacity host_topology__capacity(const struct host_topology *host)
{
	struct topo_capacity cap = { .cpus = host->nr_cpus,
				     .llcs = host->nr_llcs };

	for (unsigned int llc = 0; llc < host->nr_llcs; llc++) {
		unsigned int n = 0;

		for (unsigned int i = 0; i < host->nr_cpus; i++)
			n += host->cpu[i].llc == llc;
		cap.cpus_per_llc = KT_MAX(cap.cpus_per_llc, n);
	}
	return cap;
}
