// SPDX-License-Identifier: GPL-2.0
/*
 * Floor: a locked add and a locked subtraction on a line that no other CPU touches. What atomicity
 * costs when nobody contends.
 */
#include <linux/atomic.h>

#include "loop.h"

static __always_inline bool get_atomic_private(struct refcost_object *obj, struct refcost_worker *w)
{
	asm volatile("" : : "r"(obj));
	atomic_inc(&w->line);
	return true;
}

static __always_inline void put_atomic_private(struct refcost_object *obj, struct refcost_worker *w)
{
	atomic_dec(&w->line);
}

REFCOST_LOOP_GETPUT(atomic_private)

static const void *atomic_private_counter(struct refcost_worker *w)
{
	return &w->line;
}

REFCOST_SCHEME(atomic_private, FLOOR, floor, "locked adds on a line of this CPU", "harness", "-",
	       REFCOST_FLOOR_LOOPS(atomic_private), .counter = atomic_private_counter);
