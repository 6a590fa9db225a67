// SPDX-License-Identifier: GPL-2.0
/*
 * The tracer's programs for finit_module(2) and init_module(2).
 */
#include "load.h"

#define BOUNDARIES LOAD_BOUNDARIES
#define CALLS	   LOAD_CALLS
#define EVENT(id)  LOAD_##id
#define KIND	   TRACE_LOAD

#include "phases.bpf.h"
