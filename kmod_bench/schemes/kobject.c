// SPDX-License-Identifier: GPL-2.0
/*
 * kobject, since 2.5: a kref with a type, a name and a place in sysfs. What a driver-model
 * reference costs over the bare count.
 *
 * Promise: as kref: an unload does not fail, it waits for the longest holder. The end of the
 * release is signalled by the registry, after the victim's function has returned.
 */
#include <linux/kobject.h>

#include "lists.h"
#include "loop.h"

struct kobject_object {
	struct kobject kobj;
	struct refcost_object *obj;
};

static __always_inline struct kobject_object *kobject_state(struct refcost_object *obj)
{
	return refcost_object_state(obj, struct kobject_object);
}

static void kobject_last(struct kobject *kobj)
{
	refcost_release_object(container_of(kobj, struct kobject_object, kobj)->obj);
}

static const struct kobj_type kobject_type = {
	.release = kobject_last,
};

static __always_inline bool get_kobject(struct refcost_object *obj, struct refcost_worker *w)
{
	kobject_get(&kobject_state(obj)->kobj);
	return true;
}

static __always_inline void put_kobject(struct refcost_object *obj, struct refcost_worker *w)
{
	kobject_put(&kobject_state(obj)->kobj);
}

static __always_inline struct refcost_object *find_get_kobject(u32 id, struct refcost_worker *w)
{
	struct refcost_object *obj;

	spin_lock(&refcost_registry.lock);
	obj = refcost_find(id);
	if (obj)
		kobject_get(&kobject_state(obj)->kobj);
	spin_unlock(&refcost_registry.lock);
	return obj;
}

static __always_inline void find_put_kobject(struct refcost_object *obj, struct refcost_worker *w)
{
	put_kobject(obj, w);
}

REFCOST_LOOP_GETPUT(kobject)
REFCOST_LOOP_LOOKUP(kobject)

static int kobject_bind(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj) {
		struct kobject_object *state = kobject_state(obj);

		memset(state, 0, sizeof(*state));
		kobject_init(&state->kobj, &kobject_type);
		state->obj = obj;
	}
	return 0;
}

static s64 kobject_balance(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	s64 sum = 0;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		sum += abs((s64)kref_read(&kobject_state(obj)->kobj.kref) - 1);
	return sum;
}

static const void *kobject_counter(struct refcost_worker *w)
{
	return &kobject_state(w->draws[0])->kobj.kref;
}

static void kobject_drop(struct refcost_object *obj)
{
	kobject_put(&kobject_state(obj)->kobj);
}

static int kobject_gate(struct refcost_owner *owner)
{
	return refcost_drop_and_wait(owner, spinlist_unlink, kobject_drop);
}

REFCOST_SCHEME(kobject, GATE, object, "kobject_get and kobject_put", "Linux 2.5 to today",
	       "gate waits for the longest holder", REFCOST_SCHEME_LOOPS(kobject),
	       .bind = kobject_bind, .balance = kobject_balance, .counter = kobject_counter,
	       .gate = kobject_gate, .unlink = spinlist_unlink);
