/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which CPUs the workers take, and on which NUMA node the objects lie: what refcost run compares by
 * --placement.
 */
#ifndef REFCOST_MEASURE_PLACEMENT_H
#define REFCOST_MEASURE_PLACEMENT_H

#include <argp.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "results/key.h"

#define PLACEMENT_CPUS 4096

/**
 * struct placement - CPUs in the order in which they are taken
 * @kind: their order
 * @cpus: their numbers
 * @nr_cpus: how many
 */
struct placement {
	enum placement_kind kind;
	uint32_t cpus[PLACEMENT_CPUS];
	size_t nr_cpus;
};

/**
 * struct placements - those that a run measures
 * @v: the placements; the first is what everything but their comparison is about
 * @n: how many
 * @asked: by --placement
 * @node: where the objects are to lie, TOPO_ANY_NODE if that is left to the kernel
 */
struct placements {
	struct placement v[PLACEMENTS];
	size_t n;
	bool asked;
	int node;
};

/**
 * placements_parse() - read --placement
 * @p: filled with the kinds
 * @state: of argp; a bad value ends the program
 * @arg: names with commas between
 */
void placements_parse(struct placements *p, struct argp_state *state, char *arg);

/**
 * placements_find() - find the CPUs of each, and a node for the objects
 * @p: of placements_parse(), or zeroed: cores first, and objects wherever the kernel puts them
 * @list: of --cpu-list
 * @nr_list: how many; 0 without
 *
 * Return: EXIT_FINE; EXIT_USAGE or EXIT_LACKING after a line that says what is absent.
 */
int placements_find(struct placements *p, const int *list, size_t nr_list);

/**
 * placements_most() - CPUs of the placement that has the most of them
 * @p: of placements_find()
 */
size_t placements_most(const struct placements *p);

/**
 * placements_json() - for the plan: name, CPUs and the objects' node of each
 * @p: of placements_find()
 *
 * Return: a new array.
 */
struct json_object *placements_json(const struct placements *p);

/**
 * placement_cpus_json() - CPUs of a placement
 * @p: of it
 * @most: so many at most
 *
 * Return: a new array.
 */
struct json_object *placement_cpus_json(const struct placement *p, size_t most);

#endif
