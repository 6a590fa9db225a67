// SPDX-License-Identifier: GPL-2.0
/*
 * The user half of the tracer: finds a way to watch each boundary in the table of unload.h, loads
 * those programs alone, and turns records into phases.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace.h"

enum need { REQUIRED, OPTIONAL, MAYBE };

struct row {
	const char *id;
	const char *label;
	const char *symbols;
	enum unload_where where;
	enum unload_event after;
	enum need need;
	bool lock; /* a wait for module_mutex */
};

static const struct row rows[EV_NR] = {
#define X(id, where, filter, after, need, label, symbols) \
	{ #id, label, symbols, AT_##where, EV_##after, need, UNLOAD_IS_LOCK(where, filter) },
	UNLOAD_BOUNDARIES(X)
#undef X
};

const char *trace_boundary_name(int event)
{
	return event >= 0 && event < EV_NR ? rows[event].label : NULL;
}

/*
 * Is a boundary that was not passed missing from this record? Not if the kernel need not pass it,
 * or never came to it because the call failed.
 */
static bool is_missing(const struct unload_record *rec, int ev)
{
	bool blind = !(rec->enabled & (1U << ev)) || rec->flags & UNLOAD_UNPAIRED;

	if (rec->ret)
		return blind && ev <= EV_CHECKED;
	return blind || rows[ev].need != MAYBE;
}

size_t trace_phases(const struct unload_record *rec, struct trace_phase *out, size_t cap)
{
	uint64_t last = rec->ts[EV_ENTER], sum = 0;
	int ev, first = EV_NR;
	size_t n = 0;

	for (ev = EV_ENTER + 1; ev < EV_NR && n < cap; ev++) {
		struct trace_phase *p = &out[n];

		if (!rec->ts[ev]) {
			if (first == EV_NR && is_missing(rec, ev))
				first = ev;
			continue;
		}
		p->merged = first != EV_NR;
		if (p->merged)
			snprintf(p->label, sizeof(p->label), "%s..%s", rows[first].label,
				 rows[ev].label);
		else
			snprintf(p->label, sizeof(p->label), "%s", rows[ev].label);
		p->event = ev;
		p->start = last - rec->ts[EV_ENTER];
		p->ns = rec->ts[ev] - last;
		p->off_ns = rec->off_ns[ev];
		sum += p->ns;
		last = rec->ts[ev];
		first = EV_NR;
		n++;
	}
	assert(ev < EV_NR || sum == rec->ts[EV_EXIT] - rec->ts[EV_ENTER]);
	return n;
}

const struct unload_stacks *trace_stacks(const struct unload_record *rec)
{
	return rec->flags & UNLOAD_STACKED ? &((const struct unload_stacked *)rec)->stacks : NULL;
}

bool trace_is_lock_wait(int event)
{
	return event >= 0 && event < EV_NR && rows[event].lock;
}

const struct unload_holder *trace_holder(const struct unload_record *rec, int event)
{
	const struct unload_holder *h;

	if (!trace_is_lock_wait(event))
		return NULL;
	h = &rec->holder[unload_lock_slot(event)];
	return h->pid ? h : NULL;
}

#ifdef REFCOST_NO_BPF

struct trace *trace_open(const struct trace_opts *opts, char *err, size_t errlen)
{
	(void)opts;
	snprintf(err, errlen, "built without the tracer: install clang and libbpf-dev, then make");
	errno = ENOTSUP;
	return NULL;
}

int trace_poll(struct trace *t, int timeout_ms,
	       void (*fn)(const struct unload_record *rec, void *arg), void *arg)
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

bool trace_boundary(const struct trace *t, int event, struct trace_boundary *out)
{
	(void)t;
	(void)event;
	(void)out;
	return false;
}

const char *trace_mechanism(const struct trace *t, int event)
{
	(void)t;
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

struct trace {
	enum trace_mech mech;
	pid_t pid;
	bool family, stacks;
	char module[UNLOAD_NAME_LEN];
	char tracefs[64];
	uint64_t module_mutex, module_notify_list;
	int owner_at, pid_at, comm_at; /* in struct mutex, struct task_struct; -1: not known */
	struct candidate candidates[2 * EV_NR];
	size_t nr_candidates;
	struct function functions[EV_NR];
	const char *mechanism[EV_NR];
	const char *why[EV_NR];
	uint32_t enabled;
	struct unload_bpf *bpf;
	struct attached attached[TRACE_PROGS];
	size_t nr_attached;
	struct ring_buffer *ring;
	void (*fn)(const struct unload_record *rec, void *arg);
	void *arg;
	const char *note;
	int nap_ms, wake_fd;
	int stats_fd;
	char *err;
	size_t errlen;
};

static const char MERGED[] = "merged", TRACEPOINT[] = "tracepoint", FENTRY[] = "fentry",
		  FEXIT[] = "fexit", KPROBE[] = "kprobe", KRETPROBE[] = "kretprobe";

static bool is_function(int ev)
{
	return rows[ev].where == AT_ENTRY || rows[ev].where == AT_RETURN;
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
static int first_row(int ev)
{
	int i;

	for (i = 0; i < ev; i++)
		if (is_function(i) && !strcmp(rows[i].symbols, rows[ev].symbols))
			break;
	return i;
}

static size_t list_candidates(struct candidate *out, size_t cap)
{
	size_t n = 0;
	int ev, nth;

	for (ev = 0; ev < EV_NR; ev++) {
		const char *s = rows[ev].symbols;

		if (!is_function(ev) || first_row(ev) != ev)
			continue;
		for (nth = 1; *s && n < cap; nth++) {
			size_t len = strcspn(s, ",");

			out[n++] = (struct candidate){ s, len, 2 * nth, ev };
			s += len + (s[len] == ',');
		}
	}
	return n;
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
	size_t i;

	if (!name || !name[1] || !name[2])
		return;
	name += 3;
	end = name + strcspn(name, "\t\n");
	if (*end == '\t')
		return;
	*end = '\0';
	if (!strcmp(name, "module_mutex"))
		t->module_mutex = strtoull(line, NULL, 16);
	else if (!strcmp(name, "module_notify_list"))
		t->module_notify_list = strtoull(line, NULL, 16);
	else if (strchr("tTwW", name[-2]))
		for (i = 0; i < t->nr_candidates; i++)
			if (t->candidates[i].name[0] == name[0])
				consider(&t->functions[t->candidates[i].function],
					 &t->candidates[i], name);
}

static void on_traceable(struct trace *t, char *line)
{
	size_t len = strcspn(line, "\n");
	int ev;

	line[len] = '\0';
	if (strchr(line, '[')) /* a module's: never attach there, it would be pinned */
		return;
	for (ev = 0; ev < EV_NR; ev++)
		if (t->functions[ev].name[0] == line[0] && !strcmp(t->functions[ev].name, line))
			t->functions[ev].traceable = true;
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

	t->owner_at = mutex > 0 ? member_at(btf, mutex, "owner") : -1;
	t->pid_at = task > 0 ? member_at(btf, task, "pid") : -1;
	t->comm_at = task > 0 ? member_at(btf, task, "comm") : -1;
}

static void find_in_btf(struct trace *t)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int ev;

	if (!btf) {
		t->note = "no BTF of this kernel (CONFIG_DEBUG_INFO_BTF): kprobes instead of "
			  "fentry, and holders of module_mutex known only if they unload";
		t->owner_at = 0; /* as in every kernel since 4.10 that is not PREEMPT_RT */
		return;
	}
	find_members(t, btf);
	for (ev = 0; ev < EV_NR; ev++) {
		struct function *f = &t->functions[ev];

		f->in_btf = t->mech == TRACE_AUTO && f->traceable &&
			    btf__find_by_name_kind(btf, f->name, BTF_KIND_FUNC) > 0;
	}
	btf__free(btf);
}

static int find_symbols(struct trace *t)
{
	char path[128];

	if (t->mech == TRACE_TRACEPOINTS)
		return 0;
	t->nr_candidates = list_candidates(t->candidates, 2 * EV_NR);
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

static bool has_event(const struct trace *t, const char *event)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/events/%s/id", t->tracefs, event);
	return !access(path, R_OK);
}

static int find_tracefs(struct trace *t)
{
	static const char *const mounts[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char path[128];
	size_t i;

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
	if (!has_event(t, "syscalls/sys_enter_delete_module") ||
	    !has_event(t, "syscalls/sys_exit_delete_module"))
		return complain(t, ENOTSUP,
				"this kernel has no system-call tracepoints: it needs "
				"CONFIG_FTRACE_SYSCALLS and CONFIG_MODULE_UNLOAD");
	return 0;
}

static void merge(struct trace *t, int ev, const char *why)
{
	t->mechanism[ev] = MERGED;
	t->why[ev] = why;
}

static void choose_function(struct trace *t, int ev)
{
	const struct function *f = &t->functions[first_row(ev)];
	bool ret = rows[ev].where == AT_RETURN;

	if (t->mech == TRACE_TRACEPOINTS)
		merge(t, ev, "tracepoints alone were asked for");
	else if (!f->name[0])
		merge(t, ev, "this kernel has no such function");
	else if (f->homonyms > 1)
		merge(t, ev, "several functions have this name");
	else if (f->in_btf && !f->no_fentry)
		t->mechanism[ev] = ret ? FEXIT : FENTRY;
	else if (!f->no_kprobe)
		t->mechanism[ev] = ret ? KRETPROBE : KPROBE;
	else
		merge(t, ev, "the kernel refused the probe");
}

/* A boundary that no watched one before it vouches for could be taken for a call from exit(). */
static bool vouched(const struct trace *t, int ev)
{
	int i;

	for (i = rows[ev].after; i < ev; i++)
		if (t->enabled & (1U << i))
			return true;
	return false;
}

static void choose(struct trace *t)
{
	int ev;

	t->enabled = 0;
	for (ev = 0; ev < EV_NR; ev++) {
		t->why[ev] = NULL;
		if (is_function(ev))
			choose_function(t, ev);
		else if (rows[ev].where == AT_SYSCALL || has_event(t, "module/module_free"))
			t->mechanism[ev] = TRACEPOINT;
		else
			merge(t, ev, "this kernel has no such tracepoint");
		if (ev && t->mechanism[ev] != MERGED && !vouched(t, ev))
			merge(t, ev, "a boundary before it is not watched");
		if (t->mechanism[ev] != MERGED)
			t->enabled |= 1U << ev;
	}
}

static struct bpf_program *program(const struct trace *t, const char *kind, int ev)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%s", kind, rows[ev].id);
	return bpf_object__find_program_by_name(t->bpf->obj, name);
}

static bool is_fentry(const struct trace *t, int ev)
{
	return t->mechanism[ev] == FENTRY || t->mechanism[ev] == FEXIT;
}

/* Which programs a function needs: an awaited return needs both. */
static bool is_used(const struct trace *t, int first, enum unload_where where)
{
	int ev;

	for (ev = first; ev < EV_NR; ev++)
		if (is_function(ev) && first_row(ev) == first && t->enabled & (1U << ev) &&
		    (where == AT_ENTRY || rows[ev].where == AT_RETURN))
			return true;
	return false;
}

static const char *variant(const struct trace *t, int first, enum unload_where where)
{
	int ev;

	for (ev = first; ev < EV_NR; ev++)
		if (is_function(ev) && first_row(ev) == first && t->enabled & (1U << ev))
			break;
	if (is_fentry(t, ev))
		return where == AT_ENTRY ? FENTRY : FEXIT;
	return where == AT_ENTRY ? KPROBE : KRETPROBE;
}

static int load(struct trace *t)
{
	static const enum unload_where ways[] = { AT_ENTRY, AT_RETURN };
	struct bpf_program *prog;
	int ev, i, err;

	t->bpf = unload_bpf__open();
	if (!t->bpf)
		return -errno;
	bpf_object__for_each_program(prog, t->bpf->obj) bpf_program__set_autoload(prog, false);
	bpf_program__set_autoload(t->bpf->progs.syscall_enter, true);
	bpf_program__set_autoload(t->bpf->progs.syscall_exit, true);
	bpf_program__set_autoload(t->bpf->progs.sched_switch, true);
	bpf_program__set_autoload(t->bpf->progs.sched_process_fork, t->family);
	bpf_program__set_autoload(t->bpf->progs.sched_process_exit, t->family);
	if (!t->family)
		bpf_map__set_max_entries(t->bpf->maps.family, 1);
	if (t->stacks)
		bpf_map__set_max_entries(t->bpf->maps.records, STACKED_BYTES);
	else
		bpf_map__set_max_entries(t->bpf->maps.sleeps, 1);
	for (ev = 0; ev < EV_NR; ev++) {
		if (rows[ev].where == AT_TRACEPOINT && t->enabled & (1U << ev))
			bpf_program__set_autoload(program(t, "raw_tp", ev), true);
		if (!is_function(ev) || first_row(ev) != ev)
			continue;
		for (i = 0; i < 2; i++) {
			if (!is_used(t, ev, ways[i]))
				continue;
			prog = program(t, variant(t, ev, ways[i]), ev);
			bpf_program__set_autoload(prog, true);
			if (variant(t, ev, AT_ENTRY) != FENTRY)
				continue;
			err = bpf_program__set_attach_target(prog, 0, t->functions[ev].name);
			if (err)
				return err;
		}
	}
	memcpy((char *)t->bpf->rodata->target, t->module, sizeof(t->module));
	t->bpf->rodata->module_mutex = t->module_mutex;
	t->bpf->rodata->module_notify_list = t->module_notify_list;
	t->bpf->rodata->enabled = t->enabled;
	t->bpf->rodata->only_tgid = t->pid;
	t->bpf->rodata->follow = t->family;
	t->bpf->rodata->stacks = t->stacks;
	t->bpf->rodata->owner_at = t->owner_at;
	t->bpf->rodata->pid_at = t->pid_at;
	t->bpf->rodata->comm_at = t->comm_at;
	return unload_bpf__load(t->bpf);
}

static int keep(struct trace *t, struct bpf_link *link, struct bpf_program *prog,
		const char *symbol)
{
	int err = libbpf_get_error(link);

	if (err)
		return err;
	t->attached[t->nr_attached++] = (struct attached){ link, prog, symbol };
	return 0;
}

static int attach_function(struct trace *t, int first, enum unload_where where)
{
	const char *kind = variant(t, first, where), *name = t->functions[first].name;
	struct bpf_program *prog = program(t, kind, first);

	if (kind == FENTRY || kind == FEXIT)
		return keep(t, bpf_program__attach_trace(prog), prog, name);
	return keep(t, bpf_program__attach_kprobe(prog, kind == KRETPROBE, name), prog, name);
}

/* Without fentry at all, if there was any: trampolines may be lacking, or the BTF be unusable. */
static bool give_up_fentry(struct trace *t)
{
	bool any = false;
	int ev;

	for (ev = 0; ev < EV_NR; ev++) {
		any |= is_fentry(t, ev);
		t->functions[ev].no_fentry = true;
	}
	return any;
}

/*
 * Returns before entries, and the call's own entry last: no record begins before all is in place.
 *
 * Return: 0; 1 when a function's mechanism failed and was struck off: choose again; -errno.
 */
static int attach(struct trace *t)
{
	int ev, err;

	for (ev = 0; ev < EV_NR; ev++) {
		struct bpf_program *prog;

		if (rows[ev].where == AT_TRACEPOINT && t->enabled & (1U << ev)) {
			prog = program(t, "raw_tp", ev);
			err = keep(t, bpf_program__attach_raw_tracepoint(prog, rows[ev].symbols),
				   prog, rows[ev].symbols);
			if (err)
				return err;
		}
		if (!is_function(ev) || first_row(ev) != ev || !is_used(t, ev, AT_ENTRY))
			continue;
		err = is_used(t, ev, AT_RETURN) ? attach_function(t, ev, AT_RETURN) : 0;
		err = err ?: attach_function(t, ev, AT_ENTRY);
		if (!err)
			continue;
		if (err == -EPERM || err == -EACCES)
			return err;
		if (err == -ENOTSUPP && variant(t, ev, AT_ENTRY) == FENTRY)
			give_up_fentry(t);
		else if (variant(t, ev, AT_ENTRY) == FENTRY)
			t->functions[ev].no_fentry = true;
		else
			t->functions[ev].no_kprobe = true;
		return 1;
	}
	err = keep(t, bpf_program__attach(t->bpf->progs.sched_switch), t->bpf->progs.sched_switch,
		   "sched_switch");
	if (!err && t->family)
		err = keep(t, bpf_program__attach(t->bpf->progs.sched_process_exit),
			   t->bpf->progs.sched_process_exit, "sched_process_exit");
	if (!err && t->family)
		err = keep(t, bpf_program__attach(t->bpf->progs.sched_process_fork),
			   t->bpf->progs.sched_process_fork, "sched_process_fork");
	err = err
		      ?: keep(t, bpf_program__attach(t->bpf->progs.syscall_exit),
			      t->bpf->progs.syscall_exit, rows[EV_EXIT].symbols);
	return err
		       ?: keep(t, bpf_program__attach(t->bpf->progs.syscall_enter),
			       t->bpf->progs.syscall_enter, rows[EV_ENTER].symbols);
}

/* Backwards: the call's entry first, so that no record begins any more. */
static void detach(struct trace *t)
{
	while (t->nr_attached)
		bpf_link__destroy(t->attached[--t->nr_attached].link);
	unload_bpf__destroy(t->bpf);
	t->bpf = NULL;
}

/* Each failure strikes something off, so this ends. */
static int load_and_attach(struct trace *t)
{
	char line[256];
	int err;

	for (;;) {
		choose(t);
		err = load(t);
		if (!err) {
			err = attach(t);
			if (!err)
				return 0;
		} else if (err != -EPERM && give_up_fentry(t)) {
			err = 1;
		}
		detach(t);
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

	if (size >= sizeof(struct unload_record) && t->fn)
		t->fn(data, t->arg);
	return 0;
}

static int set_module(struct trace *t, const char *module)
{
	char *c;

	if (!module)
		return 0;
	if (strlen(module) >= sizeof(t->module))
		return complain(t, EINVAL, "the module's name is too long for the kernel");
	strcpy(t->module, module);
	for (c = t->module; *c; c++) /* the kernel knows modules with underscores only */
		if (*c == '-')
			*c = '_';
	return 0;
}

struct trace *trace_open(const struct trace_opts *opts, char *err, size_t errlen)
{
	struct trace *t = calloc(1, sizeof(*t));
	int saved;

	if (!t) {
		snprintf(err, errlen, "out of memory");
		return NULL;
	}
	t->mech = opts->mech;
	t->pid = opts->pid;
	t->family = opts->pid && opts->family;
	t->stacks = opts->stacks;
	t->owner_at = t->pid_at = t->comm_at = -1;
	t->nap_ms = NAP_MIN_MS;
	t->wake_fd = t->stats_fd = -1;
	t->err = err;
	t->errlen = errlen;
	libbpf_set_print(quiet);
	if (set_module(t, opts->module) || find_tracefs(t) || find_symbols(t) || load_and_attach(t))
		goto fail;
	t->ring = ring_buffer__new(bpf_map__fd(t->bpf->maps.records), on_record, t, NULL);
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
	       void (*fn)(const struct unload_record *rec, void *arg), void *arg)
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
	struct unload_counts *n;
	struct bpf_prog_info info;
	__u32 zero = 0;
	size_t i;

	memset(counts, 0, sizeof(*counts));
	if (cpus < 0)
		return cpus;
	n = calloc(cpus, sizeof(*n));
	if (!n)
		return -ENOMEM;
	if (bpf_map_lookup_elem(bpf_map__fd(t->bpf->maps.counts), &zero, n)) {
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
	for (i = 0; i < t->nr_attached && !err; i++) {
		err = prog_info(&t->attached[i], &info);
		counts->missed += info.recursion_misses;
	}
free_n:
	free(n);
	return err;
}

bool trace_boundary(const struct trace *t, int event, struct trace_boundary *out)
{
	if (event < 0 || event >= EV_NR)
		return false;
	out->label = rows[event].label;
	out->symbol = rows[event].symbols;
	if (is_function(event) && t->functions[first_row(event)].name[0])
		out->symbol = t->functions[first_row(event)].name;
	out->mechanism = t->mechanism[event];
	out->why = t->why[event];
	return true;
}

const char *trace_mechanism(const struct trace *t, int event)
{
	return event >= 0 && event < EV_NR ? t->mechanism[event] : MERGED;
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
	size_t i, n = 0;

	for (i = 0; i < t->nr_attached && n < cap; i++) {
		const struct attached *a = &t->attached[i];

		if (prog_info(a, &info))
			continue;
		out[n++] = (struct trace_prog){ bpf_program__name(a->prog), a->symbol, info.run_cnt,
						info.run_time_ns, info.recursion_misses };
	}
	return n;
}

void trace_close(struct trace *t)
{
	if (!t)
		return;
	ring_buffer__free(t->ring);
	detach(t);
	if (t->stats_fd >= 0)
		close(t->stats_fd);
	free(t);
}

#endif
