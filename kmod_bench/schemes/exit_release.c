// SPDX-License-Identifier: GPL-2.0
/*
 * Tejun Heo, March 2007, the third of his ways: an opener takes the object's kref and the module's
 * count, and drops both. The module's count then says how many use it, not how many objects there
 * are: with none, exit() drops the last reference of every object, and each release runs inside
 * exit().
 *
 * Promise: delete_module(2) itself refuses (EWOULDBLOCK) while something is open.
 *
 * Ordering: as try_module_get for the module's count; the kref is only taken under it, and dropped
 * before.
 */
#include "krefobj.h"
#include "modref.h"

static __always_inline bool get_exit_release(struct refcost_object *obj, struct refcost_worker *w)
{
	if (!try_module_get(obj->owner->module))
		return false;
	kref_get(&kref_state(obj)->ref);
	return true;
}

/* The module's count last: the release, should it be the object's, runs in the module's text. */
static __always_inline void put_exit_release(struct refcost_object *obj, struct refcost_worker *w)
{
	struct module *module = obj->owner->module;

	kref_drop(obj);
	module_put(module);
}

static __always_inline struct refcost_object *find_get_exit_release(u32 id,
								    struct refcost_worker *w)
{
	struct refcost_object *obj;

	spin_lock(&refcost_registry.lock);
	obj = refcost_find(id);
	if (obj && !get_exit_release(obj, w)) {
		w->refused++;
		obj = NULL;
	}
	spin_unlock(&refcost_registry.lock);
	return obj;
}

static __always_inline void find_put_exit_release(struct refcost_object *obj,
						  struct refcost_worker *w)
{
	put_exit_release(obj, w);
}

REFCOST_LOOP_GETPUT(exit_release)
REFCOST_LOOP_LOOKUP(exit_release)

static int exit_release_bind(struct refcost_owner *owner)
{
	modref_bind(owner);
	return kref_bind(owner);
}

static s64 exit_release_balance(struct refcost_owner *owner)
{
	return modref_balance(owner) + kref_balance(owner);
}

REFCOST_SCHEME(exit_release, KERNEL, release,
	       "kref and module count; objects released inside exit()",
	       "Tejun Heo, Mar 2007, way 3", "delete_module fails, EWOULDBLOCK",
	       REFCOST_SCHEME_LOOPS(exit_release), .bind = exit_release_bind,
	       .balance = exit_release_balance, .counter = kref_counter, .unlink = spinlist_unlink,
	       .leave = kref_drop_all);
