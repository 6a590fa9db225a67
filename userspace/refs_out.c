// SPDX-License-Identifier: GPL-2.0
/*
 * What refcost trace --refs prints.
 */
#include "refs_out.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "ksites.h"
#include "refcost.h"
#include "trace_text.h"

#define SITE	   38 /* columns of a call site in its table */
#define HOLDER	   36 /* ... of a holder */
#define TAKEN	   43 /* ... of a call site behind it */
#define TAKEN_MOST 4  /* call sites of one holder */

static const char *const reasons[] = {
	[REFS_BUSY] = "busy",
	[REFS_ASKED] = "asked",
	[REFS_END] = "end",
};

/* What belongs together: a call site's counts, or a thread's; they stand side by side. */
struct group {
	struct refs_seen *seen;
	size_t n;
	uint64_t count[REFS_WAYS];
};

typedef int (*order)(const void *a, const void *b);

static int64_t net(const uint64_t *n)
{
	return (int64_t)n[REFS_GET] - (int64_t)n[REFS_PUT];
}

static int flushed(FILE *f)
{
	return fflush(f) || ferror(f) ? -errno : 0;
}

int refs_name(struct refs_report *rep, const struct ksyms *syms)
{
	struct ksites *names = ksites_open("/proc/kallsyms", syms);
	char buf[KSITE_LEN];
	size_t i;

	rep->seen = calloc(rep->state.nr_rows + 1, sizeof(*rep->seen));
	for (i = 0; names && rep->seen && i < rep->state.nr_rows; i++) {
		struct refs_seen *s = &rep->seen[i];

		s->row = &rep->state.rows[i];
		/* rows come by address: most repeat the one before */
		if (i && s[-1].row->ip == s->row->ip) {
			s->site = s[-1].site ? strdup(s[-1].site) : NULL;
			s->at = s[-1].at ? strdup(s[-1].at) : NULL;
		} else {
			s->site = strdup(ksites_name(names, s->row->ip, rep->offsets, buf));
			s->at = strdup(ksites_name(names, s->row->ip, true, buf));
		}
		if (!s->site || !s->at)
			break;
	}
	ksites_free(names);
	if (names && rep->seen && i == rep->state.nr_rows)
		return 0;
	refs_unname(rep);
	return -ENOMEM;
}

void refs_unname(struct refs_report *rep)
{
	size_t i;

	for (i = 0; rep->seen && i < rep->state.nr_rows; i++) {
		free(rep->seen[i].site);
		free(rep->seen[i].at);
	}
	free(rep->seen);
	rep->seen = NULL;
}

bool refs_complete(const struct refs_report *rep)
{
	return !rep->missed && !rep->state.lost[REFS_GET] && !rep->state.lost[REFS_PUT] &&
	       !(rep->balance.checked && rep->balance.off);
}

static int by_site(const void *a, const void *b)
{
	const struct refs_seen *x = a, *y = b;

	return strcmp(x->site, y->site);
}

static int by_thread(const void *a, const void *b)
{
	const struct refs_seen *x = a, *y = b;

	return x->row->tid < y->row->tid ? -1 : x->row->tid > y->row->tid;
}

static int by_use(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	uint64_t n = x->count[REFS_GET] + x->count[REFS_PUT];
	uint64_t m = y->count[REFS_GET] + y->count[REFS_PUT];

	return n > m ? -1 : n < m;
}

static int by_net(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	int64_t n = net(x->count), m = net(y->count);

	return n > m ? -1 : n < m;
}

/* Groups of what is the same in one order, in another. */
static size_t group(struct refs_seen *seen, size_t nr, order same, order sorted, struct group *out)
{
	size_t i, n = 0;

	qsort(seen, nr, sizeof(*seen), same);
	for (i = 0; i < nr; i++) {
		if (!n || same(out[n - 1].seen, &seen[i]))
			out[n++] = (struct group){ .seen = &seen[i] };
		out[n - 1].n++;
		out[n - 1].count[REFS_GET] += seen[i].row->n[REFS_GET];
		out[n - 1].count[REFS_PUT] += seen[i].row->n[REFS_PUT];
	}
	qsort(out, n, sizeof(*out), sorted);
	return n;
}

