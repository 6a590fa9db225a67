// SPDX-License-Identifier: GPL-2.0
#include "trace/options.h"

#include <string.h>

enum trace_mech opt_mechanism(struct argp_state *state, const char *arg)
{
	static const char *const names[] = {
		[TRACE_AUTO] = "auto",
		[TRACE_KPROBE] = "kprobe",
		[TRACE_TRACEPOINTS] = "tracepoints",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(arg, names[i]))
			return i;
	argp_error(state, "no mechanism '%s': use auto, kprobe or tracepoints", arg);
	return TRACE_AUTO;
}
