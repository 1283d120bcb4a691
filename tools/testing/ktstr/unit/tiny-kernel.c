// SPDX-License-Identifier: GPL-2.0
/* See tiny-kernel.h; linked into every unit test. */
#include "tools/testing/ktstr/unit/tiny-kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <elf.h>
#include <fcntl.h>

#include "tools/testing/ktstr/unit/skip.h"
#include "vmm/kvm.h"

#define LOAD_ADDR MIB(16)

void tiny_kernel__write(char path[TINY_KERNEL_PATH_SIZE], const u8 *code,
			size_t len)
{
	struct {
		Elf64_Ehdr eh;
		Elf64_Phdr ph;
	} h = {
		.eh = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64,
				     ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_entry = LOAD_ADDR,
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1,
		},
		.ph = {
			.p_type = PT_LOAD,
			.p_offset = 4096,
			.p_vaddr = LOAD_ADDR,
			.p_paddr = LOAD_ADDR,
			.p_filesz = len,
			.p_memsz = len + 4096,
			.p_flags = PF_R | PF_W | PF_X,
		},
	};
	int fd;

	strcpy(path, "/tmp/ktstr-vmlinux-XXXXXX");
	fd = mkostemp(path, O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &h, sizeof(h), 0), sizeof(h));
	assert_int_equal(pwrite(fd, code, len, 4096), len);
	close(fd);
}

void tiny_kernel__need_kvm(void)
{
	int fd;

	if (kvm__open(KVM_DEVICE, &fd, NULL))
		SKIP("no usable " KVM_DEVICE " here");
	close(fd);
}
