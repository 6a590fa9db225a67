// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's module reference since 3.19 (commit 2f35c41f58a9, "module: Replace module_ref with
 * atomic_t refcnt"): one atomic count, increment unless zero, decrement if positive. Users find the
 * object as get_fs_type() does: under a reader-writer lock on the subsystem's list.
 *
 * Promise: delete_module(2) itself refuses (EWOULDBLOCK) while the count is up; a get fails once
 * the module is going. The victim's exit() unlists the objects.
 *
 * Ordering: a get is a compare-and-swap that fails at zero, and delete_module(2) takes its own
 * count off with one that succeeds only if it leaves zero; both are of one word, so either the
 * check counts the user in or the get fails. module_put() is fully ordered, so every use is over
 * before the count says so.
 */
#include "lists.h"
#include "loop.h"
#include "modref.h"

static __always_inline bool get_try_module_get(struct refcost_object *obj, struct refcost_worker *w)
{
	return try_module_get(obj->owner->module);
}

static __always_inline void put_try_module_get(struct refcost_object *obj, struct refcost_worker *w)
{
	module_put(obj->owner->module);
}

static __always_inline struct refcost_object *find_get_try_module_get(u32 id,
								      struct refcost_worker *w)
{
	struct refcost_object *obj;

	read_lock(&refcost_registry.rwlock);
	obj = refcost_find(id);
	if (obj && !try_module_get(obj->owner->module))
		obj = NULL;
	read_unlock(&refcost_registry.rwlock);
	return obj;
}

static __always_inline void find_put_try_module_get(struct refcost_object *obj,
						    struct refcost_worker *w)
{
	module_put(obj->owner->module);
}

REFCOST_LOOP_GETPUT(try_module_get)
REFCOST_LOOP_LOOKUP(try_module_get)

REFCOST_SCHEME(try_module_get, KERNEL, module, "one atomic count a module", "Linux 3.19 to today",
	       "delete_module fails, EWOULDBLOCK", REFCOST_SCHEME_LOOPS(try_module_get),
	       .bind = modref_bind, .balance = modref_balance, .counter = modref_counter,
	       .unlink = rwlist_unlink);

REFCOST_REPORT(try_module_get, "replacing core swept", "");
