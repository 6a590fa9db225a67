// SPDX-License-Identifier: GPL-2.0
/*
 * Whether the machine is as fast as it was at its best, while a window lasts or around it. An empty loop on the
 * window's CPUs tells; what the window itself says has no part in it, so that nothing is picked by its value.
 * What slows a machine for a while is, for one, another guest on the other thread of the core.
 *
 * One worker looks between its batches, and those between two good looks count. Several would have less to
 * contend with while one of them looks, and events would count the looks: then it is before the window and after it.
 *
 * Each window has so much time to be measured again. What it does not need is for later ones that need more:
 * machines are disturbed for half a minute, and then quiet for minutes.
 */
#include "measure/run/parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/refcost.h"
#include "measure/dry_run.h"

#define LOOK_NS	       (2 * NSEC_PER_MSEC)
#define LOOK_WARMUP_NS NSEC_PER_MSEC
#define PAUSE_NS       (10 * NSEC_PER_MSEC)
#define QUIET_LEAST    0.05 /* of a window */

struct machine {
	double fastest; /* empty loop, ns an operation; 0: not known yet */
	uint64_t left_ns;
};

/* Run the empty loop. */
static int run_empty(int fd, const struct placement *where, int cpus, uint64_t window_ns,
		     uint64_t look_most_ns, struct refcost_worker_result *w)
{
	struct refcost_run run = {
		.size = sizeof(run),
		.scheme = "empty",
		.mode = REFCOST_GETPUT,
		.objects = 1,
		.nr_cpus = cpus,
		.cpus = (uintptr_t)where->cpus,
		.warmup_ns = LOOK_WARMUP_NS,
		.window_ns = window_ns,
		.look_most_ns = look_most_ns,
		.seed = env.seed,
		.results = (uintptr_t)w,
	};
	char why[256];
	int err = device_call(fd, REFCOST_IOC_RUN, &run);

	if (!err)
		return EXIT_FINE;
	if (err == -EINTR)
		return EXIT_FAILED;
	return fail(EXIT_FAILED, "--settle, %d CPU%s: %s", cpus, cpus == 1 ? "" : "s",
		    device_why(-err, &run, why, sizeof(why)));
}

/* How long an operation of it takes, gaps and all, ns. */
static int look(int fd, const struct placement *where, int cpus, double *ns)
{
	struct refcost_worker_result w[cpus];
	double rate = 0;
	int err, i;

	err = run_empty(fd, where, cpus, LOOK_NS, 0, w);
	if (err)
		return err;
	for (i = 0; i < cpus; i++)
		rate += w[i].ops / (double)(w[i].end_ns - w[i].start_ns);
	*ns = cpus / rate;
	return EXIT_FINE;
}

/* These CPUs: with more of them it is harder to find a moment at which all are fast. */
static struct machine *machine_of(const struct run *r, const struct cell_plan *c)
{
	size_t placement = c->placement - env.placements.v;

	return &r->machines[placement * (r->plan.max_count + 1) + c->cpus];
}

/* Look once; the fastest is the run's, of these CPUs. */
static int look_again(struct run *r, int fd, const struct cell_plan *c, bool *known)
{
	double *fastest = &machine_of(r, c)->fastest, ns, slowdown;

	*known = *fastest > 0;
	if (interrupted || look(fd, c->placement, c->cpus, &ns))
		return EXIT_FAILED;
	if (!*known || ns < *fastest)
		*fastest = ns;
	slowdown = ns / *fastest;
	r->slowdown = slowdown > r->slowdown ? slowdown : r->slowdown;
	return EXIT_FINE;
}

/* More workers than CPUs that really run at once slow each other at any time. */
static bool is_looked_at(const struct plan *p, const struct cell_plan *c)
{
	return env.settle_ns && (!p->host_cpus || c->cpus <= p->host_cpus);
}

bool settle_wanted(struct run *r, const struct cell_plan *c)
{
	bool wanted = is_looked_at(&r->plan, c);

	r->slowdown = 0;
	r->quiet = NAN;
	if (wanted)
		machine_of(r, c)->left_ns += env.settle_ns;
	return wanted;
}

/* While it lasts, rather than around it. */
static bool is_looked_into(const struct run *r, const struct cell_plan *c)
{
	return c->cpus == 1 && !r->around;
}

/* What a good look may take; the first time, learn for as long as one window has what the shortest takes. */
static int limit_looks(struct run *r, int fd, const struct cell_plan *c, struct refcost_run *run)
{
	struct machine *m = machine_of(r, c);
	struct refcost_worker_result w;
	int err;

	if (!m->fastest) {
		err = run_empty(fd, c->placement, 1, fmax(env.settle_ns, REFCOST_WINDOW_MIN), 1,
				&w);
		if (err)
			return err;
		m->fastest = w.look_least_ns / (double)REFCOST_LOOK_OPS;
	}
	run->look_most_ns = SETTLED * m->fastest * REFCOST_LOOK_OPS;
	return EXIT_FINE;
}