static const char *command(const struct refs_row *row, char *buf)
{
	return trace_clean(buf, sizeof(row->comm) + 1, *row->comm ? row->comm : "?");
}

/* A name in a column; one that is too long has a line to itself. */
static void print_name(FILE *f, const char *name, int width)
{
	if ((int)strlen(name) > width)
		fprintf(f, "%s\n%*s", name, width, "");
	else
		fprintf(f, "%-*s", width, name);
}

static void print_rest(FILE *f, const struct group *v, size_t n, size_t top, const char *what)
{
	uint64_t rest[REFS_WAYS] = {};
	size_t i;

	for (i = top; i < n; i++) {
		rest[REFS_GET] += v[i].count[REFS_GET];
		rest[REFS_PUT] += v[i].count[REFS_PUT];
	}
	if (n > top)
		fprintf(f, "(%s not shown: %zu, with %" PRIu64 " gets, %" PRIu64 " puts; --top)\n",
			what, n - top, rest[REFS_GET], rest[REFS_PUT]);
}

static void print_sites(FILE *f, const struct refs_report *rep, struct group *v)
{
	size_t n = group(rep->seen, rep->state.nr_rows, by_site, by_use, v), i;
	double all = rep->state.n[REFS_GET] + rep->state.n[REFS_PUT];
	double seconds = rep->state.ns / (double)NSEC_PER_SEC;

	fprintf(f, "%-*s %11s %11s %9s %6s\n", SITE, "CALL SITE", "GETS", "PUTS", "PER S", "SHARE");
	for (i = 0; i < n && i < rep->top; i++) {
		double both = v[i].count[REFS_GET] + v[i].count[REFS_PUT];

		print_name(f, v[i].seen->site, SITE);
		fprintf(f, " %11" PRIu64 " %11" PRIu64 " %9.4g %5.1f%%\n", v[i].count[REFS_GET],
			v[i].count[REFS_PUT], both / seconds, 100 * both / all);
	}
	print_rest(f, v, n, rep->top, "call sites");
}

static void print_tasks(FILE *f, const struct refs_report *rep, struct group *v)
{
	size_t n = group(rep->seen, rep->state.nr_rows, by_thread, by_use, v), i;
	char comm[17];

	fprintf(f, "\n%-*s %11s %11s %16s\n", SITE, "COMMAND/TID", "GETS", "PUTS", "GETS - PUTS");
	for (i = 0; i < n && i < rep->top; i++) {
		char who[32];

		snprintf(who, sizeof(who), "%s/%u", command(v[i].seen->row, comm),
			 v[i].seen->row->tid);
		fprintf(f, "%-*s %11" PRIu64 " %11" PRIu64 " %16" PRId64 "\n", SITE, who,
			v[i].count[REFS_GET], v[i].count[REFS_PUT], net(v[i].count));
	}
	print_rest(f, v, n, rep->top, "threads");
}

/* Where a holder took what it did not give back there, most first. */
static void print_taken(FILE *f, const struct group *holder, struct group *room)
{
	size_t n = group(holder->seen, holder->n, by_site, by_net, room), i;
	char text[KSITE_LEN + 24];

	for (i = 0; i < n && i < TAKEN_MOST && net(room[i].count) > 0; i++) {
		snprintf(text, sizeof(text), "%s %+" PRId64, room[i].seen->site,
			 net(room[i].count));
		if (strlen(text) > TAKEN)
			fprintf(f, "\n    %s", text);
		else
			fprintf(f, "%s%*s%s", i ? "\n" : "", i ? HOLDER : 2, "", text);
	}
	fputc('\n', f);
}

/* The one kind of holder that the kernel names. */
static void print_users(FILE *f, const struct refs_report *rep)
{
	size_t i;

	for (i = 0; i < rep->nr_users && i < rep->top; i++)
		fprintf(f, "%-24s %+9d  it depends on %s\n", rep->users[i], 1, rep->module);
}

