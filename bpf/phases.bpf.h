/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel half of the tracer: one record per call.
 *
 * What includes this has said whose boundaries these are: BOUNDARIES is the table, EVENT(id) a row
 * of it, CALLS the list of the system calls, KIND the enum trace_kind.
 *
 * Programs are made out of the table, each function in two variants (fentry and fexit, kprobe and
 * kretprobe) around one body; user space loads those it attaches. A call in flight is found by its
 * task, so that no kernel structure is read and one object serves every kernel, with BTF and
 * without. Functions watched here are busy ones: all but such calls leave after one load.
 *
 * If two kinds are traced, their objects share all maps but their own data.
 */
#ifndef REFCOST_PHASES_BPF_H
#define REFCOST_PHASES_BPF_H

#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "phases.h"

#define MODULE_STATE_LIVE   0
#define MODULE_STATE_COMING 1
#define MODULE_STATE_GOING  2
#define NR_SLOTS	    256 /* a power of two */
#define MAX_IN_FLIGHT	    1024
#define MAX_FAMILY	    8192
#define MUTEX_FLAGS	    7 /* in the owner's word */

_Static_assert(EVENT(NR) <= TRACE_EVENTS, "a record has no room for so many boundaries");

#define X(id, where, filter, after, need, label, symbols) +TRACE_IS_LOCK(where, filter)
_Static_assert(BOUNDARIES(X) <= TRACE_LOCKS, "a record has no room for so many waits");
#undef X

char LICENSE[] SEC("license") = "GPL";

/* Found and set before loading, by the name of its section. */
const volatile struct trace_config config SEC(".rodata.config") = {};

/* Of the same size in all objects, which share the map. */
struct in_flight {
	struct trace_record rec;
	__u64 name;		   /* in the caller's memory; 0 once read */
	__u64 mutex;		   /* module_mutex, as far as known */
	__u64 task;		   /* 0: none yet */
	__u64 off_since;	   /* when last switched out; 0: it was not */
	__u64 slept;		   /* how long that was; 0: it still is */
	__u64 off_ns;		   /* off the CPU so far in this phase */
	__u8 nested[TRACE_EVENTS]; /* calls of the same function inside the awaited one */
	__u32 last;		   /* the latest boundary passed */
	__u32 pending;		   /* returns awaited, a bit each */
	__u32 waiting;		   /* for module_mutex */
	__u32 claims; /* who wants this slot: its owner is alone; 0 in the hash table */
};

/*
 * Stacks of one call: of the sleep that it is in, of the longest in this phase, of phases that
 * ended.
 */
struct asleep {
	struct trace_stacks out;
	__u64 now[TRACE_STACK_DEPTH];
	__u64 longest[TRACE_STACK_DEPTH];
	__u64 longest_ns;
};

static const struct in_flight blank;
static const struct asleep awake;

/* How many calls of this kind are in flight: the cheapest of questions, and nearly always 0. */
static __u32 nr_in_flight;

/* How many of them are in the hash table, since their slots were taken. */
static __u32 nr_displaced;

/* module_mutex, where its address is hidden: as the latest call has shown it. */
static __u64 learnt_mutex;

/*
 * A call's place follows from the address of its task: found in a few instructions, unless it is
 * taken.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NR_SLOTS);
	__type(key, __u32);
	__type(value, struct in_flight);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_IN_FLIGHT);
	__type(key, __u64); /* address of the task */
	__type(value, struct in_flight);
} calls SEC(".maps");

/* One element suffices where this is not used: user space makes it small. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_IN_FLIGHT);
	__type(key, __u64); /* as in calls */
	__type(value, struct asleep);
} sleeps SEC(".maps");

/* Tasks that descend from the one asked for; as small where this is not used. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_FAMILY);
	__type(key, __u64); /* address of the task */
	__type(value, __u8);
} family SEC(".maps");

/* Tasks whose call is counted as unmatched although its return may still be seen. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_IN_FLIGHT);
	__type(key, __u64); /* as in calls */
	__type(value, __u8);
} strays SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TRACE_RING_BYTES);
} records SEC(".maps");

/* Added to atomically: programs of two calls may interrupt each other on one CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct trace_tally);
} counts SEC(".maps");

/* Layouts of the system calls' tracepoints: part of the kernel's ABI. */
struct sys_enter_args {
	__u64 common;
	__s64 nr;
	__u64 args[6];
};

