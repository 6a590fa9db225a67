// SPDX-License-Identifier: GPL-2.0
/*
 * Rusty Russell's module count (Linux 2.5.48 to 3.18) in its last form, and Roman Zippel's second
 * listing of November 2002: a state, and per CPU one count of gets and one of puts. No lock and no
 * barrier on either side; see liveref.h for why that is right.
 *
 * Promise: an unload that finds users fails (EWOULDBLOCK), after every CPU stood still. A get and
 * its put may fall on different CPUs, so only the sum over all means anything.
 *
 * Ordering: see liveref.h.
 */
#include "liveref.h"

static __always_inline void percpu_live_count(struct live_owner *live)
{
	__this_cpu_inc(live->pair->incs);
}

static __always_inline bool get_percpu_live(struct refcost_object *obj, struct refcost_worker *w)
{
	return live_get(obj, percpu_live_count);
}

/* One instruction of this CPU, whichever that is: no need to forbid preemption. */
static __always_inline void put_percpu_live(struct refcost_object *obj, struct refcost_worker *w)
{
	this_cpu_inc(live_owner(obj->owner)->pair->decs);
}

static __always_inline struct refcost_object *find_get_percpu_live(u32 id, struct refcost_worker *w)
{
	return live_find_get(id, w, percpu_live_count);
}

static __always_inline void find_put_percpu_live(struct refcost_object *obj,
						 struct refcost_worker *w)
{
	put_percpu_live(obj, w);
}

REFCOST_LOOP_GETPUT(percpu_live)
REFCOST_LOOP_LOOKUP(percpu_live)

REFCOST_SCHEME(percpu_live, GATE, percpu, "per-CPU gets and puts, a state, stop_machine",
	       "Rusty Russell, Linux 2.5.48 to 3.18",
	       "gate fails, EWOULDBLOCK, all CPUs stopped meanwhile",
	       REFCOST_SCHEME_LOOPS(percpu_live), .bind = live_pair_bind,
	       .unbind = live_pair_unbind, .balance = live_pair_sum, .counter = live_pair_counter,
	       LIVE_MEMBERS);

REFCOST_REPORT(percpu_live, "replaced core swept", "percpu_inc state_test");
