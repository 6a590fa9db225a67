// SPDX-License-Identifier: GPL-2.0
/*
 * Roman Zippel's third listing of November 2002 with its first exit: unlist the objects, then look
 * at their counts.
 *
 * Promise: an unload that finds users fails (EBUSY) and leaves the module loaded and its objects
 * off the list; a later attempt finishes the job. It cannot starve, since nobody new gets in.
 */
#include "objcount.h"

static __always_inline bool get_object_exit1(struct refcost_object *obj, struct refcost_worker *w)
{
	objcount_get(obj);
	return true;
}

static __always_inline void put_object_exit1(struct refcost_object *obj, struct refcost_worker *w)
{
	objcount_put(obj);
}

static __always_inline struct refcost_object *find_get_object_exit1(u32 id,
								    struct refcost_worker *w)
{
	return objcount_find_get(id);
}

static __always_inline void find_put_object_exit1(struct refcost_object *obj,
						  struct refcost_worker *w)
{
	objcount_put(obj);
}

REFCOST_LOOP_GETPUT(object_exit1)
REFCOST_LOOP_LOOKUP(object_exit1)

/* What is off the list stays off, also when users are found; ungate() registers it again. */
static int object_exit1_gate(struct refcost_owner *owner)
{
	spinlist_unlink(owner);
	return objcount_in_use(owner) ? -EBUSY : 0;
}

REFCOST_OBJECT_SCHEME(object_exit1, GATE, atomic_t, object,
		      "count in the object; unlist, then check", "Roman Zippel, Nov 2002",
		      "gate fails, EBUSY; stays loaded and unlisted until a later attempt",
		      REFCOST_SCHEME_LOOPS(object_exit1), .bind = objcount_bind,
		      .balance = objcount_balance, .counter = objcount_counter,
		      .gate = object_exit1_gate, .ungate = spinlist_link,
		      .unlink = spinlist_unlink);
