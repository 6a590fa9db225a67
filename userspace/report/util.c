// SPDX-License-Identifier: GPL-2.0
/* What the parts of RESULTS.md share: numbers in cells, names of families, ratios. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "base/text.h"
#include "report/md.h"
#include "report/report.h"

/* Digits after the point that show two digits of @unit; negative where it is large. */
static int decimals(double unit)
{
	return 1 - (int)floor(log10(unit));
}

/* @v to so many digits after the point, three at most; fewer than none round to tens, hundreds. */
static const char *number(char *buf, double v, int digits)
{
	double step = digits < 0 ? pow(10, -digits) : 1;

	digits = digits < 0 ? 0 : digits > 3 ? 3 : digits;
	snprintf(buf, MD_NUM, "%.*f", digits, step > 1 ? round(v / step) * step : v);
	return buf;
}

const char *md_num(char *buf, double v)
{
	if (isnan(v))
		snprintf(buf, MD_NUM, "-");
	else
		snprintf(buf, MD_NUM, "%.*f", fabs(v) < 10 ? 2 : fabs(v) < 100 ? 1 : 0, v);
	return buf;
}

const char *md_median(char *buf, const struct stats_summary *s)
{
	char median[MD_NUM], lo[MD_NUM], hi[MD_NUM];
	double half = (s->hi - s->lo) / 2;
	int digits;

	if (!s->n || !(s->level > 0) || !(half > 0)) {
		snprintf(buf, MD_MEDIAN, "%s", md_num(median, s->n ? s->median : NAN));
		return buf;
	}
	digits = decimals(half);
	snprintf(buf, MD_MEDIAN, "%s (%s..%s)", number(median, s->median, digits),
		 number(lo, s->lo, digits), number(hi, s->hi, digits));
	return buf;
}

const char *md_cpus(char *buf, int cpus)
{
	snprintf(buf, MD_NUM, "%d CPU%s", cpus, cpus == 1 ? "" : "s");
	return buf;
}

void md_cell(FILE *f, double v)
{
	char buf[MD_NUM];

	fprintf(f, " %s |", md_num(buf, v));
}

void md_cell_count(FILE *f, double v)
{
	if (isnan(v))
		fputs(" - |", f);
	else
		fprintf(f, " %.0f |", v);
}

void md_cell_exact(FILE *f, double v)
{
	if (isnan(v))
		fputs(" - |", f);
	else
		fprintf(f, " %.2f |", v);
}

void md_cell_median(FILE *f, const struct stats_summary *s)
{
	char buf[MD_MEDIAN];

	fprintf(f, " %s |", s ? md_median(buf, s) : "-");
}

void md_cell_ns(FILE *f, const struct cell *c)
{
	char buf[MD_MEDIAN];

	fprintf(f, " %s%s%s |", c ? md_median(buf, &c->ns.s) : "-",
		c && !c->steady ? " *drift*" : "", c && c->kinds > 1 ? " *mixed*" : "");
}

void md_scheme(FILE *f, const struct scheme *s, const char **family, int columns)
{
	if (!*family || strcmp(*family, s->family)) {
		*family = s->family;
		fprintf(f, "| *%s* |", model_family(s->family));
		while (--columns > 0)
			fputs(" |", f);
		fputs("\n", f);
	}
	fprintf(f, "| `%s` |", s->name);
}

bool md_ratio(struct stats_summary *s, const struct cell *a, const struct cell *b)
{
	size_t i, n = 0, max = a ? a->block.n : 0;
	double *v = calloc(max + 1, sizeof(*v));

	for (i = 0; v && b && i < max; i++) {
		double ratio = a->ns.v[i] / model_at(b, a->block.v[i]);

		if (isfinite(ratio))
			v[n++] = ratio;
	}
	if (!v || stats_summarise(v, n, s))
		n = 0;
	free(v);
	return n;
}

int md_lowest_cpus(const struct model *m, enum refcost_mode mode)
{
	return model_next_cpus(m, mode, 0);
}

double md_growth(const struct model *m, const char *scheme, enum refcost_mode mode)
{
	const struct cell *low = model_cell(m, scheme, mode, md_lowest_cpus(m, mode));
	const struct cell *high = model_cell(m, scheme, mode, model_max_cpus(m, mode));

	return low && high && low != high ? high->ns.s.median / low->ns.s.median : NAN;
}

const struct cell *md_loop(const struct model *m, int cpus)
{
	const struct scheme *loop = model_role(m, "loop");

	return loop ? model_cell(m, loop->name, REFCOST_GETPUT, cpus) : NULL;
}

double md_loop_instructions(const struct model *m)
{
	const struct scheme *loop = model_role(m, "loop");

	return loop ? model_instructions(m, loop->name, REFCOST_GETPUT) : NAN;
}

double md_number(const struct model *m, const char *path)
{
	struct json_object *o = model_get(m, path);

	return o ? json_object_get_double(o) : NAN;
}

bool md_emulated(const struct model *m)
{
	return !strcmp(model_text(m, "environment.machine.kind"), "emulated");
}

bool md_oversubscribed(const struct model *m)
{
	size_t i;

	for (i = 0; i < m->nr_cells; i++)
		if (m->cells[i].oversubscribed)
			return true;
	return false;
}

size_t report_variants(const struct model *m, const struct scheme **list)
{
	const struct scheme *old = model_role(m, "replaced"), *new = model_role(m, "replacing");
	size_t i, n = 0;

	for (i = 0; old && i < m->nr_schemes; i++)
		if (text_has_word(old->floors, m->schemes[i].name))
			list[n++] = &m->schemes[i];
	for (i = 0; old && i < m->nr_schemes; i++)
		if (!strcmp(m->schemes[i].family, old->family))
			list[n++] = &m->schemes[i];
	if (new)
		list[n++] = new;
	return n;
}

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

/* What the counts are shown of: the bare get and put, where it was measured. */
enum refcost_mode md_counters_mode(const struct model *m)
{
	return md_lowest_cpus(m, REFCOST_GETPUT) ? REFCOST_GETPUT : REFCOST_LOOKUP;
}
