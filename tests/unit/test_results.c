// SPDX-License-Identifier: GPL-2.0
/*
 * Results directories: what is written comes back, another plan is refused, nothing is
 * half-written.
 */
#include <errno.h>
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

#include "base/csv.h"
#include "base/refcost.h"
#include "base/whole.h"
#include "model/model.h"
#include "results/directory.h"
#include "results/resume.h"

static char dir[] = "/tmp/refcost-test.XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static struct json_object *plan(int blocks)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();

	json_object_array_add(list, json_object_new_string("kref"));
	json_object_array_add(list, json_object_new_string("empty"));
	json_object_object_add(o, "schemes", list);
	json_object_object_add(o, "blocks", json_object_new_int(blocks));
	return o;
}

static void test_json_round_trip(void **state)
{
	struct json_object *section, *again;
	struct results r;

	(void)state;
	assert_int_equal(results_open(&r, in_dir("a/b/c")), EXIT_FINE);
	section = resume_section(&r, "run", plan(3));
	assert_non_null(section);
	json_object_object_add(section, "big", json_object_new_int64(INT64_MAX));
	json_object_object_add(section, "text", json_object_new_string("a \"quoted\"\n\xc3\xa9"));
	assert_int_equal(results_save(&r), EXIT_FINE);
	results_close(&r);

	assert_int_equal(results_open(&r, in_dir("a/b/c")), EXIT_FINE);
	again = resume_section(&r, "run", plan(3));
	assert_non_null(again);
	assert_int_equal(json_object_get_int64(json_object_object_get(again, "big")), INT64_MAX);
	assert_string_equal(json_object_get_string(json_object_object_get(again, "text")),
			    "a \"quoted\"\n\xc3\xa9");
	assert_string_equal(json_object_get_string(json_object_object_get(again, "status")),
			    "partial");
	/* this program's own, which was given no argument */
	assert_non_null(strstr(json_object_get_string(json_object_object_get(again, "command")),
			       "test_results"));
	assert_null(resume_section(&r, "run", plan(4)));
	assert_non_null(json_object_object_get(r.doc, "environment"));
	results_close(&r);
	assert_int_not_equal(access(in_dir("a/b/c/run.json.new"), F_OK), 0);
}

static void test_not_a_directory(void **state)
{
	struct results r;
	FILE *f = fopen(in_dir("file"), "w");

	(void)state;
	fclose(f);
	assert_int_equal(results_open(&r, in_dir("file")), EXIT_FAILED);
	assert_int_equal(results_open(&r, in_dir("file/below")), EXIT_FAILED);
	assert_int_equal(results_load(&r, in_dir("nowhere")), EXIT_FAILED);
}

/*
 * Rows become cells with their statistics, in the order of the plan, whatever order they came in.
 */
static struct json_object *of_short_batches(struct json_object *plan)
{
	json_object_object_add(plan, "percentile", json_object_new_int(5));
	return plan;
}

#define WORKERS_COLUMNS                                                                                  \
	"floor,counter_offset,counter_node,cpu,arrive_ns,go_ns,start_ns,end_ns,ops,failed,total,gap_ns," \
	"gaps,batch,batches,batch_p5_ns"
#define OPS 1000

/* A worker of a window that was open for some ns per operation; its batches took what was asked. */
struct worker {
	int cpu;
	double ns, gap_ns, batch_ns;
	int late_ns;
};

static void write_worker(FILE *f, int block, const struct cell_key *key, const char *node,
			 const struct worker *w)
{
	uint64_t start = 3ull << 53 | (1 + w->late_ns); /* a double has no such number */

	fprintf(f, "%d,", block);
	key_write(key, KEY_OF_RUN, f);
	fprintf(f, ",%d,0,%s,%d,0,0,%lu,%lu,%d,0,%d,%.0f,0,10,100,%g\n",
		!strcmp(key->scheme, "empty"), node, w->cpu, start, start + (uint64_t)(OPS * w->ns),
		OPS, OPS, OPS * w->gap_ns, 10 * w->batch_ns);
}

