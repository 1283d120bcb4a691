// SPDX-License-Identifier: GPL-2.0
/* See map.h. For query and writer of traces; one thread per map. */
#include "lib/perfetto/map.h"

struct map_slot {
	u64 key, value;
	bool used;
};

/* murmur3's finalizer: each bit of the key reaches each bit of the hash. */
static u64 mix(u64 x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdull;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ull;
	return x ^ x >> 33;
}

/* The slot of @key, or the free one where it belongs. */
static struct map_slot *find(const struct map *map, u64 key)
{
	size_t i = (size_t)mix(key) & (map->cap - 1);

	while (map->slots[i].used && map->slots[i].key != key)
		i = (i + 1) & (map->cap - 1);
	return &map->slots[i];
}

u64 *map__get(const struct map *map, u64 key)
{
	struct map_slot *slot;

	if (!map->cap)
		return NULL;
	slot = find(map, key);
	return slot->used ? &slot->value : NULL;
}

static int grow(struct map *map)
{
	struct map bigger = { .cap = map->cap ? 2 * map->cap : 64,
			      .used = map->used };

	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < map->cap; i++)
		if (map->slots[i].used)
			*find(&bigger, map->slots[i].key) = map->slots[i];
	free(map->slots);
	*map = bigger;
	return 0;
}

int map__put(struct map *map, u64 key, u64 value)
{
	struct map_slot *slot;

	if (4 * map->used >= 3 * map->cap && grow(map))
		return -ENOMEM;
	slot = find(map, key);
	map->used += !slot->used;
	*slot = (struct map_slot){ key, value, true };
	return 0;
}

void map__fini(struct map *map)
{
	free(map->slots);
	*map = (struct map){ 0 };
}
