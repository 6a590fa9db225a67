/* SPDX-License-Identifier: GPL-2.0 */
/* The order in which CPUs are used, and which NUMA node is whose, from hwloc. */
#ifndef REFCOST_MACHINE_TOPO_H
#define REFCOST_MACHINE_TOPO_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOPO_ANY_NODE -1
#define TOPO_ANY_CPU  -1

enum topo_order {
	TOPO_CORES,    /* a thread of each core, then the second threads, ... */
	TOPO_PACKED,   /* all threads of a core, then the next; a node, then the next */
	TOPO_SIBLINGS, /* all threads of a core, then the next; cores with one thread left out */
};

/**
 * topo_forget() - ask hwloc again next time
 *
 * For tests that show it another machine: CPUs that come and go are noticed.
 */
void topo_forget(void);

/**
 * topo_order() - online CPUs in some order
 * @order: which
 * @node: those of this NUMA node alone, or TOPO_ANY_NODE
 * @cpus: filled with CPU numbers
 * @cap: room
 *
 * Where hwloc sees no cores the first two orders are by number.
 *
 * Return: how many; 0 if there are none of the kind, or nothing is known of them.
 */
size_t topo_order(enum topo_order order, int node, uint32_t *cpus, size_t cap);

/**
 * topo_cpus() - online CPUs, one of each core first, SMT siblings last; says so if it cannot tell
 * @cpus: filled with CPU numbers
 * @cap: room
 *
 * Return: how many, or 0 if nothing is known of the CPUs.
 */
size_t topo_cpus(uint32_t *cpus, size_t cap);

/**
 * topo_known() - does hwloc see the cores? In a container it may not.
 */
bool topo_known(void);

/**
 * topo_warn() - say that CPUs are taken by their numbers, where hwloc does not see the cores
 */
void topo_warn(void);

/**
 * topo_memory_node() - where objects lie that are to be on one NUMA node
 *
 * Return: the first node with CPUs and memory, else the first with CPUs, or TOPO_ANY_NODE.
 */
int topo_memory_node(void);

/**
 * topo_remote_node() - a NUMA node that is far from another
 * @from: the other
 *
 * Return: the first node with CPUs in another package, else the first other one, else
 * TOPO_ANY_NODE.
 */
int topo_remote_node(int from);

/**
 * topo_bind() - have this thread run, and the kernel allocate for it, on one NUMA node
 * @node: which; TOPO_ANY_NODE: anywhere again
 *
 * Who needs to be sure looks where the memory is: a machine without NUMA refuses this, rightly.
 */
void topo_bind(int node);

/**
 * topo_kinds() - do CPUs of this machine differ, as fast and efficient cores do?
 * @first: filled with the list of those of the fastest kind, as --cpu-list takes it; empty where
 *	there is one kind
 * @len: its size
 *
 * Return: how many kinds, 1 where nothing is known.
 */
size_t topo_kinds(char *first, size_t len);

/**
 * topo_kinds_of() - how many kinds there are among some CPUs
 * @cpus: their numbers
 * @n: how many
 *
 * Return: that number, 1 where nothing is known.
 */
int topo_kinds_of(const uint32_t *cpus, size_t n);

/**
 * topo_kinds_json() - the kinds of CPUs
 *
 * Return: a new array of lists of CPUs, the fastest kind last; NULL where there is one kind.
 */
struct json_object *topo_kinds_json(void);

/**
 * topo_pin() - have this thread run on one CPU alone
 * @cpu: which; TOPO_ANY_CPU: wherever it ran before
 *
 * Cheap enough to be called in every cycle of a measurement: hwloc is not asked.
 */
void topo_pin(int cpu);

/**
 * topo_json() - packages, NUMA nodes, cores, hardware threads
 *
 * Return: a new object.
 */
struct json_object *topo_json(void);

#endif
