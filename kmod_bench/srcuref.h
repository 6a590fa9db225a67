/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the schemes with an srcu_struct share: who is still inside.
 */
#ifndef REFCOST_SRCUREF_H
#define REFCOST_SRCUREF_H

#include <linux/cpumask.h>
#include <linux/srcu.h>

#include "core.h"

/*
 * Readers that are inside, with all workers out. The fault that loses one must not leave a grace
 * period behind that never ends.
 */
static inline s64 srcu_readers(struct srcu_struct *srcu)
{
	s64 readers[2] = {}, i;
	int cpu, idx;

	for (idx = 0; idx < 2; idx++) {
		for_each_possible_cpu(cpu)
			readers[idx] += refcost_srcu_readers(per_cpu_ptr(srcu->sda, cpu), idx);
		for (i = 0; refcost_fault(LOSE_ONE) && i < readers[idx]; i++)
			__srcu_read_unlock(srcu, idx);
	}
	return readers[0] + readers[1];
}

#endif
