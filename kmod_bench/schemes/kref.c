// SPDX-License-Identifier: GPL-2.0
/*
 * A count in each object, as kref has it since 2.6: users look the object up under the list's lock
 * and take a reference that cannot fail. The module waits for the last reference of each (Tejun
 * Heo, Alan Stern, Cornelia Huck, April 2007).
 *
 * Promise: an unload does not fail, it waits as long as the longest holder. The end of a release is
 * signalled by the registry, after the victim's function has returned. Once unlisted, objects do
 * not come back: if delete_module(2) then fails, the module stays loaded and without objects.
 */
#include "krefobj.h"

static __always_inline bool get_kref(struct refcost_object *obj, struct refcost_worker *w)
{
	kref_get(&kref_state(obj)->ref);
	return true;
}

static __always_inline void put_kref(struct refcost_object *obj, struct refcost_worker *w)
{
	refcost_fault_slow();
	kref_put(&kref_state(obj)->ref, kref_released);
}

static __always_inline struct refcost_object *find_get_kref(u32 id, struct refcost_worker *w)
{
	return kref_find_get(id);
}

static __always_inline void find_put_kref(struct refcost_object *obj, struct refcost_worker *w)
{
	put_kref(obj, w);
}

REFCOST_LOOP_GETPUT(kref)
REFCOST_LOOP_LOOKUP(kref)

static int kref_gate(struct refcost_owner *owner)
{
	return refcost_drop_and_wait(owner, spinlist_unlink, kref_drop);
}

REFCOST_OBJECT_SCHEME(kref, GATE, struct kref_object, object, "a count in each object, waited for",
		      "Linux 2.6 to today", "gate waits for the longest holder",
		      REFCOST_SCHEME_LOOPS(kref), KREF_MEMBERS, .gate = kref_gate,
		      .unlink = spinlist_unlink);

REFCOST_REPORT(kref, "object core swept", "atomic_shared");
