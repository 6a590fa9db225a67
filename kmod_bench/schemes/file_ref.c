// SPDX-License-Identifier: GPL-2.0
/*
 * file_ref, since 6.13 (Mateusz Guzik, Christian Brauner): how files are counted. Its get is one
 * unconditional locked add, whose sign says whether the file was gone, as for rcuref. Users find
 * the object under RCU.
 *
 * Promise: as refcount: an unload does not fail; it unlists the objects, waits for a grace period,
 * drops the list's references and waits for the last release.
 *
 * Ordering: a get that finds the count negative has not used the object; the last put turns the
 * count dead by compare-and-swap, with acquire, after every other put's release.
 */
#include "loop.h"

#ifdef REFCOST_HAVE_FILE_REF

#include <linux/file_ref.h>

#include "lists.h"

static __always_inline file_ref_t *file_ref_of(struct refcost_object *obj)
{
	return refcost_object_state(obj, file_ref_t);
}

static __always_inline bool get_file_ref(struct refcost_object *obj, struct refcost_worker *w)
{
	return file_ref_get(file_ref_of(obj));
}

static __always_inline void put_file_ref(struct refcost_object *obj, struct refcost_worker *w)
{
	if (unlikely(file_ref_put(file_ref_of(obj))))
		refcost_release_object(obj);
}

static __always_inline struct refcost_object *find_get_file_ref(u32 id, struct refcost_worker *w)
{
	struct refcost_object *obj;

	rcu_read_lock();
	obj = refcost_find(id);
	if (obj && !file_ref_get(file_ref_of(obj)))
		obj = NULL;
	rcu_read_unlock();
	return obj;
}

static __always_inline void find_put_file_ref(struct refcost_object *obj, struct refcost_worker *w)
{
	put_file_ref(obj, w);
}

REFCOST_LOOP_GETPUT(file_ref)
REFCOST_LOOP_LOOKUP(file_ref)

static int file_ref_bind(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		file_ref_init(file_ref_of(obj), 1);
	return 0;
}

static s64 file_ref_balance(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	s64 sum = 0;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		sum += abs((s64)file_ref_read(file_ref_of(obj)) - 1);
	return sum;
}

static const void *file_ref_counter(struct refcost_worker *w)
{
	return file_ref_of(w->draws[0]);
}

static void file_ref_drop(struct refcost_object *obj)
{
	put_file_ref(obj, NULL);
}

static int file_ref_gate(struct refcost_owner *owner)
{
	return refcost_drop_and_wait(owner, rculist_unlink, file_ref_drop);
}

REFCOST_OBJECT_SCHEME(file_ref, GATE, file_ref_t, object,
		      "file_ref_get and file_ref_put, found under RCU", "Linux 6.13 to today",
		      "gate waits for a grace period and for the longest holder",
		      REFCOST_SCHEME_LOOPS(file_ref), .bind = file_ref_bind,
		      .balance = file_ref_balance, .counter = file_ref_counter,
		      .gate = file_ref_gate, .unlink = rculist_unlink);

#else

REFCOST_SCHEME_LACKING(file_ref, object, "Linux 6.13",
		       "file_ref_get and file_ref_put, found under RCU", "Linux 6.13 to today",
		       "gate waits for a grace period and for the longest holder");

#endif
