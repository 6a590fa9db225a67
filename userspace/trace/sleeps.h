/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Times that calls were off the CPU, summed up by stack while the calls last.
 *
 * The kernel hands over each of them as it ends, and the call's record when that is over.
 */
#ifndef REFCOST_TRACE_SLEEPS_H
#define REFCOST_TRACE_SLEEPS_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/phases.h"

#define SLEEPS_STACKS 4096 /* of a call; others are summed up without one */
#define SLEEPS_CALLS  1024 /* in flight; of more, the oldest are forgotten */

/**
 * struct sleeps_sum - times off the CPU with the same stack after the same boundary
 * @n: how many
 * @ns: their sum, ns
 * @longest_ns: the longest, ns
 * @last: the last of them; with its boundary and stack
 */
struct sleeps_sum {
	uint64_t n;
	uint64_t ns;
	uint64_t longest_ns;
	struct trace_sleep last;
};

/**
 * struct sleeps_call - all of one call
 * @pid: its thread
 * @call: when it began, as in its record
 * @v: sums
 * @n: how many
 */
struct sleeps_call {
	uint32_t pid;
	uint64_t call;
	struct sleeps_sum *v;
	size_t n;
};

/**
 * struct sleeps - those of all calls in flight; zeroed, it is empty
 * @v: calls, oldest first
 * @n: how many
 */
struct sleeps {
	struct sleeps_call *v;
	size_t n;
};

/**
 * sleeps_add() - count one
 * @s: all of them
 * @sleep: the one
 *
 * Return: 0, or -ENOMEM.
 */
int sleeps_add(struct sleeps *s, const struct trace_sleep *sleep);

/**
 * sleeps_of() - those of a call
 * @s: all of them
 * @rec: its record
 *
 * Return: the call's; NULL if it never left the CPU.
 */
const struct sleeps_call *sleeps_of(const struct sleeps *s, const struct trace_record *rec);

/**
 * sleeps_drop() - a call is over: forget those of its thread
 * @s: all of them
 * @pid: the thread
 */
void sleeps_drop(struct sleeps *s, uint32_t pid);

/**
 * sleeps_free() - give the memory back
 * @s: empty afterwards
 */
void sleeps_free(struct sleeps *s);

#endif
