// SPDX-License-Identifier: GPL-2.0
/*
 * What this kernel has of what the tracer looks for: tracepoints, functions, addresses, members.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "machine/env.h"
#include "machine/kstruct.h"
#include "machine/ksyms.h"
#include "trace/watch.h"

bool is_traced_wait(const struct trace *t, const struct watch *w, int ev)
{
	enum trace_filter filter = w->table->rows[ev].filter;

	return w->waits_traced &&
	       (filter == FILTER_WAIT || (filter == FILTER_LEARN && t->config.module_mutex));
}

static bool has_function(const struct trace_row *row)
{
	return row->where != AT_SYSCALL && row->where != AT_TRACEPOINT;
}

bool is_function(const struct trace *t, const struct watch *w, int ev)
{
	return has_function(&w->table->rows[ev]) && !is_traced_wait(t, w, ev);
}

struct function *call_function(struct trace *t, const struct watch *w, int call)
{
	return &t->functions[TRACE_FUNCTIONS + (w - t->watches) * TRACE_CALLS + call];
}

static void add_candidates(struct trace *t, int function)
{
	const char *s = t->functions[function].symbols;
	int nth;

	for (nth = 1; *s && t->nr_candidates < 2 * NR_FUNCTIONS; nth++) {
		size_t len = strcspn(s, ",");

		t->candidates[t->nr_candidates++] = (struct candidate){ s, len, 2 * nth, function };
		s += len + (s[len] == ',');
	}
}

/* The number of a function: rows with the same candidates share its programs. */
static int number(struct trace *t, const char *symbols)
{
	int i;

	for (i = 0; i < TRACE_FUNCTIONS && t->functions[i].symbols; i++)
		if (!strcmp(t->functions[i].symbols, symbols))
			return i;
	assert(i < TRACE_FUNCTIONS && "raise TRACE_FUNCTIONS: rows name too many functions");
	t->functions[i].symbols = symbols;
	add_candidates(t, i);
	return i;
}

