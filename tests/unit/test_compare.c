// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of two runs against each other: which are compared, what is said of them, and when a
 * rise is a regression.
 */
#include <math.h>
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
#include "compare/compare.h"
#include "model/counters.h"

static struct scheme scheme = { .name = "kref", .family = "object", .rank = 1, .slot = 1 };
static struct cell cell = {
	.key = { .scheme = "kref", .cpus = 1 },
	.base = true,
	.steady = true,
};
static struct model a, b;

/* Eight windows in which each operation took about @value of an event. */
static void count(struct model *m, const char *event, int rank, double value)
{
	struct counter *c = &m->counters.v[m->counters.n++];
	size_t i;

	*c = (struct counter){ .key = { .scheme = "kref", .cpus = 1 }, .rank = rank, .share = 1 };
	snprintf(c->event, sizeof(c->event), "%s", event);
	for (i = 0; i < 8; i++)
		series_add(&c->per_op, value * (1 + i / 100.0));
	assert_int_equal(series_summarise(&c->per_op), 0);
}

static void make(struct model *m, const char *run)
{
	*m = (struct model){ .schemes = &scheme, .nr_schemes = 1, .cells = &cell, .nr_cells = 1 };
	m->results.doc = json_tokener_parse(run);
	m->counters.v = calloc(COUNTERS_MOST, sizeof(*m->counters.v));
	assert_non_null(m->results.doc);
	assert_non_null(m->counters.v);
}

/*
 * Half as many cycles again in B, and page faults in neither; each has an event that the other has
 * not.
 */
static int make_runs(void **state)
{
	(void)state;
	make(&a,
	     "{\"run\": {\"plan\": {\"counters\": [\"page-faults\", \"cycles\", \"branches\", \"r1\"]}}}");
	make(&b,
	     "{\"run\": {\"plan\": {\"counters\": [\"cycles\", \"page-faults\", \"branches\", \"r2\"]},"
	     " \"counters\": {\"branches\": \"no PMU (ENOENT)\"}}}");
	count(&a, "page-faults", 0, 0);
	count(&a, "cycles", 1, 10);
	count(&a, "branches", 2, 3);
	count(&a, "r1", 3, 5);
	count(&b, "cycles", 0, 15);
	count(&b, "page-faults", 1, 0);
	count(&b, "r2", 2, 5);
	return 0;
}

static int free_runs(void **state)
{
	(void)state;
	json_object_put(a.results.doc);
	json_object_put(b.results.doc);
	counters_free(&a.counters);
	counters_free(&b.counters);
	return 0;
}

static struct compare_how how(void)
{
	return (struct compare_how){
		.leave_out = { [COMPARE_TIME] = true },
		.seed = 1,
		.threshold = 0.05,
	};
}

static void test_in_common(void **state)
{
	struct compare_how all = how();
	struct compare c;

	(void)state;
	assert_int_equal(compare_models(&c, &a, &b, &all), EXIT_FINE);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.v[0].what, COMPARE_COUNTER);
	assert_string_equal(c.v[0].event, "cycles");
	assert_true(compare_at(&c.v[0]) == 1 && fabs(c.v[0].ratio.ratio - 1.5) < 1e-9);
	assert_true(c.v[0].ratio.lo > 1.3 && c.v[0].ratio.hi < 1.7);
	assert_int_equal(c.v[0].verdict, COMPARE_SLOWER);
	assert_false(c.v[0].multiplexed);
	/* as many, not an unknown number of times as many */
	assert_string_equal(c.v[1].event, "page-faults");
	assert_true(c.v[1].ratio.ratio == 1);
	assert_int_equal(c.v[1].verdict, COMPARE_NONE);
	assert_int_equal(compare_count(&c, COMPARE_COUNTER, COMPARE_SLOWER), 1);
	assert_int_equal(compare_count(&c, COMPARE_TIME, COMPARE_SLOWER), 0);
	/* events that one has not are named, not counted as cells */
	assert_true(!c.alone_a && !c.alone_b);
	compare_free(&c);
}

/* A rise is shown in any case, and is a regression where somebody said so. */
static void test_regression(void **state)
{
	static const char *const faults[] = { "page-faults" };
	struct compare_how asked = how();
	struct compare c;

	(void)state;
	assert_int_equal(compare_models(&c, &a, &b, &asked), EXIT_FINE);
	assert_int_equal(compare_regressed(&c), 0);
	compare_free(&c);
	asked.counters_regress = true;
	assert_int_equal(compare_models(&c, &a, &b, &asked), EXIT_FINE);
	assert_int_equal(compare_regressed(&c), 1);
	compare_free(&c);
	asked.threshold = 0.6;
	assert_int_equal(compare_models(&c, &a, &b, &asked), EXIT_FINE);
	assert_int_equal(compare_regressed(&c), 0);
	compare_free(&c);
	asked.threshold = 0;
	asked.events = faults;
	asked.nr_events = 1;
	assert_int_equal(compare_models(&c, &a, &b, &asked), EXIT_FINE);
	assert_int_equal(c.n, 1);
	assert_string_equal(c.v[0].event, "page-faults");
	assert_int_equal(compare_regressed(&c), 0);
	compare_free(&c);
	asked.leave_out[COMPARE_COUNTER] = true;
	assert_int_equal(compare_models(&c, &a, &b, &asked), EXIT_FINE);
	assert_int_equal(c.n, 0);
	compare_free(&c);
}

/* What shared a counter in either run, and what is about other windows in one than in the other. */
static void test_windows(void **state)
{
	struct cell packed = cell, others[2] = { cell, cell };
	struct compare_how all = how();
	struct compare c;

	(void)state;
	a.counters.v[1].share = 0.5;
	cell.oversubscribed = true;
	assert_int_equal(compare_models(&c, &a, &b, &all), EXIT_FINE);
	assert_true(c.v[0].multiplexed && !c.v[1].multiplexed);
	assert_true(c.v[0].oversubscribed && c.v[1].oversubscribed);
	compare_free(&c);
	cell.oversubscribed = false;

	packed.key.placement = PLACEMENT_PACKED;
	others[0] = packed;
	a.cells = others;
	a.nr_elsewhere = 1;
	assert_int_equal(compare_models(&c, &a, &b, &all), EXIT_FINE);
	assert_int_equal(c.n, 0);
	assert_true(c.alone_a == 2 && c.alone_b == 2);
	compare_free(&c);
	a.cells = &cell;
	a.nr_elsewhere = 0;

	/* a window that no time was taken in */
	a.nr_cells = 0;
	assert_int_equal(compare_models(&c, &a, &b, &all), EXIT_FINE);
	assert_int_equal(c.n, 0);
	compare_free(&c);
	a.nr_cells = 1;
}

static void test_uncommon(void **state)
{
	size_t len;
	char *text;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_non_null(f);
	compare_print_uncommon(f, &a, &b);
	compare_print_uncommon(f, &a, &a);
	fclose(f);
	assert_string_equal(text, "Counted in one run alone: branches (B: no PMU (ENOENT)); "
				  "r1 (B: not asked for); r2 (A: not asked for).\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in_common, make_runs, free_runs),
		cmocka_unit_test_setup_teardown(test_regression, make_runs, free_runs),
		cmocka_unit_test_setup_teardown(test_windows, make_runs, free_runs),
		cmocka_unit_test_setup_teardown(test_uncommon, make_runs, free_runs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
