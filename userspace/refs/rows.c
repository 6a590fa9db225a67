// SPDX-License-Identifier: GPL-2.0
/*
 * What refcost refs prints for programs: CSV, a row for each call site and thread, and
 * JSON, an object a report.
 */
#include <inttypes.h>
#include <json-c/json.h>

#include "base/csv.h"
#include "base/text.h"
#include "refs/out.h"

static const char *const reasons[] = {
	[REFS_START] = "start", [REFS_BUSY] = "busy", [REFS_READ] = "read",
	[REFS_ASKED] = "asked", [REFS_END] = "end",
};

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
	X(ended)      \
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
		[COL_tag] = text_clean(tag, sizeof(tag), rep->tag ?: ""),
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
		field[COL_command] = refs_command(row, comm);
		field[COL_ended] = row->ended ? "1" : "0";
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
	add_text(o, "command", refs_command(s->row, comm));
	json_object_object_add(o, "ended", json_object_new_boolean(s->row->ended));
	add_num(o, "gets", s->row->n[REFS_GET]);
	add_num(o, "puts", s->row->n[REFS_PUT]);
	return o;
}

static struct json_object *holder_json(const struct holder *h)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "kind", holder_kind_name(h->kind));
	add_text(o, "what", h->what);
	if (h->pid)
		add_num(o, "pid", h->pid);
	add_num(o, "refs_least", h->least);
	add_num(o, "refs_most", h->most);
	add_text(o, "sure", h->sure == HOLDER_SURE ? "sure" : "likely");
	return o;
}

/* What the machine says beside the counts. */
static void add_found(struct json_object *o, const struct refs_report *rep)
{
	const struct holders *found = &rep->found;
	struct json_object *users = json_object_new_array(), *all = json_object_new_array();
	struct json_object *inside = json_object_new_array();
	size_t i;

	for (i = 0; i < found->n; i++) {
		json_object_array_add(all, holder_json(&found->v[i]));
		if (found->v[i].kind == HOLDER_MODULE)
			json_object_array_add(users, json_object_new_string(found->v[i].what));
	}
	for (i = 0; i < found->inside.n; i++)
		json_object_array_add(inside, inside_json(&found->inside.v[i]));
	add_text(o, "state", *found->state ? found->state : "not loaded");
	json_object_object_add(o, "refcnt",
			       found->count < 0 ? NULL : json_object_new_int64(found->count));
	json_object_object_add(o, "dependants", users);
	json_object_object_add(o, "holders", all);
	add_num(o, "unexplained", holders_unexplained(found));
	json_object_object_add(o, "unprotected",
			       json_object_new_boolean(holders_unprotected(found)));
	json_object_object_add(o, "inside", inside);
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
	char text[256];
	size_t i;

	add_text(o, "type", "refs");
	if (rep->tag)
		add_text(o, "tag", text_clean(text, sizeof(text), rep->tag));
	add_text(o, "module", rep->module);
	add_num(o, "report", rep->number);
	add_text(o, "reason", reasons[rep->reason]);
	if (rep->reason == REFS_BUSY || rep->reason == REFS_READ) {
		bool read = rep->reason == REFS_READ;

		add_num(o, read ? "reader_pid" : "refused_pid", rep->refusal.tgid);
		add_text(o, read ? "reader_command" : "refused_command",
			 text_clean(text, 17, rep->refusal.comm));
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
	json_object_object_add(o, "rows", rows);
	add_found(o, rep);
	fprintf(f, "%s\n",
		json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
							  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	return 0;
}
