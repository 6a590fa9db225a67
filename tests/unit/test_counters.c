// SPDX-License-Identifier: GPL-2.0
/*
 * Events by name, and what becomes of their counts: summed over the workers, scaled where they
 * shared a counter, read back an operation, and never 0 where nothing was counted.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* also the name of a function of the command */

#include "base/refcost.h"
#include "machine/events.h"
#include "measure/run/parts.h"
#include "model/counters.h"
#include "model/model.h"
#include "results/resume.h"

static char dir[] = "/tmp/refcost-test.XXXXXX";

static void test_names(void **state)
{
	struct events e;

	(void)state;
	assert_int_equal(events_parse(EVENTS_DEFAULT ",llc-load-misses,task-clock,r1c2", &e),
			 EXIT_FINE);
	assert_int_equal(e.n, 6);
	assert_string_equal(e.names[0], "cycles");
	assert_int_equal(e.what[0].type, PERF_TYPE_HARDWARE);
	assert_int_equal(e.what[0].config, PERF_COUNT_HW_CPU_CYCLES);
	assert_int_equal(e.what[2].config, PERF_COUNT_HW_CACHE_MISSES);
	assert_string_equal(e.names[3], "LLC-load-misses");
	assert_int_equal(e.what[3].type, PERF_TYPE_HW_CACHE);
	assert_int_equal(e.what[3].config, 0x10002); /* last level, read, miss */
	assert_int_equal(e.what[4].type, PERF_TYPE_SOFTWARE);
	assert_int_equal(e.what[5].type, PERF_TYPE_RAW);
	assert_int_equal(e.what[5].config, 0x1c2);
	assert_string_equal(e.names[5], "r1c2");
	events_free(&e);
}

static void test_no_such_name(void **state)
{
	static const char *const bad[] = {
		"",
		",",
		"cycles,",
		"cycels",
		"cycles cycles",
		"r",
		"r1g",
		"r11111111111111111",
		"cycles,cycles",
		"cycles,cpu-cycles",
		"cs,r1,context-switches",
		"L1-dcache",
		"r1,r2,r3,r4,r5,r6,r7,r8,r9,ra,rb,rc,rd,re,rf,r10,r11",
	};
	struct events e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(events_parse(bad[i], &e), EXIT_USAGE);
		events_free(&e);
	}
}

static void test_near_names(void **state)
{
	const char *near[8];

	(void)state;
	assert_int_equal(events_near("cycels", near, 8), 1);
	assert_string_equal(near[0], "cycles");
	assert_int_equal(events_near("TLB-load-misses", near, 2), 2);
	assert_string_equal(near[0], "dTLB-load-misses");
	assert_string_equal(near[1], "iTLB-load-misses");
	assert_int_equal(events_near("instruction", near, 8), 2);
	assert_string_equal(near[0], "instructions");
	assert_int_equal(events_near("LLC", near, 3), 3);
	assert_int_equal(events_near("frobnicate", near, 8), 0);
	assert_int_equal(events_near("", near, 8), 0);
}

/* No PMU, a PMU that lacks the event, one that somebody else has. */
static void test_reasons(void **state)
{
	struct refcost_event event = { .type = PERF_TYPE_HARDWARE, .error = ENOENT };
	char path[256], why[128];

	(void)state;
	setenv("REFCOST_SYSROOT", dir, 1);
	assert_string_equal(event_why(&event, why, sizeof(why)), "no PMU (ENOENT)");
	event.error = EPERM;
	assert_string_equal(event_why(&event, why, sizeof(why)), "not permitted (EPERM)");
	event.error = ENOENT;
	event.type = PERF_TYPE_SOFTWARE;
	assert_string_equal(event_why(&event, why, sizeof(why)),
			    "this kernel does not count it (ENOENT)");
	event.type = PERF_TYPE_HW_CACHE;
	snprintf(path, sizeof(path), "mkdir -p %s/sys/bus/event_source/devices/cpu", dir);
	assert_int_equal(system(path), 0);
	assert_string_equal(event_why(&event, why, sizeof(why)),
			    "this PMU does not count it (ENOENT)");
	event.error = EBUSY;
	assert_string_equal(event_why(&event, why, sizeof(why)),
			    "somebody else has the PMU (EBUSY)");
	event.error = ENOMEM;
	assert_string_equal(event_why(&event, why, sizeof(why)), "Cannot allocate memory (ENOMEM)");
	unsetenv("REFCOST_SYSROOT");
}

static struct json_object *section(struct run *r)
{
	struct json_object *plan = json_object_new_object();

	json_object_object_add(plan, "blocks", json_object_new_int(1));
	r->section = resume_section(&r->results, "run", plan);
	return r->section;
}

