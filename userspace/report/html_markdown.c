// SPDX-License-Identifier: GPL-2.0
/* RESULTS.md to HTML: md4c reads it, this writes what a page wants of it. */
#include <errno.h>
#include <limits.h>
#include <md4c.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "report/html.h"

/* A text that is being gathered. */
struct capture {
	FILE *f;
	char *text;
	size_t len;
};

/**
 * struct writer - the state while the parser goes through the document
 * @doc: what is made
 * @figures: directory of the figures
 * @body: of the section that is being written
 * @words: of the paragraph, heading, item, cell or block of code that the parser is in
 * @item: it is in an item of a list
 * @image: name of the figure that the paragraph shows, "" if none
 * @waiting: name of a figure that waits for its caption, "" if none
 * @paragraph: one that may become the caption of a table, or NULL
 * @heading: the last one
 * @cells: of the row that the parser is in
 * @aligned: to the right, for each of @cells
 * @nr_cells: of this row, so far
 * @columns: of the table
 * @head: the parser is in the head of a table
 * @group: a group of rows is open
 */
struct writer {
	struct html_doc *doc;
	const char *figures;
	struct capture body, words;
	bool item;
	char image[64], waiting[64];
	char *paragraph;
	char *heading;
	char **cells;
	bool *aligned;
	size_t nr_cells, columns;
	bool head, group;
};

static void capture_begin(struct capture *c)
{
	c->f = open_memstream(&c->text, &c->len);
	if (!c->f)
		abort();
}

/* The text so far, which is the caller's; the capture is over. */
static char *capture_end(struct capture *c)
{
	if (fclose(c->f))
		abort();
	c->f = NULL;
	return c->text;
}

static char *copy(const char *text)
{
	char *s = strdup(text);

	if (!s)
		abort();
	return s;
}

/* A list grows by one, which is the last. */
static void *grow(void *list, size_t n, size_t size)
{
	list = realloc(list, (n + 1) * size);
	if (!list)
		abort();
	return list;
}

void html_text(FILE *out, const char *text, size_t len)
{
	static const char *const escaped[UCHAR_MAX + 1] = {
		['&'] = "&amp;",
		['<'] = "&lt;",
		['>'] = "&gt;",
		['"'] = "&quot;",
	};

	for (; len; text++, len--)
		if (escaped[(unsigned char)*text])
			fputs(escaped[(unsigned char)*text], out);
		else
			putc(*text, out);
}

static bool shown_above(const struct html_doc *doc, const char *name)
{
	size_t i;

	for (i = 0; i < doc->nr_figures; i++)
		if (!strcmp(doc->figures[i], name))
			return true;
	return false;
}

static void write_figure(struct writer *w, const char *caption)
{
	struct html_doc *doc = w->doc;

	if (shown_above(doc, w->waiting)) {
		fprintf(w->body.f, "<p><a href=\"#figure-%s\">Figure above: %s</a></p>\n",
			w->waiting, w->waiting);
		w->waiting[0] = '\0';
		return;
	}
	doc->figures = grow(doc->figures, doc->nr_figures, sizeof(*doc->figures));
	doc->figures[doc->nr_figures++] = copy(w->waiting);
	html_figure(w->body.f, w->figures, w->waiting, caption);
	w->waiting[0] = '\0';
}

/* What waited to become something else becomes what it is. */
static void settle(struct writer *w)
{
	if (w->waiting[0])
		write_figure(w, w->waiting);
	if (w->paragraph)
		fprintf(w->body.f, "<p>%s</p>\n", w->paragraph);
	free(w->paragraph);
	w->paragraph = NULL;
}

static void begin_section(struct writer *w, char *title)
{
	struct html_doc *doc = w->doc;

	if (doc->nr_sections)
		doc->sections[doc->nr_sections - 1].body = capture_end(&w->body);
	doc->sections = grow(doc->sections, doc->nr_sections, sizeof(*doc->sections));
	doc->sections[doc->nr_sections++] = (struct html_section){ .title = title };
	capture_begin(&w->body);
}

static void end_heading(struct writer *w, unsigned int level)
{
	char *words = capture_end(&w->words);

	free(w->heading);
	w->heading = copy(words);
	if (level == 2) {
		begin_section(w, words);
		return;
	}
	fprintf(w->body.f, "<h%u>%s</h%u>\n", level, words, level);
	free(words);
}

