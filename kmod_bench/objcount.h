/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A plain count in each object, taken under the list's spinlock by a user that finds the object
 * there: what Roman Zippel's third listing of November 2002 has in common with its two exits.
 */
#ifndef REFCOST_OBJCOUNT_H
#define REFCOST_OBJCOUNT_H

#include <linux/atomic.h>

#include "lists.h"
#include "loop.h"

static __always_inline atomic_t *objcount_of(struct refcost_object *obj)
{
	return refcost_object_state(obj, atomic_t);
}

static __always_inline void objcount_get(struct refcost_object *obj)
{
	atomic_inc(objcount_of(obj));
}

/* The last use of the object is over before the count says so; objcount_in_use() acquires. */
static __always_inline void objcount_put(struct refcost_object *obj)
{
	smp_mb__before_atomic();
	atomic_dec(objcount_of(obj));
}

static __always_inline struct refcost_object *objcount_find_get(u32 id)
{
	struct refcost_object *obj;

	spin_lock(&refcost_registry.lock);
	obj = refcost_find(id);
	if (obj)
		objcount_get(obj);
	spin_unlock(&refcost_registry.lock);
	return obj;
}

static inline int objcount_bind(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		atomic_set(objcount_of(obj), 0);
	return 0;
}

static inline s64 objcount_balance(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	s64 sum = 0;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		sum += abs(atomic_read(objcount_of(obj)));
	return sum;
}

static inline const void *objcount_counter(struct refcost_worker *w)
{
	return objcount_of(w->draws[0]);
}

/* Nobody counts up an object that is off the list, so zero is final then. */
static inline bool objcount_in_use(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		if (atomic_read_acquire(objcount_of(obj)))
			return true;
	return false;
}

#endif
