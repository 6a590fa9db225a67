/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The boundaries of delete_module(2); phases.h says what a row is.
 *
 * delete_module() takes module_mutex five times: itself, in del_usage_links(), to set the state to
 * UNFORMED, in module_unload_free(), and to unlink, where it waits for a grace period under it.
 * They are phases if they have to be waited for: the last three are told apart by their order
 * alone.
 *
 * Functions watched here are those that little else calls. That the module was found ends the
 * checks; its count is looked at, and the lock given back, in the phase after that.
 */
#ifndef REFCOST_UNLOAD_H
#define REFCOST_UNLOAD_H

#include "phases.h"

#define UNLOAD_BOUNDARIES(X)                                                                     \
	X(ENTER, SYSCALL, ANY, ENTER, REQUIRED, "start", "sys_enter_delete_module")              \
	X(LOCKED, END, LEARN, ENTER, MAYBE, "lock wait",                                         \
	  "mutex_lock_interruptible_nested,mutex_lock_interruptible")                            \
	X(CHECKED, END, ANY, ENTER, OPTIONAL, "checks", "find_module_all")                       \
	X(EXITED, ENTRY, GOING, ENTER, OPTIONAL, "exit()", "blocking_notifier_call_chain")       \
	X(NOTIFIED, RETURN, GOING, ENTER, OPTIONAL, "notifiers", "blocking_notifier_call_chain") \
	X(LIVEPATCH, END, ANY, EXITED, OPTIONAL, "livepatch", "klp_module_going")                \
	X(FTRACE_OUT, ENTRY, ANY, NOTIFIED, MAYBE, "ftrace unlink", "synchronize_rcu")           \
	X(FTRACE_GP, RETURN, ANY, FTRACE_OUT, MAYBE, "ftrace grace period", "synchronize_rcu")   \
	X(FTRACED, ENTRY, ANY, NOTIFIED, OPTIONAL, "ftrace release", "async_synchronize_full")   \
	X(ASYNC, TRACEPOINT, ANY, ENTER, OPTIONAL, "async", "module_free")                       \
	X(TAGS, END, ANY, ASYNC, ADDED, "code tags", "codetag_unload_module")                    \
	X(LOCKED2, RETURN, WAIT, ASYNC, MAYBE, "lock wait 2", "mutex_lock_nested,mutex_lock")    \
	X(SYSFS, END, ANY, ASYNC, OPTIONAL, "sysfs", "mod_sysfs_teardown")                       \
	X(LOCKED3, RETURN, WAIT, ASYNC, MAYBE, "lock wait 3", "mutex_lock_nested,mutex_lock")    \
	X(TORN, ENTRY, WAIT, LOCKED3, MAYBE, "teardown 1", "mutex_lock_nested,mutex_lock")       \
	X(LOCKED4, RETURN, WAIT, TORN, MAYBE, "lock wait 4", "mutex_lock_nested,mutex_lock")     \
	X(UNLINKED, ENTRY, WAIT, LOCKED4, MAYBE, "teardown 2", "mutex_lock_nested,mutex_lock")   \
	X(LOCKED5, RETURN, WAIT, UNLINKED, MAYBE, "lock wait 5", "mutex_lock_nested,mutex_lock") \
	X(UNLISTED, ENTRY, ANY, SYSFS, OPTIONAL, "teardown", "synchronize_rcu")                  \
	X(GRACE, RETURN, ANY, UNLISTED, OPTIONAL, "grace period", "synchronize_rcu")             \
	X(FREED, END, ANY, ENTER, OPTIONAL, "memory", "free_module")                             \
	X(EXIT, SYSCALL, ANY, ENTER, REQUIRED, "return", "sys_exit_delete_module")

#define UNLOAD_CALLS(X)                                                       \
	X(delete_module, "__arm64_sys_delete_module,__x64_sys_delete_module", \
	  "__ia32_sys_delete_module")

enum unload_event {
#define X(id, where, filter, after, need, label, symbols) UNLOAD_##id,
	UNLOAD_BOUNDARIES(X) UNLOAD_NR
#undef X
};

#endif
