// SPDX-License-Identifier: GPL-2.0
/* What refcost compare prints: a table for people, CSV for programs. */
#include <math.h>
#include <string.h>

#include "base/csv.h"
#include "base/refcost.h"
#include "compare/compare.h"
#include "model/counters.h"

static bool differing(const struct compare_cell *cell)
{
	return cell->verdict == COMPARE_FASTER || cell->verdict == COMPARE_SLOWER;
}

/* Is this the first of its table? @last is the one printed before. */
static bool new_table(const struct compare_cell *last, const struct compare_cell *cell)
{
	int dims = KEY_MODE | KEY_ARM | (cell->several ? KEY_PLACEMENT | KEY_LAYOUT : 0);

	return !last || last->what != cell->what || strcmp(last->event, cell->event) ||
	       key_cmp(&last->key, &cell->key, dims);
}

static const char *placement(const struct compare_cell *cell)
{
	return cell->several ? placement_names[cell->key.placement] : "";
}

static const char *layout(const struct compare_cell *cell)
{
	return cell->several ? layout_names[cell->key.layout] : "";
}

/* What stands in a table, and what the column tells apart. */
static void print_heading(const struct compare_cell *cell)
{
	static const char *const what[] = {
		[COMPARE_TIME] = "ns per operation and CPU",
		[COMPARE_UNLOAD] = "unload, time to success in ms",
		[COMPARE_INSTRUCTIONS] = "instructions per operation",
		[COMPARE_COUNTER] = " per operation",
	};
	static const char *const at[] = {
		[COMPARE_TIME] = "CPUs",
		[COMPARE_UNLOAD] = "hold",
		[COMPARE_INSTRUCTIONS] = "",
		[COMPARE_COUNTER] = "CPUs",
	};
	bool exact = cell->what == COMPARE_INSTRUCTIONS;

	printf("\n%s%s%s%s%s: %s%s%s\n%-20s %5s %7s %7s %6s %12s %s\n", compare_mode(cell),
	       cell->several ? ", " : "", placement(cell), cell->several ? ", " : "", layout(cell),
	       cell->event, counters_unit(cell->event), what[cell->what], "scheme", at[cell->what],
	       "A", "B", exact ? "B-A" : "B/A", exact ? "" : "99% interval", "difference");
}

/* Three digits that mean something; around 1, three decimals. */
static const char *ratio_text(double v, char *buf, size_t len)
{
	if (isnan(v))
		snprintf(buf, len, "-");
	else
		snprintf(buf, len, "%.*f", v < 10 ? 3 : v < 100 ? 2 : 0, v);
	return buf;
}

/* An event may be rare; a time has two decimals. */
static const char *median_text(const struct compare_cell *cell, double v, char *buf, size_t len)
{
	if (cell->what == COMPARE_COUNTER)
		return counters_num(v, buf, len);
	if (isinf(v))
		snprintf(buf, len, "starved");
	else
		snprintf(buf, len, "%.*f", v < 10 ? 2 : v < 100 ? 1 : 0, v);
	return buf;
}

/* CPUs as a number, a hold as a time without a blank. */
static const char *at_text(const struct compare_cell *cell, char *buf, size_t len)
{
	char *blank;

	buf[0] = '\0';
	if (cell->what == COMPARE_TIME || cell->what == COMPARE_COUNTER ||
	    (cell->what == COMPARE_UNLOAD && !compare_at(cell)))
		snprintf(buf, len, "%.0f", compare_at(cell));
	else if (cell->what == COMPARE_UNLOAD)
		ns_text(compare_at(cell), buf, len);
	blank = strchr(buf, ' ');
	if (blank)
		memmove(blank, blank + 1, strlen(blank));
	return buf;
}

/*
 * Where more workers run than CPUs, drift and little overlap are to be expected. Three marks come
 * without a blank in front, which would be the 80th column.
 */
static const char *marks(const struct compare_cell *cell, char *buf, size_t len)
{
	const char *doubt = cell->oversubscribed ? "o" : cell->unreliable ? "u" : "";
	const char *shared = cell->multiplexed ? "m" : "", *regressed = cell->regressed ? "*" : "";
	size_t n = strlen(regressed) + strlen(doubt) + strlen(shared);

	snprintf(buf, len, "%s%s%s%s", n % 3 ? " " : "", regressed, doubt, shared);
	return buf;
}

/* What differs in a time is faster or slower, in a count less or more. */
static const char *verdict_text(const struct compare_cell *cell)
{
	static const char *const words[][COMPARE_VERDICTS] = {
		{ "none detected", "faster", "slower", "not judged" },
		{ "none detected", "fewer", "more", "not judged" },
		{ "none", "fewer", "more", "" },
	};
	bool count = cell->what == COMPARE_COUNTER;

	return words[cell->what == COMPARE_INSTRUCTIONS ? 2 : count][cell->verdict];
}

