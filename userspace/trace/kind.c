// SPDX-License-Identifier: GPL-2.0
/*
 * The kinds of calls that are traced, and what a record of one says: known without a kernel.
 */
#include "trace/kind.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include <string.h>

#include "trace/trace.h"

const struct trace_table *const trace_tables[TRACE_KINDS] = {
	[TRACE_UNLOAD] = &trace_unload,
	[TRACE_LOAD] = &trace_load,
};

int trace_event(const struct trace_table *t, const char *label)
{
	int ev;

	if (!label)
		return 0;
	for (ev = 0; ev < t->nr; ev++)
		if (!strcmp(t->rows[ev].label, label))
			return ev;
	return -1;
}

bool trace_ends_wait(const struct trace_row *row)
{
	return (row->where == AT_RETURN || row->where == AT_END) &&
	       (row->filter == FILTER_LEARN || row->filter == FILTER_LOCK ||
		row->filter == FILTER_WAIT);
}

int trace_lock(const struct trace_table *t, int event)
{
	int ev, lock = 0;

	if (!trace_ends_wait(&t->rows[event]))
		return TRACE_NO_LOCK;
	for (ev = 0; ev < event; ev++)
		lock += trace_ends_wait(&t->rows[ev]);
	return lock;
}

const char *trace_kind_name(enum trace_kind kind)
{
	return trace_tables[kind]->name;
}

static const struct trace_row *row(enum trace_kind kind, int event)
{
	const struct trace_table *t = trace_tables[kind];

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

/* When a boundary was passed; 0: it was not, as far as it was watched. */
static uint64_t passed(const struct trace_record *rec, int ev)
{
	return rec->enabled & (1U << ev) && rec->ts[ev] >= rec->ts[0] ? rec->ts[ev] : 0;
}

/*
 * How far a call may have come: if it failed, not to the next boundary that it would have been seen
 * to pass.
 */
static int reach(const struct trace_record *rec)
{
	const struct trace_table *t = trace_tables[rec->kind];
	int ev = t->nr - 1, last = trace_event(t, t->last_failed);

	if (!rec->ret)
		return ev;
	do
		ev--;
	while (!passed(rec, ev));
	do
		ev++;
	while (ev <= last && (is_blind(rec, ev) || is_rare(&t->rows[ev])));
	return ev;
}

size_t trace_phases(const struct trace_record *rec, struct trace_phase *out, size_t cap)
{
	const struct trace_table *t = trace_tables[rec->kind];
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

/* What nothing but a look at the signature returns. */
static bool is_of_signature(int ret)
{
	return ret == -EKEYREJECTED || ret == -ENOKEY || ret == -ENOPKG || ret == -EBADMSG;
}

/*
 * The phase that it did not finish; or the one before that, if that is the return of a function,
 * which may be that of an error. All errors of two phases are known.
 */
const char *trace_failed_in(const struct trace_record *rec, char *buf, size_t len)
{
	const struct trace_table *t = trace_tables[rec->kind];
	int last = t->nr - 1, next;
	const char *before;

	if (rec->kind != TRACE_LOAD || !rec->ret || (rec->ret == -EEXIST && !trace_init_began(rec)))
		return NULL;
	do
		last--;
	while (!passed(rec, last));
	next = reach(rec);
	before = t->rows[last].where == AT_RETURN ? t->rows[last].label : NULL;
	if (is_of_signature(rec->ret))
		snprintf(buf, len, "signature");
	else if (trace_init_began(rec))
		snprintf(buf, len, "init()");
	else if (before && strcmp(before, "signature"))
		snprintf(buf, len, "%s or %s", before, t->rows[next].label);
	else
		snprintf(buf, len, "%s", t->rows[next].label);
	return buf;
}

/* The boundary that ends the phase which begins at another. */
static int next_end(const struct trace_flight *c, int last)
{
	const struct trace_table *t = trace_tables[c->rec.kind];
	int ev = last + 1;

	if (c->awaited)
		return __builtin_ctzll(c->awaited) - c->rec.kind * TRACE_EVENTS;
	while (ev < t->nr - 1 && (is_blind(&c->rec, ev) || is_rare(&t->rows[ev])))
		ev++;
	return ev;
}

void trace_now(const struct trace_flight *c, uint64_t now, struct trace_phase *out)
{
	const struct trace_table *t = trace_tables[c->rec.kind];
	int last = 0, first, ev;

	for (ev = 1; ev < t->nr; ev++)
		if (passed(&c->rec, ev))
			last = ev;
	ev = next_end(c, last);
	for (first = last + 1; first < ev && !is_blind(&c->rec, first); first++)
		;
	out->merged = first < ev;
	snprintf(out->label, sizeof(out->label), "%s%s%s", out->merged ? t->rows[first].label : "",
		 out->merged ? ".." : "", t->rows[ev].label);
	out->event = ev;
	out->start = c->rec.ts[last] - c->rec.ts[0];
	out->ns = now - c->rec.ts[last];
	out->off_ns = c->off_ns + (c->off_since && !c->slept ? now - c->off_since : 0);
	if (out->off_ns > out->ns)
		out->off_ns = out->ns;
}

uint64_t trace_total(const struct trace_record *rec)
{
	return rec->ts[trace_tables[rec->kind]->nr - 1] - rec->ts[0];
}

bool trace_init_began(const struct trace_record *rec)
{
	return rec->kind == TRACE_LOAD && passed(rec, trace_event(&trace_load, "file copy"));
}

void trace_text(const struct trace_record *rec, uint64_t *text, uint64_t *size)
{
	const struct trace_stacked *full = (const struct trace_stacked *)rec;
	bool known = rec->flags & TRACE_STACKED;

	*text = known ? full->text : 0;
	*size = known ? full->text_size : 0;
}

bool trace_is_lock_wait(enum trace_kind kind, int event)
{
	const struct trace_row *r = row(kind, event);

	return r && trace_ends_wait(r);
}

const struct trace_holder *trace_holder(const struct trace_record *rec, int event)
{
	const struct trace_holder *h;

	if (!trace_is_lock_wait(rec->kind, event))
		return NULL;
	h = &rec->holder[trace_lock(trace_tables[rec->kind], event)];
	return h->pid ? h : NULL;
}
