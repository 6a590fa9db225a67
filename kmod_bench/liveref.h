/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all forms of per-CPU module counts up to Linux 3.18 share: a state that a get looks at
 * before it counts, neither lock nor barrier, and a check that runs with every CPU stopped. The
 * forms differ in what is counted where, and hand that in as functions. The lookup before the get
 * takes the list's lock, as all users of module counts did (file_systems_lock, and list_lock() in
 * Roman Zippel's listings).
 *
 * Ordering: there is none between a get's look at the state and its count, nor between the last use
 * and the put. stop_machine() supplies both. It runs the check when every CPU is in its stopper
 * thread, so no CPU is between look and count (preemption is off there), everything that any CPU
 * did before is seen by the check, and every CPU sees the new state afterwards.
 */
#ifndef REFCOST_LIVEREF_H
#define REFCOST_LIVEREF_H

#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/stop_machine.h>

#include "lists.h"
#include "loop.h"

/* Not 0: the state of an owner that no scheme is bound to must not look live. */
enum live_state {
	LIVE_LIVE = 1,
	LIVE_COMING,
	LIVE_GOING,
};

/* Gets and puts counted apart, so that a reader of all CPUs' counts can read all puts first. */
struct live_pair {
	unsigned long incs;
	unsigned long decs;
};

/**
 * struct live_owner - a module with per-CPU counts
 * @state: what a get looks at
 * @pair: the counts of a form that counts gets and puts apart
 * @single: or those of one that counts up and down
 * @slot: or those of one with a padded array
 * @sum: all counts of an owner together, in this form
 */
struct live_owner {
	enum live_state state;
	union {
		struct live_pair __percpu *pair;
		long __percpu *single;
		void *slot;
	};
	s64 (*sum)(struct refcost_owner *owner);
};

static __always_inline struct live_owner *live_owner(struct refcost_owner *owner)
{
	return refcost_owner_state(owner, struct live_owner);
}

static __always_inline bool live_get(struct refcost_object *obj,
				     void (*count)(struct live_owner *live))
{
	struct live_owner *live = live_owner(obj->owner);
	bool got = false;

	preempt_disable();
	if (refcost_fault(NO_STATE_TEST) || likely(READ_ONCE(live->state) == LIVE_LIVE)) {
		refcost_fault_widen();
		count(live);
		got = true;
	}
	preempt_enable();
	return got;
}

/*
 * The get forbids preemption once more, as try_module_get() did by itself: its caller need not hold
 * a lock, and a list's lock under PREEMPT_RT does not forbid it.
 */
static __always_inline struct refcost_object *live_find_get(u32 id, struct refcost_worker *w,
							    void (*count)(struct live_owner *live))
{
	struct refcost_object *obj;

	read_lock(&refcost_registry.rwlock);
	obj = refcost_find(id);
	if (obj && !live_get(obj, count)) {
		w->refused++;
		obj = NULL;
	}
	read_unlock(&refcost_registry.rwlock);
	return obj;
}

/* All puts first: a get counted after its put was read would hide a user. */
static inline s64 live_pair_sum(struct refcost_owner *owner)
{
	struct live_owner *live = live_owner(owner);
	s64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum -= smp_load_acquire(&per_cpu_ptr(live->pair, cpu)->decs);
	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(live->pair, cpu)->incs);
	return sum;
}

static inline int live_pair_bind(struct refcost_owner *owner)
{
	struct live_owner *live = live_owner(owner);

	live->state = LIVE_LIVE;
	live->sum = live_pair_sum;
	live->pair = alloc_percpu(struct live_pair);
	return live->pair ? 0 : -ENOMEM;
}

static inline void live_pair_unbind(struct refcost_owner *owner)
{
	free_percpu(live_owner(owner)->pair);
}

static inline const void *live_pair_counter(struct refcost_worker *w)
{
	return per_cpu_ptr(live_owner(w->draws[0]->owner)->pair, w->cpu);
}

static inline s64 live_single_sum(struct refcost_owner *owner)
{
	s64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(live_owner(owner)->single, cpu));
	return sum;
}

static inline int live_single_bind(struct refcost_owner *owner)
{
	struct live_owner *live = live_owner(owner);

	live->state = LIVE_LIVE;
	live->sum = live_single_sum;
	live->single = alloc_percpu(long);
	return live->single ? 0 : -ENOMEM;
}

static inline void live_single_unbind(struct refcost_owner *owner)
{
	free_percpu(live_owner(owner)->single);
}

static inline const void *live_single_counter(struct refcost_worker *w)
{
	return per_cpu_ptr(live_owner(w->draws[0]->owner)->single, w->cpu);
}

int live_gate(struct refcost_owner *owner);
void live_ungate(struct refcost_owner *owner);
void live_set_live(struct refcost_owner *owner, bool live);

/* The members of struct refcost_scheme that all forms share. */
#define LIVE_MEMBERS \
	.gate = live_gate, .ungate = live_ungate, .unlink = rwlist_unlink, .set_live = live_set_live

#endif
