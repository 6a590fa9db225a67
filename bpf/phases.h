/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tracer's two halves share: what a table of boundaries is made of, the record of one
 * call.
 *
 * A boundary ends a phase. Each is a row of a table, unload.h or load.h, and nothing else needs to
 * change when one is added: the BPF side makes programs out of the rows, user space walks the same
 * rows to find symbols, attach and report. Rows stand in the order in which a call passes them:
 *
 * X(id, where, filter, after, need, label, symbols)
 *
 * where    SYSCALL (the calls themselves), TRACEPOINT (of the system "module"), ENTRY or RETURN of
 *          a function, or END, its return as well, where the call does not nest and its arguments
 *          matter little: its entry needs no program
 * filter   which calls of the function count, see TRACE_FILTERS; rows of one function share it
 * after    the boundary that must have been passed: functions are called from init() and exit() too
 * need     REQUIRED, OPTIONAL, MAYBE (the kernel does not pass it in every call: no loss), or ADDED
 *          (the same, and a kernel without the function does not do what it does: nothing is merged
 *          there)
 * label    the phase that ends here
 * symbols  candidates, separated by commas, newest last; rows with equal text share programs; of
 *          SYSCALL, the tracepoints of all of them
 *
 * The functions that those calls are, each with the caller's registers as its argument, and what
 * 32-bit callers on a 64-bit kernel have instead, whom its system-call tracepoints leave out:
 *
 * X(call, symbols, compat)
 */
#ifndef REFCOST_PHASES_H
#define REFCOST_PHASES_H

#include <linux/types.h>

enum trace_kind { TRACE_UNLOAD, TRACE_LOAD, TRACE_KINDS };

enum trace_where { AT_SYSCALL, AT_TRACEPOINT, AT_ENTRY, AT_RETURN, AT_END };

/*
 * X(filter, arguments read, which calls count)
 */
#define TRACE_FILTERS(X)                                                                         \
	X(ANY, 0, "every call")                                                                  \
	X(LEARN, 1,                                                                              \
	  "the first argument is module_mutex, learnt here where its address is hidden; where "  \
	  "it is not, the kernel's tracepoints are used as for WAIT")                            \
	X(LOCK, 1, "the first argument is module_mutex")                                         \
	X(WAIT, 1,                                                                               \
	  "the same, if it has to be waited for: the kernel's tracepoints of that are used "     \
	  "instead where there are any")                                                         \
	X(GOING, 3,                                                                              \
	  "module_notify_list, or where that is hidden any list, told that the module goes")     \
	X(COMING, 3, "the same, told that it comes, and to be told that it goes if one objects") \
	X(LIVE, 3, "the same, told that it has come")                                            \
	X(MODULE1, 1, "every call; the first argument is the module, whose name is learnt here") \
	X(MODULE2, 2, "every call; the second is")                                               \
	X(NAME1, 1, "every call; the first argument is the module's name, learnt here")

enum trace_filter {
#define X(filter, nargs, what) FILTER_##filter,
	TRACE_FILTERS(X)
#undef X
};

enum trace_args {
#define X(filter, nargs, what) ARGS_##filter = nargs,
	TRACE_FILTERS(X)
#undef X
};

/*
 * Waits for module_mutex end with the returns of functions that are filtered by it; a record has a
 * slot for the holder that each of them found.
 */
#define TRACE_IS_LOCK(where, filter)                                           \
	((AT_##where == AT_RETURN || AT_##where == AT_END) &&                  \
	 (FILTER_##filter == FILTER_LEARN || FILTER_##filter == FILTER_LOCK || \
	  FILTER_##filter == FILTER_WAIT))

#define TRACE_EVENTS	  32 /* room for the boundaries of any table; a record has a bit for each */
#define TRACE_LOCKS	  5  /* room for the waits of any table */
#define TRACE_CALLS	  2  /* room for the system calls of any table */
#define TRACE_NAME_LEN	  56 /* MODULE_NAME_LEN on 64-bit kernels */
#define TRACE_STACK_DEPTH 24

/* Of the ring buffer; and if records hold stacks. */
#define TRACE_RING_BYTES	 (1 << 21)
#define TRACE_RING_BYTES_STACKED (1 << 22)

/* Flags of a record. */
#define TRACE_UNPAIRED (1U << 0) /* a return probe missed: entries and exits differ */
#define TRACE_STACKED  (1U << 1) /* a struct trace_stacks follows it in memory */

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
 * @ts: when each boundary was passed, CLOCK_MONOTONIC ns; 0: it was not; of those in @enabled alone
 * @off_ns: time off the CPU in the phase that ends at this boundary, ns; likewise
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
 *	if
 *          it could not be read, or the load did not come that far
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
 * struct trace_stacks - where a call slept longest, phase by phase
 * @text: where the module's own code was; 0: not known
 * @text_size: how much of it, bytes
 * @ns: how long that one sleep in the phase that ends at this boundary took, ns; 0: it did not
 *	sleep
 * @ips: kernel addresses, innermost first, as many as there are before a 0
 */
struct trace_stacks {
	__u64 text;
	__u64 text_size;
	__u64 ns[TRACE_EVENTS];
	__u64 ips[TRACE_EVENTS][TRACE_STACK_DEPTH];
};

/* What the ring buffer carries if stacks were asked for. */
struct trace_stacked {
	struct trace_record rec;
	struct trace_stacks stacks;
};

/**
 * struct trace_tally - the BPF side's own account
 * @records: records handed to user space
 * @entries: calls that are traced
 * @exits: how many of them returned
 * @dropped: records lost because the ring buffer was full
 * @lost: calls not traced, or tasks not followed, because there were too many
 * @unmatched: returns, and modules freed or come, without an entry: calls begun before the tracer
 *	was attached,
 *             or by a way that is not watched
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
	__u64 probe_entries;
	__u64 probe_exits;
};

/**
 * struct trace_config - what programs are told before they are loaded
 * @target: calls on this module only; "": on any
 * @module_mutex: its address; 0: hidden, learn the lock
 * @module_notify_list: its address; 0: hidden, know the notifier by its arguments
 * @enabled: mask of the boundaries that are watched
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
 * @by_function: calls are watched as functions, and the returns of those that began before are not
 *	seen
 * @follow: also calls of all that @only_tgid forks
 * @stacks: keep the stack of the longest sleep in each phase
 */
struct trace_config {
	char target[TRACE_NAME_LEN];
	__u64 module_mutex;
	__u64 module_notify_list;
	__u64 ns_dev;
	__u64 ns_ino;
	__u32 enabled;
	__u32 only_tgid;
	__s32 owner_at;
	__s32 pid_at;
	__s32 comm_at;
	__s32 name_at;
	__s32 refcnt_at;
	__s32 text_at;
	__s32 text_size_at;
	__u8 by_function;
	__u8 waits_traced;
	__u8 follow;
	__u8 stacks;
};

#endif
