/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words and bars of refcost trace: what can be worked out without a kernel.
 */
#ifndef REFCOST_TRACE_TEXT_H
#define REFCOST_TRACE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/phases.h"

/* What a call came to; what is OUTCOME_FAILED goes by the name of its errno. */
enum trace_outcome {
	OUTCOME_GONE,
	OUTCOME_BUSY,
	OUTCOME_DYING,
	OUTCOME_NOT_LOADED,
	OUTCOME_LOADED,
	OUTCOME_ALREADY,
	OUTCOME_FAILED,
	OUTCOMES,
};

/**
 * trace_outcome() - what a call came to
 * @kind: of the call
 * @ret: 0 or -errno
 * @init: it is what init() said, which no call of delete_module(2) returns
 *
 * Return: as the name of the outcome says; busy is EWOULDBLOCK, dying (or permanent) is EBUSY.
 */
enum trace_outcome trace_outcome(enum trace_kind kind, int ret, bool init);

/**
 * outcome_name() - an outcome in words
 * @outcome: the outcome
 *
 * Return: one or more words.
 */
const char *outcome_name(enum trace_outcome outcome);

/**
 * trace_result() - what a call came to in words
 * @outcome: from trace_outcome()
 * @ret: 0 or -errno
 * @buf: room for a name that is not in the table
 * @len: its size
 *
 * Return: outcome_name(), or the name of the errno.
 */
const char *trace_result(enum trace_outcome outcome, int ret, char *buf, size_t len);

/**
 * trace_bar() - one row of a waterfall
 * @out: @width characters and a NUL
 * @width: of the whole call
 * @start: of the phase, from the start of the call
 * @ns: how long the phase took
 * @off_ns: of that, off the CPU
 * @total: of the call
 *
 * Rows of adjacent phases meet: one begins where the one before ends. Time on the CPU is drawn as #
 * and stands first, time off it as -, and a phase too short for a character as a dot.
 */
void trace_bar(char *out, int width, uint64_t start, uint64_t ns, uint64_t off_ns, uint64_t total);

#endif
