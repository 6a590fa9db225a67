// SPDX-License-Identifier: GPL-2.0
/*
 * The machine's topology, through hwloc.
 */
#include "machine/topo.h"

#include <errno.h>
#include <hwloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"

#define CPUS_MOST (1 << 20)

/* Where CPUs are put as they are found. */
struct cpu_list {
	uint32_t *cpus;
	size_t n, cap;
};

/* What hwloc does not find, it says each time it is asked; here it is said once, in our words. */
static hwloc_topology_t topo_load(void)
{
	hwloc_topology_t t;

	setenv("HWLOC_HIDE_ERRORS", "2", 0);
	if (hwloc_topology_init(&t))
		return NULL;
	if (!hwloc_topology_load(t))
		return t;
	hwloc_topology_destroy(t);
	return NULL;
}

/* What is known, and which CPUs were online then. */
static hwloc_topology_t known;
static char known_online[4096];

/*
 * hwloc reads a hundred files a CPU: once, as long as the same CPUs are online. NULL if it cannot
 * tell. The topology stays ours.
 */
static hwloc_topology_t topo(void)
{
	char online[sizeof(known_online)] = "";
	FILE *f = fopen("/sys/devices/system/cpu/online", "re");

	if (f && !fgets(online, sizeof(online), f))
		online[0] = '\0';
	if (f)
		fclose(f);
	if (known && !strcmp(online, known_online))
		return known;
	topo_forget();
	known = topo_load();
	memcpy(known_online, online, sizeof(online));
	return known;
}

void topo_forget(void)
{
	if (known)
		hwloc_topology_destroy(known);
	known = NULL;
}

/* The k-th CPU of a set, as hwloc counts; false where there is none. */
static bool add_cpu(struct cpu_list *list, hwloc_topology_t t, hwloc_const_bitmap_t set,
		    unsigned int k)
{
	hwloc_obj_t pu = hwloc_get_obj_inside_cpuset_by_type(t, set, HWLOC_OBJ_PU, k);

	if (pu && list->n < list->cap)
		list->cpus[list->n++] = pu->os_index;
	return pu;
}

static void add_all(struct cpu_list *list, hwloc_topology_t t, hwloc_const_bitmap_t set)
{
	unsigned int k;

	for (k = 0; add_cpu(list, t, set, k); k++)
		;
}

/* Round 0 takes the first thread of every core, round 1 the second, ... */
static void add_cores_first(struct cpu_list *list, hwloc_topology_t t, hwloc_const_bitmap_t set)
{
	unsigned int sibling, c;
	size_t before;
	hwloc_obj_t core;

	for (sibling = 0, before = SIZE_MAX; list->n != before; sibling++) {
		before = list->n;
		for (c = 0; (core = hwloc_get_obj_inside_cpuset_by_type(t, set, HWLOC_OBJ_CORE, c));
		     c++)
			add_cpu(list, t, core->cpuset, sibling);
	}
}

/* Of the cores with the most threads first; cores without siblings are none of this. */
static void add_siblings(struct cpu_list *list, hwloc_topology_t t, hwloc_const_bitmap_t set)
{
	unsigned int width, widest = 0, c;
	hwloc_obj_t core;

	for (c = 0; (core = hwloc_get_obj_inside_cpuset_by_type(t, set, HWLOC_OBJ_CORE, c)); c++)
		if (hwloc_bitmap_weight(core->cpuset) > (int)widest)
			widest = hwloc_bitmap_weight(core->cpuset);
	for (width = widest; width > 1; width--)
		for (c = 0; (core = hwloc_get_obj_inside_cpuset_by_type(t, set, HWLOC_OBJ_CORE, c));
		     c++)
			if (hwloc_bitmap_weight(core->cpuset) == (int)width)
				add_all(list, t, core->cpuset);
}

static hwloc_obj_t node_by_number(hwloc_topology_t t, int node)
{
	return node < 0 ? NULL : hwloc_get_numanode_obj_by_os_index(t, node);
}

/* A set of CPUs, as large as this kernel's are. */
struct cpus {
	cpu_set_t *set;
	int count; /* CPUs that it has room for */
	size_t size;
};

