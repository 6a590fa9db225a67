/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kinds of calls that are traced: the tables of their boundaries, as user space walks them.
 */
#ifndef REFCOST_TRACE_KIND_H
#define REFCOST_TRACE_KIND_H

#include <stdbool.h>

#include "bpf/phases.h"

/**
 * enum trace_need - may a boundary be left out?
 * @REQUIRED: no
 * @OPTIONAL: yes; its phase is merged into the next one
 * @MAYBE: the kernel does not pass it in every call: that is no loss
 * @ADDED: the same, and a kernel without the function does not do what it does: nothing is merged
 */
enum trace_need { REQUIRED, OPTIONAL, MAYBE, ADDED };

/**
 * struct trace_row - one boundary, in the order in which a call passes them
 * @label: the phase that ends here, unique in its table
 * @where: what passes it
 * @filter: which calls of the function count
 * @need: may it be left out?
 * @after: the boundary that must have been passed, as functions are called from init() and exit()
 *	too; NULL: the first
 * @symbols: the function or tracepoint: candidates, separated by commas, newest last; of
 *	AT_SYSCALL, the tracepoints of all calls
 */
struct trace_row {
	const char *label;
	enum trace_where where;
	enum trace_filter filter;
	enum trace_need need;
	const char *after;
	const char *symbols;
};

/**
 * struct trace_call - a system call
 * @name: names the programs
 * @symbols: candidates for the function that it is, with the caller's registers as its argument
 * @compat: what it is to 32-bit callers on a 64-bit kernel, whom the tracepoints of its system calls
 *	leave out
 */
struct trace_call {
	const char *name;
	const char *symbols;
	const char *compat;
};

/**
 * struct trace_table - the boundaries of one kind of calls
 * @name: of the kind
 * @rows: in the order in which a call passes them; the first is its entry, the last its return
 * @nr: how many
 * @calls: system calls of this kind
 * @nr_calls: how many
 * @last_failed: the label of the last boundary that a call which fails may pass
 * @undo: the last phase of a call that fails
 */
struct trace_table {
	const char *name;
	const struct trace_row *rows;
	int nr;
	const struct trace_call *calls;
	int nr_calls;
	const char *last_failed;
	const char *undo;
};

extern const struct trace_table trace_unload, trace_load;
extern const struct trace_table *const trace_tables[TRACE_KINDS];

/**
 * trace_event() - a boundary by the phase that ends there
 * @t: the table
 * @label: of the phase; NULL: the first
 *
 * Return: its number; -1 if there is none.
 */
int trace_event(const struct trace_table *t, const char *label);

/**
 * trace_ends_wait() - does a wait for module_mutex end at a boundary?
 * @row: the boundary
 *
 * Return: true if so.
 */
bool trace_ends_wait(const struct trace_row *row);

/**
 * trace_lock() - which of a call's waits for module_mutex ends at a boundary
 * @t: the table
 * @event: the boundary
 *
 * Return: its number, from 0; TRACE_NO_LOCK if none does.
 */
int trace_lock(const struct trace_table *t, int event);

#endif
