// SPDX-License-Identifier: GPL-2.0
/*
 * Floor: what percpu_live does before it counts, and nothing else: preemption off, a look at the
 * owner's state, preemption on.
 */
#include "liveref.h"

static __always_inline void state_test_count(struct live_owner *live)
{
}

static __always_inline bool get_state_test(struct refcost_object *obj, struct refcost_worker *w)
{
	return live_get(obj, state_test_count);
}

static __always_inline void put_state_test(struct refcost_object *obj, struct refcost_worker *w)
{
}

REFCOST_LOOP_GETPUT(state_test)

static int state_test_bind(struct refcost_owner *owner)
{
	live_owner(owner)->state = LIVE_LIVE;
	return 0;
}

REFCOST_SCHEME(state_test, FLOOR, floor, "preemption off, a look at a state, preemption on",
	       "harness", "-", REFCOST_FLOOR_LOOPS(state_test), .bind = state_test_bind);
