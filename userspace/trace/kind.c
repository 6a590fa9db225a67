// SPDX-License-Identifier: GPL-2.0
/*
 * The kinds of calls that are traced, and what a record of one says: known without a kernel.
 */
#include "trace/kind.h"

#include <assert.h>
#include <stdio.h>

#include "base/refcost.h"
#include "bpf/load.h"
#include "bpf/unload.h"
#include "trace/trace.h"

#define ROW(kind, id, where, filter, after, need, label, symbols) \
	{ #id,                                                    \
	  label,                                                  \
	  symbols,                                                \
	  AT_##where,                                             \
	  kind##_##after,                                         \
	  need,                                                   \
	  TRACE_IS_LOCK(where, filter),                           \
	  FILTER_##filter == FILTER_WAIT,                         \
	  FILTER_##filter == FILTER_LEARN },

static const struct trace_row unload_rows[] = {
#define X(...) ROW(UNLOAD, __VA_ARGS__)
	UNLOAD_BOUNDARIES(X)
#undef X
};

static const struct trace_row load_rows[] = {
#define X(...) ROW(LOAD, __VA_ARGS__)
	LOAD_BOUNDARIES(X)
#undef X
};

#define CALL(call, symbols, compat) { #call, symbols, compat },
static const struct trace_call unload_calls[] = { UNLOAD_CALLS(CALL) };
static const struct trace_call load_calls[] = { LOAD_CALLS(CALL) };

_Static_assert(ARRAY_SIZE(unload_calls) <= TRACE_CALLS && ARRAY_SIZE(load_calls) <= TRACE_CALLS,
	       "a watch has no room for so many system calls");

const struct trace_table trace_tables[TRACE_KINDS] = {
	[TRACE_UNLOAD] = { "unload", unload_rows, UNLOAD_NR, unload_calls, ARRAY_SIZE(unload_calls),
			   UNLOAD_CHECKED, "return" },
	[TRACE_LOAD] = { "load", load_rows, LOAD_NR, load_calls, ARRAY_SIZE(load_calls),
			 LOAD_INITIALISED, "undo" },
};

const char *trace_kind_name(enum trace_kind kind)
{
	return trace_tables[kind].name;
}

static const struct trace_row *row(enum trace_kind kind, int event)
{
	const struct trace_table *t = &trace_tables[kind];

	return event >= 0 && event < t->nr ? &t->rows[event] : NULL;
}

const char *trace_boundary_name(enum trace_kind kind, int event)
{
	const struct trace_row *r = row(kind, event);

	return r ? r->label : NULL;
}

/* Does the kernel pass it in some calls alone? */
static bool is_rare(const struct trace_row *r)
{
	return r->need == MAYBE || r->need == ADDED;
}

static bool is_blind(const struct trace_record *rec, int ev)
{
	return !(rec->enabled & (1U << ev)) || rec->flags & TRACE_UNPAIRED;
}

/* When a boundary was passed; 0: it was not, as far as anybody looked. */
static uint64_t passed(const struct trace_record *rec, int ev)
{
	return rec->enabled & (1U << ev) ? rec->ts[ev] : 0;
}

/*
 * How far a call may have come: if it failed, not to the next boundary that it would have been seen
 * to pass.
 */
static int reach(const struct trace_record *rec)
{
	const struct trace_table *t = &trace_tables[rec->kind];
	int ev = t->nr - 1;

	if (!rec->ret)
		return ev;
	do
		ev--;
	while (!passed(rec, ev));
	do
		ev++;
	while (ev <= t->last_failed && (is_blind(rec, ev) || is_rare(&t->rows[ev])));
	return ev;
}

size_t trace_phases(const struct trace_record *rec, struct trace_phase *out, size_t cap)
{
	const struct trace_table *t = &trace_tables[rec->kind];
	int ev, first = t->nr, far = reach(rec);
	uint64_t last = rec->ts[0], sum = 0;
	size_t n = 0;

	for (ev = 1; ev < t->nr && n < cap; ev++) {
		bool undone = ev == t->nr - 1 && rec->ret;
		const char *label = undone ? t->undo : t->rows[ev].label;
		struct trace_phase *p = &out[n];

		if (!passed(rec, ev)) {
			/* not missing if the kernel need not pass it, or never came to it */
			if (first == t->nr && ev < far &&
			    (is_blind(rec, ev) || !is_rare(&t->rows[ev])))
				first = ev;
			continue;
		}
		p->merged = first != t->nr;
		snprintf(p->label, sizeof(p->label), "%s%s%s",
			 p->merged ? t->rows[first].label : "", p->merged ? ".." : "", label);
		p->event = ev;
		p->start = last - rec->ts[0];
		p->ns = rec->ts[ev] - last;
		/* one that was preempted while it kept accounts may be off by that sleep */
		p->off_ns = rec->off_ns[ev] < p->ns ? rec->off_ns[ev] : p->ns;
		sum += p->ns;
		last = rec->ts[ev];
		first = t->nr;
		n++;
	}
	assert(ev < t->nr || sum == trace_total(rec));
	return n;
}

uint64_t trace_total(const struct trace_record *rec)
{
	return rec->ts[trace_tables[rec->kind].nr - 1] - rec->ts[0];
}

bool trace_init_began(const struct trace_record *rec)
{
	return rec->kind == TRACE_LOAD && passed(rec, LOAD_LOADED);
}

const struct trace_stacks *trace_stacks(const struct trace_record *rec)
{
	return rec->flags & TRACE_STACKED ? &((const struct trace_stacked *)rec)->stacks : NULL;
}

bool trace_is_lock_wait(enum trace_kind kind, int event)
{
	const struct trace_row *r = row(kind, event);

	return r && r->lock;
}

const struct trace_holder *trace_holder(const struct trace_record *rec, int event)
{
	const struct trace_holder *h = rec->holder;
	int ev;

	if (!trace_is_lock_wait(rec->kind, event))
		return NULL;
	for (ev = 0; ev < event; ev++)
		h += trace_tables[rec->kind].rows[ev].lock;
	return h->pid ? h : NULL;
}
