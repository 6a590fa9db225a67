/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls that do not return: of those in flight, and of those that were inside already when the trace
 * began, what they do now.
 */
#ifndef REFCOST_TRACE_HANG_H
#define REFCOST_TRACE_HANG_H

#include "machine/inside.h"
#include "trace/trace.h"

#define HANG_LEVELS 8

/* Why a call in flight is printed. */
enum hang_reason { HANG_START, HANG_SLOW, HANG_ASKED, HANG_END };

/**
 * struct hang_seen - a call that was printed for its length
 * @tid: its thread
 * @start: when it began, CLOCK_MONOTONIC ns
 * @level: how many of the times have passed
 * @round: when it was last seen
 */
struct hang_seen {
	uint32_t tid;
	uint64_t start;
	size_t level;
	uint64_t round;
};

/**
 * struct hangs - what is known of calls in flight
 * @trace: the tracer
 * @print: prints one
 * @arg: its last argument
 * @wanted: which modules are printed; NULL: all
 * @after: a call is printed when it lasts that long, ns, shortest first
 * @nr_after: how many such times
 * @start: when the trace began, CLOCK_MONOTONIC ns
 * @before: calls that were inside then
 * @in_flight: how many others there were when last looked at
 * @seen: calls that were looked at
 * @nr_seen: how many
 * @round: how often that was
 * @looked: when last, CLOCK_MONOTONIC ns
 * @next_ns: how long after that a call will have lasted one of the times, ns
 */
struct hangs {
	struct trace *trace;
	void (*print)(const struct inside *in, enum hang_reason reason, void *arg);
	void *arg;
	bool (*wanted)(const char *module);
	uint64_t after[HANG_LEVELS];
	size_t nr_after;
	uint64_t start;
	struct insiders before;
	size_t in_flight;
	struct hang_seen *seen;
	size_t nr_seen;
	uint64_t round, looked, next_ns;
};

/**
 * hang_reason_name() - for programs
 * @reason: of a line
 *
 * Return: a word.
 */
const char *hang_reason_name(enum hang_reason reason);

/**
 * hangs_begin() - find and print calls that began before the trace
 * @h: all up to @nr_after is set
 */
void hangs_begin(struct hangs *h);

/**
 * hangs_ask_on() - have Ctrl-\ ask what calls do
 */
void hangs_ask_on(void);

/**
 * hangs_look() - print calls that have lasted long enough since the last time, or all if they were
 * asked for
 * @h: after hangs_begin()
 *
 * Looks five times a second at most.
 */
void hangs_look(struct hangs *h);

/**
 * hangs_patience() - how long nothing will have to be printed
 * @h: after hangs_look()
 * @ms: not longer than that, ms
 *
 * Return: the time, ms.
 */
int hangs_patience(const struct hangs *h, int ms);

/**
 * hangs_end() - print what is in flight still
 * @h: after hangs_begin(); its memory is given back
 *
 * Return: how many calls there are that began before the trace.
 */
size_t hangs_end(struct hangs *h);

#endif
