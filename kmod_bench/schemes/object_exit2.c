// SPDX-License-Identifier: GPL-2.0
/*
 * Roman Zippel's third listing of November 2002 with its second exit: under the list's lock, look
 * at the counts, and unlist the objects only if all are zero.
 *
 * Promise: an unload that finds users fails (EBUSY) and has changed nothing. A steady stream of
 * users can starve it.
 */
#include "objcount.h"

static __always_inline bool get_object_exit2(struct refcost_object *obj, struct refcost_worker *w)
{
	objcount_get(obj);
	return true;
}

static __always_inline void put_object_exit2(struct refcost_object *obj, struct refcost_worker *w)
{
	objcount_put(obj);
}

static __always_inline struct refcost_object *find_get_object_exit2(u32 id,
								    struct refcost_worker *w)
{
	return objcount_find_get(id);
}

static __always_inline void find_put_object_exit2(struct refcost_object *obj,
						  struct refcost_worker *w)
{
	objcount_put(obj);
}

REFCOST_LOOP_GETPUT(object_exit2)
REFCOST_LOOP_LOOKUP(object_exit2)

static int object_exit2_gate(struct refcost_owner *owner)
{
	int err = -EBUSY;

	spin_lock(&refcost_registry.lock);
	if (!objcount_in_use(owner)) {
		refcost_unlink_all(owner);
		err = 0;
	}
	spin_unlock(&refcost_registry.lock);
	return err;
}

REFCOST_OBJECT_SCHEME(object_exit2, GATE, atomic_t, object,
		      "count in the object; check and unlist at once", "Roman Zippel, Nov 2002",
		      "gate fails, EBUSY, nothing changed; may starve",
		      REFCOST_SCHEME_LOOPS(object_exit2), .bind = objcount_bind,
		      .balance = objcount_balance, .counter = objcount_counter,
		      .gate = object_exit2_gate, .ungate = spinlist_link,
		      .unlink = spinlist_unlink);
