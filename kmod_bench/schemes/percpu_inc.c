// SPDX-License-Identifier: GPL-2.0
/*
 * Floor: one increment and one decrement of a counter of this CPU. The cheapest private count there
 * is; nobody could tell from it when the last user has gone.
 */
#include <linux/percpu.h>

#include "loop.h"

static DEFINE_PER_CPU(unsigned long, refcost_floor_count);

static __always_inline bool get_percpu_inc(struct refcost_object *obj, struct refcost_worker *w)
{
	asm volatile("" : : "r"(obj));
	this_cpu_inc(refcost_floor_count);
	return true;
}

static __always_inline void put_percpu_inc(struct refcost_object *obj, struct refcost_worker *w)
{
	this_cpu_dec(refcost_floor_count);
}

REFCOST_LOOP_GETPUT(percpu_inc)

static s64 percpu_inc_balance(struct refcost_owner *owner)
{
	s64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(refcost_floor_count, cpu);
	return sum;
}

static const void *percpu_inc_counter(struct refcost_worker *w)
{
	return per_cpu_ptr(&refcost_floor_count, w->cpu);
}

static int percpu_inc_bind(struct refcost_owner *owner)
{
	int cpu;

	for_each_possible_cpu(cpu)
		per_cpu(refcost_floor_count, cpu) = 0;
	return 0;
}

REFCOST_SCHEME(percpu_inc, FLOOR, floor, "this_cpu_inc and this_cpu_dec", "harness", "-",
	       REFCOST_FLOOR_LOOPS(percpu_inc), .bind = percpu_inc_bind,
	       .balance = percpu_inc_balance, .counter = percpu_inc_counter);
