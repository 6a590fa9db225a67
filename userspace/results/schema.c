// SPDX-License-Identifier: GPL-2.0
/*
 * A table against its part of docs/results-schema.json. Of JSON Schema this knows what that file
 * says of columns: type, enum, pattern, maxLength, minimum, exclusiveMinimum, maximum, required;
 * and its own "key", the columns that no two rows have in common.
 */
#include "results/schema.h"

#include <json-c/json.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"

#define COLUMNS_MAX 64
#define TEXT_SHOWN  40
#define BEYOND	    0x1p64 /* no counter or clock reaches it, and no sum of such numbers overflows */

/* Part of the binary, which needs no other file wherever it is installed. */
extern const char schema_text[];
asm(".pushsection .rodata\n"
    ".globl schema_text\n"
    "schema_text:\n"
    ".incbin \"docs/results-schema.json\"\n"
    ".byte 0\n"
    ".popsection\n");

/* What the schema says of one column of the table. */
struct column {
	const char *name;
	bool required, text, integer;
	double min, above, max; /* NAN: no such bound */
	int len;		/* 0: any */
	struct json_object *words;
	regex_t pattern;
	bool has_pattern;
};

struct table {
	const struct csv *csv;
	struct column columns[COLUMNS_MAX];
	size_t n;
	int key[COLUMNS_MAX];
	size_t nr_key;
	char *why;
	size_t len;
};

static double number_of(struct json_object *spec, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(spec, name, &v) ? json_object_get_double(v) : NAN;
}

static bool in_list(struct json_object *list, const char *text)
{
	size_t i;

	for (i = 0; list && i < json_object_array_length(list); i++)
		if (!strcmp(json_object_get_string(json_object_array_get_idx(list, i)), text))
			return true;
	return false;
}

static void read_column(struct column *c, const char *name, struct json_object *spec,
			struct json_object *required)
{
	const char *type = json_object_get_string(json_object_object_get(spec, "type"));
	const char *pattern = json_object_get_string(json_object_object_get(spec, "pattern"));

	c->name = name;
	c->required = in_list(required, name);
	c->text = type && !strcmp(type, "string");
	c->integer = type && !strcmp(type, "integer");
	c->min = number_of(spec, "minimum");
	c->above = number_of(spec, "exclusiveMinimum");
	c->max = number_of(spec, "maximum");
	c->len = json_object_get_int(json_object_object_get(spec, "maxLength"));
	c->words = json_object_object_get(spec, "enum");
	c->has_pattern = pattern && !regcomp(&c->pattern, pattern, REG_EXTENDED | REG_NOSUB);
}

/* Columns of the table that the schema knows, in the table's order; an unknown one has no name. */
static void read_columns(struct table *t, struct json_object *spec)
{
	struct json_object *known = json_object_object_get(spec, "properties"), *column;
	struct json_object *required = json_object_object_get(spec, "required");

	for (t->n = 0; t->n < t->csv->cols && t->n < COLUMNS_MAX; t->n++)
		if (json_object_object_get_ex(known, t->csv->cells[t->n], &column))
			read_column(&t->columns[t->n], t->csv->cells[t->n], column, required);
}

static void free_columns(struct table *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->columns[i].has_pattern)
			regfree(&t->columns[i].pattern);
}

static size_t check_header(struct table *t, struct json_object *spec)
{
	struct json_object *required = json_object_object_get(spec, "required");
	size_t i;

	for (i = 0; i < json_object_array_length(required); i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(required, i));

		if (csv_col(t->csv, name) >= 0)
			continue;
		snprintf(t->why, t->len, "there is no column '%s'", name);
		return 1;
	}
	return 0;
}

/* What a number is not, or NULL. */
static const char *number_wrong(const struct column *c, const char *field)
{
	static char text[64];
	char *end;
	double v = strtod(field, &end);

	if (*end || !isfinite(v) || strpbrk(field, "xX "))
		return "not a number";
	if (c->integer && v != floor(v))
		return "not a whole number";
	if (fabs(v) >= BEYOND)
		return "beyond all that can be measured";
	text[0] = '\0';
	if (v < c->min)
		snprintf(text, sizeof(text), "under %g", c->min);
	else if (v <= c->above)
		snprintf(text, sizeof(text), "not above %g", c->above);
	else if (v > c->max)
		snprintf(text, sizeof(text), "over %g", c->max);
	return *text ? text : NULL;
}

