// SPDX-License-Identifier: GPL-2.0
/*
 * How each boundary is watched, and the programs that do.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "trace/watch.h" /* first: the skeletons need its types */

#include "bpf/load.skel.h"
#include "bpf/unload.skel.h"

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
	const struct function *f = &w->functions[first_row(w, ev)];
	bool ret = w->table->rows[ev].where != AT_ENTRY;

	if (t->mech == TRACE_TRACEPOINTS)
		merge(w, ev, "tracepoints alone were asked for");
	else if (!f->name[0])
		lack(w, ev);
	else if (f->homonyms > 1)
		merge(w, ev, "several functions have this name");
	else if (w->table->rows[ev].wait && !t->config.module_mutex && !is_fentry_target(f))
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

	for (i = w->table->rows[ev].after; i < ev; i++)
		if (is_enabled(w, i))
			return true;
	return false;
}

/* All system calls of a kind as functions, or none: their entries and returns must go together. */
static void choose_calls(struct watch *w)
{
	int i;

	w->call_functions[0] = '\0';
	for (i = 0; i < w->table->nr_calls; i++)
		if (!is_fentry_target(call_function(w, i)))
			return;
	for (i = 0; i < w->table->nr_calls; i++)
		snprintf(w->call_functions + strlen(w->call_functions),
			 sizeof(w->call_functions) - strlen(w->call_functions), "%s%s",
			 i ? "," : "", call_function(w, i)->name);
}

static const char *call_mechanism(const struct watch *w, int ev)
{
	return !w->call_functions[0] ? TRACEPOINT : ev ? FEXIT : FENTRY;
}

