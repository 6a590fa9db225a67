/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where objects lie in memory, and so what shares a cache line with their counts. A layout moves
 * the objects and nothing else: all are measured with the same code.
 *
 *	own		| head     | gap, COUNT            |
 *	readmostly	| node and owner | ops, id, gap, COUNT |
 *	pair		| head 0, head 1 | COUNT 0, COUNT 1    |
 *
 * The heads of a pair lie side by side, the second in the gap of the first, and so do their states,
 * of which there is room for no more than a head's size each.
 */
#ifndef REFCOST_SLOT_H
#define REFCOST_SLOT_H

#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "core.h"

#define REFCOST_SLOT	     512 /* a power of two: kmalloc() aligns it to its size */
#define REFCOST_STATE_AT     offsetof(struct refcost_object, state)
#define REFCOST_SHARED_STATE REFCOST_OBJECT_HEAD

/**
 * struct refcost_slot - what is allocated: room for an object, or for the two of a pair
 * @room: where the objects lie
 * @left: how many of them have not been freed
 */
struct refcost_slot {
	u8 room[REFCOST_SLOT - sizeof(atomic_t)];
	atomic_t left;
};

/**
 * refcost_slot_alloc() - allocate room
 * @node: on this NUMA node and no other, or NUMA_NO_NODE
 *
 * Return: a zeroed slot without objects, or NULL.
 */
static inline struct refcost_slot *refcost_slot_alloc(int node)
{
	gfp_t flags = node == NUMA_NO_NODE ? GFP_KERNEL : GFP_KERNEL | __GFP_THISNODE;

	return kzalloc_node(sizeof(struct refcost_slot), flags, node);
}

/**
 * refcost_slot_objects() - how many objects a slot takes
 * @layout: of them
 */
static inline u32 refcost_slot_objects(enum refcost_layout layout)
{
	return layout == REFCOST_PAIR ? 2 : 1;
}

/**
 * refcost_slot_object() - place an object in a slot
 * @slot: where
 * @layout: how
 * @k: which one, below refcost_slot_objects()
 *
 * Return: the object, to be given back with refcost_object_free().
 */
static inline struct refcost_object *refcost_slot_object(struct refcost_slot *slot,
							 enum refcost_layout layout, u32 k)
{
	u32 line_begins = ALIGN(REFCOST_STATE_AT, L1_CACHE_BYTES) - REFCOST_STATE_AT, at;

	BUILD_BUG_ON(REFCOST_SLOT - sizeof(atomic_t) <
		     L1_CACHE_BYTES + REFCOST_OBJECT_HEAD + sizeof(struct refcost_object));
	switch (layout) {
	case REFCOST_READMOSTLY:
		at = L1_CACHE_BYTES - offsetof(struct refcost_object, ops);
		break;
	case REFCOST_PAIR:
		at = line_begins + k * REFCOST_OBJECT_HEAD;
		break;
	default:
		at = REFCOST_STATE_AT < L1_CACHE_BYTES ? line_begins : 0;
	}
	atomic_inc(&slot->left);
	return (struct refcost_object *)(slot->room + at);
}

/**
 * refcost_object_free() - give an object back, and its slot with the last one
 * @obj: of refcost_slot_object()
 */
static __always_inline void refcost_object_free(struct refcost_object *obj)
{
	struct refcost_slot *slot = PTR_ALIGN_DOWN((struct refcost_slot *)obj, REFCOST_SLOT);

	if (atomic_dec_and_test(&slot->left))
		kfree(slot);
}

#endif
