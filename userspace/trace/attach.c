// SPDX-License-Identifier: GPL-2.0
/*
 * How each boundary is watched, and the programs that do.
 */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "trace/watch.h" /* first: the skeletons need its types */

#include "bpf/phases.skel.h"

#define ENOTSUPP 524 /* the kernel's own, when an architecture lacks trampolines */

static const char MERGED[] = "merged", TRACEPOINT[] = "tracepoint", FENTRY[] = "fentry",
		  FEXIT[] = "fexit", KPROBE[] = "kprobe", KRETPROBE[] = "kretprobe";

static void merge(struct watch *w, int ev, const char *why)
{
	w->mechanism[ev] = MERGED;
	w->why[ev] = why;
}

/* What the kernel does not do is not part of the next phase. */
static void lack(struct watch *w, int ev)
{
	if (w->table->rows[ev].need == ADDED)
		w->absent |= 1U << ev;
	merge(w, ev,
	      w->absent & (1U << ev) ? "this kernel has no such step"
				     : "this kernel has no such function");
}

static bool is_fentry_target(const struct function *f)
{
	return f->in_btf && !f->no_fentry;
}

static void choose_function(const struct trace *t, struct watch *w, int ev)
{
	const struct trace_row *row = &w->table->rows[ev];
	const struct function *f = &t->functions[w->slot[ev]];
	bool ret = row->where != AT_ENTRY;

	if (t->mech == TRACE_TRACEPOINTS)
		merge(w, ev, "tracepoints alone were asked for");
	else if (!f->name[0])
		lack(w, ev);
	else if (f->homonyms > 1)
		merge(w, ev, "several functions have this name");
	else if (row->filter == FILTER_WAIT && !t->config.module_mutex && !is_fentry_target(f))
		merge(w, ev, "the address of module_mutex is hidden");
	else if (is_fentry_target(f))
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

/*
 * A boundary that no watched one before it vouches for could be taken for a call from init() or
 * exit().
 */
static bool vouched(const struct watch *w, int ev)
{
	int i;

	for (i = trace_event(w->table, w->table->rows[ev].after); i < ev; i++)
		if (is_enabled(w, i))
			return true;
	return false;
}

/* All system calls of a kind as functions, or none: their entries and returns must go together. */
static void choose_calls(struct trace *t, struct watch *w)
{
	int i;

	w->call_functions[0] = '\0';
	for (i = 0; i < w->table->nr_calls; i++)
		if (!is_fentry_target(call_function(t, w, i)))
			return;
	for (i = 0; i < w->table->nr_calls; i++)
		snprintf(w->call_functions + strlen(w->call_functions),
			 sizeof(w->call_functions) - strlen(w->call_functions), "%s%s",
			 i ? "," : "", call_function(t, w, i)->name);
}

static const char *call_mechanism(const struct watch *w, int ev)
{
	return !w->call_functions[0] ? TRACEPOINT : ev ? FEXIT : FENTRY;
}

static void choose(struct trace *t, struct watch *w)
{
	int ev;

	choose_calls(t, w);
	w->enabled = w->absent = 0;
	for (ev = 0; ev < w->table->nr; ev++) {
		const struct trace_row *row = &w->table->rows[ev];

		w->why[ev] = NULL;
		if (is_function(t, w, ev))
			choose_function(t, w, ev);
		else if (row->where == AT_SYSCALL)
			w->mechanism[ev] = call_mechanism(w, ev);
		else if (is_traced_wait(t, w, ev) || has_events(t, "module", row->symbols))
			w->mechanism[ev] = TRACEPOINT;
		else
			merge(w, ev, "this kernel has no such tracepoint");
		if (ev && w->mechanism[ev] != MERGED && !vouched(w, ev))
			merge(w, ev, "a boundary before it is not watched");
		if (w->mechanism[ev] != MERGED)
			w->enabled |= 1U << ev;
	}
}

static enum trace_kind kind_of(const struct watch *w)
{
	return w->table == trace_tables[TRACE_LOAD] ? TRACE_LOAD : TRACE_UNLOAD;
}

/* Of the boundaries of all kinds. */
static __u64 bit_of(const struct watch *w, int ev)
{
	return 1ULL << (kind_of(w) * TRACE_EVENTS + ev);
}

static __u64 opens(const struct watch *w, int ev)
{
	const struct trace_table *table = w->table;
	__u64 bits = 0;
	int next;

	for (next = ev + 1; next < table->nr; next++)
		if (is_enabled(w, next) && trace_event(table, table->rows[next].after) <= ev)
			bits |= bit_of(w, next);
	return bits;
}

static __u16 time_at(int ev)
{
	return offsetof(struct trace_record, ts[ev]);
}

/*
 * What a program knows of a boundary, behind the rows that it has already. Next to be passed may be
 * what is later, is watched, and has had what it waits for.
 */
static void add_row(struct trace *t, const struct watch *w, int ev, int slot, enum trace_end end,
		    enum trace_where where, enum trace_filter filter)
{
	struct trace_step *rows = t->config.rows[slot][end];
	int i = 0;

	while (i < TRACE_SLOT_ROWS && rows[i].bit)
		i++;
	assert(i < TRACE_SLOT_ROWS && "raise TRACE_SLOT_ROWS: a function ends too many phases");
	rows[i] = (struct trace_step){
		.bit = bit_of(w, ev),
		.opens = opens(w, ev),
		.at = time_at(ev),
		.where = where,
		.filter = filter,
		.lock = trace_lock(w->table, ev),
	};
	if (i > 1)
		t->config.more[slot][end] |= rows[1].bit | rows[i].bit;
}

/* An awaited return is about both ends. */
static void add_ends(struct trace *t, const struct watch *w, int ev, int slot,
		     enum trace_where where, enum trace_filter filter)
{
	if (where != AT_END)
		add_row(t, w, ev, slot, ON_ENTRY, where, filter);
	if (where == AT_END || where == AT_RETURN)
		add_row(t, w, ev, slot, ON_RETURN, where, filter);
}

static void add_wait(struct trace *t, const struct watch *w, int ev)
{
	const struct trace_row *row = &w->table->rows[ev];

	if (is_traced_wait(t, w, ev))
		add_ends(t, w, ev, SLOT_WAIT, trace_ends_wait(row) ? AT_RETURN : AT_ENTRY,
			 FILTER_ANY);
	else if (w->waits_traced && row->filter == FILTER_LEARN)
		add_ends(t, w, ev, SLOT_WAIT, AT_HOLDER, FILTER_ANY);
}

static void add_function(struct trace *t, const struct watch *w, int ev)
{
	const struct trace_row *row = &w->table->rows[ev];
	int slot = w->slot[ev];

	add_ends(t, w, ev, slot, row->where, row->filter);
	t->config.is_mutex[slot] = row->filter == FILTER_LOCK || row->filter == FILTER_WAIT;
}

static void configure_kind(struct trace *t, const struct watch *w)
{
	struct trace_kind_config *k = &t->config.kinds[kind_of(w)];
	int ev, last = w->table->nr - 1;

	memset(k, 0, sizeof(*k));
	k->enabled = w->enabled | w->absent;
	k->nr = w->table->nr;
	k->few = true;
	k->waits_first = trace_ends_wait(&w->table->rows[1]) && !w->waits_traced;
	add_ends(t, w, 0, SLOT_ENTER + kind_of(w), AT_SYSCALL, FILTER_ANY);
	add_ends(t, w, last, SLOT_EXIT + kind_of(w), AT_SYSCALL, FILTER_ANY);
	for (ev = 1; ev < last; ev++) {
		if (is_enabled(w, ev) && w->table->rows[ev].where == AT_TRACEPOINT) {
			k->marked_at = time_at(ev);
			add_ends(t, w, ev, SLOT_MODULE + kind_of(w), AT_TRACEPOINT,
				 w->table->rows[ev].filter);
			continue;
		}
		k->few = k->few && !(k->enabled & (1U << ev));
		add_wait(t, w, ev);
		if (is_enabled(w, ev) && is_function(t, w, ev))
			add_function(t, w, ev);
	}
}

/* Rows as the programs shall see them, from what was chosen. */
static void configure(struct trace *t)
{
	size_t k;

	memset(t->config.rows, 0, sizeof(t->config.rows));
	memset(t->config.more, 0, sizeof(t->config.more));
	memset(t->config.is_mutex, 0, sizeof(t->config.is_mutex));
	for (k = 0; k < t->nr_watches; k++)
		configure_kind(t, &t->watches[k]);
}

static struct bpf_program *program(const struct trace *t, const char *name)
{
	return bpf_object__find_program_by_name(t->obj, name);
}

static struct bpf_program *variant_program(const struct trace *t, const char *variant,
					   const char *what)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%s", variant, what);
	return program(t, name);
}

