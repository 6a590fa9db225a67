/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tracer's two halves share: boundaries as the BPF programs know them, the record of one
 * call.
 *
 * A boundary ends a phase. User space makes rows out of its tables (userspace/trace/unload.c and
 * load.c), and writes them into read-only data before the programs are loaded: the verifier knows
 * each value, and takes the code of what is not watched out of the programs.
 */
#ifndef REFCOST_PHASES_H
#define REFCOST_PHASES_H

#include <linux/types.h>

enum trace_kind { TRACE_UNLOAD, TRACE_LOAD, TRACE_KINDS };

/**
 * enum trace_where - what passes a boundary
 * @AT_SYSCALL: the system call itself
 * @AT_TRACEPOINT: a tracepoint of the system "module"
 * @AT_ENTRY: the entry of a function
 * @AT_RETURN: the return of a function, if its entry counted: calls may nest
 * @AT_END: the return of a function that does not nest: no program watches its entry
 * @AT_HOLDER: nothing; a wait for module_mutex begins, which another row ends
 */
enum trace_where { AT_SYSCALL, AT_TRACEPOINT, AT_ENTRY, AT_RETURN, AT_END, AT_HOLDER };

/**
 * enum trace_filter - which calls of a function count
 * @FILTER_ANY: every call
 * @FILTER_LEARN: the first argument is module_mutex, learnt here where its address is hidden; where
 *	it is not, the kernel's tracepoints are used as for @FILTER_WAIT
 * @FILTER_LOCK: the first argument is module_mutex
 * @FILTER_WAIT: the same, if it has to be waited for: the kernel's tracepoints of that are used
 *	instead where there are any
 * @FILTER_GOING: module_notify_list, or where that is hidden any list, hears that the module goes
 * @FILTER_COMING: the same, hears that it comes, and that it goes if one of the list objects
 * @FILTER_LIVE: the same, hears that it has come
 * @FILTER_MODULE1: every call; the first argument is the module, whose name is learnt here
 * @FILTER_MODULE2: every call; the second argument is the module
 * @FILTER_NAME1: every call; the first argument is the module's name, learnt here
 */
enum trace_filter {
	FILTER_ANY,
	FILTER_LEARN,
	FILTER_LOCK,
	FILTER_WAIT,
	FILTER_GOING,
	FILTER_COMING,
	FILTER_LIVE,
	FILTER_MODULE1,
	FILTER_MODULE2,
	FILTER_NAME1,
};

#define TRACE_EVENTS	  32 /* room for the boundaries of any table; a record has a bit for each */
#define TRACE_LOCKS	  5  /* room for the waits of any table */
#define TRACE_CALLS	  2  /* room for the system calls of any table */
#define TRACE_NO_LOCK	  TRACE_LOCKS
#define TRACE_SLOT_ROWS	  16 /* room for the rows that a program serves */
#define TRACE_NAME_LEN	  56 /* MODULE_NAME_LEN on 64-bit kernels */
#define TRACE_STACK_DEPTH 24

/* Of the ring buffer; and if records hold stacks. */
#define TRACE_RING_BYTES	 (1 << 21)
#define TRACE_RING_BYTES_STACKED (1 << 22)

/*
 * Programs have numbers. Those of functions are given out when the tracer is opened; each has four
 * variants: fentry, fexit, kprobe, kretprobe. The others are always there.
 */
#define TRACE_FUNCTIONS 28
enum trace_slot {
	SLOT_WAIT = TRACE_FUNCTIONS, /* the kernel's tracepoints of waits for a lock */
	SLOT_MODULE,		     /* the tracepoint of the system "module" that a kind has */
	SLOT_ENTER = SLOT_MODULE + TRACE_KINDS, /* a call of a kind begins, */
	SLOT_EXIT = SLOT_ENTER + TRACE_KINDS,	/* and ends */
	TRACE_SLOTS = SLOT_EXIT + TRACE_KINDS
};

/**
 * enum trace_end - which program of a slot
 * @ON_ENTRY: the one at the entry of a function, or at a tracepoint
 * @ON_RETURN: the one at the return of a function, or at the end of a wait
 */
enum trace_end { ON_ENTRY, ON_RETURN, TRACE_ENDS };

