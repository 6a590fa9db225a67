// SPDX-License-Identifier: GPL-2.0
/*
 * What refcost trace prints for programs: CSV, one row per phase, and JSON, one object per call.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/csv.h"
#include "base/refcost.h"
#include "base/text.h"
#include "trace/out.h"
#include "trace/text.h"

/* X(column) */
#define COLUMNS(X)        \
	X(tag)            \
	X(call)           \
	X(time)           \
	X(start_ns)       \
	X(module)         \
	X(pid)            \
	X(tid)            \
	X(command)        \
	X(result)         \
	X(errno)          \
	X(total_ns)       \
	X(phase)          \
	X(phase_start_ns) \
	X(ns)             \
	X(on_ns)          \
	X(off_ns)         \
	X(mechanism)      \
	X(merged)         \
	X(holder_pid)     \
	X(holder_command) \
	X(holder_module)  \
	X(slept_ns)       \
	X(why)            \
	X(stack)          \
	X(sleeps)         \
	X(longest_ns)     \
	X(state)          \
	X(type)

enum column {
#define X(name) COL_##name,
	COLUMNS(X) COL_NR
#undef X
};

#define NUM_LEN 24

/* A row being put together: texts, and room for its numbers. */
struct row {
	const char *field[COL_NR];
	char num[COL_NR][NUM_LEN];
};

static void put_num(struct row *r, enum column col, uint64_t value)
{
	snprintf(r->num[col], NUM_LEN, "%" PRIu64, value);
	r->field[col] = r->num[col];
}

/* UTC, so that it can be sorted: 2024-11-21T09:15:32.123456Z */
static const char *iso_time(uint64_t wall_ns, char *buf, size_t len)
{
	time_t seconds = wall_ns / NSEC_PER_SEC;
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(buf, len, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, len - n, ".%06luZ", (unsigned long)(wall_ns % NSEC_PER_SEC / 1000));
	return buf;
}

/* Outermost first with semicolons between, as flame graphs are drawn from. */
static const char *folded(const struct stack *s, char *buf, size_t len)
{
	size_t i, at = 0;

	*buf = '\0';
	for (i = s->n; i--;)
		at += snprintf(buf + at, len - at, "%s%s", s->frames[i], i ? ";" : "");
	return buf;
}

void csv_trace_header(FILE *f)
{
#define X(name) #name ","
	static const char names[] = COLUMNS(X);
#undef X

	fprintf(f, "%.*s\n", (int)sizeof(names) - 2, names);
	fflush(f);
}

static void put_slept(struct row *r, const struct slept *s)
{
	static char stack[STACK_MAX * KSYM_LEN];

	put_num(r, COL_slept_ns, s->ns);
	put_num(r, COL_sleeps, s->n);
	put_num(r, COL_longest_ns, s->longest_ns);
	r->field[COL_why] = s->why ?: "";
	r->field[COL_stack] = folded(&s->stack, stack, sizeof(stack));
}

/* The phase's times stand in its first row alone, so that sums of a column are right. */
static int write_phase(FILE *f, struct row *r, const struct slept *slept, size_t n)
{
	static const enum column of_sleeps[] = { COL_slept_ns, COL_sleeps, COL_longest_ns, COL_why,
						 COL_stack };
	static const enum column of_phase[] = {
		COL_ns, COL_on_ns, COL_off_ns, COL_holder_pid, COL_holder_command, COL_holder_module
	};
	size_t i, k;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(of_sleeps); i++)
		r->field[of_sleeps[i]] = "";
	for (i = 0; i < (n ?: 1) && !err; i++) {
		for (k = 0; i && k < ARRAY_SIZE(of_phase); k++)
			r->field[of_phase[k]] = "";
		if (n)
			put_slept(r, &slept[i]);
		err = csv_write(f, r->field, COL_NR);
	}
	return err;
}

