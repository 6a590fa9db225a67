// SPDX-License-Identifier: GPL-2.0
/*
 * What refcost refs prints for people.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "base/text.h"
#include "refs/ksites.h"
#include "refs/out.h"

#define SITE	   38 /* columns of a call site in its table */
#define WHO	   30 /* ... of a holder */
#define TAKEN	   37 /* ... of a call site behind it */
#define TAKEN_MOST 4  /* call sites of one holder */

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
	if (rep->state.lost[REFS_GET] || rep->state.lost[REFS_PUT])
		fprintf(f,
			"(in no row, for want of room: %" PRIu64 " gets, %" PRIu64
			" puts; --rows)\n",
			rep->state.lost[REFS_GET], rep->state.lost[REFS_PUT]);
}

static void print_tasks(FILE *f, const struct refs_report *rep, struct group *v)
{
	size_t n = group(rep->seen, rep->state.nr_rows, by_thread, by_use, v), i;
	char comm[17];

	fprintf(f, "\n%-*s %11s %11s %16s\n", SITE, "COMMAND/TID", "GETS", "PUTS", "GETS - PUTS");
	for (i = 0; i < n && i < rep->top; i++) {
		char who[32];

		snprintf(who, sizeof(who), "%s/%u", refs_command(v[i].seen->row, comm),
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
			fprintf(f, "%s%*s%s", i ? "\n" : "", i ? WHO + 12 : 2, "", text);
	}
	fputc('\n', f);
}

/* What is held by now, if it is known what was at first. */
static int64_t held(const struct refs_report *rep)
{
	return rep->balance.start + (int64_t)rep->state.loads + net(rep->state.n);
}

#define FOUND 56 /* columns of what was found */

/* How many references, where the kernel may take one or two: "1-2". */
static const char *range(const struct holder *h, char *buf, size_t len)
{
	if (h->least == h->most)
		snprintf(buf, len, "%ld", h->least);
	else
		snprintf(buf, len, "%ld-%ld", h->least, h->most);
	return buf;
}

static const char *how_sure(const struct holder *h)
{
	return !h->most ? "uses it, holds none" : h->sure == HOLDER_SURE ? "sure" : "likely";
}

static void print_found(FILE *f, const struct refs_report *rep)
{
	const struct holders *found = &rep->found;
	char text[32], what[sizeof(found->v->what) + 80];
	size_t i;

	if (!found->n)
		return;
	fprintf(f, "\n%-*s %5s  %s\n", FOUND, "FOUND NOW", "HOLDS", "HOW SURE");
	for (i = 0; i < found->n && i < rep->top; i++) {
		const struct holder *h = &found->v[i];

		snprintf(what, sizeof(what),
			 h->kind == HOLDER_MODULE ? "module %s, which depends on it" : "%s",
			 h->what);
		print_name(f, what, FOUND);
		fprintf(f, " %5s  %s\n", range(h, text, sizeof(text)), how_sure(h));
	}
	if (i < found->n)
		fprintf(f, "(not shown: %zu; --top)\n", found->n - i);
}

/* Who is loading or unloading it: it may take long, and nothing else can be done to it meanwhile. */
static void print_inside(FILE *f, const struct refs_report *rep)
{
	const struct insiders *inside = &rep->found.inside;
	size_t i;

	for (i = 0; i < inside->n; i++) {
		fputc('\n', f);
		inside_print(f, &inside->v[i]);
	}
}

/* Holders against the count: what is left over, either way. */
static void print_verdict(FILE *f, const struct refs_report *rep)
{
	const struct holders *found = &rep->found;
	long most, least = holders_sum(found, &most), rest = holders_unexplained(found);

	if (holders_unprotected(found))
		fprintf(f,
			"WARNING: files are open on devices of %s, and its count is 0: it does not\n"
			"  protect them. Their file operations lack .owner: do not unload it now.\n",
			rep->module);
	else if (rest)
		fprintf(f,
			"%ld of %ld not found: what holds %s leaves no trace here. To see it taken,\n"
			"  start refcost refs %s before its first user; at boot, give the kernel\n"
			"  trace_event=module:module_get and read /sys/kernel/tracing/trace.\n",
			rest, found->count, rest == 1 ? "it" : "them", rep->module);
	else if (found->count > 0 && least <= found->count)
		fprintf(f, "That explains %s.\n",
			found->count == 1 ? "the one that is counted" : "all that are counted");
	else if (least > found->count && found->count >= 0)
		fprintf(f, "The count is %ld: not all of these hold one.\n", found->count);
}

static void print_takers(FILE *f, const struct refs_report *rep, struct group *v)
{
	size_t n = group(rep->seen, rep->state.nr_rows, by_thread, by_net, v), i;
	struct group *room = v + rep->state.nr_rows;
	char comm[17], who[40];

	if (!n || net(v[0].count) <= 0) {
		if (n)
			fputs("\nNo thread took more than it gave back since counting began.\n", f);
		return;
	}
	fprintf(f, "\n%-*s %9s  %s\n", WHO, "MAY STILL HOLD", "NET", "TAKEN AT (gets - puts)");
	for (i = 0; i < n && i < rep->top && net(v[i].count) > 0; i++) {
		snprintf(who, sizeof(who), "%s/%u%s", refs_command(v[i].seen->row, comm),
			 v[i].seen->row->tid, v[i].seen->row->ended ? " (ended)" : "");
		fprintf(f, "%-*s %+9" PRId64, WHO, who, net(v[i].count));
		print_taken(f, &v[i], room);
	}
	if (i < n && net(v[i].count) > 0)
		fputs("(more: --top)\n", f);
}

static void print_holders(FILE *f, const struct refs_report *rep, struct group *v)
{
	bool none = rep->balance.known && !held(rep);
	bool settled = !*rep->found.state || !strcmp(rep->found.state, "live");

	print_inside(f, rep);
	if (none && !rep->found.n && settled)
		fputs("\nNobody holds one.\n", f);
	else if (!none)
		print_takers(f, rep, v);
	print_found(f, rep);
	print_verdict(f, rep);
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
		fprintf(f, " = %" PRId64, held(rep));
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

	if (rep->reason == REFS_READ) {
		fprintf(f,
			"\n%s is in use\n  %s/%u read its count, %s before this was read;"
			" kmod gives up\n  by itself where that is not 0, and does not ask the kernel\n",
			rep->module, text_clean(comm, sizeof(comm), rep->refusal.comm),
			rep->refusal.tgid, ns_text(rep->late_ns, late, sizeof(late)));
		return;
	}
	fprintf(f, "\n%s is in use\n  delete_module(2) refused %s/%u, %s before this was read",
		rep->module, text_clean(comm, sizeof(comm), rep->refusal.comm), rep->refusal.tgid,
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
	} else {
		print_sites(f, rep, v);
		print_tasks(f, rep, v);
	}
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
		if (rep->reason == REFS_BUSY || rep->reason == REFS_READ)
			print_refusal(f, rep);
		else
			fprintf(f, "%s%s, %s\n", rep->number > 1 ? "\n" : "", rep->module,
				rep->reason == REFS_START ? "before counting began" : "so far");
		fputs("References: ", f);
		print_sum(f, rep);
		fputc('\n', f);
		print_holders(f, rep, v);
	}
	free(v);
	return 0;
}
