// SPDX-License-Identifier: GPL-2.0
/*
 * Figure data: one whitespace-separated file a figure, header line first.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "refcost.h"
#include "report.h"

const char *report_label(const struct model *m, char *buf, size_t len)
{
	const char *kind = model_text(m, "environment.machine.kind");
	const char *release = model_text(m, "environment.kernel.release");
	const char *cpus = model_text(m, "environment.cpu.online");
	const char *host = model_text(m, "environment.machine.host_cpus");

	if (!strcmp(kind, "emulated"))
		snprintf(
			buf, len,
			"emulated: QEMU TCG, %s vCPUs on %s host CPUs, Linux %s; shapes hold, absolute times do not",
			cpus, host, release);
	else if (!strcmp(kind, "virtual"))
		snprintf(buf, len, "virtual machine, %s vCPUs, %s, Linux %s", cpus,
			 model_text(m, "environment.cpu.model"), release);
	else
		snprintf(buf, len, "%s, %s CPUs, Linux %s", model_text(m, "environment.cpu.model"),
			 cpus, release);
	return buf;
}

/* gnuplot skips a point whose value is "?". */
static void put(FILE *f, double v)
{
	if (isnan(v))
		fputs(" ?", f);
	else
		fprintf(f, " %.6g", v);
}

/* Median and its interval; without an interval, the range: with few samples that is all there is. */
static void put_summary(FILE *f, const struct stats_summary *s)
{
	put(f, s->median);
	put(f, s->level > 0 ? s->lo : s->min);
	put(f, s->level > 0 ? s->hi : s->max);
}

static void scaling(const struct model *m, FILE *f)
{
	size_t i;

	fputs("scheme floor cpus ns ns_lo ns_hi oversubscribed\n", f);
	for (i = 0; i < m->nr_cells; i++) {
		const struct cell *c = &m->cells[i];

		if (strcmp(c->mode, "getput"))
			continue;
		fprintf(f, "%s %d %d", c->scheme, c->floor, c->cpus);
		put_summary(f, &c->ns.s);
		fprintf(f, " %d\n", c->oversubscribed);
	}
}

static void throughput(const struct model *m, FILE *f)
{
	size_t i;

	fputs("scheme floor cpus mops mops_lo mops_hi oversubscribed\n", f);
	for (i = 0; i < m->nr_cells; i++) {
		const struct cell *c = &m->cells[i];

		if (strcmp(c->mode, "getput"))
			continue;
		fprintf(f, "%s %d %d", c->scheme, c->floor, c->cpus);
		put_summary(f, &c->mops.s);
		fprintf(f, " %d\n", c->oversubscribed);
	}
}

static void unload(const struct model *m, FILE *f)
{
	size_t i, k;

	fputs("scheme arm cycle ms\n", f);
	for (i = 0; i < m->nr_arms; i++) {
		const struct arm *a = &m->arms[i];

		for (k = 0; k < a->success_ms.n; k++)
			fprintf(f, "%s %s %zu %.6g\n", a->scheme, a->arm, k, a->success_ms.v[k]);
	}
}

static void phases(const struct model *m, FILE *f)
{
	size_t i;

	fputs("scheme arm index phase mean_ms median_us min_us max_us n\n", f);
	for (i = 0; i < m->nr_phases; i++) {
		const struct phase *p = &m->phases[i];

		fprintf(f, "%s %s %d \"%s\"", p->scheme, p->arm, p->index, p->label);
		put(f, p->us.s.mean / 1e3);
		put(f, p->us.s.median);
		put(f, p->us.s.min);
		put(f, p->us.s.max);
		fprintf(f, " %zu\n", p->us.n);
	}
}

static void tradeoff(const struct model *m, FILE *f)
{
	int cpus = model_max_cpus(m, "getput");
	size_t i;

	fputs("scheme cpus ns ns_lo ns_hi unload_ms unload_lo unload_hi oversubscribed\n", f);
	for (i = 0; i < m->nr_arms; i++) {
		const struct arm *a = &m->arms[i];
		const struct cell *c = model_cell(m, a->scheme, "getput", cpus);

		if (strcmp(a->arm, "loaded") || !c || !a->gone)
			continue;
		fprintf(f, "%s %d", c->scheme, c->cpus);
		put_summary(f, &c->ns.s);
		put_summary(f, &a->success_ms.s);
		fprintf(f, " %d\n", c->oversubscribed);
	}
}

/* A file appears whole, and only if it has a row below its header. */
static int write_dat(const struct model *m, const char *dir, const char *name,
		     void (*fn)(const struct model *m, FILE *f))
{
	char path[PATH_MAX + 64], *text = NULL, *newline;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int err = EXIT_FINE;

	if (!f)
		return fail(EXIT_FAILED, "out of memory");
	fn(m, f);
	fclose(f);
	snprintf(path, sizeof(path), "%s/%s.dat", dir, name);
	remove(path);
	newline = strchr(text, '\n');
	if (newline && newline[1]) {
		f = fopen(path, "we");
		if (!f || fputs(text, f) < 0 || fclose(f))
			err = fail(EXIT_FAILED, "cannot write %s: %s", path, strerror(errno));
	}
	free(text);
	return err;
}

int report_dat(const struct model *m, const char *dir)
{
	static const struct {
		const char *name;
		void (*fn)(const struct model *m, FILE *f);
	} figures[] = {
		{ "scaling", scaling }, { "throughput", throughput }, { "unload", unload },
		{ "phases", phases },	{ "tradeoff", tradeoff },
	};
	char path[PATH_MAX + 64], label[512];
	int err = EXIT_FINE;
	size_t i;
	FILE *f;

	for (i = 0; i < ARRAY_SIZE(figures) && !err; i++)
		err = write_dat(m, dir, figures[i].name, figures[i].fn);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/label.txt", dir);
	f = fopen(path, "we");
	if (!f || fprintf(f, "%s\n", report_label(m, label, sizeof(label))) < 0 || fclose(f))
		return fail(EXIT_FAILED, "cannot write %s: %s", path, strerror(errno));
	return EXIT_FINE;
}
