/* SPDX-License-Identifier: GPL-2.0 */
/* u64 to u64, growing; hash table with open addressing. Zeroed is empty. */
#ifndef LIB_PERFETTO_MAP_H
#define LIB_PERFETTO_MAP_H

#include <ktstr/base.h>

struct map {
	struct map_slot *slots;
	size_t cap, used;
};

/** map__get - the value of @key; NULL: none. Valid until the next map__put */
u64 *map__get(const struct map *map, u64 key);
/** map__put - set or replace; Return: 0 or -ENOMEM */
int map__put(struct map *map, u64 key, u64 value);
void map__fini(struct map *map);

#endif /* LIB_PERFETTO_MAP_H */
