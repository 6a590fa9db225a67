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

#include "refcost.h"
#include "report.h"

static struct env {
	const char *dir;
	const char *output;
	const char *figures;
} env = {
	.figures = "figures",
};

enum {
	OPT_FIGURES = 256,
};

static const struct argp_option options[] = {
	{ "output", 'o', "OUT", 0, "Where to write (default: DIR/report)", 0 },
	{ "figures", OPT_FIGURES, "PATH", 0,
	  "Where RESULTS.md finds its figures (default: figures, beside it)", 0 },
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

static int write_markdown(const struct model *m, const char *dir)
{
	char path[PATH_MAX + 64], temp[PATH_MAX + 64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/RESULTS.md", dir);
	snprintf(temp, sizeof(temp), "%s/RESULTS.md.new", dir);
	f = fopen(temp, "we");
	if (!f)
		return fail(EXIT_FAILED, "cannot write %s: %s", temp, strerror(errno));
	report_markdown(m, f, env.figures);
	if (ferror(f) | fclose(f) || rename(temp, path)) {
		int err = errno;

		remove(temp);
		return fail(EXIT_FAILED, "cannot write %s: %s", path, strerror(err));
	}
	return EXIT_FINE;
}

int cmd_report(int argc, char **argv)
{
	char out[PATH_MAX];
	struct model m;
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	err = model_read(&m, env.dir);
	if (err)
		return err;
	if (!m.nr_cells && !m.nr_arms) {
		err = fail(EXIT_FAILED, "%s holds no sample yet", env.dir);
		goto out;
	}
	snprintf(out, sizeof(out), "%s%s", env.output ?: env.dir, env.output ? "" : "/report");
	if (mkdir(out, 0777) && errno != EEXIST) {
		err = fail(EXIT_FAILED, "cannot make %s: %s: give another with -o OUT", out,
			   strerror(errno));
		goto out;
	}
	err = report_dat(&m, out);
	err = err ?: write_markdown(&m, out);
	if (!err) {
		model_print_run(&m, stdout);
		model_print_unload(&m, stdout);
	}
out:
	model_free(&m);
	return err;
}
