// SPDX-License-Identifier: GPL-2.0
/*
 * Hazard pointers as proposed for the kernel: Boqun Feng, September 2024; Mathieu Desnoyers, to
 * February 2026, with slots per CPU; 28 patches of September 2026. The full barrier is the get's.
 *
 * Promise: an unload does not fail; it waits for those who hold one of its objects, for no grace
 * period, and a signal ends the wait. A CPU has four slots, and a fifth get at once is refused,
 * where the proposal has slots of users besides.
 *
 * Ordering: see hazptr.h. The compare-and-swap that takes the slot is the barrier as well.
 */
#include "hazptr.h"

static __always_inline bool hazptr_take(struct refcost_object *obj, struct refcost_object ***slot)
{
	struct refcost_object *none = NULL;

	*slot = raw_cpu_ptr(&refcost_hazptr_cpu)->slot;
	if (likely(try_cmpxchg(*slot, &none, obj)))
		return true;
	*slot = hazptr_take_other(obj);
	return *slot;
}

#define get_hazptr(obj, w)	hazptr_get(obj, hazptr_take, &place)
#define put_hazptr(obj, w)	hazptr_put(place)
#define find_get_hazptr(id, w)	hazptr_find_get(id, hazptr_take, &place)
#define find_put_hazptr(obj, w) hazptr_put(place)

REFCOST_LOOP_GETPUT(hazptr)
REFCOST_LOOP_LOOKUP(hazptr)

static int hazptr_gate(struct refcost_owner *owner)
{
	hazptr_unlink(owner);
	smp_mb(); /* pairs with the one in hazptr_take() */
	return hazptr_wait(owner);
}

REFCOST_SCHEME(hazptr, GATE, section, "a hazard pointer per CPU, full barrier in the get",
	       "Boqun Feng, Sep 2024; Mathieu Desnoyers, Feb 2026, not merged",
	       "gate waits for those who hold the objects, no grace period",
	       REFCOST_SCHEME_LOOPS(hazptr), HAZPTR_MEMBERS, .gate = hazptr_gate);
