// SPDX-License-Identifier: GPL-2.0
/*
 * The subsystem's rwsem, read-locked from before the lookup until after the use: no count at all.
 * The plain way since 2.4, wherever the use may sleep and nobody minds the writer.
 *
 * Promise: an unload does not fail, it waits for all readers of the subsystem, and lookups that
 * come after it wait for the unload to unlist the objects. Nothing stays locked after that.
 */
#include <linux/rwsem.h>

#include "loop.h"

static __always_inline struct rw_semaphore *rwsem_of(void)
{
	return &refcost_registry.subsys[0].sem;
}

static __always_inline bool get_rwsem(struct refcost_object *obj, struct refcost_worker *w)
{
	asm volatile("" : : "r"(obj));
	down_read(rwsem_of());
	return true;
}

static __always_inline void put_rwsem(struct refcost_object *obj, struct refcost_worker *w)
{
	up_read(rwsem_of());
}

static __always_inline struct refcost_object *find_get_rwsem(u32 id, struct refcost_worker *w)
{
	struct refcost_object *obj;

	down_read(rwsem_of());
	obj = refcost_find(id);
	if (!obj)
		up_read(rwsem_of());
	return obj;
}

static __always_inline void find_put_rwsem(struct refcost_object *obj, struct refcost_worker *w)
{
	up_read(rwsem_of());
}

REFCOST_LOOP_GETPUT(rwsem)
REFCOST_LOOP_LOOKUP(rwsem)

/* A reader that was lost is reported, but must not block the next writer forever: start afresh. */
static s64 rwsem_balance(struct refcost_owner *owner)
{
	bool left = rwsem_is_locked(rwsem_of());

	if (left)
		init_rwsem(rwsem_of());
	return left;
}

static const void *rwsem_counter(struct refcost_worker *w)
{
	return refcost_rwsem_count(rwsem_of());
}

static void rwsem_unlink(struct refcost_owner *owner)
{
	down_write(rwsem_of());
	refcost_unlink_all(owner);
	up_write(rwsem_of());
}

static int rwsem_gate(struct refcost_owner *owner)
{
	if (down_write_killable(rwsem_of()))
		return -EINTR;
	refcost_unlink_all(owner);
	up_write(rwsem_of());
	return 0;
}

static void rwsem_ungate(struct refcost_owner *owner)
{
	down_write(rwsem_of());
	refcost_link_all(owner);
	up_write(rwsem_of());
}

REFCOST_SCHEME(rwsem, GATE, section, "down_read and up_read around the use", "Linux 2.4 to today",
	       "gate waits for all readers; readers after it stall", REFCOST_SCHEME_LOOPS(rwsem),
	       .balance = rwsem_balance, .counter = rwsem_counter, .gate = rwsem_gate,
	       .ungate = rwsem_ungate, .unlink = rwsem_unlink);

REFCOST_REPORT(rwsem, "core swept", "");
