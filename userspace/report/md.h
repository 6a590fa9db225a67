/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of RESULTS.md, and what they share. Every number comes from the model; a sentence that
 * claims something is written only where the numbers carry it. Markdown, UTF-8 left out.
 */
#ifndef REFCOST_REPORT_MD_H
#define REFCOST_REPORT_MD_H

#include <stdbool.h>
#include <stdio.h>

#include "model/model.h"
#include "stats/usl.h"

/* Room for a number, and for a median with its interval. */
#define MD_NUM	  32
#define MD_MEDIAN (4 * MD_NUM)

/**
 * md_num() - a number with three digits that mean something
 * @buf: filled, MD_NUM bytes
 * @v: NAN gives "-"
 *
 * Return: @buf.
 */
const char *md_num(char *buf, double v);

/**
 * md_median() - "12.3 (11.9..14.0)", with two digits of the interval's half-width; without the
 *	interval where the sample is too small for one
 * @buf: filled, MD_MEDIAN bytes
 * @s: the summary; without samples "-"
 *
 * Return: @buf.
 */
const char *md_median(char *buf, const struct stats_summary *s);

/**
 * md_cpus() - "1 CPU", "4 CPUs"
 * @buf: filled, MD_NUM bytes
 * @cpus: how many
 *
 * Return: @buf.
 */
const char *md_cpus(char *buf, int cpus);

/**
 * md_cell() - a number as the next cell of a table
 * @f: the file
 * @v: NAN gives "-"
 */
void md_cell(FILE *f, double v);

/**
 * md_cell_count() - a count as the next cell of a table, without decimals
 * @f: the file
 * @v: NAN gives "-"
 */
void md_cell_count(FILE *f, double v);

/**
 * md_cell_exact() - a number of instructions as the next cell of a table, with two decimals
 * @f: the file
 * @v: NAN gives "-"
 */
void md_cell_exact(FILE *f, double v);

/**
 * md_cell_median() - a median with its interval as the next cell of a table
 * @f: the file
 * @s: its summary, or NULL for "-"
 */
void md_cell_median(FILE *f, const struct stats_summary *s);

/**
 * md_cell_ns() - the time of an operation as the next cell of a table, marked where it drifted over
 *	the blocks, or is of CPUs of several kinds
 * @f: the file
 * @c: its cell, or NULL for "-"
 */
void md_cell_ns(FILE *f, const struct cell *c);

/**
 * md_figure() - a figure and its caption, where there are data for it
 * @m: the model
 * @f: the file
 * @dir: directory of the figures
 * @name: of the figure, without .svg
 * @caption: a sentence or two, or NULL where the title says it all
 */
void md_figure(const struct model *m, FILE *f, const char *dir, const char *name,
	       const char *caption);

/**
 * md_scheme() - begin the row of a scheme, after a row that names its family where that is a new
 * one
 * @f: the file
 * @s: the scheme
 * @family: the family of the row before, NULL in the first; updated
 * @columns: of the table, the name's included
 */
void md_scheme(FILE *f, const struct scheme *s, const char **family, int columns);

/**
 * md_ratio() - one cell over another, block by block
 * @s: filled with the summary of the ratios
 * @a: numerator, or NULL
 * @b: denominator, or NULL
 *
 * Return: true where there is a block that has both.
 */
bool md_ratio(struct stats_summary *s, const struct cell *a, const struct cell *b);

/**
 * md_lowest_cpus() - the least number of CPUs measured
 * @m: the model
 * @mode: "getput" or "lookup"
 *
 * Return: that number, or 0 if nothing was measured in this mode.
 */
int md_lowest_cpus(const struct model *m, enum refcost_mode mode);

/**
 * md_growth() - how much more expensive an operation gets from the least to the largest number of
 * CPUs
 * @m: the model
 * @scheme: name
 * @mode: "getput" or "lookup"
 *
 * Return: ratio of the medians, NAN where one of them is lacking.
 */
double md_growth(const struct model *m, const char *scheme, enum refcost_mode mode);

