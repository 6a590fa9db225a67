/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command that refcost trace runs: made first, so that the tracer knows it; let go when that is
 * ready.
 */
#ifndef REFCOST_TRACE_CHILD_H
#define REFCOST_TRACE_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#define EXIT_CANNOT_RUN 126
#define EXIT_NOT_FOUND	127

/**
 * struct child - a command
 * @pid: of its process
 * @pidfd: can be read when it has ended
 * @go: closed without a word, it ends instead of running
 * @failed: what exec said, if it failed
 * @running: it was let go and has not been waited for
 * @code: its exit code as a shell has it: 128 and the number for a signal
 */
struct child {
	pid_t pid;
	int pidfd;
	int go;
	int failed;
	bool running;
	int code;
};

/**
 * child_find() - would the command be found?
 * @name: as the user gave it, looked for in PATH unless it has a slash
 *
 * Return: 0, EXIT_NOT_FOUND or EXIT_CANNOT_RUN.
 */
int child_find(const char *name);

/**
 * child_make() - make the process, which waits
 * @c: filled in
 * @argv: the command
 *
 * Return: 0, or -errno.
 */
int child_make(struct child *c, char **argv);

/**
 * child_go() - have it run the command
 * @c: the command
 *
 * Return: 0, or -errno: what exec said; it has ended then, and @code is set.
 */
int child_go(struct child *c);

/**
 * child_ended() - has it?
 * @c: the command; once it has, @running is false and @code set
 *
 * Return: true if so, or if it never ran.
 */
bool child_ended(struct child *c);

/**
 * child_free() - close what is open; a process that was not let go ends
 * @c: the command
 */
void child_free(struct child *c);

#endif
