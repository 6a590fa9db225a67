/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a refcost that is killed would leave behind, and who puts it right.
 *
 * A process that changes the machine for a while first writes into a file under /run/refcost what
 * has to be undone, and holds a lock on it. A file that says something and that nobody holds was
 * left by a process that was killed: the next command undoes it, and says so.
 */
#ifndef REFCOST_MACHINE_LEFTOVER_H
#define REFCOST_MACHINE_LEFTOVER_H

#include <stdbool.h>

enum leftover {
	LEFT_CPUS,  /* numbers of those taken offline */
	LEFT_KNOBS, /* a path and the value that it had, a line each */
	LEFT_KINDS
};

/**
 * leftover_hold() - get hold of a record
 * @kind: of what
 * @wait: for the process that has it
 *
 * What a killed holder left in it is undone first.
 *
 * Return: a descriptor, closed by close(2), which gives it up; negative if there can be no record.
 */
int leftover_hold(enum leftover kind, bool wait);

/**
 * leftover_note() - replace what a record says
 * @fd: of leftover_hold(); negative: do nothing
 * @text: what has to be undone, "" if nothing has
 */
void leftover_note(int fd, const char *text);

/**
 * leftover_any() - is there anything that a killed process left?
 */
bool leftover_any(void);

/**
 * leftover_repair() - undo it, with a line on standard error for each kind
 *
 * Return: how many kinds there were.
 */
int leftover_repair(void);

#endif
