// SPDX-License-Identifier: GPL-2.0
/*
 * Rusty Russell's module count, Linux 2.5.48 to 3.18, and Roman Zippel's second listing of November
 * 2002: a state, and per CPU one count of gets and one of puts. No lock and no barrier on either side.
 *
 * Promise: an unload that finds users fails (EWOULDBLOCK). That the check is right rests on it running
 * with every CPU stopped outside a get; a get and its put may fall on different CPUs, so only the sum
 * over all means anything.
 */
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/stop_machine.h>

#include "loop.h"

enum percpu_live_state {
	PERCPU_LIVE,
	PERCPU_GOING,
};

struct percpu_live_count {
	unsigned long incs;
	unsigned long decs;
};

struct percpu_live_owner {
	enum percpu_live_state state;
	struct percpu_live_count __percpu *count;
};

static __always_inline struct percpu_live_owner *percpu_live_owner(struct refcost_owner *owner)
{
	return refcost_owner_state(owner, struct percpu_live_owner);
}

static __always_inline bool get_percpu_live(struct refcost_object *obj, struct refcost_worker *w)
{
	struct percpu_live_owner *live = percpu_live_owner(obj->owner);
	bool got = false;

	preempt_disable();
	if (likely(READ_ONCE(live->state) != PERCPU_GOING)) {
		__this_cpu_inc(live->count->incs);
		got = true;
	}
	preempt_enable();
	return got;
}

static __always_inline void put_percpu_live(struct refcost_object *obj, struct refcost_worker *w)
{
	struct percpu_live_owner *live = percpu_live_owner(obj->owner);

	preempt_disable();
	__this_cpu_inc(live->count->decs);
	preempt_enable();
}

/* Objects are only ever unlisted with every CPU stopped: no preemption is all the lock there is. */
static __always_inline struct refcost_object *find_get_percpu_live(u32 id, struct refcost_worker *w)
{
	struct refcost_object *obj;

	preempt_disable();
	obj = refcost_find(id);
	if (obj && !get_percpu_live(obj, w))
		obj = NULL;
	preempt_enable();
	return obj;
}

static __always_inline void find_put_percpu_live(struct refcost_object *obj,
						 struct refcost_worker *w)
{
	put_percpu_live(obj, w);
}

REFCOST_LOOP_GETPUT(percpu_live)
REFCOST_LOOP_LOOKUP(percpu_live)

/* All puts first: a get counted after its put was read would hide a user. */
static s64 percpu_live_sum(struct refcost_owner *owner)
{
	struct percpu_live_owner *live = percpu_live_owner(owner);
	s64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum -= per_cpu_ptr(live->count, cpu)->decs;
	smp_rmb();
	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(live->count, cpu)->incs;
	return sum;
}

static int percpu_live_bind(struct refcost_owner *owner)
{
	struct percpu_live_owner *live = percpu_live_owner(owner);

	live->state = PERCPU_LIVE;
	live->count = alloc_percpu(struct percpu_live_count);
	return live->count ? 0 : -ENOMEM;
}

static void percpu_live_unbind(struct refcost_owner *owner)
{
	free_percpu(percpu_live_owner(owner)->count);
}

static const void *percpu_live_counter(struct refcost_worker *w)
{
	return per_cpu_ptr(percpu_live_owner(w->draws[0]->owner)->count, w->cpu);
}

/* With every CPU stopped: nobody is between looking at the state and counting. */
static int percpu_live_try_stop(void *data)
{
	struct refcost_owner *owner = data;

	if (percpu_live_sum(owner))
		return -EWOULDBLOCK;
	WRITE_ONCE(percpu_live_owner(owner)->state, PERCPU_GOING);
	return 0;
}

static int percpu_live_unlink_stopped(void *data)
{
	refcost_unlink_all(data);
	return 0;
}

static int percpu_live_link_stopped(void *data)
{
	struct refcost_owner *owner = data;

	refcost_link_all(owner);
	WRITE_ONCE(percpu_live_owner(owner)->state, PERCPU_LIVE);
	return 0;
}

static void percpu_live_unlink(struct refcost_owner *owner)
{
	stop_machine(percpu_live_unlink_stopped, owner, NULL);
}

static int percpu_live_gate(struct refcost_owner *owner)
{
	int err = stop_machine(percpu_live_try_stop, owner, NULL);

	if (!err)
		percpu_live_unlink(owner);
	return err;
}

static void percpu_live_ungate(struct refcost_owner *owner)
{
	stop_machine(percpu_live_link_stopped, owner, NULL);
}

REFCOST_SCHEME(percpu_live, GATE,
	       "Rusty Russell, Linux 2.5.48 to 3.18: per-CPU counts, stop_machine",
	       "gate fails, EWOULDBLOCK, all CPUs stopped meanwhile",
	       REFCOST_SCHEME_LOOPS(percpu_live), .bind = percpu_live_bind,
	       .unbind = percpu_live_unbind, .balance = percpu_live_sum,
	       .counter = percpu_live_counter, .gate = percpu_live_gate,
	       .ungate = percpu_live_ungate, .unlink = percpu_live_unlink);