/* A window whose workers are all alike. */
static void write_window(FILE *f, int block, const struct cell_key *key, const char *node,
			 double ns)
{
	struct worker w = { .ns = ns, .batch_ns = ns };

	for (w.cpu = 0; w.cpu < key->cpus; w.cpu++)
		write_worker(f, block, key, node, &w);
}

static FILE *workers_csv(struct results *r)
{
	return results_csv(r, "workers.csv", "block", KEY_OF_RUN, WORKERS_COLUMNS);
}

/* A run of that plan, whose rows are to be written. */
static FILE *run_rows(struct results *r, const char *name, struct json_object *plan)
{
	FILE *f;

	assert_int_equal(results_open(r, in_dir(name)), EXIT_FINE);
	assert_non_null(resume_section(r, "run", plan));
	assert_int_equal(results_save(r), EXIT_FINE);
	f = workers_csv(r);
	assert_non_null(f);
	return f;
}

/* On one CPU the least of windows a third of the run apart is a sample; on two each window is. */
static void test_windows_apart(void **state)
{
	static const struct cell_key kref[] = { { .scheme = "kref", .cpus = 1 },
						{ .scheme = "kref", .cpus = 2 } };
	const struct cell *one, *two;
	struct results r;
	struct model m;
	FILE *f;
	int i;

	(void)state;
	f = run_rows(&r, "apart", of_short_batches(plan(20)));
	for (i = 0; i < 20; i++) {
		/* slow for a third of the run, from block 4 on */
		int slow = i >= 4 && i < 10 ? 30 : 0;

		write_window(f, i, &kref[0], "", 20 + slow + (i == 13));
		write_window(f, i, &kref[1], "", 40 + slow);
	}
	assert_int_equal(results_check(&r, f), EXIT_FINE);
	fclose(f);
	results_close(&r);

	assert_int_equal(model_read(&m, in_dir("apart")), EXIT_FINE);
	one = model_cell(&m, "kref", REFCOST_GETPUT, 1);
	two = model_cell(&m, "kref", REFCOST_GETPUT, 2);
	assert_int_equal(one->windows, 20);
	assert_int_equal(one->ns.n, 6);
	assert_int_equal(one->block.n, 6);
	for (i = 0; i < 6; i++)
		assert_true(one->ns.v[i] == 20 && one->block.v[i] == i);
	assert_int_equal(one->mean.n, 20);
	assert_int_equal(two->windows, 20);
	assert_int_equal(two->ns.n, 20);
	assert_true(two->ns.s.max == 70);
	assert_true(model_at(two, 19) == 40);
	model_free(&m);
}

