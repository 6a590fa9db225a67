// SPDX-License-Identifier: GPL-2.0
/*
 * The user half of the tracer: opens it, hands records on, and says how it did.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace/trace.h"

#include <bpf/bpf.h>

#include "machine/module.h"
#include "machine/pidns.h"
#include "trace/watch.h"

#define NAP_MIN_MS 10
#define NAP_MAX_MS 100

static int on_record(void *ctx, void *data, size_t size)
{
	struct trace *t = ctx;

	const struct trace_record *rec = data;

	if (size < sizeof(*rec)) {
		sleeps_add(&t->sleeps, data);
		return 0;
	}
	if (t->fn)
		t->fn(rec, t->arg);
	if (t->stacks)
		sleeps_drop(&t->sleeps, rec->pid);
	return 0;
}

_Static_assert(sizeof(struct trace_sleep) < sizeof(struct trace_record),
	       "told apart by their size");

const struct sleeps_call *trace_sleeps(const struct trace *t, const struct trace_record *rec)
{
	return sleeps_of(&t->sleeps, rec);
}

static int set_module(struct trace *t, const char *module)
{
	if (!module)
		return 0;
	if (strlen(module) >= sizeof(t->config.target))
		return complain(t, EINVAL, "the module's name is too long for the kernel");
	strcpy(t->config.target, module);
	module_spell(t->config.target);
	return 0;
}

static int set_process(struct trace *t)
{
	struct pidns_process process;
	const char *why;

	if (!t->pid)
		return 0;
	why = pidns_process(t->pid, t->family, &process);
	if (why)
		return complain(t, ENOTSUP, why);
	t->config.only_tgid = process.tgid;
	t->config.ns_dev = process.dev;
	t->config.ns_ino = process.ino;
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
	t->config.name_at = t->config.refcnt_at = t->config.text_at = -1;
	t->config.follow = t->family;
	t->config.stacks = t->stacks;
	for (k = 0; k < TRACE_KINDS; k++)
		if (k != TRACE_LOAD || opts->loads)
			t->watches[t->nr_watches++].table = trace_tables[k];
	t->nap_ms = NAP_MIN_MS;
	t->wake_fd = t->stats_fd = -1;
	t->err = err;
	t->errlen = errlen;
	libbpf_set_print(bpf_print);
	if (set_module(t, opts->module) || set_process(t) || find_tracefs(t) || find_symbols(t) ||
	    watch_begin(t))
		goto fail;
	t->ring = ring_buffer__new(bpf_object__find_map_fd_by_name(t->obj, "records"), on_record, t,
				   NULL);
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

/*
 * The kernel side wakes the reader in need alone, as that lengthens the calls it measures: look,
 * and nap.
 */
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

static int read_tally(const struct trace *t, struct trace_tally *n)
{
	__u32 zero = 0;

	if (bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(t->obj, ".data.counts"), &zero, n))
		return -errno;
	return 0;
}

/* Calls whose slots were taken. */
static void each_displaced(const struct trace *t,
			   void (*fn)(const struct trace_flight *flight, void *arg), void *arg)
{
	int fd = bpf_object__find_map_fd_by_name(t->obj, "calls");
	__u64 task, *last = NULL;
	struct trace_flight c;

	while (!bpf_map_get_next_key(fd, last, &task)) {
		last = &task;
		if (!bpf_map_lookup_elem(fd, &task, &c) && c.task)
			fn(&c, arg);
	}
}

int trace_in_flight(struct trace *t, void (*fn)(const struct trace_flight *flight, void *arg),
		    void *arg)
{
	struct trace_flights *all;
	struct trace_tally n;
	__u32 zero = 0;
	int i, err = read_tally(t, &n);

	if (err || n.entries == n.exits)
		return err;
	all = malloc(sizeof(*all));
	if (!all)
		return -ENOMEM;
	if (bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(t->obj, ".bss"), &zero, all))
		err = -errno;
	for (i = 0; i < TRACE_SLOTS_IN_FLIGHT && !err; i++)
		if (all->slots[i].task)
			fn(&all->slots[i], arg);
	if (!err && all->nr_displaced)
		each_displaced(t, fn, arg);
	free(all);
	return err;
}

int trace_counts(struct trace *t, struct trace_counts *counts)
{
	struct trace_tally n;
	struct bpf_prog_info info;
	size_t i;
	int err = read_tally(t, &n);

	memset(counts, 0, sizeof(*counts));
	if (err)
		return err;
	counts->records = n.records;
	counts->entries = n.entries;
	counts->exits = n.exits;
	counts->dropped = n.dropped;
	counts->lost = n.lost;
	counts->unmatched = n.unmatched;
	counts->seen = n.seen;
	counts->probe_entries = n.probe_entries;
	counts->probe_exits = n.probe_exits;
	for (i = 0; i < t->nr_attached && !err; i++) {
		err = bpf_info(t->attached[i].prog, &info);
		counts->missed += info.recursion_misses;
	}
	return err;
}

static const struct watch *find_watch(const struct trace *t, enum trace_kind kind)
{
	size_t k;

	for (k = 0; k < t->nr_watches; k++)
		if (t->watches[k].table == trace_tables[kind])
			return &t->watches[k];
	return NULL;
}

bool trace_boundary(const struct trace *t, enum trace_kind kind, int event,
		    struct trace_boundary *out)
{
	const struct watch *w = find_watch(t, kind);
	const struct trace_row *row;

	if (!w || event < 0 || event >= w->table->nr)
		return false;
	row = &w->table->rows[event];
	out->label = row->label;
	out->symbol = row->symbols;
	if (is_function(t, w, event) && t->functions[w->slot[event]].name[0])
		out->symbol = t->functions[w->slot[event]].name;
	else if (is_traced_wait(t, w, event))
		out->symbol = trace_ends_wait(row) ? "contention_end" : "contention_begin";
	else if (row->where == AT_SYSCALL && w->call_functions[0])
		out->symbol = w->call_functions;
	out->mechanism = w->mechanism[event];
	out->why = w->why[event];
	return true;
}

const char *trace_mechanism(const struct trace *t, enum trace_kind kind, int event)
{
	struct trace_boundary b;

	return trace_boundary(t, kind, event, &b) ? b.mechanism : "merged";
}

int trace_stats_enable(struct trace *t)
{
	if (t->stats_fd < 0)
		t->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	return t->stats_fd < 0 ? -errno : 0;
}

size_t trace_prog_stats(const struct trace *t, struct bpf_cost *out, size_t cap)
{
	struct bpf_prog_info info;
	size_t i, n = 0;

	for (i = 0; i < t->nr_attached && n < cap; i++) {
		const struct attached *a = &t->attached[i];

		if (bpf_info(a->prog, &info))
			continue;
		out[n++] = (struct bpf_cost){ bpf_program__name(a->prog), a->symbol, info.run_cnt,
					      info.run_time_ns, info.recursion_misses };
	}
	return n;
}

void trace_close(struct trace *t)
{
	if (!t)
		return;
	ring_buffer__free(t->ring);
	sleeps_free(&t->sleeps);
	watch_end(t);
	if (t->stats_fd >= 0)
		close(t->stats_fd);
	free(t);
}
