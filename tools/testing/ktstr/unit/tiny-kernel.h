/* SPDX-License-Identifier: GPL-2.0 */
/* Kernels of a few instructions, in assembly, for machines of unit tests. */
#ifndef UNIT_TINY_KERNEL_H
#define UNIT_TINY_KERNEL_H

#include <ktstr/base.h>

/*
 * Entered at their first byte in 64-bit mode with the first 4 GiB mapped.
 * Ports: 0x3f8 COM1, 0x600 sleep control (0x34: enter S5), 0x602 reset.
 */
#define GUEST(name, code)                                       \
	extern const u8 guest_##name[];                         \
	extern const u8 guest_##name##_end[];                   \
	__asm__(".pushsection .rodata\n"                        \
		"guest_" #name ":\n" code "\n1: hlt\n jmp 1b\n" \
		"guest_" #name "_end:\n"                        \
		".byte 0\n.popsection")

#define OUTB(port, val) \
	"mov $" #port ", %dx\n mov $" #val ", %al\n out %al, %dx\n"
#define POWEROFF OUTB(0x600, 0x34)

#define TINY_KERNEL_PATH_SIZE 32

/** tiny_kernel__write - a vmlinux with one segment that holds @code */
void tiny_kernel__write(char path[TINY_KERNEL_PATH_SIZE], const u8 *code,
			size_t len);

/** tiny_kernel__need_kvm - skip the running test where there is no KVM */
void tiny_kernel__need_kvm(void);

#endif /* UNIT_TINY_KERNEL_H */
