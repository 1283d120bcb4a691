/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The dialect every file of this tree is written in: fixed-width integers,
 * scope-based cleanup, a few arithmetic helpers. Includes libc only.
 */
#ifndef KTSTR_BASE_H
#define KTSTR_BASE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define KIB(n) ((u64)(n) << 10)
#define MIB(n) ((u64)(n) << 20)
#define GIB(n) ((u64)(n) << 30)

#define NSEC_PER_USEC ((u64)1000)
#define NSEC_PER_MSEC ((u64)1000000)
#define NSEC_PER_SEC ((u64)1000000000)

/* sys/param.h and the kernel's selftest headers bring the same macro. */
#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#endif

#define KT_ALIGN_UP(x, a) (((x) + ((a)-1)) & ~((__typeof__(x))(a)-1))
#define KT_ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define KT_MIN(a, b) ((a) < (b) ? (a) : (b))
#define KT_MAX(a, b) ((a) > (b) ? (a) : (b))

#define __printf_like(fmt, args) __attribute__((format(printf, fmt, args)))
#define __maybe_unused __attribute__((unused))

#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/*
 * Scope-based cleanup in the kernel's words (include/linux/cleanup.h): a
 * variable declared __free(name) is released by DEFINE_FREE's expression at
 * scope exit unless ownership left through no_free_ptr() or no_free_fd().
 */
#define DEFINE_FREE(name, type, expr)                            \
	static inline __maybe_unused void __free_##name(void *p) \
	{                                                        \
		type _T = *(type *)p;                            \
		expr;                                            \
	}

#define __free(name) __attribute__((cleanup(__free_##name)))

#define no_free_ptr(p)                     \
	({                                 \
		__typeof__(p) __val = (p); \
		(p) = NULL;                \
		__val;                     \
	})

#define no_free_fd(fd)            \
	({                        \
		int __val = (fd); \
		(fd) = -1;        \
		__val;            \
	})

DEFINE_FREE(ptr, void *, free(_T))
DEFINE_FREE(fd, int, if (_T >= 0) close(_T))
DEFINE_FREE(file, FILE *, if (_T) fclose(_T))

#endif /* KTSTR_BASE_H */
