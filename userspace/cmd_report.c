// SPDX-License-Identifier: GPL-2.0
/*
 * refcost report and refcost html: everything that can be said about a results directory, on any machine,
 * later.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "html.h"
#include "refcost.h"
#include "report.h"

static struct env {
	const char *dir;
	const char *output;
	const char *figures;
} env;

enum {
	OPT_FIGURES = 256,
};

static const struct argp_option options[] = {
	{ "output", 'o', "OUT", 0, "Where to write (default: DIR/report)", 0 },
	{ "figures", OPT_FIGURES, "PATH", 0,
	  "Where RESULTS.md finds its figures (default: figures, beside it)", 0 },
	{ 0 },
};

static const struct argp_option html_options[] = {
	{ "output", 'o', "FILE", 0, "Where to write (default: DIR/report.html)", 0 },
	{ "figures", OPT_FIGURES, "PATH", 0,
	  "Where plots/render.sh has put the figures (default: DIR/figures)", 0 },
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
	"Print the tables of a results directory; write figure data (.dat) and RESULTS.md."
	"\vExamples:\n"
	"  refcost report results/host-6.1\n"
	"  refcost report results/host-6.1 -o /tmp/r && plots/render.sh /tmp/r /tmp/r/figures\n",
	NULL,
	NULL,
	NULL,
};

static const struct argp html_argp = {
	html_options,
	parse,
	"DIR",
	"Write RESULTS.md of a results directory as one page for a browser, with its figures, filters by "
	"family and the numbers under the pointer. The page needs no other file and no network."
	"\vExamples:\n"
	"  refcost html results/host-6.1\n"
	"  refcost html results/host-6.1 -o /tmp/host.html --figures plots/figures\n",
	NULL,
	NULL,
	NULL,
};

static int write_markdown(FILE *f, const struct model *m, const char *figures)
{
	report_markdown(m, f, figures);
	return EXIT_FINE;
}

/* A file appears whole or not at all. */
static int write_whole(const char *path, const struct model *m, const char *figures,
		       int (*write)(FILE *f, const struct model *m, const char *figures))
{
	char temp[PATH_MAX + 128];
	FILE *f;
	int err;

	snprintf(temp, sizeof(temp), "%s.new", path);
	f = fopen(temp, "we");
	if (!f)
		return fail(EXIT_FAILED, "cannot write %s: %s", temp, strerror(errno));
	err = write(f, m, figures);
	if (ferror(f) | fclose(f) || err || rename(temp, path)) {
		int why = errno;

		remove(temp);
		return err ?: fail(EXIT_FAILED, "cannot write %s: %s", path, strerror(why));
	}
	return EXIT_FINE;
}

/* Of a directory that holds something to say. */
static int read_model(struct model *m)
{
	int err = model_read(m, env.dir);

	if (err || m->nr_cells || m->nr_arms || m->tracer.nr_traced)
		return err;
	model_free(m);
	return fail(EXIT_FAILED, "%s holds no sample yet", env.dir);
}

int cmd_report(int argc, char **argv)
{
	char out[PATH_MAX], path[PATH_MAX + 64];
	struct model m;
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	err = read_model(&m);
	if (err)
		return err;
	snprintf(out, sizeof(out), "%s%s", env.output ?: env.dir, env.output ? "" : "/report");
	if (mkdir(out, 0777) && errno != EEXIST) {
		err = fail(EXIT_FAILED, "cannot make %s: %s: give another with -o OUT", out,
			   strerror(errno));
		goto out;
	}
	err = report_dat(&m, out);
	snprintf(path, sizeof(path), "%s/RESULTS.md", out);
	err = err ?: write_whole(path, &m, env.figures ?: "figures", write_markdown);
	if (!err) {
		model_print_run(&m, stdout);
		model_print_counters(&m, stdout);
		model_print_unload(&m, stdout);
	}
out:
	model_free(&m);
	return err;
}

int cmd_html(int argc, char **argv)
{
	char path[PATH_MAX], figures[PATH_MAX];
	struct model m;
	int err;

	argp_parse(&html_argp, argc, argv, 0, NULL, NULL);
	err = read_model(&m);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s%s", env.output ?: env.dir,
		 env.output ? "" : "/report.html");
	snprintf(figures, sizeof(figures), "%s%s", env.figures ?: env.dir,
		 env.figures ? "" : "/figures");
	err = write_whole(path, &m, figures, html_page);
	if (!err)
		puts(path);
	model_free(&m);
	return err;
}
