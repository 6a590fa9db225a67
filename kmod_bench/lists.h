/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The list of objects under each kind of lock that users look it up under: a spinlock, a
 * reader-writer lock, RCU.
 */
#ifndef REFCOST_LISTS_H
#define REFCOST_LISTS_H

#include <linux/rcupdate.h>

#include "core.h"

static inline void spinlist_unlink(struct refcost_owner *owner)
{
	spin_lock(&refcost_registry.lock);
	refcost_unlink_all(owner);
	spin_unlock(&refcost_registry.lock);
}

static inline void spinlist_link(struct refcost_owner *owner)
{
	spin_lock(&refcost_registry.lock);
	refcost_link_all(owner);
	spin_unlock(&refcost_registry.lock);
}

static inline void rwlist_unlink(struct refcost_owner *owner)
{
	write_lock(&refcost_registry.rwlock);
	refcost_unlink_all(owner);
	write_unlock(&refcost_registry.rwlock);
}

static inline void rwlist_link(struct refcost_owner *owner)
{
	write_lock(&refcost_registry.rwlock);
	refcost_link_all(owner);
	write_unlock(&refcost_registry.rwlock);
}

/* An unlisted object may go after a grace period: nobody who found it before is still looking. */
static inline void rculist_unlink(struct refcost_owner *owner)
{
	spinlist_unlink(owner);
	synchronize_rcu();
}

#define rculist_link spinlist_link

#endif
