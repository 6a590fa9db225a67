/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What refcost.ko and the refcost command say to each other: ioctls on /dev/refcost.
 *
 * Every structure begins with its own size, which must match exactly (else EINVAL), and the module
 * tells its ABI number in REFCOST_IOC_INFO, so that a command and a module of different builds
 * refuse each other with a clear line instead of misreading numbers. All times are nanoseconds of
 * CLOCK_MONOTONIC. Nothing here is averaged or judged: raw counts, per worker and window.
 */
#ifndef REFCOST_UAPI_H
#define REFCOST_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define REFCOST_ABI	       7
#define REFCOST_DEVICE	       "/dev/refcost"
#define REFCOST_NAME_MAX       32
#define REFCOST_OBJECTS_MAX    4096
#define REFCOST_EVENTS_MAX     16
#define REFCOST_TIMES_MAX      65536	    /* batches of a worker whose times are kept */
#define REFCOST_HOLD_MAX       100000000ULL /* 100 ms */
#define REFCOST_EXACT_HOLD_MAX 100000ULL  /* 100 us: a batch of an exact run cannot be broken off */
#define REFCOST_WINDOW_MIN     1000000ULL /* 1 ms */
#define REFCOST_WINDOW_MAX     60000000000ULL /* 60 s, for warm-up and window each */

/* What one operation of the loop is. */
enum refcost_mode {
	REFCOST_GETPUT, /* the bare get and put of an object in hand */
	REFCOST_LOOKUP, /* find the object in the registry, get, call the victim, put */
	REFCOST_MODES,
};

/* What shares a cache line with the count in an object; the victim's parameter of that name. */
enum refcost_layout {
	REFCOST_OWN,	    /* nothing that anybody touches */
	REFCOST_READMOSTLY, /* the object's key and operations, which every use reads */
	REFCOST_PAIR,	    /* the count of another object: 0 and 1, 2 and 3, ... */
	REFCOST_LAYOUTS,
};

/**
 * struct refcost_info - the module and the machine as the module sees it
 * @size: sizeof(struct refcost_info)
 * @abi: out: REFCOST_ABI of the module
 * @hz: out: ticks a second
 * @nr_objects: out: objects that the victim has registered and that live, 0 if it is not loaded
 * @layout: out: enum refcost_layout of these
 * @node: out: the NUMA node that all of them lie on, -1 if there are several or none
 * @clock_read_ps: out: cost of one reading of the clock, picoseconds
 * @clock_step_ns: out: smallest step seen between two differing readings, ns
 * @violations: out: calls that found the victim's text already given up, since the module was
 *	loaded
 */
struct refcost_info {
	__u32 size;
	__u32 abi;
	__u32 hz;
	__u32 nr_objects;
	__u32 layout;
	__s32 node;
	__u64 clock_read_ps;
	__u64 clock_step_ns;
	__u64 violations;
};

/**
 * struct refcost_worker_result - one worker in one window
 * @cpu: where it ran, from first to last instruction
 * @pad: 0
 * @arrive_ns: when it checked in at the barrier
 * @go_ns: when it came out of the barrier
 * @start_ns: its first clock reading inside the window
 * @end_ns: its last one
 * @ops: operations between the two, failed ones included
 * @failed: gets between the two that were refused
 * @total: operations from warm-up to exit: what conservation is checked against
 * @batch: operations between two clock readings
 * @gap_ns: time between start and end in which the worker did not run: it waited for its CPU, which
 *	another task had taken, or a hypervisor had that (steal). With REFCOST_RUN_EMULATED: of
 *	batches that took at least 1 ms and eight times the shortest, what they took longer than
 *	that one
 * @gaps: how many batches that was in
 * @batches: how many batches there were between start and end
 * @exact_n: exact runs: operations in the shorter timed batch (the longer has twice as many)
 * @exact_short_ns: exact runs: least time of the shorter batch
 * @exact_long_ns: exact runs: least time of the longer batch
 */
struct refcost_worker_result {
	__u32 cpu;
	__u32 pad;
	__u64 arrive_ns;
	__u64 go_ns;
	__u64 start_ns;
	__u64 end_ns;
	__u64 ops;
	__u64 failed;
	__u64 total;
	__u64 batch;
	__u64 gap_ns;
	__u64 gaps;
	__u64 batches;
	__u64 exact_n;
	__u64 exact_short_ns;
	__u64 exact_long_ns;
};

