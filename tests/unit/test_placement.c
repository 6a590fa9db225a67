// SPDX-License-Identifier: GPL-2.0
/*
 * The CPUs of each placement, on machines that hwloc makes up; the orders are written out by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* also the name of a function of the command */

#include "base/refcost.h"
#include "machine/topo.h"
#include "measure/layout.h"
#include "measure/placement.h"

/*
 * Two packages, each a node with two cores of two threads; threads of a core have numbers in a row.
 */
#define TWO_NODES "pack:2 [numa] core:2 pu:2"

/* The same, numbered as on most machines: first threads first, packages by turns. */
#define INTERLEAVED "pack:2 [numa] core:2 pu:2(indexes=0,4,2,6,1,5,3,7)"

static struct placements p;

static void machine(const char *synthetic)
{
	setenv("HWLOC_SYNTHETIC", synthetic, 1);
	topo_forget();
}

static int find(enum placement_kind kind)
{
	memset(&p, 0, sizeof(p));
	p.asked = true;
	p.n = 1;
	p.v[0].kind = kind;
	return placements_find(&p, NULL, 0);
}

static void expect(const char *synthetic, enum placement_kind kind, const char *cpus)
{
	char text[256] = "";
	size_t i;

	machine(synthetic);
	assert_int_equal(find(kind), EXIT_FINE);
	for (i = 0; i < p.v[0].nr_cpus; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u", i ? " " : "",
			 p.v[0].cpus[i]);
	assert_string_equal(text, cpus);
}

static void a_thread_of_each_core_first(void **state)
{
	(void)state;
	expect(TWO_NODES, PLACEMENT_CORES, "0 2 4 6 1 3 5 7");
	expect(INTERLEAVED, PLACEMENT_CORES, "0 2 1 3 4 6 5 7");
	expect("core:4 pu:1", PLACEMENT_CORES, "0 1 2 3");
	expect("core:1 pu:1", PLACEMENT_CORES, "0");
}

static void cores_are_filled(void **state)
{
	(void)state;
	expect(TWO_NODES, PLACEMENT_PACKED, "0 1 2 3 4 5 6 7");
	expect(INTERLEAVED, PLACEMENT_PACKED, "0 4 2 6 1 5 3 7");
	expect("core:1 pu:1", PLACEMENT_PACKED, "0");
}

static void siblings_alone(void **state)
{
	(void)state;
	expect(INTERLEAVED, PLACEMENT_SMT, "0 4 2 6 1 5 3 7");
	machine("core:4 pu:1");
	assert_int_equal(find(PLACEMENT_SMT), EXIT_LACKING);
	machine("core:1 pu:1");
	assert_int_equal(find(PLACEMENT_SMT), EXIT_LACKING);
}

static void nodes(void **state)
{
	(void)state;
	expect(TWO_NODES, PLACEMENT_LOCAL, "0 2 1 3");
	assert_int_equal(p.node, 0);
	expect(TWO_NODES, PLACEMENT_REMOTE, "4 6 5 7");
	assert_int_equal(p.node, 0);
	expect(INTERLEAVED, PLACEMENT_REMOTE, "1 3 5 7");
	expect("core:2 pu:1", PLACEMENT_LOCAL, "0 1");
	machine("core:2 pu:1");
	assert_int_equal(find(PLACEMENT_REMOTE), EXIT_LACKING);
}

/* A package may be several nodes: the remote one is in another package. */
static void far_away_is_another_package(void **state)
{
	(void)state;
	expect("pack:2 group:2 [numa] core:1 pu:1", PLACEMENT_REMOTE, "2");
	expect("pack:1 group:2 [numa] core:1 pu:1", PLACEMENT_REMOTE, "1");
}

/* Without --placement nothing but the order is decided. */
static void nothing_asked_for(void **state)
{
	static const int list[] = { 5, 0 }, absent[] = { 8 };

	(void)state;
	machine(TWO_NODES);
	memset(&p, 0, sizeof(p));
	assert_int_equal(placements_find(&p, NULL, 0), EXIT_FINE);
	assert_int_equal(p.n, 1);
	assert_int_equal(p.node, TOPO_ANY_NODE);
	assert_string_equal(placement_names[p.v[0].kind], "cores");
	assert_int_equal(p.v[0].nr_cpus, 8);
	assert_int_equal(placements_find(&p, list, 2), EXIT_FINE);
	assert_string_equal(placement_names[p.v[0].kind], "list");
	assert_int_equal(p.v[0].nr_cpus, 2);
	assert_int_equal(p.v[0].cpus[0], 5);
	memset(&p, 0, sizeof(p));
	assert_int_equal(placements_find(&p, absent, 1), EXIT_USAGE);
}

/* Threads alone, as hwloc has it in a container that hides /sys. */
static void no_topology(void **state)
{
	uint32_t cpus[4];

	(void)state;
	machine("pu:3");
	assert_false(topo_known());
	expect("pu:3", PLACEMENT_CORES, "0 1 2");
	expect("pu:3", PLACEMENT_PACKED, "0 1 2");
	assert_int_equal(find(PLACEMENT_SMT), EXIT_LACKING);
	assert_int_equal(find(PLACEMENT_LOCAL), EXIT_LACKING);
	assert_int_equal(find(PLACEMENT_REMOTE), EXIT_LACKING);
	assert_int_equal(topo_cpus(cpus, 4), 3);
}

static void what_a_layout_is_about(void **state)
{
	struct scheme_desc in_object = { .layouts = true }, elsewhere = { .layouts = false };

	(void)state;
	assert_true(layout_applies(REFCOST_OWN, &elsewhere, REFCOST_GETPUT, 0));
	assert_false(layout_applies(REFCOST_PAIR, &elsewhere, REFCOST_LOOKUP, 0));
	assert_true(layout_applies(REFCOST_PAIR, &in_object, REFCOST_GETPUT, 0));
	assert_false(layout_applies(REFCOST_READMOSTLY, &in_object, REFCOST_GETPUT, 0));
	assert_true(layout_applies(REFCOST_READMOSTLY, &in_object, REFCOST_GETPUT, 1));
	assert_true(layout_applies(REFCOST_READMOSTLY, &in_object, REFCOST_LOOKUP, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_of_each_core_first),
		cmocka_unit_test(cores_are_filled),
		cmocka_unit_test(siblings_alone),
		cmocka_unit_test(nodes),
		cmocka_unit_test(far_away_is_another_package),
		cmocka_unit_test(nothing_asked_for),
		cmocka_unit_test(no_topology),
		cmocka_unit_test(what_a_layout_is_about),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
