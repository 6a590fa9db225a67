/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kmod_bench/schemes/speculative_get.c.
 *
 *	get	get_speculative_get(), and speculative_get_slow() where the state is not LIVE
 *	put	put_speculative_get()
 *	unload	speculative_get_gate() with live_pair_sum(); then delete_module(2), which ends the victim or
 *		fails, and speculative_get_ungate()
 *
 * Wrong on purpose: NO_GET_BARRIER, NO_CHECK_BARRIER, NO_STATE_TEST, SLOW_GETS, STATE_LATE; with WEAK, NOT_RELEASED.
 * NO_LOCK alone is right, and so are GETS_FIRST and ONE_COUNT; NO_LOCK with either of them is wrong, since a get
 * that backs off in the middle of the sum may then be counted as a put only.
 */
#include "machine.pml"

#define GETS  2
#define TRIES 2

#define STATE WORD_A
#define LIVE  0
#define GOING 1
#define LOCK  WORD_B

inline spin_lock(cpu) { d_step { UNORDERED(cpu, LOCK) && memory[LOCK] == 0 -> memory[LOCK] = 1 } }
inline spin_unlock(cpu) { store_release(cpu, LOCK, 0) }

active [USERS] proctype user()
{
	byte cpu = FIRST_CPU, n;
	bool got;

	do
	:: n < GETS ->
		n++;
		this_cpu_inc_incs(cpu);
		may_move(cpu);
#ifndef NO_GET_BARRIER
		smp_mb(cpu);
#endif
		if
#ifdef NO_STATE_TEST
		:: got = true
#else
		:: LOAD(cpu, STATE) == LIVE -> got = true
		:: else ->
#ifndef NO_LOCK
			spin_lock(cpu);
#endif
			got = LOAD(cpu, STATE) == LIVE;
#ifndef NO_LOCK
			spin_unlock(cpu);
#endif
#ifdef SLOW_GETS
			got = true;
#endif
			if
			:: !got ->
				may_move(cpu);
				this_cpu_inc_decs(cpu, false)
			:: else
			fi
#endif
		fi;
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
		spin_lock(UNLOADER);
#ifndef STATE_LATE
		store(UNLOADER, STATE, GOING);
#endif
#ifndef NO_CHECK_BARRIER
		smp_mb(UNLOADER);
#endif
		live_pair_sum(sum);
#ifdef STATE_LATE
		store(UNLOADER, STATE, GOING);
#endif
		if
		:: sum != 0 ->
			store(UNLOADER, STATE, LIVE);
			spin_unlock(UNLOADER)
		:: else ->
			spin_unlock(UNLOADER);
			if
			:: gone = true
			:: store(UNLOADER, STATE, LIVE)
			fi
		fi;
		sum = 0
	:: else -> break
	od;
	/* Every get that was counted is undone by a put. */
	ALL_OVER ->
	assert(SUM_IN_MEMORY == 0)
}
