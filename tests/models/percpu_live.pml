/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kmod_bench/liveref.[ch], as kmod_bench/schemes/percpu_live.c uses them; with ONE_COUNT, as percpu_alloc.c and
 * percpu_array.c do.
 *
 *	get	live_get()
 *	put	put_percpu_live()
 *	unload	the check of live_gate(), whose second stop only keeps its cost; then delete_module(2), which ends the
 *		victim or fails, and live_ungate()
 *
 * stop_machine() is one step, for which every CPU must have its preemption on and its buffer empty.
 *
 * Wrong on purpose: NO_STATE_TEST, NO_STOP; a stop that is none: STOP_INSIDE (it does not wait for those whose
 * preemption is off), STOP_UNDRAINED (what is in the buffers stays there); PREEMPTIBLE (a get that does not turn
 * preemption off).
 */
#include "machine.pml"

#define GETS  2
#define TRIES 2

#define STATE WORD_A
#define LIVE  0
#define GOING 1

#ifdef STOP_INSIDE
#define NOBODY_INSIDE true
#else
#define NOBODY_INSIDE (!preempt_off[0] && !preempt_off[1])
#endif
#ifdef STOP_UNDRAINED
#define ALL_DRAINED EMPTY(UNLOADER)
#else
#define ALL_DRAINED (EMPTY(0) && EMPTY(1) && EMPTY(UNLOADER))
#endif

active [USERS] proctype user()
{
	byte cpu = FIRST_CPU, n;
	bool got;

	do
	:: n < GETS ->
		n++;
#ifndef PREEMPTIBLE
		preempt_disable(cpu);
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
		preempt_enable(cpu);
#endif
		if
		:: got ->
			use_victim(cpu);
			may_move(cpu);
			assert(!gone);
			this_cpu_inc_decs(cpu, false)
		:: else
		fi;
		got = false
	:: else -> break
	od;
	finished++
}

/* live_try_stop() */
inline try_stop()
{
#ifdef NO_STOP
	live_pair_sum(sum);
	if
	:: sum == 0 -> store(UNLOADER, STATE, GOING)
	:: else
	fi
#else
	d_step {
		NOBODY_INSIDE && ALL_DRAINED ->
		live_pair_sum(sum);
		if
		:: sum == 0 -> memory[STATE] = GOING
		:: else
		fi
	}
#endif
}

active proctype unload()
{
	byte tries, sum;

	do
	:: tries < TRIES && !gone ->
		tries++;
		try_stop();
		if
		:: sum == 0 ->
			if
			:: gone = true
			:: store(UNLOADER, STATE, LIVE)
			fi
		:: else
		fi;
		sum = 0
	:: else -> break
	od;
	ALL_OVER ->
	assert(SUM_IN_MEMORY == 0)
}
