// SPDX-License-Identifier: GPL-2.0
#include "results/resume.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/refcost.h"
#include "machine/env.h"
#include "results/cells.h"
#include "results/rows.h"

/* Values longer than this are named and not shown. */
#define SHOWN 60

static const char *shown(struct json_object *v)
{
	const char *text = v ? json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN) : "none";

	return strlen(text) > SHOWN ? "..." : text;
}

/* "NAME VALUE instead of VALUE", after what is there already. */
static void differs(char *buf, size_t len, const char *name, struct json_object *now,
		    struct json_object *old)
{
	size_t n = strlen(buf);

	n += snprintf(buf + n, len - n, "%s%s %s", n ? ", " : "", name, shown(now));
	if (n < len)
		snprintf(buf + n, len - n, " instead of %s", shown(old));
}

int resume_same_plan(const char *dir, const char *name, struct json_object *old,
		     struct json_object *plan)
{
	char what[512] = "";

	if (json_object_equal(old, plan))
		return EXIT_FINE;
	if (json_object_is_type(old, json_type_object)) {
		json_object_object_foreach(plan, key, now) {
			struct json_object *was = json_object_object_get(old, key);

			if (!json_object_equal(now, was))
				differs(what, sizeof(what), key, now, was);
		}
		json_object_object_foreach(old, gone, was) {
			if (!json_object_object_get_ex(plan, gone, NULL))
				differs(what, sizeof(what), gone, NULL, was);
		}
	}
	return fail(EXIT_FAILED,
		    "%s holds a '%s' of another plan (%s): give another directory with -o DIR", dir,
		    name, what);
}

static struct json_object *at(struct json_object *o, const char *path)
{
	char copy[64], *name, *rest = copy;

	snprintf(copy, sizeof(copy), "%s", path);
	while (o && (name = strsep(&rest, ".")))
		o = json_object_object_get(o, name);
	return o;
}

/*
 * Is the directory of this machine, this kernel and this build of the modules? Instructions are
 * counted in a guest of their own: for them, the kernel and the modules alone have to be the same.
 */
static int same_machine(const struct results *r, const char *name)
{
	static const char *const paths[] = {
		/* these are all that a count depends on */
		"kernel.release",
		"kernel.version",
		"modules",
		/* and times on these, too */
		"host",
		"machine.kind",
		"machine.accel",
		"machine.host_cpus",
		"cpu.model",
		"cpu.online",
	};
	size_t n = strcmp(name, "instructions") ? ARRAY_SIZE(paths) : 3, i, nr_differ = 0;
	bool cpus = false;
	char offline[256];
	struct json_object *now = env_json(), *old = NULL;
	char what[512] = "";

	json_object_object_get_ex(r->doc, "environment", &old);
	for (i = 0; i < n; i++) {
		struct json_object *a = at(now, paths[i]), *b = at(old, paths[i]);

		/* what an older refcost did not write says nothing */
		if (!a || !b || json_object_equal(a, b))
			continue;
		differs(what, sizeof(what), paths[i], a, b);
		nr_differ++;
		cpus |= !strcmp(paths[i], "cpu.online");
	}
	json_object_put(now);
	if (!*what)
		return EXIT_FINE;
	if (cpus && nr_differ == 1)
		return fail(
			EXIT_FAILED,
			"%s was measured with another number of CPUs online (%s)%s: have as many "
			"online, or give another directory with -o DIR",
			r->dir, what, env_offline(offline, sizeof(offline)));
	return fail(
		EXIT_FAILED,
		"%s was measured on another machine, kernel or build (%s): give another directory with "
		"-o DIR",
		r->dir, what);
}

/* This command as it was given, words apart by blanks. */
static struct json_object *command_line(void)
{
	char text[4096];
	FILE *f = fopen("/proc/self/cmdline", "re");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0, i;

	if (f)
		fclose(f);
	for (i = 0; i + 1 < n; i++)
		if (!text[i])
			text[i] = ' ';
	text[n] = '\0';
	return json_object_new_string(text);
}

struct json_object *resume_section(struct results *r, const char *name, struct json_object *plan)
{
	struct json_object *section, *old;
	bool known = json_object_object_get_ex(r->doc, name, &section);

	if (known && !json_object_object_get_ex(section, "plan", &old)) {
		say("%s/run.json does not say what '%s' was: " MEND, r->dir, name);
		goto refuse;
	}
	if ((!r->fresh && same_machine(r, name)) ||
	    (known && resume_same_plan(r->dir, name, old, plan)))
		goto refuse;
	r->begun = !known;
	if (known) {
		json_object_put(plan);
		return section;
	}
	section = json_object_new_object();
	json_object_object_add(section, "status", json_object_new_string("partial"));
	json_object_object_add(section, "command", command_line());
	json_object_object_add(section, "plan", plan);
	json_object_object_add(r->doc, name, section);
	return section;
refuse:
	json_object_put(plan);
	return NULL;
}

static int done_cmp(const void *a, const void *b)
{
	const struct done_cell *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return key_cmp(&x->key, &y->key, KEY_ALL);
}

static int add_done(void *arg, const struct cell_rows *c)
{
	struct done *done = arg;
	struct done_cell *cell = array_append((void **)&done->v, &done->n, sizeof(*cell));

	if (!cell)
		return -ENOMEM;
	*cell = (struct done_cell){ c->number, c->key };
	return 0;
}

int resume_done(const char *dir, const char *name, int dims, struct done *done)
{
	int err;

	*done = (struct done){ .dims = dims };
	err = cells_read(dir, name, dims, add_done, done);
	if (done->n)
		qsort(done->v, done->n, sizeof(*done->v), done_cmp);
	return err;
}

bool resume_has(const struct done *done, uint64_t number, const struct cell_key *key)
{
	struct done_cell cell = { number, key_only(key, done->dims) };

	return done->n && bsearch(&cell, done->v, done->n, sizeof(cell), done_cmp);
}

void done_free(struct done *done)
{
	free(done->v);
	*done = (struct done){ 0 };
}

static bool is_done(const struct row *r, const struct done *done)
{
	struct cell_key key;

	return !key_read(&key, r) && resume_has(done, cells_number(r), &key);
}

int resume_trim(const struct results *r, const char *name, const struct done *done)
{
	char path[PATH_MAX + 64];
	struct csv side;
	size_t n;
	int err;

	err = rows_load(r->dir, name, &side);
	if (err)
		return err;
	for (n = side.rows; n && !is_done(&(struct row){ &side, n - 1 }, done); n--)
		;
	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	/* the first field of a row begins where its line does */
	if (n < side.rows && truncate(path, csv_get(&side, n, 0) - side.text))
		err = fail(EXIT_FAILED, "cannot write %s: %s", path, strerror(errno));
	csv_free(&side);
	return err;
}