static void test_model(void **state)
{
	static const struct cell_key empty = { .scheme = "empty", .cpus = 2 };
	static const struct cell_key kref[] = { { .scheme = "kref", .cpus = 1 },
						{ .scheme = "kref", .cpus = 2 },
						{ .scheme = "kref", .cpus = 3 } };
	const struct cell *c;
	struct results r;
	struct model m;
	FILE *f;
	int i;

	(void)state;
	f = run_rows(&r, "model", plan(6));
	json_object_object_add(json_object_object_get(json_object_object_get(r.doc, "environment"),
						      "machine"),
			       "host_cpus", json_object_new_int(2));
	assert_int_equal(results_save(&r), EXIT_FINE);
	for (i = 0; i < 6; i++) {
		/* the second begins later; half of the time of each is a gap */
		struct worker w[] = { { 0, 40 + 2 * i, 20 + i, 1, 0 },
				      { 1, 40 + 2 * i, 20 + i, 1, i == 3 ? OPS * 20 : OPS } };
		struct worker alone = { 0, 8, 2, 5, 0 };

		write_window(f, i, &empty, "", 10 + i);
		write_worker(f, i, &kref[1], "", &w[0]);
		write_worker(f, i, &kref[1], "", &w[1]);
		write_worker(f, i, &kref[0], "", &alone);
		write_window(f, i, &kref[2], "", 100);
	}
	assert_int_equal(results_check(&r, f), EXIT_FINE);
	fclose(f);
	assert_null(results_csv(&r, "workers.csv", "block", KEY_OF_RUN, "other,columns"));
	results_close(&r);

	assert_int_equal(model_read(&m, in_dir("model")), EXIT_FINE);
	assert_int_equal(m.nr_cells, 4);
	assert_string_equal(m.cells[0].key.scheme, "kref");
	assert_int_equal(m.cells[0].key.cpus, 1);
	assert_string_equal(m.cells[3].key.scheme, "empty");
	assert_int_equal(model_max_cpus(&m, REFCOST_GETPUT), 2);
	assert_int_equal(model_max_cpus(&m, REFCOST_LOOKUP), 0);
	c = model_cell(&m, "kref", REFCOST_GETPUT, 2);
	assert_non_null(c);
	assert_int_equal(c->ns.n, 6);
	assert_true(c->ns.s.median == 22.5);
	assert_true(c->ns.s.lo == 20 && c->ns.s.hi == 25);
	assert_true(c->lost.s.median == 0.5);
	assert_true(m.cells[0].ns.s.median == 5 && m.cells[0].mean.s.median == 6);
	assert_true(m.cells[0].lost.s.median == 0.25);
	assert_true(fabs(c->mops.s.median - (1e3 / 22 + 1e3 / 23) / 2) < 1e-9);
	assert_true(c->fair.s.min == 1 && c->fair.s.max == 1);
	assert_int_equal(c->flagged, 1);
	assert_false(c->oversubscribed);
	assert_true(model_cell(&m, "kref", REFCOST_GETPUT, 3)->oversubscribed);
	assert_null(model_cell(&m, "kref", REFCOST_LOOKUP, 2));
	assert_string_equal(model_text(&m, "run.plan.blocks"), "6");
	assert_string_equal(model_text(&m, "run.plan.nothing.there"), "not available");
	model_free(&m);
}

/* Every table is about the least hold of its mode, in whatever order the rows come. */
static void test_longer_holds_stand_apart(void **state)
{
	static const struct {
		struct cell_key key;
		double ns;
	} windows[] = {
		{ { .scheme = "kref", .cpus = 1, .hold_ns = 1000 }, 1020 },
		{ { .scheme = "kref", .mode = REFCOST_LOOKUP, .cpus = 1, .hold_ns = 500 }, 600 },
		{ { .scheme = "kref", .cpus = 1 }, 20 },
		{ { .scheme = "rwsem", .cpus = 1, .hold_ns = 1000 }, 1090 },
		{ { .scheme = "rwsem", .cpus = 1 }, 90 },
	};
	struct results r;
	struct model m;
	FILE *f;
	size_t i;

	(void)state;
	assert_int_equal(results_open(&r, in_dir("holds")), EXIT_FINE);
	f = workers_csv(&r);
	assert_non_null(f);
	for (i = 0; i < ARRAY_SIZE(windows); i++)
		write_window(f, 0, &windows[i].key, "", windows[i].ns);
	fclose(f);
	results_close(&r);

	assert_int_equal(model_read(&m, in_dir("holds")), EXIT_FINE);
	assert_int_equal(m.nr_cells, 3);
	assert_int_equal(m.nr_held, 2);
	assert_true(model_cell(&m, "kref", REFCOST_GETPUT, 1)->ns.s.median == 20);
	assert_true(model_cell(&m, "kref", REFCOST_LOOKUP, 1)->ns.s.median == 600);
	assert_true(model_held(&m, "kref", REFCOST_GETPUT, 1, 1000)->ns.s.median == 1020);
	assert_true(model_held(&m, "rwsem", REFCOST_GETPUT, 1, 0)->base);
	assert_null(model_held(&m, "kref", REFCOST_GETPUT, 1, 500));
	assert_true(model_longer_hold(&m, REFCOST_GETPUT, -1) == 0);
	assert_true(model_longer_hold(&m, REFCOST_GETPUT, 0) == 1000);
	assert_true(isnan(model_longer_hold(&m, REFCOST_GETPUT, 1000)));
	assert_true(model_longer_hold(&m, REFCOST_LOOKUP, -1) == 500);
	model_free(&m);
}

