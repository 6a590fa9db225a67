// SPDX-License-Identifier: GPL-2.0
/*
 * refcost cycle: load and unload modules again and again, all at once, and time the calls from
 * outside.
 *
 * What tracers are tried on, and what is compared with and without them. A thread unloads each
 * module; a barrier lets them begin together.
 */
#include <argp.h>
#include <errno.h>
#include <gsl/gsl_rng.h>
#include <libkmod.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/options.h"
#include "base/refcost.h"
#include "machine/suite.h"
#include "stats/summary.h"

#define MODULES_MAX 64
#define GAP_MAX	    (60 * NSEC_PER_SEC)

/* When cleaning up, a module that is in use is tried again. */
#define RETRY_NS (10 * NSEC_PER_MSEC)
#define RETRIES	 100

static struct env {
	const char *const *modules;
	size_t nr_modules;
	const char *tag;
	uint64_t cycles;
	uint64_t seconds;
	uint64_t gap_ns;
	uint64_t seed;
	bool csv;
} env = {
	.gap_ns = 10 * NSEC_PER_MSEC,
	.seed = 1,
};

enum { OPT_CSV = 256, OPT_TAG, OPT_SEED };

static const struct argp_option options[] = {
	{ "cycles", 'n', "COUNT", 0, "So many times (default 23, or until -d)", 0 },
	{ "duration", 'd', "SECONDS", 0, "Begin no cycle after that time", 0 },
	{ "gap", 'g', "TIME", 0,
	  "Wait between load and unload for TIME to twice that, at random, as grace periods are locked to "
	  "ticks (default 10ms)",
	  0 },
	{ "seed", OPT_SEED, "N", 0, "Of the gaps (default 1)", 0 },
	{ "csv", OPT_CSV, 0, 0, "A row an unload, and no summary", 0 },
	{ "tag", OPT_TAG, "TEXT", 0, "The first column of CSV", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'n':
		env.cycles = opt_u64(state, "--cycles", arg, 1, UINT32_MAX);
		break;
	case 'd':
		env.seconds = opt_u64(state, "--duration", arg, 1, 1000000);
		break;
	case 'g':
		env.gap_ns = opt_ns(state, "--gap", arg, 0, GAP_MAX);
		break;
	case OPT_SEED:
		env.seed = opt_u64(state, "--seed", arg, 0, UINT32_MAX);
		break;
	case OPT_CSV:
		env.csv = true;
		break;
	case OPT_TAG:
		if (strpbrk(arg, ",\"\n"))
			argp_error(state, "--tag is a column: no comma, no quote");
		env.tag = arg;
		break;
	case ARGP_KEY_ARGS:
		env.modules = (const char *const *)state->argv + state->next;
		env.nr_modules = state->argc - state->next;
		if (env.nr_modules > MODULES_MAX)
			argp_error(state, "at most %d modules at once", MODULES_MAX);
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which modules? Give names or files, as dummy or ./dummy.ko");
		break;
	case ARGP_KEY_END:
		if (!env.cycles)
			env.cycles = env.seconds ? UINT64_MAX : 23;
		if (env.tag && !env.csv)
			argp_error(state, "--tag is for --csv");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	options,
	parse,
	"MODULE...",
	"Load the modules, wait a little, unload them all at the same moment, each by a thread of its own; "
	"again and again. Times delete_module(2) from outside, in all and on the CPU: something to try "
	"tracers on, and to tell what they cost. Modules are names or files; what a module needs must be "
	"loaded already."
	"\vColumns of --csv: tag, cycle, module, load_ns, load_cpu_ns, unload_ns, unload_cpu_ns (of the "
	"calling thread), result "
	"(0 or the errno).\n\n"
	"Examples:\n"
	"  refcost cycle dummy                               23 times\n"
	"  refcost trace -- refcost cycle nls_utf8 dummy     two at once, traced\n"
	"  refcost cycle -d 10 --gap 0 ./mine.ko             as fast as it goes\n"
	"\nExit codes: 0 fine, 1 failed, 64 usage.\n",
	NULL,
	NULL,
	NULL,
};

struct cycled {
	struct kmod_module *mod;
	const char *name;
	bool loaded;
	pthread_t thread;
	int result; /* of the unload; 0 or -errno */
	uint64_t load_ns, load_cpu_ns, unload_ns, unload_cpu_ns;
	double *all_ms;
};

static struct cycling {
	struct kmod_ctx *ctx;
	struct cycled modules[MODULES_MAX];
	pthread_barrier_t go, done;
	bool over;
	gsl_rng *rng;
	size_t cycles, room;
	size_t refused;
} cycling;

static uint64_t thread_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

static void unload(struct cycled *m)
{
	uint64_t start, cpu;

	cpu = thread_ns();
	start = now_ns();
	m->result = module_delete(m->name);
	m->unload_ns = now_ns() - start;
	m->unload_cpu_ns = thread_ns() - cpu;
	m->loaded = m->result != 0;
}

static void *unloader(void *arg)
{
	struct cycled *m = arg;

	for (;;) {
		pthread_barrier_wait(&cycling.go);
		if (cycling.over)
			return NULL;
		unload(m);
		pthread_barrier_wait(&cycling.done);
	}
}

static int find_module(struct cycled *m, const char *arg)
{
	struct kmod_list *list = NULL;
	int err;

	if (strchr(arg, '/') || strstr(arg, ".ko")) {
		err = kmod_module_new_from_path(cycling.ctx, arg, &m->mod);
		if (err)
			return fail(EXIT_FAILED, "%s: %s", arg, strerror(-err));
	} else {
		err = kmod_module_new_from_lookup(cycling.ctx, arg, &list);
		if (err || !list)
			return fail(EXIT_FAILED, "no module '%s': modinfo %s finds none either",
				    arg, arg);
		m->mod = kmod_module_get_module(list);
		kmod_module_unref_list(list);
	}
	m->name = kmod_module_get_name(m->mod);
	if (module_loaded(m->name) || kmod_module_get_initstate(m->mod) == KMOD_MODULE_BUILTIN)
		return fail(EXIT_FAILED, "%s is in the kernel already: rmmod it, or take another",
			    m->name);
	return EXIT_FINE;
}

static int load(struct cycled *m)
{
	uint64_t cpu = thread_ns(), start = now_ns();
	int err;

	err = kmod_module_insert_module(m->mod, 0, NULL);
	if (err)
		return fail(EXIT_FAILED, "cannot load %s: %s (see dmesg)", m->name, strerror(-err));
	m->load_ns = now_ns() - start;
	m->load_cpu_ns = thread_ns() - cpu;
	m->loaded = true;
	return EXIT_FINE;
}

static int keep(struct cycled *m)
{
	double *all;

	if (cycling.cycles == cycling.room) /* the same for all: the first asks for more */
		cycling.room = 2 * cycling.room ?: 64;
	all = realloc(m->all_ms, cycling.room * sizeof(*all));
	if (!all)
		return fail(EXIT_FAILED, "out of memory");
	m->all_ms = all;
	all[cycling.cycles] = m->unload_ns / 1e6;
	return EXIT_FINE;
}

static int report(struct cycled *m)
{
	if (env.csv)
		printf("%s,%zu,%s,%lu,%lu,%lu,%lu,%d\n", env.tag ?: "", cycling.cycles, m->name,
		       (unsigned long)m->load_ns, (unsigned long)m->load_cpu_ns,
		       (unsigned long)m->unload_ns, (unsigned long)m->unload_cpu_ns, -m->result);
	cycling.refused += m->result != 0;
	return keep(m);
}

/* Those that are in use keep their place: the next cycle does without loading them. */
static int one_cycle(void)
{
	size_t i;
	int err = EXIT_FINE;

	for (i = 0; i < env.nr_modules; i++) {
		struct cycled *m = &cycling.modules[i];

		err = m->loaded ? EXIT_FINE : load(m);
		if (err)
			return err;
	}
	if (env.gap_ns)
		sleep_until_ns(now_ns() + env.gap_ns +
			       (uint64_t)(gsl_rng_uniform(cycling.rng) * env.gap_ns));
	pthread_barrier_wait(&cycling.go);
	pthread_barrier_wait(&cycling.done);
	for (i = 0; i < env.nr_modules && !err; i++)
		err = report(&cycling.modules[i]);
	cycling.cycles++;
	return err;
}

/* Nothing is loaded yet, so a failure may end the program. */
static void start_threads(void)
{
	size_t i;

	pthread_barrier_init(&cycling.go, NULL, env.nr_modules + 1);
	pthread_barrier_init(&cycling.done, NULL, env.nr_modules + 1);
	for (i = 0; i < env.nr_modules; i++)
		if (pthread_create(&cycling.modules[i].thread, NULL, unloader, &cycling.modules[i]))
			exit(fail(EXIT_FAILED, "cannot start a thread for each module"));
}

static void end_threads(void)
{
	size_t i;

	cycling.over = true;
	pthread_barrier_wait(&cycling.go);
	for (i = 0; i < env.nr_modules; i++)
		pthread_join(cycling.modules[i].thread, NULL);
}

/* Nothing is left loaded, unless somebody holds it for good. */
static int clean_up(int err)
{
	size_t i;
	int tries;

	for (i = 0; i < env.nr_modules; i++) {
		struct cycled *m = &cycling.modules[i];

		for (tries = 0; m->loaded && tries < RETRIES; tries++) {
			unload(m);
			if (m->loaded)
				sleep_until_ns(now_ns() + RETRY_NS);
		}
		if (m->loaded)
			err = fail(EXIT_FAILED, "%s stays loaded: %s", m->name,
				   strerror(-m->result));
		kmod_module_unref(m->mod);
		free(m->all_ms);
	}
	kmod_unref(cycling.ctx);
	gsl_rng_free(cycling.rng);
	return err;
}

static void summarise(void)
{
	struct stats_summary s;
	size_t i;

	printf("%-20s %6s %9s %9s %9s %9s\n", "module", "n", "ms min", "ms p50", "ms p90",
	       "ms max");
	for (i = 0; i < env.nr_modules; i++) {
		const struct cycled *m = &cycling.modules[i];
		double p90;

		if (stats_summarise(m->all_ms, cycling.cycles, &s))
			continue;
		p90 = stats_percentile(m->all_ms, cycling.cycles, 0.9);
		printf("%-20s %6zu %9.3f %9.3f ", m->name, s.n, s.min, s.median);
		if (isnan(p90)) /* too few for it */
			printf("%9s ", "-");
		else
			printf("%9.3f ", p90);
		printf("%9.3f\n", s.max);
	}
	if (cycling.refused)
		printf("%zu calls unloaded nothing: the module was in use\n", cycling.refused);
}

static int cycle_all(void)
{
	uint64_t end = now_ns() + env.seconds * NSEC_PER_SEC;
	int err = EXIT_FINE;

	if (env.csv)
		puts("tag,cycle,module,load_ns,load_cpu_ns,unload_ns,unload_cpu_ns,result");
	while (!err && !interrupted && cycling.cycles < env.cycles &&
	       (!env.seconds || now_ns() < end))
		err = one_cycle();
	if (!env.csv && cycling.cycles)
		summarise();
	if (fflush(stdout) && !err)
		err = fail(EXIT_FAILED, "cannot write: %s", strerror(errno));
	return err;
}

int cmd_cycle(int argc, char **argv)
{
	size_t i;
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	err = need_root("cycle");
	if (err)
		return err;
	cycling.ctx = kmod_new(NULL, NULL);
	cycling.rng = gsl_rng_alloc(gsl_rng_mt19937);
	if (!cycling.ctx || !cycling.rng)
		return fail(EXIT_FAILED, "out of memory");
	gsl_rng_set(cycling.rng, env.seed);
	for (i = 0; !err && i < env.nr_modules; i++)
		err = find_module(&cycling.modules[i], env.modules[i]);
	if (!err) {
		start_threads();
		err = cycle_all();
		end_threads();
	}
	return clean_up(err);
}
