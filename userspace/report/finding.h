/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a run found, in sentences that follow from its numbers: each says by how much two things
 * differ, or that they are not distinguishable. The titles of figures are findings, too.
 */
#ifndef REFCOST_REPORT_FINDING_H
#define REFCOST_REPORT_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "model/model.h"

#define FINDING_TEXT 512

/**
 * enum verdict - what the interval of a ratio says
 * @VERDICT_FEW: there are too few blocks for an interval
 * @VERDICT_SAME: 1 is inside: not distinguishable
 * @VERDICT_MORE: the numerator is more
 * @VERDICT_LESS: the numerator is less
 */
enum verdict {
	VERDICT_FEW,
	VERDICT_SAME,
	VERDICT_MORE,
	VERDICT_LESS,
};

/**
 * finding_verdict() - read a verdict from an interval
 * @ratio: summary of ratios
 */
enum verdict finding_verdict(const struct stats_summary *ratio);

/**
 * finding_turned() - a ratio the other way round
 * @ratio: its summary
 *
 * Return: median and interval of what b/a is, where @ratio is a/b.
 */
struct stats_summary finding_turned(const struct stats_summary *ratio);

/**
 * struct finding - one sentence
 * @tag: "exact", "ratio" or "not distinguishable"
 * @text: the sentence
 */
struct finding {
	const char *tag;
	char text[FINDING_TEXT];
};

/**
 * finding_get() - one of the findings of a run
 * @m: the model
 * @i: from 0
 * @out: filled
 *
 * Return: 1 where @out holds a finding, 0 where the run has no data for it, -1 past the last.
 */
int finding_get(const struct model *m, size_t i, struct finding *out);

/**
 * finding_growth() - how an operation grows from the least to the largest number of CPUs that
 *	really ran at once
 * @m: the model
 * @scheme: name
 * @s: filled: ratios, block by block
 *
 * Return: false where it was not measured on both.
 */
bool finding_growth(const struct model *m, const char *scheme, struct stats_summary *s);

/**
 * finding_waits() - how often an idle unload waits
 * @m: the model
 * @scheme: name
 * @what: how the labels of the phases end that count, "grace period" or "stop_machine"
 *
 * Return: how many an unload, NAN where it was not traced.
 */
double finding_waits(const struct model *m, const char *scheme, const char *what);

/**
 * finding_gate_traced() - are the waits of a scheme's gate among its phases?
 * @m: the model
 * @scheme: name
 *
 * Return: true where they are, or the scheme has no gate.
 */
bool finding_gate_traced(const struct model *m, const char *scheme);

/**
 * finding_expedited() - what short grace periods do to an unload
 * @m: the model
 * @buf: filled with the end of a sentence
 * @len: its size
 *
 * Return: false where it was not measured.
 */
bool finding_expedited(const struct model *m, char *buf, size_t len);

/**
 * finding_title() - the title of a figure
 * @m: the model
 * @figure: its name, as in NAME.dat
 * @buf: filled with a sentence without a full stop
 * @len: its size
 *
 * Return: false where the figure has no finding for a title.
 */
bool finding_title(const struct model *m, const char *figure, char *buf, size_t len);

#endif
