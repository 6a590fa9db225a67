// SPDX-License-Identifier: GPL-2.0
/*
 * srcu with an srcu_struct in each object, as revocable has it: what that part of it costs. A use
 * of one object delays the end of no other.
 *
 * Promise: an unload does not fail; it unlists the objects and waits, for one after the other,
 * until every section that was open then has ended. A signal ends the wait between two objects.
 *
 * Ordering: users find the object and begin a section under the list's lock, so a user that
 * found it is inside when it is unlisted; synchronize_srcu() pairs with the section as for srcu.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "lists.h"
#include "loop.h"
#include "srcuref.h"

struct srcu_object {
	struct srcu_struct *srcu;
};

static __always_inline struct srcu_object *srcu_object_state(struct refcost_object *obj)
{
	return refcost_object_state(obj, struct srcu_object);
}

static __always_inline bool srcu_object_get(struct refcost_object *obj, int *token)
{
	*token = srcu_read_lock(srcu_object_state(obj)->srcu);
	return true;
}

static __always_inline struct refcost_object *srcu_object_find_get(u32 id, int *token)
{
	struct refcost_object *obj;

	spin_lock(&refcost_registry.lock);
	obj = refcost_find(id);
	if (obj)
		srcu_object_get(obj, token);
	spin_unlock(&refcost_registry.lock);
	return obj;
}

#define get_srcu_object(obj, w)	     srcu_object_get(obj, &token)
#define put_srcu_object(obj, w)	     srcu_read_unlock(srcu_object_state(obj)->srcu, token)
#define find_get_srcu_object(id, w)  srcu_object_find_get(id, &token)
#define find_put_srcu_object(obj, w) put_srcu_object(obj, w)

REFCOST_LOOP_GETPUT(srcu_object)
REFCOST_LOOP_LOOKUP(srcu_object)

static void srcu_object_unbind(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj) {
		struct srcu_object *state = srcu_object_state(obj);

		if (state->srcu)
			cleanup_srcu_struct(state->srcu);
		kfree(state->srcu);
		state->srcu = NULL;
	}
}

static int srcu_object_init(struct srcu_object *state)
{
	struct srcu_struct *srcu = kzalloc(sizeof(*srcu), GFP_KERNEL);
	int err = -ENOMEM;

	if (srcu)
		err = init_srcu_struct(srcu);
	if (err) {
		kfree(srcu);
		return err;
	}
	state->srcu = srcu;
	return 0;
}

static int srcu_object_bind(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	int err = 0;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		srcu_object_state(obj)->srcu = NULL;
	refcost_for_each_object(owner, i, obj) {
		err = srcu_object_init(srcu_object_state(obj));
		if (err)
			break;
	}
	if (err)
		srcu_object_unbind(owner);
	return err;
}

static s64 srcu_object_balance(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	s64 sum = 0;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		sum += srcu_readers(srcu_object_state(obj)->srcu);
	return sum;
}

static int srcu_object_gate(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	spinlist_unlink(owner);
	refcost_for_each_object(owner, i, obj) {
		if (signal_pending(current))
			return -EINTR;
		synchronize_srcu(srcu_object_state(obj)->srcu);
	}
	return 0;
}

static void srcu_object_leave(struct refcost_owner *owner)
{
	srcu_object_unbind(owner);
	refcost_release_all(owner);
}

REFCOST_SCHEME(srcu_object, GATE, section, "srcu with an srcu_struct in each object",
	       "the part of revocable that costs", "gate waits for each object's open sections",
	       REFCOST_SCHEME_LOOPS(srcu_object), .bind = srcu_object_bind,
	       .unbind = srcu_object_unbind, .balance = srcu_object_balance,
	       .gate = srcu_object_gate, .ungate = spinlist_link, .unlink = spinlist_unlink,
	       .leave = srcu_object_leave);
