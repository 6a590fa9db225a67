// SPDX-License-Identifier: GPL-2.0
/* What becomes of markdown and of a figure, held against HTML written out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/html.h"

static char dir[256], figure[512];

static int make_figure(void **state)
{
	static const char text[] =
		"<?xml version=\"1.0\"?>\n<svg viewBox=\"0 0 9 9\">\n<title>Gnuplot</title>"
		"<desc>by</desc><g id=\"gnuplot_plot_1\" ><title>gnuplot_plot_1</title>"
		"<path id='gpPt1'/><use xlink:href='#gpPt1' clip-path=\"url(#box)\"/></g></svg>\n";
	const char *tmp = getenv("TMPDIR");
	FILE *f;

	(void)state;
	snprintf(dir, sizeof(dir), "%s/refcost-html-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return -1;
	snprintf(figure, sizeof(figure), "%s/one.svg", dir);
	f = fopen(figure, "we");
	return !f || fputs(text, f) < 0 || fclose(f) ? -1 : 0;
}

static int remove_figure(void **state)
{
	(void)state;
	return unlink(figure) || rmdir(dir) ? -1 : 0;
}

/* The only section of a document without headings of the second level. */
static void becomes(const char *markdown, const char *html)
{
	struct html_doc doc;

	assert_int_equal(html_from_markdown(&doc, markdown, strlen(markdown), dir), 0);
	assert_int_equal(doc.nr_sections, 1);
	assert_string_equal(doc.sections[0].body, html);
	html_doc_free(&doc);
}

#define TABLE "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table\"><table>\n"

static void text(void **state)
{
	(void)state;
	becomes("", "");
	becomes("<!-- no more than a remark -->\n# One\n\na **b** *c* `d<e>`\n& \"f\"\n",
		"<h1>One</h1>\n<p>a <strong>b</strong> <em>c</em> <code>d&lt;e&gt;</code>\n"
		"&amp; &quot;f&quot;</p>\n");
	becomes("- a: <b>\n- `c`\n",
		"<ul>\n<li>a: &lt;b&gt;</li>\n<li><code>c</code></li>\n</ul>\n");
	becomes("```\na & b\n```\n",
		"<pre class=\"scroll\" tabindex=\"0\"><code>a &amp; b\n</code></pre>\n");
}

static void tables(void **state)
{
	(void)state;
	becomes("first\n\nwhat it shows\n\n| scheme | ns |\n|---|---:|\n| *all* | |\n| `a` | < 1 |\n",
		"<p>first</p>\n" TABLE "<caption><span>what it shows</span></caption>\n"
		"<thead><tr><th scope=\"col\">scheme</th><th scope=\"col\" class=\"number\">ns</th></tr></thead>\n"
		"<tbody>\n<tr class=\"family\"><th scope=\"rowgroup\" colspan=\"2\"><span><em>all</em></span></th></tr>\n"
		"<tr><th scope=\"row\"><code>a</code></th><td class=\"number\">&lt; 1</td></tr>\n"
		"</tbody></table></div>\n");
	/* without a paragraph the heading is its caption; a head without words is none */
	becomes("### Here\n\n| | |\n|---|---|\n| a | b |\n",
		"<h3>Here</h3>\n" TABLE "<caption class=\"unseen\"><span>Here</span></caption>\n"
		"<tbody>\n<tr><th scope=\"row\">a</th><td>b</td></tr>\n</tbody></table></div>\n");
}

#define FIGURE                                                                                 \
	"<figure class=\"plot\" id=\"figure-one\">\n"                                          \
	"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Figure: one\">\n"   \
	"<svg role=\"img\" aria-labelledby=\"caption-one\" viewBox=\"0 0 9 9\">\n"             \
	"<g ><path id='one-gpPt1'/><use xlink:href='#one-gpPt1' clip-path=\"url(#one-box)\"/>" \
	"</g></svg>\n</div>\n"

static void figures(void **state)
{
	(void)state;
	becomes("![one](figures/one.svg)\n\nIts words.\n\nOthers.\n",
		FIGURE "<figcaption id=\"caption-one\">Its words.</figcaption>\n</figure>\n"
		       "<p>Others.</p>\n");
	becomes("![one](figures/one.svg)\n",
		FIGURE "<figcaption id=\"caption-one\">one</figcaption>\n</figure>\n");
	becomes("![two](figures/two.svg)\n",
		"<figure class=\"plot\" id=\"figure-two\">\n"
		"<p class=\"lacking\">The figure two was not drawn.</p>\n"
		"<figcaption id=\"caption-two\">two</figcaption>\n</figure>\n");
}

static void sections(void **state)
{
	static const char markdown[] = "# T\n\na\n\n## B & c\n\n![one](figures/one.svg)\n\n## D\n";
	struct html_doc doc;

	(void)state;
	assert_int_equal(html_from_markdown(&doc, markdown, strlen(markdown), dir), 0);
	assert_int_equal(doc.nr_sections, 3);
	assert_string_equal(doc.sections[0].title, "");
	assert_string_equal(doc.sections[0].body, "<h1>T</h1>\n<p>a</p>\n");
	assert_string_equal(doc.sections[1].title, "B &amp; c");
	assert_non_null(strstr(doc.sections[1].body, "<svg"));
	assert_string_equal(doc.sections[2].body, "");
	assert_int_equal(doc.nr_figures, 1);
	assert_string_equal(doc.figures[0], "one");
	html_doc_free(&doc);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(tables),
		cmocka_unit_test(figures),
		cmocka_unit_test(sections),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_figure, remove_figure);
}
