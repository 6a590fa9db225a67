/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The loops around a scheme's get and put, made by macro so that no call is paid per operation.
 *
 * A scheme's file defines four always-inline functions and calls one of the macros at the end:
 *
 *	bool get_NAME(struct refcost_object *obj, struct refcost_worker *w)	false: refused
 *	void put_NAME(struct refcost_object *obj, struct refcost_worker *w)
 *	struct refcost_object *find_get_NAME(u32 id, struct refcost_worker *w)	NULL: refused
 *	void find_put_NAME(struct refcost_object *obj, struct refcost_worker *w)
 *
 * They may be macros, and then use the loop's own "int token" or "void *place" for what the put has
 * to know from its get: it stays in a register, as in a user's own function.
 *
 * The loop costs three instructions an operation, which instruction mode shows as the row `empty`,
 * and some ten each time that it has come to the end of the draws. It is not unrolled: that makes
 * schemes that call functions more expensive in an emulator, and no others. QEMU finds the code
 * behind a return in a cache of 64 entries for a page, where many return addresses get into each
 * other's way; docs/method.md has figures.
 */
#ifndef REFCOST_LOOP_H
#define REFCOST_LOOP_H

#include <linux/compiler.h>
#include <linux/delay.h>

#include "core.h"

/* The fault that loses one count takes a reference too many, once, in the first worker. */
#define refcost_fault_lose(w) \
	(refcost_fault(LOSE_ONE) && !(w)->index && !(w)->lost && ((w)->lost = true))

/* The fault with which what must not be interrupted takes long. */
#define refcost_fault_widen()            \
	do {                             \
		if (refcost_fault(WIDE)) \
			udelay(200);     \
	} while (0)

/* A build of its own, in which a scheme takes exactly one instruction more. */
#define refcost_fault_slow()                     \
	do {                                     \
		if (__is_defined(REFCOST_SLOW))  \
			asm volatile("nop" : :); \
	} while (0)

/* The fault with which every scheme gets and puts a tenth more than it counts. */
#define refcost_fault_tenth(n) (refcost_fault(SLOW_TENTH) ? ((n) + 5) / 10 : 0)

/* The fault with which the last put of a walk takes long. */
#define refcost_fault_spin(pos)                    \
	do {                                       \
		if (refcost_fault(SPIN) && !(pos)) \
			mdelay(2);                 \
	} while (0)

#define REFCOST_OP_GETPUT(name, obj)              \
	do {                                      \
		if (refcost_fault_lose(w))        \
			(void)get_##name(obj, w); \
		if (likely(get_##name(obj, w)))   \
			put_##name(obj, w);       \
		else                              \
			failed++;                 \
	} while (0)

#define REFCOST_OP_HOLD(name, obj)                \
	do {                                      \
		if (likely(get_##name(obj, w))) { \
			obj->ops->use(obj, w);    \
			put_##name(obj, w);       \
		} else {                          \
			failed++;                 \
		}                                 \
	} while (0)

#define REFCOST_OP_LOOKUP(name, id)                   \
	do {                                          \
		struct refcost_object *obj;           \
                                                      \
		if (refcost_fault_lose(w))            \
			(void)find_get_##name(id, w); \
		obj = find_get_##name(id, w);         \
		if (likely(obj)) {                    \
			obj->ops->use(obj, w);        \
			find_put_##name(obj, w);      \
		} else {                              \
			failed++;                     \
		}                                     \
	} while (0)

/*
 * REFCOST_LOOP() - do one of the above with the elements of a list, round and round
 * @function: the loop's name
 * @list: of the worker: ids or draws
 * @op: what to do
 * @name: the scheme's
 *
 * It counts up to zero, from the end of the list: load, add and jump are all there is to an
 * operation. Where it begins in its cache line is not left to chance, nor whether it crosses a
 * page: an emulator takes a tenth longer for one that does. A section an operation, so that the
 * linker pads, whose padding nobody takes for code; noinline, so that perf names it.
 */
#define REFCOST_LOOP(function, list, op, name)                                                  \
	noinline __section(".text." #op) __aligned(1024) u64 function(struct refcost_worker *w, \
								      u64 n);                   \
	u64 function(struct refcost_worker *w, u64 n)                                           \
	{                                                                                       \
		u64 failed = 0, pos = w->pos, part;                                             \
		int token __maybe_unused;                                                       \
		void *place __maybe_unused;                                                     \
                                                                                                \
		n += refcost_fault_tenth(n);                                                    \
		for (; n; n -= part) {                                                          \
			typeof(&w->list[0]) end;                                                \
			s64 i;                                                                  \
                                                                                                \
			part = min_t(u64, n, REFCOST_DRAWS - pos);                              \
			pos += part;                                                            \
			end = &w->list[pos];                                                    \
			OPTIMIZER_HIDE_VAR(end); /* or it is added up each time */              \
			for (i = -part; i; i++) {                                               \
				typeof(w->list[0]) at = end[i];                                 \
                                                                                                \
				op(name, at);                                                   \
			}                                                                       \
			pos %= REFCOST_DRAWS;                                                   \
			refcost_fault_spin(pos);                                                \
		}                                                                               \
		w->pos = pos;                                                                   \
		return failed;                                                                  \
	}

#define REFCOST_LOOP_GETPUT(name)                                         \
	REFCOST_LOOP(refcost_loop_##name, draws, REFCOST_OP_GETPUT, name) \
	REFCOST_LOOP(refcost_loop_##name##_hold, draws, REFCOST_OP_HOLD, name)

#define REFCOST_LOOP_LOOKUP(name) \
	REFCOST_LOOP(refcost_loop_##name##_lookup, ids, REFCOST_OP_LOOKUP, name)

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
 * The rest are the other members of struct refcost_scheme. The texts must not hold a '|': user
 * space reads name|kind|family|needs|what|origin|when_busy from the file, before anything is loaded
 * and without root.
 */
#define REFCOST_SCHEME(ident, kind, family, what, origin, when_busy, ...)                      \
	MODULE_INFO(scheme, #ident "|" #kind "|" #family "||" what "|" origin "|" when_busy);  \
	extern const struct refcost_scheme refcost_scheme_##ident;                             \
	const struct refcost_scheme refcost_scheme_##ident = { .name = #ident,                 \
							       .flags = REFCOST_SCHEME_##kind, \
							       __VA_ARGS__ }

/*
 * REFCOST_REPORT() - say what a report has to know of a scheme, besides its description
 * @ident: the scheme's name
 * @roles: words with blanks between them. loop: the harness alone, which all others contain;
 *	replaced, replacing: the module's count before and after Linux 3.19; object: the count in an
 *	object that others are compared with; core: in the tables and figures of a few schemes;
 *	swept: measured with several holds
 * @floors: names of the floors that its get and put are made of, with blanks between them
 */
#define REFCOST_REPORT(ident, roles, floors) MODULE_INFO(report, #ident "|" roles "|" floors)

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
	extern const struct refcost_scheme refcost_scheme_##ident;                          \
	const struct refcost_scheme refcost_scheme_##ident = { .name = #ident,              \
							       .flags = REFCOST_SCHEME_ABSENT }

#endif