/**
 * struct trace_step - a row: how one boundary is passed
 * @bit: of the boundary, another one for each kind of calls; 0: no row
 * @opens: boundaries that may be passed next once this one was: later ones that are watched and
 *	need no other before them
 * @at: where its time is in a record, bytes
 * @where: enum trace_where
 * @filter: enum trace_filter
 * @lock: which of the record's waits ends here; TRACE_NO_LOCK: none
 */
struct trace_step {
	__u64 bit;
	__u64 opens;
	__u16 at;
	__u8 where;
	__u8 filter;
	__u8 lock;
};

/* Flags of a record. */
#define TRACE_UNPAIRED (1U << 0) /* a return probe missed: entries and exits differ */
#define TRACE_STACKED  (1U << 1) /* it is that of a struct trace_stacked */

/**
 * struct trace_holder - who held module_mutex when a call began to wait for it
 * @pid: the thread; 0: nobody did, or nobody knows
 * @kind: what it was doing to @module, enum trace_kind
 * @comm: its name
 * @module: which module it was loading or unloading; "" if it was doing something else, or is not
 *	known
 */
struct trace_holder {
	__u32 pid;
	__u32 kind;
	char comm[16];
	char module[TRACE_NAME_LEN];
};

/**
 * struct trace_record - one call, successful or not
 * @ts: when each boundary in @enabled was passed, CLOCK_MONOTONIC ns; before the first one's: it was
 *	not, and the time is an earlier call's
 * @off_ns: time off the CPU in the phase that ends at this boundary, ns; if it was passed
 * @kind: enum trace_kind; says which table the boundaries are of
 * @enabled: mask of the boundaries that were watched, or that this kernel does not have
 * @flags: TRACE_*
 * @ret: what the call returned, 0 or -errno
 * @pid: the thread
 * @tgid: its process
 * @entries: watched function calls whose return was awaited
 * @exits: how many of those returns were seen; the same, or a return probe missed
 * @comm: the thread's name
 * @module: the module's name, as the caller of an unload gave it, as the file of a load has it; ""
 *	if it could not be read, or the load did not come that far
 * @holder: who held module_mutex, wait by wait
 */
struct trace_record {
	__u64 ts[TRACE_EVENTS];
	__u64 off_ns[TRACE_EVENTS];
	__u32 kind;
	__u32 enabled;
	__u32 flags;
	__s32 ret;
	__u32 pid;
	__u32 tgid;
	__u32 entries;
	__u32 exits;
	char comm[16];
	char module[TRACE_NAME_LEN];
	struct trace_holder holder[TRACE_LOCKS];
};

/**
 * struct trace_flight - a call in flight
 * @rec: as far as it came
 * @name: of the module, in the caller's memory; 0 once read
 * @mutex: module_mutex, as far as known
 * @task: address of its task; 0: none yet
 * @off_since: when it was last switched out, CLOCK_MONOTONIC ns; 0: it was not
 * @slept: how long that was, ns; 0: it still is
 * @off_ns: off the CPU so far in this phase, ns
 * @open: boundaries that may be passed now, a bit each, as struct trace_step has them
 * @awaited: the one whose return comes first; nothing is open then
 * @nested: calls of the same function inside that one
 * @waiting: for module_mutex
 * @claims: who wants this slot: its owner is alone; 0 in the hash table
 * @last: the boundary that was passed last, if stacks were asked for; likewise
 * @text: where the module's own code is; 0: not known yet
 * @text_size: how much of it, bytes
 * @ips: the stack when it was last switched out
 */
struct trace_flight {
	struct trace_record rec;
	__u64 name;
	__u64 mutex;
	__u64 task;
	__u64 off_since;
	__u64 slept;
	__u64 off_ns;
	__u64 open;
	__u64 awaited;
	__u32 nested;
	__u32 waiting;
	__u32 claims;
	__u32 last;
	__u64 text;
	__u64 text_size;
	__u64 ips[TRACE_STACK_DEPTH];
};

#define TRACE_SLOTS_IN_FLIGHT 256 /* a power of two */

/**
 * struct trace_flights - all calls in flight
 * @nr: how many: the cheapest of questions, and nearly always 0
 * @nr_displaced: how many of them are in the hash table, since their slots were taken
 * @learnt_mutex: module_mutex, where its address is hidden: as the latest call has shown it
 * @slots: a call's place follows from the address of its task: found in a few instructions, unless
 *	it is taken
 */
struct trace_flights {
	__u32 nr;
	__u32 nr_displaced;
	__u64 learnt_mutex;
	struct trace_flight slots[TRACE_SLOTS_IN_FLIGHT];
};

