/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kmod_bench/schemes/trylock_percpu.c.
 *
 *	get	get_trylock_percpu()
 *	put	put_trylock_percpu()
 *	unload	the keeper: down_write(), live_pair_sum(); if that is zero, delete_module(2) ends the victim or fails,
 *		and only then up_write(): here never where it ended, for the object is off its list then and nobody
 *		who looks it up under the list's lock comes to trylock
 *
 * The rwsem is a count of readers and a writer; taking it is an acquire, letting go of it a release.
 *
 * Wrong on purpose: NO_TRYLOCK, IGNORED (whether it got the lock), COUNT_LATE (after it let go of the lock),
 * SUM_UNLOCKED, LET_GO_EARLY (before exit()); with WEAK, NOT_RELEASED. GETS_FIRST is right: with the
 * rwsem write-locked no get counts, so it does not matter when gets are summed.
 */
#include "machine.pml"

#define GETS  2
#define TRIES 2

byte readers;
bool writer;

inline down_read_trylock(cpu, result)
{
	d_step {
		UNORDERED(cpu, OTHER) ->
		result = !writer;
		readers = readers + result
	}
}

inline up_read(cpu) { d_step { ORDERED(cpu) -> readers-- } }
inline down_write(cpu) { d_step { UNORDERED(cpu, OTHER) && readers == 0 && !writer -> writer = true } }
inline up_write(cpu) { d_step { ORDERED(cpu) -> writer = false } }

active [USERS] proctype user()
{
	byte cpu = FIRST_CPU, n;
	bool got;

	do
	:: n < GETS ->
		n++;
#ifdef NO_TRYLOCK
		got = true;
		this_cpu_inc_incs(cpu);
#else
		down_read_trylock(cpu, got);
		if
		:: got ->
			may_move(cpu);
#ifdef COUNT_LATE
			up_read(cpu);
			this_cpu_inc_incs(cpu)
#else
			this_cpu_inc_incs(cpu);
			may_move(cpu);
			up_read(cpu)
#endif
		:: else
#ifdef IGNORED
			-> got = true;
			this_cpu_inc_incs(cpu)
#endif
		fi;
#endif
		if
		:: got ->
			use_victim(cpu);
			may_move(cpu);
			assert(!gone);
#ifdef NOT_RELEASED
			this_cpu_inc_decs(cpu, false)
#else
			this_cpu_inc_decs(cpu, true)
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
	byte tries, sum;

	do
	:: tries < TRIES && !gone ->
		tries++;
#ifndef SUM_UNLOCKED
		down_write(UNLOADER);
#endif
		live_pair_sum(sum);
#ifdef SUM_UNLOCKED
		down_write(UNLOADER);
#endif
		if
		:: sum == 0 ->
#ifndef SUM_UNLOCKED
			assert(SUM_IN_MEMORY == 0);
#endif
#ifdef LET_GO_EARLY
			up_write(UNLOADER);
#endif
			if
			:: gone = true
			:: skip
			fi
		:: else
		fi;
#ifndef LET_GO_EARLY
		if
		:: !gone -> up_write(UNLOADER)
		:: else
		fi;
#endif
		sum = 0
	:: else -> break
	od;
	ALL_OVER ->
	assert(SUM_IN_MEMORY == 0)
}
