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
#define MAX_IN_FLIGHT	    1024
#define MAX_FAMILY	    8192
#define MUTEX_FLAGS	    7 /* in the owner's word */

char LICENSE[] SEC("license") = "GPL";

/* Found and set before loading, by the name of its section. */
const volatile struct trace_config config SEC(".rodata.config") = {};

static const struct trace_flight blank;

/* User space reads it while calls are in flight: it is all that there is in .bss. */
static struct trace_flights flights;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_IN_FLIGHT);
	__type(key, __u64); /* address of the task */
	__type(value, struct trace_flight);
} calls SEC(".maps");

/* Tasks that descend from the one asked for; user space makes it small where it is not used. */
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
struct trace_tally counts SEC(".data.counts") = {};

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

static __always_inline void add(__u64 *tally, __u64 n)
{
	__sync_fetch_and_add(tally, n);
}

static __always_inline struct trace_flight *slot_of(__u64 task)
{
	return &flights.slots[(task * 0x9e3779b97f4a7c15) >> 32 & (TRACE_SLOTS_IN_FLIGHT - 1)];
}

static __always_inline struct trace_flight *find(__u64 task)
{
	struct trace_flight *c;

	if (!*(volatile __u32 *)&flights.nr)
		return NULL;
	c = slot_of(task);
	if (c->task == task)
		return c;
	if (!*(volatile __u32 *)&flights.nr_displaced)
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
static __noinline int is_module(const struct trace_flight *c, __u64 mod)
{
	char name[TRACE_NAME_LEN] = {};

	return !c->name && config.name_at >= 0 &&
	       bpf_probe_read_kernel_str(name, sizeof(name),
					 (const void *)(unsigned long)(mod + config.name_at)) > 1 &&
	       same_name(name, c->rec.module);
}

static __noinline int keep_name(struct trace_flight *c, __u64 name)
{
	if (!c->rec.module[0])
		bpf_probe_read_kernel_str(c->rec.module, sizeof(c->rec.module),
					  (const void *)(unsigned long)name);
	return 0;
}

static __always_inline void learn_name(struct trace_flight *c, __u64 mod)
{
	if (config.name_at >= 0)
		keep_name(c, mod + config.name_at);
}

/* The page with the name may be absent at first; once the kernel has copied it, it is not. */
static __noinline int try_name(struct trace_flight *c)
{
	if (bpf_probe_read_user_str(c->rec.module, sizeof(c->rec.module),
				    (const void *)(unsigned long)c->name) > 0)
		c->name = 0;
	return 0;
}

static __always_inline void read_name(struct trace_flight *c)
{
	if (c->name)
		try_name(c);
}

static __always_inline void keep_text(struct trace_flight *c, __u64 mod)
{
	if (config.text_at < 0)
		return;
	bpf_probe_read_kernel(&c->text, sizeof(c->text),
			      (const void *)(unsigned long)(mod + config.text_at));
	bpf_probe_read_kernel(&c->text_size, sizeof(__u32),
			      (const void *)(unsigned long)(mod + config.text_size_at));
}

/* The verifier knows where that is. */
static __always_inline __u64 *time_at(const struct trace_record *rec, __u64 at)
{
	return (void *)rec + at;
}

#define OFF_NS (offsetof(struct trace_record, off_ns) / sizeof(__u64)) /* from the time on */

static __always_inline void pass(struct trace_flight *c, const volatile struct trace_step *b,
				 __u64 now)
{
	__u64 at = b->at, *ts = time_at(&c->rec, at);

	if (config.stacks)
		c->last = at / sizeof(*ts);
	ts[0] = now;
	ts[OFF_NS] = c->off_ns;
	c->off_ns = 0;
	c->open = b->opens;
	/* A program that has taken the time may be preempted: that sleep is in the next phase. */
	if (c->off_since > now) {
		ts[OFF_NS] -= c->slept;
		c->off_ns = c->slept;
	}
}

/* What a program is given. */
enum context { BY_REGISTERS, BY_ARGUMENTS, BY_NOTHING };

/* The compiler may not add to the context's address, nor read what the function does not have. */
#define READ(ctx, at)                                               \
	({                                                          \
		__u64 value;                                        \
                                                                    \
		asm volatile("%0 = *(u64 *)(%1 + %2)"               \
			     : "=r"(value)                          \
			     : "r"(ctx), "i"((unsigned long)(at))); \
		value;                                              \
	})
#define NO_REGISTERS ((struct pt_regs *)0)
#define ARGUMENT(ctx, by, n)                                                \
	((by) == BY_NOTHING	? 0                                         \
	 : (by) == BY_REGISTERS ? READ(ctx, &PT_REGS_PARM##n(NO_REGISTERS)) \
				: READ(ctx, ((n)-1) * sizeof(__u64)))

static __always_inline bool is_notice(const struct trace_flight *c, __u64 list, __u64 mod)
{
	return config.module_notify_list ? config.module_notify_list == list : is_module(c, mod);
}

/* Arguments are read where a filter asks for them alone: the verifier knows their number. */
static __always_inline bool accept(struct trace_flight *c, enum trace_filter filter, void *ctx,
				   enum context by)
{
	__u64 lock;

	switch (filter) {
	case FILTER_ANY:
		return true;
	case FILTER_LEARN:
		lock = ARGUMENT(ctx, by, 1);
		if (lock && !config.module_mutex)
			c->mutex = flights.learnt_mutex = lock;
		return !lock || c->mutex == lock;
	case FILTER_LOCK:
	case FILTER_WAIT:
		return c->mutex == ARGUMENT(ctx, by, 1);
	case FILTER_GOING:
		return ARGUMENT(ctx, by, 2) == MODULE_STATE_GOING &&
		       is_notice(c, ARGUMENT(ctx, by, 1), ARGUMENT(ctx, by, 3));
	case FILTER_COMING:
		return ARGUMENT(ctx, by, 2) == MODULE_STATE_COMING &&
		       ARGUMENT(ctx, by, 3) == MODULE_STATE_GOING &&
		       (!config.module_notify_list ||
			config.module_notify_list == ARGUMENT(ctx, by, 1));
	case FILTER_LIVE:
		return ARGUMENT(ctx, by, 2) == MODULE_STATE_LIVE &&
		       is_notice(c, ARGUMENT(ctx, by, 1), ARGUMENT(ctx, by, 3));
	case FILTER_MODULE1:
		learn_name(c, ARGUMENT(ctx, by, 1));
		return true;
	case FILTER_MODULE2:
		learn_name(c, ARGUMENT(ctx, by, 2));
		return true;
	case FILTER_NAME1:
		keep_name(c, ARGUMENT(ctx, by, 1));
		return true;
	}
	return false;
}

/*
 * A holder that is traced is known here; of any other one only what the kernel's BTF tells to find.
 */
static __noinline int note_holder(struct trace_flight *c, __u64 lock)
{
	struct trace_holder *h = &c->rec.holder[lock];
	const struct trace_flight *other;
	__u64 owner = 0;

	if (lock >= TRACE_LOCKS || config.owner_at < 0 || !c->mutex ||
	    bpf_probe_read_kernel(&owner, sizeof(owner),
				  (const void *)(unsigned long)(c->mutex + config.owner_at)))
		return 0;
	owner &= ~(__u64)MUTEX_FLAGS;
	if (!owner)
		return 0;
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
	return 0;
}

/* What a function, or a tracepoint of waits, passes as it begins. */
static __always_inline void begin_row(struct trace_flight *c, const volatile struct trace_step *b,
				      __u64 bit, void *ctx, enum context by)
{
	__u32 where;

	if (!(c->open & bit)) {
		if (c->awaited == bit)
			c->nested++;
		return;
	}
	where = b->where;
	read_name(c);
	if (!accept(c, b->filter, ctx, by))
		return;
	if (where == AT_ENTRY) {
		pass(c, b, bpf_ktime_get_ns());
		return;
	}
	if (where == AT_RETURN) {
		c->awaited = bit;
		c->open = 0;
		c->rec.entries++;
	}
	if (b->lock < TRACE_LOCKS)
		note_holder(c, b->lock);
}

/* And as it ends. */
static __always_inline void end_row(struct trace_flight *c, const volatile struct trace_step *b,
				    __u64 bit, void *ctx, enum context by)
{
	if (b->where == AT_END) {
		if (c->open & bit && accept(c, b->filter, ctx, by))
			pass(c, b, bpf_ktime_get_ns());
		return;
	}
	if (c->awaited != bit)
		return;
	if (c->nested) {
		c->nested--;
		return;
	}
	c->awaited = 0;
	c->rec.exits++;
	pass(c, b, bpf_ktime_get_ns());
}

static __always_inline void do_row(struct trace_flight *c, const volatile struct trace_step *b,
				   __u64 bit, enum trace_end end, void *ctx, enum context by)
{
	if (end == ON_ENTRY)
		begin_row(c, b, bit, ctx, by);
	else
		end_row(c, b, bit, ctx, by);
}

/* Keeps the compiler from working out each row's address again for each of its members. */
#define hide(pointer) asm volatile("" : "+r"(pointer))

/*
 * The first rows stand alone, and few programs have more: the verifier knows each value there, and
 * takes out all branches.
 */
static __always_inline void do_rows(struct trace_flight *c, int slot, enum trace_end end, void *ctx,
				    enum context by)
{
	const volatile struct trace_step *b = config.rows[slot][end];
	__u64 bit, more;
	int i;

#pragma unroll
	for (i = 0; i < 4; i++) {
		bit = b[i].bit;
		if (!bit)
			return;
		if (i == 1) {
			more = config.more[slot][end];
			if (more && !((c->open | c->awaited) & more))
				return;
		}
		do_row(c, &b[i], bit, end, ctx, by);
	}
	b += 4;
#pragma clang loop unroll(disable)
	for (i = 4; i < TRACE_SLOT_ROWS; i++, b++) {
		hide(b);
		bit = b->bit;
		if (!bit)
			return;
		do_row(c, b, bit, end, ctx, by);
	}
}

/*
 * Functions of every mutex are the busiest here, and other mutexes than ours nearly all of their
 * calls.
 */
static __always_inline bool is_other_mutex(__u64 mutex)
{
	__u64 ours = config.module_mutex;

	return ours && ours != mutex;
}

static __always_inline int function(int slot, enum trace_end end, void *ctx, enum context by)
{
	struct trace_flight *c;

	if (by != BY_NOTHING && config.is_mutex[slot] && is_other_mutex(ARGUMENT(ctx, by, 1)))
		return 0;
	c = find(bpf_get_current_task());
	if (c)
		do_rows(c, slot, end, ctx, by);
	return 0;
}

/* Whose module_mutex that is: of the call that this task is in, if it is. */
static __always_inline struct trace_flight *find_waiter(__u64 mutex)
{
	struct trace_flight *c;

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
	struct trace_flight *c = find_waiter(ctx->args[0]);

	if (!c || c->waiting)
		return 0;
	c->waiting = true;
	do_rows(c, SLOT_WAIT, ON_ENTRY, ctx, BY_ARGUMENTS);
	return 0;
}

/* Arguments: the lock, and what came of it. */
SEC("raw_tp/contention_end")
int contention_end(struct bpf_raw_tracepoint_args *ctx)
{
	struct trace_flight *c = find_waiter(ctx->args[0]);

	if (!c)
		return 0;
	c->waiting = false;
	do_rows(c, SLOT_WAIT, ON_RETURN, ctx, BY_ARGUMENTS);
	return 0;
}

#define FUNCTION_PROGRAMS(slot)                                      \
	SEC("fentry")                                                \
	int fentry_##slot(__u64 *ctx)                                \
	{                                                            \
		return function(slot, ON_ENTRY, ctx, BY_ARGUMENTS);  \
	}                                                            \
	SEC("kprobe")                                                \
	int kprobe_##slot(struct pt_regs *ctx)                       \
	{                                                            \
		return function(slot, ON_ENTRY, ctx, BY_REGISTERS);  \
	}                                                            \
	SEC("fexit")                                                 \
	int fexit_##slot(__u64 *ctx)                                 \
	{                                                            \
		return function(slot, ON_RETURN, ctx, BY_ARGUMENTS); \
	}                                                            \
	SEC("kretprobe")                                             \
	int kretprobe_##slot(struct pt_regs *ctx)                    \
	{                                                            \
		return function(slot, ON_RETURN, ctx, BY_NOTHING);   \
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
	__u8 one = 1;
	int refs = 0;

	if (!is_wanted(task) || !is_target_module(mod))
		return;
	if (kind == TRACE_UNLOAD &&
	    (config.refcnt_at < 0 ||
	     bpf_probe_read_kernel(&refs, sizeof(refs),
				   (const void *)(unsigned long)(mod + config.refcnt_at)) ||
	     refs))
		return;
	add(&counts.unmatched, 1);
	bpf_map_update_elem(&strays, &task, &one, BPF_ANY);
}

/* The tracepoint that a kind has of the system "module": its first argument is the module. */
static __always_inline int module_passes(enum trace_kind kind, struct bpf_raw_tracepoint_args *ctx)
{
	const volatile struct trace_step *b = config.rows[SLOT_MODULE + kind][ON_ENTRY];
	struct trace_flight *c = find(bpf_get_current_task());

	if (!c) {
		note_unmatched(kind, ctx->args[0]);
		return 0;
	}
	if (config.stacks && c->rec.kind == kind)
		keep_text(c, ctx->args[0]);
	if (c->open & b->bit && accept(c, b->filter, ctx, BY_ARGUMENTS))
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
static __always_inline struct trace_flight *claim(__u64 task)
{
	struct trace_flight *c = slot_of(task);

	__sync_fetch_and_add(&c->claims, 1);
	if (*(volatile __u32 *)&c->claims == 1)
		return c;
	__sync_fetch_and_add(&c->claims, -1);
	if (bpf_map_update_elem(&calls, &task, &blank, BPF_ANY))
		return NULL;
	__sync_fetch_and_add(&flights.nr_displaced, 1);
	return bpf_map_lookup_elem(&calls, &task);
}

static __always_inline void release(struct trace_flight *c, __u64 task)
{
	if (c->claims) {
		c->task = 0;
		__sync_fetch_and_add(&c->claims, -1);
	} else {
		bpf_map_delete_elem(&calls, &task);
		__sync_fetch_and_add(&flights.nr_displaced, -1);
	}
}

/*
 * A slot holds what its last owner left: of that, clear what does not mean something by itself.
 * Each call passes both ends. Where few boundaries are watched, most of a record is not used.
 */
static __always_inline void clear(struct trace_flight *c, enum trace_kind kind)
{
	int i;

	if (!config.kinds[kind].few) {
		for (i = 0; i < TRACE_LOCKS; i++)
			c->rec.holder[i].pid = 0;
	}
	c->rec.flags = c->rec.entries = c->rec.exits = 0;
	c->rec.module[0] = '\0';
	c->off_since = c->off_ns = 0;
	c->awaited = 0;
	c->nested = c->waiting = 0;
}

/*
 * A call begins. @name is where its caller keeps the module's name; 0: the kernel will tell.
 *
 * A task that died in a call left its record behind: begin again.
 */
static __always_inline int enter(enum trace_kind kind, __u64 name)
{
	__u64 now = bpf_ktime_get_ns(), task = bpf_get_current_task(), id;
	struct trace_flight *c = find(task);

	if (c) {
		__sync_fetch_and_add(&flights.nr, -1);
		release(c, task);
	}
	if (!is_wanted(task))
		return 0;
	c = claim(task);
	if (!c) {
		add(&counts.lost, 1);
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
		c->text = c->text_size = 0;
	id = bpf_get_current_pid_tgid();
	c->rec.kind = kind;
	c->rec.pid = id;
	c->rec.tgid = id >> 32;
	c->rec.enabled = config.kinds[kind].enabled;
	c->mutex = config.module_mutex ?: flights.learnt_mutex;
	bpf_get_current_comm(c->rec.comm, sizeof(c->rec.comm));
	if (config.kinds[kind].waits_first)
		note_holder(c, 0);
	pass(c, config.rows[SLOT_ENTER + kind][ON_ENTRY], now);
	c->task = task;
	add(&counts.entries, 1);
	__sync_fetch_and_add(&flights.nr, 1);
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
					  __u64 at)
{
	__u64 *into = time_at(to, at), *ts = time_at(rec, at);

	into[0] = ts[0];
	into[OFF_NS] = ts[OFF_NS];
}

static __always_inline void copy_four(struct trace_record *to, const struct trace_record *rec,
				      __u32 ev)
{
	__builtin_memcpy(&to->ts[ev], &rec->ts[ev], 4 * sizeof(to->ts[0]));
	__builtin_memcpy(&to->off_ns[ev], &rec->off_ns[ev], 4 * sizeof(to->off_ns[0]));
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
		to->ts[0] = rec->ts[0];
		copy_boundary(to, rec, k->marked_at);
		copy_boundary(to, rec, config.rows[SLOT_EXIT + kind][ON_ENTRY][0].at);
		return;
	}
#pragma unroll
	for (i = 0; i < TRACE_EVENTS; i += 4)
		if (i < nr)
			copy_four(to, rec, i);
#pragma unroll
	for (i = 0; i < TRACE_LOCKS; i++) {
		to->holder[i].pid = 0;
		if (rec->holder[i].pid)
			to->holder[i] = rec->holder[i];
	}
}

static __always_inline bool put_stacked(struct trace_flight *c, enum trace_kind kind)
{
	struct trace_stacked *full = bpf_ringbuf_reserve(&records, sizeof(*full), 0);

	if (!full)
		return false;
	c->rec.flags |= TRACE_STACKED;
	copy_record(&full->rec, &c->rec, kind);
	full->text = c->text;
	full->text_size = c->text_size;
	bpf_ringbuf_submit(full, wakeup());
	return true;
}

static __always_inline bool put_record(struct trace_flight *c, enum trace_kind kind)
{
	struct trace_record *rec;

	if (config.stacks)
		return put_stacked(c, kind);
	rec = bpf_ringbuf_reserve(&records, sizeof(*rec), 0);
	if (!rec)
		return false;
	copy_record(rec, &c->rec, kind);
	bpf_ringbuf_submit(rec, wakeup());
	return true;
}

static __always_inline void emit(struct trace_flight *c, enum trace_kind kind)
{
	struct trace_record *rec = &c->rec;

	if (rec->entries != rec->exits)
		rec->flags |= TRACE_UNPAIRED;
	add(&counts.probe_entries, rec->entries);
	add(&counts.probe_exits, rec->exits);
	add(put_record(c, kind) ? &counts.records : &counts.dropped, 1);
}

/*
 * It ends. What it was about is not known of every load that fails: with a target, those are left
 * out.
 */
static __always_inline int leave(enum trace_kind kind, __s64 ret)
{
	__u64 now = bpf_ktime_get_ns(), task = bpf_get_current_task();
	struct trace_flight *c;

	c = find(task);
	if (!c) {
		/* with a target, other modules are not looked at */
		if (bpf_map_delete_elem(&strays, &task) && !config.target[0] && is_wanted(task))
			add(&counts.unmatched, 1);
		return 0;
	}
	read_name(c);
	pass(c, config.rows[SLOT_EXIT + kind][ON_ENTRY], now);
	c->rec.ret = ret;
	add(&counts.exits, 1);
	if (c->name || is_target(c->rec.module))
		emit(c, kind);
	release(c, task);
	__sync_fetch_and_add(&flights.nr, -1);
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

/* Far more of these fit the buffer than a machine has between two looks of its reader. */
static __always_inline void put_sleep(const struct trace_flight *c, __u64 slept)
{
	struct trace_sleep *s = bpf_ringbuf_reserve(&records, sizeof(*s), 0);

	if (!s) {
		add(&counts.dropped, 1);
		return;
	}
	s->call = c->rec.ts[0];
	s->since = c->off_since;
	s->ns = slept;
	s->pid = c->rec.pid;
	s->after = c->last;
	__builtin_memcpy(s->ips, c->ips, sizeof(s->ips));
	bpf_ringbuf_submit(s, BPF_RB_NO_WAKEUP);
}

/* Arguments: preempt, the task that leaves, the task that comes. */
SEC("raw_tp/sched_switch")
int sched_switch(struct bpf_raw_tracepoint_args *ctx)
{
	struct trace_flight *c;
	__u64 slept;

	if (!*(volatile __u32 *)&flights.nr)
		return 0;
	c = find(ctx->args[1]);
	if (c) {
		c->off_since = bpf_ktime_get_ns();
		c->slept = 0;
		if (config.stacks)
			bpf_get_stack(ctx, c->ips, sizeof(c->ips), 0);
	}
	c = find(ctx->args[2]);
	if (!c || !c->off_since || c->slept)
		return 0;
	slept = bpf_ktime_get_ns() - c->off_since;
	c->slept = slept;
	c->off_ns += slept;
	if (config.stacks)
		put_sleep(c, slept);
	return 0;
}

/* Arguments: the task that forks, the new one. */
SEC("raw_tp/sched_process_fork")
int sched_process_fork(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 child = ctx->args[1];
	__u8 one = 1;

	if (is_family(ctx->args[0]) && bpf_map_update_elem(&family, &child, &one, BPF_ANY))
		add(&counts.lost, 1);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int sched_process_exit(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 task = ctx->args[0];

	bpf_map_delete_elem(&family, &task);
	if (current_tgid() == config.only_tgid)
		add(&counts.seen, 1);
	return 0;
}
