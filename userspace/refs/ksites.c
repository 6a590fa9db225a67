// SPDX-License-Identifier: GPL-2.0
/*
 * Names of call sites, in modules too.
 */
#include "refs/ksites.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct site_symbol {
	uint64_t addr;
	char *name; /* as "function [module]" */
};

struct ksites {
	const char *path; /* NULL: has been read */
	const struct ksyms *core;
	struct site_symbol *v;
	size_t n, cap;
};

static bool add(struct ksites *s, uint64_t addr, char *name)
{
	struct site_symbol *v = s->v;
	size_t cap = s->cap ? 2 * s->cap : 1024;

	if (s->n == s->cap) {
		v = realloc(v, cap * sizeof(*v));
		if (!v)
			return false;
		s->v = v;
		s->cap = cap;
	}
	v[s->n] = (struct site_symbol){ addr, strdup(name) };
	return v[s->n++].name;
}

/*
 * A line is address, letter, name; behind a tab the module in brackets. BPF programs look the same.
 */
static bool on_line(struct ksites *s, char *line)
{
	char *end, *module, *name;
	uint64_t addr = strtoull(line, &end, 16);

	module = strchr(end, '\t');
	if (!addr || !module || !end[0] || !strchr("tTwW", end[1]) ||
	    !strncmp(module, "\t[bpf]", 6))
		return true;
	name = end + 3;
	*module = ' ';
	name[strcspn(name, "\n")] = '\0';
	return strlen(name) >= KSITE_LEN - 20 || add(s, addr, name);
}

static int by_address(const void *a, const void *b)
{
	const struct site_symbol *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

struct ksites *ksites_open(const char *path, const struct ksyms *core)
{
	struct ksites *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->path = path;
	s->core = core;
	return s;
}

/* Without memory some have no name, which is no reason to have none at all. */
static void read_modules(struct ksites *s)
{
	FILE *f = fopen(s->path, "re");
	char *line = NULL;
	size_t size = 0;

	s->path = NULL;
	if (!f)
		return;
	setvbuf(f, NULL, _IOFBF, 1 << 18);
	while (getline(&line, &size, f) > 0)
		if (!on_line(s, line))
			break;
	free(line);
	fclose(f);
	qsort(s->v, s->n, sizeof(*s->v), by_address);
}

/* The last symbol at or below, if it is of that module. */
static const struct site_symbol *find(struct ksites *s, uint64_t addr, const char *module)
{
	size_t low = 0, high, mid;
	const char *its;

	if (s->path)
		read_modules(s);
	high = s->n;
	while (low < high) {
		mid = low + (high - low) / 2;
		if (s->v[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	its = strchr(s->v[low - 1].name, '[');
	return its && !strcmp(its, module) ? &s->v[low - 1] : NULL;
}

const char *ksites_name(struct ksites *s, uint64_t addr, bool offset, char *buf)
{
	const struct site_symbol *symbol;
	char where[24] = "";
	const char *name;
	uint64_t far;
	int len;

	name = ksyms_core(s->core, addr, &far);
	if (!name) {
		ksyms_name(s->core, addr, NULL, buf);
		symbol = *buf == '[' ? find(s, addr, buf) : NULL;
		if (!symbol)
			return buf;
		name = symbol->name;
		far = addr - symbol->addr;
	}
	if (offset)
		snprintf(where, sizeof(where), "+0x%" PRIx64, far);
	len = strcspn(name, " ");
	snprintf(buf, KSITE_LEN, "%.*s%s%s", len, name, where, name + len);
	return buf;
}

void ksites_free(struct ksites *s)
{
	size_t i;

	for (i = 0; s && i < s->n; i++)
		free(s->v[i].name);
	if (s)
		free(s->v);
	free(s);
}
