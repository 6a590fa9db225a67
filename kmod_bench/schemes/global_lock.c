// SPDX-License-Identifier: GPL-2.0
/*
 * The module count of Linux 2.4, as Roman Zippel's first listing of November 2002 has it: users
 * find the object under the list's lock, and take ONE global spinlock to count the module up unless
 * it is deleted; a second word remembers that the module was used.
 *
 * Promise: an unload that finds users fails (EBUSY) and has changed nothing. Every get of every
 * module in the system meets at the one lock.
 *
 * Ordering: gets and the check meet at the lock. A put is a full barrier and a decrement, and the
 * check reads the count with acquire, so the use is over when the count is seen at zero.
 */
#include <linux/atomic.h>

#include "lists.h"
#include "loop.h"

struct global_lock_owner {
	atomic_t users;
	bool used;
	bool deleted;
};

static DEFINE_SPINLOCK(unload_lock);

static __always_inline struct global_lock_owner *global_lock_owner(struct refcost_owner *owner)
{
	return refcost_owner_state(owner, struct global_lock_owner);
}

static __always_inline bool get_global_lock(struct refcost_object *obj, struct refcost_worker *w)
{
	struct global_lock_owner *state = global_lock_owner(obj->owner);
	bool got = false;

	spin_lock(&unload_lock);
	if (likely(!state->deleted)) {
		atomic_inc(&state->users);
		state->used = true;
		got = true;
	}
	spin_unlock(&unload_lock);
	return got;
}

/* No lock on this side; the use is over before the count says so. */
static __always_inline void put_global_lock(struct refcost_object *obj, struct refcost_worker *w)
{
	struct global_lock_owner *state = global_lock_owner(obj->owner);

	WRITE_ONCE(state->used, true);
	smp_mb__before_atomic();
	atomic_dec(&state->users);
}

static __always_inline struct refcost_object *find_get_global_lock(u32 id, struct refcost_worker *w)
{
	struct refcost_object *obj;

	read_lock(&refcost_registry.rwlock);
	obj = refcost_find(id);
	if (obj && !get_global_lock(obj, w))
		obj = NULL;
	read_unlock(&refcost_registry.rwlock);
	return obj;
}

static __always_inline void find_put_global_lock(struct refcost_object *obj,
						 struct refcost_worker *w)
{
	put_global_lock(obj, w);
}

REFCOST_LOOP_GETPUT(global_lock)
REFCOST_LOOP_LOOKUP(global_lock)

static int global_lock_bind(struct refcost_owner *owner)
{
	*global_lock_owner(owner) = (struct global_lock_owner){ .users = ATOMIC_INIT(0) };
	return 0;
}

static s64 global_lock_balance(struct refcost_owner *owner)
{
	return atomic_read(&global_lock_owner(owner)->users);
}

static const void *global_lock_counter(struct refcost_worker *w)
{
	return &global_lock_owner(w->draws[0]->owner)->users;
}

static int global_lock_gate(struct refcost_owner *owner)
{
	struct global_lock_owner *state = global_lock_owner(owner);
	int err = -EBUSY;

	spin_lock(&unload_lock);
	if (!atomic_read_acquire(&state->users)) {
		state->deleted = true;
		err = 0;
	}
	spin_unlock(&unload_lock);
	if (!err)
		rwlist_unlink(owner);
	return err;
}

static void global_lock_ungate(struct refcost_owner *owner)
{
	rwlist_link(owner);
	spin_lock(&unload_lock);
	global_lock_owner(owner)->deleted = false;
	spin_unlock(&unload_lock);
}

REFCOST_SCHEME(global_lock, GATE, module, "a count in the module, one global lock for all gets",
	       "Linux 2.4; Roman Zippel, Nov 2002", "gate fails, EBUSY, nothing changed",
	       REFCOST_SCHEME_LOOPS(global_lock), .bind = global_lock_bind,
	       .balance = global_lock_balance, .counter = global_lock_counter,
	       .gate = global_lock_gate, .ungate = global_lock_ungate, .unlink = rwlist_unlink);
