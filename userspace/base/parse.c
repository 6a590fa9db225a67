// SPDX-License-Identifier: GPL-2.0
/* Strict readers for option values. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

/* Reads digits at *s and steps over them. strtoull() alone would take blanks and a sign. */
static int take_u64(const char **s, uint64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)**s))
		return -EINVAL;
	errno = 0;
	*out = strtoull(*s, &end, 10);
	*s = end;
	return -errno;
}

int parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t value;
	int err = take_u64(&s, &value);

	/* letters after a number that is too long are the worse mistake */
	if (err == -EINVAL || *s)
		return -EINVAL;
	if (err || value < min || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

struct unit {
	const char *suffix;
	uint64_t ns;
};

/* A list of units ends with one without a suffix. */
static int parse_time(const char *s, const struct unit *units, uint64_t min, uint64_t max,
		      uint64_t *out)
{
	const struct unit *unit = units;
	uint64_t value;
	int err = take_u64(&s, &value);

	if (err == -EINVAL)
		return err;
	while (*unit->suffix && strcmp(s, unit->suffix))
		unit++;
	if (strcmp(s, unit->suffix))
		return -EINVAL;
	if (err || __builtin_mul_overflow(value, unit->ns, &value) || value < min || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

int parse_ns(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	static const struct unit units[] = {
		{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 }, { "", 1 }
	};

	return parse_time(s, units, min, max, out);
}

int parse_duration(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	static const struct unit units[] = {
		{ "ns", 1 },	     { "us", 1000 },	     { "ms", 1000000 },
		{ "s", 1000000000 }, { "min", 60000000000 }, { "h", 3600000000000 },
		{ "", 1000000000 },
	};

	return parse_time(s, units, min, max, out);
}

static bool contains(const int *list, size_t n, int value)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == value)
			return true;
	return false;
}

/* One "a" or "a-b"; steps over it. */
static int take_range(const char **s, uint64_t *first, uint64_t *last)
{
	int err, err_last = 0;

	err = take_u64(s, first);
	if (err == -EINVAL)
		return err;
	*last = *first;
	if (**s == '-') {
		(*s)++;
		err_last = take_u64(s, last);
		if (err_last == -EINVAL)
			return err_last;
	}
	return err ? err : err_last;
}

static int parse_ranges(const char *s, int min, int *list, size_t cap, size_t *n)
{
	uint64_t first, last;
	size_t used = 0;
	int err;

	for (;; s++) {
		err = take_range(&s, &first, &last);
		if (err)
			return err;
		if ((*s && *s != ',') || last < first)
			return -EINVAL;
		if (first < (uint64_t)min || last > INT_MAX)
			return -ERANGE;
		for (uint64_t value = first; value <= last; value++) {
			if (contains(list, used, value))
				return -EEXIST;
			if (used == cap)
				return -E2BIG;
			list[used++] = value;
		}
		if (!*s)
			break;
	}
	*n = used;
	return 0;
}

int parse_cpu_list(const char *s, int *cpus, size_t cap, size_t *n)
{
	return parse_ranges(s, 0, cpus, cap, n);
}

int parse_counts(const char *s, int *counts, size_t cap, size_t *n)
{
	return parse_ranges(s, 1, counts, cap, n);
}

static int parse_list(const char *s,
		      int (*parse)(const char *s, uint64_t min, uint64_t max, uint64_t *out),
		      uint64_t min, uint64_t max, uint64_t *list, size_t cap, size_t *n)
{
	size_t used = 0, len, i;
	char one[32];
	int err;

	for (;; s += len + 1) {
		len = strcspn(s, ",");
		/* what does not fit is no time: 20 digits and a unit do */
		if (len >= sizeof(one))
			return -EINVAL;
		memcpy(one, s, len);
		one[len] = '\0';
		if (used == cap)
			return -E2BIG;
		err = parse(one, min, max, &list[used]);
		if (err)
			return err;
		for (i = 0; i < used; i++)
			if (list[i] == list[used])
				return -EEXIST;
		used++;
		if (!s[len])
			break;
	}
	*n = used;
	return 0;
}

int parse_ns_list(const char *s, uint64_t min, uint64_t max, uint64_t *list, size_t cap, size_t *n)
{
	return parse_list(s, parse_ns, min, max, list, cap, n);
}

int parse_duration_list(const char *s, uint64_t min, uint64_t max, uint64_t *list, size_t cap,
			size_t *n)
{
	return parse_list(s, parse_duration, min, max, list, cap, n);
}

int parse_names(char *list, const char **names, size_t cap, size_t *n)
{
	size_t used = 0;
	char *name;

	while ((name = strsep(&list, ","))) {
		if (!*name || strpbrk(name, " \t\r\n"))
			return -EINVAL;
		for (size_t i = 0; i < used; i++)
			if (!strcmp(names[i], name))
				return -EEXIST;
		if (used == cap)
			return -E2BIG;
		names[used++] = name;
	}
	*n = used;
	return 0;
}

const char *parse_why(int err)
{
	switch (err) {
	case 0:
		return "fine";
	case -EINVAL:
		return "malformed or empty";
	case -ERANGE:
		return "out of range";
	case -EEXIST:
		return "given twice";
	case -E2BIG:
		return "too many entries";
	default:
		return strerror(-err);
	}
}
