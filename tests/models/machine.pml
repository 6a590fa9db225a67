/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine that all models run on: a memory, and before it a store buffer for each CPU. Included first.
 *
 * A store waits in its CPU's buffer until the process `buffer` of that CPU writes it to memory, at any time
 * later; a load takes the newest store to that place out of its own CPU's buffer, else what is in memory. Stores
 * leave a buffer in order, and a locked instruction or smp_mb() waits until the buffer is empty: this is x86-TSO.
 *
 * With WEAK defined, stores to different places leave in any order, unless the later one is a release; a
 * read-modify-write without order, or with acquire alone, does not wait for older stores. So WEAK does all that
 * x86 does and more, and shows what the releases are for, which cost nothing on x86. It is no model of any weaker
 * machine, since loads happen in program order.
 *
 * CPUs 0 and 1 run users, who may move from one to the other; who unloads has CPU 2 and its buffer alone. All that
 * a user of the victim does is one store into the victim's memory, and this may not reach it once `gone` is set.
 */
#define CPUS	 3
#define UNLOADER 2
#define USERS	 2
#define DEPTH	 3

/* Places in memory; each model gives a meaning to those that it needs. */
#define NOTHING 0
#define VICTIM	1
#define WORD_A	2
#define WORD_B	3
#define INCS	4 /* of CPU 0 and 1 */
#define DECS	6
#define PLACES	8
#define OTHER	8 /* a word that only read-modify-writes write, so that no buffer holds a store to it */

/* The buffers: where each store goes, what it stores, and whether it is a release; the oldest is at 0. */
byte stored_at[CPUS * DEPTH];
byte stored[CPUS * DEPTH];
bool releases[CPUS * DEPTH];
byte waiting[CPUS];

byte memory[PLACES];
bool preempt_off[CPUS];
bool gone; /* the unload has succeeded, and the victim's memory is given up */
byte finished;

#define SLOT(cpu, k) ((cpu) * DEPTH + (k))

#define LOAD(cpu, where)                                               \
	(stored_at[SLOT(cpu, 2)] == (where) -> stored[SLOT(cpu, 2)] :  \
	 (stored_at[SLOT(cpu, 1)] == (where) -> stored[SLOT(cpu, 1)] : \
	  (stored_at[SLOT(cpu, 0)] == (where) -> stored[SLOT(cpu, 0)] : memory[where])))

#define EMPTY(cpu) (waiting[cpu] == 0)

/* When a read-modify-write may be executed: one that is a release or fully ordered, and one that is neither. */
#define ORDERED(cpu) EMPTY(cpu)
#ifdef WEAK
#define UNORDERED(cpu, where)                                                        \
	(stored_at[SLOT(cpu, 0)] != (where) && stored_at[SLOT(cpu, 1)] != (where) && \
	 stored_at[SLOT(cpu, 2)] != (where))
#else
#define UNORDERED(cpu, where) EMPTY(cpu)
#endif

#define smp_mb(cpu) EMPTY(cpu)

inline buffer_store(cpu, where, what, is_release)
{
	d_step {
		waiting[cpu] < DEPTH ->
		stored[SLOT(cpu, waiting[cpu])] = what;
		stored_at[SLOT(cpu, waiting[cpu])] = where;
		releases[SLOT(cpu, waiting[cpu])] = is_release;
		waiting[cpu]++
	}
}

#define store(cpu, where, what)		buffer_store(cpu, where, what, false)
#define store_release(cpu, where, what) buffer_store(cpu, where, what, true)

/*
 * Load and store of a count are one step: this_cpu_inc() is one instruction, and where *count + 1 is stored,
 * preemption is off; only a count's own CPU writes it.
 */
inline buffer_add(cpu, where, what, is_release)
{
	d_step {
		waiting[cpu] < DEPTH ->
		stored[SLOT(cpu, waiting[cpu])] = LOAD(cpu, where + cpu) + what;
		stored_at[SLOT(cpu, waiting[cpu])] = where + cpu;
		releases[SLOT(cpu, waiting[cpu])] = is_release;
		waiting[cpu]++
	}
}

