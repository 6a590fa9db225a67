// SPDX-License-Identifier: GPL-2.0
/*
 * The tracer's programs for delete_module(2).
 */
#include "unload.h"

#define BOUNDARIES UNLOAD_BOUNDARIES
#define EVENT(id)  UNLOAD_##id
#define KIND	   TRACE_UNLOAD

#include "phases.bpf.h"

SEC("tp/syscalls/sys_enter_delete_module")
int syscall_enter(struct sys_enter_args *ctx)
{
	return enter(ctx->args[0]);
}

SEC("tp/syscalls/sys_exit_delete_module")
int syscall_exit(struct sys_exit_args *ctx)
{
	return leave(ctx->ret);
}
