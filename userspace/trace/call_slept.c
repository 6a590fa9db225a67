// SPDX-License-Identifier: GPL-2.0
/*
 * What a phase slept for, with names: sums by stack.
 */
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "trace/out.h"

/* Sums whose addresses differ may have the same names. */
static bool is_same(const struct stack *a, const struct stack *b)
{
	size_t i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (strcmp(a->frames[i], b->frames[i]))
			return false;
	return true;
}

static int by_sum(const void *a, const void *b)
{
	const struct slept *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns > y->ns ? -1 : 1;
	return x->n > y->n ? -1 : x->n < y->n;
}

static size_t add(struct slept *v, size_t n, const struct slept *s)
{
	size_t i;

	for (i = 0; i < n && !is_same(&v[i].stack, &s->stack); i++)
		;
	if (i == n) {
		v[n] = *s;
		return n + 1;
	}
	v[i].n += s->n;
	v[i].ns += s->ns;
	if (s->longest_ns > v[i].longest_ns)
		v[i].longest_ns = s->longest_ns;
	return n;
}

static int after(const struct call *c, size_t phase)
{
	return phase ? c->phases[phase - 1].event : 0;
}

/* A program that has taken a boundary's time may be preempted: that sleep is in the next phase. */
static bool is_late(const struct call *c, size_t phase, const struct trace_sleep *last)
{
	return last->since >= c->rec->ts[c->phases[phase].event];
}

/* What a sum has for a phase. */
static bool take(const struct call *c, size_t phase, const struct sleeps_sum *sum,
		 struct slept *out)
{
	const struct trace_sleep *last = &sum->last;

	*out = (struct slept){ .n = sum->n, .ns = sum->ns, .longest_ns = sum->longest_ns };
	if ((int)last->after == after(c, phase)) {
		if (!is_late(c, phase, last))
			return true;
		out->n--;
		out->ns -= last->ns;
		if (out->longest_ns > out->ns)
			out->longest_ns = out->ns;
		return out->n;
	}
	if (!phase || (int)last->after != after(c, phase - 1) || !is_late(c, phase - 1, last))
		return false;
	*out = (struct slept){ .n = 1, .ns = last->ns, .longest_ns = last->ns };
	return true;
}

size_t call_slept(const struct call *c, size_t phase, const struct ksyms *syms, struct slept **out)
{
	const struct sleeps_call *all = c->sleeps;
	struct ksyms_gone gone = { .name = c->module };
	bool lock_wait = trace_is_lock_wait(c->rec->kind, c->phases[phase].event);
	static struct slept one;
	size_t i, n = 0;

	*out = all ? malloc((all->n + 1) * sizeof(**out)) : NULL;
	if (!*out)
		return 0;
	trace_text(c->rec, &gone.text, &gone.size);
	for (i = 0; i < all->n; i++) {
		if (!take(c, phase, &all->v[i], &one))
			continue;
		stack_name(syms, all->v[i].last.ips, TRACE_STACK_DEPTH, &gone, &one.stack);
		n = add(*out, n, &one);
	}
	qsort(*out, n, sizeof(**out), by_sum);
	for (i = 0; i < n; i++)
		(*out)[i].why = stack_why(&(*out)[i].stack, lock_wait);
	return n;
}