struct sys_exit_args {
	__u64 common;
	__s64 nr;
	__s64 ret;
};

static __always_inline struct trace_tally *count(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counts, &zero);
}

static __always_inline void add(__u64 *tally, __u64 n)
{
	__sync_fetch_and_add(tally, n);
}

static __always_inline struct in_flight *slot_of(__u64 task)
{
	__u32 slot = (task * 0x9e3779b97f4a7c15) >> 32 & (NR_SLOTS - 1);

	return bpf_map_lookup_elem(&slots, &slot);
}

static __always_inline struct in_flight *find(__u64 task)
{
	struct in_flight *c;

	if (!*(volatile __u32 *)&nr_in_flight)
		return NULL;
	c = slot_of(task);
	if (c && c->task == task && c->rec.kind == KIND)
		return c;
	if (!*(volatile __u32 *)&nr_displaced)
		return NULL;
	c = bpf_map_lookup_elem(&calls, &task);
	return c && c->rec.kind == KIND ? c : NULL;
}

/* A call of any kind. */
static __always_inline const struct in_flight *find_any(__u64 task)
{
	const struct in_flight *c = slot_of(task);

	return c && c->task == task ? c : bpf_map_lookup_elem(&calls, &task);
}

static __always_inline bool same_name(const char *a, const volatile char *b)
{
	int i;

	for (i = 0; i < TRACE_NAME_LEN; i++) {
		if (a[i] != b[i])
			return false;
		if (!a[i])
			break;
	}
	return true;
}

static __always_inline bool is_target(const char *name)
{
	return !config.target[0] || same_name(name, config.target);
}

/* Is there a struct module of the name that the call is about? */
static __always_inline bool is_module(const struct in_flight *c, __u64 mod)
{
	char name[TRACE_NAME_LEN] = {};

	return !c->name && config.name_at >= 0 &&
	       bpf_probe_read_kernel_str(name, sizeof(name),
					 (const void *)(unsigned long)(mod + config.name_at)) > 1 &&
	       same_name(name, c->rec.module);
}

static __always_inline void keep_name(struct in_flight *c, __u64 name)
{
	if (!c->rec.module[0])
		bpf_probe_read_kernel_str(c->rec.module, sizeof(c->rec.module),
					  (const void *)(unsigned long)name);
}

static __always_inline void learn_name(struct in_flight *c, __u64 mod)
{
	if (config.name_at >= 0)
		keep_name(c, mod + config.name_at);
}

/* The page with the name may be absent at first; once the kernel has copied it, it is not. */
static __always_inline void read_name(struct in_flight *c)
{
	if (c->name && bpf_probe_read_user_str(c->rec.module, sizeof(c->rec.module),
					       (const void *)(unsigned long)c->name) > 0)
		c->name = 0;
}

/* The longest sleep belongs to the phase that ends here. */
static __always_inline void keep_stack(const struct in_flight *c, __u32 ev)
{
	__u64 task = c->task;
	struct asleep *s = bpf_map_lookup_elem(&sleeps, &task);

	if (!s || !s->longest_ns)
		return;
	s->out.ns[ev] = s->longest_ns;
	bpf_probe_read_kernel(s->out.ips[ev], sizeof(s->longest), s->longest);
	s->longest_ns = 0;
}

static __always_inline void keep_text(const struct in_flight *c, __u64 mod)
{
	__u64 task = c->task;
	struct asleep *s = bpf_map_lookup_elem(&sleeps, &task);

	if (!s || config.text_at < 0)
		return;
	bpf_probe_read_kernel(&s->out.text, sizeof(s->out.text),
			      (const void *)(unsigned long)(mod + config.text_at));
	bpf_probe_read_kernel(&s->out.text_size, sizeof(__u32),
			      (const void *)(unsigned long)(mod + config.text_size_at));
}

static __always_inline void pass(struct in_flight *c, __u32 ev, __u64 now)
{
	if (config.stacks)
		keep_stack(c, ev);
	c->rec.ts[ev] = now;
	c->rec.off_ns[ev] = c->off_ns;
	c->off_ns = 0;
	c->last = ev;
	/* A program that has taken the time may be preempted: that sleep is in the next phase. */
	if (c->off_since > now) {
		c->rec.off_ns[ev] -= c->slept;
		c->off_ns = c->slept;
	}
}

