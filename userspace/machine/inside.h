/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks that are inside a load or an unload of a module now, and what they do there: as /proc has
 * it, whenever they began.
 */
#ifndef REFCOST_MACHINE_INSIDE_H
#define REFCOST_MACHINE_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "machine/ksyms.h"

struct json_object;

/**
 * struct inside - one task
 * @module: which module; "" if not known
 * @loading: it is being loaded; else unloaded
 * @pid: its process
 * @tid: the thread; 0: none was found
 * @command: its name
 * @likely: it runs, so that nothing tells its system call: its command line names the module
 * @state: as in proc(5): R if it runs, D if it sleeps and cannot be killed; 0: there is no such
 *	thread
 * @ns: how long the call lasts so far, ns; 0: not known
 * @age_ns: how long the thread is there, ns; the call lasts no longer; 0: not known
 * @phase: what the call does now; "" if not known
 * @phase_ns: since when, ns; 0: not known
 * @off_ns: of that, off the CPU, ns
 * @stack: what it sleeps in, trimmed by stack_trim(); empty if it is not known
 */
struct inside {
	char module[64];
	bool loading;
	uint32_t pid;
	uint32_t tid;
	char command[17];
	bool likely;
	char state;
	uint64_t ns;
	uint64_t age_ns;
	char phase[64];
	uint64_t phase_ns;
	uint64_t off_ns;
	struct stack stack;
};

/**
 * struct insiders - all that were found; zeroed, it is empty
 * @v: tasks
 * @n: how many
 */
struct insiders {
	struct inside *v;
	size_t n;
};

/**
 * inside_find() - who loads or unloads a module?
 * @list: where to
 * @module: as the kernel spells it
 * @loading: it comes; else it goes
 *
 * A task that sleeps is known by its stack. One that spins has none: if nobody sleeps inside, those
 * count that spend all their time in the kernel and whose command line names the module. If nobody
 * is found at all, what is added has no task.
 */
void inside_find(struct insiders *list, const char *module, bool loading);

/**
 * inside_find_all() - the same of all modules that come or go
 * @list: where to
 * @wanted: asked of each module; NULL: all are
 */
void inside_find_all(struct insiders *list, bool (*wanted)(const char *module));

/**
 * inside_look() - what a task does now
 * @in: @tid is set; state, age and stack are filled in, and the phase as far as the stack tells it
 *
 * Return: false if there is no such task, or it sleeps in something else than such a call.
 */
bool inside_look(struct inside *in);

/**
 * inside_print() - for people, in lines of at most 79 columns
 * @f: where to
 * @in: the task
 */
void inside_print(FILE *f, const struct inside *in);

/**
 * inside_json() - for programs
 * @in: the task
 *
 * Return: a new object; what is not known is null.
 */
struct json_object *inside_json(const struct inside *in);

/**
 * insiders_free() - give the memory back
 * @list: empty afterwards
 */
void insiders_free(struct insiders *list);

#endif
