// SPDX-License-Identifier: GPL-2.0
/*
 * The user half of the tracer: finds a way to watch each boundary in the tables of unload.h and load.h,
 * loads those programs alone, and hands records on.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace.h"
#include "trace_kind.h"

#ifdef REFCOST_NO_BPF

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

size_t trace_prog_stats(const struct trace *t, struct trace_prog *out, size_t cap)
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

#else

#include <linux/bpf.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "load.skel.h"
#include "unload.skel.h"

#define NAME_LEN      128
#define NAP_MIN_MS    10
#define NAP_MAX_MS    100
#define STACKED_BYTES (1 << 22) /* ring buffer, if records hold stacks */
#define ENOTSUPP      524	/* the kernel's own, when an architecture lacks trampolines */

/* One candidate of one function, in a form that over 100,000 comparisons can afford. */
struct candidate {
	const char *name;
	size_t len;
	int rank;
	int function;
};

/* A function, kept at the index of its first row. */
struct function {
	char name[NAME_LEN]; /* in this kernel; "" if it has none */
	int rank;	     /* later candidates over earlier, plain names over name.isra.0 */
	int homonyms;	     /* how many symbols have this name */
	bool traceable;	     /* ftrace can attach to it */
	bool in_btf;
	bool no_fentry, no_kprobe; /* tried, and failed */
};

struct attached {
	struct bpf_link *link;
	struct bpf_program *prog;
	const char *symbol;
};

/* What watches the calls of one kind. */
struct watch {
	const struct trace_table *table;
	struct candidate candidates[2 * TRACE_EVENTS];
	size_t nr_candidates;
	struct function functions[TRACE_EVENTS];
	const char *mechanism[TRACE_EVENTS];
	const char *why[TRACE_EVENTS];
	uint32_t enabled;
	struct bpf_object *obj;
	struct attached attached[TRACE_PROGS_KIND];
	size_t nr_attached;
};

struct trace {
	enum trace_mech mech;
	pid_t pid;
	bool family, stacks;
	char tracefs[64];
	struct trace_config config; /* but for the boundaries, the same for all kinds */
	struct watch watches[TRACE_KINDS];
	size_t nr_watches;
	struct ring_buffer *ring;
	void (*fn)(const struct trace_record *rec, void *arg);
	void *arg;
	const char *note;
	int nap_ms, wake_fd;
	int stats_fd;
	char *err;
	size_t errlen;
};

static const char MERGED[] = "merged", TRACEPOINT[] = "tracepoint", FENTRY[] = "fentry",
		  FEXIT[] = "fexit", KPROBE[] = "kprobe", KRETPROBE[] = "kretprobe";

static const char SYSCALLS[] =
	"tp/syscalls/"; /* how sections of the calls' own tracepoints begin */

static bool is_function(const struct trace_row *row)
{
	return row->where == AT_ENTRY || row->where == AT_RETURN;
}

/* errno of what failed wins over the words: -1 lets callers return it. */
static int complain(struct trace *t, int code, const char *what)
{
	if (code == EPERM || code == EACCES)
		what = "tracing is not permitted: run as root (CAP_BPF, CAP_PERFMON and access to "
		       "tracefs at the least)";
	snprintf(t->err, t->errlen, "%s", what);
	errno = code;
	return -1;
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	return getenv("REFCOST_DEBUG") ? vfprintf(stderr, fmt, args) : 0;
}

/* Rows of one function share its programs, named after the first of them. */
static int first_row(const struct watch *w, int ev)
{
	const struct trace_row *rows = w->table->rows;
	int i;

	for (i = 0; i < ev; i++)
		if (is_function(&rows[i]) && !strcmp(rows[i].symbols, rows[ev].symbols))
			break;
	return i;
}

static bool leads_function(const struct watch *w, int ev)
{
	return is_function(&w->table->rows[ev]) && first_row(w, ev) == ev;
}

static void list_candidates(struct watch *w)
{
	int ev, nth;

	for (ev = 0; ev < w->table->nr; ev++) {
		const char *s = w->table->rows[ev].symbols;

		if (!leads_function(w, ev))
			continue;
		for (nth = 1; *s && w->nr_candidates < 2 * TRACE_EVENTS; nth++) {
			size_t len = strcspn(s, ",");

			w->candidates[w->nr_candidates++] =
				(struct candidate){ s, len, 2 * nth, ev };
			s += len + (s[len] == ',');
		}
	}
}

