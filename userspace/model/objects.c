// SPDX-License-Identifier: GPL-2.0
#include "model/objects.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "results/rows.h"

const struct of_objects *objects_of(const struct objects_model *o, const char *scheme, int objects)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (o->v[i].key.objects == objects && !strcmp(o->v[i].key.scheme, scheme))
			return &o->v[i];
	return NULL;
}

int objects_next(const struct objects_model *o, int objects)
{
	int next = 0;
	size_t i;

	for (i = 0; i < o->n; i++)
		if (o->v[i].key.objects > objects && (!next || o->v[i].key.objects < next))
			next = o->v[i].key.objects;
	return next;
}

static void note(double *counted, const struct row *r, const char *column)
{
	double n = row_num(r, column);

	if (!isnan(n))
		*counted = n;
}

int objects_add(struct objects_model *o, const struct row *r)
{
	struct of_objects *c;
	struct cell_key key;

	if (key_read(&key, r))
		return -EINVAL;
	c = (struct of_objects *)objects_of(o, key.scheme, key.objects);
	if (!c) {
		c = array_append((void **)&o->v, &o->n, sizeof(*c));
		if (!c)
			return -ENOMEM;
		c->key = key;
		c->slab_bytes = c->percpu_bytes = c->waits = c->callbacks = NAN;
	}
	c->cycles++;
	series_add(&c->create_us, row_num(r, "create_ns") / 1e3);
	series_add(&c->gate_us, row_num(r, "gate_ns") / 1e3);
	series_add(&c->destroy_us, row_num(r, "destroy_ns") / 1e3);
	series_add(&c->success_ms, row_num(r, "success_ns") / 1e6);
	note(&c->slab_bytes, r, "slab_bytes");
	note(&c->percpu_bytes, r, "percpu_bytes");
	note(&c->waits, r, "waits");
	note(&c->callbacks, r, "callbacks");
	return 0;
}

static int objects_cmp(const void *a, const void *b)
{
	const struct of_objects *x = a, *y = b;

	return key_cmp(&x->key, &y->key, KEY_OF_OBJECTS);
}

int objects_summarise(struct objects_model *o)
{
	int err = 0;
	size_t i;

	for (i = 0; i < o->n && !err; i++) {
		struct of_objects *c = &o->v[i];
		struct series *all[] = { &c->create_us, &c->gate_us, &c->destroy_us,
					 &c->success_ms };

		err = series_summarise_all(all, ARRAY_SIZE(all));
	}
	if (o->n)
		qsort(o->v, o->n, sizeof(*o->v), objects_cmp);
	return err;
}

void objects_free(struct objects_model *o)
{
	size_t i;

	for (i = 0; i < o->n; i++) {
		free(o->v[i].create_us.v);
		free(o->v[i].gate_us.v);
		free(o->v[i].destroy_us.v);
		free(o->v[i].success_ms.v);
	}
	free(o->v);
	memset(o, 0, sizeof(*o));
}

/* Of one object, ns; what cannot be told from the noise is no time. */
static double one_more(const struct series *few, const struct series *many, double n)
{
	if (!(many->s.lo > few->s.hi))
		return NAN;
	return (many->s.median - few->s.median) / n * 1e3;
}

void objects_cost(const struct objects_model *o, const char *scheme, struct objects_cost *cost)
{
	const struct of_objects *few = NULL, *many = NULL;
	double n;
	size_t i;

	*cost = (struct objects_cost){ NAN, NAN, NAN, NAN, NAN, NAN, NAN };
	for (i = 0; i < o->n; i++) {
		if (strcmp(o->v[i].key.scheme, scheme))
			continue;
		few = few ?: &o->v[i];
		many = &o->v[i];
	}
	if (few == many)
		return;
	n = many->key.objects - few->key.objects;
	cost->slab_bytes = (many->slab_bytes - few->slab_bytes) / n;
	cost->percpu_bytes = (many->percpu_bytes - few->percpu_bytes) / n;
	cost->waits = (many->waits - few->waits) / n;
	cost->callbacks = (many->callbacks - few->callbacks) / n;
	cost->create_ns = one_more(&few->create_us, &many->create_us, n);
	cost->gate_ns = one_more(&few->gate_us, &many->gate_us, n);
	cost->destroy_ns = one_more(&few->destroy_us, &many->destroy_us, n);
}

static void print_count(FILE *out, double n)
{
	if (isnan(n))
		fprintf(out, " %9s", "-");
	else
		fprintf(out, " %9.0f", n);
}

void objects_print(const struct objects_model *o, FILE *out)
{
	size_t i;

	if (!o->n)
		return;
	fprintf(out, "%-20s %7s %4s %9s %9s %9s %9s %12s %12s\n", "scheme", "objects", "n",
		"slab B", "per-CPU B", "waits", "callbacks", "create us", "gone ms p50");
	for (i = 0; i < o->n; i++) {
		const struct of_objects *c = &o->v[i];

		fprintf(out, "%-20s %7d %4zu", c->key.scheme, c->key.objects, c->cycles);
		print_count(out, c->slab_bytes);
		print_count(out, c->percpu_bytes);
		print_count(out, c->waits);
		print_count(out, c->callbacks);
		fprintf(out, " %12.1f %12.3f\n", c->create_us.s.median, c->success_ms.s.median);
	}
}
