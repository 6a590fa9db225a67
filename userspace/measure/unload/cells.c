// SPDX-License-Identifier: GPL-2.0
/*
 * The cycles of refcost unload, block by block in random order: load the victim, have it used, and
 * do what rmmod would; a row each.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "measure/unload/parts.h"

#define CYCLES_COLUMNS                                                                             \
	"workers,gone,attempts,errno,success_ns,gate_ns,delete_ns,response_ns,gap_ns,load_ns,ops," \
	"failed,spurious,stall_calm_ns,stall_unload_ns,violations,records,trace_ns,refused,"       \
	"bystanders,bystander_ops,bystander_failed,bystander_calm_ns,bystander_unload_ns,tried_ns"
#define PHASES_COLUMNS	 "index,phase,ns,off_ns,merged"
#define ATTEMPTS_COLUMNS "attempt,gate_ns,delete_ns,errno"

static uint64_t failed_gets(int fd)
{
	struct refcost_load_stat stat = { .size = sizeof(stat) };

	device_call(fd, REFCOST_IOC_LOAD_STAT, &stat);
	return stat.failed;
}

/* A get that failed before an attempt that left the module there failed for nothing. */
static void on_attempt(const struct unloading *unloading, void *arg)
{
	struct unload_cycle *c = arg;
	uint64_t failed = failed_gets(c->u->fd);

	if (!unloading->gone)
		c->spurious += failed - c->failed;
	c->failed = failed;
	unload_row(c, c->attempts);
	fprintf(c->attempts, "%lu,%lu,%lu,%d\n", unloading->attempts, unloading->gate_ns,
		unloading->delete_ns, unloading->refused);
}

/* The next time on the schedule, or a random number of ticks from now. */
static void wait_gap(struct unload_cycle *c)
{
	struct unloads *u = c->u;
	uint64_t start = now_ns(), until;

	c->gap_ns = users_gap(u->rng, u->hz);
	until = start + c->gap_ns;
	if (u->opts.rate > 0) {
		if (!u->next_ns)
			u->next_ns = start;
		until = u->next_ns;
		u->next_ns += NSEC_PER_SEC / u->opts.rate;
	}
	sleep_until_ns(until);
	if (u->opts.rate > 0)
		c->response_ns = now_ns() - until; /* late so far */
}

static int use_and_unload(struct unload_cycle *c)
{
	const struct unload_opts *opts = &c->u->opts;
	const struct scheme_desc *scheme = c->cell->scheme;
	struct refcost_run run = {
		.flags = c->bystander ? REFCOST_RUN_BYSTANDER : 0,
		.objects = opts->objects,
		.nr_cpus = c->workers,
		.hold_ns = c->cell->key.hold_ns,
		.think_ns = opts->think_ns,
		.seed = opts->seed + c->number,
	};
	char why[256];
	int err, stopped;

	err = users_start(&c->u->users, c->u->fd, scheme, &run);
	if (err)
		return err == -EINTR ? EXIT_FAILED
				     : fail(EXIT_FAILED, "%s: %s", scheme->name,
					    device_why(-err, &run, why, sizeof(why)));
	wait_gap(c);
	c->failed = failed_gets(c->u->fd);
	err = interrupted ? -EINTR : users_unload(c->u->fd, c->u->rng, &c->unloading);
	if (c->response_ns)
		c->response_ns += c->unloading.tried_ns;
	stopped = users_stop(c->u->fd, scheme, &c->stat);
	if (stopped || err == -EINTR)
		return EXIT_FAILED;
	if (err)
		return fail(EXIT_FAILED, "%s: cannot unload %s: %s", scheme->name, SUITE_VICTIM,
			    unload_why(-err, why, sizeof(why)));
	return EXIT_FINE;
}

static int write_cycle(const struct unload_cycle *c)
{
	const struct unloading *tried = &c->unloading;
	const struct refcost_load_stat *stat = &c->stat;
	struct unloads *u = c->u;
	char response[CSV_NUM_LEN] = "";

	fputs(c->attempts_text, u->attempts);
	if (c->response_ns)
		snprintf(response, sizeof(response), "%lu", c->response_ns);
	unload_row(c, u->cycles);
	fprintf(u->cycles, "%lu,%d,%lu,%d,%lu,%lu,%lu,%s,%lu,%lu,%llu,%lu,%lu,%llu,%llu,%llu,",
		c->workers, tried->gone, tried->attempts, tried->refused,
		tried->gone ? tried->tried_ns : 0, tried->gate_ns, tried->delete_ns, response,
		c->gap_ns, c->load_ns, stat->ops, c->failed, c->spurious, stat->stall_calm_ns,
		stat->stall_unload_ns, stat->violations);
	if (u->trace)
		fprintf(u->cycles, "%zu,%lu,", c->records, c->trace_ns);
	else
		fprintf(u->cycles, ",,");
	fprintf(u->cycles, "%llu,%d,%llu,%llu,%llu,%llu,%lu\n", stat->refused, c->bystander,
		stat->bystander_ops, stat->bystander_failed, stat->bystander_calm_ns,
		stat->bystander_unload_ns, tried->tried_ns);
	return results_check(&u->results, u->attempts) ?: results_check(&u->results, u->phases) ?:
	       results_check(&u->results, u->cycles);
}