static void end_paragraph(struct writer *w)
{
	char *words = capture_end(&w->words);

	if (w->image[0]) {
		settle(w);
		snprintf(w->waiting, sizeof(w->waiting), "%s", w->image);
		w->image[0] = '\0';
		free(words);
	} else if (w->waiting[0]) {
		write_figure(w, words);
		free(words);
	} else {
		settle(w);
		w->paragraph = words;
	}
}

static void begin_table(struct writer *w, size_t columns)
{
	char *caption = w->paragraph;

	w->paragraph = NULL;
	settle(w);
	fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table\"><table>\n",
	      w->body.f);
	fprintf(w->body.f, "<caption%s><span>%s</span></caption>\n", caption ? "" : " class=\"unseen\"",
		caption ?: w->heading ?: "");
	free(caption);
	w->columns = columns;
	w->cells = calloc(columns, sizeof(*w->cells));
	w->aligned = calloc(columns, sizeof(*w->aligned));
	if (!w->cells || !w->aligned)
		abort();
}

static void end_table(struct writer *w)
{
	fprintf(w->body.f, "%s</table></div>\n", w->group ? "</tbody>" : "");
	w->group = false;
	free(w->cells);
	free(w->aligned);
	w->cells = NULL;
}

static void end_cell(struct writer *w, const MD_BLOCK_TD_DETAIL *detail)
{
	char *words = capture_end(&w->words);

	if (w->nr_cells == w->columns) {
		free(words);
		return;
	}
	w->aligned[w->nr_cells] = detail->align == MD_ALIGN_RIGHT;
	w->cells[w->nr_cells++] = words;
}

/* How many cells of the row say something. */
static size_t filled(const struct writer *w)
{
	size_t i, n = 0;

	for (i = 0; i < w->nr_cells; i++)
		n += *w->cells[i] != '\0';
	return n;
}

static void write_cell(const struct writer *w, size_t i, const char *tag, const char *scope)
{
	fprintf(w->body.f, "<%s%s%s>%s</%s>", tag, scope, w->aligned[i] ? " class=\"number\"" : "",
		w->cells[i], tag);
}

static void write_head(struct writer *w)
{
	size_t i;

	if (!filled(w))
		return;
	fputs("<thead><tr>", w->body.f);
	for (i = 0; i < w->nr_cells; i++)
		write_cell(w, i, "th", " scope=\"col\"");
	fputs("</tr></thead>\n", w->body.f);
}

static void write_row(struct writer *w)
{
	/* A row with nothing but an emphasised word names the group that begins. */
	bool family = w->nr_cells > 1 && filled(w) == 1 && !strncmp(w->cells[0], "<em>", 4);
	size_t i;

	if (family || !w->group)
		fprintf(w->body.f, "%s<tbody>\n", w->group ? "</tbody>" : "");
	w->group = true;
	if (family) {
		fprintf(w->body.f,
			"<tr class=\"family\"><th scope=\"rowgroup\" colspan=\"%zu\"><span>%s</span></th></tr>\n",
			w->columns, w->cells[0]);
		return;
	}
	fputs("<tr>", w->body.f);
	for (i = 0; i < w->nr_cells; i++)
		write_cell(w, i, i ? "td" : "th", i ? "" : " scope=\"row\"");
	fputs("</tr>\n", w->body.f);
}

static void end_row(struct writer *w)
{
	size_t i;

	if (w->head)
		write_head(w);
	else
		write_row(w);
	for (i = 0; i < w->nr_cells; i++)
		free(w->cells[i]);
	w->nr_cells = 0;
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *data)
{
	struct writer *w = data;

	switch (type) {
	case MD_BLOCK_UL:
	case MD_BLOCK_OL:
		settle(w);
		fputs(type == MD_BLOCK_UL ? "<ul>\n" : "<ol>\n", w->body.f);
		break;
	case MD_BLOCK_LI:
		w->item = true;
		capture_begin(&w->words);
		break;
	case MD_BLOCK_P:
		if (!w->item)
			capture_begin(&w->words);
		break;
	case MD_BLOCK_H:
	case MD_BLOCK_CODE:
		settle(w);
		capture_begin(&w->words);
		break;
	case MD_BLOCK_TABLE:
		begin_table(w, ((MD_BLOCK_TABLE_DETAIL *)detail)->col_count);
		break;
	case MD_BLOCK_THEAD:
		w->head = true;
		break;
	case MD_BLOCK_TH:
	case MD_BLOCK_TD:
		capture_begin(&w->words);
		break;
	default:
		break;
	}
	return 0;
}