/**
 * struct refcost_event - what is counted besides operations, as perf_event_open(2) knows it
 * @type: PERF_TYPE_HARDWARE, PERF_TYPE_SOFTWARE, PERF_TYPE_HW_CACHE or PERF_TYPE_RAW
 * @error: out: 0, or the errno with which the kernel refused to count it for one of the workers; it
 *	was then counted for none
 * @config: as in struct perf_event_attr
 */
struct refcost_event {
	__u32 type;
	__s32 error;
	__u64 config;
};

/**
 * struct refcost_event_count - one event of one worker, inside its window and while it had the CPU
 * @count: how often, or ns where the event is a clock; of @running_ns alone
 * @enabled_ns: time for which it was to be counted
 * @running_ns: time for which it was: less where events take turns on a counter, 0 where it got
 *	none
 */
struct refcost_event_count {
	__u64 count;
	__u64 enabled_ns;
	__u64 running_ns;
};

/* refcost_run.flags */
#define REFCOST_RUN_EXACT \
	1u /* one worker; two batch sizes timed again and again, least times kept */
#define REFCOST_RUN_BYSTANDER \
	2u /* a load's last worker looks up an object of another module under the same scheme */
#define REFCOST_RUN_EARLY \
	4u /* a load that begins before its victim is loaded: users are waiting for the objects */
#define REFCOST_RUN_ONE_PHASE \
	8u /* with EARLY: objects are listed first, and go live when the module's init() is over */
#define REFCOST_RUN_EMULATED \
	16u /* a run on a machine that is not told when it does not run: long batches are gaps */
#define REFCOST_RUN_FLAGS      31u

#define REFCOST_OBJECTS_PERCPU 0u

/**
 * struct refcost_run - one sample: a scheme, on some CPUs, for one window (also what a load runs)
 * @size: sizeof(struct refcost_run)
 * @flags: REFCOST_RUN_*
 * @scheme: name
 * @mode: enum refcost_mode
 * @objects: 1: all workers share one, or in REFCOST_PAIR every other worker has the second;
 *	REFCOST_OBJECTS_PERCPU: each worker has its own; more: drawn at random out of so many
 * @nr_cpus: workers, one a CPU
 * @late_worker: for tests of the barrier: this worker checks in @late_ns after it started
 * @cpus: user pointer to __u32[nr_cpus]
 * @warmup_ns: from the barrier to the opening of the window
 * @window_ns: length of the window
 * @hold_ns: time spent in the victim's text between get and put, at most REFCOST_HOLD_MAX, or
 *	REFCOST_EXACT_HOLD_MAX in an exact run
 * @think_ns: a load: time between a put and the next get
 * @seed: of the draws of objects
 * @late_ns: see @late_worker; 0: nobody is late
 * @results: user pointer to struct refcost_worker_result[nr_cpus]; unused for a load
 * @events: user pointer to struct refcost_event[nr_events], whose errors are filled in; not for a
 *	load, and not with REFCOST_RUN_EXACT
 * @counts: user pointer to struct refcost_event_count[nr_cpus][nr_events]
 * @times: user pointer to __u32[nr_cpus][nr_times]: how long each worker's batches took, in their
 *	order, ns, the first @nr_times of them; not for a load, and not with REFCOST_RUN_EXACT
 * @nr_events: up to REFCOST_EVENTS_MAX
 * @nr_times: up to REFCOST_TIMES_MAX
 * @bad_cpu: out: the CPU that ended the run with ENODEV
 * @counter_offset: out: offset in its cache line of the count that the first worker uses
 * @counter_node: out: NUMA node of that count, -1 where there is none
 * @pad: 0
 * @balance: out: references left over after all workers were out; other than 0 comes with EUCLEAN
 * @violations: out: calls during this run that found the victim's text given up
 */
struct refcost_run {
	__u32 size;
	__u32 flags;
	char scheme[REFCOST_NAME_MAX];
	__u32 mode;
	__u32 objects;
	__u32 nr_cpus;
	__u32 late_worker;
	__u64 cpus;
	__u64 warmup_ns;
	__u64 window_ns;
	__u64 hold_ns;
	__u64 think_ns;
	__u64 seed;
	__u64 late_ns;
	__u64 results;
	__u64 events;
	__u64 counts;
	__u64 times;
	__u32 nr_events;
	__u32 nr_times;
	__s32 bad_cpu;
	__u32 counter_offset;
	__s32 counter_node;
	__u32 pad;
	__s64 balance;
	__u64 violations;
};

