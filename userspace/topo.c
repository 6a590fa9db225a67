// SPDX-License-Identifier: GPL-2.0
/*
 * The machine's topology, through hwloc.
 */
#include "topo.h"

#include <hwloc.h>
#include <stdio.h>

static int topo_load(hwloc_topology_t *t)
{
	if (hwloc_topology_init(t))
		return -1;
	if (!hwloc_topology_load(*t))
		return 0;
	hwloc_topology_destroy(*t);
	return -1;
}

size_t topo_cpus(uint32_t *cpus, size_t cap)
{
	hwloc_topology_t t;
	unsigned int sibling;
	size_t n = 0, before;

	if (topo_load(&t))
		return 0;
	/* round 0 takes the first thread of every core, round 1 the second, ... */
	for (sibling = 0;; sibling++) {
		hwloc_obj_t core = NULL;

		before = n;
		while ((core = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_CORE, core))) {
			hwloc_obj_t pu = hwloc_get_obj_inside_cpuset_by_type(t, core->cpuset,
									     HWLOC_OBJ_PU, sibling);

			if (pu && n < cap)
				cpus[n++] = pu->os_index;
		}
		if (n == before)
			break;
	}
	hwloc_topology_destroy(t);
	return n;
}

struct json_object *topo_json(void)
{
	struct json_object *o = json_object_new_object();
	static const struct {
		const char *name;
		hwloc_obj_type_t type;
	} levels[] = {
		{ "packages", HWLOC_OBJ_PACKAGE },
		{ "numa_nodes", HWLOC_OBJ_NUMANODE },
		{ "cores", HWLOC_OBJ_CORE },
		{ "threads", HWLOC_OBJ_PU },
	};
	hwloc_topology_t t;
	size_t i;

	if (topo_load(&t))
		return o;
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		json_object_object_add(
			o, levels[i].name,
			json_object_new_int(hwloc_get_nbobjs_by_type(t, levels[i].type)));
	hwloc_topology_destroy(t);
	return o;
}
