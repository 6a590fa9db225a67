/* SPDX-License-Identifier: GPL-2.0 */
/* Events that the kernel can count, by the names that perf stat has for them. */
#ifndef REFCOST_MACHINE_EVENTS_H
#define REFCOST_MACHINE_EVENTS_H

#include <stddef.h>

#include "refcost_uapi.h"

#define EVENTS_DEFAULT "cycles,instructions,cache-misses"

/**
 * struct events - what to count
 * @n: how many
 * @names: of each, in perf's spelling
 * @what: of each, as the module takes it
 * @text: owns the names that are in no table
 */
struct events {
	size_t n;
	const char *names[REFCOST_EVENTS_MAX];
	struct refcost_event what[REFCOST_EVENTS_MAX];
	char *text;
};

/**
 * events_parse() - read a list of events
 * @list: names with commas between: hardware, software and cache events as perf list has them, and
 *	raw ones as r01c2
 * @e: filled; free with events_free()
 *
 * Return: EXIT_FINE; EXIT_USAGE after a line that names what is near; EXIT_FAILED.
 */
int events_parse(const char *list, struct events *e);

void events_free(struct events *e);

/**
 * events_near() - names like a wrong one, the nearest first
 * @name: the wrong one
 * @near: filled
 * @cap: room
 *
 * Return: how many.
 */
size_t events_near(const char *name, const char **near, size_t cap);

/**
 * event_why() - why an event is not counted
 * @event: with its error
 * @buf: filled
 * @len: its size
 *
 * Return: @buf, as "no PMU (ENOENT)".
 */
const char *event_why(const struct refcost_event *event, char *buf, size_t len);

#endif
