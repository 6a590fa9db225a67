// SPDX-License-Identifier: GPL-2.0
/*
 * A count in each object, as kref has it since 2.6: users look the object up under the list's lock and
 * take a reference that cannot fail. The module waits for the last reference of each (Tejun Heo, Alan
 * Stern, Cornelia Huck, April 2007).
 *
 * Promise: an unload does not fail, it waits as long as the longest holder. The end of a release is
 * signalled by the registry, after the victim's function has returned. Once unlisted, objects do not
 * come back: if delete_module(2) then fails, the module stays loaded and without objects.
 */
#include <linux/kref.h>

#include "loop.h"

struct kref_object {
	struct kref ref;
	struct refcost_object *obj;
};

static __always_inline struct kref_object *kref_state(struct refcost_object *obj)
{
	return refcost_object_state(obj, struct kref_object);
}

static void kref_release(struct kref *ref)
{
	refcost_release_object(container_of(ref, struct kref_object, ref)->obj);
}

static __always_inline bool get_kref(struct refcost_object *obj, struct refcost_worker *w)
{
	kref_get(&kref_state(obj)->ref);
	return true;
}

static __always_inline void put_kref(struct refcost_object *obj, struct refcost_worker *w)
{
	kref_put(&kref_state(obj)->ref, kref_release);
}

static __always_inline struct refcost_object *find_get_kref(u32 id, struct refcost_worker *w)
{
	struct refcost_object *obj;

	spin_lock(&refcost_registry.lock);
	obj = refcost_find(id);
	if (obj)
		kref_get(&kref_state(obj)->ref);
	spin_unlock(&refcost_registry.lock);
	return obj;
}

static __always_inline void find_put_kref(struct refcost_object *obj, struct refcost_worker *w)
{
	put_kref(obj, w);
}

REFCOST_LOOP_GETPUT(kref)
REFCOST_LOOP_LOOKUP(kref)

static int kref_bind(struct refcost_owner *owner)
{
	u32 i;

	for (i = 0; i < owner->nr_objects; i++) {
		struct kref_object *state;

		if (!owner->objects[i])
			return -ESTALE;
		state = kref_state(owner->objects[i]);
		kref_init(&state->ref);
		state->obj = owner->objects[i];
	}
	return 0;
}

/* References over the registry's own, of the objects that are left. */
static s64 kref_balance(struct refcost_owner *owner)
{
	s64 sum = 0;
	u32 i;

	for (i = 0; i < owner->nr_objects; i++)
		if (owner->objects[i])
			sum += abs((s64)kref_read(&kref_state(owner->objects[i])->ref) - 1);
	return sum;
}

static const void *kref_counter(struct refcost_worker *w)
{
	return &kref_state(w->draws[0])->ref;
}

static void kref_unlink(struct refcost_owner *owner)
{
	spin_lock(&refcost_registry.lock);
	refcost_unlink_all(owner);
	spin_unlock(&refcost_registry.lock);
}

/* A wait that a signal broke off is taken up again by the next attempt: nothing is dropped twice. */
static int kref_gate(struct refcost_owner *owner)
{
	if (refcost_linked(owner)) {
		u32 i;

		kref_unlink(owner);
		for (i = 0; i < owner->nr_objects; i++)
			kref_put(&kref_state(owner->objects[i])->ref, kref_release);
	}
	if (wait_for_completion_interruptible(&owner->all_released))
		return -EINTR;
	return 0;
}

REFCOST_SCHEME(kref, GATE, "Linux 2.6 to today: a count in each object, waited for (2007)",
	       "gate waits for the longest holder", REFCOST_SCHEME_LOOPS(kref), .bind = kref_bind,
	       .balance = kref_balance, .counter = kref_counter, .gate = kref_gate,
	       .unlink = kref_unlink);
