// SPDX-License-Identifier: GPL-2.0
/*
 * Events by name. libpfm knows many more, those of each model of a CPU, but not by perf's names,
 * and the generic ones are what can be compared between machines.
 */
#include "machine/events.h"

#include <ctype.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "base/refcost.h"
#include "machine/env.h"

#define NAME_MAX_LEN 32

#define HW(id)	     PERF_TYPE_HARDWARE, PERF_COUNT_HW_##id
#define SW(id)	     PERF_TYPE_SOFTWARE, PERF_COUNT_SW_##id
#define CACHE(cache, op, result)                                                             \
	PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_##cache | PERF_COUNT_HW_CACHE_OP_##op << 8 | \
				    PERF_COUNT_HW_CACHE_RESULT_##result << 16

static const struct event_desc {
	const char *name;
	uint32_t type;
	uint64_t config;
} table[] = {
	{ "cycles", HW(CPU_CYCLES) },
	{ "cpu-cycles", HW(CPU_CYCLES) },
	{ "instructions", HW(INSTRUCTIONS) },
	{ "cache-references", HW(CACHE_REFERENCES) },
	{ "cache-misses", HW(CACHE_MISSES) },
	{ "branches", HW(BRANCH_INSTRUCTIONS) },
	{ "branch-instructions", HW(BRANCH_INSTRUCTIONS) },
	{ "branch-misses", HW(BRANCH_MISSES) },
	{ "bus-cycles", HW(BUS_CYCLES) },
	{ "ref-cycles", HW(REF_CPU_CYCLES) },
	{ "stalled-cycles-frontend", HW(STALLED_CYCLES_FRONTEND) },
	{ "idle-cycles-frontend", HW(STALLED_CYCLES_FRONTEND) },
	{ "stalled-cycles-backend", HW(STALLED_CYCLES_BACKEND) },
	{ "idle-cycles-backend", HW(STALLED_CYCLES_BACKEND) },

	{ "task-clock", SW(TASK_CLOCK) },
	{ "cpu-clock", SW(CPU_CLOCK) },
	{ "context-switches", SW(CONTEXT_SWITCHES) },
	{ "cs", SW(CONTEXT_SWITCHES) },
	{ "cpu-migrations", SW(CPU_MIGRATIONS) },
	{ "migrations", SW(CPU_MIGRATIONS) },
	{ "page-faults", SW(PAGE_FAULTS) },
	{ "faults", SW(PAGE_FAULTS) },
	{ "minor-faults", SW(PAGE_FAULTS_MIN) },
	{ "major-faults", SW(PAGE_FAULTS_MAJ) },
	{ "alignment-faults", SW(ALIGNMENT_FAULTS) },
	{ "emulation-faults", SW(EMULATION_FAULTS) },

	{ "L1-dcache-loads", CACHE(L1D, READ, ACCESS) },
	{ "L1-dcache-load-misses", CACHE(L1D, READ, MISS) },
	{ "L1-dcache-stores", CACHE(L1D, WRITE, ACCESS) },
	{ "L1-dcache-store-misses", CACHE(L1D, WRITE, MISS) },
	{ "L1-dcache-prefetches", CACHE(L1D, PREFETCH, ACCESS) },
	{ "L1-dcache-prefetch-misses", CACHE(L1D, PREFETCH, MISS) },
	{ "L1-icache-loads", CACHE(L1I, READ, ACCESS) },
	{ "L1-icache-load-misses", CACHE(L1I, READ, MISS) },
	{ "L1-icache-prefetches", CACHE(L1I, PREFETCH, ACCESS) },
	{ "L1-icache-prefetch-misses", CACHE(L1I, PREFETCH, MISS) },
	{ "LLC-loads", CACHE(LL, READ, ACCESS) },
	{ "LLC-load-misses", CACHE(LL, READ, MISS) },
	{ "LLC-stores", CACHE(LL, WRITE, ACCESS) },
	{ "LLC-store-misses", CACHE(LL, WRITE, MISS) },
	{ "LLC-prefetches", CACHE(LL, PREFETCH, ACCESS) },
	{ "LLC-prefetch-misses", CACHE(LL, PREFETCH, MISS) },
	{ "dTLB-loads", CACHE(DTLB, READ, ACCESS) },
	{ "dTLB-load-misses", CACHE(DTLB, READ, MISS) },
	{ "dTLB-stores", CACHE(DTLB, WRITE, ACCESS) },
	{ "dTLB-store-misses", CACHE(DTLB, WRITE, MISS) },
	{ "dTLB-prefetches", CACHE(DTLB, PREFETCH, ACCESS) },
	{ "dTLB-prefetch-misses", CACHE(DTLB, PREFETCH, MISS) },
	{ "iTLB-loads", CACHE(ITLB, READ, ACCESS) },
	{ "iTLB-load-misses", CACHE(ITLB, READ, MISS) },
	{ "branch-loads", CACHE(BPU, READ, ACCESS) },
	{ "branch-load-misses", CACHE(BPU, READ, MISS) },
	{ "node-loads", CACHE(NODE, READ, ACCESS) },
	{ "node-load-misses", CACHE(NODE, READ, MISS) },
	{ "node-stores", CACHE(NODE, WRITE, ACCESS) },
	{ "node-store-misses", CACHE(NODE, WRITE, MISS) },
	{ "node-prefetches", CACHE(NODE, PREFETCH, ACCESS) },
	{ "node-prefetch-misses", CACHE(NODE, PREFETCH, MISS) },
};