static bool cpus_alloc(struct cpus *c, int count)
{
	c->count = count;
	c->size = CPU_ALLOC_SIZE(count);
	c->set = CPU_ALLOC(count);
	if (c->set)
		CPU_ZERO_S(c->size, c->set);
	return c->set;
}

static void cpus_free(struct cpus *c)
{
	CPU_FREE(c->set);
	c->set = NULL;
}

/* The kernel refuses a set that is smaller than its own. */
static bool cpus_of_thread(struct cpus *c)
{
	int count;

	for (count = CPU_SETSIZE; count <= CPUS_MOST; count *= 2) {
		if (!cpus_alloc(c, count))
			return false;
		if (!sched_getaffinity(0, c->size, c->set))
			return true;
		cpus_free(c);
		if (errno != EINVAL)
			return false;
	}
	return false;
}

/* Whatever CPUs this process may use, where hwloc has nothing to say at all. */
static size_t cpus_of_process(uint32_t *cpus, size_t cap)
{
	struct cpus c;
	size_t n = 0;
	int cpu;

	if (!cpus_of_thread(&c))
		return 0;
	for (cpu = 0; cpu < c.count && n < cap; cpu++)
		if (CPU_ISSET_S(cpu, c.size, c.set))
			cpus[n++] = cpu;
	cpus_free(&c);
	return n;
}

size_t topo_order(enum topo_order order, int node, uint32_t *cpus, size_t cap)
{
	struct cpu_list list = { .cpus = cpus, .cap = cap };
	hwloc_topology_t t = topo();
	hwloc_const_bitmap_t set;

	if (!t)
		return node < 0 && order != TOPO_SIBLINGS ? cpus_of_process(cpus, cap) : 0;
	set = hwloc_topology_get_topology_cpuset(t);
	if (node >= 0)
		set = node_by_number(t, node) ? node_by_number(t, node)->cpuset : NULL;
	if (!set)
		return 0;
	if (order == TOPO_SIBLINGS)
		add_siblings(&list, t, set);
	else if (order == TOPO_CORES)
		add_cores_first(&list, t, set);
	/* also where there are no cores to be seen: by number, then */
	if (order == TOPO_PACKED || (order == TOPO_CORES && !list.n))
		add_all(&list, t, set);
	return list.n;
}

void topo_warn(void)
{
	if (!topo_known())
		say("hwloc sees no cores here (a container?): CPUs are taken by their numbers");
}

size_t topo_cpus(uint32_t *cpus, size_t cap)
{
	topo_warn();
	return topo_order(TOPO_CORES, TOPO_ANY_NODE, cpus, cap);
}

bool topo_known(void)
{
	hwloc_topology_t t = topo();

	return t && hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_CORE) > 0;
}

static bool has_cpus(hwloc_obj_t node)
{
	return !hwloc_bitmap_iszero(node->cpuset);
}

static bool has_memory(hwloc_obj_t node)
{
	return node->attr->numanode.local_memory > 0;
}

static bool share_a_package(hwloc_topology_t t, hwloc_obj_t a, hwloc_obj_t b)
{
	hwloc_obj_t package = NULL;

	while ((package = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_PACKAGE, package)))
		if (hwloc_bitmap_intersects(package->cpuset, a->cpuset) &&
		    hwloc_bitmap_intersects(package->cpuset, b->cpuset))
			return true;
	return false;
}

int topo_memory_node(void)
{
	hwloc_obj_t node = NULL, best = NULL;
	hwloc_topology_t t = topo();

	while (t && (node = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_NUMANODE, node)))
		if (has_cpus(node) && (!best || has_memory(node) > has_memory(best)))
			best = node;
	return best ? (int)best->os_index : TOPO_ANY_NODE;
}

int topo_remote_node(int from)
{
	hwloc_topology_t t = topo();
	hwloc_obj_t node = NULL, best = NULL, home = t ? node_by_number(t, from) : NULL;

	while (home && (node = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_NUMANODE, node))) {
		if (node == home || !has_cpus(node))
			continue;
		if (!best || (share_a_package(t, best, home) && !share_a_package(t, node, home)))
			best = node;
	}
	return best ? (int)best->os_index : TOPO_ANY_NODE;
}

