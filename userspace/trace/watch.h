/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inside of a tracer: what its parts share.
 */
#ifndef REFCOST_TRACE_WATCH_H
#define REFCOST_TRACE_WATCH_H

#include <bpf/libbpf.h>

#include "trace/kind.h"
#include "trace/trace.h"

#define NAME_LEN 128

/* One candidate of one function, in a form that over 100,000 comparisons can afford. */
struct candidate {
	const char *name;
	size_t len;
	int rank;
	int function;
};

/*
 * Functions: of a boundary, at the index of its first row; of system calls, behind all boundaries.
 */
#define NR_FUNCTIONS (TRACE_EVENTS + TRACE_CALLS)

struct function {
	char name[NAME_LEN]; /* in this kernel; "" if it has none */
	int rank;	     /* later candidates over earlier, plain names over name.isra.0 */
	int homonyms;	     /* how many symbols have this name */
	bool traceable;	     /* ftrace can attach to it */
	bool in_btf;
	bool no_fentry, no_kprobe; /* tried, and failed */
};

struct attached {
	struct bpf_link *link;
	struct bpf_program *prog;
	const char *symbol;
};

/*
 * What watches the calls of one kind.
 *
 * @waits_traced: the kernel has tracepoints that serve rows which are about waits
 * @mutex_known: and no row has to learn which lock it is
 * @enabled: boundaries that are watched
 * @absent: those of steps that this kernel does not have
 * @call_functions: the functions of the system calls, if these are watched so; else ""
 */
struct watch {
	const struct trace_table *table;
	struct candidate candidates[2 * NR_FUNCTIONS];
	size_t nr_candidates;
	struct function functions[NR_FUNCTIONS];
	bool waits_traced;
	bool mutex_known;
	const char *mechanism[TRACE_EVENTS];
	const char *why[TRACE_EVENTS];
	char call_functions[TRACE_CALLS * NAME_LEN];
	uint32_t enabled, absent;
	struct bpf_object *obj;
	struct attached attached[TRACE_PROGS_KIND];
	size_t nr_attached;
};

struct trace {
	enum trace_mech mech;
	pid_t pid;
	bool family, stacks;
	bool trampolines_stay; /* see machine/ksyms.h; else fexit is not safe */
	char tracefs[64];
	struct trace_config config; /* but for the boundaries, the same for all kinds */
	struct watch watches[TRACE_KINDS];
	size_t nr_watches;
	struct ring_buffer *ring;
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
 * @w: whose table
 * @ev: the boundary
 *
 * Return: true if so; its function is not probed then.
 */
bool is_traced_wait(const struct watch *w, int ev);

/**
 * is_function() - is a boundary at one end of a function?
 * @w: whose table
 * @ev: the boundary
 *
 * Return: true if it is; else it is a tracepoint.
 */
bool is_function(const struct watch *w, int ev);

/**
 * call_function() - the function that a system call is
 * @w: whose table
 * @call: which
 *
 * Return: it; without a name if this kernel has none.
 */
struct function *call_function(struct watch *w, int call);

/**
 * first_row() - rows of one function share its programs, named after the first of them
 * @w: whose table
 * @ev: a row of that function
 *
 * Return: the first; @ev itself for a tracepoint.
 */
int first_row(const struct watch *w, int ev);

/**
 * leads_function() - is a row the first of a function?
 * @w: whose table
 * @ev: the row
 *
 * Return: true if so.
 */
bool leads_function(const struct watch *w, int ev);

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
 * watch_begin() - load and attach the programs for one kind of calls
 * @t: the tracer
 * @w: one of its watches; the first before others
 *
 * Return: 0, or as complain().
 */
int watch_begin(struct trace *t, struct watch *w);

/**
 * watch_end() - detach and unload them
 * @w: the watch
 */
void watch_end(struct watch *w);

/**
 * map_fd() - a map, which all watches of a tracer share
 * @w: one that has begun
 * @name: of the map
 *
 * Return: its file descriptor.
 */
int map_fd(const struct watch *w, const char *name);

#endif
