// SPDX-License-Identifier: GPL-2.0
/*
 * Immediate detach as it was first posted (Tejun Heo, April 2007): an rwsem in each object. A user
 * tries to read-lock it for the time of its call; unregistering write-locks it, and it stays so.
 *
 * Promise: an unload does not fail; it cuts new users off at once and waits for the calls in
 * flight. A thread keeps the locks until exit() gives the objects up.
 *
 * Ordering: the rwsem's own: a trylock that succeeds acquires, an unlock releases, and the writer
 * waits for every reader; the list's lock makes finding and locking one step.
 */
#include <linux/mutex.h>
#include <linux/rwsem.h>

#include "keeper.h"
#include "lists.h"
#include "loop.h"

static __always_inline struct rw_semaphore *active_rwsem_of(struct refcost_object *obj)
{
	return refcost_object_state(obj, struct rw_semaphore);
}

static __always_inline bool get_active_rwsem(struct refcost_object *obj, struct refcost_worker *w)
{
	return down_read_trylock(active_rwsem_of(obj));
}

static __always_inline void put_active_rwsem(struct refcost_object *obj, struct refcost_worker *w)
{
	up_read(active_rwsem_of(obj));
}

static __always_inline struct refcost_object *find_get_active_rwsem(u32 id,
								    struct refcost_worker *w)
{
	struct refcost_object *obj;

	spin_lock(&refcost_registry.lock);
	obj = refcost_find(id);
	if (obj && !get_active_rwsem(obj, w))
		obj = NULL;
	spin_unlock(&refcost_registry.lock);
	return obj;
}

static __always_inline void find_put_active_rwsem(struct refcost_object *obj,
						  struct refcost_worker *w)
{
	put_active_rwsem(obj, w);
}

REFCOST_LOOP_GETPUT(active_rwsem)
REFCOST_LOOP_LOOKUP(active_rwsem)

/*
 * lockdep counts the locks of a class that a task holds in eleven bits; the gate holds those of all
 * objects.
 */
#define ACTIVE_RWSEM_OF_CLASS 1024u

static int active_rwsem_bind(struct refcost_owner *owner)
{
	static struct lock_class_key classes[REFCOST_OBJECTS_MAX / ACTIVE_RWSEM_OF_CLASS];
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj) {
		init_rwsem(active_rwsem_of(obj));
		lockdep_set_class(active_rwsem_of(obj), &classes[i / ACTIVE_RWSEM_OF_CLASS]);
	}
	return 0;
}

static s64 active_rwsem_balance(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	s64 sum = 0;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		sum += rwsem_is_locked(active_rwsem_of(obj));
	return sum;
}

static const void *active_rwsem_counter(struct refcost_worker *w)
{
	return refcost_rwsem_count(active_rwsem_of(w->draws[0]));
}

/* Held around all of them, so that lockdep counts the locks of a class in one entry. */
static DEFINE_MUTEX(active_rwsem_all);

static void active_rwsem_lock(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	mutex_lock(&active_rwsem_all);
	spinlist_unlink(owner);
	refcost_for_each_object(owner, i, obj)
		down_write_nest_lock(active_rwsem_of(obj), &active_rwsem_all);
}

static int active_rwsem_check(struct refcost_owner *owner)
{
	return 0;
}

static void active_rwsem_unlock(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		up_write(active_rwsem_of(obj));
	mutex_unlock(&active_rwsem_all);
}

static const struct refcost_keeper_ops active_rwsem_locks = {
	.lock = active_rwsem_lock,
	.check = active_rwsem_check,
	.unlock = active_rwsem_unlock,
};

static int active_rwsem_gate(struct refcost_owner *owner)
{
	return refcost_keep(&active_rwsem_locks, owner);
}

static void active_rwsem_ungate(struct refcost_owner *owner)
{
	refcost_let_go(owner);
	spinlist_link(owner);
}

/* A lock must not be held when its memory is freed. */
static void active_rwsem_leave(struct refcost_owner *owner)
{
	refcost_let_go(owner);
	refcost_release_all(owner);
}

REFCOST_SCHEME(active_rwsem, GATE, release,
	       "an rwsem in each object, write-locked for good at the end",
	       "Tejun Heo, Apr 2007: first form of immediate detach",
	       "gate cuts off new users, waits for calls in flight",
	       REFCOST_SCHEME_LOOPS(active_rwsem), .bind = active_rwsem_bind,
	       .balance = active_rwsem_balance, .counter = active_rwsem_counter,
	       .gate = active_rwsem_gate, .ungate = active_rwsem_ungate, .unlink = spinlist_unlink,
	       .leave = active_rwsem_leave);
