// SPDX-License-Identifier: GPL-2.0
/* RESULTS.md: what a scheme costs for each object that a module has. */
#include <math.h>
#include <string.h>

#include "base/refcost.h"
#include "report/md.h"

/* A few bytes and callbacks are not the scheme's: what they add to each of many objects is none. */
static void cell_count(FILE *f, double n)
{
	md_cell_count(f, round(n) + 0.0); /* no "-0" */
}

static void objects_row(const struct model *m, FILE *f, const struct scheme *s, double cpus)
{
	const struct objects_model *o = &m->objects;
	const struct of_objects *first = objects_of(o, s->name, objects_next(o, 0));
	struct objects_cost cost;
	int n;

	objects_cost(o, s->name, &cost);
	cell_count(f, cost.slab_bytes);
	cell_count(f, cost.percpu_bytes);
	cell_count(f, cost.slab_bytes + cost.percpu_bytes * cpus);
	md_cell(f, cost.create_ns);
	md_cell(f, cost.gate_ns);
	md_cell(f, cost.destroy_ns);
	cell_count(f, first ? first->waits : NAN);
	cell_count(f, cost.waits);
	cell_count(f, cost.callbacks);
	for (n = objects_next(o, 0); n; n = objects_next(o, n)) {
		const struct of_objects *c = objects_of(o, s->name, n);

		md_cell(f, c ? c->success_ms.s.median : NAN);
	}
	fputs("\n", f);
}

static void objects_head(const struct model *m, FILE *f, double cpus)
{
	const struct objects_model *o = &m->objects;
	int n, few = objects_next(o, 0), columns = 10;

	fprintf(f,
		"## Per object\n\n"
		"A victim that nobody uses, with some numbers of objects. What one object more costs beside the "
		"object itself: memory of slabs and per CPU, as the allocators round it up, and in all for %.0f "
		"possible CPUs; time to set its count up, of the gate, and to release it and take its count down, "
		"ns, where that can be told from the noise. Waits are calls of `synchronize_rcu()` and "
		"`synchronize_srcu()` by the unloading task, those of delete_module(2) included; callbacks those "
		"that it queues by `call_rcu()`. Last, the median time until the module is gone, ms.\n\n"
		"| scheme | slab bytes | per-CPU bytes | in all | create ns | gate ns | destroy ns "
		"| waits with %d | waits an object more | callbacks an object more |",
		cpus, few);
	for (n = few; n; n = objects_next(o, n), columns++)
		fprintf(f, " ms with %d |", n);
	fputs("\n|---|", f);
	for (n = 1; n < columns; n++)
		fputs("---:|", f);
	fputs("\n", f);
}

void md_objects(const struct model *m, FILE *f)
{
	const struct objects_model *o = &m->objects;
	double cpus = md_number(m, "objects.possible_cpus");
	const char *family = NULL;
	int n, columns = 10;
	size_t i;

	if (!o->n)
		return;
	objects_head(m, f, cpus);
	for (n = objects_next(o, 0); n; n = objects_next(o, n))
		columns++;
	for (i = 0; i < m->nr_schemes; i++) {
		const struct scheme *s = &m->schemes[i];

		if (!objects_of(o, s->name, objects_next(o, 0)))
			continue;
		md_scheme(f, s, &family, columns);
		objects_row(m, f, s, cpus);
	}
	fputs("\n", f);
}