static const char *field_wrong(const struct column *c, const char *field)
{
	if (!*field)
		return c->required ? "though it cannot be" : NULL;
	if (c->words)
		return in_list(c->words, field) ? NULL : "none of what it can be";
	if (!c->text)
		return number_wrong(c, field);
	if (c->len && strlen(field) > (size_t)c->len)
		return "too long";
	if (c->has_pattern && regexec(&c->pattern, field, 0, NULL, 0))
		return "not of the right form";
	return NULL;
}

static size_t check_row(struct table *t, size_t row)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		const struct column *c = &t->columns[i];
		const char *field = csv_get(t->csv, row, i), *wrong;

		wrong = c->name ? field_wrong(c, field) : NULL;
		if (!wrong)
			continue;
		if (*field)
			snprintf(t->why, t->len, "%s is '%.*s', %s", c->name, TEXT_SHOWN, field,
				 wrong);
		else
			snprintf(t->why, t->len, "%s is empty, %s", c->name, wrong);
		return row + 2;
	}
	return 0;
}

static void read_key(struct table *t, struct json_object *spec)
{
	struct json_object *key = json_object_object_get(spec, "key");
	size_t i;

	for (i = 0; key && i < json_object_array_length(key); i++) {
		int col =
			csv_col(t->csv, json_object_get_string(json_object_array_get_idx(key, i)));

		/* older directories lack some: those had but one value */
		if (col >= 0)
			t->key[t->nr_key++] = col;
	}
}

static int row_cmp(const void *a, const void *b, void *table)
{
	const struct table *t = table;
	const size_t *x = a, *y = b;
	int order = 0;
	size_t i;

	for (i = 0; i < t->nr_key && !order; i++)
		order = strcmp(csv_get(t->csv, *x, t->key[i]), csv_get(t->csv, *y, t->key[i]));
	return order;
}

/* Of rows that are the same cell, the first that was there before. */
static size_t check_unique(struct table *t)
{
	size_t *rows, i, n = t->csv->rows, line = 0;

	if (!t->nr_key || n < 2)
		return 0;
	rows = calloc(n, sizeof(*rows));
	if (!rows)
		return 0;
	for (i = 0; i < n; i++)
		rows[i] = i;
	qsort_r(rows, n, sizeof(*rows), row_cmp, t);
	for (i = 1; i < n; i++) {
		size_t first = rows[i - 1] < rows[i] ? rows[i - 1] : rows[i];
		size_t again = rows[i - 1] + rows[i] - first;

		if (row_cmp(&rows[i - 1], &rows[i], t) || (line && again + 2 > line))
			continue;
		line = again + 2;
		snprintf(t->why, t->len, "it is of the same cell as line %zu", first + 2);
	}
	free(rows);
	return line;
}

static struct json_object *schema_of(const char *name)
{
	static struct json_object *schema;
	struct json_object *tables, *spec = NULL;

	if (!schema)
		schema = json_tokener_parse(schema_text);
	if (json_object_object_get_ex(schema, "definitions", &tables))
		json_object_object_get_ex(tables, name, &spec);
	return spec;
}

size_t schema_check(const char *name, const struct csv *csv, char *why, size_t len)
{
	struct json_object *spec = schema_of(name);
	struct table *t;
	size_t line, i;

	t = spec ? calloc(1, sizeof(*t)) : NULL;
	if (!t)
		return 0;
	*t = (struct table){ .csv = csv, .why = why, .len = len };
	read_columns(t, spec);
	read_key(t, spec);
	line = check_header(t, spec);
	for (i = 0; i < csv->rows && !line; i++)
		line = check_row(t, i);
	if (!line)
		line = check_unique(t);
	free_columns(t);
	free(t);
	return line;
}
