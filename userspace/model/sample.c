// SPDX-License-Identifier: GPL-2.0
#include "model/sample.h"

#include <errno.h>
#include <math.h>

#include "base/parse.h"

/* Nanoseconds since boot have more digits than a double keeps. */
static int read_time(const struct row *r, const char *name, uint64_t *ns)
{
	return parse_u64(row_text(r, name), 0, UINT64_MAX, ns) ? -EINVAL : 0;
}

int sample_of(struct sample *s, const struct cell_rows *workers)
{
	uint64_t first_start = UINT64_MAX, last_start = 0, first_end = UINT64_MAX, last_end = 0;
	double rate = 0, running = 0, gaps = 0, all = 0, slowest = INFINITY, fastest = 0;
	struct row r = workers->first;
	size_t end = r.i + workers->n;

	for (; r.i < end; r.i++) {
		double ops = row_num(&r, "ops"), gap = row_num(&r, "gap_ns"), inside;
		uint64_t start_ns, end_ns;

		if (read_time(&r, "start_ns", &start_ns) || read_time(&r, "end_ns", &end_ns) ||
		    end_ns < start_ns)
			return -EINVAL;
		inside = end_ns - start_ns;
		rate += ops / inside;
		running += ops / (inside - gap);
		gaps += gap;
		all += inside;
		slowest = fmin(slowest, ops / inside);
		fastest = fmax(fastest, ops / inside);
		first_start = start_ns < first_start ? start_ns : first_start;
		last_start = start_ns > last_start ? start_ns : last_start;
		first_end = end_ns < first_end ? end_ns : first_end;
		last_end = end_ns > last_end ? end_ns : last_end;
	}
	s->mean = workers->n / running;
	s->elapsed = workers->n / rate;
	s->lost = gaps / all;
	s->overlap = (int64_t)(first_end - last_start) / (double)(last_end - first_start);
	s->fair = slowest / fastest;
	r = workers->first;
	s->ns = workers->n > 1 ? s->mean : row_num(&r, ONE_CPU_COLUMN) / row_num(&r, "batch");
	return 0;
}
