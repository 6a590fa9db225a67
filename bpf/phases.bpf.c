// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel half of the tracer: one record per call.
 *
 * Programs are numbered, and pass their number on: it says which rows of the configuration they
 * serve. Each function has two variants (fentry and fexit, kprobe and kretprobe) around one body;
 * user space loads those it attaches. A call in flight is found by its task, so that no kernel
 * structure is read and one object serves every kernel, with BTF and without. Functions watched
 * here are busy ones: all but such calls leave after one load.
 */
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

char LICENSE[] SEC("license") = "GPL";

/* Found and set before loading, by the name of its section. */
const volatile struct trace_config config SEC(".rodata.config") = {};

struct in_flight {
	struct trace_record rec;
	__u64 name;		   /* in the caller's memory; 0 once read */
	__u64 mutex;		   /* module_mutex, as far as known */
	__u64 task;		   /* 0: none yet */
	__u64 off_since;	   /* when last switched out; 0: it was not */
	__u64 slept;		   /* how long that was; 0: it still is */
	__u64 off_ns;		   /* off the CPU so far in this phase */
	__u8 nested[TRACE_EVENTS]; /* calls of the same function inside the awaited one */
	__u32 open;		   /* boundaries that may be passed now, a bit each */
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

/* How many calls are in flight: the cheapest of questions, and nearly always 0. */
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
	if (c && c->task == task)
		return c;
	if (!*(volatile __u32 *)&nr_displaced)
		return NULL;
	return bpf_map_lookup_elem(&calls, &task);
}