/* What is not of the plan's first placement and layout is in no other table. */
static void test_placements_stand_apart(void **state)
{
	static const struct {
		struct cell_key key;
		double ns;
		const char *node;
	} windows[] = {
		{ { "kref", .cpus = 1 }, 20, "0" },
		{ { "kref", .cpus = 1, .placement = PLACEMENT_PACKED }, 30, "1" },
		{ { "kref", .cpus = 1, .hold_ns = 1000 }, 90, "0" },
		{ { "kref", .cpus = 1, .placement = PLACEMENT_PACKED, .layout = REFCOST_PAIR },
		  40,
		  "" },
	};
	const struct cell *first, *other;
	struct results r;
	struct model m;
	FILE *f;
	size_t i;

	(void)state;
	assert_int_equal(results_open(&r, in_dir("placed")), EXIT_FINE);
	assert_non_null(resume_section(
		&r, "run",
		json_tokener_parse(
			"{\"placements\": [{\"name\": \"cores\"}, {\"name\": \"packed\"}],"
			" \"layouts\": [\"own\", \"pair\"]}")));
	assert_int_equal(results_save(&r), EXIT_FINE);
	f = workers_csv(&r);
	assert_non_null(f);
	for (i = ARRAY_SIZE(windows); i--;)
		write_window(f, 0, &windows[i].key, windows[i].node, windows[i].ns);
	fclose(f);
	results_close(&r);

	assert_int_equal(model_read(&m, in_dir("placed")), EXIT_FINE);
	assert_int_equal(m.nr_cells, 1);
	assert_int_equal(m.nr_held, 1);
	assert_int_equal(m.nr_elsewhere, 2);
	first = model_cell(&m, "kref", REFCOST_GETPUT, 1);
	assert_true(first->ns.s.median == 20);
	assert_int_equal(first->counter_node, 0);
	other = model_placed(&m, first, PLACEMENT_PACKED, REFCOST_OWN);
	assert_true(other->ns.s.median == 30);
	assert_int_equal(other->counter_node, 1);
	assert_int_equal(model_placed(&m, first, PLACEMENT_PACKED, REFCOST_PAIR)->counter_node, -1);
	assert_null(model_placed(&m, first, PLACEMENT_CORES, REFCOST_PAIR));
	assert_ptr_equal(model_placed(&m, first, PLACEMENT_CORES, REFCOST_OWN), first);
	model_free(&m);
}

/* What was written is read back, and what differs in one column is another cell. */
static void test_keys(void **state)
{
	static const struct cell_key keys[] = {
		{ .scheme = "kref", .cpus = 1 },
		{ .scheme = "kref", .cpus = 1, .layout = REFCOST_PAIR },
		{ .scheme = "kref", .cpus = 1, .placement = PLACEMENT_LIST },
		{ .scheme = "kref", .cpus = 1, .hold_ns = 5000000000 },
		{ .scheme = "kref", .cpus = 12 },
		{ .scheme = "kref", .form = FORM_TWO_PHASE },
		{ .scheme = "kref", .arm = ARM_LOADED },
		{ .scheme = "kref", .mode = REFCOST_LOOKUP, .cpus = 1 },
		{ .scheme = "rwsem", .cpus = 1 },
	};
	struct results r;
	struct csv csv;
	struct row row = { .csv = &csv };
	size_t i;
	FILE *f;

	(void)state;
	assert_int_equal(results_open(&r, in_dir("keys")), EXIT_FINE);
	f = results_csv(&r, "keys.csv", "block", KEY_ALL, "more");
	assert_non_null(f);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		fputs("0,", f);
		key_write(&keys[i], KEY_ALL, f);
		fputs(",x\n", f);
	}
	fclose(f);
	assert_int_equal(rows_load(r.dir, "keys.csv", &csv), EXIT_FINE);
	assert_int_equal(csv.rows, ARRAY_SIZE(keys));
	for (; row.i < csv.rows; row.i++) {
		struct cell_key key;

		assert_int_equal(key_read(&key, &row), 0);
		for (i = 0; i < ARRAY_SIZE(keys); i++)
			assert_int_equal(!key_cmp(&key, &keys[i], KEY_ALL), i == row.i);
		assert_int_equal(!key_cmp(&key, &keys[0], KEY_SCHEME), row.i < 8);
	}
	/* sorted by the first column that differs: scheme, mode, arm, ... */
	assert_true(key_cmp(&keys[7], &keys[8], KEY_ALL) < 0);
	assert_true(key_cmp(&keys[4], &keys[7], KEY_ALL) < 0);
	assert_true(key_cmp(&keys[4], &keys[3], KEY_ALL) > 0);
	csv_free(&csv);
	results_close(&r);
}

