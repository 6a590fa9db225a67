/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What refcost report writes: figure data for gnuplot, and RESULTS.md.
 */
#ifndef REFCOST_REPORT_REPORT_H
#define REFCOST_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/whole.h"
#include "model/model.h"

/**
 * report_label() - the machine in one line, as it stands under every figure
 * @m: the model
 * @buf: filled
 * @len: its size
 *
 * Return: @buf.
 */
const char *report_label(const struct model *m, char *buf, size_t len);

/**
 * report_variants() - the schemes that are compared as variants of a per-CPU count
 * @m: the model
 * @list: filled; room for all schemes of the model
 *
 * Return: how many; the floors below them first, the atomic count that replaced them last.
 */
size_t report_variants(const struct model *m, const struct scheme **list);

/**
 * report_dat() - write one .dat file a figure, with a header line of column names, and label.txt
 * @m: the model
 * @dir: existing directory; a figure without data gets no file
 * @set: where the files are added, which appear with whole_end()
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int report_dat(const struct model *m, const char *dir, struct whole **set);

/**
 * report_has_figure() - does the model hold what a figure shows?
 * @m: the model
 * @name: of the figure, as in NAME.dat
 *
 * Return: true where report_dat() writes its data.
 */
bool report_has_figure(const struct model *m, const char *name);

/**
 * report_tables() - write RESULTS-tables.md, which holds what RESULTS.md has no room for
 * @m: the model
 * @out: where to
 * @figures: directory of the figures, as its reader sees it
 */
void report_tables(const struct model *m, FILE *out, const char *figures);

/**
 * report_markdown() - write RESULTS.md: at most 150 lines, findings first
 * @m: the model
 * @out: where to
 * @figures: directory of the figures, as the reader of RESULTS.md sees it
 */
void report_markdown(const struct model *m, FILE *out, const char *figures);

#endif
