// SPDX-License-Identifier: GPL-2.0
/*
 * What a build without clang has for a tracer.
 */
#ifdef REFCOST_NO_BPF

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "trace/trace.h"

struct trace *trace_open(const struct trace_opts *opts, char *err, size_t errlen)
{
	(void)opts;
	snprintf(err, errlen, "built without the tracer: install clang and libbpf-dev, then make");
	errno = ENOTSUP;
	return NULL;
}

int trace_poll(struct trace *t, int timeout_ms,
	       void (*fn)(const struct trace_record *rec, void *arg), void *arg)
{
	(void)t;
	(void)timeout_ms;
	(void)fn;
	(void)arg;
	return -ENOTSUP;
}

void trace_wake_on(struct trace *t, int fd)
{
	(void)t;
	(void)fd;
}

const char *trace_note(const struct trace *t)
{
	(void)t;
	return NULL;
}

int trace_counts(struct trace *t, struct trace_counts *counts)
{
	(void)t;
	memset(counts, 0, sizeof(*counts));
	return -ENOTSUP;
}

bool trace_boundary(const struct trace *t, enum trace_kind kind, int event,
		    struct trace_boundary *out)
{
	(void)t;
	(void)kind;
	(void)event;
	(void)out;
	return false;
}

const char *trace_mechanism(const struct trace *t, enum trace_kind kind, int event)
{
	(void)t;
	(void)kind;
	(void)event;
	return "merged";
}

int trace_stats_enable(struct trace *t)
{
	(void)t;
	return -ENOTSUP;
}

size_t trace_prog_stats(const struct trace *t, struct bpf_cost *out, size_t cap)
{
	(void)t;
	(void)out;
	(void)cap;
	return 0;
}

void trace_close(struct trace *t)
{
	(void)t;
}

#endif
