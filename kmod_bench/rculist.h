/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finding objects under RCU: readers walk the list in a read-side section, writers hold the list's
 * spinlock and wait for a grace period before an unlisted object may go.
 */
#ifndef REFCOST_RCULIST_H
#define REFCOST_RCULIST_H

#include <linux/rcupdate.h>

#include "core.h"

static inline void rculist_unlink(struct refcost_owner *owner)
{
	spin_lock(&refcost_registry.lock);
	refcost_unlink_all(owner);
	spin_unlock(&refcost_registry.lock);
	synchronize_rcu();
}

static inline void rculist_link(struct refcost_owner *owner)
{
	spin_lock(&refcost_registry.lock);
	refcost_link_all(owner);
	spin_unlock(&refcost_registry.lock);
}

#endif
