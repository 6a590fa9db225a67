// SPDX-License-Identifier: GPL-2.0
/*
 * Results directories, through json-c and base/csv.c.
 */
#include "results/directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/refcost.h"
#include "base/temporary.h"
#include "machine/env.h"
#include "results/key.h"
#include "results/rows.h"

static int make_dirs(const char *dir)
{
	char path[PATH_MAX], *p;

	snprintf(path, sizeof(path), "%s", dir);
	for (p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0777) && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdir(path, 0777) && errno != EEXIST ? -errno : 0;
}

static struct json_object *new_document(void)
{
	struct json_object *doc = json_object_new_object();
	char date[40];
	time_t now = time(NULL);

	strftime(date, sizeof(date), "%FT%TZ", gmtime(&now));
	json_object_object_add(doc, "schema", json_object_new_int(RESULTS_SCHEMA));
	json_object_object_add(doc, "date", json_object_new_string(date));
	json_object_object_add(doc, "environment", env_json());
	if (getenv("REFCOST_BENCH"))
		json_object_object_add(doc, "bench",
				       json_object_new_string(getenv("REFCOST_BENCH")));
	return doc;
}

/* A number of our own, or one line on what to do. */
static int check_schema(const char *path, struct json_object *doc)
{
	struct json_object *schema = NULL;

	json_object_object_get_ex(doc, "schema", &schema);
	if (!json_object_is_type(schema, json_type_int))
		return fail(EXIT_FAILED,
			    "%s does not say its schema: it is not of refcost, or " MEND, path);
	if (json_object_get_int64(schema) == RESULTS_SCHEMA)
		return EXIT_FINE;
	return fail(EXIT_FAILED,
		    "%s has schema %ld, not %d: measure again, or use the refcost that wrote it%s",
		    path, json_object_get_int64(schema), RESULTS_SCHEMA,
		    json_object_get_int64(schema) > RESULTS_SCHEMA ? ", which is newer" : "");
}

int results_load(struct results *r, const char *dir)
{
	char path[PATH_MAX + 16];
	struct stat st;
	int err;

	memset(r, 0, sizeof(*r));
	snprintf(r->dir, sizeof(r->dir), "%s", dir);
	snprintf(path, sizeof(path), "%s/run.json", dir);
	if (access(path, R_OK) || stat(path, &st))
		return fail(EXIT_FAILED, "%s is not a results directory: cannot read run.json: %s",
			    dir, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(EXIT_FAILED, "%s is not a results directory: run.json is no file", dir);
	r->doc = json_object_from_file(path);
	if (!json_object_is_type(r->doc, json_type_object)) {
		results_close(r);
		return fail(EXIT_FAILED, "%s is not JSON of a results directory: " MEND, path);
	}
	err = check_schema(path, r->doc);
	if (err)
		results_close(r);
	return err;
}

static int open_temporary(struct results *r)
{
	char dir[64];
	int err;

	err = temporary_make(dir, sizeof(dir));
	if (err)
		return err;
	err = results_open(r, dir);
	r->temporary = true;
	return err;
}

int results_open(struct results *r, const char *dir)
{
	char path[PATH_MAX + 16];
	int err;

	memset(r, 0, sizeof(*r));
	if (!dir)
		return open_temporary(r);
	err = make_dirs(dir);
	if (err)
		return fail(EXIT_FAILED, "cannot make %s: %s: give another with -o DIR", dir,
			    strerror(-err));
	if (access(dir, W_OK | X_OK))
		return fail(EXIT_FAILED, "cannot write to %s: %s: give another with -o DIR", dir,
			    strerror(errno));
	snprintf(path, sizeof(path), "%s/run.json", dir);
	if (!access(path, F_OK))
		return results_load(r, dir);
	snprintf(r->dir, sizeof(r->dir), "%s", dir);
	r->doc = new_document();
	r->fresh = true;
	return results_save(r);
}

uint64_t results_add(struct json_object *section, const char *key, uint64_t n)
{
	uint64_t sum = n + json_object_get_int64(json_object_object_get(section, key));

	json_object_object_add(section, key, json_object_new_int64(sum));
	return sum;
}

int results_save(struct results *r)
{
	char path[PATH_MAX + 16], temp[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/run.json", r->dir);
	snprintf(temp, sizeof(temp), "%s/run.json.new", r->dir);
	if (json_object_to_file_ext(temp, r->doc, JSON_C_TO_STRING_PRETTY) || rename(temp, path)) {
		int err = errno;

		unlink(temp);
		return fail(EXIT_FAILED, "cannot write %s: %s", path, strerror(err));
	}
	return EXIT_FINE;
}

/* Rows of a part that run.json knows nothing of are of a plan and a machine that nobody knows. */
static bool has_foreign_rows(const struct results *r, const char *name)
{
	struct csv csv;
	bool foreign;

	if (!r->begun || rows_load(r->dir, name, &csv))
		return r->begun;
	foreign = csv.rows;
	csv_free(&csv);
	if (foreign)
		say("%s/%s holds rows of which run.json knows nothing: give another directory with -o DIR",
		    r->dir, name);
	return foreign;
}

FILE *results_csv(struct results *r, const char *name, const char *number, int dims,
		  const char *columns)
{
	char path[PATH_MAX + 64], key[128], header[1024];
	FILE *f;

	if (has_foreign_rows(r, name))
		return NULL;
	snprintf(header, sizeof(header), "%s,%s,%s", number, key_header(dims, key, sizeof(key)),
		 columns);
	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	f = csv_open_append(path, header);
	if (!f) {
		if (errno == EINVAL)
			say("%s has other columns than this refcost writes: give another directory with -o DIR",
			    path);
		else
			say("cannot write %s: %s", path, strerror(errno));
		return NULL;
	}
	setvbuf(f, NULL, _IOLBF, 0);
	return f;
}

int results_check(struct results *r, FILE *f)
{
	if (!fflush(f) && !ferror(f))
		return EXIT_FINE;
	return fail(EXIT_FAILED, "cannot write rows to %s: %s: what was written before is kept",
		    r->dir, strerror(errno ?: EIO));
}

void results_close(struct results *r)
{
	json_object_put(r->doc);
	r->doc = NULL;
	if (r->temporary)
		temporary_remove(r->dir);
	r->temporary = false;
}
