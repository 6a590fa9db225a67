/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tracer's two halves share: the boundaries of delete_module(2), the record of one call.
 *
 * A boundary ends a phase. Each is a row of the table below, and nothing else needs to change when
 * one is added: the BPF side makes programs out of the rows, user space walks the same rows to
 * find symbols, attach and report. Rows stand in the order in which a call passes them.
 */
#ifndef REFCOST_UNLOAD_H
#define REFCOST_UNLOAD_H

#include <linux/types.h>

/*
 * X(id, where, filter, after, need, label, symbols)
 *
 * where    SYSCALL (the tracepoints of the call itself), TRACEPOINT, ENTRY or RETURN of a function
 * filter   which calls of the function count, see UNLOAD_FILTERS; rows of one function share it
 * after    the boundary that must have been passed: functions are called from exit() as well
 * need     REQUIRED, OPTIONAL, or MAYBE (the kernel does not pass it in every call: no loss)
 * label    the phase that ends here
 * symbols  candidates, separated by commas, newest last; rows with equal text share programs
 *
 * delete_module() takes module_mutex five times: itself, in del_usage_links(), to set the state to
 * UNFORMED, in module_unload_free(), and to unlink, where it waits for a grace period under it.
 */
#define UNLOAD_BOUNDARIES(X)                                                                       \
	X(ENTER, SYSCALL, ANY, ENTER, REQUIRED, "start", "sys_enter_delete_module")                \
	X(LOCKED, RETURN, LEARN, ENTER, OPTIONAL, "lock wait",                                     \
	  "mutex_lock_interruptible_nested,mutex_lock_interruptible")                              \
	X(CHECKED, ENTRY, LOCK, ENTER, OPTIONAL, "checks", "mutex_unlock")                         \
	X(EXITED, ENTRY, GOING, ENTER, OPTIONAL, "exit()", "blocking_notifier_call_chain")         \
	X(NOTIFIED, RETURN, GOING, ENTER, OPTIONAL, "notifiers", "blocking_notifier_call_chain")   \
	X(LIVEPATCH, RETURN, ANY, EXITED, OPTIONAL, "livepatch", "klp_module_going")               \
	X(FTRACE_OUT, ENTRY, ANY, NOTIFIED, MAYBE, "ftrace unlink", "synchronize_rcu")             \
	X(FTRACE_GP, RETURN, ANY, FTRACE_OUT, MAYBE, "ftrace grace period", "synchronize_rcu")     \
	X(FTRACED, ENTRY, ANY, NOTIFIED, OPTIONAL, "ftrace release", "async_synchronize_full")     \
	X(ASYNC, TRACEPOINT, ANY, ENTER, OPTIONAL, "async", "module_free")                         \
	X(LOCKED2, RETURN, LOCK, ASYNC, OPTIONAL, "lock wait 2", "mutex_lock_nested,mutex_lock")   \
	X(SYSFS, RETURN, ANY, ASYNC, OPTIONAL, "sysfs", "mod_sysfs_teardown")                      \
	X(LOCKED3, RETURN, LOCK, LOCKED2, OPTIONAL, "lock wait 3", "mutex_lock_nested,mutex_lock") \
	X(TORN, ENTRY, LOCK, LOCKED3, OPTIONAL, "teardown", "mutex_lock_nested,mutex_lock")        \
	X(LOCKED4, RETURN, LOCK, TORN, OPTIONAL, "lock wait 4", "mutex_lock_nested,mutex_lock")    \
	X(UNLINKED, ENTRY, LOCK, LOCKED4, OPTIONAL, "unlink", "mutex_lock_nested,mutex_lock")      \
	X(LOCKED5, RETURN, LOCK, UNLINKED, OPTIONAL, "lock wait 5",                                \
	  "mutex_lock_nested,mutex_lock")                                                          \
	X(UNLISTED, ENTRY, ANY, LOCKED3, OPTIONAL, "list removal", "synchronize_rcu")              \
	X(GRACE, RETURN, ANY, UNLISTED, OPTIONAL, "grace period", "synchronize_rcu")               \
	X(FREED, RETURN, ANY, ENTER, OPTIONAL, "memory", "free_module")                            \
	X(EXIT, SYSCALL, ANY, ENTER, REQUIRED, "return", "sys_exit_delete_module")

/*
 * X(filter, arguments read, which calls count)
 */
#define UNLOAD_FILTERS(X)                                                                          \
	X(ANY, 0, "every call")                                                                    \
	X(LEARN, 1, "the first argument is module_mutex, learnt here where its address is hidden") \
	X(LOCK, 1, "the first argument is module_mutex")                                           \
	X(GOING, 3,                                                                                \
	  "module_notify_list, or where that is hidden any list, told that the module goes")

