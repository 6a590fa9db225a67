// SPDX-License-Identifier: GPL-2.0
/*
 * What refcost trace prints for people.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/refcost.h"
#include "base/text.h"
#include "stats/summary.h"
#include "trace/out.h"
#include "trace/text.h"

#define NAME	     24
#define KIND	     7 /* of those, if there are several */
#define LABEL	     22
#define TIME	     9
#define BAR	     32
#define STACKS	     4	/* of a phase, */
#define STACK_SHARE  20 /* each at least this part of it */
#define FINE_BUCKETS 64 /* rows of a histogram that are not too many */

void call_read(struct call *c, const struct trace_record *rec, const struct sleeps_call *sleeps,
	       uint64_t number)
{
	struct timespec real;
	size_t i;

	clock_gettime(CLOCK_REALTIME, &real);
	memset(c, 0, sizeof(*c));
	c->rec = rec;
	c->sleeps = sleeps;
	c->number = number;
	c->nr_phases = trace_phases(rec, c->phases, ARRAY_SIZE(c->phases));
	c->total_ns = trace_total(rec);
	c->wall_ns = real.tv_sec * NSEC_PER_SEC + real.tv_nsec - (now_ns() - rec->ts[0]);
	for (i = 0; i < c->nr_phases; i++)
		c->off_ns += c->phases[i].off_ns;
	text_clean(c->module, sizeof(c->module), rec->module);
	if (!*rec->module)
		strcpy(c->module, rec->kind == TRACE_LOAD ? "-" : "(unknown)");
	text_clean(c->command, sizeof(c->command), rec->comm);
	c->outcome = trace_outcome(rec->kind, rec->ret, trace_init_began(rec));
	c->result = trace_result(c->outcome, rec->ret, c->room, sizeof(c->room));
}

bool loss_complete(const struct trace_loss *l)
{
	const struct trace_counts *n = &l->n;

	return l->known && !l->unseen && !n->dropped && !n->lost && !n->missed && !n->unmatched &&
	       !l->unpaired && !l->in_flight;
}

void loss_say(const struct trace_loss *l)
{
	const struct trace_counts *n = &l->n;

	if (l->unseen)
		say("the tracer never saw the command: its calls are missing");
	if (!l->known)
		say("the kernel gave no account of the trace: incomplete");
	else
		say("%lu reported; %lu dropped, %lu lost, %lu missed, %lu unpaired, %lu unmatched, "
		    "%lu in flight%s",
		    (unsigned long)l->reported, (unsigned long)n->dropped, (unsigned long)n->lost,
		    (unsigned long)n->missed, (unsigned long)l->unpaired,
		    (unsigned long)n->unmatched, (unsigned long)l->in_flight,
		    loss_complete(l) ? "" : ": incomplete");
}

static void print_time(FILE *f, uint64_t wall_ns)
{
	time_t seconds = wall_ns / NSEC_PER_SEC;
	char text[16];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	fprintf(f, "%s.%06lu ", text, (unsigned long)(wall_ns % NSEC_PER_SEC / 1000));
}

static void print_slept(FILE *f, const struct slept *s, uint64_t off_ns)
{
	char text[32];

	fprintf(f, "      slept %s", ns_text(s->ns, text, sizeof(text)));
	if (s->n > 1 || s->ns < off_ns)
		fprintf(f, " (%.0f %%)", off_ns ? 100.0 * s->ns / off_ns : 100);
	if (s->why)
		fprintf(f, " waiting for %s", s->why);
	if (s->n > 1)
		fprintf(f, ":\n        %lu times, longest %s%s\n", (unsigned long)s->n,
			ns_text(s->longest_ns, text, sizeof(text)), s->stack.n ? ", in" : "");
	else
		fprintf(f, "%s\n", s->stack.n ? ":" : "");
	stack_print(f, &s->stack, 8);
}

/* Those that make up most of it; what is small is summed up. */
static void print_sleeps(FILE *f, const struct slept *v, size_t n, uint64_t off_ns)
{
	uint64_t rest_ns = 0, rest = 0;
	char text[32];
	size_t i, k;

	for (i = 0; i < n && i < STACKS && (!i || v[i].ns * STACK_SHARE >= off_ns); i++)
		print_slept(f, &v[i], off_ns);
	for (k = i; k < n; k++) {
		rest += v[k].n;
		rest_ns += v[k].ns;
	}
	if (rest)
		fprintf(f, "      slept %s (%.0f %%) in %zu other stack%s, %lu time%s\n",
			ns_text(rest_ns, text, sizeof(text)), 100.0 * rest_ns / off_ns, n - i,
			n - i == 1 ? "" : "s", (unsigned long)rest, rest == 1 ? "" : "s");
}

static void print_holder(FILE *f, const struct trace_holder *h)
{
	char comm[17], module[TRACE_NAME_LEN + 1];

	fprintf(f, "      module_mutex was held by %s/%u", text_clean(comm, sizeof(comm), h->comm),
		h->pid);
	if (*h->module)
		fprintf(f, " (%s%s)", h->kind == TRACE_LOAD ? "loading " : "",
			text_clean(module, sizeof(module), h->module));
	fputc('\n', f);
}

