// SPDX-License-Identifier: GPL-2.0
/*
 * Which modules a trace is about.
 */
#include "trace/names.h"

#include <fnmatch.h>
#include <string.h>

#include "base/refcost.h"
#include "machine/module.h"

static bool is_pattern(const char *name)
{
	return strpbrk(name, "*?[");
}

/* A hyphen in brackets is a range. */
static void spell(char *name)
{
	bool inside = false;

	for (; *name; name++) {
		inside = *name == '[' || (inside && *name != ']');
		if (*name == '-' && !inside)
			*name = '_';
	}
}

bool names_add(struct names *names, const char *list)
{
	char *rest = strdup(list), *name;

	while (rest && (name = strsep(&rest, ","))) {
		if (!*name || names->n == NAMES_MAX)
			return false;
		spell(name);
		names->text[names->n++] = name;
	}
	return names->n;
}

int names_check(const struct names *names)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		if (!is_pattern(names->text[i]) && check_module(names->text[i]))
			return EXIT_FAILED;
	return EXIT_FINE;
}

bool names_match(const struct names *names, const char *module)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		if (!fnmatch(names->text[i], module, 0))
			return true;
	return !names->n;
}

const char *names_only(const struct names *names)
{
	return names->n == 1 && !is_pattern(names->text[0]) ? names->text[0] : NULL;
}
