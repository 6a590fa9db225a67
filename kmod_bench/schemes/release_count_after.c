// SPDX-License-Identifier: GPL-2.0
/*
 * Alan Stern and Cornelia Huck, April 2007: a kref in each object, and in the core, which stays
 * loaded, a count of a module's objects whose release has not returned. exit() unregisters
 * everything and drops its references; the unload blocks just after exit() has returned, until that
 * count is zero.
 *
 * Promise: an unload does not fail; delete_module(2) waits as long as the longest holder. Users run
 * in the module's text after its exit() then, so exit() must leave alone what they use; here the
 * registry waits in the module notifier that the kernel calls next.
 */
#include "krefobj.h"

static __always_inline bool get_release_count_after(struct refcost_object *obj,
						    struct refcost_worker *w)
{
	kref_get(&kref_state(obj)->ref);
	return true;
}

static __always_inline void put_release_count_after(struct refcost_object *obj,
						    struct refcost_worker *w)
{
	kref_drop(obj);
}

static __always_inline struct refcost_object *find_get_release_count_after(u32 id,
									   struct refcost_worker *w)
{
	return kref_find_get(id);
}

static __always_inline void find_put_release_count_after(struct refcost_object *obj,
							 struct refcost_worker *w)
{
	kref_drop(obj);
}

REFCOST_LOOP_GETPUT(release_count_after)
REFCOST_LOOP_LOOKUP(release_count_after)

static void release_count_after_gone(struct refcost_owner *owner)
{
	wait_for_completion(&owner->all_released);
}

REFCOST_OBJECT_SCHEME(release_count_after, KERNEL, struct kref_object, release,
		      "kref; after exit(), the core waits for unreleased objects",
		      "Alan Stern and Cornelia Huck, Apr 2007",
		      "delete_module waits for the longest holder, after exit()",
		      REFCOST_SCHEME_LOOPS(release_count_after), KREF_MEMBERS,
		      .outlives_exit = true, .unlink = spinlist_unlink, .leave = kref_drop_all,
		      .gone = release_count_after_gone);