/* Both lists have over 100,000 lines: each is read once, for all names. */
static int each_line(const char *path, void (*fn)(struct trace *t, char *line), struct trace *t)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	if (!f)
		return -1;
	setvbuf(f, NULL, _IOFBF, 1 << 18);
	while (getline(&line, &size, f) > 0)
		fn(t, line);
	free(line);
	fclose(f);
	return 0;
}

/* The name itself, or name.isra.0, .constprop.0, .part.0, which rank below; .cold is no entry. */
static void consider(struct function *f, const struct candidate *c, const char *name)
{
	int rank = c->rank;

	if (strncmp(name, c->name, c->len))
		return;
	if (name[c->len]) {
		if (name[c->len] != '.' || strstr(name + c->len, ".cold"))
			return;
		rank--;
	}
	if (rank == f->rank && !strcmp(f->name, name))
		f->homonyms++;
	if (rank <= f->rank || strlen(name) >= NAME_LEN)
		return;
	f->rank = rank;
	f->homonyms = 1;
	strcpy(f->name, name);
}

/* A line is address, letter, name, with one blank between; a module's has more, behind a tab. */
static void on_symbol(struct trace *t, char *line)
{
	char *name = strchr(line, ' '), *end;
	size_t i, k;

	if (!name || !name[1] || !name[2])
		return;
	name += 3;
	end = name + strcspn(name, "\t\n");
	if (*end == '\t')
		return;
	*end = '\0';
	if (!strcmp(name, "module_mutex"))
		t->config.module_mutex = strtoull(line, NULL, 16);
	else if (!strcmp(name, "module_notify_list"))
		t->config.module_notify_list = strtoull(line, NULL, 16);
	if (!strchr("tTwW", name[-2]))
		return;
	for (k = 0; k < t->nr_watches; k++) {
		struct watch *w = &t->watches[k];

		for (i = 0; i < w->nr_candidates; i++)
			if (w->candidates[i].name[0] == name[0])
				consider(&w->functions[w->candidates[i].function],
					 &w->candidates[i], name);
	}
}

static void on_traceable(struct trace *t, char *line)
{
	size_t len = strcspn(line, "\n"), k;
	int ev;

	line[len] = '\0';
	if (strchr(line, '[')) /* a module's: never attach there, it would be pinned */
		return;
	for (k = 0; k < t->nr_watches; k++)
		for (ev = 0; ev < t->watches[k].table->nr; ev++) {
			struct function *f = &t->watches[k].functions[ev];

			if (f->name[0] == line[0] && !strcmp(f->name, line))
				f->traceable = true;
		}
}

/* Byte offset of a member, also of an anonymous one's (a kernel may shuffle members into one); or -1. */
static int member_at(const struct btf *btf, int id, const char *name)
{
	const struct btf_type *type = btf__type_by_id(btf, btf__resolve_type(btf, id));
	int i, at;

	if (!type || !btf_is_composite(type))
		return -1;
	for (i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *m = &btf_members(type)[i];
		const char *its = btf__name_by_offset(btf, m->name_off);

		if (*its)
			at = strcmp(its, name) ? -1 : 0;
		else
			at = member_at(btf, m->type, name);
		if (at >= 0)
			return at + btf_member_bit_offset(type, i) / 8;
	}
	return -1;
}

static void find_members(struct trace *t, const struct btf *btf)
{
	int mutex = btf__find_by_name_kind(btf, "mutex", BTF_KIND_STRUCT);
	int task = btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT);

	t->config.owner_at = mutex > 0 ? member_at(btf, mutex, "owner") : -1;
	t->config.pid_at = task > 0 ? member_at(btf, task, "pid") : -1;
	t->config.comm_at = task > 0 ? member_at(btf, task, "comm") : -1;
}

static void find_in_btf(struct trace *t)
{
	struct btf *btf = btf__load_vmlinux_btf();
	size_t k;
	int ev;

	if (!btf) {
		t->note =
			"no BTF of this kernel (CONFIG_DEBUG_INFO_BTF): kprobes instead of "
			"fentry, and holders of module_mutex known only if their calls are traced";
		t->config.owner_at = 0; /* as in every kernel since 4.10 that is not PREEMPT_RT */
		return;
	}
	find_members(t, btf);
	for (k = 0; k < t->nr_watches; k++)
		for (ev = 0; ev < t->watches[k].table->nr; ev++) {
			struct function *f = &t->watches[k].functions[ev];

			f->in_btf = t->mech == TRACE_AUTO && f->traceable &&
				    btf__find_by_name_kind(btf, f->name, BTF_KIND_FUNC) > 0;
		}
	btf__free(btf);
}