/**
 * struct trace_stacked - what the ring buffer carries of a call if stacks were asked for
 * @rec: the record
 * @text: where the module's own code was; 0: not known
 * @text_size: how much of it, bytes
 */
struct trace_stacked {
	struct trace_record rec;
	__u64 text;
	__u64 text_size;
};

/**
 * struct trace_sleep - and of each time that a call was off the CPU, as soon as it goes on
 * @call: when its call began, as in its record
 * @since: when it left the CPU, CLOCK_MONOTONIC ns
 * @ns: for how long, ns
 * @pid: the thread
 * @after: the boundary that was passed last
 * @ips: kernel addresses, innermost first, as many as there are before a 0
 */
struct trace_sleep {
	__u64 call;
	__u64 since;
	__u64 ns;
	__u32 pid;
	__u32 after;
	__u64 ips[TRACE_STACK_DEPTH];
};

/**
 * struct trace_tally - the BPF side's own account
 * @records: records handed to user space
 * @entries: calls that are traced
 * @exits: how many of them returned
 * @dropped: records, and times off the CPU, lost because the ring buffer was full
 * @lost: calls not traced, or tasks not followed, because there were too many
 * @unmatched: returns, and modules freed or come, without an entry: calls begun before the tracer
 *	was attached, or by a way that is not watched
 * @seen: threads of the process asked for that ended, if what it forks is followed
 * @probe_entries: sum of the records' entries
 * @probe_exits: sum of the records' exits
 */
struct trace_tally {
	__u64 records;
	__u64 entries;
	__u64 exits;
	__u64 dropped;
	__u64 lost;
	__u64 unmatched;
	__u64 seen;
	__u64 probe_entries;
	__u64 probe_exits;
};

/**
 * struct trace_kind_config - calls of one kind
 * @enabled: mask of the boundaries that are watched, or that this kernel does not have
 * @marked_at: where the time of the boundary at a tracepoint is in a record, bytes
 * @nr: how many boundaries a call has
 * @few: no boundary is watched but its ends and the one at a tracepoint
 * @waits_first: the first phase is a wait for module_mutex, which no tracepoint tells of
 */
struct trace_kind_config {
	__u32 enabled;
	__u16 marked_at;
	__u8 nr;
	__u8 few;
	__u8 waits_first;
};

/**
 * struct trace_config - what programs are told before they are loaded
 * @target: calls on this module only; "": on any
 * @module_mutex: its address; 0: hidden, learn the lock
 * @module_notify_list: its address; 0: hidden, know the notifier by its arguments
 * @rows: boundaries by the program that watches them, in the order in which they are passed
 * @more: those of all rows of a program but the first; 0: there are few, which are looked at
 * @is_mutex: a function takes or gives back a mutex, and its rows are about module_mutex alone
 * @kinds: what is common to calls of a kind
 * @only_tgid: calls of this process only; 0: of any
 * @ns_dev: device of the PID namespace in which it has this number
 * @ns_ino: inode of that; 0: it is the first
 * @owner_at: where the owner is in a mutex; negative: not known
 * @pid_at: where the thread's number is in a task
 * @comm_at: where its name is
 * @name_at: where a module's name is in it; negative: not known
 * @refcnt_at: where its count of references is; negative: not known
 * @text_at: where the address of its code is; negative: not known
 * @text_size_at: where the size of that is, 32 bits
 * @waits_traced: tracepoints say when module_mutex has to be waited for
 * @follow: also calls of all that @only_tgid forks
 * @stacks: hand over the stack of each time that a call is off the CPU
 */
struct trace_config {
	char target[TRACE_NAME_LEN];
	__u64 module_mutex;
	__u64 module_notify_list;
	__u64 ns_dev;
	__u64 ns_ino;
	struct trace_step rows[TRACE_SLOTS][TRACE_ENDS][TRACE_SLOT_ROWS];
	__u64 more[TRACE_SLOTS][TRACE_ENDS];
	__u8 is_mutex[TRACE_FUNCTIONS];
	struct trace_kind_config kinds[TRACE_KINDS];
	__u32 only_tgid;
	__s32 owner_at;
	__s32 pid_at;
	__s32 comm_at;
	__s32 name_at;
	__s32 refcnt_at;
	__s32 text_at;
	__s32 text_size_at;
	__u8 waits_traced;
	__u8 follow;
	__u8 stacks;
};

#endif
