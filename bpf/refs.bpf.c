// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel half of refcost refs: who takes and gives back references on one module.
 *
 * Gets and puts come from all CPUs at once, from interrupts too, up to millions a second: each adds
 * one to a count that its CPU has alone, and nothing is sent. The add is atomic for the interrupt's
 * sake: kernels before 6.1 let it run the same program in the middle of an add. Maps are
 * preallocated, as these programs run where memory cannot be asked for, and never evict: what finds
 * no room is counted.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "refs.h"

#define MODULE_STATE_LIVE 0
#define MAX_UNLOADING	  1024
#define RING_BYTES	  4096
#define SYSCALL_ARG	  2 /* of both tracepoints: what follows common fields and number */
#define EWOULDBLOCK	  11

char LICENSE[] SEC("license") = "GPL";

/* Set before loading. */
const volatile char module[REFS_NAME_LEN];
const volatile __u32 state_at, name_at; /* in a struct module */
const volatile __u32 module_at;		/* in a struct module_kobject */
const volatile char own[16];		/* the counter's own name: it reads the count as well */

/* Its struct module while it is live; 0: not seen since it was loaded, compare names. */
static volatile __u64 known;

struct module_head {
	__u32 state;
	char name[REFS_NAME_LEN];
};

/* User space sets the number of entries of the first two. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1);
	__type(key, struct refs_key);
	__type(value, struct refs_count);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32); /* thread */
	__type(value, struct refs_task);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct refs_account);
} account SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_UNLOADING);
	__type(key, __u32);   /* thread in delete_module(2) */
	__type(value, __u64); /* the module's name in its memory */
} unloading SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} refusals SEC(".maps");

static __always_inline struct refs_account *beside(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&account, &zero);
}

static __always_inline bool is_name(const char *name)
{
	int i;

	for (i = 0; i < REFS_NAME_LEN && name[i] == module[i]; i++)
		if (!name[i])
			return true;
	return false;
}

static __always_inline bool is_module(__u64 mod, struct module_head *head)
{
	return !bpf_probe_read_kernel(head->name, sizeof(head->name),
				      (const void *)(unsigned long)(mod + name_at)) &&
	       is_name(head->name) &&
	       !bpf_probe_read_kernel(&head->state, sizeof(head->state),
				      (const void *)(unsigned long)(mod + state_at));
}

/*
 * Only a live module's address is kept: it cannot go without passing module_free. One that is being
 * loaded may fail to, unseen, and one that is going has passed it perhaps.
 */
static __always_inline bool is_wanted(__u64 mod)
{
	struct module_head head;
	__u64 at = known;

	if (at)
		return mod == at;
	if (!is_module(mod, &head))
		return false;
	if (head.state == MODULE_STATE_LIVE)
		known = mod;
	return true;
}

/* Slow, and once for each call site and thread. */
static __always_inline struct refs_count *add_key(const struct refs_key *key, __u32 tgid)
{
	struct refs_task task = { .tgid = tgid };
	struct refs_count zero = {};
	__u32 tid = key->tid;

	bpf_map_update_elem(&counts, key, &zero, BPF_NOEXIST);
	bpf_get_current_comm(task.comm, sizeof(task.comm));
	bpf_map_update_elem(&tasks, &tid, &task, BPF_ANY);
	return bpf_map_lookup_elem(&counts, key);
}

static __always_inline int count(const __u64 *args, enum refs_way way)
{
	struct refs_account *lost;
	struct refs_key key = {};
	struct refs_count *c;
	__u64 id;

	if (!is_wanted(args[0]))
		return 0;
	id = bpf_get_current_pid_tgid();
	key.ip = args[1];
	key.tid = id;
	c = bpf_map_lookup_elem(&counts, &key);
	if (!c)
		c = add_key(&key, id >> 32);
	if (c) {
		__sync_fetch_and_add(&c->n[way], 1);
		return 0;
	}
	lost = beside();
	if (lost)
		__sync_fetch_and_add(&lost->lost[way], 1);
	return 0;
}