static int find_symbols(struct trace *t)
{
	char path[128];
	size_t k;

	if (t->mech == TRACE_TRACEPOINTS)
		return 0;
	for (k = 0; k < t->nr_watches; k++)
		list_candidates(&t->watches[k]);
	if (each_line("/proc/kallsyms", on_symbol, t))
		return complain(t, errno, "cannot read /proc/kallsyms: is /proc mounted?");
	snprintf(path, sizeof(path), "%s/available_filter_functions", t->tracefs);
	if (t->mech == TRACE_AUTO && each_line(path, on_traceable, t))
		t->note = "this kernel has no function tracer: kprobes instead of fentry";
	find_in_btf(t);
	return 0;
}

static bool locked_down(void)
{
	FILE *f = fopen("/sys/kernel/security/lockdown", "re");
	char line[128] = "";

	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	return strstr(line, "[confidentiality]");
}

/* Of several, all. */
static bool has_events(const struct trace *t, const char *system, const char *events)
{
	char path[192];
	size_t len;

	for (; *events; events += len + (events[len] == ',')) {
		len = strcspn(events, ",");
		snprintf(path, sizeof(path), "%s/events/%s/%.*s/id", t->tracefs, system, (int)len,
			 events);
		if (access(path, R_OK))
			return false;
	}
	return true;
}

static bool has_calls(const struct trace *t, const struct watch *w)
{
	return has_events(t, "syscalls", w->table->rows[0].symbols) &&
	       has_events(t, "syscalls", w->table->rows[w->table->nr - 1].symbols);
}

static int find_tracefs(struct trace *t)
{
	static const char *const mounts[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char path[128];
	size_t i, k;

	if (geteuid())
		return complain(t, EPERM, "");
	if (locked_down())
		return complain(t, ENOTSUP,
				"kernel lockdown (confidentiality) forbids tracing: boot with "
				"lockdown=integrity or lockdown=none");
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/events", mounts[i]);
		if (!access(path, R_OK))
			break;
	}
	if (i == 2)
		return complain(t, ENOENT,
				"tracefs is not mounted: "
				"mount -t tracefs tracefs /sys/kernel/tracing");
	snprintf(t->tracefs, sizeof(t->tracefs), "%s", mounts[i]);
	for (k = 0; k < t->nr_watches; k++)
		if (!has_calls(t, &t->watches[k]))
			return complain(t, ENOTSUP,
					"this kernel has no system-call tracepoints: it needs "
					"CONFIG_FTRACE_SYSCALLS and CONFIG_MODULE_UNLOAD");
	return 0;
}

static void merge(struct watch *w, int ev, const char *why)
{
	w->mechanism[ev] = MERGED;
	w->why[ev] = why;
}

static void choose_function(const struct trace *t, struct watch *w, int ev)
{
	const struct function *f = &w->functions[first_row(w, ev)];
	bool ret = w->table->rows[ev].where == AT_RETURN;

	if (t->mech == TRACE_TRACEPOINTS)
		merge(w, ev, "tracepoints alone were asked for");
	else if (!f->name[0])
		merge(w, ev, "this kernel has no such function");
	else if (f->homonyms > 1)
		merge(w, ev, "several functions have this name");
	else if (f->in_btf && !f->no_fentry)
		w->mechanism[ev] = ret ? FEXIT : FENTRY;
	else if (!f->no_kprobe)
		w->mechanism[ev] = ret ? KRETPROBE : KPROBE;
	else
		merge(w, ev, "the kernel refused the probe");
}

static bool is_enabled(const struct watch *w, int ev)
{
	return w->enabled & (1U << ev);
}

/* A boundary that no watched one before it vouches for could be taken for a call from init() or exit(). */
static bool vouched(const struct watch *w, int ev)
{
	int i;

	for (i = w->table->rows[ev].after; i < ev; i++)
		if (is_enabled(w, i))
			return true;
	return false;
}

