// SPDX-License-Identifier: GPL-2.0
/*
 * refcount_t, since 4.11: a count in the object that saturates. Users find the object under RCU and
 * take a reference unless the count is zero already.
 *
 * Promise: an unload does not fail; it unlists the objects, waits for a grace period (a user may
 * have found the object and not yet counted), drops the list's references and waits for the last
 * release.
 *
 * Ordering: refcount_inc_not_zero() is a compare-and-swap on the word that refcount_dec_and_test()
 * decrements; the latter releases, and acquires when it reaches zero, so the release sees all uses
 * over.
 */
#include <linux/refcount.h>

#include "loop.h"
#include "lists.h"

static __always_inline refcount_t *refcount_of(struct refcost_object *obj)
{
	return refcost_object_state(obj, refcount_t);
}

static __always_inline bool get_refcount(struct refcost_object *obj, struct refcost_worker *w)
{
	refcount_inc(refcount_of(obj));
	return true;
}

static __always_inline void put_refcount(struct refcost_object *obj, struct refcost_worker *w)
{
	if (unlikely(refcount_dec_and_test(refcount_of(obj))))
		refcost_release_object(obj);
}

static __always_inline struct refcost_object *find_get_refcount(u32 id, struct refcost_worker *w)
{
	struct refcost_object *obj;

	rcu_read_lock();
	obj = refcost_find(id);
	if (obj && !refcount_inc_not_zero(refcount_of(obj)))
		obj = NULL;
	rcu_read_unlock();
	return obj;
}

static __always_inline void find_put_refcount(struct refcost_object *obj, struct refcost_worker *w)
{
	put_refcount(obj, w);
}

REFCOST_LOOP_GETPUT(refcount)
REFCOST_LOOP_LOOKUP(refcount)

static int refcount_bind(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		refcount_set(refcount_of(obj), 1);
	return 0;
}

static s64 refcount_balance(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	s64 sum = 0;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		sum += abs((s64)refcount_read(refcount_of(obj)) - 1);
	return sum;
}

static const void *refcount_counter(struct refcost_worker *w)
{
	return refcount_of(w->draws[0]);
}

static void refcount_drop(struct refcost_object *obj)
{
	put_refcount(obj, NULL);
}

static int refcount_gate(struct refcost_owner *owner)
{
	return refcost_drop_and_wait(owner, rculist_unlink, refcount_drop);
}

REFCOST_OBJECT_SCHEME(refcount, GATE, refcount_t, object, "refcount_t, found under RCU",
		      "Linux 4.11 to today",
		      "gate waits for a grace period and for the longest holder",
		      REFCOST_SCHEME_LOOPS(refcount), .bind = refcount_bind,
		      .balance = refcount_balance, .counter = refcount_counter,
		      .gate = refcount_gate, .unlink = rculist_unlink);

REFCOST_REPORT(refcount, "core", "atomic_shared");