/**
 * struct refcost_gate - one attempt of the scheme's own unload step
 * @size: sizeof(struct refcost_gate)
 * @busy: out: 0, or the errno with which the scheme refuses (EWOULDBLOCK, EBUSY)
 * @ns: out: time spent in the gate
 */
struct refcost_gate {
	__u32 size;
	__s32 busy;
	__u64 ns;
};

/**
 * struct refcost_load_stat - what the load workers have seen so far
 * @size: sizeof(struct refcost_load_stat)
 * @stopped_cpu: out: CPU whose going offline ended the load, or -1
 * @ops: out: lookups, all workers
 * @failed: out: lookups that got no reference
 * @stall_calm_ns: out: longest time between two finished lookups of one worker, before the first
 *	gate
 * @stall_unload_ns: out: the same, since the first gate
 * @balance: out of REFCOST_IOC_LOAD_STOP: as in struct refcost_run; 0 if the victim is gone
 * @violations: out: as in struct refcost_run
 * @refused: out: lookups that found the object and were refused a reference, where the scheme can
 *	tell (per-CPU counts with a state); part of @failed
 * @bystander_ops: out: lookups of the other module's object, with REFCOST_RUN_BYSTANDER; the fields
 *	above leave that worker out
 * @bystander_failed: out: those of them that got no reference
 * @bystander_calm_ns: out: as @stall_calm_ns, of that worker
 * @bystander_unload_ns: out: as @stall_unload_ns, of that worker
 * @listed_ns: out: with REFCOST_RUN_EARLY: when the victim's objects could be found first, else 0
 * @live_ns: out: with REFCOST_RUN_EARLY: when they could be used, else 0
 * @bind_ns: out: time in which the scheme set its counts up in all objects; 0 with
 *	REFCOST_RUN_EARLY
 * @unbind_ns: out: time in which exit() of the victim released the objects that were left, and the
 *	scheme took its counts down
 */
struct refcost_load_stat {
	__u32 size;
	__s32 stopped_cpu;
	__u64 ops;
	__u64 failed;
	__u64 stall_calm_ns;
	__u64 stall_unload_ns;
	__s64 balance;
	__u64 violations;
	__u64 refused;
	__u64 bystander_ops;
	__u64 bystander_failed;
	__u64 bystander_calm_ns;
	__u64 bystander_unload_ns;
	__u64 listed_ns;
	__u64 live_ns;
	__u64 bind_ns;
	__u64 unbind_ns;
};

/*
 * RUN: one window; returns when all workers are out.
 * LOAD_START: binds the scheme and starts nr_cpus (possibly 0) lookup workers that go on until
 *	LOAD_STOP or until the descriptor is closed. Only the same descriptor may GATE, UNGATE, STAT
 *	and STOP. With REFCOST_RUN_EARLY there must be no victim yet; the scheme is bound when one
 *	is loaded. While a load without that flag goes on, no other victim can be loaded (EBUSY of
 *	finit_module(2)).
 * GATE: the scheme's unload step, to be followed by delete_module(2). It may be called again after
 *	any outcome. UNGATE: takes a gate back whose delete_module(2) failed, and lists again what a
 *	refused gate may have left unlisted. Objects that a gate has released do not come back.
 *
 * EBUSY: another run or load is going on. EINVAL: a field is out of range. ENOENT: no such scheme.
 * ENXIO: no victim is loaded, or it is being unloaded. ESTALE: a gate has released objects of the
 * victim; load it again. ERANGE: the victim has too few objects. ENODEV: @bad_cpu is or went
 * offline. EEXIST: EARLY, and a victim is loaded. ENOTCONN: the load, if there is one, is not this
 * descriptor's. EOPNOTSUPP: the scheme has no such mode, or no count that the layout could be
 * about. EINTR: a signal ended it. EUCLEAN: counts not conserved. EIO: an earlier call died in the
 * kernel; nothing works until the next boot. EPERM: no CAP_SYS_ADMIN.
 */
#define REFCOST_IOC_INFO       _IOWR('R', 0, struct refcost_info)
#define REFCOST_IOC_RUN	       _IOWR('R', 1, struct refcost_run)
#define REFCOST_IOC_LOAD_START _IOWR('R', 2, struct refcost_run)
#define REFCOST_IOC_LOAD_STAT  _IOWR('R', 3, struct refcost_load_stat)
#define REFCOST_IOC_LOAD_STOP  _IOWR('R', 4, struct refcost_load_stat)
#define REFCOST_IOC_GATE       _IOWR('R', 5, struct refcost_gate)
#define REFCOST_IOC_UNGATE     _IO('R', 6)

#endif
