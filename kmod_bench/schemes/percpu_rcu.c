// SPDX-License-Identifier: GPL-2.0
/*
 * Per-CPU counts whose check stops nobody, after Peter Zijlstra's reference on a futex's private
 * hash (Linux 6.17, 56180dd20c19): a get is percpu_live's while nobody unloads. A check sends gets
 * to an atomic count, waits for a grace period, and adds up.
 *
 * Promise: an unload that finds users fails (EWOULDBLOCK), after a grace period. Gets that come
 * during its check succeed: only one that has won makes a get fail.
 *
 * Ordering: a get looks at the state and counts with preemption off, which is an RCU read-side
 * section. The grace period that follows the change of the state waits for all gets that saw it
 * live, so the per-CPU gets stand still when they are summed, and every count is seen. Puts go on.
 * They are summed first, so there are at least as many of them by the end; one compare-and-swap
 * then closes the atomic count if it is just as large as it has to be for no user to be left. It
 * changes with every get that is still possible, so no get goes by unseen. A put is ordered behind
 * the use, and the check reads it with acquire. The atomic count is never folded back: it stays a
 * part of the sum, so that a check that failed has nothing to wait for.
 */
#include <linux/atomic.h>
#include <linux/rcupdate.h>

#include "liveref.h"

/* Added to the count of late gets while none may succeed. */
#define LATE_CLOSED LONG_MIN

/* @late: gets that found the state not live, on a line that other gets need not share */
struct percpu_rcu_owner {
	struct live_owner live;
	atomic_long_t late ____cacheline_aligned;
};

static __always_inline struct percpu_rcu_owner *percpu_rcu_owner(struct refcost_owner *owner)
{
	return refcost_owner_state(owner, struct percpu_rcu_owner);
}

static __always_inline void percpu_rcu_count(struct live_owner *live)
{
	__this_cpu_inc(live->pair->incs);
}

/* An unload is being tried, or has succeeded, or the module is not live yet. */
static noinline bool percpu_rcu_late(struct refcost_owner *owner)
{
	return atomic_long_inc_unless_negative(&percpu_rcu_owner(owner)->late);
}

static __always_inline bool get_percpu_rcu(struct refcost_object *obj, struct refcost_worker *w)
{
	return likely(live_get(obj, percpu_rcu_count)) || percpu_rcu_late(obj->owner);
}

/* On x86 the increment is a store, and so a release; others need what the barrier is there. */
static __always_inline void put_percpu_rcu(struct refcost_object *obj, struct refcost_worker *w)
{
	smp_mb__before_atomic();
	this_cpu_inc(live_owner(obj->owner)->pair->decs);
}

static __always_inline struct refcost_object *find_get_percpu_rcu(u32 id, struct refcost_worker *w)
{
	struct refcost_object *obj;

	read_lock(&refcost_registry.rwlock);
	obj = refcost_find(id);
	if (obj && !get_percpu_rcu(obj, w)) {
		w->refused++;
		obj = NULL;
	}
	read_unlock(&refcost_registry.rwlock);
	return obj;
}

static __always_inline void find_put_percpu_rcu(struct refcost_object *obj,
						struct refcost_worker *w)
{
	put_percpu_rcu(obj, w);
}

REFCOST_LOOP_GETPUT(percpu_rcu)
REFCOST_LOOP_LOOKUP(percpu_rcu)

static int percpu_rcu_bind(struct refcost_owner *owner)
{
	atomic_long_set(&percpu_rcu_owner(owner)->late, 0);
	return live_pair_bind(owner);
}

static s64 percpu_rcu_balance(struct refcost_owner *owner)
{
	return live_pair_sum(owner) +
	       (atomic_long_read(&percpu_rcu_owner(owner)->late) & ~LATE_CLOSED);
}

static void percpu_rcu_set_live(struct refcost_owner *owner, bool live)
{
	atomic_long_t *late = &percpu_rcu_owner(owner)->late;

	if (live)
		atomic_long_andnot(LATE_CLOSED, late);
	else
		atomic_long_or(LATE_CLOSED, late);
	live_set_live(owner, live);
}

/* It is closed already where the module is not live yet. */
static int percpu_rcu_gate(struct refcost_owner *owner)
{
	struct percpu_rcu_owner *state = percpu_rcu_owner(owner);
	long want, late;

	WRITE_ONCE(state->live.state, LIVE_GOING);
	synchronize_rcu();
	want = -live_pair_sum(owner);
	late = atomic_long_cmpxchg(&state->late, want, want | LATE_CLOSED);
	if (late != want && late != (want | LATE_CLOSED)) {
		WRITE_ONCE(state->live.state, LIVE_LIVE);
		return -EWOULDBLOCK;
	}
	rwlist_unlink(owner);
	return 0;
}

/* Live first, then listed: nobody finds an object that refuses. */
static void percpu_rcu_ungate(struct refcost_owner *owner)
{
	percpu_rcu_set_live(owner, true);
	rwlist_link(owner);
}

REFCOST_SCHEME(percpu_rcu, GATE, percpu, "percpu_live, checked after a grace period",
	       "Peter Zijlstra, Jul 2025, futexes in Linux 6.17",
	       "gate fails, EWOULDBLOCK, after a grace period", REFCOST_SCHEME_LOOPS(percpu_rcu),
	       .bind = percpu_rcu_bind, .unbind = live_pair_unbind, .balance = percpu_rcu_balance,
	       .counter = live_pair_counter, .gate = percpu_rcu_gate, .ungate = percpu_rcu_ungate,
	       .unlink = rwlist_unlink, .set_live = percpu_rcu_set_live);
