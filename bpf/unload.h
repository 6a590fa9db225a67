/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The boundaries of delete_module(2); phases.h says what a row is.
 *
 * delete_module() takes module_mutex five times: itself, in del_usage_links(), to set the state to
 * UNFORMED, in module_unload_free(), and to unlink, where it waits for a grace period under it.
 */
#ifndef REFCOST_UNLOAD_H
#define REFCOST_UNLOAD_H

#include "phases.h"

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

enum unload_event {
#define X(id, where, filter, after, need, label, symbols) UNLOAD_##id,
	UNLOAD_BOUNDARIES(X) UNLOAD_NR
#undef X
};

#endif