/* In order, not before its time, and not inside a function whose return comes first. */
static __always_inline bool may_pass(const struct in_flight *c, __u32 ev, __u32 after)
{
	return config.enabled & (1U << ev) && ev > c->last && c->last >= after &&
	       !(c->pending & ((1U << ev) - 1));
}

static __always_inline bool is_notice(const struct in_flight *c, __u64 list, __u64 mod)
{
	return config.module_notify_list ? config.module_notify_list == list : is_module(c, mod);
}

static __always_inline bool accept(struct in_flight *c, enum trace_filter filter, __u64 arg1,
				   __u64 arg2, __u64 arg3)
{
	switch (filter) {
	case FILTER_ANY:
		return true;
	case FILTER_LEARN:
		if (arg1 && !config.module_mutex)
			c->mutex = learnt_mutex = arg1;
		return !arg1 || c->mutex == arg1;
	case FILTER_LOCK:
	case FILTER_WAIT:
		return c->mutex == arg1;
	case FILTER_GOING:
		return arg2 == MODULE_STATE_GOING && is_notice(c, arg1, arg3);
	case FILTER_COMING:
		return arg2 == MODULE_STATE_COMING && arg3 == MODULE_STATE_GOING &&
		       (!config.module_notify_list || config.module_notify_list == arg1);
	case FILTER_LIVE:
		return arg2 == MODULE_STATE_LIVE && is_notice(c, arg1, arg3);
	case FILTER_MODULE1:
		learn_name(c, arg1);
		return true;
	case FILTER_MODULE2:
		learn_name(c, arg2);
		return true;
	case FILTER_NAME1:
		keep_name(c, arg1);
		return true;
	}
	return false;
}

/* The slot of a wait for module_mutex, by the boundary that ends it. */
static __always_inline unsigned int lock_slot(__u32 ev)
{
#define X(id, where, filter, after, need, label, symbols) \
	+(EVENT(id) < ev && TRACE_IS_LOCK(where, filter))
	return BOUNDARIES(X);
#undef X
}

/* Is the first phase a wait? */
static __always_inline bool begins_with_wait(void)
{
#define X(id, where, filter, after, need, label, symbols) \
	+(EVENT(id) == EVENT(ENTER) + 1 && TRACE_IS_LOCK(where, filter))
	return BOUNDARIES(X);
#undef X
}

/*
 * A holder that is traced is known here; of any other one only what the kernel's BTF tells to find.
 */
static __always_inline void note_holder(struct in_flight *c, unsigned int slot)
{
	struct trace_holder *h = &c->rec.holder[slot];
	const struct in_flight *other;
	__u64 owner = 0;

	if (config.owner_at < 0 || !c->mutex ||
	    bpf_probe_read_kernel(&owner, sizeof(owner),
				  (const void *)(unsigned long)(c->mutex + config.owner_at)))
		return;
	owner &= ~(__u64)MUTEX_FLAGS;
	if (!owner)
		return;
	other = find_any(owner);
	if (other) {
		h->pid = other->rec.pid;
		h->kind = other->rec.kind;
		__builtin_memcpy(h->comm, other->rec.comm, sizeof(h->comm));
		__builtin_memcpy(h->module, other->rec.module, sizeof(h->module));
	} else if (config.pid_at >= 0 && config.comm_at >= 0 &&
		   bpf_probe_read_kernel_str(
			   h->comm, sizeof(h->comm),
			   (const void *)(unsigned long)(owner + config.comm_at)) > 0) {
		bpf_probe_read_kernel(&h->pid, sizeof(h->pid),
				      (const void *)(unsigned long)(owner + config.pid_at));
	}
}

static __always_inline void row_entry(struct in_flight *c, __u32 ev, enum trace_where where,
				      enum trace_filter filter, __u32 after, __u64 arg1, __u64 arg2,
				      __u64 arg3, __u64 now)
{
	if (where == AT_RETURN && c->pending & (1U << ev)) {
		c->nested[ev]++;
		return;
	}
	if (!may_pass(c, ev, after) || !accept(c, filter, arg1, arg2, arg3))
		return;
	if (where == AT_ENTRY) {
		pass(c, ev, now);
		return;
	}
	c->pending |= 1U << ev;
	c->rec.entries++;
	if (filter == FILTER_LOCK || filter == FILTER_WAIT)
		note_holder(c, lock_slot(ev));
}