static void print_holders(FILE *f, const struct refs_report *rep, struct group *v)
{
	size_t n = group(rep->seen, rep->state.nr_rows, by_thread, by_net, v), i;
	struct group *room = v + rep->state.nr_rows;
	char comm[17], who[32];

	if (!rep->nr_users && (!n || net(v[0].count) <= 0)) {
		fputs("\nNo thread took more than it gave back.\n", f);
		return;
	}
	fprintf(f, "\n%-24s %9s  %s\n", "MAY STILL HOLD", "NET", "TAKEN AT (gets - puts)");
	print_users(f, rep);
	for (i = 0; i < n && i < rep->top && net(v[i].count) > 0; i++) {
		snprintf(who, sizeof(who), "%s/%u", command(v[i].seen->row, comm),
			 v[i].seen->row->tid);
		fprintf(f, "%-24s %+9" PRId64, who, net(v[i].count));
		print_taken(f, &v[i], room);
	}
	if (i < n && net(v[i].count) > 0)
		fputs("(more: --top)\n", f);
}

static void print_sum(FILE *f, const struct refs_report *rep)
{
	const struct refs_balance *b = &rep->balance;
	const struct refs_state *s = &rep->state;

	if (b->known)
		fprintf(f, "%" PRId64 " before the trace", b->start);
	else
		fputs("(not known) before the trace", f);
	if (s->loads)
		fprintf(f, " + %" PRIu64 " by loading it", s->loads);
	fprintf(f, " + %" PRIu64 " gets - %" PRIu64 " puts", s->n[REFS_GET], s->n[REFS_PUT]);
	if (b->known)
		fprintf(f, " = %" PRId64, b->start + (int64_t)s->loads + net(s->n));
}

static void print_balance(FILE *f, const struct refs_report *rep)
{
	const struct refs_balance *b = &rep->balance;

	fputs("\nReferences: ", f);
	print_sum(f, rep);
	if (!b->checked) {
		fprintf(f, "\n  not checked against the kernel's own count: %s\n", b->why);
		return;
	}
	if (b->off)
		fprintf(f,
			"\n  does not add up: the kernel counts %" PRId64 ", %+" PRId64
			" (missed here, or unloaded by force)\n",
			b->end, b->off);
	else
		fprintf(f, "\n  the kernel's own count is %" PRId64 ": it adds up\n", b->end);
}

static void print_refusal(FILE *f, const struct refs_report *rep)
{
	char comm[17], late[32];

	fprintf(f, "\n%s is in use\n  delete_module(2) refused %s/%u, %s before this was read",
		rep->module, trace_clean(comm, sizeof(comm), rep->refusal.comm), rep->refusal.tgid,
		ns_text(rep->late_ns, late, sizeof(late)));
	if (rep->refusals > 1)
		fprintf(f, "\n  (refused %d times since the last report)", rep->refusals);
	fputc('\n', f);
}

static void table_end(FILE *f, const struct refs_report *rep, struct group *v)
{
	if (rep->number > 1)
		fputc('\n', f);
	if (!rep->state.nr_rows) {
		fprintf(f, "No reference on %s was taken or given back.\n", rep->module);
		return;
	}
	print_sites(f, rep, v);
	print_tasks(f, rep, v);
	print_holders(f, rep, v);
}

