/* SPDX-License-Identifier: GPL-2.0 */
/* The order in which CPUs are used, from hwloc. */
#ifndef REFCOST_TOPO_H
#define REFCOST_TOPO_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

/**
 * topo_cpus() - online CPUs, one of each core first, SMT siblings last
 * @cpus: filled with CPU numbers
 * @cap: room
 *
 * Return: how many, or 0 if the topology cannot be read.
 */
size_t topo_cpus(uint32_t *cpus, size_t cap);

/**
 * topo_json() - packages, NUMA nodes, cores, hardware threads
 *
 * Return: a new object.
 */
struct json_object *topo_json(void);

#endif
