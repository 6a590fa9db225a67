/* SPDX-License-Identifier: GPL-2.0 */
/*
 * report.html: RESULTS.md as one page that needs nothing else, with its figures inline and two
 * charts drawn from the numbers. The text is RESULTS.md's own, so that the two cannot disagree.
 */
#ifndef REFCOST_REPORT_HTML_H
#define REFCOST_REPORT_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "model/model.h"

/**
 * struct html_section - what stands under one heading of the second level
 * @title: the heading; "" for what stands before the first
 * @body: HTML, the heading left out
 */
struct html_section {
	char *title;
	char *body;
};

/**
 * struct html_doc - a markdown document as HTML
 * @sections: in their order, the untitled one first
 * @nr_sections: how many
 * @figures: names of the figures that it shows
 * @nr_figures: how many
 */
struct html_doc {
	struct html_section *sections;
	size_t nr_sections;
	char **figures;
	size_t nr_figures;
};

/**
 * html_from_markdown() - turn RESULTS.md into HTML
 * @doc: filled; free with html_doc_free()
 * @text: of RESULTS.md
 * @len: its length
 * @figures: directory of the figures
 *
 * An image becomes the figure of that name, with the paragraph after it as its caption; a paragraph
 * just before a table becomes the caption of the table.
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int html_from_markdown(struct html_doc *doc, const char *text, size_t len, const char *figures);

void html_doc_free(struct html_doc *doc);

/**
 * html_figure() - write an SVG file inline
 * @out: where to
 * @dir: directory of the figures
 * @name: of the figure, without .svg
 * @caption: HTML
 *
 * Names of elements get the figure's in front, since all figures of a page share them. Where there
 * is no such figure, a line on stderr and one on the page say so.
 */
void html_figure(FILE *out, const char *dir, const char *name, const char *caption);

/**
 * html_data() - write what the charts show as JSON, with numbers in words as RESULTS.md has them
 * @out: where to
 * @m: the model
 */
void html_data(FILE *out, const struct model *m);

/**
 * html_text() - write text so that it is nothing but text in HTML
 * @out: where to
 * @text: UTF-8
 * @len: its length
 */
void html_text(FILE *out, const char *text, size_t len);

/**
 * html_page() - write report.html
 * @out: where to
 * @m: the model
 * @figures: directory of the figures
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int html_page(FILE *out, const struct model *m, const char *figures);

#endif
