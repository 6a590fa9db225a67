// SPDX-License-Identifier: GPL-2.0
/* Figures inline: gnuplot's SVG without what belongs to a file of its own. */
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "report/html.h"

static char *read_figure(const char *dir, const char *name)
{
	char path[PATH_MAX];
	char *text = NULL;
	size_t cap = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.svg", dir, name);
	f = fopen(path, "re");
	if (!f)
		return NULL;
	if (getdelim(&text, &cap, '\0', f) < 0) {
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

static bool begins(const char *p, const char *with)
{
	return !strncmp(p, with, strlen(with));
}

/* The element at @p up to its end, if it is one that only speaks of the file; NULL otherwise. */
static const char *skip_element(const char *p)
{
	static const char *const names[][2] = {
		{ "<title>", "</title>" },
		{ "<desc>", "</desc>" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		const char *end = begins(p, names[i][0]) ? strstr(p, names[i][1]) : NULL;

		if (end)
			return end + strlen(names[i][1]);
	}
	return NULL;
}

/* gnuplot numbers the groups of each panel from 1; nothing refers to them. */
static const char *skip_group_id(const char *p)
{
	return begins(p, " id=\"gnuplot_") ? strchr(p + strlen(" id=\""), '"') + 1 : NULL;
}

/* The length of what a name of an element follows upon, 0 if none does at @p. */
static size_t before_name(const char *p)
{
	static const char *const before[] = { " id='", " id=\"", "href='#", "href=\"#", "url(#" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(before); i++)
		if (begins(p, before[i]))
			return strlen(before[i]);
	return 0;
}

static void write_svg(FILE *out, const char *p, const char *name)
{
	fprintf(out, "<svg role=\"img\" aria-labelledby=\"caption-%s\"", name);
	p += strlen("<svg");
	while (*p) {
		const char *after = skip_element(p) ?: skip_group_id(p);
		size_t n = before_name(p);

		if (after) {
			p = after;
		} else if (n) {
			fprintf(out, "%.*s%s-", (int)n, p, name);
			p += n;
		} else {
			putc(*p++, out);
		}
	}
}

void html_figure(FILE *out, const char *dir, const char *name, const char *caption)
{
	char *text = read_figure(dir, name);
	const char *svg = text ? strstr(text, "<svg") : NULL;

	fprintf(out, "<figure class=\"plot\" id=\"figure-%s\">\n", name);
	if (svg) {
		fprintf(out,
			"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Figure: %s\">\n",
			name);
		write_svg(out, svg, name);
		fputs("</div>\n", out);
	} else {
		say("%s/%s.svg is not there: draw it with plots/render.sh; the page says that it is lacking",
		    dir, name);
		fprintf(out, "<p class=\"lacking\">The figure %s was not drawn.</p>\n", name);
	}
	fprintf(out, "<figcaption id=\"caption-%s\">%s</figcaption>\n</figure>\n", name, caption);
	free(text);
}
