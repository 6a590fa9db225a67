// SPDX-License-Identifier: GPL-2.0
#include "results/key.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/refcost.h"

const char *const mode_names[REFCOST_MODES] = {
	[REFCOST_GETPUT] = "getput",
	[REFCOST_LOOKUP] = "lookup",
};

const char *const arm_names[ARMS] = {
	[ARM_IDLE] = "idle",
	[ARM_LOADED] = "loaded",
};

const char *const form_names[FORMS] = {
	[FORM_ONE_PHASE] = "one",
	[FORM_TWO_PHASE] = "two",
};

const char *const placement_names[PLACEMENT_KINDS] = {
	[PLACEMENT_CORES] = "cores", [PLACEMENT_PACKED] = "packed", [PLACEMENT_SMT] = "smt",
	[PLACEMENT_LOCAL] = "local", [PLACEMENT_REMOTE] = "remote", [PLACEMENT_LIST] = "list",
};

const char *const layout_names[REFCOST_LAYOUTS] = {
	[REFCOST_OWN] = "own",
	[REFCOST_READMOSTLY] = "readmostly",
	[REFCOST_PAIR] = "pair",
};

enum kind { NAME, WORD, COUNT, TIME };

#define AT(member)   offsetof(struct cell_key, member)
#define WORDS(names) WORD, names, ARRAY_SIZE(names)

static const struct dimension {
	const char *column;
	int bit;
	size_t at;
	enum kind kind;
	const char *const *words;
	size_t nr_words;
} dimensions[] = {
	{ "scheme", KEY_SCHEME, AT(scheme), NAME, NULL, 0 },
	{ "mode", KEY_MODE, AT(mode), WORDS(mode_names) },
	{ "arm", KEY_ARM, AT(arm), WORDS(arm_names) },
	{ "phases", KEY_FORM, AT(form), WORDS(form_names) },
	{ "cpus", KEY_CPUS, AT(cpus), COUNT, NULL, 0 },
	{ "hold_ns", KEY_HOLD, AT(hold_ns), TIME, NULL, 0 },
	{ "placement", KEY_PLACEMENT, AT(placement), WORDS(placement_names) },
	{ "layout", KEY_LAYOUT, AT(layout), WORDS(layout_names) },
	{ "nr_objects", KEY_OBJECTS, AT(objects), COUNT, NULL, 0 },
};

/* All but names as numbers: a word is its place in the list. */
static uint64_t value(const struct cell_key *key, const struct dimension *d)
{
	const char *at = (const char *)key + d->at;

	return d->kind == TIME ? *(const uint64_t *)at : *(const unsigned int *)at;
}

int key_word(const char *const *words, size_t n, const char *word)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(words[i], word))
			return i;
	return -1;
}

int key_read(struct cell_key *key, const struct row *r)
{
	size_t i;

	memset(key, 0, sizeof(*key));
	for (i = 0; i < ARRAY_SIZE(dimensions); i++) {
		const struct dimension *d = &dimensions[i];
		const char *text = row_text(r, d->column);
		char *at = (char *)key + d->at;
		int word;

		if (!*text)
			continue;
		switch (d->kind) {
		case NAME:
			snprintf(at, KEY_NAME, "%s", text);
			break;
		case WORD:
			word = key_word(d->words, d->nr_words, text);
			if (word < 0)
				return -EINVAL;
			*(unsigned int *)at = word;
			break;
		case COUNT:
			*(unsigned int *)at = row_num(r, d->column);
			break;
		case TIME:
			*(uint64_t *)at = row_num(r, d->column);
			break;
		}
	}
	return 0;
}

const char *key_header(int dims, char *buf, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < ARRAY_SIZE(dimensions); i++)
		if (dims & dimensions[i].bit && n < len)
			n += snprintf(buf + n, len - n, "%s%s", n ? "," : "", dimensions[i].column);
	return buf;
}

void key_write(const struct cell_key *key, int dims, FILE *f)
{
	const char *comma = "";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dimensions); i++) {
		const struct dimension *d = &dimensions[i];

		if (!(dims & d->bit))
			continue;
		if (d->kind == NAME)
			fprintf(f, "%s%s", comma, (const char *)key + d->at);
		else if (d->kind == WORD)
			fprintf(f, "%s%s", comma, d->words[value(key, d)]);
		else
			fprintf(f, "%s%lu", comma, value(key, d));
		comma = ",";
	}
}

struct cell_key key_only(const struct cell_key *key, int dims)
{
	struct cell_key only = *key;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dimensions); i++) {
		const struct dimension *d = &dimensions[i];
		char *at = (char *)&only + d->at;

		if (dims & d->bit)
			continue;
		if (d->kind == NAME)
			*at = '\0';
		else
			memset(at, 0, d->kind == TIME ? sizeof(uint64_t) : sizeof(unsigned int));
	}
	return only;
}

int key_cmp(const struct cell_key *a, const struct cell_key *b, int dims)
{
	int order = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dimensions) && !order; i++) {
		const struct dimension *d = &dimensions[i];

		if (!(dims & d->bit))
			continue;
		if (d->kind == NAME)
			order = strcmp((const char *)a + d->at, (const char *)b + d->at);
		else
			order = (value(a, d) > value(b, d)) - (value(a, d) < value(b, d));
	}
	return order;
}
