/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tables of a results directory may hold: docs/results-schema.json, which is part of the
 * binary.
 */
#ifndef REFCOST_RESULTS_SCHEMA_H
#define REFCOST_RESULTS_SCHEMA_H

#include "base/csv.h"

/**
 * schema_check() - is a table what the schema says of it?
 * @name: of its file, as "workers.csv"; one that the schema does not know has nothing to be held
 *	against
 * @csv: the table; columns that the schema does not know, of a newer refcost, may hold anything
 * @why: filled where it is not: what is wrong
 * @len: size of @why
 *
 * Return: 0, or the line at fault, from 1.
 */
size_t schema_check(const char *name, const struct csv *csv, char *why, size_t len);

#endif
