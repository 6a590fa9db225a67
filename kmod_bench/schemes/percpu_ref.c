// SPDX-License-Identifier: GPL-2.0
/*
 * percpu_ref, since 3.11: per-CPU counts while the object lives; killing it makes new gets fail,
 * folds the counts into one atomic after a grace period, and the last put of that releases the
 * object.
 *
 * Promise: an unload does not fail; it waits for a grace period and for the longest holder.
 *
 * Ordering: tryget reads the mode and counts inside an RCU read-side section; the switch to atomic
 * mode waits for all such sections before it reads the per-CPU counts.
 */
#include <linux/percpu-refcount.h>

#include "loop.h"
#include "lists.h"

struct percpu_ref_object {
	struct percpu_ref ref;
	struct refcost_object *obj;
};

static __always_inline struct percpu_ref_object *percpu_ref_state(struct refcost_object *obj)
{
	return refcost_object_state(obj, struct percpu_ref_object);
}

static void percpu_ref_last(struct percpu_ref *ref)
{
	struct refcost_object *obj = container_of(ref, struct percpu_ref_object, ref)->obj;

	percpu_ref_exit(ref);
	refcost_release_object(obj);
}

static __always_inline bool get_percpu_ref(struct refcost_object *obj, struct refcost_worker *w)
{
	return percpu_ref_tryget_live(&percpu_ref_state(obj)->ref);
}

static __always_inline void put_percpu_ref(struct refcost_object *obj, struct refcost_worker *w)
{
	percpu_ref_put(&percpu_ref_state(obj)->ref);
}

static __always_inline struct refcost_object *find_get_percpu_ref(u32 id, struct refcost_worker *w)
{
	struct refcost_object *obj;

	rcu_read_lock();
	obj = refcost_find(id);
	if (obj && !get_percpu_ref(obj, w))
		obj = NULL;
	rcu_read_unlock();
	return obj;
}

static __always_inline void find_put_percpu_ref(struct refcost_object *obj,
						struct refcost_worker *w)
{
	put_percpu_ref(obj, w);
}

REFCOST_LOOP_GETPUT(percpu_ref)
REFCOST_LOOP_LOOKUP(percpu_ref)

static void percpu_ref_unbind(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		percpu_ref_exit(&percpu_ref_state(obj)->ref);
}

static int percpu_ref_bind(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		memset(percpu_ref_state(obj), 0, sizeof(struct percpu_ref_object));
	refcost_for_each_object(owner, i, obj) {
		struct percpu_ref_object *state = percpu_ref_state(obj);
		int err;

		err = percpu_ref_init(&state->ref, percpu_ref_last, 0, GFP_KERNEL);
		if (err) {
			percpu_ref_unbind(owner);
			return err;
		}
		state->obj = obj;
	}
	return 0;
}

/*
 * Folded into one atomic, the counts can be read; the list's own reference is left. All are told to
 * fold before any is waited for: a grace period each would be a minute for as many objects as there
 * may be. The RCU callback that folds holds a reference of its own, and wakes the waiter before it
 * drops that: wait for its end.
 */
static s64 percpu_ref_balance(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	s64 sum = 0;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		percpu_ref_switch_to_atomic(&percpu_ref_state(obj)->ref, NULL);
	refcost_for_each_object(owner, i, obj)
		percpu_ref_switch_to_atomic_sync(&percpu_ref_state(obj)->ref);
	rcu_barrier();
	refcost_for_each_object(owner, i, obj)
		sum += abs(atomic_long_read(&percpu_ref_state(obj)->ref.data->count) - 1);
	return sum;
}

static const void *percpu_ref_counter(struct refcost_worker *w)
{
	unsigned long count = percpu_ref_state(w->draws[0])->ref.percpu_count_ptr;

	return per_cpu_ptr((unsigned long __percpu *)(count & ~__PERCPU_REF_ATOMIC_DEAD), w->cpu);
}

static void percpu_ref_drop(struct refcost_object *obj)
{
	percpu_ref_kill(&percpu_ref_state(obj)->ref);
}

static int percpu_ref_gate(struct refcost_owner *owner)
{
	return refcost_drop_and_wait(owner, rculist_unlink, percpu_ref_drop);
}

/*
 * The last reference is dropped by an RCU callback, which goes on in the kernel's text after the
 * release that it called: nothing of ours is left in it.
 */
REFCOST_SCHEME(percpu_ref, GATE, percpu, "percpu_ref_tryget_live and percpu_ref_put",
	       "Linux 3.11 to today", "gate waits for grace periods and for the longest holder",
	       REFCOST_SCHEME_LOOPS(percpu_ref), .bind = percpu_ref_bind,
	       .unbind = percpu_ref_unbind, .balance = percpu_ref_balance,
	       .counter = percpu_ref_counter, .gate = percpu_ref_gate, .unlink = rculist_unlink);

REFCOST_REPORT(percpu_ref, "core", "");
