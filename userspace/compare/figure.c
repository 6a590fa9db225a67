// SPDX-License-Identifier: GPL-2.0
/* The figure of a comparison: its data, and the run of plots/render.sh that draws them. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/refcost.h"
#include "compare/compare.h"

extern char **environ;

/* Room for a path and a name below it. */
#define LONG_PATH (PATH_MAX + 32)

/* gnuplot skips a "?"; an end that is not finite is not drawn either. */
static void put(FILE *f, double v)
{
	if (isfinite(v))
		fprintf(f, " %.6g", v);
	else
		fputs(" ?", f);
}

/* By scheme; the cells of one as they are. */
static int scheme_cmp(const void *a, const void *b)
{
	const struct compare_cell *const *x = a, *const *y = b;

	return ((*x)->scheme > (*y)->scheme) - ((*x)->scheme < (*y)->scheme)
		       ?: (*x > *y) - (*x < *y);
}

static void put_cell(const struct compare_cell *cell, FILE *f)
{
	const struct scheme *s = cell->scheme;

	fprintf(f, "%s \"%s\" %d %d %s %s %g", s->name, model_family(s->family), s->rank, s->slot,
		compare_mode(cell), *cell->event ? cell->event : "-", compare_at(cell));
	put(f, cell->ratio.ratio);
	put(f, cell->ratio.lo);
	put(f, cell->ratio.hi);
	fprintf(f, " %d %d\n", cell->verdict, cell->oversubscribed);
}

/*
 * Instructions are exact and have no interval: they are in the table, as is what was measured
 * elsewhere than everything else.
 */
static void put_cells(const struct compare *c, FILE *f)
{
	const struct compare_cell **list AUTO_FREE = array_new(c->n, sizeof(*list));
	size_t i;

	fputs("scheme family rank slot mode event at ratio ratio_lo ratio_hi verdict oversubscribed\n",
	      f);
	for (i = 0; i < c->n; i++)
		list[i] = &c->v[i];
	qsort(list, c->n, sizeof(*list), scheme_cmp);
	for (i = 0; i < c->n; i++)
		if (list[i]->what != COMPARE_INSTRUCTIONS && !list[i]->elsewhere)
			put_cell(list[i], f);
}

static int write_text(const char *dir, const char *name, const struct compare *c, const char *label)
{
	char path[LONG_PATH];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	if (f && c)
		put_cells(c, f);
	else if (f)
		fprintf(f, "%s\n", label);
	if (!f || (ferror(f) | fclose(f)))
		return fail(EXIT_FAILED, "cannot write %s: %s", path, strerror(errno));
	return EXIT_FINE;
}

/* In the tree that this command was built in, or where `make install` puts it. */
static bool find_render(char *path, size_t len)
{
	static const char *const places[] = { "../../plots", "../share/refcost/plots" };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *dir;
	size_t i;

	self[n < 0 ? 0 : n] = '\0';
	dir = dirname(self);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(path, len, "%s/%s/render.sh", dir, places[i]);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

/* Its standard output names files that are about to be renamed. */
static int run_render(char *render, char *dir)
{
	char *argv[] = { render, dir, dir, NULL };
	posix_spawn_file_actions_t actions;
	int err, status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	err = posix_spawn(&pid, render, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (err)
		return fail(EXIT_FAILED, "cannot run %s: %s", render, strerror(err));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

/* Figure and data appear whole, or not at all. */
static int move_in(const char *dir, const char *path)
{
	char from[LONG_PATH], to[PATH_MAX];
	int stem = strlen(path) - strlen(".svg"), err;

	snprintf(from, sizeof(from), "%s/compare.dat", dir);
	snprintf(to, sizeof(to), "%.*s.dat", stem, path);
	err = rename(from, to);
	snprintf(from, sizeof(from), "%s/compare.svg", dir);
	if (err || rename(from, path))
		return fail(EXIT_FAILED, "cannot write %s: %s", path, strerror(errno));
	return EXIT_FINE;
}

static void clean_up(const char *dir)
{
	static const char *const names[] = { "compare.dat", "compare.svg", "label.txt" };
	char path[LONG_PATH];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

int compare_figure(const struct compare *c, const char *label, const char *path)
{
	char render[LONG_PATH], dir[PATH_MAX];
	int err;

	if (!find_render(render, sizeof(render)))
		return fail(EXIT_LACKING, "no plots/render.sh beside this refcost: run it from "
					  "where it was built or installed");
	snprintf(dir, sizeof(dir), "%s.XXXXXX", path);
	if (!mkdtemp(dir))
		return fail(EXIT_FAILED, "cannot write %s: %s", path, strerror(errno));
	err = write_text(dir, "compare.dat", c, NULL) ?: write_text(dir, "label.txt", NULL, label);
	if (!err)
		err = run_render(render, dir);
	if (!err)
		err = move_in(dir, path);
	clean_up(dir);
	return err;
}