enum unload_event {
#define X(id, where, filter, after, need, label, symbols) EV_##id,
	UNLOAD_BOUNDARIES(X) EV_NR
#undef X
};

enum unload_where { AT_SYSCALL, AT_TRACEPOINT, AT_ENTRY, AT_RETURN };

enum unload_filter {
#define X(filter, nargs, what) FILTER_##filter,
	UNLOAD_FILTERS(X)
#undef X
};

enum unload_args {
#define X(filter, nargs, what) ARGS_##filter = nargs,
	UNLOAD_FILTERS(X)
#undef X
};

/*
 * Waits for module_mutex are the returns of functions that are filtered by it; a record has a slot for
 * the holder that each of them found.
 */
#define UNLOAD_IS_LOCK(where, filter) \
	(AT_##where == AT_RETURN &&   \
	 (FILTER_##filter == FILTER_LEARN || FILTER_##filter == FILTER_LOCK))

enum unload_locks {
#define X(id, where, filter, after, need, label, symbols) +UNLOAD_IS_LOCK(where, filter)
	UNLOAD_LOCKS = UNLOAD_BOUNDARIES(X)
#undef X
};

/* The slot of a wait for module_mutex, by the boundary that ends it. */
static inline __attribute__((always_inline)) unsigned int unload_lock_slot(enum unload_event ev)
{
#define X(id, where, filter, after, need, label, symbols) \
	+(EV_##id < ev && UNLOAD_IS_LOCK(where, filter))
	return UNLOAD_BOUNDARIES(X);
#undef X
}

#define UNLOAD_NAME_LEN	   56 /* MODULE_NAME_LEN on 64-bit kernels */
#define UNLOAD_STACK_DEPTH 24

/* Flags of a record. */
#define UNLOAD_NO_NAME	(1U << 0) /* the name could not be read from the caller */
#define UNLOAD_UNPAIRED (1U << 1) /* a return probe missed: entries and exits differ */
#define UNLOAD_STACKED	(1U << 2) /* a struct unload_stacks follows it in memory */

/**
 * struct unload_holder - who held module_mutex when a call began to wait for it
 * @pid: the thread; 0: nobody did, or nobody knows
 * @comm: its name
 * @module: what it was unloading; "" if it was doing something else, as loading
 */
struct unload_holder {
	__u32 pid;
	char comm[16];
	char module[UNLOAD_NAME_LEN];
};

/**
 * struct unload_record - one call of delete_module(2), successful or not
 * @ts: when each boundary was passed, CLOCK_MONOTONIC ns; 0: it was not
 * @off_ns: time off the CPU in the phase that ends at this boundary, ns
 * @enabled: mask of the boundaries that were watched, 1 << enum unload_event
 * @flags: UNLOAD_*
 * @ret: what the call returned, 0 or -errno
 * @pid: the thread
 * @tgid: its process
 * @entries: watched function calls whose return was awaited
 * @exits: how many of those returns were seen; the same, or a return probe missed
 * @comm: the thread's name
 * @module: the module's name as the caller gave it
 * @holder: who held module_mutex, by unload_lock_slot()
 */
struct unload_record {
	__u64 ts[EV_NR];
	__u64 off_ns[EV_NR];
	__u32 enabled;
	__u32 flags;
	__s32 ret;
	__u32 pid;
	__u32 tgid;
	__u32 entries;
	__u32 exits;
	char comm[16];
	char module[UNLOAD_NAME_LEN];
	struct unload_holder holder[UNLOAD_LOCKS];
};

/**
 * struct unload_stacks - where a call slept longest, phase by phase
 * @ns: how long that one sleep in the phase that ends at this boundary took, ns; 0: it did not sleep
 * @ips: kernel addresses, innermost first, as many as there are before a 0
 */
struct unload_stacks {
	__u64 ns[EV_NR];
	__u64 ips[EV_NR][UNLOAD_STACK_DEPTH];
};

/* What the ring buffer carries if stacks were asked for. */
struct unload_stacked {
	struct unload_record rec;
	struct unload_stacks stacks;
};

/**
 * struct unload_counts - the BPF side's own account, one a CPU
 * @records: records handed to user space
 * @entries: calls of delete_module(2) that are traced
 * @exits: how many of them returned
 * @dropped: records lost because the ring buffer was full
 * @lost: calls not traced, or tasks not followed, because there were too many
 * @unmatched: returns without an entry (calls begun before the tracer was attached)
 * @probe_entries: sum of the records' entries
 * @probe_exits: sum of the records' exits
 */
struct unload_counts {
	__u64 records;
	__u64 entries;
	__u64 exits;
	__u64 dropped;
	__u64 lost;
	__u64 unmatched;
	__u64 probe_entries;
	__u64 probe_exits;
};

#endif