static void choose(const struct trace *t, struct watch *w)
{
	int ev;

	choose_calls(w);
	w->enabled = w->absent = 0;
	for (ev = 0; ev < w->table->nr; ev++) {
		const struct trace_row *row = &w->table->rows[ev];

		w->why[ev] = NULL;
		if (is_function(w, ev))
			choose_function(t, w, ev);
		else if (row->where == AT_SYSCALL)
			w->mechanism[ev] = call_mechanism(w, ev);
		else if (is_traced_wait(w, ev) || has_events(t, "module", row->symbols))
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

static struct bpf_program *variant_program(const struct watch *w, const char *variant,
					   const char *what)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%s", variant, what);
	return program(w, name);
}

static struct bpf_program *row_program(const struct watch *w, const char *variant, int ev)
{
	return variant_program(w, variant, w->table->rows[ev].id);
}

static bool is_tracepoint(const struct watch *w, int ev)
{
	return w->table->rows[ev].where == AT_TRACEPOINT && is_enabled(w, ev);
}

/* Is a row about that end of its function? An awaited return is about both. */
static bool is_about(const struct trace_row *row, enum trace_where where)
{
	return row->where == AT_RETURN || (row->where == AT_END) == (where == AT_RETURN);
}

/* Which programs a function needs. */
static bool is_used(const struct watch *w, int first, enum trace_where where)
{
	int ev;

	for (ev = first; ev < w->table->nr; ev++)
		if (is_function(w, ev) && first_row(w, ev) == first && is_enabled(w, ev) &&
		    is_about(&w->table->rows[ev], where))
			return true;
	return false;
}

static const char *variant(const struct watch *w, int first, enum trace_where where)
{
	if (is_fentry_target(&w->functions[first]))
		return where == AT_ENTRY ? FENTRY : FEXIT;
	return where == AT_ENTRY ? KPROBE : KRETPROBE;
}

int map_fd(const struct watch *w, const char *name)
{
	return bpf_map__fd(bpf_object__find_map_by_name(w->obj, name));
}

/* The first kind has the maps, the others use them, too: one buffer, one account. */
static int share_maps(const struct trace *t, const struct watch *w)
{
	static const char *const names[] = { "slots",  "calls",	  "sleeps", "family",
					     "strays", "records", "counts" };
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
						TRACE_RING_BYTES_STACKED);
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

/* The program at one end of a system call. */
static struct bpf_program *call_program(const struct watch *w, int call, enum trace_where where)
{
	const char *variant = w->call_functions[0] ? where == AT_ENTRY ? FENTRY : FEXIT
			      : where == AT_ENTRY  ? "syscall_enter"
						   : "syscall_exit";

	return variant_program(w, variant, w->table->calls[call].name);
}

/* As far as there is such a thing. */
static struct bpf_program *compat_program(const struct watch *w, int call, enum trace_where where)
{
	return variant_program(w, where == AT_ENTRY ? "kprobe_compat" : "kretprobe_compat",
			       w->table->calls[call].name);
}

static int select_call(struct watch *w, int call, enum trace_where where)
{
	struct bpf_program *prog = call_program(w, call, where);
	struct bpf_program *compat = compat_program(w, call, where);

	if (compat)
		bpf_program__set_autoload(compat, true);
	bpf_program__set_autoload(prog, true);
	if (!w->call_functions[0])
		return 0;
	return bpf_program__set_attach_target(prog, 0, call_function(w, call)->name);
}

static int select_calls(struct watch *w)
{
	int call, err = 0;

	for (call = 0; call < w->table->nr_calls && !err; call++)
		err = select_call(w, call, AT_ENTRY) ?: select_call(w, call, AT_RETURN);
	return err;
}

static void select_programs(const struct trace *t, const struct watch *w)
{
	struct bpf_program *prog;
	int ev;

	bpf_object__for_each_program(prog, w->obj) bpf_program__set_autoload(prog, false);
	bpf_program__set_autoload(program(w, "sched_switch"), true);
	bpf_program__set_autoload(program(w, "contention_begin"), w->waits_traced);
	bpf_program__set_autoload(program(w, "contention_end"), w->waits_traced);
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
	struct bpf_map *rodata;
	int err;

	err = open_object(w);
	if (err)
		return err;
	select_programs(t, w);
	err = select_functions(w);
	if (!err)
		err = select_calls(w);
	if (!err)
		err = w == &t->watches[0] ? size_maps(t, w) : share_maps(t, w);
	config.enabled = w->enabled | w->absent;
	config.waits_traced = w->waits_traced;
	config.by_function = w->call_functions[0];
	rodata = bpf_object__find_map_by_name(w->obj, ".rodata.config");
	if (!err)
		err = bpf_map__set_initial_value(rodata, &config, sizeof(config));
	return err ? err : bpf_object__load(w->obj);
}

static int keep(struct watch *w, struct bpf_link *link, struct bpf_program *prog,
		const char *symbol)
{
	int err;

	err = libbpf_get_error(link);
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
	int i;

	for (i = 0; i < NR_FUNCTIONS; i++) {
		any |= is_fentry_target(&w->functions[i]);
		w->functions[i].no_fentry = true;
	}
	return any;
}

/* 0; 1 when the function's mechanism failed and was struck off; -errno. */
static int attach_ends(struct watch *w, int ev)
{
	bool fentry = variant(w, ev, AT_ENTRY) == FENTRY;
	int err;

	err = is_used(w, ev, AT_RETURN) ? attach_function(w, ev, AT_RETURN) : 0;
	if (!err && is_used(w, ev, AT_ENTRY))
		err = attach_function(w, ev, AT_ENTRY);
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

/*
 * A kernel need not have 32-bit callers; if it has and refuses the probe, they count as unmatched.
 */
static void attach_compat(struct watch *w, int call, enum trace_where where)
{
	struct bpf_program *prog = compat_program(w, call, where);
	const char *name = w->table->calls[call].compat;

	if (prog)
		keep(w, bpf_program__attach_kprobe(prog, where == AT_RETURN, name), prog, name);
}

static int attach_calls(struct watch *w, enum trace_where where)
{
	int call, err = 0;

	for (call = 0; call < w->table->nr_calls; call++)
		attach_compat(w, call, where);

	for (call = 0; call < w->table->nr_calls && !err; call++) {
		struct bpf_program *prog = call_program(w, call, where);
		struct function *f = call_function(w, call);

		if (w->call_functions[0]) {
			err = keep(w, bpf_program__attach_trace(prog), prog, f->name);
			if (!err || err == -EPERM || err == -EACCES)
				continue;
			f->no_fentry = true;
			return 1;
		}
		err = keep(w, bpf_program__attach(prog), prog,
			   bpf_program__section_name(prog) + strlen("tp/syscalls/"));
	}
	return err;
}

static int attach_functions(struct watch *w)
{
	int ev, err = 0;

	for (ev = 0; ev < w->table->nr && !err; ev++)
		if (leads_function(w, ev))
			err = attach_ends(w, ev);
	return err;
}

static int attach_tracepoints(struct watch *w)
{
	int ev, err = 0;

	for (ev = 0; ev < w->table->nr && !err; ev++)
		if (is_tracepoint(w, ev)) {
			const char *event = w->table->rows[ev].symbols;
			struct bpf_program *prog = row_program(w, "raw_tp", ev);

			err = keep(w, bpf_program__attach_raw_tracepoint(prog, event), prog, event);
		}
	return err;
}

/*
 * Returns before entries, and the call's own entry last: no record begins before all is in place.
 * Right before the calls what tells of calls that began earlier.
 *
 * Return: 0; 1 when a function's mechanism failed and was struck off: choose again; -errno.
 */
static int attach(const struct trace *t, struct watch *w)
{
	int err;

	err = attach_functions(w);
	if (w->waits_traced) {
		if (!err)
			err = attach_named(w, "contention_end");
		if (!err)
			err = attach_named(w, "contention_begin");
	}
	if (!err)
		err = attach_named(w, "sched_switch");
	if (follows(t, w)) {
		if (!err)
			err = attach_named(w, "sched_process_exit");
		if (!err)
			err = attach_named(w, "sched_process_fork");
	}
	if (!err)
		err = attach_tracepoints(w);
	if (!err)
		err = attach_calls(w, AT_RETURN);
	return err ? err : attach_calls(w, AT_ENTRY);
}

/* Backwards: the call's entry first, so that no record begins any more. */
void watch_end(struct watch *w)
{
	while (w->nr_attached)
		bpf_link__destroy(w->attached[--w->nr_attached].link);
	bpf_object__close(w->obj);
	w->obj = NULL;
}

/* Each failure strikes something off, so this ends. */
int watch_begin(struct trace *t, struct watch *w)
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
		watch_end(w);
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
