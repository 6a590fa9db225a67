// SPDX-License-Identifier: GPL-2.0
/*
 * The tracer's programs for delete_module(2).
 */
#include "unload.h"

#define BOUNDARIES UNLOAD_BOUNDARIES
#define CALLS	   UNLOAD_CALLS
#define EVENT(id)  UNLOAD_##id
#define KIND	   TRACE_UNLOAD

#include "phases.bpf.h"