static struct bpf_program *slot_program(const struct trace *t, const char *variant, int slot)
{
	char what[16];

	snprintf(what, sizeof(what), "%d", slot);
	return variant_program(t, variant, what);
}

/* The tracepoint of the system "module" that a kind has; NULL: none that is watched. */
static const char *module_event(const struct watch *w)
{
	int ev;

	for (ev = 0; ev < w->table->nr; ev++)
		if (is_enabled(w, ev) && w->table->rows[ev].where == AT_TRACEPOINT)
			return w->table->rows[ev].symbols;
	return NULL;
}

/* Which programs a function needs. */
static bool is_used(const struct trace *t, int slot, enum trace_where where)
{
	return t->config.rows[slot][where == AT_RETURN ? ON_RETURN : ON_ENTRY][0].bit;
}

static const char *variant(const struct function *f, enum trace_where where)
{
	if (is_fentry_target(f))
		return where == AT_ENTRY ? FENTRY : FEXIT;
	return where == AT_ENTRY ? KPROBE : KRETPROBE;
}

static int set_room(const struct trace *t, const char *map, __u32 entries)
{
	return bpf_map__set_max_entries(bpf_object__find_map_by_name(t->obj, map), entries);
}

/* What is not used is made small. */
static int size_maps(const struct trace *t)
{
	int err = t->family ? 0 : set_room(t, "family", 1);

	return !err && t->stacks ? set_room(t, "records", TRACE_RING_BYTES_STACKED) : err;
}

