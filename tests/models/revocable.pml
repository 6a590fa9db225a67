/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kmod_bench/schemes/revocable.c; with LISTED, kmod_bench/schemes/srcu_object.c. One object, and a user that has a
 * handle of it, or looks it up under the list's lock.
 *
 *	get	revocable_access(): srcu_read_lock(), and a look at the pointer; or srcu_object_find_get()
 *	put	srcu_read_unlock()
 *	unload	revocable_gate(), or srcu_object_gate(), with synchronize_srcu(); then delete_module(2), which ends the
 *		victim or fails, and revocable_ungate(), or spinlist_link()
 *
 * Of SRCU's two pairs of counts one is here, so that new sections delay a grace period forever, or until they end. It
 * ends when the sum is zero once, all ends before all beginnings.
 *
 * Wrong on purpose: POINTER_LATE (the pointer is cleared, or the object unlisted, after synchronize_srcu()),
 * NO_POINTER_TEST, NO_GRACE_PERIOD, NO_CHECK_BARRIER, NO_GET_BARRIER, GETS_FIRST; with WEAK, NO_PUT_BARRIER; with
 * LISTED, NO_LOCK.
 */
#include "machine.pml"

#define GETS  2
#define TRIES 2

#define POINTER WORD_A /* or whether the object is listed */
#define OBJECT	0
#define NULL	1
#define LOCK	WORD_B

inline spin_lock(cpu)
{
#if defined(LISTED) && !defined(NO_LOCK)
	d_step { UNORDERED(cpu, LOCK) && memory[LOCK] == 0 -> memory[LOCK] = 1 }
#else
	skip
#endif
}

inline spin_unlock(cpu)
{
#if defined(LISTED) && !defined(NO_LOCK)
	store_release(cpu, LOCK, 0)
#else
	skip
#endif
}

inline srcu_read_lock(cpu)
{
	this_cpu_inc_incs(cpu);
#ifndef LISTED
	may_move(cpu);
#endif
#ifndef NO_GET_BARRIER
	smp_mb(cpu)
#endif
}

inline srcu_read_unlock(cpu)
{
#ifndef NO_PUT_BARRIER
	smp_mb(cpu);
#endif
	may_move(cpu);
	this_cpu_inc_decs(cpu, false)
}

inline synchronize_srcu(sum)
{
#ifndef NO_CHECK_BARRIER
	smp_mb(UNLOADER);
#endif
	do
	:: live_pair_sum(sum);
	   if
	   :: sum == 0 -> break
	   :: else
	   fi
	od
}

inline clear_pointer()
{
	spin_lock(UNLOADER);
	store(UNLOADER, POINTER, NULL);
	spin_unlock(UNLOADER)
}

active [USERS] proctype user()
{
	byte cpu = FIRST_CPU, n;
	bool got;

	do
	:: n < GETS ->
		n++;
#ifdef LISTED
		spin_lock(cpu);
		got = LOAD(cpu, POINTER) == OBJECT;
		if
		:: got -> srcu_read_lock(cpu)
		:: else
		fi;
		spin_unlock(cpu);
#else
		srcu_read_lock(cpu);
#ifdef NO_POINTER_TEST
		got = true;
#else
		got = LOAD(cpu, POINTER) == OBJECT;
#endif
		if
		:: !got -> srcu_read_unlock(cpu)
		:: else
		fi;
#endif
		if
		:: got ->
			use_victim(cpu);
			may_move(cpu);
			assert(!gone);
			srcu_read_unlock(cpu)
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
#ifndef POINTER_LATE
		clear_pointer();
#endif
#ifndef NO_GRACE_PERIOD
		synchronize_srcu(sum);
#endif
#ifdef POINTER_LATE
		clear_pointer();
#endif
		if
		:: gone = true
		:: spin_lock(UNLOADER);
		   store_release(UNLOADER, POINTER, OBJECT);
		   spin_unlock(UNLOADER)
		fi
	:: else -> break
	od;
	ALL_OVER ->
	assert(SUM_IN_MEMORY == 0)
}
