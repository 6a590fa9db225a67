// SPDX-License-Identifier: GPL-2.0
/*
 * rcuref, since 6.4: a count whose get is one unconditional locked add, with the sign bits set
 * aside for references that died or overflowed. Users find the object under RCU.
 *
 * Promise: as refcount: an unload does not fail; it unlists the objects, waits for a grace period,
 * drops the list's references and waits for the last release.
 *
 * Ordering: a get that finds the count dead backs off without having used the object; the last put
 * turns the count dead by compare-and-swap, with acquire, after every other put's release.
 */
#include "loop.h"

#ifdef REFCOST_HAVE_RCUREF

#include <linux/rcuref.h>

#include "lists.h"

static __always_inline rcuref_t *rcuref_of(struct refcost_object *obj)
{
	return refcost_object_state(obj, rcuref_t);
}

static __always_inline bool get_rcuref(struct refcost_object *obj, struct refcost_worker *w)
{
	return rcuref_get(rcuref_of(obj));
}

static __always_inline void put_rcuref(struct refcost_object *obj, struct refcost_worker *w)
{
	if (unlikely(rcuref_put(rcuref_of(obj))))
		refcost_release_object(obj);
}

static __always_inline struct refcost_object *find_get_rcuref(u32 id, struct refcost_worker *w)
{
	struct refcost_object *obj;

	rcu_read_lock();
	obj = refcost_find(id);
	if (obj && !rcuref_get(rcuref_of(obj)))
		obj = NULL;
	rcu_read_unlock();
	return obj;
}

static __always_inline void find_put_rcuref(struct refcost_object *obj, struct refcost_worker *w)
{
	put_rcuref(obj, w);
}

REFCOST_LOOP_GETPUT(rcuref)
REFCOST_LOOP_LOOKUP(rcuref)

static int rcuref_bind(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		rcuref_init(rcuref_of(obj), 1);
	return 0;
}

static s64 rcuref_balance(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	s64 sum = 0;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		sum += abs((s64)rcuref_read(rcuref_of(obj)) - 1);
	return sum;
}

static const void *rcuref_counter(struct refcost_worker *w)
{
	return rcuref_of(w->draws[0]);
}

static void rcuref_drop(struct refcost_object *obj)
{
	put_rcuref(obj, NULL);
}

static int rcuref_gate(struct refcost_owner *owner)
{
	return refcost_drop_and_wait(owner, rculist_unlink, rcuref_drop);
}

REFCOST_OBJECT_SCHEME(rcuref, GATE, rcuref_t, object, "rcuref_get and rcuref_put, found under RCU",
		      "Linux 6.4 to today",
		      "gate waits for a grace period and for the longest holder",
		      REFCOST_SCHEME_LOOPS(rcuref), .bind = rcuref_bind, .balance = rcuref_balance,
		      .counter = rcuref_counter, .gate = rcuref_gate, .unlink = rculist_unlink);

#else

REFCOST_SCHEME_LACKING(rcuref, object, "Linux 6.4", "rcuref_get and rcuref_put, found under RCU",
		       "Linux 6.4 to today",
		       "gate waits for a grace period and for the longest holder");

#endif
