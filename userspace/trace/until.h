/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long a trace lasts: until a signal, a time, or the end of the command that it runs.
 */
#ifndef REFCOST_TRACE_UNTIL_H
#define REFCOST_TRACE_UNTIL_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/child.h"

/**
 * struct until - when a trace ends
 * @child: the command, if there is one; its @pidfd is -1 if not
 * @name: of the command
 * @has_child: there is one
 * @ns: longest duration, ns; 0: none
 * @start: when the trace began, CLOCK_MONOTONIC, ns; 0: not yet
 * @told: when the command was told to end, CLOCK_MONOTONIC, ns; 0: it was not
 */
struct until {
	struct child child;
	const char *name;
	bool has_child;
	uint64_t ns;
	uint64_t start;
	uint64_t told;
};

/**
 * until_make() - make the command's process, which waits for until_go()
 * @u: filled in
 * @argv: the command
 *
 * Return: EXIT_FINE, or an exit code after a line that says why.
 */
int until_make(struct until *u, char **argv);

/**
 * until_go() - everything is attached: let the command run, if there is one
 * @u: from until_make(), or without a command
 *
 * Return: EXIT_FINE, or an exit code after a line that says why.
 */
int until_go(struct until *u);

/**
 * until_patience() - how long to wait for news
 * @u: after until_go()
 *
 * A signal is passed on to the command, which has two seconds to end.
 *
 * Return: the time, ms; 0: the trace ends.
 */
int until_patience(struct until *u);

/**
 * until_code() - the exit code, when the trace is over
 * @u: as far as it came
 * @err: of the trace itself; it counts more than the command's
 *
 * A command that outlives the trace is waited for, but not if it was told to end and does not.
 *
 * Return: the exit code.
 */
int until_code(struct until *u, int err);

#endif
