/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kmod_bench/schemes/refcount.c: one object, which the list has a reference to.
 *
 *	get	find_get_refcount(): under RCU, refcount_inc_not_zero(), a load and a loop of compare-and-swaps
 *	put	put_refcount(): refcount_dec_and_test(), and refcost_release_object() of kmod_bench/registry.c
 *	unload	refcount_gate(): refcost_drop_and_wait() with rculist_unlink(), which waits for a grace period; then
 *		delete_module(2)
 *
 * The object is freed by its release, which is a function of the victim.
 *
 * Wrong on purpose: NO_GRACE_PERIOD, GRACE_FIRST (before the object is unlisted), GRACE_LAST (after the list's
 * reference is dropped), NO_SECTION (a lookup outside of RCU), NO_COUNT (found, not counted), NO_WAIT (for the
 * release), SIGNAL_INSIDE (the release says that it is over before it has returned); with WEAK, NOT_RELEASED (a put
 * that orders nothing).
 */
#include "machine.pml"

#define GETS 2

#define UNLISTED WORD_A
#define RELEASED WORD_B

byte count = 1;
bool freed;

/* Needs "bool last" of the caller. */
inline put_refcount(cpu)
{
	d_step {
#ifdef NOT_RELEASED
		UNORDERED(cpu, OTHER)
#else
		ORDERED(cpu)
#endif
		-> assert(!freed);
		count--;
		last = count == 0
	};
	if
	:: last ->
		last = false;
		assert(!gone && !freed);
		freed = true;
#ifdef SIGNAL_INSIDE
		store_release(cpu, RELEASED, true);
		assert(!gone)
#else
		assert(!gone);
		store_release(cpu, RELEASED, true)
#endif
	:: else
	fi
}

active [USERS] proctype user()
{
	byte cpu = FIRST_CPU, n, old;
	bool got, last;

	do
	:: n < GETS ->
		n++;
#ifndef NO_SECTION
		rcu_read_lock(cpu);
#endif
		if
		:: LOAD(cpu, UNLISTED) == false ->
#ifdef NO_COUNT
			got = true
#else
			assert(!freed);
			old = count;
			do
			:: old == 0 -> break
			:: old != 0 ->
				atomic {
					UNORDERED(cpu, OTHER) ->
					assert(!freed);
					if
					:: count == old ->
						count++;
						got = true;
						break
					:: else -> old = count
					fi
				}
			od;
			old = 0
#endif
		:: else
		fi;
#ifndef NO_SECTION
		rcu_read_unlock(cpu);
#endif
		if
		:: got ->
			use_victim(cpu);
			may_move(cpu);
			assert(!gone && !freed);
#ifndef NO_COUNT
			put_refcount(cpu)
#endif
		:: else
		fi;
		got = false
	:: else -> break
	od;
	finished++
}

active proctype unload()
{
	bool last;

#ifdef GRACE_FIRST
	synchronize_rcu();
#endif
	store_release(UNLOADER, UNLISTED, true);
#if !defined(NO_GRACE_PERIOD) && !defined(GRACE_FIRST) && !defined(GRACE_LAST)
	synchronize_rcu();
#endif
	put_refcount(UNLOADER);
#ifdef GRACE_LAST
	synchronize_rcu();
#endif
#ifndef NO_WAIT
	LOAD(UNLOADER, RELEASED) == true;
#endif
	gone = true;
	ALL_OVER ->
	assert(freed && count == 0)
}
