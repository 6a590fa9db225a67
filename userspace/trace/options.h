/* SPDX-License-Identifier: GPL-2.0 */
/* Option values of those who trace. */
#ifndef REFCOST_TRACE_OPTIONS_H
#define REFCOST_TRACE_OPTIONS_H

#include <argp.h>

#include "trace/trace.h"

/**
 * opt_mechanism() - the best mechanism that a tracer may use
 * @state: of argp
 * @arg: what was given
 *
 * Return: as struct trace_opts has it in @mech.
 */
enum trace_mech opt_mechanism(struct argp_state *state, const char *arg);

#endif