/* A count has no number of CPUs, though the plan of one has. */
static void test_a_table_without_a_column_has_its_cells(void **state)
{
	struct cell_key key = { .scheme = "kref", .mode = REFCOST_LOOKUP, .cpus = 1 };
	struct results r;
	struct done done;
	FILE *f;

	(void)state;
	assert_int_equal(results_open(&r, in_dir("counts")), EXIT_FINE);
	f = results_csv(&r, "instructions.csv", "block", KEY_OF_COUNTS, "floor,instructions");
	assert_non_null(f);
	fputs("0,kref,lookup,0,51.00\n", f);
	fclose(f);
	assert_int_equal(resume_done(r.dir, "instructions.csv", KEY_OF_COUNTS, &done), EXIT_FINE);
	assert_true(resume_has(&done, 0, &key));
	assert_false(resume_has(&done, 1, &key));
	key.mode = REFCOST_GETPUT;
	assert_false(resume_has(&done, 0, &key));
	done_free(&done);
	results_close(&r);
}

/* A window is done once all of its workers have their rows; what is left of another is cut off. */
static void test_a_window_is_done_with_its_last_worker(void **state)
{
	struct cell_key kref = { .scheme = "kref", .cpus = 3 },
			rwsem = { .scheme = "rwsem", .cpus = 2 };
	struct worker w = { .cpu = 0, .ns = 20, .batch_ns = 20 };
	struct results r;
	struct model m;
	struct done done;
	struct csv left;
	FILE *f;

	(void)state;
	f = run_rows(&r, "windows", plan(2));
	write_window(f, 0, &kref, "", 10);
	write_window(f, 1, &rwsem, "", 20);
	write_worker(f, 1, &kref, "", &w);
	w.cpu = 1;
	write_worker(f, 1, &kref, "", &w);
	assert_int_equal(results_check(&r, f), EXIT_FINE);
	assert_int_equal(resume_done(r.dir, "workers.csv", KEY_OF_RUN, &done), EXIT_FINE);
	assert_int_equal(done.n, 2);
	assert_true(resume_has(&done, 0, &kref));
	assert_false(resume_has(&done, 1, &kref));
	assert_true(resume_has(&done, 1, &rwsem));
	assert_int_equal(model_read(&m, r.dir), EXIT_FINE);
	assert_int_equal(model_cell(&m, "kref", REFCOST_GETPUT, 3)->windows, 1);
	model_free(&m);
	assert_int_equal(resume_trim(&r, "workers.csv", &done), EXIT_FINE);
	assert_int_equal(rows_load(r.dir, "workers.csv", &left), EXIT_FINE);
	assert_int_equal(left.rows, 5);
	csv_free(&left);
	done_free(&done);

	/* with more rows after them they are missing */
	write_worker(f, 1, &kref, "", &w);
	write_window(f, 2, &kref, "", 10);
	fclose(f);
	assert_int_equal(resume_done(r.dir, "workers.csv", KEY_OF_RUN, &done), EXIT_FAILED);
	assert_int_equal(model_read(&m, r.dir), EXIT_FAILED);
	results_close(&r);
}

