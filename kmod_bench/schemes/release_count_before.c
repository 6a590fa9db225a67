// SPDX-License-Identifier: GPL-2.0
/*
 * Alan Stern and Cornelia Huck, April 2007: a kref in each object, and in the core, which stays
 * loaded, a count of a module's objects whose release has not returned. exit() unregisters
 * everything and drops its references; the unload blocks just before exit() returns, until that
 * count is zero.
 *
 * Promise: an unload does not fail; delete_module(2) waits as long as the longest holder.
 */
#include "krefobj.h"

static __always_inline bool get_release_count_before(struct refcost_object *obj,
						     struct refcost_worker *w)
{
	kref_get(&kref_state(obj)->ref);
	return true;
}

static __always_inline void put_release_count_before(struct refcost_object *obj,
						     struct refcost_worker *w)
{
	kref_drop(obj);
}

static __always_inline struct refcost_object *
find_get_release_count_before(u32 id, struct refcost_worker *w)
{
	return kref_find_get(id);
}

static __always_inline void find_put_release_count_before(struct refcost_object *obj,
							  struct refcost_worker *w)
{
	kref_drop(obj);
}

REFCOST_LOOP_GETPUT(release_count_before)
REFCOST_LOOP_LOOKUP(release_count_before)

static void release_count_before_leave(struct refcost_owner *owner)
{
	kref_drop_all(owner);
	wait_for_completion(&owner->all_released);
}

REFCOST_OBJECT_SCHEME(release_count_before, KERNEL, struct kref_object, release,
		      "kref; exit() waits for the module's unreleased objects",
		      "Alan Stern and Cornelia Huck, Apr 2007",
		      "exit() waits for the longest holder",
		      REFCOST_SCHEME_LOOPS(release_count_before), KREF_MEMBERS,
		      .unlink = spinlist_unlink, .leave = release_count_before_leave);