/**
 * md_loop() - the time of the loop alone, which every operation contains
 * @m: the model
 * @cpus: workers
 *
 * Return: its cell, or NULL where it was not measured.
 */
const struct cell *md_loop(const struct model *m, int cpus);

/**
 * md_loop_instructions() - the instructions of the loop alone
 * @m: the model
 *
 * Return: the count, or NAN where it was not taken.
 */
double md_loop_instructions(const struct model *m);

/**
 * md_number() - a number from run.json
 * @m: the model
 * @path: names with dots between them
 *
 * Return: the number, or NAN where there is none.
 */
double md_number(const struct model *m, const char *path);

/**
 * md_emulated() - are times of this run those of an emulator?
 * @m: the model
 */
bool md_emulated(const struct model *m);

/**
 * md_oversubscribed() - did more workers run anywhere than there are CPUs for them?
 * @m: the model
 */
bool md_oversubscribed(const struct model *m);

/**
 * md_usl_of() - the scalability law of a scheme
 * @m: the model
 * @scheme: name
 * @fit: filled, from the medians of the throughput of get and put
 *
 * Return: true where a curve fits.
 */
bool md_usl_of(const struct model *m, const char *scheme, struct usl *fit);

/**
 * md_usl_last() - the last point that counts for that law
 * @m: the model
 *
 * Return: the largest number of workers that had a CPU each, 0 where there is none.
 */
int md_usl_last(const struct model *m);

/**
 * md_swept() - was a scheme measured with several holds?
 * @m: the model
 * @scheme: name
 * @cpus: workers
 */
bool md_swept(const struct model *m, const char *scheme, int cpus);

/**
 * md_swept_schemes() - how many were, floors apart: two of them make a choice
 * @m: the model
 * @cpus: workers
 */
size_t md_swept_schemes(const struct model *m, int cpus);

/**
 * md_swept_cell() - find a cell of a scheme that was swept
 * @m: the model
 * @s: the scheme
 * @cpus: workers
 * @hold: the hold, ns
 *
 * Return: the cell or NULL.
 */
const struct cell *md_swept_cell(const struct model *m, const struct scheme *s, int cpus,
				 double hold);

/**
 * md_cheapest() - find the cheapest of the swept schemes, floors left out
 * @m: the model
 * @cpus: workers
 * @hold: the hold, ns
 *
 * Return: its cell, or NULL.
 */
const struct cell *md_cheapest(const struct model *m, int cpus, double hold);

/**
 * md_counters_mode() - what the counts of events are shown of
 * @m: the model
 *
 * Return: REFCOST_GETPUT where that was measured, else REFCOST_LOOKUP.
 */
enum refcost_mode md_counters_mode(const struct model *m);

/**
 * md_hold_title() - from which hold on the choice of scheme does not matter
 * @m: the model
 * @buf: filled with a sentence without a full stop, or left alone where no two schemes were swept
 * @len: its size
 */
void md_hold_title(const struct model *m, char *buf, size_t len);

/* The parts; each writes nothing where the model has no data for it. */
void md_claim(const struct model *m, FILE *f);
void md_fast(const struct model *m, FILE *f, const char *figures);
void md_hold(const struct model *m, FILE *f);
void md_hold_sentences(const struct model *m, FILE *f);
void md_placement(const struct model *m, FILE *f);
void md_usl(const struct model *m, FILE *f);
void md_variants(const struct model *m, FILE *f);
void md_instructions(const struct model *m, FILE *f);
void md_counters(const struct model *m, FILE *f, const char *figures);
void md_unloading(const struct model *m, FILE *f, const char *figures);
void md_under_load(const struct model *m, FILE *f, const char *figures);
void md_two_phases(const struct model *m, FILE *f);
void md_objects(const struct model *m, FILE *f);
void md_traced(const struct model *m, FILE *f, const char *figures);
void md_about(const struct model *m, FILE *f);
void md_reproduce(const struct model *m, FILE *f);

#endif
