// SPDX-License-Identifier: GPL-2.0
/*
 * Adam Richter's proposal of December 2002: the rwsem of each subsystem protects its lookups and the
 * module's count; unloading write-locks every rwsem that the module registered, in address order,
 * checks the count, and keeps them all through exit().
 *
 * Promise: an unload that finds users fails (EWOULDBLOCK), after stalling every lookup of the
 * subsystems, of other modules too. System calls must not return with a lock held, so a kernel thread
 * takes the locks and keeps them until exit() has returned.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/rwsem.h>

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
	init_rwsem(module_rwsem_of(0));
	init_rwsem(module_rwsem_of(1));
	atomic_set(module_rwsem_users(owner), 0);
	return 0;
}

static s64 module_rwsem_balance(struct refcost_owner *owner)
{
	return abs(atomic_read(module_rwsem_users(owner))) + rwsem_is_locked(module_rwsem_of(0)) +
	       rwsem_is_locked(module_rwsem_of(1));
}

static const void *module_rwsem_counter(struct refcost_worker *w)
{
	return module_rwsem_users(w->draws[0]->owner);
}

/* The keeper of the locks; one at a time, since there is one owner. */
static struct module_rwsem_keeper {
	struct task_struct *task;
	struct refcost_owner *owner;
	struct completion checked;
	int answer;
} keeper;

static void module_rwsem_lock_all(struct rw_semaphore *first, struct rw_semaphore *second)
{
	down_write(first);
	down_write_nested(second, SINGLE_DEPTH_NESTING);
}

static int module_rwsem_keep(void *unused)
{
	struct rw_semaphore *first = min(module_rwsem_of(0), module_rwsem_of(1));
	struct rw_semaphore *second = max(module_rwsem_of(0), module_rwsem_of(1));

	module_rwsem_lock_all(first, second);
	if (atomic_read(module_rwsem_users(keeper.owner)))
		keeper.answer = -EWOULDBLOCK;
	else
		refcost_unlink_all(keeper.owner);
	complete(&keeper.checked);
	for (;;) {
		set_current_state(TASK_IDLE);
		if (keeper.answer || kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	up_write(second);
	up_write(first);
	return 0;
}

/* Have the keeper let go, and wait until it has. */
static void module_rwsem_let_go(struct refcost_owner *owner)
{
	if (!keeper.task)
		return;
	kthread_stop(keeper.task);
	put_task_struct(keeper.task);
	keeper.task = NULL;
}

static int module_rwsem_gate(struct refcost_owner *owner)
{
	init_completion(&keeper.checked);
	keeper.owner = owner;
	keeper.answer = 0;
	keeper.task = kthread_create(module_rwsem_keep, NULL, "refcost/gate");
	if (IS_ERR(keeper.task)) {
		int err = PTR_ERR(keeper.task);

		keeper.task = NULL;
		return err;
	}
	get_task_struct(keeper.task);
	wake_up_process(keeper.task);
	wait_for_completion(&keeper.checked);
	if (keeper.answer)
		module_rwsem_let_go(owner);
	return keeper.answer;
}

/* The locks are still ours, so the objects may be listed again before they are let go. */
static void module_rwsem_ungate(struct refcost_owner *owner)
{
	refcost_link_all(owner);
	module_rwsem_let_go(owner);
}

/* Without a gate before it: exit() of a bare rmmod. */
static void module_rwsem_unlink(struct refcost_owner *owner)
{
	struct rw_semaphore *first = min(module_rwsem_of(0), module_rwsem_of(1));
	struct rw_semaphore *second = max(module_rwsem_of(0), module_rwsem_of(1));

	module_rwsem_lock_all(first, second);
	refcost_unlink_all(owner);
	up_write(second);
	up_write(first);
}

REFCOST_SCHEME(module_rwsem, GATE, "Adam Richter, Dec 2002: rwsem around lookup and count",
	       "gate fails, EWOULDBLOCK, lookups stalled meanwhile",
	       REFCOST_SCHEME_LOOPS(module_rwsem), .bind = module_rwsem_bind,
	       .balance = module_rwsem_balance, .counter = module_rwsem_counter,
	       .gate = module_rwsem_gate, .ungate = module_rwsem_ungate,
	       .unlink = module_rwsem_unlink, .gone = module_rwsem_let_go);