static void print_phase(FILE *f, const struct out *o, const struct call *c, size_t i)
{
	const struct trace_phase *p = &c->phases[i];
	const struct trace_holder *h = trace_holder(c->rec, p->event);
	char bar[BAR + 1], on[32], off[32];
	struct slept *slept = NULL;
	size_t n;

	trace_bar(bar, BAR, p->start, p->ns, p->off_ns, c->total_ns);
	if (strlen(p->label) > LABEL)
		fprintf(f, "  %s\n  %*s", p->label, LABEL, "");
	else
		fprintf(f, "  %-*s", LABEL, p->label);
	fprintf(f, " %*s %*s |%s|\n", TIME, ns_text(p->ns - p->off_ns, on, sizeof(on)), TIME,
		p->off_ns ? ns_text(p->off_ns, off, sizeof(off)) : "-", bar);
	if (h)
		print_holder(f, h);
	/* what is shorter than a hundredth of the call is in CSV and JSON alone */
	if (p->off_ns * 100 < c->total_ns)
		return;
	n = call_slept(c, i, o->syms, &slept);
	print_sleeps(f, slept, n, p->off_ns);
	free(slept);
}

void table_call(FILE *f, const struct out *o, const struct call *c)
{
	int width = o->loads ? NAME - KIND : NAME;
	char total[32], step[80];
	size_t i;

	if (c->number == 1)
		fprintf(f, "%s%s%-*s %7s %-15s %-18s %10s\n",
			o->timestamps ? "TIME            " : "", o->loads ? "CALL   " : "", width,
			"MODULE", "PID", "COMMAND", "RESULT", "TOTAL");
	if (o->timestamps)
		print_time(f, c->wall_ns);
	if (o->loads)
		fprintf(f, "%-*s", KIND, trace_kind_name(c->rec->kind));
	if (strlen(c->module) > (size_t)width)
		fprintf(f, "%s\n%-*s", c->module, o->loads ? NAME : width, "");
	else
		fprintf(f, "%-*s", width, c->module);
	fprintf(f, " %7u %-15s %-18s %10s\n", c->rec->tgid, c->command, c->result,
		ns_text(c->total_ns, total, sizeof(total)));
	if (c->nr_phases)
		fprintf(f, "  %-*s %*s %*s\n", LABEL, "phase", TIME, "on CPU", TIME, "off CPU");
	for (i = 0; i < c->nr_phases; i++)
		print_phase(f, o, c, i);
	if (trace_failed_in(c->rec, step, sizeof(step)))
		fprintf(f, "  failed in: %s\n", step);
	if (c->rec->flags & TRACE_UNPAIRED)
		fputs("  a return probe missed: its phase is merged into the next\n", f);
	fflush(f);
}

void table_hang(FILE *f, const struct inside *in, enum hang_reason reason)
{
	if (reason == HANG_START)
		fputs("Inside already when the trace began:\n", f);
	inside_print(f, in);
	fflush(f);
}

static const char *percentile(const struct sum_module *m, double p, char *buf, size_t len)
{
	double ns = sum_percentile(m, p);

	return isnan(ns) ? "-" : ns_text(ns, buf, len);
}

static void print_refusals(FILE *f, const struct sum_module *m, enum trace_kind kind)
{
	const char *sep = kind == TRACE_LOAD ? "  did not load: " : "  did not go: ";
	enum trace_outcome i;

	for (i = 0; i < OUTCOMES; i++) {
		if (i == OUTCOME_GONE || i == OUTCOME_LOADED || !m->outcomes[i])
			continue;
		fprintf(f, "%s%lu %s", sep, (unsigned long)m->outcomes[i], outcome_name(i));
		sep = ", ";
	}
	if (*sep == ',')
		fputc('\n', f);
}

static void print_module(FILE *f, const struct sum_module *m, enum trace_kind kind)
{
	uint64_t n = sum_successes(m);
	char text[4][32];

	if (strlen(m->name) > NAME)
		fprintf(f, "%s\n%-*s", m->name, NAME, "");
	else
		fprintf(f, "%-*s", NAME, m->name);
	fprintf(f, " %7lu %10s %10s %10s %10s\n", (unsigned long)n,
		percentile(m, 0.5, text[0], sizeof(text[0])),
		percentile(m, 0.9, text[1], sizeof(text[1])),
		percentile(m, 0.99, text[2], sizeof(text[2])),
		n ? ns_text(m->hist->max, text[3], sizeof(text[3])) : "-");
	print_refusals(f, m, kind);
}

void table_summary(FILE *f, const struct sum *s, enum trace_kind kind, bool complete,
		   bool histograms)
{
	bool unsupported = false;
	size_t i;

	if (!s->n)
		return;
	fprintf(f, "\nSummary%s\n%-24s %7s %10s %10s %10s %10s\n",
		complete ? "" : " (incomplete: the trace's last line says what may be missing)",
		"MODULE", kind == TRACE_LOAD ? "LOADS" : "UNLOADS", "P50", "P90", "P99", "MAX");
	for (i = 0; i < s->n; i++) {
		print_module(f, &s->v[i], kind);
		unsupported |= !stats_percentile_supported(sum_successes(&s->v[i]), 0.99);
	}
	if (unsupported)
		fprintf(f, "p90 takes 36 %ss, p99 368: - is given for fewer\n",
			trace_kind_name(kind));
	for (i = 0; histograms && i < s->n; i++) {
		const struct hist *h = s->v[i].hist;

		if (!h)
			continue;
		fprintf(f, "\n%s\n", s->v[i].name);
		hist_print(h, f, "nsecs", hist_bucket(h->max) - hist_bucket(h->min) > FINE_BUCKETS);
	}
	fflush(f);
}