static void choose(const struct trace *t, struct watch *w)
{
	int ev;

	w->enabled = 0;
	for (ev = 0; ev < w->table->nr; ev++) {
		const struct trace_row *row = &w->table->rows[ev];

		w->why[ev] = NULL;
		if (is_function(row))
			choose_function(t, w, ev);
		else if (row->where == AT_SYSCALL || has_events(t, "module", row->symbols))
			w->mechanism[ev] = TRACEPOINT;
		else
			merge(w, ev, "this kernel has no such tracepoint");
		if (ev && w->mechanism[ev] != MERGED && !vouched(w, ev))
			merge(w, ev, "a boundary before it is not watched");
		if (w->mechanism[ev] != MERGED)
			w->enabled |= 1U << ev;
	}
}

static struct bpf_program *program(const struct watch *w, const char *name)
{
	return bpf_object__find_program_by_name(w->obj, name);
}

static struct bpf_program *row_program(const struct watch *w, const char *variant, int ev)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%s", variant, w->table->rows[ev].id);
	return program(w, name);
}

static bool is_fentry(const struct watch *w, int ev)
{
	return w->mechanism[ev] == FENTRY || w->mechanism[ev] == FEXIT;
}

static bool is_tracepoint(const struct watch *w, int ev)
{
	return w->table->rows[ev].where == AT_TRACEPOINT && is_enabled(w, ev);
}

/* The next row of a function that is watched, and has to be for that end of it; nr if none is. */
static int next_use(const struct watch *w, int first, enum trace_where where)
{
	int ev;

	for (ev = first; ev < w->table->nr; ev++)
		if (is_function(&w->table->rows[ev]) && first_row(w, ev) == first &&
		    is_enabled(w, ev) &&
		    (where == AT_ENTRY || w->table->rows[ev].where == AT_RETURN))
			break;
	return ev;
}

/* Which programs a function needs: an awaited return needs both. */
static bool is_used(const struct watch *w, int first, enum trace_where where)
{
	return next_use(w, first, where) < w->table->nr;
}

static const char *variant(const struct watch *w, int first, enum trace_where where)
{
	if (is_fentry(w, next_use(w, first, AT_ENTRY)))
		return where == AT_ENTRY ? FENTRY : FEXIT;
	return where == AT_ENTRY ? KPROBE : KRETPROBE;
}

static int map_fd(const struct watch *w, const char *name)
{
	return bpf_map__fd(bpf_object__find_map_by_name(w->obj, name));
}

/* The first kind has the maps, the others use them, too: one buffer, one account. */
static int share_maps(const struct trace *t, const struct watch *w)
{
	static const char *const names[] = { "calls", "sleeps", "family", "records", "counts" };
	size_t i;
	int err = 0;

	for (i = 0; i < sizeof(names) / sizeof(names[0]) && !err; i++)
		err = bpf_map__reuse_fd(bpf_object__find_map_by_name(w->obj, names[i]),
					map_fd(&t->watches[0], names[i]));
	return err;
}

/* What is not used is made small. */
static int size_maps(const struct trace *t, const struct watch *w)
{
	int err = 0;

	if (!t->family)
		err = bpf_map__set_max_entries(bpf_object__find_map_by_name(w->obj, "family"), 1);
	if (err)
		return err;
	if (t->stacks)
		return bpf_map__set_max_entries(bpf_object__find_map_by_name(w->obj, "records"),
						STACKED_BYTES);
	return bpf_map__set_max_entries(bpf_object__find_map_by_name(w->obj, "sleeps"), 1);
}

static bool follows(const struct trace *t, const struct watch *w)
{
	return t->family && w == &t->watches[0];
}

static int select_functions(const struct watch *w)
{
	static const enum trace_where ways[] = { AT_ENTRY, AT_RETURN };
	struct bpf_program *prog;
	int ev, i, err;

	for (ev = 0; ev < w->table->nr; ev++) {
		if (!leads_function(w, ev))
			continue;
		for (i = 0; i < 2; i++) {
			if (!is_used(w, ev, ways[i]))
				continue;
			prog = row_program(w, variant(w, ev, ways[i]), ev);
			bpf_program__set_autoload(prog, true);
			if (variant(w, ev, AT_ENTRY) != FENTRY)
				continue;
			err = bpf_program__set_attach_target(prog, 0, w->functions[ev].name);
			if (err)
				return err;
		}
	}
	return 0;
}

static bool is_syscall(const struct bpf_program *prog)
{
	return !strncmp(bpf_program__section_name(prog), SYSCALLS, strlen(SYSCALLS));
}

