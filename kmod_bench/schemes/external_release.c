// SPDX-License-Identifier: GPL-2.0
/*
 * Tejun Heo, March 2007, the second of his ways (s390_rdev.c had it): a kref in each object whose
 * release function lives outside the module. References may be held for as long as one likes; the
 * module unregisters its objects and leaves at once, and they outlive it. Calls into the module are
 * another matter: an active reference covers each, and unregistering cuts them off.
 *
 * Each user here keeps a reference on its last object between calls, so that objects do outlive the
 * module.
 *
 * Promise: an unload is never busy for references to objects; it waits for calls in flight. Once
 * unlisted, objects do not come back.
 *
 * Ordering: see activeref.h.
 */
#include "activeref.h"
#include "krefobj.h"
#include "slot.h"

struct external_object {
	struct kref_object kref;
	struct active_ref active;
};

static __always_inline struct external_object *external_state(struct refcost_object *obj)
{
	return refcost_object_state(obj, struct external_object);
}

/* The one release that does not belong to the module. */
static void external_released(struct kref *ref)
{
	refcost_object_free(container_of(ref, struct kref_object, ref)->obj);
}

static __always_inline void external_put(struct refcost_object *obj)
{
	kref_put(&kref_state(obj)->ref, external_released);
}

static __always_inline bool get_external_release(struct refcost_object *obj,
						 struct refcost_worker *w)
{
	kref_get(&kref_state(obj)->ref);
	if (likely(active_get(&external_state(obj)->active)))
		return true;
	external_put(obj);
	return false;
}

static __always_inline void put_external_release(struct refcost_object *obj,
						 struct refcost_worker *w)
{
	active_put(&external_state(obj)->active);
	external_put(obj);
}

static __always_inline struct refcost_object *find_get_external_release(u32 id,
									struct refcost_worker *w)
{
	struct refcost_object *obj;

	spin_lock(&refcost_registry.lock);
	obj = refcost_find(id);
	if (obj && !get_external_release(obj, w))
		obj = NULL;
	spin_unlock(&refcost_registry.lock);
	return obj;
}

/* The call is over; the object itself is kept until the next one, or the end of the user. */
static __always_inline void find_put_external_release(struct refcost_object *obj,
						      struct refcost_worker *w)
{
	active_put(&external_state(obj)->active);
	if (w->kept)
		external_put(w->kept);
	w->kept = obj;
}

REFCOST_LOOP_GETPUT(external_release)
REFCOST_LOOP_LOOKUP(external_release)

static void external_release_worker_exit(struct refcost_worker *w)
{
	if (w->kept)
		external_put(w->kept);
	w->kept = NULL;
}

static int external_release_bind(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		active_init(&external_state(obj)->active);
	return kref_bind(owner);
}

/* Calls in flight count as well as references. */
static s64 external_release_balance(struct refcost_owner *owner)
{
	s64 sum = kref_balance(owner);
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		sum += abs(atomic_read(&external_state(obj)->active.active));
	return sum;
}

/* From here on the module has no say over the objects: the last put frees them. */
static int external_release_gate(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	spinlist_unlink(owner);
	refcost_for_each_object(owner, i, obj) {
		active_drain(&external_state(obj)->active);
		owner->dropped++;
		owner->objects[i] = NULL;
		external_put(obj);
	}
	return 0;
}

REFCOST_SCHEME(external_release, GATE, release, "kref whose release is not the module's text",
	       "Tejun Heo, Mar 2007, way 2: s390_rdev.c",
	       "never busy for references; gate waits for calls in flight",
	       REFCOST_SCHEME_LOOPS(external_release), .bind = external_release_bind,
	       .balance = external_release_balance, .counter = kref_counter,
	       .gate = external_release_gate, .unlink = spinlist_unlink,
	       .worker_exit = external_release_worker_exit);
