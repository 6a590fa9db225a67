/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Locks that an unload keeps through exit(). A system call must not return to user space with a
 * lock held, so a kernel thread takes them, checks, and keeps them until refcost_let_go().
 */
#ifndef REFCOST_KEEPER_H
#define REFCOST_KEEPER_H

#include "core.h"

/**
 * struct refcost_keeper_ops - what to keep
 * @lock: take the locks
 * @check: with all of them held: 0 to keep them, or -errno to let go at once
 * @unlock: let them go
 *
 * All three are called by the same thread.
 */
struct refcost_keeper_ops {
	void (*lock)(struct refcost_owner *owner);
	int (*check)(struct refcost_owner *owner);
	void (*unlock)(struct refcost_owner *owner);
};

int refcost_keep(const struct refcost_keeper_ops *ops, struct refcost_owner *owner);
void refcost_let_go(struct refcost_owner *owner);

#endif
