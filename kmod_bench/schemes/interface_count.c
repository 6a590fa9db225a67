// SPDX-License-Identifier: GPL-2.0
/*
 * Daniel Phillips and Al Viro, July 2002: the subsystem knows its users (mounts, say) and counts
 * them itself, under its own lock; a module is registering, live or deregistering.
 *
 * Promise: rmmod asks the subsystem to deregister. With users that fails (EBUSY) and has changed
 * nothing; without, the module is deregistering from then on and no get succeeds.
 */
#include "loop.h"

enum interface_state {
	INTERFACE_REGISTERING,
	INTERFACE_LIVE,
	INTERFACE_DEREGISTERING,
};

struct interface_owner {
	enum interface_state state;
	unsigned long users;
};

static __always_inline struct interface_owner *interface_owner(struct refcost_owner *owner)
{
	return refcost_owner_state(owner, struct interface_owner);
}

static __always_inline bool interface_count_locked(struct refcost_object *obj)
{
	struct interface_owner *owner = interface_owner(obj->owner);

	if (unlikely(owner->state != INTERFACE_LIVE))
		return false;
	owner->users++;
	return true;
}

static __always_inline bool get_interface_count(struct refcost_object *obj,
						struct refcost_worker *w)
{
	bool got;

	spin_lock(&refcost_registry.lock);
	got = interface_count_locked(obj);
	spin_unlock(&refcost_registry.lock);
	return got;
}

static __always_inline void put_interface_count(struct refcost_object *obj,
						struct refcost_worker *w)
{
	spin_lock(&refcost_registry.lock);
	interface_owner(obj->owner)->users--;
	spin_unlock(&refcost_registry.lock);
}

static __always_inline struct refcost_object *find_get_interface_count(u32 id,
								       struct refcost_worker *w)
{
	struct refcost_object *obj;

	spin_lock(&refcost_registry.lock);
	obj = refcost_find(id);
	if (obj && !interface_count_locked(obj))
		obj = NULL;
	spin_unlock(&refcost_registry.lock);
	return obj;
}

static __always_inline void find_put_interface_count(struct refcost_object *obj,
						     struct refcost_worker *w)
{
	put_interface_count(obj, w);
}

REFCOST_LOOP_GETPUT(interface_count)
REFCOST_LOOP_LOOKUP(interface_count)

static int interface_count_bind(struct refcost_owner *owner)
{
	*interface_owner(owner) = (struct interface_owner){ .state = INTERFACE_LIVE };
	return 0;
}

static s64 interface_count_balance(struct refcost_owner *owner)
{
	return interface_owner(owner)->users;
}

static const void *interface_count_counter(struct refcost_worker *w)
{
	return &interface_owner(w->draws[0]->owner)->users;
}

static void interface_count_unlink(struct refcost_owner *owner)
{
	spin_lock(&refcost_registry.lock);
	interface_owner(owner)->state = INTERFACE_DEREGISTERING;
	refcost_unlink_all(owner);
	spin_unlock(&refcost_registry.lock);
}

static int interface_count_gate(struct refcost_owner *owner)
{
	struct interface_owner *state = interface_owner(owner);
	int err = -EBUSY;

	spin_lock(&refcost_registry.lock);
	if (!state->users) {
		state->state = INTERFACE_DEREGISTERING;
		refcost_unlink_all(owner);
		err = 0;
	}
	spin_unlock(&refcost_registry.lock);
	return err;
}

static void interface_count_ungate(struct refcost_owner *owner)
{
	spin_lock(&refcost_registry.lock);
	refcost_link_all(owner);
	interface_owner(owner)->state = INTERFACE_LIVE;
	spin_unlock(&refcost_registry.lock);
}

REFCOST_SCHEME(interface_count, GATE, module, "the subsystem counts its users",
	       "Daniel Phillips and Al Viro, Jul 2002", "gate fails, EBUSY, nothing changed",
	       REFCOST_SCHEME_LOOPS(interface_count), .bind = interface_count_bind,
	       .balance = interface_count_balance, .counter = interface_count_counter,
	       .gate = interface_count_gate, .ungate = interface_count_ungate,
	       .unlink = interface_count_unlink);
