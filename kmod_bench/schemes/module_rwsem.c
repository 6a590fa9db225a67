// SPDX-License-Identifier: GPL-2.0
/*
 * Adam Richter's proposal of December 2002: the rwsem of each subsystem protects its lookups and
 * the module's count; unloading write-locks every rwsem that the module registered, in address
 * order, checks the count, and keeps them all through exit().
 *
 * Promise: an unload that finds users fails (EWOULDBLOCK), after stalling every lookup of the
 * subsystems, of other modules too. System calls must not return with a lock held, so a kernel
 * thread takes the locks and keeps them until exit() has returned.
 */
#include <linux/minmax.h>
#include <linux/rwsem.h>

#include "keeper.h"
#include "loop.h"

struct module_rwsem_owner {
	atomic_t users;
};

static __always_inline atomic_t *module_rwsem_users(struct refcost_owner *owner)
{
	return &refcost_owner_state(owner, struct module_rwsem_owner)->users;
}

/* The subsystem that an object is registered with. */
static __always_inline struct rw_semaphore *module_rwsem_of(u32 id)
{
	return &refcost_registry.subsys[id & 1].sem;
}

static __always_inline bool get_module_rwsem(struct refcost_object *obj, struct refcost_worker *w)
{
	struct rw_semaphore *sem = module_rwsem_of(obj->id);

	down_read(sem);
	atomic_inc(module_rwsem_users(obj->owner));
	up_read(sem);
	return true;
}

static __always_inline void put_module_rwsem(struct refcost_object *obj, struct refcost_worker *w)
{
	struct rw_semaphore *sem = module_rwsem_of(obj->id);

	down_read(sem);
	atomic_dec(module_rwsem_users(obj->owner));
	up_read(sem);
}

static __always_inline struct refcost_object *find_get_module_rwsem(u32 id,
								    struct refcost_worker *w)
{
	struct refcost_object *obj;

	down_read(module_rwsem_of(id));
	obj = refcost_find(id);
	if (obj)
		atomic_inc(module_rwsem_users(obj->owner));
	up_read(module_rwsem_of(id));
	return obj;
}

static __always_inline void find_put_module_rwsem(struct refcost_object *obj,
						  struct refcost_worker *w)
{
	put_module_rwsem(obj, w);
}

REFCOST_LOOP_GETPUT(module_rwsem)
REFCOST_LOOP_LOOKUP(module_rwsem)

static int module_rwsem_bind(struct refcost_owner *owner)
{
	atomic_set(module_rwsem_users(owner), 0);
	return 0;
}

/* Whatever is left over is reported, and must not be in the way of the next run: start afresh. */
static s64 module_rwsem_balance(struct refcost_owner *owner)
{
	s64 left = abs(atomic_read(module_rwsem_users(owner)));
	u32 id;

	for (id = 0; id < 2; id++) {
		if (rwsem_is_locked(module_rwsem_of(id))) {
			init_rwsem(module_rwsem_of(id));
			left++;
		}
	}
	return left;
}

static const void *module_rwsem_counter(struct refcost_worker *w)
{
	return module_rwsem_users(w->draws[0]->owner);
}

/* In address order, so that two modules with the same subsystems cannot deadlock. */
static void module_rwsem_lock(struct refcost_owner *owner)
{
	down_write(min(module_rwsem_of(0), module_rwsem_of(1)));
	down_write_nested(max(module_rwsem_of(0), module_rwsem_of(1)), SINGLE_DEPTH_NESTING);
}

static int module_rwsem_check(struct refcost_owner *owner)
{
	if (atomic_read(module_rwsem_users(owner)))
		return -EWOULDBLOCK;
	refcost_unlink_all(owner);
	return 0;
}

static void module_rwsem_unlock(struct refcost_owner *owner)
{
	up_write(max(module_rwsem_of(0), module_rwsem_of(1)));
	up_write(min(module_rwsem_of(0), module_rwsem_of(1)));
}

static const struct refcost_keeper_ops module_rwsem_locks = {
	.lock = module_rwsem_lock,
	.check = module_rwsem_check,
	.unlock = module_rwsem_unlock,
};

static int module_rwsem_gate(struct refcost_owner *owner)
{
	return refcost_keep(&module_rwsem_locks, owner);
}

/* The locks are still ours, so the objects may be listed again before they are let go. */
static void module_rwsem_ungate(struct refcost_owner *owner)
{
	refcost_link_all(owner);
	refcost_let_go(owner);
}

/* Without a gate before it: exit() of a bare rmmod. */
static void module_rwsem_unlink(struct refcost_owner *owner)
{
	module_rwsem_lock(owner);
	refcost_unlink_all(owner);
	module_rwsem_unlock(owner);
}

REFCOST_SCHEME(module_rwsem, GATE, module, "rwsem around lookup and count",
	       "Adam Richter, Dec 2002", "gate fails, EWOULDBLOCK, lookups stalled meanwhile",
	       REFCOST_SCHEME_LOOPS(module_rwsem), .bind = module_rwsem_bind,
	       .balance = module_rwsem_balance, .counter = module_rwsem_counter,
	       .gate = module_rwsem_gate, .ungate = module_rwsem_ungate,
	       .unlink = module_rwsem_unlink, .gone = refcost_let_go);
