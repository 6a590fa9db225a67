/* SPDX-License-Identifier: GPL-2.0 */
/*
 * refcost refs between its beginning and its end: when a report is due, and where it goes.
 */
#ifndef REFCOST_REFS_WATCH_H
#define REFCOST_REFS_WATCH_H

#include <stdbool.h>
#include <stdio.h>

#include "refs/out.h"

/**
 * struct refs_watch - what is wanted, and how far it is
 * @print: reports on standard output: table_refs(), csv_refs() or json_refs()
 * @file: where rows of CSV go as well, or NULL
 * @file_name: its name
 * @verbose: time the programs; tables have a row an address
 * @strict: what is incomplete is an error
 * @refs: the counter; NULL before refs_watch_open()
 * @syms: names of the kernel's addresses, or NULL
 * @reader: the process whose reading of the count was reported last
 * @report: the latest; its @tag and @top are set before
 */
struct refs_watch {
	int (*print)(FILE *f, const struct refs_report *rep);
	FILE *file;
	const char *file_name;
	bool verbose;
	bool strict;
	struct refs *refs;
	const struct ksyms *syms;
	uint32_t reader;
	struct refs_report report;
};

/**
 * refs_watch_begin() - what there is to do once references are counted
 * @w: with a counter
 * @keyboard: SIGQUIT asks for a report
 *
 * Reports at once if the module is held, or comes or goes.
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line that says why.
 */
int refs_watch_begin(struct refs_watch *w, bool keyboard);

/**
 * refs_watch_wait() - wait, and print what is due: unloads were refused, somebody asked
 * @w: the watch
 * @timeout_ms: how long at the most, ms
 * @fd: come back when this can be read; negative: none
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line that says why.
 */
int refs_watch_wait(struct refs_watch *w, int timeout_ms, int fd);

/**
 * refs_watch_end() - the last report
 * @w: the watch
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line that says why.
 */
int refs_watch_end(struct refs_watch *w);

/**
 * refs_watch_account() - the last line: what was counted, and what may be missing
 * @w: the watch, after its last report
 *
 * Return: EXIT_FINE, or EXIT_UNRELIABLE after a line that says so.
 */
int refs_watch_account(const struct refs_watch *w);

#endif