static __always_inline bool same_name(const char *a, const volatile char *b)
{
	int i;

#pragma clang loop unroll(disable)
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

static __always_inline void pass(struct in_flight *c, const volatile struct trace_step *b,
				 __u64 now)
{
	__u32 ev = b->event;

	if (ev >= TRACE_EVENTS)
		return;
	if (config.stacks)
		keep_stack(c, ev);
	c->rec.ts[ev] = now;
	c->rec.off_ns[ev] = c->off_ns;
	c->off_ns = 0;
	c->rec.passed |= b->bit;
	c->open = b->opens;
	/* A program that has taken the time may be preempted: that sleep is in the next phase. */
	if (c->off_since > now) {
		c->rec.off_ns[ev] -= c->slept;
		c->off_ns = c->slept;
	}
}

/* In order, not before its time, and not inside a function whose return comes first. */
static __always_inline bool may_pass(const struct in_flight *c, const volatile struct trace_step *b)
{
	return c->open & b->bit && !(c->pending & b->earlier);
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

/*
 * A holder that is traced is known here; of any other one only what the kernel's BTF tells to find.
 */
static __always_inline void note_holder(struct in_flight *c, unsigned int lock)
{
	struct trace_holder *h = &c->rec.holder[lock];
	const struct in_flight *other;
	__u64 owner = 0;

	if (config.owner_at < 0 || !c->mutex ||
	    bpf_probe_read_kernel(&owner, sizeof(owner),
				  (const void *)(unsigned long)(c->mutex + config.owner_at)))
		return;
	owner &= ~(__u64)MUTEX_FLAGS;
	if (!owner)
		return;
	other = find(owner);
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

/* What a function, or a tracepoint of waits, passes as it begins. */
static __always_inline void begin_row(struct in_flight *c, const volatile struct trace_step *b,
				      __u64 arg1, __u64 arg2, __u64 arg3, __u64 now)
{
	__u32 bit = b->bit, where = b->where;

	if (where == AT_END)
		return;
	if (where == AT_RETURN && c->pending & bit) {
		c->nested[b->event & (TRACE_EVENTS - 1)]++;
		return;
	}
	if (!may_pass(c, b) || !accept(c, b->filter, arg1, arg2, arg3))
		return;
	if (where == AT_ENTRY) {
		pass(c, b, now);
		return;
	}
	if (where == AT_RETURN) {
		c->pending |= bit;
		c->rec.entries++;
	}
	if (b->lock < TRACE_LOCKS)
		note_holder(c, b->lock);
}

/* And as it ends. */
static __always_inline void end_row(struct in_flight *c, const volatile struct trace_step *b,
				    __u64 arg1, __u64 now)
{
	__u32 bit = b->bit, where = b->where, ev = b->event & (TRACE_EVENTS - 1);

	if (where == AT_END) {
		if (may_pass(c, b) && accept(c, b->filter, arg1, 0, 0))
			pass(c, b, now);
		return;
	}
	if (where != AT_RETURN || !(c->pending & bit))
		return;
	if (c->nested[ev]) {
		c->nested[ev]--;
		return;
	}
	c->pending &= ~bit;
	c->rec.exits++;
	if (c->open & bit)
		pass(c, b, now);
}

/* Keeps the compiler from working out each row's address again for each of its members. */
#define hide(pointer) asm volatile("" : "+r"(pointer))

/* The first row stands alone: most programs have one, whose branches the verifier all removes. */
static __always_inline void begin(struct in_flight *c, const volatile struct trace_step *b,
				  __u64 arg1, __u64 arg2, __u64 arg3, __u64 now)
{
	int i;

	begin_row(c, b, arg1, arg2, arg3, now);
#pragma clang loop unroll(disable)
	for (i = 1; i < TRACE_SLOT_ROWS; i++) {
		b++;
		hide(b);
		if (!b->bit)
			break;
		begin_row(c, b, arg1, arg2, arg3, now);
	}
}

static __always_inline void end(struct in_flight *c, const volatile struct trace_step *b,
				__u64 arg1, __u64 now)
{
	int i;

	end_row(c, b, arg1, now);
#pragma clang loop unroll(disable)
	for (i = 1; i < TRACE_SLOT_ROWS; i++) {
		b++;
		hide(b);
		if (!b->bit)
			break;
		end_row(c, b, arg1, now);
	}
}

/* May any of a program's rows be passed, or end? Most calls of busy functions leave here. */
static __always_inline bool concerns(const struct in_flight *c, const volatile struct trace_step *b)
{
	return (c->open | c->pending) & b->all;
}

/*
 * Functions of every mutex are the busiest here, and other mutexes than ours nearly all of their
 * calls.
 */
static __always_inline bool is_other_mutex(__u64 mutex)
{
	return config.module_mutex && config.module_mutex != mutex;
}

/* A program's rows for the kind that the call is of. */
static __always_inline const volatile struct trace_step *rows_of(const struct in_flight *c,
								 int slot)
{
	return c->rec.kind == TRACE_UNLOAD ? config.rows[slot][TRACE_UNLOAD]
					   : config.rows[slot][TRACE_LOAD];
}

static __always_inline int function_entry(int slot, __u64 arg1, __u64 arg2, __u64 arg3)
{
	const volatile struct trace_step *rows;
	struct in_flight *c;
	__u64 now;

	if (config.is_mutex[slot] && is_other_mutex(arg1))
		return 0;
	c = find(bpf_get_current_task());
	if (!c)
		return 0;
	rows = rows_of(c, slot);
	if (!concerns(c, rows))
		return 0;
	now = bpf_ktime_get_ns();
	read_name(c);
	begin(c, rows, arg1, arg2, arg3, now);
	return 0;
}

/* @arg1: 0 if not known, as in a kretprobe */
static __always_inline int function_return(int slot, __u64 arg1)
{
	struct in_flight *c = find(bpf_get_current_task());
	const volatile struct trace_step *rows;

	if (!c)
		return 0;
	rows = rows_of(c, slot);
	if (concerns(c, rows))
		end(c, rows, arg1, bpf_ktime_get_ns());
	return 0;
}

/* Whose module_mutex that is: of the call that this task is in, if it is. */
static __always_inline struct in_flight *find_waiter(__u64 mutex)
{
	struct in_flight *c;

	if (is_other_mutex(mutex))
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

	if (!c || c->waiting || !concerns(c, rows_of(c, SLOT_WAIT)))
		return 0;
	now = bpf_ktime_get_ns();
	c->waiting = true;
	read_name(c);
	begin(c, rows_of(c, SLOT_WAIT), mutex, 0, 0, now);
	return 0;
}

/* Arguments: the lock, and what came of it. */
SEC("raw_tp/contention_end")
int contention_end(struct bpf_raw_tracepoint_args *ctx)
{
	struct in_flight *c = find_waiter(ctx->args[0]);

	if (!c)
		return 0;
	c->waiting = false;
	if (concerns(c, rows_of(c, SLOT_WAIT)))
		end(c, rows_of(c, SLOT_WAIT), 0, bpf_ktime_get_ns());
	return 0;
}

/* An argument may be read only where the function has it: the verifier knows its prototype. */
#define FENTRY_ARG(ctx, slot, n) (config.nr_args[slot] >= (n) ? (ctx)[(n)-1] : 0)

#define FUNCTION_PROGRAMS(slot)                                                                 \
	SEC("fentry")                                                                           \
	int fentry_##slot(__u64 *ctx)                                                           \
	{                                                                                       \
		return function_entry(slot, FENTRY_ARG(ctx, slot, 1), FENTRY_ARG(ctx, slot, 2), \
				      FENTRY_ARG(ctx, slot, 3));                                \
	}                                                                                       \
	SEC("kprobe")                                                                           \
	int kprobe_##slot(struct pt_regs *ctx)                                                  \
	{                                                                                       \
		return function_entry(slot, PT_REGS_PARM1(ctx), PT_REGS_PARM2(ctx),             \
				      PT_REGS_PARM3(ctx));                                      \
	}                                                                                       \
	SEC("fexit")                                                                            \
	int fexit_##slot(__u64 *ctx)                                                            \
	{                                                                                       \
		if (config.is_mutex[slot] && is_other_mutex(FENTRY_ARG(ctx, slot, 1)))          \
			return 0;                                                               \
		return function_return(slot, FENTRY_ARG(ctx, slot, 1));                         \
	}                                                                                       \
	SEC("kretprobe")                                                                        \
	int kretprobe_##slot(struct pt_regs *ctx)                                               \
	{                                                                                       \
		return function_return(slot, 0);                                                \
	}

FUNCTION_PROGRAMS(0)
FUNCTION_PROGRAMS(1)
FUNCTION_PROGRAMS(2)
FUNCTION_PROGRAMS(3)
FUNCTION_PROGRAMS(4)
FUNCTION_PROGRAMS(5)
FUNCTION_PROGRAMS(6)
FUNCTION_PROGRAMS(7)
FUNCTION_PROGRAMS(8)
FUNCTION_PROGRAMS(9)
FUNCTION_PROGRAMS(10)
FUNCTION_PROGRAMS(11)
FUNCTION_PROGRAMS(12)
FUNCTION_PROGRAMS(13)
FUNCTION_PROGRAMS(14)
FUNCTION_PROGRAMS(15)
FUNCTION_PROGRAMS(16)
FUNCTION_PROGRAMS(17)
FUNCTION_PROGRAMS(18)
FUNCTION_PROGRAMS(19)
FUNCTION_PROGRAMS(20)
FUNCTION_PROGRAMS(21)
FUNCTION_PROGRAMS(22)
FUNCTION_PROGRAMS(23)
FUNCTION_PROGRAMS(24)
FUNCTION_PROGRAMS(25)
FUNCTION_PROGRAMS(26)
FUNCTION_PROGRAMS(27)
_Static_assert(TRACE_FUNCTIONS == 28, "each function has its programs");

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
static __always_inline void note_unmatched(enum trace_kind kind, __u64 mod)
{
	__u64 task = bpf_get_current_task();
	struct trace_tally *n = count();
	__u8 one = 1;
	int refs = 0;

	if (!n || !is_wanted(task) || !is_target_module(mod))
		return;
	if (kind == TRACE_UNLOAD &&
	    (config.refcnt_at < 0 ||
	     bpf_probe_read_kernel(&refs, sizeof(refs),
				   (const void *)(unsigned long)(mod + config.refcnt_at)) ||
	     refs))
		return;
	add(&n->unmatched, 1);
	bpf_map_update_elem(&strays, &task, &one, BPF_ANY);
}

/* The tracepoint that a kind has of the system "module": its first argument is the module. */
static __always_inline int module_passes(enum trace_kind kind, struct bpf_raw_tracepoint_args *ctx)
{
	const volatile struct trace_step *b = config.rows[SLOT_MODULE][kind];
	struct in_flight *c = find(bpf_get_current_task());

	if (!c) {
		note_unmatched(kind, ctx->args[0]);
		return 0;
	}
	if (c->rec.kind != kind)
		return 0;
	if (config.stacks)
		keep_text(c, ctx->args[0]);
	if (may_pass(c, b) && accept(c, b->filter, ctx->args[0], 0, 0))
		pass(c, b, bpf_ktime_get_ns());
	return 0;
}

SEC("raw_tp")
int raw_tp_unload(struct bpf_raw_tracepoint_args *ctx)
{
	return module_passes(TRACE_UNLOAD, ctx);
}

SEC("raw_tp")
int raw_tp_load(struct bpf_raw_tracepoint_args *ctx)
{
	return module_passes(TRACE_LOAD, ctx);
}

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
 * A slot holds what its last owner left: of that, clear what does not mean something by itself.
 * Each call passes both ends. Where few boundaries are watched, most of a record is not used.
 */
static __always_inline void clear(struct in_flight *c, enum trace_kind kind)
{
	int i;

	if (!config.kinds[kind].few) {
		__builtin_memset(c->nested, 0, sizeof(c->nested));
		for (i = 0; i < TRACE_LOCKS; i++)
			c->rec.holder[i].pid = 0;
	}
	c->rec.passed = c->rec.flags = c->rec.entries = c->rec.exits = 0;
	c->rec.module[0] = '\0';
	c->off_since = c->off_ns = 0;
	c->pending = c->waiting = 0;
}

/*
 * A call begins. @name is where its caller keeps the module's name; 0: the kernel will tell.
 *
 * A task that died in a call left its record behind: begin again.
 */
static __always_inline int enter(enum trace_kind kind, __u64 name)
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
	clear(c, kind);
	c->name = name;
	read_name(c);
	if (name && !c->name && !is_target(c->rec.module)) {
		release(c, task);
		return 0;
	}
	if (config.stacks)
		bpf_map_update_elem(&sleeps, &task, &awake, BPF_ANY);
	id = bpf_get_current_pid_tgid();
	c->rec.kind = kind;
	c->rec.pid = id;
	c->rec.tgid = id >> 32;
	c->rec.enabled = config.kinds[kind].enabled;
	c->mutex = config.module_mutex ?: learnt_mutex;
	bpf_get_current_comm(c->rec.comm, sizeof(c->rec.comm));
	if (config.kinds[kind].waits_first)
		note_holder(c, 0);
	pass(c, config.rows[SLOT_ENTER][kind], now);
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

static __always_inline void copy_boundary(struct trace_record *to, const struct trace_record *rec,
					  __u32 ev)
{
	if (ev >= TRACE_EVENTS)
		return;
	to->ts[ev] = rec->ts[ev];
	to->off_ns[ev] = rec->off_ns[ev];
}

/* Copy the watched boundaries only; what the buffer holds of others is stale. */
static __always_inline void copy_record(struct trace_record *to, const struct trace_record *rec,
					enum trace_kind kind)
{
	const volatile struct trace_kind_config *k = &config.kinds[kind];
	__u32 i, nr = k->nr;

	__builtin_memcpy(&to->kind, &rec->kind,
			 offsetof(struct trace_record, holder) -
				 offsetof(struct trace_record, kind));
	if (k->few) {
		copy_boundary(to, rec, 0);
		copy_boundary(to, rec, k->marked);
		copy_boundary(to, rec, nr - 1);
		return;
	}
#pragma unroll
	for (i = 0; i < TRACE_EVENTS; i++) {
		if (i >= nr)
			continue; /* to break here would keep clang from unrolling */
		to->ts[i] = rec->ts[i];
		to->off_ns[i] = rec->off_ns[i];
	}
#pragma unroll
	for (i = 0; i < TRACE_LOCKS; i++) {
		to->holder[i].pid = 0;
		if (rec->holder[i].pid)
			to->holder[i] = rec->holder[i];
	}
}

static __always_inline bool put_stacked(struct in_flight *c, const struct asleep *s,
					enum trace_kind kind)
{
	struct trace_stacked *full = bpf_ringbuf_reserve(&records, sizeof(*full), 0);

	if (!full)
		return false;
	c->rec.flags |= TRACE_STACKED;
	copy_record(&full->rec, &c->rec, kind);
	bpf_probe_read_kernel(&full->stacks, sizeof(full->stacks), &s->out);
	bpf_ringbuf_submit(full, wakeup());
	return true;
}

static __always_inline bool put_record(struct in_flight *c, enum trace_kind kind)
{
	const struct asleep *s = config.stacks ? bpf_map_lookup_elem(&sleeps, &c->task) : NULL;
	struct trace_record *rec;

	if (s)
		return put_stacked(c, s, kind);
	rec = bpf_ringbuf_reserve(&records, sizeof(*rec), 0);
	if (!rec)
		return false;
	copy_record(rec, &c->rec, kind);
	bpf_ringbuf_submit(rec, wakeup());
	return true;
}

static __always_inline void emit(struct in_flight *c, struct trace_tally *n, enum trace_kind kind)
{
	struct trace_record *rec = &c->rec;

	if (rec->entries != rec->exits)
		rec->flags |= TRACE_UNPAIRED;
	add(&n->probe_entries, rec->entries);
	add(&n->probe_exits, rec->exits);
	add(put_record(c, kind) ? &n->records : &n->dropped, 1);
}

/*
 * It ends. What it was about is not known of every load that fails: with a target, those are left
 * out.
 */
static __always_inline int leave(enum trace_kind kind, __s64 ret)
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
	pass(c, config.rows[SLOT_EXIT][kind], now);
	c->rec.ret = ret;
	add(&n->exits, 1);
	if (c->name || is_target(c->rec.module))
		emit(c, n, kind);
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
#define CALL_PROGRAMS(call, kind)                                                   \
	SEC("tp/syscalls/sys_enter_" #call)                                         \
	int syscall_enter_##call(struct sys_enter_args *ctx)                        \
	{                                                                           \
		return enter(kind, kind == TRACE_UNLOAD ? ctx->args[0] : 0);        \
	}                                                                           \
	SEC("tp/syscalls/sys_exit_" #call)                                          \
	int syscall_exit_##call(struct sys_exit_args *ctx)                          \
	{                                                                           \
		return leave(kind, ctx->ret);                                       \
	}                                                                           \
	SEC("fentry")                                                               \
	int fentry_##call(__u64 *ctx)                                               \
	{                                                                           \
		struct pt_regs *regs = (void *)ctx[0];                              \
                                                                                    \
		return enter(kind, kind == TRACE_UNLOAD ? PT_REGS_PARM1(regs) : 0); \
	}                                                                           \
	SEC("fexit")                                                                \
	int fexit_##call(__u64 *ctx)                                                \
	{                                                                           \
		return leave(kind, ctx[1]);                                         \
	}

CALL_PROGRAMS(delete_module, TRACE_UNLOAD)
CALL_PROGRAMS(finit_module, TRACE_LOAD)
CALL_PROGRAMS(init_module, TRACE_LOAD)

/* The same of 32-bit callers. Few are left: a kprobe does, whatever else is used. */
#ifdef __TARGET_ARCH_x86
#define COMPAT_PROGRAMS(call, kind)                                             \
	SEC("kprobe")                                                           \
	int kprobe_compat_##call(struct pt_regs *ctx)                           \
	{                                                                       \
		const struct pt_regs *regs = (void *)PT_REGS_PARM1(ctx);        \
		__u64 name = 0;                                                 \
                                                                                \
		if (kind == TRACE_UNLOAD)                                       \
			bpf_probe_read_kernel(&name, sizeof(name), &regs->rbx); \
		return enter(kind, (__u32)name);                                \
	}                                                                       \
	SEC("kretprobe")                                                        \
	int kretprobe_compat_##call(struct pt_regs *ctx)                        \
	{                                                                       \
		return leave(kind, (int)PT_REGS_RC(ctx));                       \
	}

COMPAT_PROGRAMS(delete_module, TRACE_UNLOAD)
COMPAT_PROGRAMS(finit_module, TRACE_LOAD)
COMPAT_PROGRAMS(init_module, TRACE_LOAD)
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
