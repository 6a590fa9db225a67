/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A kref in each object, taken under the list's spinlock by a user that finds the object there. A
 * listed object has the list's own reference, so a get cannot fail.
 *
 * Ordering: refcount_t makes a put a release, and the last one an acquire as well, so every use is
 * over before the object is released.
 */
#ifndef REFCOST_KREFOBJ_H
#define REFCOST_KREFOBJ_H

#include <linux/kref.h>

#include "lists.h"
#include "loop.h"

/* @done: who waits for this object alone, see release_wait */
struct kref_object {
	struct kref ref;
	struct refcost_object *obj;
	struct completion *done;
};

static __always_inline struct kref_object *kref_state(struct refcost_object *obj)
{
	return refcost_object_state(obj, struct kref_object);
}

static inline void kref_released(struct kref *ref)
{
	refcost_release_object(container_of(ref, struct kref_object, ref)->obj);
}

static __always_inline struct refcost_object *kref_find_get(u32 id)
{
	struct refcost_object *obj;

	spin_lock(&refcost_registry.lock);
	obj = refcost_find(id);
	if (obj)
		kref_get(&kref_state(obj)->ref);
	spin_unlock(&refcost_registry.lock);
	return obj;
}

/* The list's reference, at the end. */
static inline void kref_drop(struct refcost_object *obj)
{
	kref_put(&kref_state(obj)->ref, kref_released);
}

static inline void kref_drop_all(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		kref_drop(obj);
}

static inline int kref_bind(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj) {
		struct kref_object *state = kref_state(obj);

		kref_init(&state->ref);
		state->obj = obj;
		state->done = NULL;
	}
	return 0;
}

/* References over the list's own, of the objects that are left. */
static inline s64 kref_balance(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	s64 sum = 0;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		sum += abs((s64)kref_read(&kref_state(obj)->ref) - 1);
	return sum;
}

static inline const void *kref_counter(struct refcost_worker *w)
{
	return &kref_state(w->draws[0])->ref;
}

/* The members of struct refcost_scheme that all schemes with such objects share. */
#define KREF_MEMBERS .bind = kref_bind, .balance = kref_balance, .counter = kref_counter

#endif
