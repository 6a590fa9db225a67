/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tells cells apart. Every table of measurements begins with these columns; a dimension is a
 * member of struct cell_key, its bit, and a row of the table in key.c.
 */
#ifndef REFCOST_RESULTS_KEY_H
#define REFCOST_RESULTS_KEY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "refcost_uapi.h"
#include "results/rows.h"

#define KEY_NAME 64

enum cell_arm { ARM_IDLE, ARM_LOADED, ARMS };

/* Objects of a module that is being loaded are listed and then go live, or the other way round. */
enum cell_form { FORM_ONE_PHASE, FORM_TWO_PHASE, FORMS };

enum placement_kind {
	PLACEMENT_CORES,  /* a thread of each core first */
	PLACEMENT_PACKED, /* a core's threads, then the next core's */
	PLACEMENT_SMT,	  /* the same, of cores with siblings alone */
	PLACEMENT_LOCAL,  /* the node that the objects lie on */
	PLACEMENT_REMOTE, /* another one */
	PLACEMENTS,
	PLACEMENT_LIST = PLACEMENTS, /* --cpu-list */
	PLACEMENT_KINDS,
};

extern const char *const mode_names[REFCOST_MODES];
extern const char *const arm_names[ARMS];
extern const char *const form_names[FORMS];
extern const char *const placement_names[PLACEMENT_KINDS];
extern const char *const layout_names[REFCOST_LAYOUTS];

/**
 * struct cell_key - the cell that a row belongs to; what a table has no column for is 0
 * @scheme: name
 * @mode: of the operations that are timed or counted
 * @arm: of unloads, without or with users
 * @form: of loads
 * @cpus: workers, each bound to a CPU
 * @hold_ns: how long a user stays in the victim's text
 * @placement: which CPUs the workers are on
 * @layout: what shares the cache line of the count
 * @objects: how many the victim has, where that makes the difference
 */
struct cell_key {
	char scheme[KEY_NAME];
	enum refcost_mode mode;
	enum cell_arm arm;
	enum cell_form form;
	int cpus;
	uint64_t hold_ns;
	enum placement_kind placement;
	enum refcost_layout layout;
	int objects;
};

/* Dimensions, in the order in which cells are sorted and columns are written. */
enum {
	KEY_SCHEME = 1 << 0,
	KEY_MODE = 1 << 1,
	KEY_ARM = 1 << 2,
	KEY_FORM = 1 << 3,
	KEY_CPUS = 1 << 4,
	KEY_HOLD = 1 << 5,
	KEY_PLACEMENT = 1 << 6,
	KEY_LAYOUT = 1 << 7,
	KEY_OBJECTS = 1 << 8,
	KEY_ALL = -1,
	/* what does the work, and how many of them */
	KEY_USE = KEY_SCHEME | KEY_MODE | KEY_CPUS,
	/* of the tables of each experiment */
	KEY_OF_RUN = KEY_USE | KEY_HOLD | KEY_PLACEMENT | KEY_LAYOUT,
	KEY_OF_COUNTS = KEY_SCHEME | KEY_MODE,
	KEY_OF_UNLOAD = KEY_SCHEME | KEY_ARM | KEY_HOLD,
	KEY_OF_LOADING = KEY_SCHEME | KEY_FORM,
	KEY_OF_OBJECTS = KEY_SCHEME | KEY_OBJECTS,
};

/**
 * key_read() - the cell of a row
 * @key: filled; columns that the table lacks, of an older directory, had one value, 0
 * @r: the row
 *
 * Return: 0, or -EINVAL where a word is none that it can be.
 */
int key_read(struct cell_key *key, const struct row *r);

/**
 * key_header() - the names of the columns
 * @dims: those of the table
 * @buf: filled: names with commas between
 * @len: its size
 *
 * Return: @buf.
 */
const char *key_header(int dims, char *buf, size_t len);

/**
 * key_write() - the columns of a row, as key_header() has them
 * @key: the cell
 * @dims: those of the table
 * @f: where to
 */
void key_write(const struct cell_key *key, int dims, FILE *f);

/**
 * key_only() - a cell by some of its dimensions
 * @key: the cell
 * @dims: those that are kept; the others become 0
 */
struct cell_key key_only(const struct cell_key *key, int dims);

/**
 * key_cmp() - compare two cells
 * @a: one
 * @b: the other
 * @dims: by these dimensions, the first that differs deciding
 *
 * Return: under, equal to or above 0, as strcmp().
 */
int key_cmp(const struct cell_key *a, const struct cell_key *b, int dims);

/**
 * key_word() - the value that a word stands for
 * @words: one of the arrays of names above
 * @n: how many it has
 * @word: the word
 *
 * Return: the value, or -1.
 */
int key_word(const char *const *words, size_t n, const char *word);

#endif
