// SPDX-License-Identifier: GPL-2.0
/*
 * The device table and the walks over it. The machine realizes and
 * unrealizes; vCPU threads route exits through devs__access(), the main loop
 * delivers input. The set does not change while vCPUs run, so the walks need
 * no lock; each device has its own.
 */
#include "vmm/dev/dev.h"

#define DEV(NAME, _ops, ...) extern const struct dev_ops _ops;
#include "vmm/dev/devs.def"
#undef DEV

const struct dev_desc dev_descs[DEV_NR] = {
#define DEV(NAME, _ops, _bus, _base, _size, _gsi, _arg, _hid, _help) \
	[DEV_##NAME] = {                                             \
		.id = DEV_##NAME,                                    \
		.name = #NAME,                                       \
		.ops = &_ops,                                        \
		.bus = _bus,                                         \
		.base = _base,                                       \
		.size = _size,                                       \
		.gsi = _gsi,                                         \
		.arg = _arg,                                         \
		.hid = _hid,                                         \
		.help = _help,                                       \
	},
#include "vmm/dev/devs.def"
#undef DEV
};

/*
 * Two rows with one interrupt carry into the next bit when summed, so the sum
 * of the bits differs from their union. That address ranges do not overlap is
 * a unit test: it takes a loop over pairs.
 */
#define GSI_BIT(gsi) ((gsi) ? 1ULL << ((gsi)&63) : 0)
_Static_assert(
#define DEV(NAME, ops, bus, base, size, gsi, ...) GSI_BIT(gsi) +
#include "vmm/dev/devs.def"
#undef DEV
	0 == (
#define DEV(NAME, ops, bus, base, size, gsi, ...) GSI_BIT(gsi) |
#include "vmm/dev/devs.def"
#undef DEV
		     0),
	"devs.def: two devices with one interrupt");

void dev_lock__init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	(void)pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

int devs__realize_table(struct dev_set *set, const struct dev_desc *table,
			unsigned int nr, const struct dev_host *host,
			struct kt_diag *diag)
{
	*set = (struct dev_set){ .host = *host };
	for (; set->nr < nr; set->nr++) {
		struct dev *dev = &set->dev[set->nr];
		int err;

		dev->desc = &table[set->nr];
		dev->host = &set->host;
		err = dev->desc->ops->realize(dev, diag);
		if (err) {
			err = diag__context(diag, err, "device %s",
					    dev->desc->name);
			devs__unrealize(set);
			return err;
		}
	}
	return 0;
}

int devs__realize(struct dev_set *set, const struct dev_host *host,
		  struct kt_diag *diag)
{
	return devs__realize_table(set, dev_descs, DEV_NR, host, diag);
}

void devs__unrealize(struct dev_set *set)
{
	while (set->nr) {
		struct dev *dev = &set->dev[--set->nr];

		dev->desc->ops->unrealize(dev);
	}
}

void devs__flush(struct dev_set *set)
{
	for (unsigned int i = 0; i < set->nr; i++) {
		struct dev *dev = &set->dev[i];

		if (dev->desc->ops->flush)
			dev->desc->ops->flush(dev);
	}
}

static struct dev *find_dev(struct dev_set *set, enum dev_bus bus, u64 addr,
			    unsigned int len)
{
	for (unsigned int i = 0; i < set->nr; i++) {
		const struct dev_desc *d = set->dev[i].desc;

		if (d->bus == bus && addr - d->base < d->size &&
		    len <= d->size - (addr - d->base))
			return &set->dev[i];
	}
	return NULL;
}

bool devs__access(struct dev_set *set, enum dev_bus bus, u64 addr, void *data,
		  unsigned int len, bool write)
{
	struct dev *dev = find_dev(set, bus, addr, len);

	if (!dev) {
		if (!write)
			memset(data, 0xff, len);
		return false;
	}
	if (write)
		dev->desc->ops->write(dev, addr - dev->desc->base, data, len);
	else
		dev->desc->ops->read(dev, addr - dev->desc->base, data, len);
	return true;
}

int devs__input(struct dev_set *set, enum vm_stream stream, const void *buf,
		size_t len)
{
	for (unsigned int i = 0; i < set->nr; i++) {
		struct dev *dev = &set->dev[i];
		int err = -ENODEV;

		if (dev->desc->ops->input)
			err = dev->desc->ops->input(dev, stream, buf, len);
		if (err != -ENODEV)
			return err;
	}
	return -ENODEV;
}