/* Rows of a cell that was not finished are cut off; those of finished ones stay. */
static void test_unfinished_cells_leave_nothing(void **state)
{
	struct done_cell cells[] = {
		{ 0, { .scheme = "kref", .arm = ARM_IDLE } },
		{ 0, { .scheme = "kref", .arm = ARM_LOADED, .hold_ns = 1000 } },
	};
	struct done done = { cells, ARRAY_SIZE(cells), KEY_OF_UNLOAD };
	struct csv left;
	struct results r;
	FILE *f;

	(void)state;
	assert_int_equal(results_open(&r, in_dir("trim")), EXIT_FINE);
	f = results_csv(&r, "attempts.csv", "cycle", KEY_OF_UNLOAD,
			"attempt,gate_ns,delete_ns,errno");
	assert_non_null(f);
	fputs("0,kref,idle,0,1,0,0,0\n0,kref,loaded,1000,1,0,0,11\n0,kref,loaded,1000,2,0,0,0\n"
	      "0,rwsem,loaded,0,1,0,0,11\n0,rwsem,loaded,0,2,0,0,11\n",
	      f);
	fclose(f);
	assert_int_equal(resume_trim(&r, "attempts.csv", &done), EXIT_FINE);
	assert_int_equal(resume_trim(&r, "attempts.csv", &done), EXIT_FINE);
	assert_int_equal(resume_trim(&r, "nowhere.csv", &done), EXIT_FINE);
	assert_int_equal(rows_load(r.dir, "attempts.csv", &left), EXIT_FINE);
	assert_int_equal(left.rows, 3);
	assert_string_equal(csv_get(&left, 2, csv_col(&left, "attempt")), "2");
	assert_false(left.torn);
	csv_free(&left);
	results_close(&r);
}

static void replace(struct json_object *o, const char *name, const char *value)
{
	json_object_object_add(o, name, json_object_new_string(value));
}

static FILE *instructions_csv(struct results *r)
{
	return results_csv(r, "instructions.csv", "block", KEY_OF_COUNTS, "floor,instructions");
}

/* A directory of elsewhere, and rows without a plan, are not gone on with. */
static void test_nothing_is_mixed(void **state)
{
	struct json_object *environment;
	struct results r;
	FILE *f;

	(void)state;
	assert_int_equal(results_open(&r, in_dir("mixed")), EXIT_FINE);
	assert_non_null(resume_section(&r, "run", plan(3)));
	assert_int_equal(results_save(&r), EXIT_FINE);
	results_close(&r);

	/* gone on with by a later command */
	assert_int_equal(results_open(&r, in_dir("mixed")), EXIT_FINE);
	environment = json_object_object_get(r.doc, "environment");
	replace(environment, "host", "another");
	assert_null(resume_section(&r, "run", plan(3)));
	assert_null(resume_section(&r, "unload", plan(3)));
	/* a guest of its own counts instructions; its modules are the same */
	assert_non_null(resume_section(&r, "instructions", plan(3)));
	f = instructions_csv(&r);
	assert_non_null(f);
	fputs("0,kref,getput,0,7\n", f);
	fclose(f);
	assert_non_null(resume_section(&r, "instructions", plan(3)));
	f = instructions_csv(&r);
	assert_non_null(f);
	fclose(f);
	replace(json_object_object_get(environment, "kernel"), "version", "#2");
	assert_null(resume_section(&r, "instructions", plan(3)));
	results_close(&r);

	assert_int_equal(unlink(in_dir("mixed/run.json")), 0);
	assert_int_equal(results_open(&r, in_dir("mixed")), EXIT_FINE);
	assert_non_null(resume_section(&r, "instructions", plan(3)));
	assert_null(instructions_csv(&r));
	results_close(&r);
}

