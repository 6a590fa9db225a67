/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What refcost refs prints: reports of counts, as tables, CSV and JSON.
 */
#ifndef REFCOST_REFS_OUT_H
#define REFCOST_REFS_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "machine/ksyms.h"
#include "refs/holders.h"
#include "refs/refs.h"

/* REFS_START: references were taken before; REFS_READ: somebody read the count and may give up. */
enum refs_reason { REFS_START, REFS_BUSY, REFS_READ, REFS_ASKED, REFS_END };

/**
 * struct refs_report - the counts at one moment
 * @module: whose
 * @tag: copied into CSV and JSON; NULL: none
 * @number: of the report, from 1
 * @reason: why it is made
 * @refusal: if the first, the last such
 * @refusals: if the first, how many there were since the report before
 * @late_ns: if the first, how much later the counts were taken
 * @state: the counts
 * @balance: against the module's own; before the end only that of the start is set
 * @missed: from refs_missed()
 * @top: rows of a table; CSV and JSON have all
 * @offsets: tables have a row an address, not a function
 * @seen: the counts with names, from refs_name()
 * @found: who may hold one, from what the machine says now
 */
struct refs_report {
	const char *module;
	const char *tag;
	unsigned int number;
	enum refs_reason reason;
	struct refs_refusal refusal;
	int refusals;
	uint64_t late_ns;
	struct refs_state state;
	struct refs_balance balance;
	uint64_t missed;
	size_t top;
	bool offsets;
	struct refs_seen *seen;
	struct holders found;
};

/**
 * struct refs_seen - a count with its names
 * @row: the count
 * @site: the function, or with an offset into it
 * @at: the function with an offset
 */
struct refs_seen {
	const struct refs_row *row;
	char *site;
	char *at;
};

/**
 * refs_name() - put names to the counts of a report
 * @rep: all but its @seen is filled in
 * @syms: the kernel's own symbols; NULL: addresses stay numbers
 *
 * Modules that have gone can no longer be named: the sooner, the better.
 *
 * Return: 0, or -ENOMEM.
 */
int refs_name(struct refs_report *rep, const struct ksyms *syms);

/**
 * refs_unname() - give the names' memory back
 * @rep: the report
 */
void refs_unname(struct refs_report *rep);

/**
 * refs_command() - a thread's name
 * @row: its counts
 * @buf: 17 bytes
 *
 * Return: @buf: the name made printable, or a question mark.
 */
const char *refs_command(const struct refs_row *row, char *buf);

/**
 * refs_complete() - is every get and put in the report, and who did it?
 * @rep: a report of the end
 *
 * Return: false if anything was lost or missed, or the module's own count says so.
 */
bool refs_complete(const struct refs_report *rep);

/**
 * table_refs() - for people, at most 79 columns
 * @f: where to
 * @rep: the report; before the end only who may hold a reference is printed
 *
 * Return: 0, or -ENOMEM.
 */
int table_refs(FILE *f, const struct refs_report *rep);

/**
 * csv_refs_header() - the first line
 * @f: where to
 */
void csv_refs_header(FILE *f);

/**
 * csv_refs() - a row for each call site and thread
 * @f: where to
 * @rep: the report
 *
 * Return: 0, or as csv_write().
 */
int csv_refs(FILE *f, const struct refs_report *rep);

/**
 * json_refs() - an object on a line
 * @f: where to
 * @rep: the report
 *
 * Return: 0.
 */
int json_refs(FILE *f, const struct refs_report *rep);

#endif
