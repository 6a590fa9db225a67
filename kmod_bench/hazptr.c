// SPDX-License-Identifier: GPL-2.0
/*
 * The unload side of hazard pointers.
 */
#include "hazptr.h"

#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "lists.h"

DEFINE_PER_CPU_ALIGNED(struct hazptr_cpu, refcost_hazptr_cpu);

/*
 * By id; there from the first module that is bound until this one goes. Users look here before and
 * in between, too.
 */
struct refcost_object **refcost_hazptr_table;

/**
 * hazptr_take_other() - take any but the first slot of this CPU
 * @obj: what goes into it
 *
 * Fully ordered. Preemption need not be off.
 *
 * Return: the slot, or NULL if none is free.
 */
struct refcost_object **hazptr_take_other(struct refcost_object *obj)
{
	struct refcost_object **slot = raw_cpu_ptr(&refcost_hazptr_cpu)->slot;
	int i;

	for (i = 1; i < HAZPTR_SLOTS; i++)
		if (!cmpxchg(&slot[i], NULL, obj))
			return &slot[i];
	return NULL;
}

static void hazptr_publish(struct refcost_owner *owner, bool on)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		smp_store_release(&refcost_hazptr_table[obj->id], on ? obj : NULL);
}

/* What a slot holds may be gone: it is compared, and never followed. */
static bool hazptr_of(struct refcost_owner *owner, const struct refcost_object *held)
{
	struct refcost_object *obj;
	u32 i;

	if (!held)
		return false;
	refcost_for_each_object(owner, i, obj)
		if (obj == held)
			return true;
	return false;
}

#define hazptr_for_each_slot(cpu, slot)                                                   \
	for_each_possible_cpu(cpu)                                                        \
		for ((slot) = per_cpu_ptr(&refcost_hazptr_cpu, cpu)->slot;                \
		     (slot) < per_cpu_ptr(&refcost_hazptr_cpu, cpu)->slot + HAZPTR_SLOTS; \
		     (slot)++)

int hazptr_bind(struct refcost_owner *owner)
{
	struct refcost_object **table = refcost_hazptr_table;

	if (!table) {
		table = kvcalloc(REFCOST_BYSTANDER_ID + 1, sizeof(*table), GFP_KERNEL);
		if (!table)
			return -ENOMEM;
		smp_store_release(&refcost_hazptr_table, table);
	}
	hazptr_publish(owner, true);
	return 0;
}

/* Slots of users that did not put would keep the next owner of the memory waiting. */
void hazptr_unbind(struct refcost_owner *owner)
{
	struct refcost_object **slot;
	int cpu;

	hazptr_publish(owner, false);
	hazptr_for_each_slot(cpu, slot) if (hazptr_of(owner, *slot)) WRITE_ONCE(*slot, NULL);
}

/**
 * refcost_hazptr_exit() - give the table back, with no user left
 */
void refcost_hazptr_exit(void)
{
	kvfree(refcost_hazptr_table);
}

s64 hazptr_balance(struct refcost_owner *owner)
{
	struct refcost_object **slot;
	s64 sum = 0;
	int cpu;

	hazptr_for_each_slot(cpu, slot) sum += hazptr_of(owner, READ_ONCE(*slot));
	return sum;
}

const void *hazptr_counter(struct refcost_worker *w)
{
	return per_cpu_ptr(&refcost_hazptr_cpu, w->cpu);
}

void hazptr_unlink(struct refcost_owner *owner)
{
	spinlist_unlink(owner);
	hazptr_publish(owner, false);
}

void hazptr_link(struct refcost_owner *owner)
{
	hazptr_publish(owner, true);
	spinlist_link(owner);
}

/**
 * hazptr_wait() - wait for those who hold an object
 * @owner: whose objects; unlinked, and the barrier that belongs to the scheme is executed
 *
 * Each slot is waited for once: what a get puts there later it takes out again.
 *
 * Return: 0, or -EINTR on a signal.
 */
int hazptr_wait(struct refcost_owner *owner)
{
	struct refcost_object **slot, *held;
	int cpu;

	hazptr_for_each_slot(cpu, slot)
	{
		held = smp_load_acquire(slot);
		if (!hazptr_of(owner, held))
			continue;
		while (smp_load_acquire(slot) == held) {
			if (signal_pending(current))
				return -EINTR;
			usleep_range(5, 20);
		}
	}
	return 0;
}
