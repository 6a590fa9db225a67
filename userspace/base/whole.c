// SPDX-License-Identifier: GPL-2.0
#include "base/whole.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/refcost.h"

struct whole {
	struct whole *next;
	FILE *f; /* NULL: to be removed */
	char *path, *temp;
};

static struct whole *add(struct whole **set, const char *path)
{
	struct whole *w = calloc(1, sizeof(*w));

	if (!w || asprintf(&w->temp, "%s.new", path) < 0) {
		free(w);
		return NULL;
	}
	w->path = strdup(path);
	w->next = *set;
	*set = w;
	return w->path ? w : NULL;
}

FILE *whole_open(struct whole **set, const char *path)
{
	struct whole *w = add(set, path);
	struct stat st;

	if (!w) {
		say("out of memory");
		return NULL;
	}
	if (!stat(path, &st) && S_ISDIR(st.st_mode)) {
		say("cannot write %s: it is a directory", path);
		return NULL;
	}
	w->f = fopen(w->temp, "we");
	if (!w->f)
		say("cannot write %s: %s", w->temp, strerror(errno));
	return w->f;
}

int whole_remove(struct whole **set, const char *path)
{
	return add(set, path) ? EXIT_FINE : fail(EXIT_FAILED, "out of memory");
}

/*
 * All that is going to be written has to be, before the first is put in place. What a stream could
 * not write long ago has left no errno; where one failed the others will have, too.
 */
static int close_file(struct whole *w, int err)
{
	const char *why = NULL;

	if (!w->f)
		return err;
	errno = 0;
	if (fflush(w->f) || ferror(w->f))
		why = errno ? strerror(errno) : "it was cut short; is the disk full?";
	if (fclose(w->f) && !why)
		why = strerror(errno);
	return err || !why ? err : fail(EXIT_FAILED, "cannot write %s: %s", w->path, why);
}

static int put_in_place(const struct whole *w)
{
	if (!w->f) {
		unlink(w->path);
		return EXIT_FINE;
	}
	if (!rename(w->temp, w->path))
		return EXIT_FINE;
	return fail(EXIT_FAILED, "cannot write %s: %s", w->path, strerror(errno));
}

int whole_end(struct whole **set, int err)
{
	struct whole *w;

	for (w = *set; w; w = w->next)
		err = close_file(w, err);
	for (w = *set; w && !err; w = w->next)
		err = put_in_place(w);
	while ((w = *set)) {
		*set = w->next;
		if (err && w->f)
			unlink(w->temp);
		free(w->path);
		free(w->temp);
		free(w);
	}
	return err;
}
