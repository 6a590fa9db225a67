// SPDX-License-Identifier: GPL-2.0
/*
 * Words and bars of refcost trace.
 */
#include "trace/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum trace_outcome trace_outcome(enum trace_kind kind, int ret, bool init)
{
	if (kind == TRACE_LOAD) {
		if (!ret)
			return OUTCOME_LOADED;
		return ret == -EEXIST && !init ? OUTCOME_ALREADY : OUTCOME_FAILED;
	}
	switch (-ret) {
	case 0:
		return OUTCOME_GONE;
	case EWOULDBLOCK:
		return OUTCOME_BUSY;
	case EBUSY:
		return OUTCOME_DYING;
	case ENOENT:
		return OUTCOME_NOT_LOADED;
	}
	return OUTCOME_FAILED;
}

const char *outcome_name(enum trace_outcome outcome)
{
	static const char *const names[] = {
		[OUTCOME_GONE] = "gone",
		[OUTCOME_BUSY] = "busy",
		[OUTCOME_DYING] = "dying or permanent",
		[OUTCOME_NOT_LOADED] = "not loaded",
		[OUTCOME_LOADED] = "loaded",
		[OUTCOME_ALREADY] = "already loaded",
		[OUTCOME_FAILED] = "failed otherwise",
	};

	return names[outcome];
}

const char *trace_result(enum trace_outcome outcome, int ret, char *buf, size_t len)
{
	const char *name;

	if (outcome != OUTCOME_FAILED)
		return outcome_name(outcome);
	name = strerrorname_np(-ret);
	if (name)
		return name;
	snprintf(buf, len, "error %d", -ret);
	return buf;
}

/* Where a time lies in a bar, 0 to width: rounded, and in 128 bits, so that it cannot overflow. */
static int place(int width, uint64_t ns, uint64_t total)
{
	if (!total)
		return 0;
	if (ns >= total)
		return width;
	return ((unsigned __int128)ns * width + total / 2) / total;
}

void trace_bar(char *out, int width, uint64_t start, uint64_t ns, uint64_t off_ns, uint64_t total)
{
	int from = place(width, start, total), to = place(width, start + ns, total), off;

	memset(out, ' ', width);
	out[width] = '\0';
	if (width < 1)
		return;
	if (from == to) {
		out[from < width ? from : width - 1] = '.';
		return;
	}
	off = place(to - from, off_ns, ns);
	memset(out + from, '#', to - from - off);
	memset(out + to - off, '-', off);
}
