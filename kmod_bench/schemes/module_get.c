// SPDX-License-Identifier: GPL-2.0
/*
 * __module_get(): one more reference for somebody who has one, so that it need not be tested. The
 * count is that of try_module_get.
 *
 * Promise: as try_module_get: delete_module(2) itself refuses (EWOULDBLOCK) while the count is up.
 * A user that only finds the object has no reference yet: its lookup gets one with
 * try_module_get(), takes the user's own from that, and puts it.
 *
 * Ordering: the count is not zero when it goes up, so no check is on its way to success; else as
 * for try_module_get.
 */
#include "lists.h"
#include "loop.h"
#include "modref.h"

static __always_inline bool get_module_get(struct refcost_object *obj, struct refcost_worker *w)
{
	__module_get(obj->owner->module);
	return true;
}

static __always_inline void put_module_get(struct refcost_object *obj, struct refcost_worker *w)
{
	module_put(obj->owner->module);
}

static __always_inline struct refcost_object *find_get_module_get(u32 id, struct refcost_worker *w)
{
	struct refcost_object *obj;

	read_lock(&refcost_registry.rwlock);
	obj = refcost_find(id);
	if (obj && !try_module_get(obj->owner->module))
		obj = NULL;
	read_unlock(&refcost_registry.rwlock);
	if (obj) {
		__module_get(obj->owner->module);
		module_put(obj->owner->module);
	}
	return obj;
}

static __always_inline void find_put_module_get(struct refcost_object *obj,
						struct refcost_worker *w)
{
	module_put(obj->owner->module);
}

REFCOST_LOOP_GETPUT(module_get)
REFCOST_LOOP_LOOKUP(module_get)

REFCOST_SCHEME(module_get, KERNEL, module, "try_module_get's count, got without a test",
	       "Linux 2.6 to today, for who has a reference already",
	       "delete_module fails, EWOULDBLOCK", REFCOST_SCHEME_LOOPS(module_get),
	       .bind = modref_bind, .balance = modref_balance, .counter = modref_counter,
	       .unlink = rwlist_unlink);
