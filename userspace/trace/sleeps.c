// SPDX-License-Identifier: GPL-2.0
/*
 * Times that calls were off the CPU, summed up by stack.
 */
#include "trace/sleeps.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"

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

/* A record need not come of every call: those on other modules have none. */
static struct sleeps_call *call_of(struct sleeps *s, const struct trace_sleep *sleep)
{
	struct sleeps_call *c;
	size_t i;

	for (i = s->n; i--;)
		if (s->v[i].pid == sleep->pid && s->v[i].call == sleep->call)
			return &s->v[i];
	sleeps_drop(s, sleep->pid);
	if (s->n == SLEEPS_CALLS)
		drop(s, 0);
	c = array_append((void **)&s->v, &s->n, sizeof(*c));
	if (c)
		*c = (struct sleeps_call){ .pid = sleep->pid, .call = sleep->call };
	return c;
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
	for (i = 0; i < c->n && !is_same(&c->v[i].last, &one); i++)
		;
	sum = i < c->n ? &c->v[i] : array_append((void **)&c->v, &c->n, sizeof(*c->v));
	if (!sum)
		return -ENOMEM;
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
