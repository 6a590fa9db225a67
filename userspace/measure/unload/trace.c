// SPDX-License-Identifier: GPL-2.0
/* What the tracer saw of the unloads, and whether it saw them all. */
#include <errno.h>

#include "base/refcost.h"
#include "machine/quiet.h"
#include "measure/unload/parts.h"

#define RECORD_WAIT 200 /* ms */

/* A kernel without BTF still measures totals. */
int unload_trace_open(struct unloads *u)
{
	struct trace_opts opts = { .module = SUITE_VICTIM, .mech = u->opts.mech };
	char why[256];

	if (u->opts.no_trace)
		return EXIT_FINE;
	quiet_begin();
	u->trace = trace_open(&opts, why, sizeof(why));
	quiet_end();
	if (!u->trace) {
		if (errno != ENOTSUP)
			return fail(EXIT_FAILED, "%s", why);
		say("no phases: %s", why);
	}
	return EXIT_FINE;
}

static void on_record(const struct trace_record *rec, void *arg)
{
	struct trace_phase phases[TRACE_EVENTS];
	struct unload_cycle *c = arg;
	uint64_t sum = 0;
	size_t n, i;

	if (rec->ret)
		return;
	n = trace_phases(rec, phases, ARRAY_SIZE(phases));
	for (i = 0; i < n; i++) {
		sum += phases[i].ns;
		unload_row(c, c->u->phases);
		fprintf(c->u->phases, "%d,%s,%lu,%lu,%d\n", phases[i].event, phases[i].label,
			(unsigned long)phases[i].ns, (unsigned long)phases[i].off_ns,
			phases[i].merged);
	}
	c->trace_ns = trace_total(rec);
	c->u->bad_sums += sum != c->trace_ns;
	c->records++;
}

void unload_trace_collect(struct unload_cycle *c)
{
	uint64_t deadline = now_ns() + RECORD_WAIT * NSEC_PER_MSEC;
	bool gone = c->unloading.gone, last;

	if (!c->u->trace)
		return;
	do { /* once after the deadline, too: this command may have been stopped until then */
		last = now_ns() >= deadline;
		trace_poll(c->u->trace, gone && !c->records ? 10 : 0, on_record, c);
	} while (gone && !c->records && !last);
	c->u->records += c->records;
}

static void drop_record(const struct trace_record *rec, void *arg)
{
	(void)rec;
	(void)arg;
}

void unload_trace_skip(struct unloads *u)
{
	if (u->trace)
		trace_poll(u->trace, 50, drop_record, NULL);
}

void unload_trace_account(struct unloads *u)
{
	struct json_object *o = json_object_object_get(u->section, "trace"), *list;
	struct trace_counts n = { 0 };
	struct trace_boundary b;
	int i;

	if (!o) {
		o = json_object_new_object();
		json_object_object_add(u->section, "trace", o);
	}
	results_add(o, "unloads", u->unloaded);
	if (!u->trace)
		return;
	trace_counts(u->trace, &n);
	results_add(o, "records", u->records);
	results_add(o, "sums_wrong", u->bad_sums);
	results_add(o, "entries", n.entries);
	results_add(o, "exits", n.exits);
	results_add(o, "dropped", n.dropped);
	results_add(o, "lost", n.lost);
	results_add(o, "missed", n.missed);
	results_add(o, "unmatched", n.unmatched);
	results_add(o, "probe_entries", n.probe_entries);
	results_add(o, "probe_exits", n.probe_exits);
	list = json_object_new_object();
	for (i = 0; trace_boundary(u->trace, TRACE_UNLOAD, i, &b); i++)
		json_object_object_add(list, b.label, json_object_new_string(b.mechanism));
	json_object_object_add(o, "mechanisms", list);
}

bool unload_trace_sound(const struct unloads *u)
{
	struct trace_counts n = { 0 };

	if (!u->trace)
		return true;
	trace_counts(u->trace, &n);
	return u->records == u->unloaded && !u->bad_sums && n.entries == n.exits && !n.dropped &&
	       !n.lost && !n.missed && n.probe_entries == n.probe_exits;
}

void unload_trace_close(struct unloads *u)
{
	if (!u->trace)
		return;
	quiet_begin();
	trace_close(u->trace);
	quiet_end();
}
