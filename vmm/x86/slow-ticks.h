/* SPDX-License-Identifier: GPL-2.0 */
/* Rarer ticks while a machine boots on too few CPUs; see slow-ticks.c. */
#ifndef VMM_X86_SLOW_TICKS_H
#define VMM_X86_SLOW_TICKS_H

#include "vmm/vm-priv.h"

/** slow_ticks__begin - if this machine needs it; before any vCPU */
void slow_ticks__begin(struct vm *vm, unsigned int nr_cpus);

/** slow_ticks__end - timers are exact from now on; any thread, any time */
void slow_ticks__end(struct vm *vm);

/** slow_ticks__write - @vcpu's own thread: it sets its timer to @deadline */
void slow_ticks__write(struct vcpu *vcpu, u64 deadline);

#endif /* VMM_X86_SLOW_TICKS_H */
