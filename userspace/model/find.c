// SPDX-License-Identifier: GPL-2.0
/*
 * Lookups in a results directory that model_read() has read.
 */
#include "model/model.h"

#include <math.h>
#include <string.h>

#include "base/refcost.h"
#include "base/text.h"

/* A key of what cells or counts of instructions are told apart by. */
static struct cell_key used(const char *scheme, enum refcost_mode mode, int cpus)
{
	struct cell_key key = { .mode = mode, .cpus = cpus };

	snprintf(key.scheme, sizeof(key.scheme), "%s", scheme);
	return key;
}

/* The first of so many cells that agrees in some dimensions. */
static const struct cell *find(const struct model *m, size_t n, const struct cell_key *key,
			       int dims)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!key_cmp(&m->cells[i].key, key, dims))
			return &m->cells[i];
	return NULL;
}

const struct cell *model_cell(const struct model *m, const char *scheme, enum refcost_mode mode,
			      int cpus)
{
	struct cell_key key = used(scheme, mode, cpus);

	return find(m, m->nr_cells, &key, KEY_USE);
}

const struct cell *model_held(const struct model *m, const char *scheme, enum refcost_mode mode,
			      int cpus, double hold_ns)
{
	struct cell_key key = used(scheme, mode, cpus);

	key.hold_ns = hold_ns;
	return find(m, m->nr_cells + m->nr_held, &key, KEY_USE | KEY_HOLD);
}

const struct cell *model_placed(const struct model *m, const struct cell *like,
				enum placement_kind placement, enum refcost_layout layout)
{
	double hold = model_longer_hold(m, like->key.mode, -1);
	struct cell_key key = like->key;

	if (isnan(hold))
		return NULL;
	key.hold_ns = hold;
	key.placement = placement;
	key.layout = layout;
	return find(m, model_all_cells(m), &key, KEY_ALL);
}

size_t model_all_cells(const struct model *m)
{
	return m->nr_cells + m->nr_held + m->nr_elsewhere;
}

double model_longer_hold(const struct model *m, enum refcost_mode mode, double after)
{
	double next = NAN;
	size_t i;

	for (i = 0; i < m->nr_cells + m->nr_held; i++)
		if (m->cells[i].key.mode == mode && m->cells[i].key.hold_ns > after)
			next = fmin(next, m->cells[i].key.hold_ns);
	return next;
}

const struct scheme *model_scheme(const struct model *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->nr_schemes; i++)
		if (!strcmp(m->schemes[i].name, name))
			return &m->schemes[i];
	return NULL;
}

bool model_has_role(const struct scheme *s, const char *role)
{
	return text_has_word(s->roles, role);
}

const struct scheme *model_role(const struct model *m, const char *role)
{
	size_t i;

	for (i = 0; i < m->nr_schemes; i++)
		if (model_has_role(&m->schemes[i], role))
			return &m->schemes[i];
	return NULL;
}

const struct arm *model_arm(const struct model *m, const char *scheme, enum cell_arm arm)
{
	return model_arm_at(m, scheme, arm, model_next_hold(m, arm, -1));
}

const struct arm *model_arm_at(const struct model *m, const char *scheme, enum cell_arm arm,
			       double hold_ns)
{
	struct cell_key key = { .arm = arm, .hold_ns = hold_ns >= 0 ? hold_ns : 0 };
	size_t i;

	if (!(hold_ns >= 0)) /* an edited plan holds anything */
		return NULL;
	snprintf(key.scheme, sizeof(key.scheme), "%s", scheme);
	for (i = 0; i < m->nr_arms; i++)
		if (!key_cmp(&m->arms[i].key, &key, KEY_ALL))
			return &m->arms[i];
	return NULL;
}

const struct stats_summary *model_success(const struct arm *a)
{
	return a && 2 * a->gone > a->cycles ? &a->wait_ms.s : NULL;
}

double model_next_hold(const struct model *m, enum cell_arm arm, double after)
{
	double next = NAN;
	size_t i;

	for (i = 0; i < m->nr_arms; i++)
		if (m->arms[i].key.arm == arm && m->arms[i].key.hold_ns > after)
			next = fmin(next, m->arms[i].key.hold_ns);
	return next;
}

double model_instructions(const struct model *m, const char *scheme, enum refcost_mode mode)
{
	struct cell_key key = used(scheme, mode, 0);
	size_t i;

	for (i = 0; i < m->nr_counts; i++)
		if (!key_cmp(&m->counts[i].key, &key, KEY_OF_COUNTS))
			return m->counts[i].instructions;
	return NAN;
}

const struct loading *model_loading(const struct model *m, const char *scheme, enum cell_form form)
{
	struct cell_key key = { .form = form };
	size_t i;

	snprintf(key.scheme, sizeof(key.scheme), "%s", scheme);
	for (i = 0; i < m->nr_loadings; i++)
		if (!key_cmp(&m->loadings[i].key, &key, KEY_OF_LOADING))
			return &m->loadings[i];
	return NULL;
}

double model_at(const struct cell *c, double block)
{
	size_t i;

	for (i = 0; i < c->ns.n && i < c->block.n; i++)
		if (c->block.v[i] == block)
			return c->ns.v[i];
	return NAN;
}

int model_joined(const struct model *m)
{
	size_t i;

	for (i = 0; i < m->nr_cells; i++)
		if (m->cells[i].ns.n < m->cells[i].windows)
			return MODEL_APART;
	return 1;
}

int model_max_cpus(const struct model *m, enum refcost_mode mode)
{
	int max = 0;
	size_t i;

	for (i = 0; i < m->nr_cells; i++)
		if (m->cells[i].key.mode == mode && !m->cells[i].oversubscribed &&
		    m->cells[i].key.cpus > max)
			max = m->cells[i].key.cpus;
	return max;
}

int model_next_cpus(const struct model *m, enum refcost_mode mode, int after)
{
	int next = 0;
	size_t i;

	for (i = 0; i < m->nr_cells; i++)
		if (m->cells[i].key.mode == mode && m->cells[i].key.cpus > after &&
		    (!next || m->cells[i].key.cpus < next))
			next = m->cells[i].key.cpus;
	return next;
}

struct json_object *model_get(const struct model *m, const char *path)
{
	struct json_object *o = m->results.doc;
	char copy[256], *name, *rest = copy;

	snprintf(copy, sizeof(copy), "%s", path);
	while ((name = strsep(&rest, ".")))
		if (!json_object_object_get_ex(o, name, &o))
			return NULL;
	return o;
}

bool model_crowded(const struct model *m)
{
	struct json_object *online = model_get(m, "environment.cpu.online");
	struct json_object *host = model_get(m, "environment.machine.host_cpus");

	return host && json_object_get_int(online) > json_object_get_int(host);
}

const char *model_text(const struct model *m, const char *path)
{
	struct json_object *o = model_get(m, path);

	return o ? json_object_get_string(o) : "not available";
}

const char *model_family(const char *family)
{
	static const struct {
		const char *family;
		const char *words;
	} all[] = {
		{ "floor", "floors, which protect nothing" },
		{ "percpu", "per-CPU counts" },
		{ "module", "one count a module" },
		{ "object", "a count in each object" },
		{ "release", "waiting for release, immediate detach" },
		{ "section", "a read-side section around the use" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (!strcmp(all[i].family, family))
			return all[i].words;
	return family;
}