static void select_programs(const struct trace *t, const struct watch *w)
{
	struct bpf_program *prog;
	int ev;

	bpf_object__for_each_program(prog, w->obj)
		bpf_program__set_autoload(prog, is_syscall(prog));
	bpf_program__set_autoload(program(w, "sched_switch"), true);
	bpf_program__set_autoload(program(w, "sched_process_fork"), follows(t, w));
	bpf_program__set_autoload(program(w, "sched_process_exit"), follows(t, w));
	for (ev = 0; ev < w->table->nr; ev++)
		if (is_tracepoint(w, ev))
			bpf_program__set_autoload(row_program(w, "raw_tp", ev), true);
}

static int open_object(struct watch *w)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = w->table->name);
	const void *elf;
	size_t size;

	if (w->table == &trace_tables[TRACE_UNLOAD])
		elf = unload_bpf__elf_bytes(&size);
	else
		elf = load_bpf__elf_bytes(&size);
	w->obj = bpf_object__open_mem(elf, size, &opts);
	return w->obj ? 0 : -errno;
}

static int load(const struct trace *t, struct watch *w)
{
	struct trace_config config = t->config;
	int err;

	err = open_object(w);
	if (err)
		return err;
	select_programs(t, w);
	err = select_functions(w);
	err = err ?: w == &t->watches[0] ? size_maps(t, w) : share_maps(t, w);
	config.enabled = w->enabled;
	err = err
		      ?: bpf_map__set_initial_value(bpf_object__find_map_by_name(w->obj,
										 ".rodata.config"),
						    &config, sizeof(config));
	return err ?: bpf_object__load(w->obj);
}

static int keep(struct watch *w, struct bpf_link *link, struct bpf_program *prog,
		const char *symbol)
{
	int err = libbpf_get_error(link);

	if (err)
		return err;
	w->attached[w->nr_attached++] = (struct attached){ link, prog, symbol };
	return 0;
}

static int attach_function(struct watch *w, int first, enum trace_where where)
{
	const char *kind = variant(w, first, where), *name = w->functions[first].name;
	struct bpf_program *prog = row_program(w, kind, first);

	if (kind == FENTRY || kind == FEXIT)
		return keep(w, bpf_program__attach_trace(prog), prog, name);
	return keep(w, bpf_program__attach_kprobe(prog, kind == KRETPROBE, name), prog, name);
}

/* Without fentry at all, if there was any: trampolines may be lacking, or the BTF be unusable. */
static bool give_up_fentry(struct watch *w)
{
	bool any = false;
	int ev;

	for (ev = 0; ev < w->table->nr; ev++) {
		any |= is_fentry(w, ev);
		w->functions[ev].no_fentry = true;
	}
	return any;
}

/* 0; 1 when the function's mechanism failed and was struck off; -errno. */
static int attach_ends(struct watch *w, int ev)
{
	bool fentry = variant(w, ev, AT_ENTRY) == FENTRY;
	int err;

	err = is_used(w, ev, AT_RETURN) ? attach_function(w, ev, AT_RETURN) : 0;
	err = err ?: attach_function(w, ev, AT_ENTRY);
	if (!err || err == -EPERM || err == -EACCES)
		return err;
	if (err == -ENOTSUPP && fentry)
		give_up_fentry(w);
	else if (fentry)
		w->functions[ev].no_fentry = true;
	else
		w->functions[ev].no_kprobe = true;
	return 1;
}

static int attach_named(struct watch *w, const char *name)
{
	struct bpf_program *prog = program(w, name);

	return keep(w, bpf_program__attach(prog), prog, name);
}

/* The calls' own tracepoints that begin so. */
static int attach_calls(struct watch *w, const char *with)
{
	struct bpf_program *prog;
	int err = 0;

	bpf_object__for_each_program(prog, w->obj)
	{
		const char *event = bpf_program__section_name(prog) + strlen(SYSCALLS);

		if (!err && is_syscall(prog) && !strncmp(event, with, strlen(with)))
			err = keep(w, bpf_program__attach(prog), prog, event);
	}
	return err;
}

/*
 * Returns before entries, and the call's own entry last: no record begins before all is in place.
 *
 * Return: 0; 1 when a function's mechanism failed and was struck off: choose again; -errno.
 */
