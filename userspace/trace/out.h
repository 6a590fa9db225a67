/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What refcost trace prints: calls and summaries, as tables, CSV and JSON.
 */
#ifndef REFCOST_TRACE_OUT_H
#define REFCOST_TRACE_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "machine/ksyms.h"
#include "trace/hang.h"
#include "trace/sleeps.h"
#include "trace/sum.h"
#include "trace/text.h"
#include "trace/trace.h"

/**
 * struct call - one call, ready to be printed
 * @rec: the record
 * @sleeps: times off the CPU; NULL: none, or stacks were not asked for
 * @number: of the call, from 1
 * @phases: its phases
 * @nr_phases: how many
 * @total_ns: how long it took
 * @off_ns: of that, off the CPU
 * @wall_ns: when it began, CLOCK_REALTIME
 * @module: which module, printable; "(unknown)" if the name could not be read, "-" if a load failed
 *	before
 *          there was one
 * @command: the caller's name, printable
 * @outcome: what it came to
 * @result: the same in words, as trace_result()
 * @room: for those words
 */
struct call {
	const struct trace_record *rec;
	const struct sleeps_call *sleeps;
	uint64_t number;
	struct trace_phase phases[TRACE_EVENTS];
	size_t nr_phases;
	uint64_t total_ns, off_ns, wall_ns;
	char module[TRACE_NAME_LEN + 1];
	char command[17];
	enum trace_outcome outcome;
	const char *result;
	char room[32];
};

/**
 * struct out - what is common to all rows
 * @trace: names the mechanisms
 * @syms: names addresses; NULL if stacks were not asked for, or names are hidden
 * @tag: copied into every row of CSV and JSON; NULL: none
 * @timestamps: tables say when a call began
 * @loads: loads are traced, too: tables say which calls are
 */
struct out {
	const struct trace *trace;
	const struct ksyms *syms;
	const char *tag;
	bool timestamps;
	bool loads;
};

/**
 * struct slept - where a phase was off the CPU
 * @n: how often
 * @ns: for how long in all, ns
 * @longest_ns: the longest of those times, ns
 * @why: what for, as stack_why(); NULL if the stack does not tell
 * @stack: the stack in names
 */
struct slept {
	uint64_t n;
	uint64_t ns;
	uint64_t longest_ns;
	const char *why;
	struct stack stack;
};

/**
 * struct trace_loss - what a trace may have missed
 * @n: the tracer's own account
 * @reported: records that came to be printed
 * @in_flight: calls that had not returned when the trace ended
 * @unpaired: records in which a return probe missed
 * @unseen: the command ended, and the kernel's half saw nothing of it
 * @known: false if the kernel gave no account
 */
struct trace_loss {
	struct trace_counts n;
	uint64_t reported;
	uint64_t in_flight;
	uint64_t unpaired;
	bool unseen;
	bool known;
};

/**
 * call_read() - make a record fit to be printed
 * @c: filled in; valid as long as @rec
 * @rec: the record
 * @sleeps: from trace_sleeps()
 * @number: of the call
 */
void call_read(struct call *c, const struct trace_record *rec, const struct sleeps_call *sleeps,
	       uint64_t number);

/**
 * call_slept() - where a phase was off the CPU
 * @c: the call
 * @phase: index into its phases
 * @syms: as in struct out
 * @out: filled in: an element a stack, the largest sum first; for free()
 *
 * Return: how many; 0 if it never was, or stacks were not asked for.
 */
size_t call_slept(const struct call *c, size_t phase, const struct ksyms *syms, struct slept **out);

/**
 * loss_complete() - is every call in the trace, and all of each?
 * @l: the account
 *
 * Return: false if anything at all may be missing.
 */
bool loss_complete(const struct trace_loss *l);

/**
 * loss_say() - the account in one line on stderr
 * @l: the account
 */
void loss_say(const struct trace_loss *l);

/**
 * table_call() - a call as a row and a waterfall, at most 79 columns without timestamps
 * @f: where to
 * @o: what is common
 * @c: the call
 */
void table_call(FILE *f, const struct out *o, const struct call *c);

/**
 * table_hang() - a call in flight
 * @f: where to
 * @in: what is known of it
 * @reason: why it is printed
 */
void table_hang(FILE *f, const struct inside *in, enum hang_reason reason);

/**
 * csv_trace_hang() - a row for a call in flight
 * @f: where to
 * @o: what is common
 * @in: what is known of it
 *
 * Return: 0, or as csv_write().
 */
int csv_trace_hang(FILE *f, const struct out *o, const struct inside *in);

/**
 * json_trace_hang() - an object for a call in flight, on a line
 * @f: where to
 * @o: what is common
 * @in: what is known of it
 * @reason: why it is printed
 */
void json_trace_hang(FILE *f, const struct out *o, const struct inside *in,
		     enum hang_reason reason);

/**
 * table_summary() - one row per module
 * @f: where to
 * @s: the summary
 * @kind: of the calls in it
 * @complete: from loss_complete()
 * @histograms: with a histogram each
 */
void table_summary(FILE *f, const struct sum *s, enum trace_kind kind, bool complete,
		   bool histograms);

/**
 * csv_trace_header() - the first line
 * @f: where to
 */
void csv_trace_header(FILE *f);

/**
 * csv_trace_call() - one row per phase
 * @f: where to
 * @o: what is common
 * @c: the call
 *
 * Return: 0, or as csv_write().
 */
int csv_trace_call(FILE *f, const struct out *o, const struct call *c);

/**
 * json_trace_call() - an object on a line
 * @f: where to
 * @o: what is common
 * @c: the call
 */
void json_trace_call(FILE *f, const struct out *o, const struct call *c);

/**
 * json_trace_summary() - the last object
 * @f: where to
 * @o: what is common
 * @sums: the summary of each kind of calls
 * @l: what may be missing
 */
void json_trace_summary(FILE *f, const struct out *o, const struct sum *sums,
			const struct trace_loss *l);

#endif
