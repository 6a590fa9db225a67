/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the schemes share whose users take references on the module itself: how many there were
 * before.
 */
#ifndef REFCOST_MODREF_H
#define REFCOST_MODREF_H

#include "core.h"

struct modref_owner {
	int base;
};

static inline int modref_bind(struct refcost_owner *owner)
{
	refcost_owner_state(owner, struct modref_owner)->base = refcost_module_users(owner);
	return 0;
}

static inline s64 modref_balance(struct refcost_owner *owner)
{
	return refcost_module_balance(owner, refcost_owner_state(owner, struct modref_owner)->base);
}

static inline const void *modref_counter(struct refcost_worker *w)
{
	return &w->draws[0]->owner->module->refcnt;
}

#endif
