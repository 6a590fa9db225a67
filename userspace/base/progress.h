/* SPDX-License-Identifier: GPL-2.0 */
/* How far a run is and how long it still takes, on standard error. */
#ifndef REFCOST_BASE_PROGRESS_H
#define REFCOST_BASE_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

/**
 * progress() - one more is finished
 * @what: what is being counted
 * @done: finished so far, those of an earlier run included
 * @total: of so many
 * @started_ns: now_ns() at the beginning
 *
 * On a terminal a line that is written over; elsewhere a line now and then, 20 at the most.
 */
void progress(const char *what, size_t done, size_t total, uint64_t started_ns);

/**
 * progress_skip() - some of those finished took no time now
 * @n: so many more, of an earlier run
 */
void progress_skip(size_t n);

/**
 * duration_text() - a long time for people, as "8 s", "4 min 10 s", "1 h 5 min"
 * @ns: the time
 * @buf: where to put the text
 * @len: its size
 *
 * Return: @buf.
 */
const char *duration_text(double ns, char *buf, size_t len);

#endif