/* Letters to put in, take out or change until one name is the other (Levenshtein). */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_LEN + 1], i, k, lb = strlen(b);

	for (k = 0; k <= lb; k++)
		row[k] = k;
	for (i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (k = 0; k < lb; k++) {
			size_t change = diagonal + (tolower(a[i]) != tolower(b[k]));
			size_t least = row[k] < row[k + 1] ? row[k] + 1 : row[k + 1] + 1;

			diagonal = row[k + 1];
			row[k + 1] = change < least ? change : least;
		}
	}
	return row[lb];
}

size_t events_near(const char *name, const char **near, size_t cap)
{
	size_t away, most = 1 + strlen(name) / 4, n = 0, i;

	/* a name in which the wrong one stands whole is as near as one with a letter wrong */
	for (away = 0; away <= most; away++)
		for (i = 0; i < ARRAY_SIZE(table) && n < cap; i++) {
			size_t d = distance(name, table[i].name);

			if (d > 1 && strlen(name) > 2 && strcasestr(table[i].name, name))
				d = 1;
			if (d == away)
				near[n++] = table[i].name;
		}
	return n;
}

static int no_event(const char *name)
{
	const char *near[5];
	size_t n = events_near(name, near, ARRAY_SIZE(near)), i;
	char text[256] = "";

	for (i = 0; i < n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
			 i ? ", " : "; near it: ", near[i]);
	return fail(EXIT_USAGE, "--counters: no event '%s'%s (perf list hw sw cache has the names)",
		    name, text);
}

/* r and hexadecimal digits: what to write into a counter's control register */
static bool parse_raw(const char *name, struct refcost_event *what)
{
	char *end;

	if (name[0] != 'r' || !isxdigit(name[1]) || strlen(name) > 17)
		return false;
	*what = (struct refcost_event){ .type = PERF_TYPE_RAW,
					.config = strtoull(name + 1, &end, 16) };
	return !*end;
}

static int parse_event(const char *name, struct events *e, size_t k)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (!strcasecmp(table[i].name, name)) {
			e->names[k] = table[i].name;
			e->what[k] = (struct refcost_event){ .type = table[i].type,
							     .config = table[i].config };
			return EXIT_FINE;
		}
	return parse_raw(name, &e->what[k]) ? EXIT_FINE : no_event(name);
}

int events_parse(const char *list, struct events *e)
{
	size_t i, k;
	int err;

	*e = (struct events){ .text = strdup(list) };
	err = e->text ? parse_names(e->text, e->names, REFCOST_EVENTS_MAX, &e->n) : -ENOMEM;
	if (err)
		return fail(EXIT_USAGE, "--counters '%s': %s", list, parse_why(err));
	for (k = 0; k < e->n; k++) {
		err = parse_event(e->names[k], e, k);
		if (err)
			return err;
		for (i = 0; i < k; i++)
			if (e->what[i].type == e->what[k].type &&
			    e->what[i].config == e->what[k].config)
				return fail(EXIT_USAGE, "--counters '%s': %s is given twice", list,
					    e->names[k]);
	}
	return EXIT_FINE;
}

void events_free(struct events *e)
{
	free(e->text);
	*e = (struct events){ 0 };
}

const char *event_why(const struct refcost_event *event, char *buf, size_t len)
{
	const char *name = strerrorname_np(event->error), *what;

	switch (event->error) {
	case ENOENT:
	case ENODEV:
	case EOPNOTSUPP:
	case EINVAL:
		what = event->type == PERF_TYPE_SOFTWARE ? "this kernel does not count it"
		       : env_has_pmu()			 ? "this PMU does not count it"
							 : "no PMU";
		break;
	case EBUSY:
		what = "somebody else has the PMU";
		break;
	case EPERM:
	case EACCES:
		what = "not permitted";
		break;
	default:
		what = strerror(event->error);
	}
	snprintf(buf, len, "%s (%s)", what, name ?: "?");
	return buf;
}
