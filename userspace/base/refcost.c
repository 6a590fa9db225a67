// SPDX-License-Identifier: GPL-2.0
/*
 * What every subcommand shares.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/refcost.h"

volatile sig_atomic_t interrupted;
volatile sig_atomic_t resumed;

/* The last line on stderr has no newline yet: the next message overwrites it. */
static bool over;

void say_over(bool unfinished)
{
	over = unfinished;
}

static void vsay(const char *fmt, va_list ap)
{
	char *text, *c;

	if (vasprintf(&text, fmt, ap) < 0)
		return;
	/*
	 * what a damaged file holds is quoted here: it gets no line of its own, and no terminal's
	 * ear
	 */
	for (c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == '\x7f')
			*c = '?';
	if (over)
		fputs("\r\033[K", stderr);
	over = false;
	fprintf(stderr, "refcost: %s\n", text);
	free(text);
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(fmt, ap);
	va_end(ap);
}

int fail(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(fmt, ap);
	va_end(ap);
	return code;
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

const char *ns_text(uint64_t ns, char *buf, size_t len)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	double value = ns;
	size_t i;

	for (i = 0; value >= 1000 && i < ARRAY_SIZE(units) - 1; i++)
		value /= 1000;
	snprintf(buf, len, "%.4g %s", value, units[i]);
	return buf;
}

void sleep_until_ns(uint64_t deadline)
{
	struct timespec ts = { deadline / NSEC_PER_SEC, deadline % NSEC_PER_SEC };

	while (!interrupted && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

int need_root(const char *what)
{
	if (geteuid() == 0)
		return EXIT_FINE;
	return fail(EXIT_FAILED, "%s loads kernel modules and needs root: sudo refcost %s ...",
		    what, what);
}

void *array_new(size_t n, size_t size)
{
	void *v = calloc(n ?: 1, size);

	if (!v)
		exit(fail(EXIT_FAILED, "out of memory"));
	return v;
}

void *array_append(void **v, size_t *n, size_t size)
{
	char *grown = reallocarray(*v, *n + 1, size);

	if (!grown)
		return NULL;
	*v = grown;
	memset(grown + *n * size, 0, size);
	return grown + size * (*n)++;
}

void auto_free(void *pointer)
{
	free(*(void **)pointer);
}