SEC("raw_tp/module_get")
int on_get(struct bpf_raw_tracepoint_args *ctx)
{
	return count(ctx->args, REFS_GET);
}

SEC("raw_tp/module_put")
int on_put(struct bpf_raw_tracepoint_args *ctx)
{
	return count(ctx->args, REFS_PUT);
}

static __always_inline void forget(__u64 mod)
{
	if (mod == known)
		known = 0;
}

SEC("raw_tp/module_load")
int on_load(struct bpf_raw_tracepoint_args *ctx)
{
	struct refs_account *n = beside();
	struct module_head head;

	forget(ctx->args[0]);
	if (!n || !is_module(ctx->args[0], &head))
		return 0;
	known = 0;
	__sync_fetch_and_add(&n->loads, 1);
	return 0;
}

SEC("raw_tp/module_free")
int on_free(struct bpf_raw_tracepoint_args *ctx)
{
	forget(ctx->args[0]);
	return 0;
}

/* The name is read when the call returns: by then its page is there. */
static __always_inline int begin(__u64 name)
{
	__u32 tid = bpf_get_current_pid_tgid();

	bpf_map_update_elem(&unloading, &tid, &name, BPF_ANY);
	return 0;
}

static __always_inline void tell(__u32 tgid, bool read)
{
	struct refs_account *n = beside();
	struct refs_refusal *r;

	if (n && !read)
		__sync_fetch_and_add(&n->refusals, 1);
	r = bpf_ringbuf_reserve(&refusals, sizeof(*r), 0);
	if (!r)
		return;
	r->ns = bpf_ktime_get_ns();
	r->tgid = tgid;
	r->read = read;
	bpf_get_current_comm(r->comm, sizeof(r->comm));
	bpf_ringbuf_submit(r, 0);
}

static __always_inline int end(__s64 ret)
{
	__u64 id = bpf_get_current_pid_tgid(), *at;
	char name[REFS_NAME_LEN] = {};
	__u32 tid = id;

	at = bpf_map_lookup_elem(&unloading, &tid);
	if (!at)
		return 0;
	if (ret == -EWOULDBLOCK &&
	    bpf_probe_read_user_str(name, sizeof(name), (const void *)(unsigned long)*at) > 0 &&
	    is_name(name))
		tell(id >> 32, false);
	bpf_map_delete_elem(&unloading, &tid);
	return 0;
}

SEC("tp/syscalls/sys_enter_delete_module")
int on_delete(const __u64 *ctx)
{
	return begin(ctx[SYSCALL_ARG]);
}

SEC("tp/syscalls/sys_exit_delete_module")
int on_deleted(const __u64 *ctx)
{
	return end(ctx[SYSCALL_ARG]);
}

static __always_inline bool is_own(void)
{
	char comm[16];
	int i;

	bpf_get_current_comm(comm, sizeof(comm));
	for (i = 0; i < (int)sizeof(comm) && comm[i] == own[i]; i++)
		if (!comm[i])
			return true;
	return i == sizeof(comm);
}

/* kmod reads the count in sysfs, and does not ask the kernel unless it is 0. */
SEC("kprobe/show_refcnt")
int on_show(struct pt_regs *ctx)
{
	struct module_head head;
	__u64 mod = 0;

	bpf_probe_read_kernel(&mod, sizeof(mod), (void *)(PT_REGS_PARM2(ctx) + module_at));
	if (mod && is_module(mod, &head) && !is_own())
		tell(bpf_get_current_pid_tgid() >> 32, true);
	return 0;
}

/* 32-bit callers pass no tracepoint. */
#ifdef __TARGET_ARCH_x86
SEC("kprobe/__ia32_sys_delete_module")
int on_delete_compat(struct pt_regs *ctx)
{
	const struct pt_regs *regs = (void *)PT_REGS_PARM1(ctx);
	__u64 name = 0;

	bpf_probe_read_kernel(&name, sizeof(name), &regs->rbx);
	return begin((__u32)name);
}

SEC("kretprobe/__ia32_sys_delete_module")
int on_deleted_compat(struct pt_regs *ctx)
{
	return end((int)PT_REGS_RC(ctx));
}
#endif