static int select_function(const struct trace *t, int slot, enum trace_where where)
{
	const struct function *f = &t->functions[slot];
	struct bpf_program *prog;

	if (!is_used(t, slot, where))
		return 0;
	prog = slot_program(t, variant(f, where), slot);
	bpf_program__set_autoload(prog, true);
	return is_fentry_target(f) ? bpf_program__set_attach_target(prog, 0, f->name) : 0;
}

static int select_functions(const struct trace *t)
{
	int slot, err = 0;

	for (slot = 0; slot < TRACE_FUNCTIONS && !err; slot++) {
		err = select_function(t, slot, AT_ENTRY);
		if (!err)
			err = select_function(t, slot, AT_RETURN);
	}
	return err;
}

/* The program at one end of a system call. */
static struct bpf_program *call_program(const struct trace *t, const struct watch *w, int call,
					enum trace_where where)
{
	const char *variant = w->call_functions[0] ? where == AT_ENTRY ? FENTRY : FEXIT
			      : where == AT_ENTRY  ? "syscall_enter"
						   : "syscall_exit";

	return variant_program(t, variant, w->table->calls[call].name);
}

/* As far as there is such a thing. */
static struct bpf_program *compat_program(const struct trace *t, const struct watch *w, int call,
					  enum trace_where where)
{
	return variant_program(t, where == AT_ENTRY ? "kprobe_compat" : "kretprobe_compat",
			       w->table->calls[call].name);
}

