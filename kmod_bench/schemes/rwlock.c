// SPDX-License-Identifier: GPL-2.0
/*
 * The list's reader-writer spinlock, held from before the lookup until after the use: no count. As old
 * as SMP Linux; for uses that do not sleep.
 *
 * Promise: an unload does not fail; it spins until all readers are out, and readers that come later spin
 * until the objects are unlisted.
 */
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

static int rwlock_bind(struct refcost_owner *owner)
{
	rwlock_init(&refcost_registry.rwlock);
	return 0;
}

static s64 rwlock_balance(struct refcost_owner *owner)
{
	return !write_trylock(&refcost_registry.rwlock) ||
	       (write_unlock(&refcost_registry.rwlock), false);
}

static const void *rwlock_counter(struct refcost_worker *w)
{
	return &refcost_registry.rwlock;
}

static void rwlock_unlink(struct refcost_owner *owner)
{
	write_lock(&refcost_registry.rwlock);
	refcost_unlink_all(owner);
	write_unlock(&refcost_registry.rwlock);
}

static int rwlock_gate(struct refcost_owner *owner)
{
	rwlock_unlink(owner);
	return 0;
}

static void rwlock_ungate(struct refcost_owner *owner)
{
	write_lock(&refcost_registry.rwlock);
	refcost_link_all(owner);
	write_unlock(&refcost_registry.rwlock);
}

REFCOST_SCHEME(rwlock, GATE, "Linux 2.2 to today: read_lock/read_unlock around the use",
	       "gate spins until all readers are out; readers after it spin",
	       REFCOST_SCHEME_LOOPS(rwlock), .bind = rwlock_bind, .balance = rwlock_balance,
	       .counter = rwlock_counter, .gate = rwlock_gate, .ungate = rwlock_ungate,
	       .unlink = rwlock_unlink);
