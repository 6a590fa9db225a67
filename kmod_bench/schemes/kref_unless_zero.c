// SPDX-License-Identifier: GPL-2.0
/*
 * kref_get_unless_zero(), since 3.8: a kref whose users find the object under RCU, where it may
 * have lost its last reference already, so each get is a compare-and-swap that fails at zero.
 *
 * Promise: as refcount: an unload does not fail; it unlists the objects, waits for a grace period,
 * drops the list's references and waits for the last release.
 *
 * Ordering: as for refcount, which kref is made of.
 */
#include "krefobj.h"

static __always_inline bool get_kref_unless_zero(struct refcost_object *obj,
						 struct refcost_worker *w)
{
	return kref_get_unless_zero(&kref_state(obj)->ref);
}

static __always_inline void put_kref_unless_zero(struct refcost_object *obj,
						 struct refcost_worker *w)
{
	kref_drop(obj);
}

static __always_inline struct refcost_object *find_get_kref_unless_zero(u32 id,
									struct refcost_worker *w)
{
	struct refcost_object *obj;

	rcu_read_lock();
	obj = refcost_find(id);
	if (obj && !get_kref_unless_zero(obj, w))
		obj = NULL;
	rcu_read_unlock();
	return obj;
}

static __always_inline void find_put_kref_unless_zero(struct refcost_object *obj,
						      struct refcost_worker *w)
{
	kref_drop(obj);
}

REFCOST_LOOP_GETPUT(kref_unless_zero)
REFCOST_LOOP_LOOKUP(kref_unless_zero)

static int kref_unless_zero_gate(struct refcost_owner *owner)
{
	return refcost_drop_and_wait(owner, rculist_unlink, kref_drop);
}

REFCOST_OBJECT_SCHEME(kref_unless_zero, GATE, struct kref_object, object,
		      "kref_get_unless_zero, found under RCU", "Linux 3.8 to today",
		      "gate waits for a grace period and for the longest holder",
		      REFCOST_SCHEME_LOOPS(kref_unless_zero), KREF_MEMBERS,
		      .gate = kref_unless_zero_gate, .unlink = rculist_unlink);