static void print_row(const struct compare_cell *cell)
{
	char at[32], a[32], b[32], ratio[32], lo[32], hi[32], interval[72] = "-", mark[8];
	int pad = *marks(cell, mark, sizeof(mark)) ? -13 : 0;

	at_text(cell, at, sizeof(at));
	if (cell->what == COMPARE_INSTRUCTIONS) {
		printf("%-20s %5s %7.2f %7.2f %+6.2f %12s %*s%s\n", cell->scheme->name, at,
		       cell->a.median, cell->b.median, cell->b.median - cell->a.median, "", pad,
		       verdict_text(cell), mark);
		return;
	}
	if (!isnan(cell->ratio.lo))
		snprintf(interval, sizeof(interval), "%s..%s",
			 ratio_text(cell->ratio.lo, lo, sizeof(lo)),
			 ratio_text(cell->ratio.hi, hi, sizeof(hi)));
	printf("%-20s %5s %7s %7s %6s %12s %*s%s\n", cell->scheme->name, at,
	       median_text(cell, cell->a.median, a, sizeof(a)),
	       median_text(cell, cell->b.median, b, sizeof(b)),
	       ratio_text(cell->ratio.ratio, ratio, sizeof(ratio)), interval, pad,
	       verdict_text(cell), mark);
}

void compare_print_table(const struct compare *c, bool different)
{
	const struct compare_cell *last = NULL;
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (different && !differing(&c->v[i]))
			continue;
		if (new_table(last, &c->v[i]))
			print_heading(&c->v[i]);
		print_row(&c->v[i]);
		last = &c->v[i];
	}
}

/* Return: how many of @m's events were named. */
static size_t print_alone(FILE *f, const struct model *m, const struct model *other,
			  const char *name, size_t before)
{
	const char *events[COUNTERS_MOST];
	size_t n = counters_events(m, events), named = 0, i;

	for (i = 0; i < n; i++) {
		const char *why = counters_lacking(other, events[i]);

		if (why)
			fprintf(f, "%s%s (%s: %s)",
				before + named++ ? "; " : "Counted in one run alone: ", events[i],
				name, why);
	}
	return named;
}

void compare_print_uncommon(FILE *f, const struct model *a, const struct model *b)
{
	size_t n = print_alone(f, a, b, "B", 0);

	n += print_alone(f, b, a, "A", n);
	if (n)
		fputs(".\n", f);
}

void compare_print_csv(const struct compare *c, bool different)
{
	static const char *const what[] = {
		[COMPARE_TIME] = "ns_per_op",
		[COMPARE_UNLOAD] = "success_ms",
		[COMPARE_INSTRUCTIONS] = "instructions",
		[COMPARE_COUNTER] = "counter",
	};
	static const char *const words[][COMPARE_VERDICTS] = {
		{ "no difference detected", "faster", "slower", "not judged" },
		{ "no difference detected", "fewer", "more", "not judged" },
	};
	char num[5][CSV_NUM_LEN], at[CSV_NUM_LEN];
	bool count;
	size_t i;

	puts("what,scheme,family,mode,cpus,hold_ns,n_a,n_b,starved_a,starved_b,median_a,median_b,"
	     "ratio,ratio_lo,ratio_hi,verdict,regressed,oversubscribed,unreliable,placement,layout,"
	     "event,multiplexed");
	for (i = 0; i < c->n; i++) {
		const struct compare_cell *cell = &c->v[i];

		if (different && !differing(cell))
			continue;
		csv_double(at, compare_at(cell));
		count = cell->what == COMPARE_COUNTER;
		printf("%s,%s,%s,%s,%s,%s,%zu,%zu,%zu,%zu,%s,%s,%s,%s,%s,%s,%d,%d,%d,%s,%s,%s,%d\n",
		       what[cell->what], cell->scheme->name, cell->scheme->family,
		       compare_mode(cell), cell->what == COMPARE_TIME || count ? at : "",
		       cell->what == COMPARE_UNLOAD ? at : "", cell->a.n, cell->b.n,
		       cell->a.starved, cell->b.starved, csv_double(num[0], cell->a.median),
		       csv_double(num[1], cell->b.median), csv_double(num[2], cell->ratio.ratio),
		       csv_double(num[3], cell->ratio.lo), csv_double(num[4], cell->ratio.hi),
		       words[count][cell->verdict], cell->regressed, cell->oversubscribed,
		       cell->unreliable, placement(cell), layout(cell), cell->event,
		       cell->multiplexed);
	}
}