/* Where this thread ran before it was bound. */
static hwloc_bitmap_t unbound;

void topo_bind(int node)
{
	const int flags = HWLOC_MEMBIND_THREAD | HWLOC_MEMBIND_BYNODESET;
	hwloc_topology_t t = topo();
	hwloc_obj_t to;

	if (!t)
		return;
	to = node_by_number(t, node);
	if (to && !unbound) {
		unbound = hwloc_bitmap_alloc();
		hwloc_get_cpubind(t, unbound, HWLOC_CPUBIND_THREAD);
		hwloc_set_cpubind(t, to->cpuset, HWLOC_CPUBIND_THREAD);
		hwloc_set_membind(t, to->nodeset, HWLOC_MEMBIND_BIND, flags);
	} else if (!to && unbound) {
		hwloc_set_cpubind(t, unbound, HWLOC_CPUBIND_THREAD);
		hwloc_set_membind(t, hwloc_topology_get_topology_nodeset(t), HWLOC_MEMBIND_DEFAULT,
				  flags);
		hwloc_bitmap_free(unbound);
		unbound = NULL;
	}
}

/* Where this thread ran before it was pinned. */
static struct cpus unpinned;

void topo_pin(int cpu)
{
	struct cpus one;

	if (unpinned.set) {
		sched_setaffinity(0, unpinned.size, unpinned.set);
		cpus_free(&unpinned);
	}
	if (cpu < 0 || !cpus_of_thread(&unpinned))
		return;
	if (!cpus_alloc(&one, unpinned.count))
		return;
	CPU_SET_S(cpu, one.size, one.set);
	sched_setaffinity(0, one.size, one.set);
	cpus_free(&one);
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
	hwloc_topology_t t = topo();
	size_t i;

	if (!t)
		return o;
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		json_object_object_add(
			o, levels[i].name,
			json_object_new_int(hwloc_get_nbobjs_by_type(t, levels[i].type)));
	return o;
}

size_t topo_kinds(char *first, size_t len)
{
	struct json_object *kinds = topo_kinds_json();
	size_t n = kinds ? json_object_array_length(kinds) : 1;

	first[0] = '\0';
	if (kinds)
		snprintf(first, len, "%s",
			 json_object_get_string(json_object_array_get_idx(kinds, n - 1)));
	json_object_put(kinds);
	return n;
}

int topo_kinds_of(const uint32_t *cpus, size_t n)
{
	int kind, found = 0, nr;
	hwloc_topology_t t = topo();
	hwloc_bitmap_t set;
	size_t i;

	if (!t)
		return 1;
	set = hwloc_bitmap_alloc();
	nr = hwloc_cpukinds_get_nr(t, 0);
	for (kind = 0; set && kind < nr; kind++) {
		if (hwloc_cpukinds_get_info(t, kind, set, NULL, NULL, NULL, 0))
			continue;
		for (i = 0; i < n && !hwloc_bitmap_isset(set, cpus[i]); i++)
			;
		found += i < n;
	}
	hwloc_bitmap_free(set);
	return found > 1 ? found : 1;
}

struct json_object *topo_kinds_json(void)
{
	struct json_object *list = NULL;
	hwloc_topology_t t = topo();
	hwloc_bitmap_t set;
	char text[512];
	int kind, nr;

	if (!t)
		return NULL;
	set = hwloc_bitmap_alloc();
	nr = hwloc_cpukinds_get_nr(t, 0);
	if (nr > 1)
		list = json_object_new_array();
	for (kind = 0; set && kind < nr && list; kind++) {
		if (hwloc_cpukinds_get_info(t, kind, set, NULL, NULL, NULL, 0))
			continue;
		hwloc_bitmap_list_snprintf(text, sizeof(text), set);
		json_object_array_add(list, json_object_new_string(text));
	}
	hwloc_bitmap_free(set);
	return list;
}