static int attach(const struct trace *t, struct watch *w)
{
	int ev, err = 0;

	for (ev = 0; ev < w->table->nr && !err; ev++) {
		const char *symbols = w->table->rows[ev].symbols;

		if (is_tracepoint(w, ev)) {
			struct bpf_program *prog = row_program(w, "raw_tp", ev);

			err = keep(w, bpf_program__attach_raw_tracepoint(prog, symbols), prog,
				   symbols);
		} else if (leads_function(w, ev) && is_used(w, ev, AT_ENTRY)) {
			err = attach_ends(w, ev);
		}
	}
	err = err ?: attach_named(w, "sched_switch");
	if (follows(t, w)) {
		err = err ?: attach_named(w, "sched_process_exit");
		err = err ?: attach_named(w, "sched_process_fork");
	}
	err = err ?: attach_calls(w, "sys_exit_");
	return err ?: attach_calls(w, "sys_enter_");
}

/* Backwards: the call's entry first, so that no record begins any more. */
static void detach(struct watch *w)
{
	while (w->nr_attached)
		bpf_link__destroy(w->attached[--w->nr_attached].link);
	bpf_object__close(w->obj);
	w->obj = NULL;
}

/* Each failure strikes something off, so this ends. */
static int load_and_attach(struct trace *t, struct watch *w)
{
	char line[256];
	int err;

	for (;;) {
		choose(t, w);
		err = load(t, w);
		if (!err) {
			err = attach(t, w);
			if (!err)
				return 0;
		} else if (err != -EPERM && give_up_fentry(w)) {
			err = 1;
		}
		detach(w);
		if (err != 1)
			break;
	}
	snprintf(
		line, sizeof(line),
		"the kernel refuses the tracer (%s): it needs Linux 5.8 with CONFIG_BPF_SYSCALL and "
		"CONFIG_BPF_EVENTS; REFCOST_DEBUG=1 shows libbpf's own words",
		strerror(-err));
	return complain(t, err == -EPERM || err == -EACCES ? -err : ENOTSUP, line);
}

static int on_record(void *ctx, void *data, size_t size)
{
	struct trace *t = ctx;

	if (size >= sizeof(struct trace_record) && t->fn)
		t->fn(data, t->arg);
	return 0;
}

static int set_module(struct trace *t, const char *module)
{
	char *c;

	if (!module)
		return 0;
	if (strlen(module) >= sizeof(t->config.target))
		return complain(t, EINVAL, "the module's name is too long for the kernel");
	strcpy(t->config.target, module);
	for (c = t->config.target; *c; c++) /* the kernel knows modules with underscores only */
		if (*c == '-')
			*c = '_';
	return 0;
}

struct trace *trace_open(const struct trace_opts *opts, char *err, size_t errlen)
{
	struct trace *t = calloc(1, sizeof(*t));
	size_t k;
	int saved;

	if (!t) {
		snprintf(err, errlen, "out of memory");
		return NULL;
	}
	t->mech = opts->mech;
	t->pid = opts->pid;
	t->family = opts->pid && opts->family;
	t->stacks = opts->stacks;
	t->config.owner_at = t->config.pid_at = t->config.comm_at = -1;
	t->config.only_tgid = t->pid;
	t->config.follow = t->family;
	t->config.stacks = t->stacks;
	for (k = 0; k < TRACE_KINDS; k++)
		if (k != TRACE_LOAD || opts->loads)
			t->watches[t->nr_watches++].table = &trace_tables[k];
	t->nap_ms = NAP_MIN_MS;
	t->wake_fd = t->stats_fd = -1;
	t->err = err;
	t->errlen = errlen;
	libbpf_set_print(quiet);
	if (set_module(t, opts->module) || find_tracefs(t) || find_symbols(t))
		goto fail;
	for (k = 0; k < t->nr_watches; k++)
		if (load_and_attach(t, &t->watches[k]))
			goto fail;
	t->ring = ring_buffer__new(map_fd(&t->watches[0], "records"), on_record, t, NULL);
	if (!t->ring) {
		complain(t, errno, "cannot map the tracer's ring buffer");
		goto fail;
	}
	return t;

fail:
	saved = errno;
	trace_close(t);
	errno = saved;
	return NULL;
}

