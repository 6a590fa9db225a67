/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracer: every delete_module(2) on the machine, or those of one module, phase by phase; if
 * asked for, also every finit_module(2) and init_module(2).
 *
 * Needs root, tracefs and Linux 5.8; uses fentry where the kernel has it, kprobes where not, and
 * the tracepoints alone where neither works. A boundary that cannot be watched is merged into the
 * phase that follows and says so. Nothing is left behind when the process ends, however it ends.
 */
#ifndef REFCOST_TRACE_TRACE_H
#define REFCOST_TRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bpf/phases.h"
#include "machine/bpf.h"

enum trace_mech {
	TRACE_AUTO,	   /* fentry, else kprobe, else merged */
	TRACE_KPROBE,	   /* kprobe, else merged */
	TRACE_TRACEPOINTS, /* total and the time until memory is freed, or init() begins: least cost */
};

/**
 * struct trace_opts - what to trace
 * @module: calls on this module only; NULL or "": on any
 * @loads: trace loads as well as unloads
 * @mech: the best mechanism that may be used
 * @pid: calls by this process only; 0: by any
 * @family: and by all that it forks from now on, and they in turn
 * @stacks: keep the stack of each time off the CPU, see trace_sleeps()
 */
struct trace_opts {
	const char *module;
	bool loads;
	enum trace_mech mech;
	pid_t pid;
	bool family;
	bool stacks;
};

/**
 * struct trace_counts - the tracer's account of itself since it was opened
 * @records: records handed over by the kernel
 * @entries: calls that were traced
 * @exits: how many of them returned; less than @entries while one is in flight
 * @dropped: records, and times off the CPU, lost because the buffer was full: poll more often
 * @lost: calls not traced, or tasks not followed, because there were too many
 * @unmatched: calls that began before the tracer did, or in a way that is not watched
 * @seen: threads of the process asked for that ended, if what it forks is followed
 * @missed: programs that the kernel did not run because they were running already
 * @probe_entries: watched functions entered, over all records
 * @probe_exits: and left; the same, or return probes missed
 */
struct trace_counts {
	uint64_t records;
	uint64_t entries;
	uint64_t exits;
	uint64_t dropped;
	uint64_t lost;
	uint64_t unmatched;
	uint64_t seen;
	uint64_t missed;
	uint64_t probe_entries;
	uint64_t probe_exits;
};

/**
 * struct trace_phase - one phase of one call
 * @label: its name; "first..last" of the phases that it holds, if merged
 * @event: the boundary that ends it; the same for this phase in every record of the kind
 * @start: from the start of the call, ns
 * @ns: how long it took, ns
 * @off_ns: of that, off the CPU, ns
 * @merged: boundaries inside it were not seen: it holds more than one phase
 */
struct trace_phase {
	char label[64];
	int event;
	uint64_t start;
	uint64_t ns;
	uint64_t off_ns;
	bool merged;
};

/**
 * struct trace_boundary - how one boundary is watched
 * @label: the phase that ends there; unique
 * @symbol: the function or tracepoint in this kernel, or the one looked for
 * @mechanism: tracepoint, fentry, fexit, kprobe, kretprobe or merged
 * @why: if merged, why; else NULL
 */
struct trace_boundary {
	const char *label;
	const char *symbol;
	const char *mechanism;
	const char *why;
};

/* No more programs than this are attached. */
#define TRACE_PROGS (2 * TRACE_FUNCTIONS + TRACE_KINDS * (4 * TRACE_CALLS + 1) + 5)

struct trace;

/**
 * trace_open() - load and attach
 * @opts: what to trace
 * @err: where a line goes that says what is wrong and what to do
 * @errlen: its size
 *
 * Return: the tracer, or NULL with @err filled and errno set; ENOTSUP if this kernel lacks what
 * is needed.
 */
struct trace *trace_open(const struct trace_opts *opts, char *err, size_t errlen);

/**
 * trace_poll() - wait for records and hand them on
 * @t: the tracer
 * @timeout_ms: how long to wait for the first, ms; 0: take what is there
 * @fn: called for each, in order of completion
 * @arg: its second argument
 *
 * The kernel keeps some 2,000 records (with stacks 4,000, or 16,000 times off the CPU), and wakes the reader when half of them are
 * taken; else records are looked for every 10 ms, and less often, down to every 100 ms, while there
 * are none. What does not fit is counted as dropped.
 *
 * Return: how many records; 0 on timeout or when a signal came; -errno.
 */
int trace_poll(struct trace *t, int timeout_ms,
	       void (*fn)(const struct trace_record *rec, void *arg), void *arg);

/**
 * trace_wake_on() - have trace_poll() return early
 * @t: the tracer
 * @fd: when this can be read; negative: never, as at first
 */
void trace_wake_on(struct trace *t, int fd);

/**
 * trace_counts() - what was traced and what was not
 * @t: the tracer
 * @counts: filled in; exact while no call is in flight
 *
 * Return: 0, or -errno.
 */
int trace_counts(struct trace *t, struct trace_counts *counts);

/**
 * trace_in_flight() - visit the calls that have not returned
 * @t: the tracer
 * @fn: called for each, in no order, with a copy
 * @arg: its second argument
 *
 * Return: 0, or -errno.
 */