/* An unload that gets nowhere under its users is a result; the module goes without them. */
static int give_up(struct unload_cycle *c)
{
	char hold[48] = "", time[32];
	int err;

	if (c->cell->key.arm == ARM_LOADED && c->cell->key.hold_ns)
		snprintf(hold, sizeof(hold), ", hold %s",
			 ns_text(c->cell->key.hold_ns, time, sizeof(time)));
	say("%s, %s%s: starved: busy in all %lu attempts in %.2f s", c->cell->scheme->name,
	    arm_names[c->cell->key.arm], hold, c->unloading.attempts,
	    c->unloading.tried_ns / (double)NSEC_PER_SEC);
	c->u->starved++;
	err = users_unload_alone();
	if (!err)
		unload_trace_skip(c->u);
	return err;
}

static int try_cycle(struct unload_cycle *c)
{
	const struct unloads *u = c->u;
	uint64_t objects = u->opts.objects ?: (u->users.workers ?: 1), start;
	int err;

	start = now_ns();
	err = victim_load(objects);
	if (err)
		return err;
	c->load_ns = now_ns() - start;
	return use_and_unload(c);
}

/*
 * What was stopped in the middle says nothing of the scheme; what is due next begins a schedule of
 * its own.
 */
static int drop_cycle(struct unload_cycle *c)
{
	int err = c->unloading.gone ? EXIT_FINE : users_unload_alone();

	unload_trace_skip(c->u);
	c->u->next_ns = 0;
	return err;
}

static int finish_cycle(struct unload_cycle *c)
{
	int err;

	unload_trace_collect(c);
	c->u->unloaded += c->unloading.gone;
	c->u->bystander_failed += c->stat.bystander_failed;
	err = c->unloading.gone ? EXIT_FINE : give_up(c);
	return err ? err : write_cycle(c);
}

/* Until nobody stopped this command meanwhile. */
static int cycle(const struct cell_plan *cell, uint64_t number, void *arg)
{
	struct unloads *u = arg;
	struct unload_cycle c;
	sig_atomic_t before;
	bool again;
	int err;

	for (;;) {
		c = (struct unload_cycle){
			.u = u,
			.number = number,
			.cell = cell,
			.workers = cell->key.arm == ARM_LOADED ? u->users.workers : 0,
			.unloading = {
				.max_attempts = u->opts.attempts,
				.patience_ns = u->opts.patience_ns,
				.each = on_attempt,
				.arg = &c,
			},
		};
		c.bystander = c.workers >= 2 && !u->opts.no_bystander;
		c.attempts = open_memstream(&c.attempts_text, &c.attempts_len);
		if (!c.attempts)
			return fail(EXIT_FAILED, "out of memory");
		before = resumed;
		again = false;
		err = try_cycle(&c);
		fclose(c.attempts);
		if (!err) {
			again = resumed != before;
			err = again ? drop_cycle(&c) : finish_cycle(&c);
		}
		free(c.attempts_text);
		if (err || !again)
			return err;
	}
}

static FILE *unload_csv(struct unloads *u, const char *name, const char *columns)
{
	return results_csv(&u->results, name, "cycle", KEY_OF_UNLOAD, columns);
}

int unload_output(struct unloads *u)
{
	int err;

	err = results_open(&u->results, u->opts.output);
	if (err)
		return err;
	u->section = resume_section(&u->results, "unload", unload_plan_json(u));
	if (!u->section)
		return EXIT_FAILED;
	u->cycles = unload_csv(u, "unload.csv", CYCLES_COLUMNS);
	u->phases = u->cycles ? unload_csv(u, "phases.csv", PHASES_COLUMNS) : NULL;
	u->attempts = u->phases ? unload_csv(u, "attempts.csv", ATTEMPTS_COLUMNS) : NULL;
	if (!u->attempts)
		return EXIT_FAILED;
	err = resume_done(u->results.dir, "unload.csv", KEY_OF_UNLOAD, &u->rounds.done);
	if (!err)
		err = resume_trim(&u->results, "phases.csv", &u->rounds.done);
	if (!err)
		err = resume_trim(&u->results, "attempts.csv", &u->rounds.done);
	return err ? err : results_save(&u->results);
}

static int measure(int fd, const struct refcost_info *info, void *arg)
{
	struct unloads *u = arg;

	u->hz = info->hz;
	u->fd = fd;
	return unload_trace_open(u) ?: rounds_go(&u->rounds, cycle, u);
}

int unload_measure(struct unloads *u)
{
	return bench_session(measure, u);
}
