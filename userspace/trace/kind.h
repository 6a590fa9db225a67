/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kinds of calls that are traced: the tables of their boundaries, as user space walks them.
 */
#ifndef REFCOST_TRACE_KIND_H
#define REFCOST_TRACE_KIND_H

#include <stdbool.h>

#include "bpf/phases.h"

enum trace_need { REQUIRED, OPTIONAL, MAYBE, ADDED };

/**
 * struct trace_row - one boundary; phases.h says what the columns are
 * @id: names the programs
 * @label: the phase that ends there
 * @symbols: candidates
 * @where: what is watched
 * @after: the boundary that must have been passed
 * @need: may it be left out?
 * @lock: it ends a wait for module_mutex
 * @wait: only a call of the function that has to wait counts
 * @learn: the same, where the address of module_mutex is known without it
 */
struct trace_row {
	const char *id;
	const char *label;
	const char *symbols;
	enum trace_where where;
	int after;
	enum trace_need need;
	bool lock;
	bool wait;
	bool learn;
};

/**
 * struct trace_call - a system call
 * @name: names the programs
 * @symbols: candidates for the function that it is
 * @compat: what it is to 32-bit callers
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
 * @last_failed: no call that fails passes a later one
 * @undo: the last phase of a call that fails
 */
struct trace_table {
	const char *name;
	const struct trace_row *rows;
	int nr;
	const struct trace_call *calls;
	int nr_calls;
	int last_failed;
	const char *undo;
};

extern const struct trace_table trace_tables[TRACE_KINDS];

#endif
