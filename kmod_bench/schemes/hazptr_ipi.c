// SPDX-License-Identifier: GPL-2.0
/*
 * hazptr with the barrier on the side that unloads, as membarrier(2) has it: a get orders its store
 * and its second look for the compiler alone, and an unload interrupts every CPU.
 *
 * Promise: as hazptr. Every unload interrupts all CPUs, those that use none of its objects too.
 *
 * Ordering: see hazptr.h. A CPU that is interrupted has either stored into the slot, which the
 * barrier makes visible, or will look at the pointer later and find it cleared. The interrupts are
 * over before the slots are read.
 */
#include <linux/preempt.h>
#include <linux/smp.h>

#include "hazptr.h"

/*
 * With preemption off nobody else takes a free slot of this CPU, and the store needs no lock. A
 * compare-and-swap without one would do so too, but writes a taken slot back, which its user may be
 * clearing on another CPU.
 */
static __always_inline bool hazptr_ipi_take(struct refcost_object *obj,
					    struct refcost_object ***slot)
{
	bool taken;

	preempt_disable();
	*slot = this_cpu_ptr(&refcost_hazptr_cpu)->slot;
	taken = !READ_ONCE(**slot);
	if (likely(taken))
		WRITE_ONCE(**slot, obj);
	preempt_enable();
	barrier(); /* see above: pairs with the interrupt of the gate */
	if (likely(taken))
		return true;
	*slot = hazptr_take_other(obj);
	return *slot;
}

#define get_hazptr_ipi(obj, w)	    hazptr_get(obj, hazptr_ipi_take, &place)
#define put_hazptr_ipi(obj, w)	    hazptr_put(place)
#define find_get_hazptr_ipi(id, w)  hazptr_find_get(id, hazptr_ipi_take, &place)
#define find_put_hazptr_ipi(obj, w) hazptr_put(place)

REFCOST_LOOP_GETPUT(hazptr_ipi)
REFCOST_LOOP_LOOKUP(hazptr_ipi)

static void hazptr_ipi_barrier(void *unused)
{
	smp_mb(); /* pairs with the barrier() of a get that it interrupts */
}

static int hazptr_ipi_gate(struct refcost_owner *owner)
{
	hazptr_unlink(owner);
	on_each_cpu(hazptr_ipi_barrier, NULL, 1);
	return hazptr_wait(owner);
}

REFCOST_SCHEME(hazptr_ipi, GATE, section, "a hazard pointer per CPU, the unload interrupts all",
	       "hazptr with the barrier of membarrier",
	       "gate interrupts all CPUs, waits for those who hold the objects",
	       REFCOST_SCHEME_LOOPS(hazptr_ipi), HAZPTR_MEMBERS, .gate = hazptr_ipi_gate);