static __always_inline void row_return(struct in_flight *c, __u32 ev, __u64 now)
{
	if (!(c->pending & (1U << ev)))
		return;
	if (c->nested[ev]) {
		c->nested[ev]--;
		return;
	}
	c->pending &= ~(1U << ev);
	c->rec.exits++;
	if (ev > c->last)
		pass(c, ev, now);
}

/* The comparison of two literals is folded away: each program holds its own rows alone. */
#define SAME_FUNCTION(where, symbols, function)                                         \
	((AT_##where == AT_ENTRY || AT_##where == AT_RETURN || AT_##where == AT_END) && \
	 !__builtin_strcmp(symbols, function))

/*
 * Functions of every mutex are the busiest here, and other mutexes than ours nearly all of their
 * calls.
 */
static __always_inline bool is_other_mutex(enum trace_filter filter, __u64 arg1)
{
	return (filter == FILTER_LOCK || filter == FILTER_WAIT) && config.module_mutex &&
	       config.module_mutex != arg1;
}

static __always_inline int function_entry(const char *function, enum trace_filter filter,
					  __u64 arg1, __u64 arg2, __u64 arg3)
{
	struct in_flight *c;
	__u64 now;

	if (is_other_mutex(filter, arg1))
		return 0;
	c = find(bpf_get_current_task());
	if (!c)
		return 0;
	now = bpf_ktime_get_ns();
	read_name(c);
#define X(id, where, filter, after, need, label, symbols)                                      \
	if (AT_##where != AT_END && SAME_FUNCTION(where, symbols, function))                   \
		row_entry(c, EVENT(id), AT_##where, FILTER_##filter, EVENT(after), arg1, arg2, \
			  arg3, now);
	BOUNDARIES(X)
#undef X
	return 0;
}

/* @arg1: 0 if not known, as in a kretprobe */
static __always_inline int function_return(const char *function, __u64 arg1)
{
	struct in_flight *c = find(bpf_get_current_task());
	__u64 now;

	if (!c)
		return 0;
	now = bpf_ktime_get_ns();
#define X(id, where, filter, after, need, label, symbols)                                   \
	if (AT_##where == AT_RETURN && SAME_FUNCTION(where, symbols, function))             \
		row_return(c, EVENT(id), now);                                              \
	if (AT_##where == AT_END && SAME_FUNCTION(where, symbols, function) &&              \
	    may_pass(c, EVENT(id), EVENT(after)) && accept(c, FILTER_##filter, arg1, 0, 0)) \
		pass(c, EVENT(id), now);
	BOUNDARIES(X)
#undef X
	return 0;
}

/* Whose module_mutex that is: of the call that this task is in, if it is. */
static __always_inline struct in_flight *find_waiter(__u64 mutex)
{
	struct in_flight *c;

	if (is_other_mutex(FILTER_WAIT, mutex))
		return NULL;
	c = find(bpf_get_current_task());
	return c && c->mutex == mutex ? c : NULL;
}

/*
 * Arguments: the lock, and how it is waited for. A wait begins once more when spinning has not
 * helped: that is the same wait.
 */
SEC("raw_tp/contention_begin")
int contention_begin(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 mutex = ctx->args[0], now;
	struct in_flight *c = find_waiter(mutex);

	if (!c || c->waiting)
		return 0;
	now = bpf_ktime_get_ns();
	c->waiting = true;
	read_name(c);
#define X(id, where, filter, after, need, label, symbols)                                      \
	if (FILTER_##filter == FILTER_LEARN && !config.module_mutex) {                         \
		if (c->last < EVENT(id))                                                       \
			note_holder(c, lock_slot(EVENT(id)));                                  \
	} else if (FILTER_##filter == FILTER_LEARN || FILTER_##filter == FILTER_WAIT) {        \
		row_entry(c, EVENT(id), TRACE_IS_LOCK(where, filter) ? AT_RETURN : AT_##where, \
			  FILTER_WAIT, EVENT(after), mutex, 0, 0, now);                        \
	}
	BOUNDARIES(X)
#undef X
	return 0;
}

/* Arguments: the lock, and what came of it. */
SEC("raw_tp/contention_end")
int contention_end(struct bpf_raw_tracepoint_args *ctx)
{
	struct in_flight *c = find_waiter(ctx->args[0]);
	__u64 now;

	if (!c)
		return 0;
	now = bpf_ktime_get_ns();
	c->waiting = false;
#define X(id, where, filter, after, need, label, symbols)                   \
	if (FILTER_##filter != FILTER_LOCK && TRACE_IS_LOCK(where, filter)) \
		row_return(c, EVENT(id), now);
	BOUNDARIES(X)
#undef X
	return 0;
}

/* An argument may be read only where the function has it: the verifier knows its prototype. */
#define FENTRY_ARG(ctx, filter, n) (ARGS_##filter >= (n) ? (ctx)[(n)-1] : 0)

#define ENTRY_PROGRAMS(id, filter, symbols)                                                    \
	SEC("fentry")                                                                          \
	int fentry_##id(__u64 *ctx)                                                            \
	{                                                                                      \
		return function_entry(symbols, FILTER_##filter, FENTRY_ARG(ctx, filter, 1),    \
				      FENTRY_ARG(ctx, filter, 2), FENTRY_ARG(ctx, filter, 3)); \
	}                                                                                      \
	SEC("kprobe")                                                                          \
	int kprobe_##id(struct pt_regs *ctx)                                                   \
	{                                                                                      \
		return function_entry(symbols, FILTER_##filter, PT_REGS_PARM1(ctx),            \
				      PT_REGS_PARM2(ctx), PT_REGS_PARM3(ctx));                 \
	}

#define RETURN_PROGRAMS(id, filter, symbols)                                     \
	SEC("fexit")                                                             \
	int fexit_##id(__u64 *ctx)                                               \
	{                                                                        \
		if (is_other_mutex(FILTER_##filter, FENTRY_ARG(ctx, filter, 1))) \
			return 0;                                                \
		return function_return(symbols, FENTRY_ARG(ctx, filter, 1));     \
	}                                                                        \
	SEC("kretprobe")                                                         \
	int kretprobe_##id(struct pt_regs *ctx)                                  \
	{                                                                        \
		return function_return(symbols, 0);                              \
	}

/* A task in another namespace than the one that is meant has no number there. */
static __always_inline __u32 current_tgid(void)
{
	struct bpf_pidns_info there = {};

	if (!config.ns_ino)
		return bpf_get_current_pid_tgid() >> 32;
	if (bpf_get_ns_current_pid_tgid(config.ns_dev, config.ns_ino, &there, sizeof(there)))
		return 0;
	return there.tgid;
}

static __always_inline bool is_family(__u64 task)
{
	return current_tgid() == config.only_tgid ||
	       (config.follow && bpf_map_lookup_elem(&family, &task));
}

static __always_inline bool is_wanted(__u64 task)
{
	return !config.only_tgid || is_family(task);
}

static __always_inline bool is_target_module(__u64 mod)
{
	char name[TRACE_NAME_LEN] = {};

	return !config.target[0] ||
	       (config.name_at >= 0 &&
		bpf_probe_read_kernel_str(name, sizeof(name),
					  (const void *)(unsigned long)(mod + config.name_at)) >
			1 &&
		is_target(name));
}

/*
 * Where calls are watched as functions, the return of one that began before its function was is not
 * seen, nor is that of a 32-bit caller's by the tracepoints. Such a call shows by what it passes:
 * of unloads, as against loads that fail, by a module without references.
 */
static __always_inline void note_unmatched(__u64 mod)
{
	__u64 task = bpf_get_current_task();
	struct trace_tally *n = count();
	__u8 one = 1;
	int refs = 0;

	if (!n || !is_wanted(task) || !is_target_module(mod))
		return;
	if (KIND == TRACE_UNLOAD &&
	    (config.refcnt_at < 0 ||
	     bpf_probe_read_kernel(&refs, sizeof(refs),
				   (const void *)(unsigned long)(mod + config.refcnt_at)) ||
	     refs))
		return;
	add(&n->unmatched, 1);
	bpf_map_update_elem(&strays, &task, &one, BPF_ANY);
}

/* All of the system "module" that are watched have the module as their first argument. */
#define TRACEPOINT_PROGRAM(id, filter, after)                            \
	SEC("raw_tp")                                                    \
	int raw_tp_##id(struct bpf_raw_tracepoint_args *ctx)             \
	{                                                                \
		struct in_flight *c = find(bpf_get_current_task());      \
                                                                         \
		if (c && config.stacks)                                  \
			keep_text(c, ctx->args[0]);                      \
		if (!c)                                                  \
			note_unmatched(ctx->args[0]);                    \
		else if (may_pass(c, EVENT(id), EVENT(after)) &&         \
			 accept(c, FILTER_##filter, ctx->args[0], 0, 0)) \
			pass(c, EVENT(id), bpf_ktime_get_ns());          \
		return 0;                                                \
	}

#define PROGRAMS_SYSCALL(id, filter, after, symbols)
#define PROGRAMS_TRACEPOINT(id, filter, after, symbols) TRACEPOINT_PROGRAM(id, filter, after)
#define PROGRAMS_ENTRY(id, filter, after, symbols) \
	ENTRY_PROGRAMS(id, filter, symbols) RETURN_PROGRAMS(id, filter, symbols)
#define PROGRAMS_RETURN(id, filter, after, symbols) PROGRAMS_ENTRY(id, filter, after, symbols)
#define PROGRAMS_END(id, filter, after, symbols)    RETURN_PROGRAMS(id, filter, symbols)

#define X(id, where, filter, after, need, label, symbols) \
	PROGRAMS_##where(id, filter, after, symbols)
BOUNDARIES(X)
#undef X

/*
 * Room for a call. A call whose slot is claimed by others takes the hash table; so may two that
 * come at once. Adding alone is atomic in all instruction sets of BPF.
 */
static __always_inline struct in_flight *claim(__u64 task)
{
	struct in_flight *c = slot_of(task);

	if (c) {
		__sync_fetch_and_add(&c->claims, 1);
		if (*(volatile __u32 *)&c->claims == 1)
			return c;
		__sync_fetch_and_add(&c->claims, -1);
	}
	if (bpf_map_update_elem(&calls, &task, &blank, BPF_ANY))
		return NULL;
	__sync_fetch_and_add(&nr_displaced, 1);
	return bpf_map_lookup_elem(&calls, &task);
}

static __always_inline void release(struct in_flight *c, __u64 task)
{
	if (c->claims) {
		c->task = 0;
		__sync_fetch_and_add(&c->claims, -1);
	} else {
		bpf_map_delete_elem(&calls, &task);
		__sync_fetch_and_add(&nr_displaced, -1);
	}
}

/*
 * Boundaries that tracepoints mark. Where these are all that is watched, so much of a record is
 * touched alone: the verifier knows the configuration, and takes the rest out of the programs.
 */
#define IS_MARKED(where) (AT_##where == AT_SYSCALL || AT_##where == AT_TRACEPOINT)

static __always_inline bool only_marked(void)
{
#define X(id, where, filter, after, need, label, symbols) +((__u32)IS_MARKED(where) << EVENT(id))
	return !(config.enabled & ~(BOUNDARIES(X)));
#undef X
}

/*
 * A slot holds what its last owner left: of that, what does not mean something by itself is
 * cleared. Each call passes both ends.
 */
static __always_inline void clear(struct in_flight *c)
{
	bool all = !only_marked();
	int i;

#define X(id, where, filter, after, need, label, symbols)          \
	if ((all || IS_MARKED(where)) && AT_##where != AT_SYSCALL) \
		c->rec.ts[EVENT(id)] = 0;
	BOUNDARIES(X)
#undef X
	if (all) {
		__builtin_memset(c->nested, 0, sizeof(c->nested));
		for (i = 0; i < TRACE_LOCKS; i++)
			c->rec.holder[i].pid = 0;
	}
	c->rec.flags = c->rec.entries = c->rec.exits = 0;
	c->rec.module[0] = '\0';
	c->off_since = c->off_ns = 0;
	c->pending = c->waiting = 0;
}

/*
 * A call begins. @name is where its caller keeps the module's name; 0: the kernel will tell.
 *
 * A task that died in a call left its record behind: begin again.
 */
static __always_inline int enter(__u64 name)
{
	__u64 now = bpf_ktime_get_ns(), task = bpf_get_current_task(), id;
	struct trace_tally *n = count();
	struct in_flight *c = find(task);

	if (!n)
		return 0;
	if (c) {
		__sync_fetch_and_add(&nr_in_flight, -1);
		release(c, task);
	}
	if (!is_wanted(task))
		return 0;
	c = claim(task);
	if (!c) {
		add(&n->lost, 1);
		return 0;
	}
	clear(c);
	c->name = name;
	read_name(c);
	if (name && !c->name && !is_target(c->rec.module)) {
		release(c, task);
		return 0;
	}
	if (config.stacks)
		bpf_map_update_elem(&sleeps, &task, &awake, BPF_ANY);
	id = bpf_get_current_pid_tgid();
	c->rec.kind = KIND;
	c->rec.pid = id;
	c->rec.tgid = id >> 32;
	c->rec.enabled = config.enabled;
	c->mutex = config.module_mutex ?: learnt_mutex;
	bpf_get_current_comm(c->rec.comm, sizeof(c->rec.comm));
	if (begins_with_wait() && !config.waits_traced)
		note_holder(c, 0);
	pass(c, EVENT(ENTER), now);
	c->task = task;
	add(&n->entries, 1);
	__sync_fetch_and_add(&nr_in_flight, 1);
	return 0;
}

/*
 * Waking the reader here would be part of the call: over a millisecond in some guests. It looks by
 * itself often enough, unless records come so fast that they are lost else.
 */
static __always_inline __u64 wakeup(void)
{
	__u64 size = config.stacks ? TRACE_RING_BYTES_STACKED : TRACE_RING_BYTES;

	return bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) > size / 2 ? BPF_RB_FORCE_WAKEUP
									 : BPF_RB_NO_WAKEUP;
}

/* What says nothing about this call stays what it was in the buffer. */
static __always_inline void copy_record(struct trace_record *to, const struct trace_record *rec)
{
	bool all = !only_marked();
	int i;

#define X(id, where, filter, after, need, label, symbols)               \
	if (all || IS_MARKED(where)) {                                  \
		to->ts[EVENT(id)] = rec->ts[EVENT(id)];                 \
		if (EVENT(id) != EVENT(ENTER)) /* ends no phase */      \
			to->off_ns[EVENT(id)] = rec->off_ns[EVENT(id)]; \
	}
	BOUNDARIES(X)
#undef X
	__builtin_memcpy(&to->kind, &rec->kind,
			 offsetof(struct trace_record, holder) -
				 offsetof(struct trace_record, kind));
	if (!all)
		return;
#pragma unroll
	for (i = 0; i < TRACE_LOCKS; i++) {
		to->holder[i].pid = 0;
		if (rec->holder[i].pid)
			to->holder[i] = rec->holder[i];
	}
}

static __always_inline bool put_stacked(struct in_flight *c, const struct asleep *s)
{
	struct trace_stacked *full = bpf_ringbuf_reserve(&records, sizeof(*full), 0);

	if (!full)
		return false;
	c->rec.flags |= TRACE_STACKED;
	copy_record(&full->rec, &c->rec);
	bpf_probe_read_kernel(&full->stacks, sizeof(full->stacks), &s->out);
	bpf_ringbuf_submit(full, wakeup());
	return true;
}

static __always_inline bool put_record(struct in_flight *c)
{
	const struct asleep *s = config.stacks ? bpf_map_lookup_elem(&sleeps, &c->task) : NULL;
	struct trace_record *rec;

	if (s)
		return put_stacked(c, s);
	rec = bpf_ringbuf_reserve(&records, sizeof(*rec), 0);
	if (!rec)
		return false;
	copy_record(rec, &c->rec);
	bpf_ringbuf_submit(rec, wakeup());
	return true;
}

static __always_inline void emit(struct in_flight *c, struct trace_tally *n)
{
	struct trace_record *rec = &c->rec;

	if (rec->entries != rec->exits)
		rec->flags |= TRACE_UNPAIRED;
	add(&n->probe_entries, rec->entries);
	add(&n->probe_exits, rec->exits);
	add(put_record(c) ? &n->records : &n->dropped, 1);
}

/*
 * It ends. What it was about is not known of every load that fails: with a target, those are left
 * out.
 */
static __always_inline int leave(__s64 ret)
{
	__u64 now = bpf_ktime_get_ns(), task = bpf_get_current_task();
	struct trace_tally *n = count();
	struct in_flight *c;

	if (!n)
		return 0;
	c = find(task);
	if (!c) {
		/* with a target, other modules are not looked at */
		if (bpf_map_delete_elem(&strays, &task) && !config.target[0] && is_wanted(task))
			add(&n->unmatched, 1);
		return 0;
	}
	read_name(c);
	pass(c, EVENT(EXIT), now);
	c->rec.ret = ret;
	add(&n->exits, 1);
	if (c->name || is_target(c->rec.module))
		emit(c, n);
	if (config.stacks)
		bpf_map_delete_elem(&sleeps, &task);
	release(c, task);
	__sync_fetch_and_add(&nr_in_flight, -1);
	return 0;
}

/*
 * A system call, by its tracepoints and as a function, whose argument is its caller's registers. An
 * unload names its module in the first.
 */
#define CALL_PROGRAMS(call, symbols, compat)                                  \
	SEC("tp/syscalls/sys_enter_" #call)                                   \
	int syscall_enter_##call(struct sys_enter_args *ctx)                  \
	{                                                                     \
		return enter(KIND == TRACE_UNLOAD ? ctx->args[0] : 0);        \
	}                                                                     \
	SEC("tp/syscalls/sys_exit_" #call)                                    \
	int syscall_exit_##call(struct sys_exit_args *ctx)                    \
	{                                                                     \
		return leave(ctx->ret);                                       \
	}                                                                     \
	SEC("fentry")                                                         \
	int fentry_##call(__u64 *ctx)                                         \
	{                                                                     \
		struct pt_regs *regs = (void *)ctx[0];                        \
                                                                              \
		return enter(KIND == TRACE_UNLOAD ? PT_REGS_PARM1(regs) : 0); \
	}                                                                     \
	SEC("fexit")                                                          \
	int fexit_##call(__u64 *ctx)                                          \
	{                                                                     \
		return leave(ctx[1]);                                         \
	}

CALLS(CALL_PROGRAMS)

/* The same of 32-bit callers. Few are left: a kprobe does, whatever else is used. */
#ifdef __TARGET_ARCH_x86
#define COMPAT_PROGRAMS(call, symbols, compat)                                  \
	SEC("kprobe")                                                           \
	int kprobe_compat_##call(struct pt_regs *ctx)                           \
	{                                                                       \
		const struct pt_regs *regs = (void *)PT_REGS_PARM1(ctx);        \
		__u64 name = 0;                                                 \
                                                                                \
		if (KIND == TRACE_UNLOAD)                                       \
			bpf_probe_read_kernel(&name, sizeof(name), &regs->rbx); \
		return enter((__u32)name);                                      \
	}                                                                       \
	SEC("kretprobe")                                                        \
	int kretprobe_compat_##call(struct pt_regs *ctx)                        \
	{                                                                       \
		return leave((int)PT_REGS_RC(ctx));                             \
	}

CALLS(COMPAT_PROGRAMS)
#endif

/* Arguments: preempt, the task that leaves, the task that comes. */
SEC("raw_tp/sched_switch")
int sched_switch(struct bpf_raw_tracepoint_args *ctx)
{
	struct in_flight *c;
	struct asleep *s;
	__u64 slept, task;

	if (!*(volatile __u32 *)&nr_in_flight)
		return 0;
	task = ctx->args[1];
	c = find(task);
	if (c) {
		c->off_since = bpf_ktime_get_ns();
		c->slept = 0;
		s = config.stacks ? bpf_map_lookup_elem(&sleeps, &task) : NULL;
		if (s)
			bpf_get_stack(ctx, s->now, sizeof(s->now), 0);
	}
	task = ctx->args[2];
	c = find(task);
	if (!c || !c->off_since || c->slept)
		return 0;
	slept = bpf_ktime_get_ns() - c->off_since;
	c->slept = slept;
	c->off_ns += slept;
	s = config.stacks ? bpf_map_lookup_elem(&sleeps, &task) : NULL;
	if (s && slept > s->longest_ns) {
		s->longest_ns = slept;
		bpf_probe_read_kernel(s->longest, sizeof(s->longest), s->now);
	}
	return 0;
}

/* Arguments: the task that forks, the new one. */
SEC("raw_tp/sched_process_fork")
int sched_process_fork(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 child = ctx->args[1];
	struct trace_tally *n = count();
	__u8 one = 1;

	if (is_family(ctx->args[0]) && bpf_map_update_elem(&family, &child, &one, BPF_ANY) && n)
		add(&n->lost, 1);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int sched_process_exit(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 task = ctx->args[0];

	bpf_map_delete_elem(&family, &task);
	return 0;
}

#endif