static void end_block(struct writer *w, const char *before, const char *after)
{
	char *words = capture_end(&w->words);

	fprintf(w->body.f, "%s%s%s\n", before, words, after);
	free(words);
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *data)
{
	struct writer *w = data;

	switch (type) {
	case MD_BLOCK_UL:
	case MD_BLOCK_OL:
		fputs(type == MD_BLOCK_UL ? "</ul>\n" : "</ol>\n", w->body.f);
		break;
	case MD_BLOCK_LI:
		end_block(w, "<li>", "</li>");
		w->item = false;
		break;
	case MD_BLOCK_P:
		if (!w->item)
			end_paragraph(w);
		break;
	case MD_BLOCK_H:
		end_heading(w, ((MD_BLOCK_H_DETAIL *)detail)->level);
		break;
	case MD_BLOCK_CODE:
		end_block(w, "<pre class=\"scroll\" tabindex=\"0\"><code>", "</code></pre>");
		break;
	case MD_BLOCK_TABLE:
		end_table(w);
		break;
	case MD_BLOCK_THEAD:
		w->head = false;
		break;
	case MD_BLOCK_TR:
		end_row(w);
		break;
	case MD_BLOCK_TH:
	case MD_BLOCK_TD:
		end_cell(w, detail);
		break;
	default:
		break;
	}
	return 0;
}

/* "figures/NAME.svg" to NAME. */
static void note_image(struct writer *w, const MD_ATTRIBUTE *src)
{
	const char *base = memrchr(src->text, '/', src->size);
	const char *end = src->text + src->size;

	base = base ? base + 1 : src->text;
	snprintf(w->image, sizeof(w->image), "%.*s", (int)(end - base), base);
	if (strchr(w->image, '.'))
		*strchr(w->image, '.') = '\0';
}

/* A link keeps its words alone: what it leads to is not beside the page. */
static const char *span_tag(MD_SPANTYPE type)
{
	switch (type) {
	case MD_SPAN_EM:
		return "em";
	case MD_SPAN_STRONG:
		return "strong";
	case MD_SPAN_CODE:
		return "code";
	default:
		return NULL;
	}
}

static int enter_span(MD_SPANTYPE type, void *detail, void *data)
{
	struct writer *w = data;

	if (type == MD_SPAN_IMG)
		note_image(w, &((MD_SPAN_IMG_DETAIL *)detail)->src);
	else if (span_tag(type))
		fprintf(w->words.f, "<%s>", span_tag(type));
	return 0;
}

static int leave_span(MD_SPANTYPE type, void *detail, void *data)
{
	struct writer *w = data;

	(void)detail;
	if (span_tag(type))
		fprintf(w->words.f, "</%s>", span_tag(type));
	return 0;
}

static int on_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *data)
{
	struct writer *w = data;

	if (type == MD_TEXT_HTML || !w->words.f)
		return 0;
	if (type == MD_TEXT_SOFTBR || type == MD_TEXT_BR)
		putc('\n', w->words.f);
	else if (type == MD_TEXT_ENTITY)
		fwrite(text, 1, size, w->words.f);
	else
		html_text(w->words.f, text, size);
	return 0;
}

int html_from_markdown(struct html_doc *doc, const char *text, size_t len, const char *figures)
{
	static const MD_PARSER parser = {
		.flags = MD_FLAG_TABLES | MD_FLAG_NOHTMLSPANS,
		.enter_block = enter_block,
		.leave_block = leave_block,
		.enter_span = enter_span,
		.leave_span = leave_span,
		.text = on_text,
	};
	struct writer w = { .doc = doc, .figures = figures };
	int err;

	memset(doc, 0, sizeof(*doc));
	begin_section(&w, copy(""));
	err = md_parse(text, len, &parser, &w);
	settle(&w);
	doc->sections[doc->nr_sections - 1].body = capture_end(&w.body);
	free(w.heading);
	return err ? fail(EXIT_FAILED, "md4c cannot read RESULTS.md: %s", strerror(ENOMEM))
		   : EXIT_FINE;
}

void html_doc_free(struct html_doc *doc)
{
	size_t i;

	for (i = 0; i < doc->nr_sections; i++) {
		free(doc->sections[i].title);
		free(doc->sections[i].body);
	}
	for (i = 0; i < doc->nr_figures; i++)
		free(doc->figures[i]);
	free(doc->sections);
	free(doc->figures);
}
