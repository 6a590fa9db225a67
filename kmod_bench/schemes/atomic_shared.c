// SPDX-License-Identifier: GPL-2.0
/*
 * Floor: a locked add and a locked subtraction on a count in the object. With one object this is
 * what any single counter must pay.
 */
#include <linux/atomic.h>

#include "loop.h"

static __always_inline atomic_t *atomic_shared_count(struct refcost_object *obj)
{
	return refcost_object_state(obj, atomic_t);
}

static __always_inline bool get_atomic_shared(struct refcost_object *obj, struct refcost_worker *w)
{
	atomic_inc(atomic_shared_count(obj));
	return true;
}

static __always_inline void put_atomic_shared(struct refcost_object *obj, struct refcost_worker *w)
{
	atomic_dec(atomic_shared_count(obj));
}

REFCOST_LOOP_GETPUT(atomic_shared)

static int atomic_shared_bind(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		atomic_set(atomic_shared_count(obj), 0);
	return 0;
}

static s64 atomic_shared_balance(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	s64 sum = 0;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		sum += abs(atomic_read(atomic_shared_count(obj)));
	return sum;
}

static const void *atomic_shared_counter(struct refcost_worker *w)
{
	return atomic_shared_count(w->draws[0]);
}

REFCOST_OBJECT_SCHEME(atomic_shared, FLOOR, atomic_t, floor, "locked adds on one line for all",
		      "harness", "-", REFCOST_FLOOR_LOOPS(atomic_shared),
		      .bind = atomic_shared_bind, .balance = atomic_shared_balance,
		      .counter = atomic_shared_counter);
