// SPDX-License-Identifier: GPL-2.0
/* Placements: their names, their CPUs, and what to say where this machine has none of the kind. */
#include "measure/placement.h"

#include <string.h>

#include "base/options.h"
#include "base/refcost.h"
#include "machine/topo.h"

void placements_parse(struct placements *p, struct argp_state *state, char *arg)
{
	int kinds[PLACEMENTS];
	size_t i;

	p->n = opt_choices(state, "placement", arg, placement_names, PLACEMENTS, kinds);
	p->asked = true;
	for (i = 0; i < p->n; i++)
		p->v[i].kind = kinds[i];
}

static int lacking(const struct placement *p)
{
	if (!topo_known())
		return fail(
			EXIT_LACKING,
			"--placement %s needs the topology, and hwloc sees none here: use cores, "
			"packed or --cpu-list",
			placement_names[p->kind]);
	if (p->kind == PLACEMENT_SMT)
		return fail(
			EXIT_LACKING,
			"--placement smt: no core here has a second thread: use cores or packed");
	if (p->kind == PLACEMENT_REMOTE)
		return fail(
			EXIT_LACKING,
			"--placement remote needs two NUMA nodes with CPUs: this machine has one");
	return fail(EXIT_FAILED, "cannot read the CPU topology");
}

static int find_cpus(struct placement *p, int node)
{
	enum topo_order order = TOPO_CORES;
	int of = TOPO_ANY_NODE;
	bool everywhere = p->kind < PLACEMENT_LOCAL;

	if (p->kind == PLACEMENT_PACKED)
		order = TOPO_PACKED;
	else if (p->kind == PLACEMENT_SMT)
		order = TOPO_SIBLINGS;
	else if (p->kind == PLACEMENT_LOCAL)
		of = node;
	else if (p->kind == PLACEMENT_REMOTE)
		of = topo_remote_node(node);
	if (everywhere || (of != TOPO_ANY_NODE && topo_known()))
		p->nr_cpus = topo_order(order, of, p->cpus, PLACEMENT_CPUS);
	return p->nr_cpus ? EXIT_FINE : lacking(p);
}

/* What the user lists has to be there. */
static int take_list(struct placement *p, const int *list, size_t nr_list)
{
	size_t i, k;

	for (i = 0; i < nr_list; i++) {
		for (k = 0; k < p->nr_cpus && p->cpus[k] != (uint32_t)list[i]; k++)
			;
		if (k == p->nr_cpus)
			return fail(EXIT_USAGE, "CPU %d is absent or offline: see lscpu -e",
				    list[i]);
	}
	for (i = 0; i < nr_list; i++)
		p->cpus[i] = list[i];
	p->nr_cpus = nr_list;
	p->kind = PLACEMENT_LIST;
	return EXIT_FINE;
}

int placements_find(struct placements *p, const int *list, size_t nr_list)
{
	int err = EXIT_FINE;
	size_t i;

	if (!p->asked)
		p->n = 1;
	p->node = p->asked ? topo_memory_node() : TOPO_ANY_NODE;
	for (i = 0; i < p->n && !err; i++)
		err = find_cpus(&p->v[i], p->node);
	if (!err && nr_list)
		return take_list(&p->v[0], list, nr_list);
	if (!err)
		topo_warn();
	return err;
}

size_t placements_most(const struct placements *p)
{
	size_t most = 0, i;

	for (i = 0; i < p->n; i++)
		if (p->v[i].nr_cpus > most)
			most = p->v[i].nr_cpus;
	return most;
}

struct json_object *placement_cpus_json(const struct placement *p, size_t most)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < p->nr_cpus && i < most; i++)
		json_object_array_add(list, json_object_new_int(p->cpus[i]));
	return list;
}

struct json_object *placements_json(const struct placements *p)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < p->n; i++) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "name",
				       json_object_new_string(placement_names[p->v[i].kind]));
		json_object_object_add(o, "cpus", placement_cpus_json(&p->v[i], PLACEMENT_CPUS));
		if (p->node != TOPO_ANY_NODE)
			json_object_object_add(o, "memory_node", json_object_new_int(p->node));
		json_object_array_add(list, o);
	}
	return list;
}
