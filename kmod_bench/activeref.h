/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Active references: a count of the calls in flight that a large negative bias closes to new ones.
 *
 * Ordering: a get is atomic_inc_unless_negative(), a read-modify-write of the word that the drainer
 * adds the bias to, so either the drainer sees the use or the get sees the bias. A put is fully
 * ordered: all of the use is over before the count reaches the bias.
 */
#ifndef REFCOST_ACTIVEREF_H
#define REFCOST_ACTIVEREF_H

#include <linux/atomic.h>
#include <linux/completion.h>

#include "core.h"

#define ACTIVE_BIAS (INT_MIN + 1)

struct active_ref {
	atomic_t active;
	struct completion drained;
};

static inline void active_init(struct active_ref *ref)
{
	atomic_set(&ref->active, 0);
	init_completion(&ref->drained);
}

static __always_inline bool active_get(struct active_ref *ref)
{
	return atomic_inc_unless_negative(&ref->active);
}

static __always_inline void active_put(struct active_ref *ref)
{
	if (unlikely(atomic_dec_return(&ref->active) == ACTIVE_BIAS))
		complete(&ref->drained);
}

/* No get succeeds from here on; returns when the calls in flight are over. */
static inline void active_drain(struct active_ref *ref)
{
	if (atomic_add_return(ACTIVE_BIAS, &ref->active) != ACTIVE_BIAS)
		wait_for_completion(&ref->drained);
}

#endif
