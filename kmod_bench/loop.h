/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The loops around a scheme's get and put, made by macro so that no call is paid per operation.
 *
 * A scheme's file defines four always-inline functions and calls one of the macros at the end:
 *
 *	bool get_NAME(struct refcost_object *obj, struct refcost_worker *w)	false: refused
 *	void put_NAME(struct refcost_object *obj, struct refcost_worker *w)
 *	struct refcost_object *find_get_NAME(u32 id, struct refcost_worker *w)	NULL: not found or refused
 *	void find_put_NAME(struct refcost_object *obj, struct refcost_worker *w)
 *
 * The getput loop costs one load for the object and, spread over the unrolled operations, the counting:
 * less than 3 instructions an operation, which instruction mode shows as the row `empty`.
 */
#ifndef REFCOST_LOOP_H
#define REFCOST_LOOP_H

#include <linux/compiler.h>
#include <linux/delay.h>

#include "core.h"

/*
 * Where a loop begins in its cache line is not left to chance, nor whether it crosses a page: an emulator takes a
 * tenth longer for one that does. The unrolled ones fit into half a page, but for the longest of them. Sections of
 * their own, so that the linker pads, whose padding nobody takes for code; noinline, so that perf names them.
 */
#define REFCOST_LOOP(function, kind, align)                                       \
	noinline __section(".text.refcost_" #kind) __aligned(align) u64 function( \
		struct refcost_worker *w, u64 n);                                 \
	u64 function(struct refcost_worker *w, u64 n)

/* The build that loses one count takes a reference too many, once, in the first worker. */
#define refcost_fault_lose(w) \
	(refcost_fault(LOSE_ONE) && !(w)->index && !(w)->lost && ((w)->lost = true))

/* The build in which what must not be interrupted takes long. */
#define refcost_fault_widen()            \
	do {                             \
		if (refcost_fault(WIDE)) \
			udelay(200);     \
	} while (0)

/* The build in which a scheme takes one instruction more. */
#define refcost_fault_slow()                     \
	do {                                     \
		if (refcost_fault(SLOW))         \
			asm volatile("nop" : :); \
	} while (0)

/* The build in which every scheme gets and puts a tenth more than it counts, in whole turns of the loop. */
#define refcost_fault_tenth(n) \
	(refcost_fault(SLOW_TENTH) ? ((n) / 10 + REFCOST_UNROLL / 2) & -REFCOST_UNROLL : 0)

