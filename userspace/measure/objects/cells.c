// SPDX-License-Identifier: GPL-2.0
/*
 * The cycles of refcost objects, block by block in random order: load a victim with so many
 * objects, bind the scheme to them, and unload it; a row each. The first cycle is counted, and has
 * no times, since counting takes some; the others are timed.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "measure/objects/count.h"
#include "measure/objects/parts.h"

#define MAX_ATTEMPTS 1000
#define PATIENCE_NS  (600 * NSEC_PER_SEC) /* a grace period an object */

#define ROWS_COLUMNS \
	"create_ns,gate_ns,destroy_ns,delete_ns,success_ns,slab_bytes,percpu_bytes,waits,callbacks"

/* One cycle and what is known about it so far. */
struct cycle {
	uint64_t number;
	const struct cell_plan *cell;
	bool counts;
	uint64_t create_ns, destroy_ns;
	struct counted counted;
	struct unloading unloading;
};

static int bind(struct objects *o, int fd, const struct cycle *c)
{
	struct refcost_run run = { .objects = 1, .seed = o->opts.seed };
	char why[256];
	int err = users_start(&o->users, fd, c->cell->scheme, &run);

	if (err && err != -EINTR)
		say("%s: %s", c->cell->scheme->name, device_why(-err, &run, why, sizeof(why)));
	return err ? EXIT_FAILED : EXIT_FINE;
}

/* What a scheme has once, however many modules use it, is there before its memory is counted. */
static int create(struct objects *o, int fd, struct cycle *c)
{
	struct refcost_load_stat stat;
	int err;

	if (!c->counts)
		return bind(o, fd, c);
	err = bind(o, fd, c) ?: users_stop(fd, c->cell->scheme, &stat);
	if (err)
		return err;
	count_memory_begin();
	err = bind(o, fd, c);
	count_memory_end(&c->counted);
	return err;
}

static int unload(struct objects *o, int fd, struct cycle *c)
{
	struct refcost_load_stat stat;
	char why[256];
	int err, stopped;

	sleep_until_ns(now_ns() + users_gap(o->rng, o->hz));
	if (c->counts)
		count_waits_begin();
	err = interrupted ? -EINTR : users_unload(fd, o->rng, &c->unloading);
	if (c->counts)
		count_waits_end(&c->counted);
	stopped = users_stop(fd, c->cell->scheme, &stat);
	c->create_ns = stat.bind_ns;
	c->destroy_ns = stat.unbind_ns;
	if (stopped || err == -EINTR)
		return EXIT_FAILED;
	if (err || !c->unloading.gone)
		return fail(EXIT_FAILED, "%s: cannot unload %s: %s", c->cell->scheme->name,
			    SUITE_VICTIM,
			    unload_why(err ? -err : c->unloading.refused, why, sizeof(why)));
	return EXIT_FINE;
}

static int try_cycle(struct objects *o, int fd, struct cycle *c)
{
	int err = victim_load(c->cell->key.objects);

	if (!err)
		err = create(o, fd, c);
	return err ?: unload(o, fd, c);
}

static void write_counted(FILE *f, int64_t n)
{
	if (n >= 0)
		fprintf(f, ",%ld", n);
	else
		putc(',', f);
}

static int write_row(struct objects *o, const struct cycle *c)
{
	const struct unloading *u = &c->unloading;

	fprintf(o->rows, "%lu,", c->number);
	key_write(&c->cell->key, KEY_OF_OBJECTS, o->rows);
	if (c->counts)
		fputs(",,,,,", o->rows);
	else
		fprintf(o->rows, ",%lu,%lu,%lu,%lu,%lu", c->create_ns, u->gate_ns, c->destroy_ns,
			u->delete_ns, u->tried_ns);
	write_counted(o->rows, c->counted.slab_bytes);
	write_counted(o->rows, c->counted.percpu_bytes);
	write_counted(o->rows, c->counted.waits);
	write_counted(o->rows, c->counted.callbacks);
	putc('\n', o->rows);
	return results_check(&o->results, o->rows);
}

/* Is armed for the whole of the first cycle: that takes longer than all else. */
static void count_if(struct objects *o, bool wanted)
{
	if (wanted && !o->counting)
		count_open();
	if (!wanted && o->counting)
		count_close();
	o->counting = wanted;
}

/* What was stopped in the middle says nothing of the scheme: it is measured again. */
static int cycle(const struct cell_plan *cell, uint64_t number, void *arg)
{
	struct objects *o = arg;
	struct cycle c;
	sig_atomic_t before;
	int err;

	count_if(o, !number);
	do {
		c = (struct cycle){
			.number = number,
			.cell = cell,
			.counts = !number,
			.counted = { -1, -1, -1, -1 },
			.unloading = { .max_attempts = MAX_ATTEMPTS, .patience_ns = PATIENCE_NS },
		};
		before = resumed;
		err = try_cycle(o, o->fd, &c);
	} while (!err && resumed != before);
	return err ?: write_row(o, &c);
}

static int open_output(struct objects *o)
{
	int err = results_open(&o->results, o->opts.output);

	if (err)
		return err;
	o->section = resume_section(&o->results, "objects", objects_plan_json(o));
	o->rows = o->section ? results_csv(&o->results, "objects.csv", "cycle", KEY_OF_OBJECTS,
					   ROWS_COLUMNS)
			     : NULL;
	if (!o->rows)
		return EXIT_FAILED;
	json_object_object_add(o->section, "possible_cpus",
			       json_object_new_int(libbpf_num_possible_cpus()));
	return resume_done(o->results.dir, "objects.csv", KEY_OF_OBJECTS, &o->rounds.done)
		       ?: results_save(&o->results);
}

static int measure(int fd, const struct refcost_info *info, void *arg)
{
	struct objects *o = arg;
	int err = open_output(o);

	if (err)
		return err;
	o->hz = info->hz;
	o->fd = fd;
	err = rounds_go(&o->rounds, cycle, o);
	count_if(o, false);
	return objects_finish(o, err);
}

int objects_measure(struct objects *o)
{
	return bench_session(measure, o);
}
