// SPDX-License-Identifier: GPL-2.0
/*
 * revocable: Tzung-Bi Shih, August 2025 (as ref_proxy) to April 2026; merged for 7.0 as
 * 62eb557580eb, reverted as 21bab791346e. Each object has a provider outside of it: an srcu_struct,
 * a pointer to the object and a kref. Users hold a handle, which is a reference on the provider and
 * outlives the object, and enter a section for each access; a pointer that is NULL says that the
 * object is gone.
 *
 * Each user here keeps the handle of its last object between calls, and uses it once more when it
 * finds no object, as one that still has a file open.
 *
 * Promise: an unload does not fail; for one object after the other it clears the pointer and waits
 * until every access that was under way then is over. A signal ends the wait between two objects.
 *
 * Ordering: a section begins with a full barrier before the pointer is read; synchronize_srcu()
 * executes full barriers after the pointer is cleared, so an access that it does not see finds
 * NULL.
 */
#include <linux/kref.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "lists.h"
#include "loop.h"
#include "srcuref.h"

struct revocable_provider {
	struct srcu_struct srcu;
	struct refcost_object __rcu *obj;
	struct kref handles;
};

struct revocable_object {
	struct revocable_provider *provider;
};

static __always_inline struct revocable_object *revocable_state(struct refcost_object *obj)
{
	return refcost_object_state(obj, struct revocable_object);
}

static void revocable_last(struct kref *handles)
{
	struct revocable_provider *provider =
		container_of(handles, struct revocable_provider, handles);

	cleanup_srcu_struct(&provider->srcu);
	kfree(provider);
}

static __always_inline void revocable_put_handle(struct revocable_provider *provider)
{
	kref_put(&provider->handles, revocable_last);
}

static __always_inline struct refcost_object *revocable_access(struct revocable_provider *provider,
							       int *token)
{
	struct refcost_object *obj;

	*token = srcu_read_lock(&provider->srcu);
	obj = srcu_dereference(provider->obj, &provider->srcu);
	if (unlikely(!obj))
		srcu_read_unlock(&provider->srcu, *token);
	return obj;
}

/* A lookup puts the handle that its user had, which may free the provider: under no lock. */
static __always_inline struct refcost_object *revocable_find_get(u32 id, struct refcost_worker *w,
								 int *token)
{
	struct revocable_provider *provider = NULL;
	struct refcost_object *obj;

	spin_lock(&refcost_registry.lock);
	obj = refcost_find(id);
	if (obj) {
		provider = revocable_state(obj)->provider;
		kref_get(&provider->handles);
	}
	spin_unlock(&refcost_registry.lock);
	if (provider) {
		if (w->kept)
			revocable_put_handle(w->kept);
		w->kept = provider;
	}
	return w->kept ? revocable_access(w->kept, token) : NULL;
}

/* The user's handle does not change while it is in a section. */
static __always_inline void revocable_find_put(struct refcost_worker *w, int token)
{
	struct revocable_provider *provider = w->kept;

	srcu_read_unlock(&provider->srcu, token);
}

#define get_revocable(obj, w)	   revocable_access(revocable_state(obj)->provider, &token)
#define put_revocable(obj, w)	   srcu_read_unlock(&revocable_state(obj)->provider->srcu, token)
#define find_get_revocable(id, w)  revocable_find_get(id, w, &token)
#define find_put_revocable(obj, w) revocable_find_put(w, token)

REFCOST_LOOP_GETPUT(revocable)
REFCOST_LOOP_LOOKUP(revocable)

static void revocable_worker_exit(struct refcost_worker *w)
{
	if (w->kept)
		revocable_put_handle(w->kept);
	w->kept = NULL;
}

static void revocable_unbind(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj) {
		struct revocable_object *state = revocable_state(obj);

		if (state->provider)
			revocable_put_handle(state->provider);
		state->provider = NULL;
	}
}

static struct revocable_provider *revocable_create(struct refcost_object *obj)
{
	struct revocable_provider *provider = kzalloc(sizeof(*provider), GFP_KERNEL);

	if (!provider || init_srcu_struct(&provider->srcu)) {
		kfree(provider);
		return NULL;
	}
	RCU_INIT_POINTER(provider->obj, obj);
	kref_init(&provider->handles);
	return provider;
}

static int revocable_bind(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		revocable_state(obj)->provider = NULL;
	refcost_for_each_object(owner, i, obj) {
		revocable_state(obj)->provider = revocable_create(obj);
		if (!revocable_state(obj)->provider) {
			revocable_unbind(owner);
			return -ENOMEM;
		}
	}
	return 0;
}

/* Handles over the object's own, and accesses under way. */
static s64 revocable_balance(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	s64 sum = 0;
	u32 i;

	refcost_for_each_object(owner, i, obj) {
		struct revocable_provider *provider = revocable_state(obj)->provider;

		sum += abs((s64)kref_read(&provider->handles) - 1);
		sum += srcu_readers(&provider->srcu);
	}
	return sum;
}

static int revocable_gate(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	spinlist_unlink(owner);
	refcost_for_each_object(owner, i, obj) {
		struct revocable_provider *provider = revocable_state(obj)->provider;

		if (signal_pending(current))
			return -EINTR;
		RCU_INIT_POINTER(provider->obj, NULL);
		synchronize_srcu(&provider->srcu);
	}
	return 0;
}

static void revocable_ungate(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		rcu_assign_pointer(revocable_state(obj)->provider->obj, obj);
	spinlist_link(owner);
}

static void revocable_leave(struct refcost_owner *owner)
{
	revocable_unbind(owner);
	refcost_release_all(owner);
}

REFCOST_SCHEME(revocable, GATE, release, "handles that outlive the object, a section an access",
	       "Tzung-Bi Shih, Aug 2025 to Apr 2026, reverted before 7.0",
	       "gate waits for each object's accesses under way", REFCOST_SCHEME_LOOPS(revocable),
	       .bind = revocable_bind, .unbind = revocable_unbind, .balance = revocable_balance,
	       .gate = revocable_gate, .ungate = revocable_ungate, .unlink = spinlist_unlink,
	       .leave = revocable_leave, .worker_exit = revocable_worker_exit);
