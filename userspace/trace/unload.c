// SPDX-License-Identifier: GPL-2.0
/*
 * The boundaries of delete_module(2); kind.h says what a row is.
 *
 * delete_module() takes module_mutex five times: itself, in del_usage_links(), to set the state to
 * UNFORMED, in module_unload_free(), and to unlink, where it waits for a grace period under it.
 * They are phases if they have to be waited for: the last three are told apart by their order
 * alone.
 *
 * Functions watched here are those that little else calls. That the module was found ends the
 * checks; its count is looked at, and the lock given back, in the phase after that.
 */
#include "base/refcost.h"
#include "trace/kind.h"

static const struct trace_row rows[] = {
	{ "start", AT_SYSCALL, FILTER_ANY, REQUIRED, NULL, "sys_enter_delete_module" },
	{ "lock wait", AT_END, FILTER_LEARN, MAYBE, NULL,
	  "mutex_lock_interruptible_nested,mutex_lock_interruptible" },
	{ "checks", AT_END, FILTER_ANY, OPTIONAL, NULL, "find_module_all" },
	{ "exit()", AT_ENTRY, FILTER_GOING, OPTIONAL, NULL, "blocking_notifier_call_chain" },
	{ "notifiers", AT_RETURN, FILTER_GOING, OPTIONAL, NULL, "blocking_notifier_call_chain" },
	{ "livepatch", AT_END, FILTER_ANY, OPTIONAL, "exit()", "klp_module_going" },
	{ "ftrace unlink", AT_ENTRY, FILTER_ANY, MAYBE, "notifiers", "synchronize_rcu" },
	{ "ftrace grace period", AT_RETURN, FILTER_ANY, MAYBE, "ftrace unlink", "synchronize_rcu" },
	{ "ftrace release", AT_ENTRY, FILTER_ANY, OPTIONAL, "notifiers", "async_synchronize_full" },
	{ "async", AT_TRACEPOINT, FILTER_ANY, OPTIONAL, NULL, "module_free" },
	{ "code tags", AT_END, FILTER_ANY, ADDED, "async", "codetag_unload_module" },
	{ "lock wait 2", AT_RETURN, FILTER_WAIT, MAYBE, "async", "mutex_lock_nested,mutex_lock" },
	{ "sysfs", AT_END, FILTER_ANY, OPTIONAL, "async", "mod_sysfs_teardown" },
	{ "lock wait 3", AT_RETURN, FILTER_WAIT, MAYBE, "async", "mutex_lock_nested,mutex_lock" },
	{ "teardown 1", AT_ENTRY, FILTER_WAIT, MAYBE, "lock wait 3",
	  "mutex_lock_nested,mutex_lock" },
	{ "lock wait 4", AT_RETURN, FILTER_WAIT, MAYBE, "teardown 1",
	  "mutex_lock_nested,mutex_lock" },
	{ "teardown 2", AT_ENTRY, FILTER_WAIT, MAYBE, "lock wait 4",
	  "mutex_lock_nested,mutex_lock" },
	{ "lock wait 5", AT_RETURN, FILTER_WAIT, MAYBE, "teardown 2",
	  "mutex_lock_nested,mutex_lock" },
	{ "teardown", AT_ENTRY, FILTER_ANY, OPTIONAL, "sysfs", "synchronize_rcu" },
	{ "grace period", AT_RETURN, FILTER_ANY, OPTIONAL, "teardown", "synchronize_rcu" },
	{ "memory", AT_END, FILTER_ANY, OPTIONAL, NULL, "free_module" },
	{ "return", AT_SYSCALL, FILTER_ANY, REQUIRED, NULL, "sys_exit_delete_module" },
};

static const struct trace_call calls[] = {
	{ "delete_module", "__arm64_sys_delete_module,__x64_sys_delete_module",
	  "__ia32_sys_delete_module" },
};

_Static_assert(ARRAY_SIZE(rows) <= TRACE_EVENTS, "a record has no room for so many boundaries");
_Static_assert(ARRAY_SIZE(calls) <= TRACE_CALLS, "a watch has no room for so many system calls");

const struct trace_table trace_unload = {
	.name = "unload",
	.rows = rows,
	.nr = ARRAY_SIZE(rows),
	.calls = calls,
	.nr_calls = ARRAY_SIZE(calls),
	.last_failed = "checks",
	.undo = "return",
};
