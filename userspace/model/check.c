// SPDX-License-Identifier: GPL-2.0
/* Does a results directory hold what its run.json says? A torn or edited one must not be quoted. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/refcost.h"
#include "model/model.h"

static int short_of(const struct model *m, const char *file, const char *what, size_t n,
		    size_t wanted)
{
	return fail(EXIT_FAILED, "%s/%s has %zu of %zu samples of %s: " MEND, m->results.dir, file,
		    n, wanted, what);
}

static size_t list_len(struct json_object *list)
{
	return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

static const char *list_text(struct json_object *list, size_t i)
{
	return json_object_get_string(json_object_array_get_idx(list, i)) ?: "";
}

/* What a word of the plan stands for; one that is none finds nothing. */
static int word_at(struct json_object *list, size_t i, const char *const *words, size_t n)
{
	return key_word(words, n, list_text(list, i));
}

static size_t planned(const struct model *m, const char *path)
{
	struct json_object *o = model_get(m, path);

	return o ? json_object_get_int64(o) : 0;
}

static bool complete(const struct model *m, const char *section)
{
	char path[64];

	snprintf(path, sizeof(path), "%s.status", section);
	return !strcmp(model_text(m, path), "complete");
}

/* CPUs that the first placement has, which nobody counted before there were several. */
static size_t cpus_placed(const struct model *m)
{
	struct json_object *all = model_get(m, "run.plan.placements"), *cpus;

	if (!list_len(all) ||
	    !json_object_object_get_ex(json_object_array_get_idx(all, 0), "cpus", &cpus))
		return SIZE_MAX;
	return list_len(cpus);
}

/* The first layout may be one that is not for all schemes and modes. */
static bool may_lack(const struct model *m)
{
	struct json_object *layouts = model_get(m, "run.plan.layouts");

	return list_len(layouts) && strcmp(list_text(layouts, 0), "own");
}

/* What was begun of the other placements and layouts has to be whole. */
static int check_elsewhere(const struct model *m, const char *scheme)
{
	size_t blocks = planned(m, "run.plan.blocks"), i;
	char what[160];

	for (i = m->nr_cells + m->nr_held; i < model_all_cells(m); i++) {
		const struct cell *c = &m->cells[i];

		snprintf(what, sizeof(what), "%s, %s, %d CPUs, %s, %s", scheme,
			 mode_names[c->key.mode], c->key.cpus, placement_names[c->key.placement],
			 layout_names[c->key.layout]);
		if (!strcmp(c->key.scheme, scheme) && c->windows != blocks)
			return short_of(m, "workers.csv", what, c->windows, blocks);
	}
	return EXIT_FINE;
}

static int check_times(const struct model *m, const char *scheme)
{
	struct json_object *modes = model_get(m, "run.plan.modes");
	struct json_object *cpus = model_get(m, "run.plan.cpus");
	const struct scheme *s = model_scheme(m, scheme);
	size_t blocks = planned(m, "run.plan.blocks"), i, k;
	char what[160];

	for (i = 0; i < list_len(modes); i++) {
		int mode = word_at(modes, i, mode_names, REFCOST_MODES);

		/* floors have no lookup */
		if (s && s->floor && mode == REFCOST_LOOKUP)
			continue;
		for (k = 0; k < list_len(cpus); k++) {
			int n = json_object_get_int(json_object_array_get_idx(cpus, k));
			const struct cell *c = model_cell(m, scheme, mode, n);

			if ((size_t)n > cpus_placed(m) || (!c && may_lack(m)))
				continue;
			snprintf(what, sizeof(what), "%s, %s, %d CPUs", scheme, list_text(modes, i),
				 n);
			if (!c || c->windows != blocks)
				return short_of(m, "workers.csv", what, c ? c->windows : 0, blocks);
		}
	}
	return check_elsewhere(m, scheme);
}

/* Before holds were swept there was one of them. */
static double hold_at(const struct model *m, struct json_object *holds, size_t i)
{
	if (!list_len(holds))
		return planned(m, "unload.plan.hold_ns");
	return json_object_get_int64(json_object_array_get_idx(holds, i));
}

/* The first hold has more cycles than the others; idle unloads are measured under it alone. */
static int check_unloads(const struct model *m, const char *scheme)
{
	struct json_object *arms = model_get(m, "unload.plan.arms");
	struct json_object *holds = model_get(m, "unload.plan.holds");
	size_t cycles = planned(m, "unload.plan.cycles"), i, k;
	char what[160];

	for (i = 0; i < list_len(arms); i++) {
		int arm = word_at(arms, i, arm_names, ARMS);
		size_t nr_holds = arm != ARM_IDLE ? list_len(holds) ?: 1 : 1;

		for (k = 0; k < nr_holds; k++) {
			double hold = hold_at(m, holds, k);
			size_t wanted = k ? planned(m, "unload.plan.hold_cycles") : cycles;
			const struct arm *a = model_arm_at(m, scheme, arm, hold);

			snprintf(what, sizeof(what), "%s, %s, hold %.0f ns", scheme,
				 list_text(arms, i), hold);
			if (!a || a->cycles != wanted || a->success_ms.n != a->gone)
				return short_of(m, "unload.csv", what, a ? a->success_ms.n : 0,
						wanted);
		}
	}
	return EXIT_FINE;
}

