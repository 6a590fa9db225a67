// SPDX-License-Identifier: GPL-2.0
/* Layouts: their names, and what goes with what. */
#include "measure/layout.h"

#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "base/refcost.h"

void layouts_parse(struct layouts *l, struct argp_state *state, char *arg)
{
	l->n = opt_choices(state, "layout", arg, layout_names, REFCOST_LAYOUTS, l->v);
	l->asked = true;
}

bool layout_applies(int layout, const struct scheme_desc *scheme, int mode, uint64_t hold_ns)
{
	if (layout == REFCOST_OWN)
		return true;
	return scheme->layouts && (layout == REFCOST_PAIR || mode == REFCOST_LOOKUP || hold_ns > 0);
}

static bool has_own(const struct layouts *l)
{
	size_t i;

	for (i = 0; i < l->n && l->v[i] != REFCOST_OWN; i++)
		;
	return i < l->n;
}

/* Names of those with layouts, or of those without. */
static const char *list_schemes(const struct schemes *s, bool layouts, char *buf, size_t len)
{
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < s->n; i++)
		if (s->v[i].layouts == layouts)
			snprintf(buf + strlen(buf), len - strlen(buf), "%s%s", *buf ? ", " : "",
				 s->v[i].name);
	return buf;
}

int layouts_check(const struct layouts *l, const struct schemes *schemes, bool named, bool lookup,
		  uint64_t hold_ns)
{
	char with[1024], without[1024];
	size_t i;

	if (!l->asked || (l->n == 1 && has_own(l)))
		return EXIT_FINE;
	list_schemes(schemes, true, with, sizeof(with));
	list_schemes(schemes, false, without, sizeof(without));
	if (!*with || (named && *without && !has_own(l)))
		return fail(
			EXIT_USAGE,
			"%s: no count in the object, so there is no --layout but own: refcost list "
			"says which schemes have others",
			without);
	for (i = 0; i < l->n; i++)
		if (l->v[i] == REFCOST_READMOSTLY && !lookup && !hold_ns)
			return fail(EXIT_USAGE,
				    "--layout readmostly: a bare get and put reads nothing of the "
				    "object: add --mode lookup or a --hold");
	if (named && *without)
		say("%s: no count in the object: measured in layout own alone", without);
	return EXIT_FINE;
}

struct json_object *layouts_json(const struct layouts *l)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < l->n; i++)
		json_object_array_add(list, json_object_new_string(layout_names[l->v[i]]));
	return list;
}