static int select_call(struct trace *t, const struct watch *w, int call, enum trace_where where)
{
	struct bpf_program *prog = call_program(t, w, call, where);
	struct bpf_program *compat = compat_program(t, w, call, where);

	if (compat)
		bpf_program__set_autoload(compat, true);
	bpf_program__set_autoload(prog, true);
	if (!w->call_functions[0])
		return 0;
	return bpf_program__set_attach_target(prog, 0, call_function(t, w, call)->name);
}

static int select_calls(struct trace *t, const struct watch *w)
{
	int call, err = 0;

	for (call = 0; call < w->table->nr_calls && !err; call++) {
		err = select_call(t, w, call, AT_ENTRY);
		if (!err)
			err = select_call(t, w, call, AT_RETURN);
	}
	return err;
}

static int select_programs(struct trace *t)
{
	bool waits = t->watches[0].waits_traced;
	struct bpf_program *prog;
	int err;
	size_t k;

	bpf_object__for_each_program(prog, t->obj) bpf_program__set_autoload(prog, false);
	bpf_program__set_autoload(program(t, "sched_switch"), true);
	bpf_program__set_autoload(program(t, "contention_begin"), waits);
	bpf_program__set_autoload(program(t, "contention_end"), waits);
	bpf_program__set_autoload(program(t, "sched_process_fork"), t->family);
	bpf_program__set_autoload(program(t, "sched_process_exit"), t->family);
	err = select_functions(t);
	for (k = 0; k < t->nr_watches && !err; k++) {
		const struct watch *w = &t->watches[k];

		if (module_event(w))
			bpf_program__set_autoload(variant_program(t, "raw_tp", w->table->name),
						  true);
		err = select_calls(t, w);
	}
	return err;
}

static int load(struct trace *t)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "refcost");
	struct bpf_map *rodata;
	const void *elf;
	size_t size;
	int err;

	elf = phases_bpf__elf_bytes(&size);
	t->obj = bpf_object__open_mem(elf, size, &opts);
	if (!t->obj)
		return -errno;
	configure(t);
	err = select_programs(t);
	if (!err)
		err = size_maps(t);
	rodata = bpf_object__find_map_by_name(t->obj, ".rodata.config");
	if (!err)
		err = bpf_map__set_initial_value(rodata, &t->config, sizeof(t->config));
	return err ? err : bpf_object__load(t->obj);
}

static int keep(struct trace *t, struct bpf_link *link, struct bpf_program *prog,
		const char *symbol)
{
	int err;

	err = libbpf_get_error(link);
	if (err)
		return err;
	t->attached[t->nr_attached++] = (struct attached){ link, prog, symbol };
	return 0;
}

static int attach_function(struct trace *t, int slot, enum trace_where where)
{
	const struct function *f = &t->functions[slot];
	struct bpf_program *prog;

	if (!is_used(t, slot, where))
		return 0;
	prog = slot_program(t, variant(f, where), slot);
	if (is_fentry_target(f))
		return keep(t, bpf_program__attach_trace(prog), prog, f->name);
	return keep(t, bpf_program__attach_kprobe(prog, where == AT_RETURN, f->name), prog,
		    f->name);
}

/* Without fentry at all, if there was any: trampolines may be lacking, or the BTF be unusable. */
static bool give_up_fentry(struct trace *t)
{
	bool any = false;
	int i;

	for (i = 0; i < NR_FUNCTIONS; i++) {
		any |= is_fentry_target(&t->functions[i]);
		t->functions[i].no_fentry = true;
	}
	return any;
}

/* 0; 1 when the function's mechanism failed and was struck off; -errno. */
static int attach_ends(struct trace *t, int slot)
{
	struct function *f = &t->functions[slot];
	int err;

	err = attach_function(t, slot, AT_RETURN);
	if (!err)
		err = attach_function(t, slot, AT_ENTRY);
	if (!err || err == -EPERM || err == -EACCES)
		return err;
	if (!is_fentry_target(f))
		f->no_kprobe = true;
	else if (err == -ENOTSUPP)
		give_up_fentry(t);
	else
		f->no_fentry = true;
	return 1;
}

