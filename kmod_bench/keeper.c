// SPDX-License-Identifier: GPL-2.0
/*
 * The thread that keeps an unload's locks. One at a time: gates are serialised, and there is one
 * victim.
 */
#include "keeper.h"

#include <linux/err.h>
#include <linux/kthread.h>

static struct {
	struct task_struct *task;
	const struct refcost_keeper_ops *ops;
	struct refcost_owner *owner;
	struct completion checked;
	int answer;
} keeper;

static int keeper_fn(void *unused)
{
	keeper.ops->lock(keeper.owner);
	keeper.answer = keeper.ops->check(keeper.owner);
	complete(&keeper.checked);
	for (;;) {
		set_current_state(TASK_IDLE);
		if (keeper.answer || kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	keeper.ops->unlock(keeper.owner);
	return 0;
}

/**
 * refcost_keep() - take locks and keep them
 * @ops: which
 * @owner: handed to @ops
 *
 * Called with the registry's mutex held.
 *
 * Return: 0 with the locks held until refcost_let_go(), else what @ops->check() said, or -ENOMEM,
 * with none held.
 */
int refcost_keep(const struct refcost_keeper_ops *ops, struct refcost_owner *owner)
{
	struct task_struct *task;

	lockdep_assert_held(&refcost_registry.mutex);
	task = kthread_create(keeper_fn, NULL, "refcost/gate");
	if (IS_ERR(task))
		return PTR_ERR(task);
	init_completion(&keeper.checked);
	keeper.ops = ops;
	keeper.owner = owner;
	keeper.task = task;
	get_task_struct(task);
	wake_up_process(task);
	wait_for_completion(&keeper.checked);
	if (keeper.answer)
		refcost_let_go(owner);
	return keeper.answer;
}

/**
 * refcost_let_go() - have the keeper let go, if there is one, and wait until it has
 * @owner: whose locks; there are no others
 */
void refcost_let_go(struct refcost_owner *owner)
{
	if (!keeper.task)
		return;
	kthread_stop(keeper.task);
	put_task_struct(keeper.task);
	keeper.task = NULL;
}
