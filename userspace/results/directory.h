/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A results directory: run.json (one document: environment, plans, validity) and CSV files.
 * Written as the run goes on, so that whatever ends it leaves what was measured.
 */
#ifndef REFCOST_RESULTS_DIRECTORY_H
#define REFCOST_RESULTS_DIRECTORY_H

#include <json-c/json.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define RESULTS_SCHEMA 2

/**
 * struct results - an open results directory
 * @dir: its path
 * @temporary: nobody asked for it: removed by results_close()
 * @fresh: made by this command, so that it is of this machine, whatever changed since
 * @begun: the part asked for last is new, so that there is no row of it yet
 * @doc: run.json
 */
struct results {
	char dir[PATH_MAX];
	bool temporary;
	bool fresh;
	bool begun;
	struct json_object *doc;
};

/**
 * results_open() - make or reopen a results directory
 * @r: filled
 * @dir: path, whose parents are made too; NULL: a temporary one
 *
 * A new run.json gets the environment of this machine.
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line that says what to do.
 */
int results_open(struct results *r, const char *dir);

/**
 * results_load() - read run.json of an existing directory
 * @r: filled
 * @dir: path
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line that says what is wrong with it.
 */
int results_load(struct results *r, const char *dir);

/**
 * results_add() - add to a number of a part; runs that go on where one stopped add up
 * @section: the part, or an object in it
 * @key: the number's name
 * @n: what to add
 *
 * Return: the sum.
 */
uint64_t results_add(struct json_object *section, const char *key, uint64_t n);

/**
 * results_save() - write run.json, whole or not at all
 * @r: open directory
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int results_save(struct results *r);

/**
 * results_csv() - open a CSV file of the directory for appending rows
 * @r: open directory
 * @name: file name
 * @number: name of the first column: what the rows of a cell are numbered by
 * @dims: the columns after it, which tell cells apart; see key_write()
 * @columns: names of the others
 *
 * Return: a line-buffered stream, or NULL after a line that says what is wrong.
 */
FILE *results_csv(struct results *r, const char *name, const char *number, int dims,
		  const char *columns);

/**
 * results_check() - have all rows reached the file?
 * @r: open directory
 * @f: from results_csv()
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line (disk full and the like).
 */
int results_check(struct results *r, FILE *f);

/**
 * results_close() - free, without saving; remove a temporary directory
 * @r: open directory
 */
void results_close(struct results *r);

#endif