/* Two workers, three events: counted all the time, for a part of it, refused. */
static void test_counts(void **state)
{
	static struct scheme_desc kref = { .name = "kref" };
	const struct cell_plan cell = {
		.key = { .scheme = "kref", .cpus = 2 },
		.scheme = &kref,
	};
	const struct refcost_worker_result workers[] = { { .ops = 100 }, { .ops = 300 } };
	struct refcost_event_count counts[] = {
		{ 1000, 10, 10 }, { 20, 10, 5 }, { 0 }, { 3000, 10, 10 }, { 10, 10, 1 }, { 0 },
	};
	static struct run r;
	const struct counter *c;
	char path[256], text[64];
	struct model m;

	(void)state;
	snprintf(path, sizeof(path), "%s/counts", dir);
	assert_int_equal(events_parse("instructions,cache-misses,cycles", &env.events), EXIT_FINE);
	assert_int_equal(results_open(&r.results, path), EXIT_FINE);
	assert_non_null(section(&r));
	assert_int_equal(counters_open(&r), EXIT_FINE);
	env.events.what[2].error = EBUSY;
	assert_int_equal(counters_write(&r, 0, &cell, workers, counts), EXIT_FINE);
	/* later one worker's gets no counter, and what was refused is not */
	counts[4].running_ns = 0;
	env.events.what[2].error = 0;
	counts[2] = counts[5] = (struct refcost_event_count){ 800, 10, 10 };
	assert_int_equal(counters_write(&r, 1, &cell, workers, counts), EXIT_FINE);
	fclose(r.counters);
	assert_int_equal(results_save(&r.results), EXIT_FINE);
	assert_null(counters_refused(json_object_object_get(r.section, "counters")));
	results_close(&r.results);
	events_free(&env.events);

	assert_int_equal(model_read(&m, path), EXIT_FINE);
	assert_string_equal(model_text(&m, "run.counters.instructions"), "counted");
	assert_string_equal(model_text(&m, "run.counters.cycles"),
			    "somebody else has the PMU (EBUSY)");
	c = counters_find(&m, "kref", REFCOST_GETPUT, 2, "instructions");
	assert_non_null(c);
	assert_int_equal(c->per_op.n, 2);
	assert_true(c->per_op.s.median == 10 && c->share == 1 && !c->uncounted);
	c = counters_find(&m, "kref", REFCOST_GETPUT, 2, "cache-misses");
	assert_non_null(c);
	/* (20 / 0.5 + 10 / 0.1) / 400; the second window has no sum */
	assert_int_equal(c->per_op.n, 1);
	assert_true(fabs(c->per_op.s.median - 0.35) < 1e-9);
	assert_true(fabs(c->share - 0.1) < 1e-9);
	assert_int_equal(c->uncounted, 1);
	assert_string_equal(counters_median(c, text, sizeof(text)), "0.35");
	c = counters_find(&m, "kref", REFCOST_GETPUT, 2, "cycles");
	assert_non_null(c);
	assert_int_equal(c->per_op.n, 1);
	assert_string_equal(counters_median(c, text, sizeof(text)), "4.00");
	assert_null(counters_find(&m, "kref", REFCOST_GETPUT, 1, "cycles"));
	assert_string_equal(counters_median(NULL, text, sizeof(text)), "-");
	model_free(&m);
}

static void test_refused(void **state)
{
	struct json_object *counted = json_tokener_parse(
		"{\"cycles\": \"no PMU (ENOENT)\", \"instructions\": \"no PMU (ENOENT)\"}");

	(void)state;
	assert_string_equal(counters_refused(counted), "no PMU (ENOENT)");
	json_object_object_add(counted, "branches",
			       json_object_new_string("not permitted (EPERM)"));
	assert_null(counters_refused(counted));
	json_object_object_add(counted, "branches", json_object_new_string("counted"));
	assert_null(counters_refused(counted));
	json_object_put(counted);
	counted = json_tokener_parse("{\"cycles\": null}");
	assert_string_equal(counters_refused(counted), "not recorded");
	json_object_put(counted);
}

/* Which events there are counts of, and why not of others. */
static void test_lacking(void **state)
{
	struct counter counters[] = {
		{ .event = "task-clock", .per_op = { .n = 1 } },
		{ .event = "branches", .uncounted = 3 },
		{ .event = "cycles", .per_op = { .n = 1 } },
	};
	struct model m = { .counters = { counters, ARRAY_SIZE(counters) } };
	const char *events[COUNTERS_MOST];

	(void)state;
	assert_int_equal(counters_events(&m, events), 0);
	m.results.doc = json_tokener_parse(
		"{\"run\": {\"plan\": {\"counters\": [\"cycles\", \"branches\", \"task-clock\", \"r1\", \"r2\"]},"
		" \"counters\": {\"cycles\": \"no PMU (ENOENT)\", \"branches\": \"counted\","
		" \"task-clock\": \"counted\", \"r1\": \"no PMU (ENOENT)\"}}}");
	assert_non_null(m.results.doc);
	assert_int_equal(counters_events(&m, events), 2);
	assert_string_equal(events[0], "cycles");
	assert_string_equal(events[1], "task-clock");
	assert_null(counters_lacking(&m, "task-clock"));
	/* refused in some windows, counted in others */
	assert_null(counters_lacking(&m, "cycles"));
	assert_string_equal(counters_lacking(&m, "branches"), "it never got a counter");
	assert_string_equal(counters_lacking(&m, "r1"), "no PMU (ENOENT)");
	assert_string_equal(counters_lacking(&m, "r2"), "no window was measured");
	assert_string_equal(counters_lacking(&m, "page-faults"), "not asked for");
	json_object_put(m.results.doc);
}

/* What is rare is not nothing. */
static void test_rare(void **state)
{
	double v[] = { 0.0000123 }, zero[] = { 0 };
	struct counter c = { .per_op = { .v = v, .n = 1 } };
	char text[64];

	(void)state;
	assert_int_equal(series_summarise(&c.per_op), 0);
	assert_string_equal(counters_median(&c, text, sizeof(text)), "1.2e-05");
	c.per_op.v = zero;
	assert_int_equal(series_summarise(&c.per_op), 0);
	assert_string_equal(counters_median(&c, text, sizeof(text)), "0");
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	   cmocka_unit_test(test_no_such_name),
		cmocka_unit_test(test_near_names), cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_counts),	   cmocka_unit_test(test_refused),
		cmocka_unit_test(test_lacking),	   cmocka_unit_test(test_rare),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
