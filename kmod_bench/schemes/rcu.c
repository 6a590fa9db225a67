// SPDX-License-Identifier: GPL-2.0
/*
 * An RCU read-side section around the lookup and the use: no count, no shared write. Since 2.5.43;
 * McKenney's answer to whatever does not sleep.
 *
 * Promise: an unload does not fail; it unlists the objects and waits for a grace period, which ends
 * when every CPU has been outside a section once.
 *
 * Ordering: a section pairs with synchronize_rcu(): one that began before the call is waited for,
 * with a full barrier between its end and the return; one that begins later finds the list without
 * the object.
 */
#include "loop.h"
#include "lists.h"

static __always_inline bool get_rcu(struct refcost_object *obj, struct refcost_worker *w)
{
	asm volatile("" : : "r"(obj));
	rcu_read_lock();
	return true;
}

static __always_inline void put_rcu(struct refcost_object *obj, struct refcost_worker *w)
{
	rcu_read_unlock();
}

static __always_inline struct refcost_object *find_get_rcu(u32 id, struct refcost_worker *w)
{
	struct refcost_object *obj;

	rcu_read_lock();
	obj = refcost_find(id);
	if (!obj)
		rcu_read_unlock();
	return obj;
}

static __always_inline void find_put_rcu(struct refcost_object *obj, struct refcost_worker *w)
{
	rcu_read_unlock();
}

REFCOST_LOOP_GETPUT(rcu)
REFCOST_LOOP_LOOKUP(rcu)

static int rcu_gate(struct refcost_owner *owner)
{
	rculist_unlink(owner);
	return 0;
}

REFCOST_SCHEME(rcu, GATE, section, "a read-side section around the use", "Linux 2.5.43 to today",
	       "gate waits for a grace period", REFCOST_SCHEME_LOOPS(rcu), .atomic = true,
	       .gate = rcu_gate, .ungate = rculist_link, .unlink = rculist_unlink);

REFCOST_REPORT(rcu, "core", "");