static int attach_named(struct trace *t, const char *name)
{
	struct bpf_program *prog = program(t, name);

	return keep(t, bpf_program__attach(prog), prog, name);
}

/*
 * A kernel need not have 32-bit callers; if it has and refuses the probe, they count as unmatched.
 */
static void attach_compat(struct trace *t, const struct watch *w, int call, enum trace_where where)
{
	struct bpf_program *prog = compat_program(t, w, call, where);
	const char *name = w->table->calls[call].compat;

	if (prog)
		keep(t, bpf_program__attach_kprobe(prog, where == AT_RETURN, name), prog, name);
}

static int attach_calls(struct trace *t, const struct watch *w, enum trace_where where)
{
	int call, err = 0;

	for (call = 0; call < w->table->nr_calls; call++)
		attach_compat(t, w, call, where);

	for (call = 0; call < w->table->nr_calls && !err; call++) {
		struct bpf_program *prog = call_program(t, w, call, where);
		struct function *f = call_function(t, w, call);

		if (w->call_functions[0]) {
			err = keep(t, bpf_program__attach_trace(prog), prog, f->name);
			if (!err || err == -EPERM || err == -EACCES)
				continue;
			f->no_fentry = true;
			return 1;
		}
		err = keep(t, bpf_program__attach(prog), prog,
			   bpf_program__section_name(prog) + strlen("tp/syscalls/"));
	}
	return err;
}

static int attach_module_event(struct trace *t, const struct watch *w)
{
	struct bpf_program *prog = variant_program(t, "raw_tp", w->table->name);
	const char *event = module_event(w);

	if (!event)
		return 0;
	return keep(t, bpf_program__attach_raw_tracepoint(prog, event), prog, event);
}

/* What serves calls of all kinds. */
static int attach_common(struct trace *t)
{
	static const char *const waits[] = { "contention_end", "contention_begin" };
	static const char *const family[] = { "sched_process_exit", "sched_process_fork" };
	int i, err = 0;

	for (i = 0; i < TRACE_FUNCTIONS && !err; i++)
		err = attach_ends(t, i);
	for (i = 0; i < 2 && t->watches[0].waits_traced && !err; i++)
		err = attach_named(t, waits[i]);
	if (!err)
		err = attach_named(t, "sched_switch");
	for (i = 0; i < 2 && t->family && !err; i++)
		err = attach_named(t, family[i]);
	return err;
}

/*
 * Returns before entries, and the calls' own entries last: no record begins before all is in place.
 * Right before the calls what tells of calls that began earlier.
 *
 * Return: 0; 1 when a function's mechanism failed and was struck off: choose again; -errno.
 */
static int attach(struct trace *t)
{
	size_t k;
	int err;

	err = attach_common(t);
	for (k = 0; k < t->nr_watches && !err; k++)
		err = attach_module_event(t, &t->watches[k]);
	for (k = 0; k < t->nr_watches && !err; k++)
		err = attach_calls(t, &t->watches[k], AT_RETURN);
	for (k = 0; k < t->nr_watches && !err; k++)
		err = attach_calls(t, &t->watches[k], AT_ENTRY);
	return err;
}

/* Backwards: the calls' entries first, so that no record begins any more. */
void watch_end(struct trace *t)
{
	while (t->nr_attached)
		bpf_link__destroy(t->attached[--t->nr_attached].link);
	bpf_object__close(t->obj);
	t->obj = NULL;
}

/* Each failure strikes something off, so this ends. */
int watch_begin(struct trace *t)
{
	char line[256];
	size_t k;
	int err;

	for (;;) {
		for (k = 0; k < t->nr_watches; k++)
			choose(t, &t->watches[k]);
		err = load(t);
		if (!err) {
			err = attach(t);
			if (!err)
				return 0;
		} else if (err != -EPERM && give_up_fentry(t)) {
			err = 1;
		}
		watch_end(t);
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
