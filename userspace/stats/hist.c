// SPDX-License-Identifier: GPL-2.0
/* Log-linear histogram of 64-bit values. */
#include <inttypes.h>
#include <math.h>

#include "stats/hist.h"
#include "stats/summary.h"

#define STARS 40

static unsigned int log2_floor(uint64_t value)
{
	return 63 - __builtin_clzll(value);
}

unsigned int hist_bucket(uint64_t value)
{
	unsigned int shift;

	if (value < HIST_SUBS)
		return value;
	shift = log2_floor(value) - HIST_SUB_BITS;
	/* the shifted value runs from HIST_SUBS to 2 * HIST_SUBS - 1, so octaves follow on */
	return shift * HIST_SUBS + (value >> shift);
}

uint64_t hist_low(unsigned int index)
{
	unsigned int shift;

	if (index < 2 * HIST_SUBS)
		return index;
	shift = index / HIST_SUBS - 1;
	return (uint64_t)(index % HIST_SUBS + HIST_SUBS) << shift;
}

uint64_t hist_high(unsigned int index)
{
	unsigned int shift = index < 2 * HIST_SUBS ? 0 : index / HIST_SUBS - 1;

	return hist_low(index) + ((UINT64_C(1) << shift) - 1);
}

void hist_add(struct hist *h, uint64_t value)
{
	if (!h->total || value < h->min)
		h->min = value;
	if (!h->total || value > h->max)
		h->max = value;
	h->count[hist_bucket(value)]++;
	h->total++;
}

uint64_t hist_count(const struct hist *h)
{
	return h->total;
}

double hist_percentile(const struct hist *h, double p)
{
	uint64_t seen = 0, rank;
	unsigned int i;
	double middle;

	if (!stats_percentile_supported(h->total, p))
		return NAN;
	/* rounding may push a whole n p just above itself: 100 * 0.55 does */
	rank = ceil(h->total * p * (1 - 1e-15));
	for (i = 0; i < HIST_BUCKETS - 1; i++) {
		seen += h->count[i];
		if (seen >= rank)
			break;
	}
	middle = hist_low(i) + (hist_high(i) - hist_low(i)) / 2.0;
	return fmin(fmax(middle, h->min), h->max);
}

/* The range that value's row covers. */
static void row_edges(uint64_t value, bool coarse, uint64_t *low, uint64_t *high)
{
	if (!coarse) {
		*low = hist_low(hist_bucket(value));
		*high = hist_high(hist_bucket(value));
	} else if (value < 2) {
		*low = 0;
		*high = 1;
	} else {
		*low = UINT64_C(1) << log2_floor(value);
		*high = *low + (*low - 1);
	}
}

static uint64_t row_count(const struct hist *h, uint64_t low, uint64_t high)
{
	uint64_t count = 0;

	for (unsigned int i = hist_bucket(low); i <= hist_bucket(high); i++)
		count += h->count[i];
	return count;
}

static void print_stars(FILE *out, uint64_t count, uint64_t most)
{
	int stars = (double)count / most * STARS;

	for (int i = 0; i < STARS; i++)
		fputc(i < stars ? '*' : ' ', out);
}

void hist_print(const struct hist *h, FILE *out, const char *unit, bool coarse)
{
	uint64_t low, high, last, count, most = 0;
	int width;

	if (!h->total)
		return;
	row_edges(h->max, coarse, &low, &last);
	for (uint64_t value = h->min;; value = high + 1) {
		row_edges(value, coarse, &low, &high);
		count = row_count(h, low, high);
		if (count > most)
			most = count;
		if (high == last)
			break;
	}

	width = last > UINT32_MAX ? 20 : 10;
	fprintf(out, "%*s : %-10s |%-*s|\n", 2 * width + 4, unit, "count", STARS, "distribution");
	for (uint64_t value = h->min;; value = high + 1) {
		row_edges(value, coarse, &low, &high);
		count = row_count(h, low, high);
		fprintf(out, "%*" PRIu64 " -> %-*" PRIu64 " : %-10" PRIu64 " |", width, low, width,
			high, count);
		print_stars(out, count, most);
		fputs("|\n", out);
		if (high == last)
			break;
	}
}
