// SPDX-License-Identifier: GPL-2.0
/* CPUs of several kinds, on a machine that hwloc reads from a file. */
#include <hwloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* also the name of a function of the command */

#include "machine/topo.h"

static char path[] = "/tmp/refcost-kinds.XXXXXX";

/* Four fast cores with the first numbers, four efficient ones with the last. */
static void machine(bool hybrid)
{
	hwloc_topology_t t;
	hwloc_bitmap_t set = hwloc_bitmap_alloc();

	unsetenv("HWLOC_XMLFILE");
	assert_int_equal(hwloc_topology_init(&t), 0);
	assert_int_equal(hwloc_topology_set_synthetic(t, "core:8 pu:1"), 0);
	assert_int_equal(hwloc_topology_load(t), 0);
	if (hybrid) {
		hwloc_bitmap_set_range(set, 0, 3);
		assert_int_equal(hwloc_cpukinds_register(t, set, 2, 0, NULL, 0), 0);
		hwloc_bitmap_zero(set);
		hwloc_bitmap_set_range(set, 4, 7);
		assert_int_equal(hwloc_cpukinds_register(t, set, 1, 0, NULL, 0), 0);
	}
	assert_int_equal(hwloc_topology_export_xml(t, path, 0), 0);
	hwloc_topology_destroy(t);
	hwloc_bitmap_free(set);
	setenv("HWLOC_XMLFILE", path, 1);
	topo_forget();
}

static void test_two_kinds(void **state)
{
	static const uint32_t fast[] = { 0, 3, 1 }, both[] = { 0, 1, 4 }, efficient[] = { 7 };
	struct json_object *kinds;
	char first[64];

	(void)state;
	machine(true);
	assert_int_equal(topo_kinds(first, sizeof(first)), 2);
	assert_string_equal(first, "0-3");
	kinds = topo_kinds_json();
	assert_string_equal(json_object_to_json_string_ext(kinds, JSON_C_TO_STRING_PLAIN),
			    "[\"4-7\",\"0-3\"]");
	json_object_put(kinds);
	assert_int_equal(topo_kinds_of(fast, 3), 1);
	assert_int_equal(topo_kinds_of(both, 3), 2);
	assert_int_equal(topo_kinds_of(both, 2), 1);
	assert_int_equal(topo_kinds_of(efficient, 1), 1);
}

static void test_one_kind(void **state)
{
	static const uint32_t all[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	char first[64];

	(void)state;
	machine(false);
	assert_int_equal(topo_kinds(first, sizeof(first)), 1);
	assert_string_equal(first, "");
	assert_null(topo_kinds_json());
	assert_int_equal(topo_kinds_of(all, 8), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_kinds),
		cmocka_unit_test(test_one_kind),
	};
	int fd = mkstemp(path), failed;

	if (fd < 0)
		return 1;
	close(fd);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
