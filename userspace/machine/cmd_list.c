// SPDX-License-Identifier: GPL-2.0
/*
 * refcost list: the table of schemes, read from the module's file.
 */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "base/refcost.h"
#include "machine/suite.h"

static const char *const kind_names[] = {
	[SCHEME_KERNEL] = "kernel",
	[SCHEME_GATE] = "gate",
	[SCHEME_FLOOR] = "floor",
	[SCHEME_ABSENT] = "absent",
};

/* Texts may hold commas, but no quote. */
static void print_csv(const struct schemes *schemes)
{
	size_t i;

	puts("scheme,family,kind,needs,what,from,busy,roles,floors");
	for (i = 0; i < schemes->n; i++) {
		const struct scheme_desc *s = &schemes->v[i];

		printf("%s,%s,%s,%s,\"%s\",\"%s\",\"%s\",%s,%s\n", s->name, s->family,
		       kind_names[s->kind], s->needs, s->what, s->from, s->busy, s->roles,
		       s->floors);
	}
}

static void print_names(const struct schemes *schemes)
{
	size_t i;

	for (i = 0; i < schemes->n; i++)
		if (schemes->v[i].kind != SCHEME_ABSENT)
			puts(schemes->v[i].name);
}

static void print_table(const struct schemes *schemes)
{
	const char *family = "";
	size_t i;

	for (i = 0; i < schemes->n; i++) {
		const struct scheme_desc *s = &schemes->v[i];

		if (strcmp(family, s->family))
			printf("%s%s:\n", *family ? "\n" : "", s->family);
		family = s->family;
		printf("  %-20s  %s\n", s->name, s->what);
		if (s->kind != SCHEME_FLOOR)
			printf("  %-20s  from: %s\n  %-20s  busy: %s\n", "", s->from, "", s->busy);
		if (s->layouts)
			printf("  %-20s  layouts: own, readmostly, pair\n", "");
		if (s->kind == SCHEME_ABSENT)
			printf("  %-20s  here: not available: needs %s\n", "", s->needs);
		else if (s->kind != SCHEME_FLOOR)
			printf("  %-20s  here: yes\n", "");
	}
}

static void (*print)(const struct schemes *schemes) = print_table;

enum {
	OPT_CSV = 256,
	OPT_NAMES,
};

static const struct argp_option options[] = {
	{ "names", OPT_NAMES, 0, 0, "Print the names of what this kernel has, one a line", 0 },
	{ "csv", OPT_CSV, 0, 0, "Print all fields, comma-separated", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	switch (key) {
	case OPT_NAMES:
		print = print_names;
		return 0;
	case OPT_CSV:
		print = print_csv;
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
	"List the schemes by family: name and what it is, where it comes from, what an unload does that "
	"finds users, and whether this kernel has it."
	"\vExamples:\n"
	"  refcost list\n"
	"  refcost list --names | xargs -n1 refcost run -s\n"
	"  refcost list --csv | awk -F, '$2 == \"percpu\" { print $1 }'\n",
	NULL,
	NULL,
	NULL,
};

int cmd_list(int argc, char **argv)
{
	struct schemes schemes;
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	err = schemes_read(&schemes);
	if (err)
		return err;
	print(&schemes);
	schemes_free(&schemes);
	return EXIT_FINE;
}