int settle_before(struct run *r, int fd, const struct cell_plan *c, uint64_t start,
		  struct refcost_run *run)
{
	bool learning = false, known;
	uint64_t waited;
	int err;

	run->look_most_ns = 0;
	if (is_looked_into(r, c))
		return limit_looks(r, fd, c, run);
	for (;;) {
		r->slowdown = 0;
		err = look_again(r, fd, c, &known);
		if (err)
			return err;
		learning |= !known;
		waited = now_ns() - start;
		if (waited >= (learning ? env.settle_ns : machine_of(r, c)->left_ns) ||
		    (!learning && r->slowdown <= SETTLED))
			return EXIT_FINE;
		usleep(PAUSE_NS / 1000);
	}
}

/* Looks that were good by what was known before may not be, by what they have shown: then nothing is. */
static void judge_looks(struct run *r, const struct cell_plan *c,
			const struct refcost_worker_result *w)
{
	struct machine *m = machine_of(r, c);
	double least = w->look_least_ns / (double)REFCOST_LOOK_OPS;

	r->quiet = 0;
	if (least * SETTLED >= m->fastest)
		r->quiet = w->quiet_ns / (double)(w->end_ns - w->start_ns - w->look_ns);
	r->settled = r->quiet >= QUIET_LEAST;
	m->fastest = fmin(m->fastest, least);
}

int settle_after(struct run *r, int fd, const struct cell_plan *c,
		 const struct refcost_worker_result *w)
{
	bool known;
	int err;

	if (!is_looked_into(r, c)) {
		err = look_again(r, fd, c, &known);
		r->settled = r->slowdown <= SETTLED;
		return err;
	}
	if (w->looks) {
		judge_looks(r, c, w);
		return EXIT_FINE;
	}
	/* events are counted: learn again what is fast, and begin again */
	r->around = true;
	r->settled = false;
	machine_of(r, c)->fastest = 0;
	return EXIT_FINE;
}

bool settle_retry(const struct run *r, const struct cell_plan *c)
{
	return !r->settled && r->settle_ns < machine_of(r, c)->left_ns;
}

void settle_account(struct run *r, const struct cell_plan *c)
{
	uint64_t *left = &machine_of(r, c)->left_ns;

	*left = *left > r->settle_ns ? *left - r->settle_ns : 0;
	r->settling_ns += r->settle_ns;
	r->unsettled += !r->settled;
}

double settle_ms(const struct plan *p, const struct cell_plan *c, bool most)
{
	double least =
		2 * (dry_run_pace()->cell + (LOOK_WARMUP_NS + LOOK_NS) / (double)NSEC_PER_MSEC);

	if (!is_looked_at(p, c))
		return 0;
	if (c->cpus == 1)
		least = 0;
	return most ? fmax(least, env.settle_ns / (double)NSEC_PER_MSEC) : least;
}

/* "PLACEMENT CPUS": how the section calls a machine. */
static void name_of(const struct run *r, size_t machine, char *name, size_t len)
{
	size_t counts = r->plan.max_count + 1;

	snprintf(name, len, "%s %zu", env.placements.v[machine / counts].name, machine % counts);
}

static size_t nr_machines(const struct run *r)
{
	return env.placements.n * (r->plan.max_count + 1);
}

int settle_begin(struct run *r)
{
	struct json_object *known = json_object_object_get(r->section, "fastest_empty_ns");
	char name[64];
	size_t i;

	r->machines = calloc(nr_machines(r), sizeof(*r->machines));
	if (!r->machines)
		return fail(EXIT_FAILED, "out of memory");
	for (i = 0; i < nr_machines(r); i++) {
		name_of(r, i, name, sizeof(name));
		r->machines[i].fastest =
			json_object_get_double(json_object_object_get(known, name));
	}
	return EXIT_FINE;
}

void settle_end(struct run *r)
{
	struct json_object *known = json_object_new_object();
	char name[64];
	size_t i;

	for (i = 0; r->machines && i < nr_machines(r); i++) {
		if (!r->machines[i].fastest)
			continue;
		name_of(r, i, name, sizeof(name));
		json_object_object_add(known, name, json_object_new_double(r->machines[i].fastest));
	}
	if (json_object_object_length(known))
		json_object_object_add(r->section, "fastest_empty_ns", known);
	else
		json_object_put(known);
	free(r->machines);
}
