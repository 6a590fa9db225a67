// SPDX-License-Identifier: GPL-2.0
/*
 * The list's reader-writer spinlock, held from before the lookup until after the use: no count. As
 * old as SMP Linux; for uses that do not sleep.
 *
 * Promise: an unload does not fail; it spins until all readers are out, and readers that come later
 * spin until the objects are unlisted.
 */
#include "lists.h"
#include "loop.h"

static __always_inline bool get_rwlock(struct refcost_object *obj, struct refcost_worker *w)
{
	asm volatile("" : : "r"(obj));
	read_lock(&refcost_registry.rwlock);
	return true;
}

static __always_inline void put_rwlock(struct refcost_object *obj, struct refcost_worker *w)
{
	read_unlock(&refcost_registry.rwlock);
}

static __always_inline struct refcost_object *find_get_rwlock(u32 id, struct refcost_worker *w)
{
	struct refcost_object *obj;

	read_lock(&refcost_registry.rwlock);
	obj = refcost_find(id);
	if (!obj)
		read_unlock(&refcost_registry.rwlock);
	return obj;
}

static __always_inline void find_put_rwlock(struct refcost_object *obj, struct refcost_worker *w)
{
	read_unlock(&refcost_registry.rwlock);
}

REFCOST_LOOP_GETPUT(rwlock)
REFCOST_LOOP_LOOKUP(rwlock)

/* A reader that was lost is reported, but must not block the next writer forever: start afresh. */
static s64 rwlock_balance(struct refcost_owner *owner)
{
	if (write_trylock(&refcost_registry.rwlock)) {
		write_unlock(&refcost_registry.rwlock);
		return 0;
	}
	rwlock_init(&refcost_registry.rwlock);
	return 1;
}

static const void *rwlock_counter(struct refcost_worker *w)
{
	return &refcost_registry.rwlock;
}

static int rwlock_gate(struct refcost_owner *owner)
{
	rwlist_unlink(owner);
	return 0;
}

REFCOST_SCHEME(rwlock, GATE, section, "read_lock and read_unlock around the use",
	       "Linux 2.2 to today", "gate spins until all readers are out; readers after it spin",
	       REFCOST_SCHEME_LOOPS(rwlock), .atomic = true, .balance = rwlock_balance,
	       .counter = rwlock_counter, .gate = rwlock_gate, .ungate = rwlist_link,
	       .unlink = rwlist_unlink);
