// SPDX-License-Identifier: GPL-2.0
/*
 * Users of the victim, through the ioctls of a load.
 */
#include "measure/users.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/refcost.h"
#include "machine/env.h"
#include "machine/topo.h"

#define GAP_TICKS_MIN 2
#define GAP_TICKS_MAX 6
#define PAUSE_MAX_NS  200000

int users_plan(struct users *u, uint64_t workers)
{
	char offline[256];

	u->nr_cpus = topo_cpus(u->cpus, USERS_MAX);
	if (!u->nr_cpus)
		return fail(EXIT_FAILED, "cannot read the CPU topology");
	if (workers == USERS_ALL_BUT_ONE)
		workers = u->nr_cpus > 1 ? u->nr_cpus - 1 : 1;
	if (workers > u->nr_cpus)
		return fail(EXIT_USAGE, "--load %lu: only %zu CPU%s online%s", workers, u->nr_cpus,
			    u->nr_cpus == 1 ? "" : "s", env_offline(offline, sizeof(offline)));
	u->workers = workers;
	return EXIT_FINE;
}

int users_start(const struct users *u, int fd, const struct scheme_desc *scheme,
		struct refcost_run *run)
{
	bool spare = run->nr_cpus < u->nr_cpus;
	int err;

	run->size = sizeof(*run);
	run->mode = REFCOST_LOOKUP;
	run->cpus = (uintptr_t)(u->cpus + spare);
	snprintf(run->scheme, sizeof(run->scheme), "%s", scheme->name);
	err = device_call(fd, REFCOST_IOC_LOAD_START, run);
	if (!err && spare)
		topo_pin(u->cpus[0]);
	return err;
}

int users_stop(int fd, const struct scheme_desc *scheme, struct refcost_load_stat *stat)
{
	struct refcost_run ended = { 0 };
	char why[256];
	int err;

	topo_pin(TOPO_ANY_CPU);
	stat->size = sizeof(*stat);
	err = device_call(fd, REFCOST_IOC_LOAD_STOP, stat);
	ended.balance = stat->balance;
	ended.bad_cpu = stat->stopped_cpu;
	if (err)
		return fail(EXIT_FAILED, "%s: %s", scheme->name,
			    device_why(-err, &ended, why, sizeof(why)));
	if (stat->stopped_cpu >= 0)
		return fail(EXIT_FAILED, "%s", device_why(ENODEV, &ended, why, sizeof(why)));
	if (stat->violations)
		return fail(EXIT_FAILED,
			    "%s: %llu calls into a module that was given up: it is not safe",
			    scheme->name, stat->violations);
	return EXIT_FINE;
}

uint64_t users_gap(gsl_rng *rng, uint32_t hz)
{
	uint64_t tick = NSEC_PER_SEC / hz;

	return tick * GAP_TICKS_MIN + gsl_rng_uniform(rng) * tick * (GAP_TICKS_MAX - GAP_TICKS_MIN);
}

/*
 * Gate and delete_module(2), once, and when they were over. A gate that refused leaves things as
 * its scheme promises.
 */
static int attempt(int fd, struct unloading *u, uint64_t *end)
{
	struct refcost_gate gate = { .size = sizeof(gate) };
	uint64_t start;
	int err;

	err = device_call(fd, REFCOST_IOC_GATE, &gate);
	*end = now_ns();
	if (err)
		return err;
	u->gate_ns = gate.ns;
	u->delete_ns = 0;
	if (gate.busy)
		return -gate.busy;
	start = *end;
	err = module_delete(SUITE_VICTIM);
	*end = now_ns();
	u->delete_ns = *end - start;
	if (err)
		device_call(fd, REFCOST_IOC_UNGATE, NULL);
	return err;
}

int users_unload(int fd, gsl_rng *rng, struct unloading *u)
{
	uint64_t begin = now_ns(), end;
	int err;

	u->tried_ns = 0;
	for (u->attempts = 1;; u->attempts++) {
		err = attempt(fd, u, &end);
		u->tried_ns += end - begin;
		u->refused = -err;
		u->gone = !err;
		if (err && err != -EWOULDBLOCK && err != -EBUSY)
			return err;
		if (u->each)
			u->each(u, u->arg);
		if (u->gone)
			return 0;
		if (interrupted)
			return -EINTR;
		if (u->attempts == u->max_attempts || u->tried_ns >= u->patience_ns)
			return 0;
		begin = now_ns(); /* the pause counts, and what we did before it does not */
		sleep_until_ns(begin + gsl_rng_uniform_int(rng, PAUSE_MAX_NS));
	}
}

int users_unload_alone(void)
{
	int err;

	err = module_remove(SUITE_VICTIM);
	return err ? fail(EXIT_FAILED, "%s stays loaded: %s: see lsmod for what holds it",
			  SUITE_VICTIM, strerror(-err))
		   : EXIT_FINE;
}
