/* SPDX-License-Identifier: GPL-2.0 */
/* What the writers of figure data share. */
#ifndef REFCOST_REPORT_DAT_H
#define REFCOST_REPORT_DAT_H

#include <stdbool.h>
#include <stdio.h>

#include "model/model.h"

/**
 * struct dat - the file of a figure while its rows are passed over
 * @f: where they go; NULL: nowhere, the question is whether there is one
 * @any: there was one
 */
struct dat {
	FILE *f;
	bool any;
};

/**
 * dat_row() - come to a row
 * @d: the file
 *
 * Return: whether to write it, and go on; else the question is answered.
 */
bool dat_row(struct dat *d);

/**
 * dat_put() - a number as the next column; gnuplot skips a point whose value is "?"
 * @f: the file
 * @v: NAN gives "?"
 */
void dat_put(FILE *f, double v);

/**
 * dat_put_summary() - median and its interval; without an interval, the range
 * @f: the file
 * @s: the summary
 */
void dat_put_summary(FILE *f, const struct stats_summary *s);

/*
 * What places and colours a scheme alike in all figures: its family, the family's rank, its slot.
 */
#define DAT_SCHEME_COLUMNS "scheme family rank slot "

/**
 * dat_put_scheme() - DAT_SCHEME_COLUMNS, the first of a row
 * @m: the model
 * @f: the file
 * @name: of a scheme that @m has
 */
void dat_put_scheme(const struct model *m, FILE *f, const char *name);

/* Events an operation; no row where none was counted. */
void dat_counters(const struct model *m, struct dat *d);

/* The sweep of holds; no row where there is one hold. */
void dat_hold(const struct model *m, struct dat *d);

/* The tracer's figures: rows where the model has data. */
void dat_waterfall(const struct model *m, struct dat *d);
void dat_parallel(const struct model *m, struct dat *d);
void dat_modules(const struct model *m, struct dat *d);

#endif
