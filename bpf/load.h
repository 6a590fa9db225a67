/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The boundaries of finit_module(2) and init_module(2); phases.h says what a row is.
 *
 * load_module() takes module_mutex once for each symbol that it resolves, and else: in newer
 * kernels to look for a module of the same name before anything is laid out; to enter it in the
 * list; to complete it; and to give its init memory back. Where memory is accounted by code tags,
 * kernels free their copy of the file before they look at those (6.10), or after (6.16). A call
 * that fails passes none of these boundaries while it undoes what it did: that is its last phase.
 */
#ifndef REFCOST_LOAD_H
#define REFCOST_LOAD_H

#include "phases.h"

#define LOAD_BOUNDARIES(X)                                                                         \
	X(ENTER, SYSCALL, ANY, ENTER, REQUIRED, "start",                                           \
	  "sys_enter_init_module,sys_enter_finit_module")                                          \
	X(READ, RETURN, ANY, ENTER, MAYBE, "read", "kernel_read_file")                             \
	X(COPIED, RETURN, ANY, ENTER, MAYBE, "copy", "security_kernel_post_load_data")             \
	X(VERIFIED, RETURN, ANY, ENTER, OPTIONAL, "signature", "mod_verify_sig,module_sig_check")  \
	X(CHECKED, ENTRY, MODULE2, ENTER, OPTIONAL, "ELF checks", "check_modstruct_version")       \
	X(DESCRIBED, ENTRY, LOCK, ENTER, MAYBE, "modinfo", "mutex_lock_nested,mutex_lock")         \
	X(LOCKED, RETURN, LOCK, DESCRIBED, MAYBE, "early lock wait",                               \
	  "mutex_lock_nested,mutex_lock")                                                          \
	X(SOUGHT, RETURN, NAME1, LOCKED, MAYBE, "early lookup", "find_module_all")                 \
	X(LAID_OUT, ENTRY, MODULE1, ENTER, OPTIONAL, "layout", "layout_symtab")                    \
	X(ALLOCATED, ENTRY, LOCK, LAID_OUT, OPTIONAL, "allocation",                                \
	  "mutex_lock_nested,mutex_lock")                                                          \
	X(LOCKED1, RETURN, LOCK, ALLOCATED, OPTIONAL, "lock wait", "mutex_lock_nested,mutex_lock") \
	X(RESOLVED, ENTRY, ANY, ENTER, OPTIONAL, "symbols", "apply_relocate,apply_relocate_add")   \
	X(RELOCATED, RETURN, ANY, ENTER, OPTIONAL, "relocation", "module_finalize")                \
	X(SITES, ENTRY, LOCK, RELOCATED, OPTIONAL, "ftrace sites", "mutex_lock_nested,mutex_lock") \
	X(LOCKED2, RETURN, LOCK, SITES, OPTIONAL, "lock wait 2", "mutex_lock_nested,mutex_lock")   \
	X(PROTECTED, ENTRY, LOCK, LOCKED2, OPTIONAL, "protection", "mutex_unlock")                 \
	X(FTRACED, ENTRY, ANY, ENTER, OPTIONAL, "ftrace enable", "klp_module_coming")              \
	X(PATCHED, ENTRY, COMING, ENTER, OPTIONAL, "livepatch",                                    \
	  "blocking_notifier_call_chain_robust")                                                   \
	X(COMING, RETURN, COMING, ENTER, OPTIONAL, "notifiers COMING",                             \
	  "blocking_notifier_call_chain_robust")                                                   \
	X(PARSED, ENTRY, ANY, ENTER, OPTIONAL, "parameters", "mod_sysfs_setup")                    \
	X(SYSFS, RETURN, ANY, ENTER, OPTIONAL, "sysfs", "mod_sysfs_setup")                         \
	X(UNCOPIED, ENTRY, ANY, SYSFS, ADDED, "early file copy", "codetag_load_module")            \
	X(TAGS, RETURN, ANY, UNCOPIED, ADDED, "code tags", "codetag_load_module")                  \
	X(LOADED, TRACEPOINT, MODULE1, ENTER, OPTIONAL, "file copy", "module_load")                \
	X(INITIALISED, RETURN, ANY, LOADED, MAYBE, "init()", "do_one_initcall")                    \
	X(LIVE, RETURN, LIVE, LOADED, OPTIONAL, "notifiers LIVE", "blocking_notifier_call_chain")  \
	X(ANNOUNCED, ENTRY, ANY, LIVE, MAYBE, "uevent", "async_synchronize_full")                  \
	X(ASYNC, RETURN, ANY, LIVE, MAYBE, "async", "async_synchronize_full")                      \
	X(FORGOTTEN, ENTRY, LOCK, LIVE, OPTIONAL, "ftrace free", "mutex_lock_nested,mutex_lock")   \
	X(LOCKED3, RETURN, LOCK, FORGOTTEN, OPTIONAL, "lock wait 3",                               \
	  "mutex_lock_nested,mutex_lock")                                                          \
	X(TRIMMED, ENTRY, LOCK, LOCKED3, OPTIONAL, "init memory", "mutex_unlock")                  \
	X(EXIT, SYSCALL, ANY, ENTER, REQUIRED, "return",                                           \
	  "sys_exit_init_module,sys_exit_finit_module")

#define LOAD_CALLS(X)                                                      \
	X(finit_module, "__arm64_sys_finit_module,__x64_sys_finit_module", \
	  "__ia32_sys_finit_module")                                       \
	X(init_module, "__arm64_sys_init_module,__x64_sys_init_module", "__ia32_sys_init_module")

enum load_event {
#define X(id, where, filter, after, need, label, symbols) LOAD_##id,
	LOAD_BOUNDARIES(X) LOAD_NR
#undef X
};

#endif