/* What is said on stderr meanwhile. */
static const char *said(struct json_object *(*work)(struct results *r), struct results *r,
			struct json_object **section)
{
	static char text[1024];
	FILE *f = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t n;

	assert_non_null(f);
	dup2(fileno(f), STDERR_FILENO);
	*section = work(r);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static struct json_object *run_section(struct results *r)
{
	return resume_section(r, "run", plan(3));
}

static void set_online(struct results *r, int n)
{
	struct json_object *env = json_object_object_get(r->doc, "environment");

	json_object_object_add(json_object_object_get(env, "cpu"), "online",
			       json_object_new_int(n));
}

/* A CPU that goes offline while a new directory is made does not make it one of another machine. */
static void test_cpu_goes_offline(void **state)
{
	struct json_object *section;
	struct results r;
	const char *text;

	(void)state;
	assert_int_equal(results_open(&r, in_dir("hotplug")), EXIT_FINE);
	set_online(&r, 4096);
	assert_non_null(run_section(&r));
	assert_int_equal(results_save(&r), EXIT_FINE);
	results_close(&r);

	assert_int_equal(results_open(&r, in_dir("hotplug")), EXIT_FINE);
	text = said(run_section, &r, &section);
	assert_null(section);
	assert_non_null(strstr(text, "another number of CPUs online"));
	assert_non_null(strstr(text, "have as many online"));
	assert_null(strstr(text, "another machine"));
	results_close(&r);
}

/* Files of a set appear together, or none of them. */
static void test_whole_or_not_at_all(void **state)
{
	struct whole *set = NULL;
	char text[16] = "";
	FILE *f;

	(void)state;
	f = fopen(in_dir("old"), "w");
	fputs("old", f);
	fclose(f);
	assert_non_null(whole_open(&set, in_dir("new-one")));
	f = whole_open(&set, in_dir("old"));
	fputs("new", f);
	fflush(f);
	assert_int_equal(access(in_dir("new-one"), F_OK), -1);
	assert_int_equal(whole_end(&set, EXIT_FAILED), EXIT_FAILED);
	assert_null(set);
	assert_int_equal(access(in_dir("new-one"), F_OK), -1);
	assert_int_equal(access(in_dir("old.new"), F_OK), -1);
	f = fopen(in_dir("old"), "r");
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "old");

	assert_non_null(whole_open(&set, in_dir("new-one")));
	assert_int_equal(whole_remove(&set, in_dir("old")), EXIT_FINE);
	assert_int_equal(whole_end(&set, EXIT_FINE), EXIT_FINE);
	assert_int_equal(access(in_dir("new-one"), F_OK), 0);
	assert_int_equal(access(in_dir("old"), F_OK), -1);
	assert_null(whole_open(&set, dir));
	assert_int_equal(whole_end(&set, EXIT_FAILED), EXIT_FAILED);
}

/* This machine's fingerprint, as docs/results-schema.json has it. */
static void test_new_directory_is_described(void **state)
{
	char command[300];
	struct results r;

	(void)state;
	if (access("tests/schema.py", X_OK))
		skip();
	assert_int_equal(results_open(&r, in_dir("new")), EXIT_FINE);
	results_close(&r);
	snprintf(command, sizeof(command), "tests/schema.py '%s' >&2", in_dir("new"));
	assert_int_equal(system(command), 0);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_round_trip),
		cmocka_unit_test(test_not_a_directory),
		cmocka_unit_test(test_windows_apart),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_longer_holds_stand_apart),
		cmocka_unit_test(test_placements_stand_apart),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_a_table_without_a_column_has_its_cells),
		cmocka_unit_test(test_a_window_is_done_with_its_last_worker),
		cmocka_unit_test(test_unfinished_cells_leave_nothing),
		cmocka_unit_test(test_nothing_is_mixed),
		cmocka_unit_test(test_cpu_goes_offline),
		cmocka_unit_test(test_whole_or_not_at_all),
		cmocka_unit_test(test_new_directory_is_described),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
