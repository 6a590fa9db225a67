// SPDX-License-Identifier: GPL-2.0
/*
 * percpu_rw_semaphore, since 3.7: readers count on their own CPU while there is no writer; a writer
 * sends them to a slow path first and waits for a grace period.
 *
 * Promise: as rwsem, with a cheaper reader and a more expensive writer: an unload does not fail, it
 * waits for a grace period and for all readers, and readers that come meanwhile stall.
 *
 * Ordering: with no writer about, a reader counts in an RCU section, without a barrier. A writer
 * first makes new readers take the slow path and waits for a grace period: a reader that counted
 * the fast way is seen in the sum after it. An unlock releases what the summing acquires.
 */
#include <linux/percpu-rwsem.h>

#include "loop.h"

DEFINE_STATIC_PERCPU_RWSEM(refcost_percpu_rwsem);

static __always_inline bool get_percpu_rwsem(struct refcost_object *obj, struct refcost_worker *w)
{
	asm volatile("" : : "r"(obj));
	percpu_down_read(&refcost_percpu_rwsem);
	return true;
}

static __always_inline void put_percpu_rwsem(struct refcost_object *obj, struct refcost_worker *w)
{
	percpu_up_read(&refcost_percpu_rwsem);
}

static __always_inline struct refcost_object *find_get_percpu_rwsem(u32 id,
								    struct refcost_worker *w)
{
	struct refcost_object *obj;

	percpu_down_read(&refcost_percpu_rwsem);
	obj = refcost_find(id);
	if (!obj)
		percpu_up_read(&refcost_percpu_rwsem);
	return obj;
}

static __always_inline void find_put_percpu_rwsem(struct refcost_object *obj,
						  struct refcost_worker *w)
{
	percpu_up_read(&refcost_percpu_rwsem);
}

REFCOST_LOOP_GETPUT(percpu_rwsem)
REFCOST_LOOP_LOOKUP(percpu_rwsem)

/* A reader that was lost is reported, but must not block the next writer forever: start afresh. */
static s64 percpu_rwsem_balance(struct refcost_owner *owner)
{
	unsigned int left = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		left += *per_cpu_ptr(refcost_percpu_rwsem.read_count, cpu);
	for_each_possible_cpu(cpu)
		if (left)
			*per_cpu_ptr(refcost_percpu_rwsem.read_count, cpu) = 0;
	return (int)left;
}

static const void *percpu_rwsem_counter(struct refcost_worker *w)
{
	return per_cpu_ptr(refcost_percpu_rwsem.read_count, w->cpu);
}

static void percpu_rwsem_unlink(struct refcost_owner *owner)
{
	percpu_down_write(&refcost_percpu_rwsem);
	refcost_unlink_all(owner);
	percpu_up_write(&refcost_percpu_rwsem);
}

static int percpu_rwsem_gate(struct refcost_owner *owner)
{
	percpu_rwsem_unlink(owner);
	return 0;
}

static void percpu_rwsem_ungate(struct refcost_owner *owner)
{
	percpu_down_write(&refcost_percpu_rwsem);
	refcost_link_all(owner);
	percpu_up_write(&refcost_percpu_rwsem);
}

REFCOST_SCHEME(percpu_rwsem, GATE, section, "percpu_down_read and percpu_up_read around the use",
	       "Linux 3.7 to today",
	       "gate waits for a grace period and all readers; readers after it stall",
	       REFCOST_SCHEME_LOOPS(percpu_rwsem), .balance = percpu_rwsem_balance,
	       .counter = percpu_rwsem_counter, .gate = percpu_rwsem_gate,
	       .ungate = percpu_rwsem_ungate, .unlink = percpu_rwsem_unlink);

REFCOST_REPORT(percpu_rwsem, "core", "");