int csv_trace_call(FILE *f, const struct out *o, const struct call *c)
{
	char time[48], tag[256], comm[17], module[TRACE_NAME_LEN + 1];
	struct slept *slept;
	struct row r;
	int err = 0;
	size_t i, n;

	for (i = 0; i < COL_NR; i++)
		r.field[i] = "";
	r.field[COL_tag] = text_clean(tag, sizeof(tag), o->tag ?: "");
	put_num(&r, COL_call, c->number);
	r.field[COL_time] = iso_time(c->wall_ns, time, sizeof(time));
	put_num(&r, COL_start_ns, c->rec->ts[0]);
	r.field[COL_module] = c->module;
	put_num(&r, COL_pid, c->rec->tgid);
	put_num(&r, COL_tid, c->rec->pid);
	r.field[COL_command] = c->command;
	r.field[COL_result] = c->result;
	put_num(&r, COL_errno, -c->rec->ret);
	put_num(&r, COL_total_ns, c->total_ns);
	r.field[COL_type] = trace_kind_name(c->rec->kind);
	for (i = 0; i < c->nr_phases && !err; i++) {
		const struct trace_phase *p = &c->phases[i];
		const struct trace_holder *h = trace_holder(c->rec, p->event);

		r.field[COL_phase] = p->label;
		put_num(&r, COL_phase_start_ns, p->start);
		put_num(&r, COL_ns, p->ns);
		put_num(&r, COL_on_ns, p->ns - p->off_ns);
		put_num(&r, COL_off_ns, p->off_ns);
		r.field[COL_mechanism] = trace_mechanism(o->trace, c->rec->kind, p->event);
		put_num(&r, COL_merged, p->merged);
		r.field[COL_holder_pid] = r.field[COL_holder_command] = r.field[COL_holder_module] =
			"";
		if (h) {
			put_num(&r, COL_holder_pid, h->pid);
			r.field[COL_holder_command] = text_clean(comm, sizeof(comm), h->comm);
			r.field[COL_holder_module] = text_clean(module, sizeof(module), h->module);
		}
		n = call_slept(c, i, o->syms, &slept);
		err = write_phase(f, &r, slept, n);
		free(slept);
	}
	return err;
}

/* A call has no number before it returns; EINPROGRESS is no errno that one returns. */
int csv_trace_hang(FILE *f, const struct out *o, const struct inside *in)
{
	char time[48], tag[256], state[2] = { in->state };
	static char stack[STACK_MAX * KSYM_LEN];
	struct timespec real;
	uint64_t wall;
	struct row r;
	size_t i;

	clock_gettime(CLOCK_REALTIME, &real);
	wall = real.tv_sec * NSEC_PER_SEC + real.tv_nsec;
	for (i = 0; i < COL_NR; i++)
		r.field[i] = "";
	r.field[COL_tag] = text_clean(tag, sizeof(tag), o->tag ?: "");
	put_num(&r, COL_call, 0);
	r.field[COL_module] = in->module;
	put_num(&r, COL_pid, in->pid);
	put_num(&r, COL_tid, in->tid);
	r.field[COL_command] = in->command;
	r.field[COL_result] = "in flight";
	put_num(&r, COL_errno, EINPROGRESS);
	if (in->ns) {
		r.field[COL_time] = iso_time(wall - in->ns, time, sizeof(time));
		put_num(&r, COL_start_ns, now_ns() - in->ns);
		put_num(&r, COL_total_ns, in->ns);
	}
	r.field[COL_phase] = in->phase;
	if (in->phase_ns) {
		put_num(&r, COL_phase_start_ns, in->ns - in->phase_ns);
		put_num(&r, COL_ns, in->phase_ns);
		put_num(&r, COL_on_ns, in->phase_ns - in->off_ns);
		put_num(&r, COL_off_ns, in->off_ns);
	}
	r.field[COL_why] = stack_why(&in->stack, false) ?: "";
	r.field[COL_stack] = folded(&in->stack, stack, sizeof(stack));
	r.field[COL_state] = state;
	r.field[COL_type] = trace_kind_name(in->loading ? TRACE_LOAD : TRACE_UNLOAD);
	return csv_write(f, r.field, COL_NR);
}