int table_refs(FILE *f, const struct refs_report *rep)
{
	struct group *v = calloc(2 * rep->state.nr_rows + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	if (rep->reason == REFS_END) {
		table_end(f, rep, v);
		print_balance(f, rep);
	} else {
		if (rep->reason == REFS_BUSY)
			print_refusal(f, rep);
		else
			fprintf(f, "\n%s, so far\n", rep->module);
		fputs("References: ", f);
		print_sum(f, rep);
		fputc('\n', f);
		print_holders(f, rep, v);
	}
	free(v);
	return flushed(f);
}

/* X(column) */
#define COLUMNS(X)    \
	X(tag)        \
	X(module)     \
	X(report)     \
	X(reason)     \
	X(elapsed_ns) \
	X(site)       \
	X(pid)        \
	X(tid)        \
	X(command)    \
	X(gets)       \
	X(puts)

enum column {
#define X(name) COL_##name,
	COLUMNS(X) COL_NR
#undef X
};

void csv_refs_header(FILE *f)
{
#define X(name) #name ","
	static const char names[] = COLUMNS(X);
#undef X

	fprintf(f, "%.*s\n", (int)sizeof(names) - 2, names);
	fflush(f);
}

int csv_refs(FILE *f, const struct refs_report *rep)
{
	char number[24], ns[24], pid[24], tid[24], gets[24], puts[24], tag[256], comm[17];
	const char *field[COL_NR] = {
		[COL_tag] = trace_clean(tag, sizeof(tag), rep->tag ?: ""),
		[COL_module] = rep->module,
		[COL_report] = number,
		[COL_reason] = reasons[rep->reason],
		[COL_elapsed_ns] = ns,
		[COL_pid] = pid,
		[COL_tid] = tid,
		[COL_gets] = gets,
		[COL_puts] = puts,
	};
	int err = 0;
	size_t i;

	snprintf(number, sizeof(number), "%u", rep->number);
	snprintf(ns, sizeof(ns), "%" PRIu64, rep->state.ns);
	for (i = 0; i < rep->state.nr_rows && !err; i++) {
		const struct refs_row *row = rep->seen[i].row;

		field[COL_site] = rep->seen[i].at;
		field[COL_command] = command(row, comm);
		snprintf(pid, sizeof(pid), "%u", row->tgid);
		snprintf(tid, sizeof(tid), "%u", row->tid);
		snprintf(gets, sizeof(gets), "%" PRIu64, row->n[REFS_GET]);
		snprintf(puts, sizeof(puts), "%" PRIu64, row->n[REFS_PUT]);
		err = csv_write(f, field, COL_NR);
	}
	return err;
}

static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static void add_num(struct json_object *o, const char *key, int64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(value));
}

static struct json_object *seen_json(const struct refs_seen *s)
{
	struct json_object *o = json_object_new_object();
	char comm[17];

	add_text(o, "site", s->at);
	add_num(o, "pid", s->row->tgid);
	add_num(o, "tid", s->row->tid);
	add_text(o, "command", command(s->row, comm));
	add_num(o, "gets", s->row->n[REFS_GET]);
	add_num(o, "puts", s->row->n[REFS_PUT]);
	return o;
}

static void add_account(struct json_object *o, const struct refs_report *rep)
{
	const struct refs_balance *b = &rep->balance;

	json_object_object_add(o, "refcnt_start",
			       b->known ? json_object_new_int64(b->start) : NULL);
	json_object_object_add(o, "refcnt_end", b->checked ? json_object_new_int64(b->end) : NULL);
	json_object_object_add(o, "adds_up", b->checked ? json_object_new_boolean(!b->off) : NULL);
	add_num(o, "lost", rep->state.lost[REFS_GET] + rep->state.lost[REFS_PUT]);
	add_num(o, "missed", rep->missed);
	add_num(o, "refusals", rep->state.refusals);
	json_object_object_add(o, "complete", json_object_new_boolean(refs_complete(rep)));
}

int json_refs(FILE *f, const struct refs_report *rep)
{
	struct json_object *o = json_object_new_object(), *rows = json_object_new_array();
	struct json_object *users = json_object_new_array();
	char text[256];
	size_t i;

	add_text(o, "type", "refs");
	if (rep->tag)
		add_text(o, "tag", trace_clean(text, sizeof(text), rep->tag));
	add_text(o, "module", rep->module);
	add_num(o, "report", rep->number);
	add_text(o, "reason", reasons[rep->reason]);
	if (rep->reason == REFS_BUSY) {
		add_num(o, "refused_pid", rep->refusal.tgid);
		add_text(o, "refused_command", trace_clean(text, 17, rep->refusal.comm));
		add_num(o, "late_ns", rep->late_ns);
	}
	add_num(o, "elapsed_ns", rep->state.ns);
	add_num(o, "gets", rep->state.n[REFS_GET]);
	add_num(o, "puts", rep->state.n[REFS_PUT]);
	add_num(o, "loads", rep->state.loads);
	if (rep->reason == REFS_END)
		add_account(o, rep);
	for (i = 0; i < rep->state.nr_rows; i++)
		json_object_array_add(rows, seen_json(&rep->seen[i]));
	for (i = 0; i < rep->nr_users; i++)
		json_object_array_add(users, json_object_new_string(rep->users[i]));
	json_object_object_add(o, "rows", rows);
	json_object_object_add(o, "dependants", users);
	fprintf(f, "%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	json_object_put(o);
	return flushed(f);
}
