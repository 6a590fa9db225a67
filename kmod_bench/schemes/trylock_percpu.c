// SPDX-License-Identifier: GPL-2.0
/*
 * Adam Richter's proposal of January 2003, never merged: an rwsem in each module. A get tries to
 * read-lock it, bumps a per-CPU count and unlocks; a put is the per-CPU count alone.
 *
 * Promise: an unload that finds users fails (EWOULDBLOCK), and gets that come during its check fail
 * although nothing goes away. It write-locks the rwsem, and keeps it locked through exit().
 *
 * Ordering: the rwsem orders gets against the check: with it write-locked nobody counts up. Puts go
 * on meanwhile, so the sum can only be too large; a put stores with release what the check reads
 * with acquire, so a use whose put is seen is over.
 */
#include <linux/rwsem.h>

#include "keeper.h"
#include "lists.h"
#include "liveref.h"

struct trylock_owner {
	struct live_owner live;
	struct rw_semaphore sem;
};

static __always_inline struct trylock_owner *trylock_owner(struct refcost_owner *owner)
{
	return refcost_owner_state(owner, struct trylock_owner);
}

static __always_inline bool get_trylock_percpu(struct refcost_object *obj, struct refcost_worker *w)
{
	struct trylock_owner *state = trylock_owner(obj->owner);

	if (unlikely(!down_read_trylock(&state->sem)))
		return false;
	this_cpu_inc(state->live.pair->incs);
	up_read(&state->sem);
	return true;
}

static __always_inline void put_trylock_percpu(struct refcost_object *obj, struct refcost_worker *w)
{
	unsigned long *decs;

	preempt_disable();
	decs = &this_cpu_ptr(trylock_owner(obj->owner)->live.pair)->decs;
	smp_store_release(decs, *decs + 1);
	preempt_enable();
}

static __always_inline struct refcost_object *find_get_trylock_percpu(u32 id,
								      struct refcost_worker *w)
{
	struct refcost_object *obj;

	read_lock(&refcost_registry.rwlock);
	obj = refcost_find(id);
	if (obj && !get_trylock_percpu(obj, w)) {
		w->refused++;
		obj = NULL;
	}
	read_unlock(&refcost_registry.rwlock);
	return obj;
}

static __always_inline void find_put_trylock_percpu(struct refcost_object *obj,
						    struct refcost_worker *w)
{
	put_trylock_percpu(obj, w);
}

REFCOST_LOOP_GETPUT(trylock_percpu)
REFCOST_LOOP_LOOKUP(trylock_percpu)

static int trylock_percpu_bind(struct refcost_owner *owner)
{
	init_rwsem(&trylock_owner(owner)->sem);
	return live_pair_bind(owner);
}

static s64 trylock_percpu_balance(struct refcost_owner *owner)
{
	return live_pair_sum(owner) + rwsem_is_locked(&trylock_owner(owner)->sem);
}

static void trylock_percpu_lock(struct refcost_owner *owner)
{
	down_write(&trylock_owner(owner)->sem);
}

static int trylock_percpu_check(struct refcost_owner *owner)
{
	return live_pair_sum(owner) ? -EWOULDBLOCK : 0;
}

static void trylock_percpu_unlock(struct refcost_owner *owner)
{
	up_write(&trylock_owner(owner)->sem);
}

static const struct refcost_keeper_ops trylock_percpu_locks = {
	.lock = trylock_percpu_lock,
	.check = trylock_percpu_check,
	.unlock = trylock_percpu_unlock,
};

static int trylock_percpu_gate(struct refcost_owner *owner)
{
	int err;

	err = refcost_keep(&trylock_percpu_locks, owner);
	if (!err)
		rwlist_unlink(owner);
	return err;
}

static void trylock_percpu_ungate(struct refcost_owner *owner)
{
	rwlist_link(owner);
	refcost_let_go(owner);
}

REFCOST_SCHEME(trylock_percpu, GATE, percpu,
	       "read-trylock the module, bump a per-CPU count, unlock",
	       "Adam Richter, Jan 2003, never merged",
	       "gate fails, EWOULDBLOCK; gets meanwhile fail", REFCOST_SCHEME_LOOPS(trylock_percpu),
	       .bind = trylock_percpu_bind, .unbind = live_pair_unbind,
	       .balance = trylock_percpu_balance, .counter = live_pair_counter,
	       .gate = trylock_percpu_gate, .ungate = trylock_percpu_ungate,
	       .unlink = rwlist_unlink, .gone = refcost_let_go);
