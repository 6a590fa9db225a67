/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Going on with a results directory: only with what it was begun with, and without what its last,
 * unfinished cell left behind.
 */
#ifndef REFCOST_RESULTS_RESUME_H
#define REFCOST_RESULTS_RESUME_H

#include <stdbool.h>

#include "results/directory.h"
#include "results/key.h"

/**
 * resume_same_plan() - is what was asked for what a directory was begun with?
 * @dir: the directory
 * @name: of the part, "run" and the like
 * @old: the plan it has
 * @plan: the plan asked for
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line that names what differs.
 */
int resume_same_plan(const char *dir, const char *name, struct json_object *old,
		     struct json_object *plan);

/**
 * resume_section() - begin or go on with a part of run.json
 * @r: open directory
 * @name: "run", "unload", ...
 * @plan: what is going to be done; its reference is taken over
 *
 * A part that is there must have the same plan, and the directory be of this machine, kernel and
 * build of the modules, else finished cells of something else would be mixed in. A new one also
 * gets the command line that it was asked for with.
 *
 * Return: the part (borrowed), or NULL after a line that says what to do.
 */
struct json_object *resume_section(struct results *r, const char *name, struct json_object *plan);

/**
 * struct done - the cells of a directory that are finished, sorted
 * @v: cells, each with the number of its block or cycle
 * @n: how many
 * @dims: what the table tells cells apart by
 */
struct done {
	struct done_cell {
		uint64_t number;
		struct cell_key key;
	} * v;
	size_t n;
	int dims;
};

/**
 * resume_done() - read the cells that are finished
 * @dir: results directory
 * @name: of the file whose rows make a cell finished once they are all there
 * @dims: what it tells cells apart by
 * @done: filled; free with done_free()
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int resume_done(const char *dir, const char *name, int dims, struct done *done);

/**
 * resume_has() - is a cell finished?
 * @done: from resume_done()
 * @number: of the block or cycle
 * @key: the cell; dimensions that the table does not have are not looked at
 */
bool resume_has(const struct done *done, uint64_t number, const struct cell_key *key);

void done_free(struct done *done);

/**
 * resume_trim() - cut off the rows of a cell that was not finished
 * @r: open directory
 * @name: of a file that has several rows a cell
 * @done: from resume_done()
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int resume_trim(const struct results *r, const char *name, const struct done *done);

#endif
