// SPDX-License-Identifier: GPL-2.0
/*
 * lockref, since 3.12 (dentries): a spinlock and a count in one word, changed together by
 * compare-and-swap while the lock is free.
 *
 * Promise: an unload does not fail; it unlists the objects, waits for a grace period, drops the
 * list's references and waits for the last release.
 *
 * Ordering: gets and puts are read-modify-writes of one word; the last put finds the count at one,
 * takes the lock in that word, and so comes after every other put.
 */
#include <linux/lockref.h>

#include "loop.h"
#include "lists.h"

static __always_inline struct lockref *lockref_of(struct refcost_object *obj)
{
	return refcost_object_state(obj, struct lockref);
}

static __always_inline bool get_lockref(struct refcost_object *obj, struct refcost_worker *w)
{
	return lockref_get_not_dead(lockref_of(obj));
}

static __always_inline void put_lockref(struct refcost_object *obj, struct refcost_worker *w)
{
	struct lockref *ref = lockref_of(obj);

	if (likely(lockref_put_or_lock(ref)))
		return;
	lockref_mark_dead(ref);
	spin_unlock(&ref->lock);
	refcost_release_object(obj);
}

static __always_inline struct refcost_object *find_get_lockref(u32 id, struct refcost_worker *w)
{
	struct refcost_object *obj;

	rcu_read_lock();
	obj = refcost_find(id);
	if (obj && !get_lockref(obj, w))
		obj = NULL;
	rcu_read_unlock();
	return obj;
}

static __always_inline void find_put_lockref(struct refcost_object *obj, struct refcost_worker *w)
{
	put_lockref(obj, w);
}

REFCOST_LOOP_GETPUT(lockref)
REFCOST_LOOP_LOOKUP(lockref)

static int lockref_bind(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj) {
		struct lockref *ref = lockref_of(obj);

		spin_lock_init(&ref->lock);
		ref->count = 1;
	}
	return 0;
}

static s64 lockref_balance(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	s64 sum = 0;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		sum += abs(lockref_of(obj)->count - 1);
	return sum;
}

static const void *lockref_counter(struct refcost_worker *w)
{
	return lockref_of(w->draws[0]);
}

static void lockref_drop(struct refcost_object *obj)
{
	put_lockref(obj, NULL);
}

static int lockref_gate(struct refcost_owner *owner)
{
	return refcost_drop_and_wait(owner, rculist_unlink, lockref_drop);
}

REFCOST_OBJECT_SCHEME(lockref, GATE, struct lockref, object,
		      "lock and count in one word, found under RCU", "Linux 3.12 to today",
		      "gate waits for a grace period and for the longest holder",
		      REFCOST_SCHEME_LOOPS(lockref), .bind = lockref_bind,
		      .balance = lockref_balance, .counter = lockref_counter, .gate = lockref_gate,
		      .unlink = rculist_unlink);
