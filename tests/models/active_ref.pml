/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kmod_bench/activeref.h, as kmod_bench/schemes/active_ref.c uses it.
 *
 *	get	active_get(): atomic_inc_unless_negative(), a load and a loop of compare-and-swaps
 *	put	active_put()
 *	unload	active_drain(); then delete_module(2), which ends the victim or fails, and active_init() again
 *
 * A count in a byte, with 128 for ACTIVE_BIAS: 128 and more is negative.
 *
 * Wrong on purpose: NO_BIAS_TEST, TEST_APART (the test and the count are two steps), NO_WAIT, STORED (put by load and
 * store); with WEAK, NOT_RELEASED (a put that orders nothing).
 */
#include "machine.pml"

#define GETS  2
#define TRIES 2

#define ACTIVE	WORD_A
#define DRAINED WORD_B
#define BIAS	128

#ifdef NOT_RELEASED
#define PUT_ORDER(cpu) UNORDERED(cpu, ACTIVE)
#else
#define PUT_ORDER(cpu) ORDERED(cpu)
#endif

active [USERS] proctype user()
{
	byte cpu = FIRST_CPU, n, old;
	bool got;

	do
	:: n < GETS ->
		n++;
		old = LOAD(cpu, ACTIVE);
		do
#ifndef NO_BIAS_TEST
		:: old >= BIAS -> break
		:: old < BIAS ->
#else
		::
#endif
			atomic {
				ORDERED(cpu) ->
				if
#ifdef TEST_APART
				:: memory[ACTIVE]++;
				   got = true;
				   break
#else
				:: memory[ACTIVE] == old ->
					memory[ACTIVE] = old + 1;
					got = true;
					break
				:: else -> old = memory[ACTIVE]
#endif
				fi
			}
		od;
		if
		:: got ->
			use_victim(cpu);
			may_move(cpu);
			assert(!gone);
#ifdef STORED
			old = LOAD(cpu, ACTIVE);
			store(cpu, ACTIVE, old - 1);
			old = old - 1;
#else
			d_step {
				PUT_ORDER(cpu) ->
				memory[ACTIVE]--;
				old = memory[ACTIVE]
			}
#endif
			if
			:: old == BIAS -> store_release(cpu, DRAINED, true)
			:: else
			fi
		:: else
		fi;
		got = false;
		old = 0
	:: else -> break
	od;
	finished++
}

active proctype unload()
{
	byte tries, active_now;

	do
	:: tries < TRIES && !gone ->
		tries++;
		d_step {
			ORDERED(UNLOADER) ->
			memory[ACTIVE] = memory[ACTIVE] + BIAS;
			active_now = memory[ACTIVE]
		}
#ifndef NO_WAIT
		if
		:: active_now != BIAS -> LOAD(UNLOADER, DRAINED) == true
		:: else
		fi;
#endif
		active_now = 0;
		if
		:: gone = true
		:: store(UNLOADER, DRAINED, false);
		   store(UNLOADER, ACTIVE, 0)
		fi
	:: else -> break
	od;
	ALL_OVER ->
	assert(memory[ACTIVE] == (gone -> BIAS : 0))
}
