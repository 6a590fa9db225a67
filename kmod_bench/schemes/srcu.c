// SPDX-License-Identifier: GPL-2.0
/*
 * Sleepable RCU: as rcu, but a use may sleep, and only readers of the same srcu_struct are waited
 * for. Since 2.6.19.
 *
 * Promise: an unload does not fail; it unlists the objects and waits until every section that was
 * open then has ended.
 *
 * Ordering: srcu_read_lock() counts this CPU up and then executes a full barrier before the list is
 * read; synchronize_srcu() executes full barriers between unlisting and summing, so a reader that
 * it does not see cannot have found the object.
 */
#include "lists.h"
#include "loop.h"
#include "srcuref.h"

DEFINE_STATIC_SRCU(refcost_srcu);

static __always_inline bool srcu_get(struct refcost_object *obj, int *token)
{
	asm volatile("" : : "r"(obj));
	*token = srcu_read_lock(&refcost_srcu);
	return true;
}

static __always_inline struct refcost_object *srcu_find_get(u32 id, int *token)
{
	struct refcost_object *obj;

	*token = srcu_read_lock(&refcost_srcu);
	obj = refcost_find(id);
	if (!obj)
		srcu_read_unlock(&refcost_srcu, *token);
	return obj;
}

/* A section's token belongs to it, not to its object: it is the loop's. */
#define get_srcu(obj, w)      srcu_get(obj, &token)
#define put_srcu(obj, w)      srcu_read_unlock(&refcost_srcu, token)
#define find_get_srcu(id, w)  srcu_find_get(id, &token)
#define find_put_srcu(obj, w) put_srcu(obj, w)

REFCOST_LOOP_GETPUT(srcu)
REFCOST_LOOP_LOOKUP(srcu)

static s64 srcu_balance(struct refcost_owner *owner)
{
	return srcu_readers(&refcost_srcu);
}

static void srcu_unlink(struct refcost_owner *owner)
{
	spinlist_unlink(owner);
	synchronize_srcu(&refcost_srcu);
}

static int srcu_gate(struct refcost_owner *owner)
{
	srcu_unlink(owner);
	return 0;
}

REFCOST_SCHEME(srcu, GATE, section, "a sleepable read-side section around the use",
	       "Linux 2.6.19 to today", "gate waits for the sections that are open",
	       REFCOST_SCHEME_LOOPS(srcu), .balance = srcu_balance, .gate = srcu_gate,
	       .ungate = rculist_link, .unlink = srcu_unlink);

REFCOST_REPORT(srcu, "core", "");
