// SPDX-License-Identifier: GPL-2.0
/* report.html as a whole: the template, html_page.html, with its marks filled in. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "report/html.h"
#include "report/report.h"

/* Part of the binary, which needs no other file wherever it is installed. */
extern const char html_template[];
asm(".pushsection .rodata\n"
    ".globl html_template\n"
    "html_template:\n"
    ".incbin \"userspace/report/html_page.html\"\n"
    ".byte 0\n"
    ".popsection\n");

struct page {
	const struct model *m;
	const char *figures;
	struct html_doc doc;
};

/* Belongs at the top, before any number. */
#define VALIDITY "Validity"

/* "Per-CPU variants" as per-cpu-variants */
static void write_id(FILE *out, const char *title)
{
	bool gap = false;

	for (; *title; title++) {
		if (isalnum((unsigned char)*title)) {
			fprintf(out, "%s%c", gap ? "-" : "", tolower((unsigned char)*title));
			gap = false;
		} else {
			gap = true;
		}
	}
}

static void write_section(FILE *out, const struct html_section *s)
{
	fputs("<section id=\"", out);
	write_id(out, s->title);
	fprintf(out, "\">\n<h2>%s</h2>\n%s</section>\n", s->title, s->body);
}

static void mark_title(FILE *out, const struct page *p)
{
	char label[512];

	report_label(p->m, label, sizeof(label));
	html_text(out, label, strlen(label));
}

static void mark_machine(FILE *out, const struct page *p)
{
	const char *kind = model_text(p->m, "environment.machine.kind");

	html_text(out, kind, strlen(kind));
}

static void mark_lead(FILE *out, const struct page *p)
{
	fputs(p->doc.sections[0].body, out);
}

static void mark_validity(FILE *out, const struct page *p)
{
	size_t i;

	for (i = 1; i < p->doc.nr_sections; i++)
		if (!strcmp(p->doc.sections[i].title, VALIDITY))
			write_section(out, &p->doc.sections[i]);
}

static void mark_contents(FILE *out, const struct page *p)
{
	size_t i;

	for (i = 1; i < p->doc.nr_sections; i++) {
		const char *title = p->doc.sections[i].title;

		if (!strcmp(title, VALIDITY))
			continue;
		fputs("<li><a href=\"#", out);
		write_id(out, title);
		fprintf(out, "\">%s</a></li>\n", title);
	}
}

static void mark_sections(FILE *out, const struct page *p)
{
	size_t i;

	for (i = 1; i < p->doc.nr_sections; i++)
		if (strcmp(p->doc.sections[i].title, VALIDITY))
			write_section(out, &p->doc.sections[i]);
}

static bool shown(const struct html_doc *doc, const char *name)
{
	size_t i;

	for (i = 0; i < doc->nr_figures; i++)
		if (!strcmp(doc->figures[i], name))
			return true;
	return false;
}

static int is_svg(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 4 && !strcmp(entry->d_name + len - 4, ".svg");
}

/* Figures that the text does not show. */
static void mark_further(FILE *out, const struct page *p)
{
	struct dirent **list;
	int i, n = scandir(p->figures, &list, is_svg, alphasort), more = 0;

	for (i = 0; i < n; i++) {
		char *name = list[i]->d_name;

		name[strlen(name) - 4] = '\0';
		if (!shown(&p->doc, name)) {
			fputs(more++ ? "" : "<section id=\"further\">\n<h2>Further figures</h2>\n",
			      out);
			html_figure(out, p->figures, name, name);
		}
		free(list[i]);
	}
	fputs(more ? "</section>\n" : "", out);
	if (n >= 0)
		free(list);
}

static void mark_run(FILE *out, const struct page *p)
{
	const char *text = json_object_to_json_string_ext(
		p->m->results.doc, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);

	html_text(out, text, strlen(text));
}

static void mark_data(FILE *out, const struct page *p)
{
	html_data(out, p->m);
}

static const struct mark {
	const char *name;
	void (*write)(FILE *out, const struct page *p);
} marks[] = {
	{ "@TITLE@", mark_title },	 { "@MACHINE@", mark_machine },
	{ "@LEAD@", mark_lead },	 { "@VALIDITY@", mark_validity },
	{ "@CONTENTS@", mark_contents }, { "@SECTIONS@", mark_sections },
	{ "@FURTHER@", mark_further },	 { "@RUN@", mark_run },
	{ "@DATA@", mark_data },
};

static const struct mark *mark_at(const char *p)
{
	size_t i;

	for (i = 0; *p == '@' && i < ARRAY_SIZE(marks); i++)
		if (!strncmp(p, marks[i].name, strlen(marks[i].name)))
			return &marks[i];
	return NULL;
}

static void fill(FILE *out, const struct page *page)
{
	const char *p = html_template;

	while (*p) {
		const struct mark *mark = mark_at(p);

		if (mark) {
			mark->write(out, page);
			p += strlen(mark->name);
		} else {
			putc(*p++, out);
		}
	}
}

int html_page(FILE *out, const struct model *m, const char *figures)
{
	struct page page = { .m = m, .figures = figures };
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int err;

	if (!f)
		return fail(EXIT_FAILED, "cannot make the page: %s", strerror(errno));
	report_markdown(m, f, "figures");
	report_tables(m, f, "figures");
	if (fclose(f)) {
		free(text);
		return fail(EXIT_FAILED, "cannot make the page: %s", strerror(errno));
	}
	err = html_from_markdown(&page.doc, text, len, figures);
	if (!err)
		fill(out, &page);
	html_doc_free(&page.doc);
	free(text);
	return err;
}
