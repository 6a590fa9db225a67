// SPDX-License-Identifier: GPL-2.0
/*
 * refcost report: everything that can be said about a results directory, on any machine, later.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/refcost.h"
#include "report/html.h"
#include "report/report.h"

static struct env {
	const char *dir;
	const char *output;
	const char *figures;
	bool html;
} env;

enum {
	OPT_FIGURES = 256,
	OPT_HTML,
};

static const struct argp_option options[] = {
	{ "html", OPT_HTML, 0, 0,
	  "Write all of it as one page for a browser instead, which needs no other file", 0 },
	{ "output", 'o', "OUT", 0,
	  "Where to write: a directory (default: DIR/report), or the page (default: DIR/report.html)",
	  0 },
	{ "figures", OPT_FIGURES, "PATH", 0,
	  "Where RESULTS.md finds its figures (default: figures, beside it), or where the page takes them "
	  "from (default: DIR/figures)",
	  0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'o':
		env.output = arg;
		break;
	case OPT_FIGURES:
		env.figures = arg;
		break;
	case OPT_HTML:
		env.html = true;
		break;
	case ARGP_KEY_ARG:
		if (env.dir)
			argp_error(state, "takes one results directory");
		env.dir = arg;
		break;
	case ARGP_KEY_END:
		if (!env.dir)
			argp_error(state, "give a results directory");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	options,
	parse,
	"DIR",
	"Print the tables of a results directory; write figure data (.dat) and RESULTS.md. With --html "
	"write RESULTS.md with its figures as one page for a browser, and nothing else."
	"\vExamples:\n"
	"  refcost report results/host-6.1\n"
	"  refcost report results/host-6.1 -o /tmp/r\n"
	"  plots/render.sh /tmp/r /tmp/figures\n"
	"  refcost report --html results/host-6.1 -o host.html --figures /tmp/figures\n",
	NULL,
	NULL,
	NULL,
};

static const struct document {
	const char *name;
	void (*write)(const struct model *m, FILE *f, const char *figures);
} documents[] = {
	{ "RESULTS.md", report_markdown },
	{ "RESULTS-tables.md", report_tables },
};

/* Figure data and documents agree with each other, so that they appear together. */
static int write_report(const struct model *m, const char *dir)
{
	char path[PATH_MAX + 64];
	struct whole *set = NULL;
	int err = report_dat(m, dir, &set);
	size_t i;
	FILE *f;

	for (i = 0; i < ARRAY_SIZE(documents) && !err; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, documents[i].name);
		f = whole_open(&set, path);
		if (f)
			documents[i].write(m, f, env.figures ?: "figures");
		else
			err = EXIT_FAILED;
	}
	return whole_end(&set, err);
}

static int write_page(const struct model *m, const char *path, const char *figures)
{
	struct whole *set = NULL;
	FILE *f = whole_open(&set, path);

	return whole_end(&set, f ? html_page(f, m, figures) : EXIT_FAILED);
}

/* Of a directory that holds something to say, and all that it says it does. */
static int read_model(struct model *m)
{
	int err;

	err = model_read(m, env.dir);
	if (err)
		return err;
	err = model_check(m);
	if (!err && !m->nr_cells && !m->nr_arms && !m->nr_loadings && !m->nr_counts &&
	    !m->tracer.nr_traced && !m->objects.n)
		err = fail(EXIT_FAILED, "%s holds no sample yet", env.dir);
	if (err)
		model_free(m);
	return err;
}

static int report_files(const struct model *m)
{
	char out[PATH_MAX];
	int err;

	snprintf(out, sizeof(out), "%s%s", env.output ?: env.dir, env.output ? "" : "/report");
	if (mkdir(out, 0777) && errno != EEXIST)
		return fail(EXIT_FAILED, "cannot make %s: %s: give another with -o OUT", out,
			    strerror(errno));
	err = write_report(m, out);
	if (err)
		return err;
	model_print_run(m, stdout);
	model_print_counters(m, stdout);
	model_print_unload(m, stdout);
	model_print_loading(m, stdout);
	objects_print(&m->objects, stdout);
	return EXIT_FINE;
}

static int report_page(const struct model *m)
{
	char path[PATH_MAX], figures[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "%s%s", env.output ?: env.dir,
		 env.output ? "" : "/report.html");
	snprintf(figures, sizeof(figures), "%s%s", env.figures ?: env.dir,
		 env.figures ? "" : "/figures");
	err = write_page(m, path, figures);
	if (!err)
		puts(path);
	return err;
}

int cmd_report(int argc, char **argv)
{
	struct model m;
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	err = read_model(&m);
	if (err)
		return err;
	err = env.html ? report_page(&m) : report_files(&m);
	model_free(&m);
	return err;
}
