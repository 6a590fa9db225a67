// SPDX-License-Identifier: GPL-2.0
/*
 * The tracer's programs for finit_module(2) and init_module(2).
 */
#include "load.h"

#define BOUNDARIES LOAD_BOUNDARIES
#define EVENT(id)  LOAD_##id
#define KIND	   TRACE_LOAD

#include "phases.bpf.h"

#define SYSCALL_PROGRAMS(call)                             \
	SEC("tp/syscalls/sys_enter_" #call)                \
	int syscall_enter_##call(void *ctx)                \
	{                                                  \
		return enter(0);                           \
	}                                                  \
	SEC("tp/syscalls/sys_exit_" #call)                 \
	int syscall_exit_##call(struct sys_exit_args *ctx) \
	{                                                  \
		return leave(ctx->ret);                    \
	}

SYSCALL_PROGRAMS(finit_module)
SYSCALL_PROGRAMS(init_module)
