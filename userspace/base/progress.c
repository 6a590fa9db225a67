// SPDX-License-Identifier: GPL-2.0
#include "base/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/refcost.h"

#define QUIET_NS   (10 * NSEC_PER_SEC) /* between two lines, where they stay */
#define LINES_MOST 20

/* One run a process. */
static size_t skipped, said;
static uint64_t said_ns;

const char *duration_text(double ns, char *buf, size_t len)
{
	unsigned long s = ns / NSEC_PER_SEC + 0.5;

	if (s < 60)
		snprintf(buf, len, "%lu s", s);
	else if (s < 3600)
		snprintf(buf, len, "%lu min %lu s", s / 60, s % 60);
	else
		snprintf(buf, len, "%lu h %lu min", s / 3600, s % 3600 / 60);
	return buf;
}

void progress_skip(size_t n)
{
	skipped += n;
}

/* The line and its end; nothing is known of the time as long as nothing was measured. */
static void put(const char *what, size_t done, size_t total, uint64_t spent_ns, const char *end)
{
	char left[48];

	fprintf(stderr, "%s %zu/%zu", what, done, total);
	if (done > skipped && done < total)
		fprintf(stderr, ", %s left",
			duration_text((double)spent_ns / (done - skipped) * (total - done), left,
				      sizeof(left)));
	fputs(end, stderr);
}

void progress(const char *what, size_t done, size_t total, uint64_t started_ns)
{
	uint64_t now = now_ns(), last = said_ns > started_ns ? said_ns : started_ns;

	if (isatty(STDERR_FILENO)) {
		fputc('\r', stderr);
		put(what, done, total, now - started_ns, done < total ? "\033[K" : "\033[K\n");
		say_over(done < total);
		fflush(stderr);
	} else if (done < total && now - last >= QUIET_NS && done - said >= total / LINES_MOST) {
		fputs("refcost: ", stderr);
		put(what, done, total, now - started_ns, "\n");
		said_ns = now;
		said = done;
	}
}
