// SPDX-License-Identifier: GPL-2.0
/*
 * Floor: the loop alone. What this costs is the harness, and every other figure is read net of it.
 */
#include "loop.h"

static __always_inline bool get_empty(struct refcost_object *obj, struct refcost_worker *w)
{
	asm volatile("" : : "r"(obj));
	return true;
}

static __always_inline void put_empty(struct refcost_object *obj, struct refcost_worker *w)
{
}

REFCOST_LOOP_GETPUT(empty)

REFCOST_SCHEME(empty, FLOOR, floor, "the loop alone", "harness", "-", REFCOST_FLOOR_LOOPS(empty));

REFCOST_REPORT(empty, "loop swept", "");
