// SPDX-License-Identifier: GPL-2.0
/*
 * Immediate detach: Tejun Heo's active references of sysfs in 2.6.23, kernfs now. A get counts up unless
 * the object is deactivated, which a large negative bias on the count says; the last put after that
 * wakes whoever drains.
 *
 * Promise: an unload does not fail; it cuts new users off at once and waits only for calls in flight.
 *
 * Ordering: a get is atomic_inc_unless_negative(), a read-modify-write of the word that the drainer adds
 * the bias to, so either the drainer sees the use or the get sees the bias. A put is fully ordered: all
 * of the use is over before the count reaches the bias.
 */
#include <linux/atomic.h>
#include <linux/completion.h>

#include "loop.h"

#define ACTIVE_BIAS (INT_MIN + 1)

struct active_object {
	atomic_t active;
	struct completion drained;
};

static __always_inline struct active_object *active_object(struct refcost_object *obj)
{
	return refcost_object_state(obj, struct active_object);
}

static __always_inline bool get_active_ref(struct refcost_object *obj, struct refcost_worker *w)
{
	return atomic_inc_unless_negative(&active_object(obj)->active);
}

static __always_inline void put_active_ref(struct refcost_object *obj, struct refcost_worker *w)
{
	struct active_object *state = active_object(obj);

	if (unlikely(atomic_dec_return(&state->active) == ACTIVE_BIAS))
		complete(&state->drained);
}

static __always_inline struct refcost_object *find_get_active_ref(u32 id, struct refcost_worker *w)
{
	struct refcost_object *obj;

	spin_lock(&refcost_registry.lock);
	obj = refcost_find(id);
	if (obj && !get_active_ref(obj, w))
		obj = NULL;
	spin_unlock(&refcost_registry.lock);
	return obj;
}

static __always_inline void find_put_active_ref(struct refcost_object *obj,
						struct refcost_worker *w)
{
	put_active_ref(obj, w);
}

REFCOST_LOOP_GETPUT(active_ref)
REFCOST_LOOP_LOOKUP(active_ref)

static int active_ref_bind(struct refcost_owner *owner)
{
	u32 i;

	for (i = 0; i < owner->nr_objects; i++) {
		atomic_set(&active_object(owner->objects[i])->active, 0);
		init_completion(&active_object(owner->objects[i])->drained);
	}
	return 0;
}

static s64 active_ref_balance(struct refcost_owner *owner)
{
	s64 sum = 0;
	u32 i;

	for (i = 0; i < owner->nr_objects; i++)
		sum += abs(atomic_read(&active_object(owner->objects[i])->active));
	return sum;
}

static const void *active_ref_counter(struct refcost_worker *w)
{
	return &active_object(w->draws[0])->active;
}

static void active_ref_unlink(struct refcost_owner *owner)
{
	spin_lock(&refcost_registry.lock);
	refcost_unlink_all(owner);
	spin_unlock(&refcost_registry.lock);
}

static int active_ref_gate(struct refcost_owner *owner)
{
	u32 i;

	active_ref_unlink(owner);
	for (i = 0; i < owner->nr_objects; i++) {
		struct active_object *state = active_object(owner->objects[i]);

		if (atomic_add_return(ACTIVE_BIAS, &state->active) != ACTIVE_BIAS)
			wait_for_completion(&state->drained);
	}
	return 0;
}

static void active_ref_ungate(struct refcost_owner *owner)
{
	active_ref_bind(owner);
	spin_lock(&refcost_registry.lock);
	refcost_link_all(owner);
	spin_unlock(&refcost_registry.lock);
}

REFCOST_SCHEME(active_ref, GATE, "Tejun Heo, 2007: active references of sysfs and kernfs",
	       "gate cuts off new users, waits for calls in flight",
	       REFCOST_SCHEME_LOOPS(active_ref), .bind = active_ref_bind,
	       .balance = active_ref_balance, .counter = active_ref_counter,
	       .gate = active_ref_gate, .ungate = active_ref_ungate, .unlink = active_ref_unlink);