#define REFCOST_OP(name, k)                           \
	do {                                          \
		struct refcost_object *obj = draw[k]; \
                                                      \
		if (likely(get_##name(obj, w)))       \
			put_##name(obj, w);           \
		else                                  \
			failed++;                     \
	} while (0)

#define REFCOST_LOOP_GETPUT(name)                                            \
	REFCOST_LOOP(refcost_loop_##name, getput, 2048)                      \
	{                                                                    \
		u64 failed = 0, pos = w->pos;                                \
                                                                             \
		if (refcost_fault_lose(w))                                   \
			(void)get_##name(w->draws[0], w);                    \
		n += refcost_fault_tenth(n);                                 \
		for (; n; n -= REFCOST_UNROLL) {                             \
			struct refcost_object *const *draw = &w->draws[pos]; \
                                                                             \
			REFCOST_OP(name, 0);                                 \
			REFCOST_OP(name, 1);                                 \
			REFCOST_OP(name, 2);                                 \
			REFCOST_OP(name, 3);                                 \
			REFCOST_OP(name, 4);                                 \
			REFCOST_OP(name, 5);                                 \
			REFCOST_OP(name, 6);                                 \
			REFCOST_OP(name, 7);                                 \
			pos = (pos + REFCOST_UNROLL) % REFCOST_DRAWS;        \
		}                                                            \
		w->pos = pos;                                                \
		return failed;                                               \
	}                                                                    \
                                                                             \
	REFCOST_LOOP(refcost_loop_##name##_hold, hold, 512)                  \
	{                                                                    \
		u64 failed = 0, pos = w->pos;                                \
                                                                             \
		for (; n; n--) {                                             \
			struct refcost_object *obj = w->draws[pos];          \
                                                                             \
			if (likely(get_##name(obj, w))) {                    \
				obj->ops->use(obj, w);                       \
				put_##name(obj, w);                          \
			} else {                                             \
				failed++;                                    \
			}                                                    \
			pos = (pos + 1) % REFCOST_DRAWS;                     \
		}                                                            \
		w->pos = pos;                                                \
		return failed;                                               \
	}

#define REFCOST_LOOP_LOOKUP(name)                                                     \
	REFCOST_LOOP(refcost_loop_##name##_lookup, lookup, 512)                       \
	{                                                                             \
		u64 failed = 0, pos = w->pos;                                         \
                                                                                      \
		if (refcost_fault_lose(w))                                            \
			(void)find_get_##name(w->ids[0], w);                          \
		for (; n; n--) {                                                      \
			struct refcost_object *obj = find_get_##name(w->ids[pos], w); \
                                                                                      \
			if (likely(obj)) {                                            \
				obj->ops->use(obj, w);                                \
				find_put_##name(obj, w);                              \
			} else {                                                      \
				failed++;                                             \
			}                                                             \
			pos = (pos + 1) % REFCOST_DRAWS;                              \
		}                                                                     \
		w->pos = pos;                                                         \
		return failed;                                                        \
	}

/* The members of struct refcost_scheme that the macros above fill. */
#define REFCOST_FLOOR_LOOPS(name) \
	.getput = refcost_loop_##name, .getput_hold = refcost_loop_##name##_hold
#define REFCOST_SCHEME_LOOPS(name) REFCOST_FLOOR_LOOPS(name), .lookup = refcost_loop_##name##_lookup

/*
 * REFCOST_SCHEME() - define a scheme, and describe it in the module's .modinfo
 * @ident: its name
 * @kind: FLOOR, GATE or KERNEL, see REFCOST_SCHEME_*
 * @family: what it is compared with: floor, percpu, module, object, release or section
 * @what: what it is, in some words
 * @origin: mail and date, or kernel version
 * @when_busy: what an unload does that finds users
 *
 * The rest are the other members of struct refcost_scheme. The texts must not hold a '|': user space
 * reads name|kind|family|needs|what|origin|when_busy from the file, before anything is loaded and
 * without root.
 */
#define REFCOST_SCHEME(ident, kind, family, what, origin, when_busy, ...)                      \
	MODULE_INFO(scheme, #ident "|" #kind "|" #family "||" what "|" origin "|" when_busy);  \
	const struct refcost_scheme refcost_scheme_##ident = { .name = #ident,                 \
							       .flags = REFCOST_SCHEME_##kind, \
							       __VA_ARGS__ }

/*
 * REFCOST_OBJECT_SCHEME() - the same of a scheme with a count in each object, which every layout of
 * the objects is about
 * @state: type of what it keeps there, the count first
 *
 * The rest as above.
 */
#define REFCOST_OBJECT_SCHEME(ident, kind, state, ...) \
	MODULE_INFO(layouts, #ident);                  \
	REFCOST_SCHEME(ident, kind, __VA_ARGS__, .object_state = sizeof(state))

/*
 * REFCOST_SCHEME_LACKING() - a scheme whose API this kernel does not have
 * @needs: what has
 *
 * The other texts as above.
 */
#define REFCOST_SCHEME_LACKING(ident, family, needs, what, origin, when_busy)               \
	MODULE_INFO(scheme,                                                                 \
		    #ident "|ABSENT|" #family "|" needs "|" what "|" origin "|" when_busy); \
	const struct refcost_scheme refcost_scheme_##ident = { .name = #ident,              \
							       .flags = REFCOST_SCHEME_ABSENT }

#endif
