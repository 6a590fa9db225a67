// SPDX-License-Identifier: GPL-2.0
/*
 * The boundaries of finit_module(2) and init_module(2); kind.h says what a row is.
 *
 * load_module() takes module_mutex once for each symbol that it resolves, and else: in newer
 * kernels to look for a module of the same name before anything is laid out; to enter it in the
 * list; to complete it; and to give its init memory back. Where memory is accounted by code tags,
 * kernels free their copy of the file before they look at those (6.10), or after (6.16). A call
 * that fails passes none of these boundaries while it undoes what it did: that is its last phase.
 */
#include "base/refcost.h"
#include "trace/kind.h"

static const struct trace_row rows[] = {
	{ "start", AT_SYSCALL, FILTER_ANY, REQUIRED, NULL,
	  "sys_enter_init_module,sys_enter_finit_module" },
	{ "read", AT_RETURN, FILTER_ANY, MAYBE, NULL, "kernel_read_file" },
	{ "copy", AT_RETURN, FILTER_ANY, MAYBE, NULL, "security_kernel_post_load_data" },
	{ "signature", AT_RETURN, FILTER_ANY, OPTIONAL, NULL, "mod_verify_sig,module_sig_check" },
	{ "ELF checks", AT_ENTRY, FILTER_MODULE2, OPTIONAL, NULL, "check_modstruct_version" },
	{ "modinfo", AT_ENTRY, FILTER_LOCK, MAYBE, NULL, "mutex_lock_nested,mutex_lock" },
	{ "early lock wait", AT_RETURN, FILTER_LOCK, MAYBE, "modinfo",
	  "mutex_lock_nested,mutex_lock" },
	{ "early lookup", AT_RETURN, FILTER_NAME1, MAYBE, "early lock wait", "find_module_all" },
	{ "layout", AT_ENTRY, FILTER_MODULE1, OPTIONAL, NULL, "layout_symtab" },
	{ "allocation", AT_ENTRY, FILTER_LOCK, OPTIONAL, "layout", "mutex_lock_nested,mutex_lock" },
	{ "lock wait", AT_RETURN, FILTER_LOCK, OPTIONAL, "allocation",
	  "mutex_lock_nested,mutex_lock" },
	{ "symbols", AT_ENTRY, FILTER_ANY, OPTIONAL, NULL, "apply_relocate,apply_relocate_add" },
	{ "relocation", AT_RETURN, FILTER_ANY, OPTIONAL, NULL, "module_finalize" },
	{ "ftrace sites", AT_ENTRY, FILTER_LOCK, OPTIONAL, "relocation",
	  "mutex_lock_nested,mutex_lock" },
	{ "lock wait 2", AT_RETURN, FILTER_LOCK, OPTIONAL, "ftrace sites",
	  "mutex_lock_nested,mutex_lock" },
	{ "protection", AT_ENTRY, FILTER_LOCK, OPTIONAL, "lock wait 2", "mutex_unlock" },
	{ "ftrace enable", AT_ENTRY, FILTER_ANY, OPTIONAL, NULL, "klp_module_coming" },
	{ "livepatch", AT_ENTRY, FILTER_COMING, OPTIONAL, NULL,
	  "blocking_notifier_call_chain_robust" },
	{ "notifiers COMING", AT_RETURN, FILTER_COMING, OPTIONAL, NULL,
	  "blocking_notifier_call_chain_robust" },
	{ "parameters", AT_ENTRY, FILTER_ANY, OPTIONAL, NULL, "mod_sysfs_setup" },
	{ "sysfs", AT_RETURN, FILTER_ANY, OPTIONAL, NULL, "mod_sysfs_setup" },
	{ "early file copy", AT_ENTRY, FILTER_ANY, ADDED, "sysfs", "codetag_load_module" },
	{ "code tags", AT_RETURN, FILTER_ANY, ADDED, "early file copy", "codetag_load_module" },
	{ "file copy", AT_TRACEPOINT, FILTER_MODULE1, OPTIONAL, NULL, "module_load" },
	{ "init()", AT_RETURN, FILTER_ANY, MAYBE, "file copy", "do_one_initcall" },
	{ "notifiers LIVE", AT_RETURN, FILTER_LIVE, OPTIONAL, "file copy",
	  "blocking_notifier_call_chain" },
	{ "uevent", AT_ENTRY, FILTER_ANY, MAYBE, "notifiers LIVE", "async_synchronize_full" },
	{ "async", AT_RETURN, FILTER_ANY, MAYBE, "notifiers LIVE", "async_synchronize_full" },
	{ "ftrace free", AT_ENTRY, FILTER_LOCK, OPTIONAL, "notifiers LIVE",
	  "mutex_lock_nested,mutex_lock" },
	{ "lock wait 3", AT_RETURN, FILTER_LOCK, OPTIONAL, "ftrace free",
	  "mutex_lock_nested,mutex_lock" },
	{ "init memory", AT_ENTRY, FILTER_LOCK, OPTIONAL, "lock wait 3", "mutex_unlock" },
	{ "return", AT_SYSCALL, FILTER_ANY, REQUIRED, NULL,
	  "sys_exit_init_module,sys_exit_finit_module" },
};

static const struct trace_call calls[] = {
	{ "finit_module", "__arm64_sys_finit_module,__x64_sys_finit_module",
	  "__ia32_sys_finit_module" },
	{ "init_module", "__arm64_sys_init_module,__x64_sys_init_module",
	  "__ia32_sys_init_module" },
};

_Static_assert(ARRAY_SIZE(rows) <= TRACE_EVENTS, "a record has no room for so many boundaries");
_Static_assert(ARRAY_SIZE(calls) <= TRACE_CALLS, "a watch has no room for so many system calls");

const struct trace_table trace_load = {
	.name = "load",
	.rows = rows,
	.nr = ARRAY_SIZE(rows),
	.calls = calls,
	.nr_calls = ARRAY_SIZE(calls),
	.last_failed = "init()",
	.undo = "undo",
};