static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static void add_num(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(value));
}

/* A number that was not measured is null. */
static void add_ns(struct json_object *o, const char *key, double ns)
{
	json_object_object_add(o, key, isnan(ns) ? NULL : json_object_new_int64(llround(ns)));
}

static void add_tag(struct json_object *o, const struct out *out)
{
	char tag[256];

	if (out->tag)
		add_text(o, "tag", text_clean(tag, sizeof(tag), out->tag));
}

static void print_line(FILE *f, struct json_object *o)
{
	fprintf(f, "%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	fflush(f);
	json_object_put(o);
}

static void add_slept(struct json_object *o, const char *key, const struct slept *s)
{
	struct json_object *stack = json_object_new_array();
	size_t i;

	add_num(o, key, s->ns);
	if (s->why)
		add_text(o, "why", s->why);
	for (i = 0; i < s->stack.n; i++)
		json_object_array_add(stack, json_object_new_string(s->stack.frames[i]));
	json_object_object_add(o, "stack", stack);
}

static struct json_object *slept_json(const struct slept *s)
{
	struct json_object *o = json_object_new_object();

	add_num(o, "n", s->n);
	add_num(o, "longest_ns", s->longest_ns);
	add_slept(o, "ns", s);
	return o;
}

static struct json_object *phase_json(const struct out *o, const struct call *c, size_t i)
{
	const struct trace_phase *p = &c->phases[i];
	const struct trace_holder *h = trace_holder(c->rec, p->event);
	struct json_object *phase = json_object_new_object(), *part;
	char text[TRACE_NAME_LEN + 1];
	struct slept *slept;
	size_t k, n;

	add_text(phase, "phase", p->label);
	add_num(phase, "start_ns", p->start);
	add_num(phase, "ns", p->ns);
	add_num(phase, "on_ns", p->ns - p->off_ns);
	add_num(phase, "off_ns", p->off_ns);
	add_text(phase, "mechanism", trace_mechanism(o->trace, c->rec->kind, p->event));
	json_object_object_add(phase, "merged", json_object_new_boolean(p->merged));
	if (h) {
		part = json_object_new_object();
		add_num(part, "pid", h->pid);
		add_text(part, "command", text_clean(text, sizeof(text), h->comm));
		add_text(part, "module", text_clean(text, sizeof(text), h->module));
		json_object_object_add(phase, "holder", part);
	}
	n = call_slept(c, i, o->syms, &slept);
	if (n)
		add_slept(phase, "slept_ns", slept);
	if (n) {
		part = json_object_new_array();
		for (k = 0; k < n; k++)
			json_object_array_add(part, slept_json(&slept[k]));
		json_object_object_add(phase, "sleeps", part);
	}
	free(slept);
	return phase;
}

void json_trace_call(FILE *f, const struct out *o, const struct call *c)
{
	struct json_object *call = json_object_new_object(), *phases = json_object_new_array();
	char time[48], step[80];
	size_t i;

	add_text(call, "type", trace_kind_name(c->rec->kind));
	add_tag(call, o);
	add_num(call, "call", c->number);
	add_text(call, "time", iso_time(c->wall_ns, time, sizeof(time)));
	add_num(call, "start_ns", c->rec->ts[0]);
	add_text(call, "module", c->module);
	add_num(call, "pid", c->rec->tgid);
	add_num(call, "tid", c->rec->pid);
	add_text(call, "command", c->command);
	add_text(call, "result", c->result);
	add_num(call, "errno", -c->rec->ret);
	add_num(call, "total_ns", c->total_ns);
	add_num(call, "on_ns", c->total_ns - c->off_ns);
	add_num(call, "off_ns", c->off_ns);
	json_object_object_add(call, "unpaired",
			       json_object_new_boolean(c->rec->flags & TRACE_UNPAIRED));
	for (i = 0; i < c->nr_phases; i++)
		json_object_array_add(phases, phase_json(o, c, i));
	if (trace_failed_in(c->rec, step, sizeof(step)))
		add_text(call, "failed_in", step);
	json_object_object_add(call, "phases", phases);
	print_line(f, call);
}

void json_trace_hang(FILE *f, const struct out *o, const struct inside *in, enum hang_reason reason)
{
	struct json_object *hang = json_object_new_object();

	add_text(hang, "type", "in_flight");
	add_tag(hang, o);
	add_text(hang, "reason", hang_reason_name(reason));
	json_object_object_add(hang, "inside", inside_json(in));
	print_line(f, hang);
}

static struct json_object *module_json(const struct sum_module *m, enum trace_kind kind)
{
	struct json_object *o = json_object_new_object();
	uint64_t n = sum_successes(m);

	add_text(o, "module", m->name);
	add_num(o, kind == TRACE_LOAD ? "loads" : "unloads", n);
	add_num(o, "total_ns", m->total_ns);
	add_ns(o, "p50_ns", sum_percentile(m, 0.5));
	add_ns(o, "p90_ns", sum_percentile(m, 0.9));
	add_ns(o, "p99_ns", sum_percentile(m, 0.99));
	add_ns(o, "max_ns", n ? (double)m->hist->max : NAN);
	if (kind == TRACE_LOAD) {
		add_num(o, "already_loaded", m->outcomes[OUTCOME_ALREADY]);
	} else {
		add_num(o, "busy", m->outcomes[OUTCOME_BUSY]);
		add_num(o, "dying_or_permanent", m->outcomes[OUTCOME_DYING]);
		add_num(o, "not_loaded", m->outcomes[OUTCOME_NOT_LOADED]);
	}
	add_num(o, "failed", m->outcomes[OUTCOME_FAILED]);
	return o;
}

static struct json_object *loss_json(const struct trace_loss *l)
{
	struct json_object *o = json_object_new_object();

	add_num(o, "reported", l->reported);
	add_num(o, "records", l->n.records);
	add_num(o, "entries", l->n.entries);
	add_num(o, "exits", l->n.exits);
	add_num(o, "dropped", l->n.dropped);
	add_num(o, "lost", l->n.lost);
	add_num(o, "missed", l->n.missed);
	add_num(o, "unpaired", l->unpaired);
	add_num(o, "unmatched", l->n.unmatched);
	add_num(o, "in_flight", l->in_flight);
	add_num(o, "probe_entries", l->n.probe_entries);
	add_num(o, "probe_exits", l->n.probe_exits);
	return o;
}

static void add_modules(struct json_object *o, const char *key, const struct sum *s,
			enum trace_kind kind)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < s->n; i++)
		json_object_array_add(list, module_json(&s->v[i], kind));
	json_object_object_add(o, key, list);
}

static void add_mechanisms(struct json_object *o, const char *key, const struct trace *t,
			   enum trace_kind kind)
{
	struct json_object *list = json_object_new_object();
	struct trace_boundary b;
	int ev;

	for (ev = 0; trace_boundary(t, kind, ev, &b); ev++)
		add_text(list, b.label, b.mechanism);
	json_object_object_add(o, key, list);
}

void json_trace_summary(FILE *f, const struct out *o, const struct sum *sums,
			const struct trace_loss *l)
{
	struct json_object *last = json_object_new_object();

	add_text(last, "type", "summary");
	add_tag(last, o);
	json_object_object_add(last, "complete", json_object_new_boolean(loss_complete(l)));
	add_modules(last, "modules", &sums[TRACE_UNLOAD], TRACE_UNLOAD);
	if (o->loads)
		add_modules(last, "modules_loaded", &sums[TRACE_LOAD], TRACE_LOAD);
	json_object_object_add(last, "counts", loss_json(l));
	add_mechanisms(last, "mechanisms", o->trace, TRACE_UNLOAD);
	if (o->loads)
		add_mechanisms(last, "mechanisms_load", o->trace, TRACE_LOAD);
	print_line(f, last);
}