static int check_counts(const struct model *m, const char *scheme)
{
	const struct scheme *s = model_scheme(m, scheme);
	struct json_object *modes = model_get(m, "instructions.plan.modes");
	size_t i;

	for (i = 0; i < list_len(modes); i++) {
		int mode = word_at(modes, i, mode_names, REFCOST_MODES);

		if (s && s->floor && mode == REFCOST_LOOKUP)
			continue;
		if (isnan(model_instructions(m, scheme, mode)))
			return short_of(m, "instructions.csv", scheme, 0, 1);
	}
	return EXIT_FINE;
}

/* Not every scheme has both forms. */
static int check_loads(const struct model *m, const char *scheme)
{
	struct json_object *forms = model_get(m, "loading.plan.phases");
	size_t cycles = planned(m, "loading.plan.cycles"), n = 0, i;

	for (i = 0; i < list_len(forms); i++) {
		int form = word_at(forms, i, form_names, FORMS);
		const struct loading *l = model_loading(m, scheme, form);

		if (l && l->cycles != cycles)
			return short_of(m, "loading.csv", scheme, l->cycles, cycles);
		n += !!l;
	}
	return n ? EXIT_FINE : short_of(m, "loading.csv", scheme, 0, cycles);
}

static int check_objects(const struct model *m, const char *scheme)
{
	struct json_object *counts = model_get(m, "objects.plan.objects");
	size_t cycles = planned(m, "objects.plan.cycles"), i;
	char what[128];

	for (i = 0; i < list_len(counts); i++) {
		int n = json_object_get_int(json_object_array_get_idx(counts, i));
		const struct of_objects *c = objects_of(&m->objects, scheme, n);

		snprintf(what, sizeof(what), "%s, %d objects", scheme, n);
		if (!c || c->cycles != cycles || c->success_ms.n + 1 != cycles)
			return short_of(m, "objects.csv", what, c ? c->cycles : 0, cycles);
	}
	return EXIT_FINE;
}

/*
 * A part of run.json, a list of what its plan multiplies the schemes by, its file, the check of a
 * scheme.
 */
static const struct part {
	const char *section, *schemes, *by, *file;
	int (*check)(const struct model *m, const char *scheme);
} parts[] = {
	{ "run", "run.plan.schemes", "run.plan.modes", "workers.csv", check_times },
	{ "unload", "unload.plan.schemes", "unload.plan.arms", "unload.csv", check_unloads },
	{ "loading", "loading.plan.schemes", "loading.plan.phases", "loading.csv", check_loads },
	{ "objects", "objects.plan.schemes", "objects.plan.objects", "objects.csv", check_objects },
	{ "instructions", "instructions.plan.schemes", "instructions.plan.modes",
	  "instructions.csv", check_counts },
};

/* One that was not finished has its file, too. */
static int check_file(const struct model *m, const char *section, const char *file)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", m->results.dir, file);
	if (!model_get(m, section) || !access(path, F_OK))
		return EXIT_FINE;
	return fail(
		EXIT_FAILED,
		"%s is gone: run.json has a part '%s', whose rows it held: restore it, or measure "
		"again",
		path, section);
}

static int check_part(const struct model *m, const struct part *part)
{
	struct json_object *schemes = model_get(m, part->schemes);
	int err = EXIT_FINE;
	size_t i;

	if (!list_len(schemes) || !list_len(model_get(m, part->by)))
		return fail(EXIT_FAILED, "%s/run.json does not say what '%s' was: " MEND,
			    m->results.dir, part->section);
	for (i = 0; i < list_len(schemes) && !err; i++)
		err = part->check(m, list_text(schemes, i));
	return err;
}

static int check_plan(const struct model *m)
{
	int err = planned(m, "unload.trace.records") ? check_file(m, "unload", "phases.csv")
						     : EXIT_FINE;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts) && !err; i++)
		err = check_file(m, parts[i].section, parts[i].file);
	for (i = 0; i < ARRAY_SIZE(parts) && !err; i++)
		if (complete(m, parts[i].section))
			err = check_part(m, &parts[i]);
	return err;
}

/* Of a summary; a NAN is no number above 0. */
static bool positive(const struct stats_summary *s)
{
	return s->n && s->min > 0 && isfinite(s->max);
}

static int not_a_time(const struct model *m, const char *file, const char *scheme)
{
	return fail(EXIT_FAILED, "%s/%s: a time of '%s' is missing, or not above 0: " MEND,
		    m->results.dir, file, scheme);
}

static int check_values(const struct model *m)
{
	size_t i;

	for (i = 0; i < model_all_cells(m); i++)
		if (m->cells[i].key.cpus < 1 || !positive(&m->cells[i].ns.s) ||
		    !positive(&m->cells[i].mean.s))
			return not_a_time(m, "workers.csv", m->cells[i].key.scheme);
	for (i = 0; i < m->nr_arms; i++)
		if (m->arms[i].gone && !positive(&m->arms[i].success_ms.s))
			return not_a_time(m, "unload.csv", m->arms[i].key.scheme);
	for (i = 0; i < m->nr_counts; i++)
		if (!(m->counts[i].instructions > 0))
			return not_a_time(m, "instructions.csv", m->counts[i].key.scheme);
	return EXIT_FINE;
}

int model_check(const struct model *m)
{
	return check_plan(m) ?: check_values(m);
}
