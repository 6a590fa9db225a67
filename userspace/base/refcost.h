/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every subcommand shares: exit codes, chatter, and the flag that a signal sets.
 */
#ifndef REFCOST_BASE_REFCOST_H
#define REFCOST_BASE_REFCOST_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define NSEC_PER_SEC  1000000000ULL
#define NSEC_PER_MSEC 1000000ULL

/* A pointer that is given to free() at the end of its block. */
#define AUTO_FREE __attribute__((cleanup(auto_free)))

/* Exit codes of all subcommands. */
enum {
	EXIT_FINE = 0,
	EXIT_FAILED = 1,
	EXIT_UNRELIABLE =
		2, /* measured, but the validity checks say not to trust it (with --strict) */
	EXIT_REGRESSED = 3, /* compared, and something got slower */
	EXIT_LACKING = 4,   /* this kernel or machine lacks what was asked */
	EXIT_USAGE = 64,
};

/* What to do about a file of a results directory that is not what it should be. */
#define MEND "was it cut short or edited? restore it, or measure again"

/* Set by SIGINT and SIGTERM: finish what cannot be left, keep what was measured, go. */
extern volatile sig_atomic_t interrupted;

/*
 * How often this command was stopped and went on, as far as it noticed: by SIGCONT, or by a call
 * that was broken off though no signal asked for an end. A time that was taken across such a moment
 * holds more than it should.
 */
extern volatile sig_atomic_t resumed;

/**
 * say() - one line of chatter on stderr, with the command's name in front
 * @fmt: as printf, without a newline
 */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * say_over() - have the next line of chatter overwrite the last line on the terminal
 * @unfinished: the last line has no newline yet, as that of progress()
 */
void say_over(bool unfinished);

/**
 * fail() - say why, and return the exit code
 * @code: the exit code
 * @fmt: as printf, without a newline
 *
 * Return: @code, so that callers can write return fail(...).
 */
int fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * array_new() - an array of zeroes
 * @n: elements, also 0
 * @size: of one, bytes
 *
 * Without memory it ends the command with a line: for commands that have nothing loaded.
 *
 * Return: the array.
 */
void *array_new(size_t n, size_t size);

/**
 * array_append() - one element more, all zeroes
 * @v: the array, which may move
 * @n: how many there are
 * @size: of an element
 *
 * Return: the new element, or NULL.
 */
void *array_append(void **v, size_t *n, size_t size);

/**
 * auto_free() - what AUTO_FREE calls
 * @pointer: address of the pointer
 */
void auto_free(void *pointer);

/**
 * now_ns() - the clock of everything measured
 *
 * Return: CLOCK_MONOTONIC, ns; the same clock that the module and the tracer read.
 */
uint64_t now_ns(void);

/**
 * ns_text() - a time for people, as "250 ns", "10 us", "1.5 ms"
 * @ns: the time
 * @buf: where to put the text
 * @len: its size
 *
 * Return: @buf.
 */
const char *ns_text(uint64_t ns, char *buf, size_t len);

/**
 * sleep_until_ns() - sleep on that clock, ending early when interrupted
 * @deadline: CLOCK_MONOTONIC, ns
 */
void sleep_until_ns(uint64_t deadline);

/**
 * need_root() - refuse politely without root
 * @what: the subcommand
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line that says what to do.
 */
int need_root(const char *what);

/* Subcommands: argv[0] is their name; each returns an exit code. */
int cmd_list(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_unload(int argc, char **argv);
int cmd_init(int argc, char **argv);
int cmd_objects(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_refs(int argc, char **argv);
int cmd_cycle(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif
