// SPDX-License-Identifier: GPL-2.0
/*
 * Times that calls were off the CPU, summed up by stack.
 */
#include "trace/sleeps.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void drop(struct sleeps *s, size_t i)
{
	free(s->v[i].v);
	memmove(&s->v[i], &s->v[i + 1], (--s->n - i) * sizeof(*s->v));
}

void sleeps_drop(struct sleeps *s, uint32_t pid)
{
	size_t i;

	for (i = s->n; i--;)
		if (s->v[i].pid == pid)
			drop(s, i);
}

/* Doubles what is full. */
static bool grow(void **v, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? 2 * *cap : 8;
	void *p;

	if (n < *cap)
		return true;
	p = realloc(*v, more * size);
	if (!p)
		return false;
	*v = p;
	*cap = more;
	return true;
}

/* A record need not come of every call: those on other modules have none. */
static struct sleeps_call *call_of(struct sleeps *s, const struct trace_sleep *sleep)
{
	size_t i;

	for (i = s->n; i--;)
		if (s->v[i].pid == sleep->pid && s->v[i].call == sleep->call)
			return &s->v[i];
	sleeps_drop(s, sleep->pid);
	if (s->n == SLEEPS_CALLS)
		drop(s, 0);
	if (!grow((void **)&s->v, s->n, &s->cap, sizeof(*s->v)))
		return NULL;
	s->v[s->n] = (struct sleeps_call){ .pid = sleep->pid, .call = sleep->call };
	return &s->v[s->n++];
}

static bool is_same(const struct trace_sleep *a, const struct trace_sleep *b)
{
	return a->after == b->after && !memcmp(a->ips, b->ips, sizeof(a->ips));
}

int sleeps_add(struct sleeps *s, const struct trace_sleep *sleep)
{
	struct sleeps_call *c = call_of(s, sleep);
	struct trace_sleep one = *sleep;
	struct sleeps_sum *sum;
	size_t i;

	if (!c)
		return -ENOMEM;
	if (c->n >= SLEEPS_STACKS)
		memset(one.ips, 0, sizeof(one.ips));
	for (i = c->n; i-- && !is_same(&c->v[i].last, &one);)
		;
	if (i == (size_t)-1) {
		if (!grow((void **)&c->v, c->n, &c->cap, sizeof(*c->v)))
			return -ENOMEM;
		i = c->n++;
		memset(&c->v[i], 0, sizeof(c->v[i]));
	}
	sum = &c->v[i];
	sum->n++;
	sum->ns += one.ns;
	if (one.ns > sum->longest_ns)
		sum->longest_ns = one.ns;
	sum->last = one;
	return 0;
}

const struct sleeps_call *sleeps_of(const struct sleeps *s, const struct trace_record *rec)
{
	size_t i;

	for (i = s->n; i--;)
		if (s->v[i].pid == rec->pid && s->v[i].call == rec->ts[0])
			return &s->v[i];
	return NULL;
}

void sleeps_free(struct sleeps *s)
{
	while (s->n)
		drop(s, s->n - 1);
	free(s->v);
	*s = (struct sleeps){};
}