int trace_in_flight(struct trace *t, void (*fn)(const struct trace_flight *flight, void *arg),
		    void *arg);

/**
 * trace_phases() - the phases of one call, which add up to its total
 * @rec: the record
 * @out: filled in, in the order of time
 * @cap: the size of @out; TRACE_EVENTS always suffices
 *
 * A call that failed has those phases only that it came to, and a load one more in which the kernel
 * undoes them. Phases which the kernel does not enter in every call (the grace period of a module
 * without trace sites, say) are left out, not merged.
 *
 * Return: how many phases.
 */
size_t trace_phases(const struct trace_record *rec, struct trace_phase *out, size_t cap);

/**
 * trace_now() - the phase that a call in flight is in
 * @flight: the call
 * @now: CLOCK_MONOTONIC, ns
 * @out: filled in, as far as it came
 *
 * If a load that failed is undoing what it did, that is not known yet: it is in the phase after the
 * last that it finished.
 */
void trace_now(const struct trace_flight *flight, uint64_t now, struct trace_phase *out);

/**
 * trace_total() - how long a call took
 * @rec: the record
 *
 * Return: ns.
 */
uint64_t trace_total(const struct trace_record *rec);

/**
 * trace_init_began() - is what a load returned its module's own word?
 * @rec: the record
 *
 * Return: true if the load came to init().
 */
bool trace_init_began(const struct trace_record *rec);

/**
 * trace_failed_in() - the step that a load failed in
 * @rec: the record
 * @buf: filled with one phase's name, or "first or second" if either may have failed
 * @len: its size
 *
 * Return: @buf; NULL if the call is no load, did not fail, or found the module loaded already.
 */
const char *trace_failed_in(const struct trace_record *rec, char *buf, size_t len);

struct sleeps_call;

/**
 * trace_sleeps() - when and where a call was off the CPU
 * @t: the tracer
 * @rec: the record, as trace_poll() hands it over
 *
 * Return: sums by stack, valid until the function that trace_poll() called has returned; NULL if
 * there are none.
 */
const struct sleeps_call *trace_sleeps(const struct trace *t, const struct trace_record *rec);

/**
 * trace_text() - where the code of a call's module was
 * @rec: the record, as trace_poll() hands it over: not a copy
 * @text: set to its address; 0: not known
 * @size: set to its size, bytes
 */
void trace_text(const struct trace_record *rec, uint64_t *text, uint64_t *size);

/**
 * trace_holder() - who held module_mutex when a call began to wait for it
 * @rec: the record
 * @event: the boundary that ends the wait
 *
 * Return: the holder; NULL if there was none, it is not known, or the phase is no wait for it.
 */
const struct trace_holder *trace_holder(const struct trace_record *rec, int event);

/**
 * trace_kind_name() - the kind of a call
 * @kind: of the record
 *
 * Return: "unload" or "load".
 */
const char *trace_kind_name(enum trace_kind kind);

/**
 * trace_is_lock_wait() - is a phase a wait for module_mutex?
 * @kind: of the call
 * @event: the boundary that ends it
 *
 * Return: true if it is.
 */
bool trace_is_lock_wait(enum trace_kind kind, int event);

/**
 * trace_boundary_name() - the phase that ends at a boundary, known without a tracer
 * @kind: of the call
 * @event: the boundary; from 0 up it walks all of them
 *
 * Return: its label, unique in the kind; NULL when there is no such boundary.
 */
const char *trace_boundary_name(enum trace_kind kind, int event);

/**
 * trace_note() - what the tracer could not have and does without
 * @t: the tracer
 *
 * Return: a line; NULL if there is nothing to say.
 */
const char *trace_note(const struct trace *t);

/**
 * trace_boundary() - how a boundary is watched
 * @t: the tracer
 * @kind: of the calls
 * @event: the boundary; from 0 up it walks all of them
 * @out: filled in; valid as long as @t
 *
 * Return: false when there is no such boundary, or the kind is not traced.
 */
bool trace_boundary(const struct trace *t, enum trace_kind kind, int event,
		    struct trace_boundary *out);

/**
 * trace_mechanism() - the mechanism alone
 * @t: the tracer
 * @kind: of the calls
 * @event: the boundary
 *
 * Return: as in struct trace_boundary.
 */
const char *trace_mechanism(const struct trace *t, enum trace_kind kind, int event);

/**
 * trace_stats_enable() - have the kernel time BPF programs until trace_close()
 * @t: the tracer
 *
 * Timing costs two clock readings a program run: keep it out of runs whose times count.
 *
 * Return: 0, or -errno (Linux before 5.8 cannot).
 */
int trace_stats_enable(struct trace *t);

/**
 * trace_prog_stats() - what the attached programs cost so far
 * @t: the tracer
 * @out: filled in
 * @cap: the size of @out; TRACE_PROGS always suffices
 *
 * Return: how many programs.
 */
size_t trace_prog_stats(const struct trace *t, struct bpf_cost *out, size_t cap);

/**
 * trace_close() - detach and free
 * @t: the tracer, or NULL
 */
void trace_close(struct trace *t);

#endif
