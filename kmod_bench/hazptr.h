/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hazard pointers: a user writes the pointer to its object into a slot of the CPU that it is on,
 * and reads the pointer again from where it found it. An unload clears the pointers and waits until
 * no slot holds one of the objects: for their users, and for nobody else.
 *
 * Users find objects in a table of pointers by id, without a lock. A slot belongs to its user until
 * that user clears it, from whichever CPU. A get is refused where all slots of a CPU are taken.
 *
 * Ordering: between a get's store into the slot and its second look at the pointer stands a full
 * barrier; or only the compiler's, and then the unload interrupts every CPU. The unload clears the
 * pointer, executes a full barrier, or has all CPUs execute one, and reads the slots. So one of
 * them sees the other: either the unload finds the slot taken, or the get finds the pointer
 * cleared. A slot is cleared with release and read with acquire, so the use is over by then.
 */
#ifndef REFCOST_HAZPTR_H
#define REFCOST_HAZPTR_H

#include <linux/atomic.h>
#include <linux/percpu.h>

#include "core.h"
#include "loop.h"

#define HAZPTR_SLOTS 4

/* The first slot is the one that gets try without a call. */
struct hazptr_cpu {
	struct refcost_object *slot[HAZPTR_SLOTS];
};

DECLARE_PER_CPU_ALIGNED(struct hazptr_cpu, refcost_hazptr_cpu);
extern struct refcost_object **refcost_hazptr_table;

/* Put an object into a slot, and say into which; false: none is free. */
typedef bool (*hazptr_take_fn)(struct refcost_object *obj, struct refcost_object ***slot);

struct refcost_object **hazptr_take_other(struct refcost_object *obj);

/* The object is in the slot; is it still where it was found? */
static __always_inline bool hazptr_keep(u32 id, struct refcost_object *obj,
					struct refcost_object **slot)
{
	if (likely(READ_ONCE(refcost_hazptr_table[id]) == obj))
		return true;
	smp_store_release(slot, NULL);
	return false;
}

static __always_inline bool hazptr_get(struct refcost_object *obj, hazptr_take_fn take,
				       void **place)
{
	struct refcost_object **slot;

	if (unlikely(!take(obj, &slot)))
		return false;
	*place = slot;
	return hazptr_keep(obj->id, obj, slot);
}

/* The object must not be looked into before it is known to be kept. */
static __always_inline struct refcost_object *hazptr_find_get(u32 id, hazptr_take_fn take,
							      void **place)
{
	struct refcost_object **table = READ_ONCE(refcost_hazptr_table), **slot, *obj;

	obj = likely(table) ? READ_ONCE(table[id]) : NULL;
	if (!obj || unlikely(!take(obj, &slot)))
		return NULL;
	*place = slot;
	return hazptr_keep(id, obj, slot) ? obj : NULL;
}

static __always_inline void hazptr_put(void *place)
{
	struct refcost_object **slot = place;

	smp_store_release(slot, NULL);
}

int hazptr_bind(struct refcost_owner *owner);
void hazptr_unbind(struct refcost_owner *owner);
s64 hazptr_balance(struct refcost_owner *owner);
const void *hazptr_counter(struct refcost_worker *w);
void hazptr_unlink(struct refcost_owner *owner);
void hazptr_link(struct refcost_owner *owner);
int hazptr_wait(struct refcost_owner *owner);

/* The members of struct refcost_scheme that both forms share. */
#define HAZPTR_MEMBERS                                                           \
	.bind = hazptr_bind, .unbind = hazptr_unbind, .balance = hazptr_balance, \
	.counter = hazptr_counter, .ungate = hazptr_link, .unlink = hazptr_unlink

#endif
