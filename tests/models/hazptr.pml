/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kmod_bench/hazptr.[ch], as kmod_bench/schemes/hazptr.c uses them; with IPI, as hazptr_ipi.c does.
 *
 *	get	hazptr_get() with hazptr_take() or hazptr_ipi_take(), and hazptr_take_other()
 *	put	hazptr_put()
 *	unload	hazptr_gate() or hazptr_ipi_gate(), with hazptr_wait(); then delete_module(2), which ends the victim or
 *		fails, and hazptr_link()
 *
 * One object, and two slots a CPU. An interrupt is a moment at which the CPU's buffer is empty.
 *
 * Wrong on purpose: NO_SECOND_LOOK, NO_CHECK_BARRIER, NO_WAIT; with IPI, NO_INTERRUPT, which is also hazptr without its
 * barrier, and PREEMPTIBLE (two users may take one slot); with WEAK, NOT_RELEASED.
 */
#include "machine.pml"

#define GETS  2
#define TRIES 2

#define UNLISTED WORD_A
#define FIRST	 INCS /* of CPU 0 and 1 */
#define OTHERS	 DECS

/* A compare-and-swap of a slot: sets @taken. */
inline take(cpu, which)
{
	d_step {
		ORDERED(cpu) ->
		if
		:: memory[which] == 0 ->
			memory[which] = 1;
			taken = true
		:: else
		fi
	}
}

#ifdef NOT_RELEASED
#define clear(cpu, which) store(cpu, which, 0)
#else
#define clear(cpu, which) store_release(cpu, which, 0)
#endif

active [USERS] proctype user()
{
	byte cpu = FIRST_CPU, n, slot;
	bool taken;

	do
	:: n < GETS ->
		n++;
#ifdef IPI
#ifndef PREEMPTIBLE
		preempt_disable(cpu);
#endif
		slot = FIRST + cpu;
		if
		:: LOAD(cpu, slot) == 0 ->
			store(cpu, slot, 1);
			taken = true
		:: else
		fi;
#ifndef PREEMPTIBLE
		preempt_enable(cpu);
#endif
#else
		slot = FIRST + cpu;
		may_move(cpu);
		take(cpu, slot);
#endif
		if
		:: taken
		:: else ->
			slot = OTHERS + cpu;
			may_move(cpu);
			take(cpu, slot)
		fi;
		may_move(cpu);
		if
		:: taken ->
#ifndef NO_SECOND_LOOK
			if
			:: LOAD(cpu, UNLISTED) == 0 ->
#endif
				use_victim(cpu);
				may_move(cpu);
				assert(!gone)
#ifndef NO_SECOND_LOOK
			:: else
			fi
#endif
			;
			clear(cpu, slot)
		:: else
		fi;
		taken = false;
		slot = 0
	:: else -> break
	od;
	finished++
}

active proctype unload()
{
	byte tries;

	do
	:: tries < TRIES && !gone ->
		tries++;
		store(UNLOADER, UNLISTED, 1);
#ifndef NO_CHECK_BARRIER
		smp_mb(UNLOADER);
#endif
#if defined(IPI) && !defined(NO_INTERRUPT)
		EMPTY(0);
		EMPTY(1);
#endif
#ifndef NO_WAIT
		LOAD(UNLOADER, FIRST) == 0;
		LOAD(UNLOADER, OTHERS) == 0;
		LOAD(UNLOADER, FIRST + 1) == 0;
		LOAD(UNLOADER, OTHERS + 1) == 0;
#endif
		if
		:: gone = true
		:: store(UNLOADER, UNLISTED, 0)
		fi
	:: else -> break
	od;
	ALL_OVER ->
	assert(memory[FIRST] == 0 && memory[FIRST + 1] == 0 && memory[OTHERS] == 0 && memory[OTHERS + 1] == 0)
}