static void list_functions(struct trace *t, struct watch *w)
{
	int i;

	for (i = 0; i < w->table->nr; i++)
		if (has_function(&w->table->rows[i]))
			w->slot[i] = number(t, w->table->rows[i].symbols);
	for (i = 0; i < w->table->nr_calls; i++) {
		struct function *f = call_function(t, w, i);

		f->symbols = w->table->calls[i].symbols;
		add_candidates(t, f - t->functions);
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
	size_t i;

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
	else if (!strcmp(name, KSYM_TRAMPOLINES_STAY))
		t->trampolines_stay = true;
	if (!strchr("tTwW", name[-2]))
		return;
	for (i = 0; i < t->nr_candidates; i++)
		if (t->candidates[i].name[0] == name[0])
			consider(&t->functions[t->candidates[i].function], &t->candidates[i], name);
}

static void on_traceable(struct trace *t, char *line)
{
	size_t len = strcspn(line, "\n"), i;

	line[len] = '\0';
	if (strchr(line, '[')) /* a module's: never attach there, it would be pinned */
		return;
	for (i = 0; i < NR_FUNCTIONS; i++) {
		struct function *f = &t->functions[i];

		if (f->name[0] == line[0] && !strcmp(f->name, line))
			f->traceable = true;
	}
}

/* Since 6.4 a module lies in several places, the first of which has its code. */
static void find_text(struct trace *t, const struct btf *btf)
{
	int mem = kstruct_at(btf, "module", "mem");
	int base = kstruct_at(btf, "module_memory", "base");
	int size = kstruct_at(btf, "module_memory", "size");

	if (mem < 0 || base < 0 || size < 0)
		return;
	t->config.text_at = mem + base;
	t->config.text_size_at = mem + size;
}

static void find_members(struct trace *t, const struct btf *btf)
{
	t->config.owner_at = kstruct_at(btf, "mutex", "owner");
	t->config.pid_at = kstruct_at(btf, "task_struct", "pid");
	t->config.comm_at = kstruct_at(btf, "task_struct", "comm");
	find_text(t, btf);
}

/* No program may read an argument that points to what the BTF only declares: pt_regs, with 5.10. */
static bool is_readable(const struct btf *btf, int func)
{
	const struct btf_type *type = btf__type_by_id(btf, btf__type_by_id(btf, func)->type);

	if (!btf_vlen(type))
		return true;
	type = btf__type_by_id(btf, btf__resolve_type(btf, btf_params(type)->type));
	if (!type || !btf_is_ptr(type))
		return true;
	do /* btf__resolve_type() takes what is declared for nothing */
		type = btf__type_by_id(btf, type->type);
	while (btf_is_mod(type));
	return !btf_is_fwd(type);
}

static void find_in_btf(struct trace *t, const struct btf *btf)
{
	size_t i;

	if (!btf) {
		t->note =
			"no BTF of this kernel (CONFIG_DEBUG_INFO_BTF): kprobes instead of "
			"fentry, and holders of module_mutex known only if their calls are traced";
		t->config.owner_at = 0; /* as in every kernel since 4.10 that is not PREEMPT_RT */
		return;
	}
	find_members(t, btf);
	for (i = 0; i < NR_FUNCTIONS; i++) {
		struct function *f = &t->functions[i];
		int func = btf__find_by_name_kind(btf, f->name, BTF_KIND_FUNC);

		f->in_btf = t->mech == TRACE_AUTO && t->trampolines_stay && f->traceable &&
			    func > 0 && is_readable(btf, func);
	}
}

static bool has_waits(const struct trace_table *table)
{
	int ev;

	for (ev = 0; ev < table->nr; ev++)
		if (table->rows[ev].filter == FILTER_WAIT)
			return true;
	return false;
}

/* Of several, all. */
bool has_events(const struct trace *t, const char *system, const char *events)
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

static int find_functions(struct trace *t, const struct btf *btf)
{
	char path[ENV_PATH];
	size_t k;

	for (k = 0; k < t->nr_watches; k++) {
		t->watches[k].waits_traced =
			t->mech == TRACE_AUTO && has_waits(t->watches[k].table) &&
			has_events(t, "lock", "contention_begin,contention_end");
		list_functions(t, &t->watches[k]);
	}
	if (each_line(env_path("/proc/kallsyms", path, sizeof(path)), on_symbol, t))
		return complain(t, errno, "cannot read /proc/kallsyms: is /proc mounted?");
	snprintf(path, sizeof(path), "%s/available_filter_functions", t->tracefs);
	if (t->mech == TRACE_AUTO && each_line(path, on_traceable, t))
		t->note = "this kernel has no function tracer: kprobes instead of fentry";
	if (t->mech == TRACE_AUTO && !t->trampolines_stay)
		t->note =
			"no " KSYM_TRAMPOLINES_STAY " in this kernel (it came with 5.12): kprobes "
			"instead of fentry, whose end could crash tasks that sleep in what is watched";
	find_in_btf(t, btf);
	return 0;
}

int find_symbols(struct trace *t)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int err;

	t->config.name_at = kstruct_module(btf).name;
	t->config.refcnt_at = btf ? kstruct_at(btf, "module", "refcnt") : -1;
	err = t->mech == TRACE_TRACEPOINTS ? 0 : find_functions(t, btf);
	btf__free(btf);
	return err;
}

static bool has_calls(const struct trace *t, const struct watch *w)
{
	return has_events(t, "syscalls", w->table->rows[0].symbols) &&
	       has_events(t, "syscalls", w->table->rows[w->table->nr - 1].symbols);
}

int find_tracefs(struct trace *t)
{
	static const char *const mounts[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char path[128];
	size_t i, k;

	if (geteuid())
		return complain(t, EPERM, "");
	if (bpf_locked_down())
		return complain(t, ENOTSUP, BPF_LOCKED_DOWN);
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