/* Per CPU a count of gets and one of puts, or with ONE_COUNT one that goes up and down, modulo 256. */
#define this_cpu_inc_incs(cpu) buffer_add(cpu, INCS, 1, false)
#ifdef ONE_COUNT
#define this_cpu_inc_decs(cpu, is_release) buffer_add(cpu, INCS, 255, is_release)
#else
#define this_cpu_inc_decs(cpu, is_release) buffer_add(cpu, DECS, 1, is_release)
#endif

/* live_pair_sum(): all puts before all gets, unless GETS_FIRST. */
inline live_pair_sum(sum)
{
#ifdef GETS_FIRST
	sum = LOAD(UNLOADER, INCS);
	sum = sum + LOAD(UNLOADER, INCS + 1);
	sum = sum - LOAD(UNLOADER, DECS);
	sum = sum - LOAD(UNLOADER, DECS + 1)
#else
	sum = 0 - LOAD(UNLOADER, DECS);
	sum = sum - LOAD(UNLOADER, DECS + 1);
	sum = sum + LOAD(UNLOADER, INCS);
	sum = sum + LOAD(UNLOADER, INCS + 1)
#endif
}

#define SUM_IN_MEMORY ((memory[INCS] + memory[INCS + 1] - memory[DECS] - memory[DECS + 1]) % 256)

/* Process CPU writes that CPU's stores to memory. */
active [CPUS] proctype buffer()
{
	byte k;
end:
	do
	:: atomic {
		if
		:: waiting[_pid] > 0
#ifdef WEAK
		:: waiting[_pid] > 1 && !releases[SLOT(_pid, 1)] &&
		   stored_at[SLOT(_pid, 1)] != stored_at[SLOT(_pid, 0)] -> k = 1
		:: waiting[_pid] > 2 && !releases[SLOT(_pid, 2)] &&
		   stored_at[SLOT(_pid, 2)] != stored_at[SLOT(_pid, 0)] &&
		   stored_at[SLOT(_pid, 2)] != stored_at[SLOT(_pid, 1)] -> k = 2
#endif
		fi;
		assert(!gone || stored_at[SLOT(_pid, k)] != VICTIM);
		d_step {
			memory[stored_at[SLOT(_pid, k)]] = stored[SLOT(_pid, k)];
			waiting[_pid]--;
			do
			:: k < waiting[_pid] ->
				stored_at[SLOT(_pid, k)] = stored_at[SLOT(_pid, k + 1)];
				stored[SLOT(_pid, k)] = stored[SLOT(_pid, k + 1)];
				releases[SLOT(_pid, k)] = releases[SLOT(_pid, k + 1)];
				k++
			:: else -> break
			od;
			stored_at[SLOT(_pid, k)] = NOTHING;
			stored[SLOT(_pid, k)] = 0;
			releases[SLOT(_pid, k)] = false;
			k = 0
		}
	   }
	od
}

/* Process CPUS + i is user i, and begins on CPU i. */
#define FIRST_CPU (_pid - CPUS)

/* The scheduler may move a user to the other CPU here; that is a full barrier. */
inline may_move(cpu)
{
	if
	:: skip
	:: atomic { smp_mb(cpu) -> cpu = 1 - cpu }
	fi
}

/*
 * One user of a CPU at a time is in such a section. The other may take steps that are outside of any, which a CPU
 * would not let it: more than can happen, nothing less.
 */
inline preempt_disable(cpu) { d_step { !preempt_off[cpu] -> preempt_off[cpu] = true } }
inline preempt_enable(cpu) { preempt_off[cpu] = false }

#define rcu_read_lock(cpu)   preempt_disable(cpu)
#define rcu_read_unlock(cpu) preempt_enable(cpu)

/*
 * A grace period ends when every CPU, one after another, was seen outside of any read-side section and with nothing
 * in its buffer.
 */
inline synchronize_rcu()
{
	smp_mb(UNLOADER);
	!preempt_off[0] && EMPTY(0);
	!preempt_off[1] && EMPTY(1)
}

/* What must not happen once the victim is gone: a user in it, at its beginning or end, or a store of such a user. */
inline use_victim(cpu)
{
	assert(!gone);
	store(cpu, VICTIM, 0);
	assert(!gone)
}

/* All have come to an end, and what they stored is in memory. */
#define ALL_OVER (finished == USERS && EMPTY(0) && EMPTY(1) && EMPTY(UNLOADER))
