// SPDX-License-Identifier: GPL-2.0
/*
 * Tejun Heo's device_unregister_wait() of April 2007: a kref in each object, and the task that
 * unregisters an object waits until that object's release has finished. The list is locked, the
 * objects are taken off it, it is unlocked, and only then is waited, one object after the other.
 *
 * Promise: an unload does not fail; it waits as long as the longest holder of each object.
 */
#include "krefobj.h"

static void release_wait_released(struct kref *ref)
{
	struct kref_object *state = container_of(ref, struct kref_object, ref);
	struct completion *done = state->done;

	refcost_release_object(state->obj);
	if (done)
		complete(done);
}

static __always_inline bool get_release_wait(struct refcost_object *obj, struct refcost_worker *w)
{
	kref_get(&kref_state(obj)->ref);
	return true;
}

static __always_inline void put_release_wait(struct refcost_object *obj, struct refcost_worker *w)
{
	kref_put(&kref_state(obj)->ref, release_wait_released);
}

static __always_inline struct refcost_object *find_get_release_wait(u32 id,
								    struct refcost_worker *w)
{
	return kref_find_get(id);
}

static __always_inline void find_put_release_wait(struct refcost_object *obj,
						  struct refcost_worker *w)
{
	put_release_wait(obj, w);
}

REFCOST_LOOP_GETPUT(release_wait)
REFCOST_LOOP_LOOKUP(release_wait)

/* @next: the first object not known to be released */
struct release_wait_owner {
	struct completion done;
	u32 next;
};

static int release_wait_bind(struct refcost_owner *owner)
{
	struct release_wait_owner *state = refcost_owner_state(owner, struct release_wait_owner);

	init_completion(&state->done);
	state->next = 0;
	return kref_bind(owner);
}

/* A wait that a signal broke off goes on with the same object at the next attempt. */
static int release_wait_gate(struct refcost_owner *owner)
{
	struct release_wait_owner *state = refcost_owner_state(owner, struct release_wait_owner);

	if (!owner->dropped)
		spinlist_unlink(owner);
	for (; state->next < owner->nr_objects; state->next++) {
		if (owner->dropped == state->next) {
			struct refcost_object *obj = owner->objects[state->next];

			owner->dropped++;
			kref_state(obj)->done = &state->done;
			put_release_wait(obj, NULL);
		}
		if (wait_for_completion_interruptible(&state->done))
			return -EINTR;
	}
	return 0;
}

REFCOST_OBJECT_SCHEME(release_wait, GATE, struct kref_object, release,
		      "kref; unregistering waits for each object's release",
		      "Tejun Heo, Apr 2007: device_unregister_wait",
		      "gate waits for the longest holder", REFCOST_SCHEME_LOOPS(release_wait),
		      .bind = release_wait_bind, .balance = kref_balance, .counter = kref_counter,
		      .gate = release_wait_gate, .unlink = spinlist_unlink);
