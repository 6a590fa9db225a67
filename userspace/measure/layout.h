/* SPDX-License-Identifier: GPL-2.0 */
/* What shares a cache line with the counts: what refcost run compares by --layout. */
#ifndef REFCOST_MEASURE_LAYOUT_H
#define REFCOST_MEASURE_LAYOUT_H

#include <argp.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/suite.h"
#include "results/key.h"

/**
 * struct layouts - those that a run measures
 * @v: enum refcost_layout; the first is what everything but their comparison is about
 * @n: how many
 * @asked: by --layout
 */
struct layouts {
	int v[REFCOST_LAYOUTS];
	size_t n;
	bool asked;
};

/**
 * layouts_parse() - read --layout
 * @l: filled
 * @state: of argp; a bad value ends the program
 * @arg: names with commas between
 */
void layouts_parse(struct layouts *l, struct argp_state *state, char *arg);

/**
 * layout_applies() - would it be another measurement than own?
 * @layout: enum refcost_layout
 * @scheme: whose counts
 * @mode: enum refcost_mode
 * @hold_ns: the hold
 *
 * A bare get and put reads nothing of the object, so that nothing it reads can share its line.
 *
 * Return: true if so, and for own itself.
 */
bool layout_applies(int layout, const struct scheme_desc *scheme, int mode, uint64_t hold_ns);

/**
 * layouts_check() - is there something to measure in each?
 * @l: of the command line
 * @schemes: selected ones
 * @named: they were asked for by name
 * @lookup: the lookup is measured
 * @hold_ns: the hold
 *
 * Return: EXIT_FINE, also after a line about named schemes that are measured in own alone;
 * EXIT_USAGE after a line that says what goes with what.
 */
int layouts_check(const struct layouts *l, const struct schemes *schemes, bool named, bool lookup,
		  uint64_t hold_ns);

/**
 * layouts_json() - for the plan
 * @l: of the command line
 *
 * Return: a new array of names.
 */
struct json_object *layouts_json(const struct layouts *l);

#endif
