/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inside of a tracer: what its parts share.
 */
#ifndef REFCOST_TRACE_WATCH_H
#define REFCOST_TRACE_WATCH_H

#include <bpf/libbpf.h>

#include "trace/kind.h"
#include "trace/sleeps.h"
#include "trace/trace.h"

#define NAME_LEN 128

/* One candidate of one function, in a form that over 100,000 comparisons can afford. */
struct candidate {
	const char *name;
	size_t len;
	int rank;
	int function;
};

/* Those that programs have numbers for, and behind them the system calls. */
#define NR_FUNCTIONS (TRACE_FUNCTIONS + TRACE_KINDS * TRACE_CALLS)

/**
 * struct function - one that may be watched
 * @symbols: candidates for its name; NULL: there is no such function
 * @name: in this kernel; "" if it has none
 * @rank: later candidates over earlier, plain names over name.isra.0
 * @homonyms: how many symbols have this name
 * @traceable: ftrace can attach to it
 * @in_btf: fentry can, as far as is known
 * @no_fentry: that was tried, and failed
 * @no_kprobe: likewise
 */
struct function {
	const char *symbols;
	char name[NAME_LEN];
	int rank;
	int homonyms;
	bool traceable;
	bool in_btf;
	bool no_fentry, no_kprobe;
};

struct attached {
	struct bpf_link *link;
	struct bpf_program *prog;
	const char *symbol;
};

/**
 * struct watch - how the calls of one kind are watched
 * @table: their boundaries
 * @slot: the number of a boundary's function
 * @waits_traced: the kernel has tracepoints that serve rows which are about waits
 * @mechanism: of each boundary
 * @why: if merged
 * @call_functions: the functions of the system calls, if these are watched so; else ""
 * @enabled: boundaries that are watched
 * @absent: those of steps that this kernel does not have
 */
struct watch {
	const struct trace_table *table;
	int slot[TRACE_EVENTS];
	bool waits_traced;
	const char *mechanism[TRACE_EVENTS];
	const char *why[TRACE_EVENTS];
	char call_functions[TRACE_CALLS * NAME_LEN];
	uint32_t enabled, absent;
};

struct trace {
	enum trace_mech mech;
	pid_t pid;
	bool family, stacks;
	bool trampolines_stay; /* see machine/ksyms.h; else fexit is not safe */
	char tracefs[64];
	struct trace_config config;
	struct candidate candidates[2 * NR_FUNCTIONS];
	size_t nr_candidates;
	struct function functions[NR_FUNCTIONS];
	struct watch watches[TRACE_KINDS];
	size_t nr_watches;
	struct bpf_object *obj;
	struct attached attached[TRACE_PROGS];
	size_t nr_attached;
	struct ring_buffer *ring;
	struct sleeps sleeps;
	void (*fn)(const struct trace_record *rec, void *arg);
	void *arg;
	const char *note;
	int nap_ms, wake_fd;
	int stats_fd;
	char *err;
	size_t errlen;
};

/**
 * is_traced_wait() - is a boundary at one end of a wait that the kernel has tracepoints for?
 * @t: the tracer
 * @w: one of its watches
 * @ev: the boundary
 *
 * Return: true if so; its function is not probed then.
 */
bool is_traced_wait(const struct trace *t, const struct watch *w, int ev);

/**
 * is_function() - is a boundary at one end of a function?
 * @t: the tracer
 * @w: one of its watches
 * @ev: the boundary
 *
 * Return: true if it is; else it is a tracepoint.
 */
bool is_function(const struct trace *t, const struct watch *w, int ev);

/**
 * call_function() - the function that a system call is
 * @t: the tracer
 * @w: one of its watches
 * @call: which
 *
 * Return: the function; without a name if this kernel has none.
 */
struct function *call_function(struct trace *t, const struct watch *w, int call);

/**
 * complain() - say what is wrong to who opens the tracer
 * @t: the tracer
 * @code: errno; EPERM and EACCES win over the words
 * @what: a line
 *
 * Return: -1, with errno set, for callers to return.
 */
int complain(struct trace *t, int code, const char *what);

/**
 * find_tracefs() - where it is, and whether the kernel has the system calls' tracepoints
 * @t: the tracer
 *
 * Return: 0, or as complain().
 */
int find_tracefs(struct trace *t);

/**
 * has_events() - does the kernel have tracepoints?
 * @t: the tracer
 * @system: they are in
 * @events: names with commas between
 *
 * Return: true if it has all of them.
 */
bool has_events(const struct trace *t, const char *system, const char *events);

/**
 * find_symbols() - which functions, addresses and members this kernel has
 * @t: the tracer; functions of its watches and its configuration are filled in
 *
 * Return: 0, or as complain().
 */
int find_symbols(struct trace *t);

/**
 * watch_begin() - load and attach the programs
 * @t: the tracer
 *
 * Return: 0, or as complain().
 */
int watch_begin(struct trace *t);

/**
 * watch_end() - detach and unload them
 * @t: the tracer
 */
void watch_end(struct trace *t);

#endif
