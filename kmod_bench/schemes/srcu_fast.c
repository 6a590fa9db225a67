// SPDX-License-Identifier: GPL-2.0
/*
 * SRCU whose sections begin and end without a barrier: Paul McKenney, since 6.15.
 *
 * Promise: as srcu: an unload does not fail; it unlists the objects and waits until every section
 * that was open then has ended, which takes grace periods of RCU.
 *
 * Ordering: counting a section and reading which pair of counts it belongs to is itself a section
 * of RCU; synchronize_srcu() waits for grace periods of RCU where it has full barriers for srcu.
 */
#include "loop.h"

#ifdef REFCOST_HAVE_SRCU_FAST

#include "lists.h"
#include "srcuref.h"

DEFINE_STATIC_SRCU_FAST(refcost_srcu_fast);

static __always_inline bool srcu_fast_get(struct refcost_object *obj, void **place)
{
	asm volatile("" : : "r"(obj));
	*place = (__force void *)srcu_read_lock_fast(&refcost_srcu_fast);
	return true;
}

static __always_inline void srcu_fast_put(void *place)
{
	srcu_read_unlock_fast(&refcost_srcu_fast, (__force struct srcu_ctr __percpu *)place);
}

static __always_inline struct refcost_object *srcu_fast_find_get(u32 id, void **place)
{
	struct refcost_object *obj;

	*place = (__force void *)srcu_read_lock_fast(&refcost_srcu_fast);
	obj = refcost_find(id);
	if (!obj)
		srcu_fast_put(*place);
	return obj;
}

#define get_srcu_fast(obj, w)	   srcu_fast_get(obj, &place)
#define put_srcu_fast(obj, w)	   srcu_fast_put(place)
#define find_get_srcu_fast(id, w)  srcu_fast_find_get(id, &place)
#define find_put_srcu_fast(obj, w) srcu_fast_put(place)

REFCOST_LOOP_GETPUT(srcu_fast)
REFCOST_LOOP_LOOKUP(srcu_fast)

static s64 srcu_fast_balance(struct refcost_owner *owner)
{
	return srcu_readers(&refcost_srcu_fast);
}

static void srcu_fast_unlink(struct refcost_owner *owner)
{
	spinlist_unlink(owner);
	synchronize_srcu(&refcost_srcu_fast);
}

static int srcu_fast_gate(struct refcost_owner *owner)
{
	srcu_fast_unlink(owner);
	return 0;
}

REFCOST_SCHEME(srcu_fast, GATE, section, "srcu without a barrier in get and put",
	       "Paul McKenney, Linux 6.15 to today",
	       "gate waits for grace periods and the sections that are open",
	       REFCOST_SCHEME_LOOPS(srcu_fast), .balance = srcu_fast_balance,
	       .gate = srcu_fast_gate, .ungate = rculist_link, .unlink = srcu_fast_unlink);

#else

REFCOST_SCHEME_LACKING(srcu_fast, section, "Linux 6.15", "srcu without a barrier in get and put",
		       "Paul McKenney, Linux 6.15 to today",
		       "gate waits for grace periods and the sections that are open");

#endif