/* The kernel side wakes the reader in need alone, as that lengthens the calls it measures: look, and nap. */
int trace_poll(struct trace *t, int timeout_ms,
	       void (*fn)(const struct trace_record *rec, void *arg), void *arg)
{
	struct pollfd fds[] = {
		{ .fd = ring_buffer__epoll_fd(t->ring), .events = POLLIN },
		{ .fd = t->wake_fd, .events = POLLIN },
	};
	int n, nap;

	t->fn = fn;
	t->arg = arg;
	for (;;) {
		n = ring_buffer__consume(t->ring);
		if (n)
			t->nap_ms = NAP_MIN_MS;
		if (n || timeout_ms <= 0)
			return n;
		nap = timeout_ms < t->nap_ms ? timeout_ms : t->nap_ms;
		n = poll(fds, 2, nap);
		timeout_ms = n < 0 || fds[1].revents ? 0 : timeout_ms - nap;
		t->nap_ms = t->nap_ms * 2 < NAP_MAX_MS ? t->nap_ms * 2 : NAP_MAX_MS;
	}
}

void trace_wake_on(struct trace *t, int fd)
{
	t->wake_fd = fd;
}

const char *trace_note(const struct trace *t)
{
	return t->note;
}

static int prog_info(const struct attached *a, struct bpf_prog_info *info)
{
	__u32 len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(bpf_program__fd(a->prog), info, &len);
}

int trace_counts(struct trace *t, struct trace_counts *counts)
{
	int cpu, cpus = libbpf_num_possible_cpus(), err = 0;
	struct trace_tally *n;
	struct bpf_prog_info info;
	__u32 zero = 0;
	size_t i, k;

	memset(counts, 0, sizeof(*counts));
	if (cpus < 0)
		return cpus;
	n = calloc(cpus, sizeof(*n));
	if (!n)
		return -ENOMEM;
	if (bpf_map_lookup_elem(map_fd(&t->watches[0], "counts"), &zero, n)) {
		err = -errno;
		goto free_n;
	}
	for (cpu = 0; cpu < cpus; cpu++) {
		counts->records += n[cpu].records;
		counts->entries += n[cpu].entries;
		counts->exits += n[cpu].exits;
		counts->dropped += n[cpu].dropped;
		counts->lost += n[cpu].lost;
		counts->unmatched += n[cpu].unmatched;
		counts->probe_entries += n[cpu].probe_entries;
		counts->probe_exits += n[cpu].probe_exits;
	}
	for (k = 0; k < t->nr_watches; k++)
		for (i = 0; i < t->watches[k].nr_attached && !err; i++) {
			err = prog_info(&t->watches[k].attached[i], &info);
			counts->missed += info.recursion_misses;
		}
free_n:
	free(n);
	return err;
}

static const struct watch *find_watch(const struct trace *t, enum trace_kind kind)
{
	size_t k;

	for (k = 0; k < t->nr_watches; k++)
		if (t->watches[k].table == &trace_tables[kind])
			return &t->watches[k];
	return NULL;
}

bool trace_boundary(const struct trace *t, enum trace_kind kind, int event,
		    struct trace_boundary *out)
{
	const struct watch *w = find_watch(t, kind);

	if (!w || event < 0 || event >= w->table->nr)
		return false;
	out->label = w->table->rows[event].label;
	out->symbol = w->table->rows[event].symbols;
	if (is_function(&w->table->rows[event]) && w->functions[first_row(w, event)].name[0])
		out->symbol = w->functions[first_row(w, event)].name;
	out->mechanism = w->mechanism[event];
	out->why = w->why[event];
	return true;
}

const char *trace_mechanism(const struct trace *t, enum trace_kind kind, int event)
{
	struct trace_boundary b;

	return trace_boundary(t, kind, event, &b) ? b.mechanism : MERGED;
}

int trace_stats_enable(struct trace *t)
{
	if (t->stats_fd < 0)
		t->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	return t->stats_fd < 0 ? -errno : 0;
}

size_t trace_prog_stats(const struct trace *t, struct trace_prog *out, size_t cap)
{
	struct bpf_prog_info info;
	size_t i, k, n = 0;

	for (k = 0; k < t->nr_watches; k++)
		for (i = 0; i < t->watches[k].nr_attached && n < cap; i++) {
			const struct attached *a = &t->watches[k].attached[i];

			if (prog_info(a, &info))
				continue;
			out[n++] = (struct trace_prog){ bpf_program__name(a->prog), a->symbol,
							info.run_cnt, info.run_time_ns,
							info.recursion_misses };
		}
	return n;
}

void trace_close(struct trace *t)
{
	size_t k;

	if (!t)
		return;
	ring_buffer__free(t->ring);
	for (k = 0; k < t->nr_watches; k++)
		detach(&t->watches[k]);
	if (t->stats_fd >= 0)
		close(t->stats_fd);
	free(t);
}

#endif
