/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kmod_bench/schemes/percpu_rcu.c.
 *
 *	get	get_percpu_rcu(): live_get(), and percpu_rcu_late() where the state is not LIVE
 *	put	put_percpu_rcu()
 *	unload	percpu_rcu_gate() with live_pair_sum(); then delete_module(2), which ends the victim or fails, and
 *		percpu_rcu_ungate()
 *
 * The count of late gets is in a byte, with 128 for LATE_CLOSED.
 *
 * Wrong on purpose: NO_STATE_TEST, NO_GRACE_PERIOD, PREEMPTIBLE (a get that does not turn preemption off), NOT_CLOSED
 * (late gets go on), CLOSED_LATE (comparing and closing are two steps); with WEAK, NOT_RELEASED. GETS_FIRST is right:
 * the per-CPU gets stand still.
 */
#include "machine.pml"

#define GETS  2
#define TRIES 2

#define STATE  WORD_A
#define LIVE   0
#define GOING  1
#define CLOSED 128

byte late;

active [USERS] proctype user()
{
	byte cpu = FIRST_CPU, n;
	bool got;

	do
	:: n < GETS ->
		n++;
#ifndef PREEMPTIBLE
		rcu_read_lock(cpu);
#endif
#ifndef NO_STATE_TEST
		got = LOAD(cpu, STATE) == LIVE;
#else
		got = true;
#endif
		if
		:: got -> this_cpu_inc_incs(cpu)
		:: else
		fi;
#ifndef PREEMPTIBLE
		rcu_read_unlock(cpu);
#endif
		if
		:: got
		:: else ->
			may_move(cpu);
			d_step {
				ORDERED(cpu) ->
				if
				:: late < CLOSED ->
					late++;
					got = true
				:: else
				fi
			}
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
	bool closed;

	do
	:: tries < TRIES && !gone ->
		tries++;
		store(UNLOADER, STATE, GOING);
#ifndef NO_GRACE_PERIOD
		synchronize_rcu();
#endif
		live_pair_sum(sum);
		sum = 0 - sum;
#ifdef CLOSED_LATE
		closed = late == sum;
		if
		:: closed -> late = late + CLOSED
		:: else
		fi;
#else
		d_step {
			ORDERED(UNLOADER) ->
			closed = late == sum;
			if
#ifdef NOT_CLOSED
			:: false
#else
			:: closed -> late = late + CLOSED
#endif
			:: else
			fi
		};
#endif
		sum = 0;
		if
		:: closed ->
			if
			:: gone = true
			:: late = late % CLOSED;
			   store(UNLOADER, STATE, LIVE)
			fi
		:: else -> store(UNLOADER, STATE, LIVE)
		fi;
		closed = false
	:: else -> break
	od;
	ALL_OVER ->
	assert((SUM_IN_MEMORY + late) % CLOSED == 0)
}
