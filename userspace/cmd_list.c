// SPDX-License-Identifier: GPL-2.0
/*
 * refcost list: the table of schemes, read from the module's file.
 */
#include <argp.h>
#include <stdio.h>

#include "refcost.h"
#include "suite.h"

static bool names_only;

static const struct argp_option options[] = {
	{ "names", 'n', 0, 0, "Print the names alone, one a line", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	switch (key) {
	case 'n':
		names_only = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "takes no argument");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	parse,
	NULL,
	"List the schemes: name, where it comes from, what an unload does that finds users."
	"\vExamples:\n"
	"  refcost list\n"
	"  refcost list -n | xargs -n1 refcost run -s\n",
	NULL,
	NULL,
	NULL,
};

int cmd_list(int argc, char **argv)
{
	struct schemes schemes;
	size_t i;
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	err = schemes_read(&schemes);
	if (err)
		return err;
	if (!names_only)
		printf("%-16s %-68s %s\n", "scheme", "from", "an unload that finds users");
	for (i = 0; i < schemes.n; i++) {
		const struct scheme_desc *s = &schemes.v[i];

		if (names_only)
			puts(s->name);
		else
			printf("%-16s %-68s %s\n", s->name, s->from, s->busy);
	}
	schemes_free(&schemes);
	return EXIT_FINE;
}
