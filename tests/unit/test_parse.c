// SPDX-License-Identifier: GPL-2.0
/* Inputs and results are written out by hand: what is taken, and with which errno the rest fails.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/parse.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define CAP    8

static void u64_taken(void **state)
{
	uint64_t v;

	(void)state;
	assert_int_equal(parse_u64("0", 0, UINT64_MAX, &v), 0);
	assert_true(v == 0);
	assert_int_equal(parse_u64("007", 7, 7, &v), 0);
	assert_true(v == 7);
	assert_int_equal(parse_u64("18446744073709551615", 0, UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
}

static void u64_refused(void **state)
{
	static const struct {
		const char *s;
		int err;
	} bad[] = {
		{ "", -EINVAL },
		{ " 5", -EINVAL },
		{ "5 ", -EINVAL },
		{ "-5", -EINVAL },
		{ "+5", -EINVAL },
		{ "-0", -EINVAL },
		{ "5x", -EINVAL },
		{ "0x10", -EINVAL },
		{ "1e3", -EINVAL },
		{ "1.5", -EINVAL },
		{ "five", -EINVAL },
		{ "\n5", -EINVAL },
		{ "9", -ERANGE },
		{ "101", -ERANGE },
		{ "18446744073709551616", -ERANGE },
		{ "99999999999999999999999", -ERANGE },
		{ "99999999999999999999999x", -EINVAL },
	};
	uint64_t v = 42;

	(void)state;
	for (size_t i = 0; i < LEN(bad); i++) {
		assert_int_equal(parse_u64(bad[i].s, 10, 100, &v), bad[i].err);
		assert_true(v == 42);
	}
}

static void ns_taken(void **state)
{
	static const struct {
		const char *s;
		uint64_t ns;
	} good[] = {
		{ "0", 0 },	    { "250", 250 },
		{ "250ns", 250 },   { "10us", 10000 },
		{ "3ms", 3000000 }, { "2s", 2000000000 },
		{ "0s", 0 },	    { "18446744073s", UINT64_C(18446744073000000000) },
	};
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < LEN(good); i++) {
		assert_int_equal(parse_ns(good[i].s, 0, UINT64_MAX, &v), 0);
		assert_true(v == good[i].ns);
	}
}

static void ns_refused(void **state)
{
	static const struct {
		const char *s;
		int err;
	} bad[] = {
		{ "", -EINVAL },
		{ "s", -EINVAL },
		{ "-1s", -EINVAL },
		{ "1 s", -EINVAL },
		{ "1.5s", -EINVAL },
		{ "5m", -EINVAL },
		{ "5S", -EINVAL },
		{ "5nss", -EINVAL },
		{ "5n", -EINVAL },
		{ "9us", -ERANGE },
		{ "2s", -ERANGE },
		{ "18446744074s", -ERANGE },
		{ "99999999999999999999999", -ERANGE },
		{ "99999999999999999999999h", -EINVAL },
	};
	uint64_t v = 42;

	(void)state;
	for (size_t i = 0; i < LEN(bad); i++) {
		assert_int_equal(parse_ns(bad[i].s, 10000, 1000000000, &v), bad[i].err);
		assert_true(v == 42);
	}
	assert_int_equal(parse_duration("60", 0, UINT64_MAX, &v), 0);
	assert_true(v == 60000000000);
	assert_int_equal(parse_duration("2min", 0, UINT64_MAX, &v), 0);
	assert_true(v == 120000000000);
	assert_int_equal(parse_duration("1h", 0, UINT64_MAX, &v), 0);
	assert_true(v == 3600000000000);
	assert_int_equal(parse_duration("500ms", 0, UINT64_MAX, &v), 0);
	assert_true(v == 500000000);
	assert_int_equal(parse_duration("5m", 0, UINT64_MAX, &v), -EINVAL);
	assert_int_equal(parse_duration("0", 1, UINT64_MAX, &v), -ERANGE);
	assert_int_equal(parse_duration("18446744073709551615", 0, UINT64_MAX, &v), -ERANGE);
	assert_int_equal(parse_ns("1000ms", 10000, 1000000000, &v), 0);
}

static void ns_list_taken(void **state)
{
	const uint64_t expected[] = { 10000000, 0, 1000 };
	uint64_t got[4] = { 0 };
	size_t n = 99;

	(void)state;
	assert_int_equal(parse_ns_list("10ms,0,1us", 0, UINT64_MAX, got, LEN(got), &n), 0);
	assert_int_equal(n, 3);
	assert_memory_equal(got, expected, sizeof(expected));
	assert_int_equal(parse_ns_list("18446744073709551615ns", 0, UINT64_MAX, got, 1, &n), 0);
	assert_int_equal(n, 1);
	assert_true(got[0] == UINT64_MAX);
	assert_int_equal(parse_ns_list("1,2,3,4", 1, 4, got, LEN(got), &n), 0);
	assert_int_equal(n, 4);
}

static void ns_list_refused(void **state)
{
	static const struct {
		const char *s;
		int err;
	} bad[] = {
		{ "", -EINVAL },
		{ ",", -EINVAL },
		{ "1us,", -EINVAL },
		{ ",1us", -EINVAL },
		{ "1us,,2us", -EINVAL },
		{ "1us, 2us", -EINVAL },
		{ "1-2", -EINVAL },
		{ "1us,x", -EINVAL },
		{ "000000000000000000000000000000000000000000001", -EINVAL },
		{ "1us,101ms", -ERANGE },
		{ "1us,99999999999999999999s", -ERANGE },
		{ "0,0", -EEXIST },
		{ "1ms,2,1000us", -EEXIST },
		{ "0,1,2,3,4", -E2BIG },
	};
	uint64_t list[4];
	size_t n = 99;

	(void)state;
	for (size_t i = 0; i < LEN(bad); i++) {
		assert_int_equal(parse_ns_list(bad[i].s, 0, 100000000, list, LEN(list), &n),
				 bad[i].err);
		assert_int_equal(n, 99);
	}
	assert_int_equal(parse_ns_list("0", 0, 1, list, 0, &n), -E2BIG);
}

static void assert_cpus(const char *s, const int *expected, size_t n)
{
	int cpus[CAP];
	size_t got = 99;

	assert_int_equal(parse_cpu_list(s, cpus, CAP, &got), 0);
	assert_int_equal(got, n);
	assert_memory_equal(cpus, expected, n * sizeof(*cpus));
}

static void cpu_list_taken(void **state)
{
	(void)state;
	assert_cpus("0", (const int[]){ 0 }, 1);
	assert_cpus("0-3,8", (const int[]){ 0, 1, 2, 3, 8 }, 5);
	assert_cpus("8,2-3,0", (const int[]){ 8, 2, 3, 0 }, 4);
	assert_cpus("5-5", (const int[]){ 5 }, 1);
	assert_cpus("0-7", (const int[]){ 0, 1, 2, 3, 4, 5, 6, 7 }, 8);
	assert_cpus("2147483646-2147483647", (const int[]){ 2147483646, 2147483647 }, 2);
}

static void cpu_list_refused(void **state)
{
	static const struct {
		const char *s;
		int err;
	} bad[] = {
		{ "", -EINVAL },
		{ ",", -EINVAL },
		{ "1,", -EINVAL },
		{ ",1", -EINVAL },
		{ "1,,2", -EINVAL },
		{ "1-", -EINVAL },
		{ "-1", -EINVAL },
		{ "1--2", -EINVAL },
		{ "1-2-3", -EINVAL },
		{ "3-1", -EINVAL },
		{ "1 ,2", -EINVAL },
		{ "1, 2", -EINVAL },
		{ "a", -EINVAL },
		{ "1x", -EINVAL },
		{ "0-3:2", -EINVAL },
		{ "1,1", -EEXIST },
		{ "0-3,2", -EEXIST },
		{ "2,0-3", -EEXIST },
		{ "0-8", -E2BIG },
		{ "0-2147483647", -E2BIG },
		{ "0-3,4-8", -E2BIG },
		{ "2147483648", -ERANGE },
		{ "0-4294967296", -ERANGE },
		{ "0-99999999999999999999999", -ERANGE },
		{ "99999999999999999999999-1x", -ERANGE },
	};
	int cpus[CAP];
	size_t n = 99;

	(void)state;
	for (size_t i = 0; i < LEN(bad); i++) {
		assert_int_equal(parse_cpu_list(bad[i].s, cpus, CAP, &n), bad[i].err);
		assert_int_equal(n, 99);
	}
	assert_int_equal(parse_cpu_list("0", cpus, 0, &n), -E2BIG);
}

static void counts(void **state)
{
	const int expected[] = { 1, 2, 4 };
	int got[16];
	size_t n;

	(void)state;
	assert_int_equal(parse_counts("1,2,4", got, LEN(got), &n), 0);
	assert_int_equal(n, 3);
	assert_memory_equal(got, expected, sizeof(expected));
	assert_int_equal(parse_counts("1-16", got, LEN(got), &n), 0);
	assert_int_equal(n, 16);
	assert_int_equal(got[0], 1);
	assert_int_equal(got[15], 16);
	assert_int_equal(parse_counts("0", got, LEN(got), &n), -ERANGE);
	assert_int_equal(parse_counts("0-4", got, LEN(got), &n), -ERANGE);
	assert_int_equal(parse_counts("1-17", got, LEN(got), &n), -E2BIG);
	assert_int_equal(parse_counts("4,4", got, LEN(got), &n), -EEXIST);
	assert_int_equal(parse_counts("", got, LEN(got), &n), -EINVAL);
}

static int split(const char *text, const char **names, size_t cap, size_t *n)
{
	static char list[64];

	snprintf(list, sizeof(list), "%s", text);
	return parse_names(list, names, cap, n);
}

static void names(void **state)
{
	const char *got[3];
	size_t n = 99;

	(void)state;
	assert_int_equal(split("kref", got, 3, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(got[0], "kref");
	assert_int_equal(split("b,a,ab", got, 3, &n), 0);
	assert_int_equal(n, 3);
	assert_string_equal(got[0], "b");
	assert_string_equal(got[1], "a");
	assert_string_equal(got[2], "ab");
	n = 99;
	assert_int_equal(split("", got, 3, &n), -EINVAL);
	assert_int_equal(split("a,", got, 3, &n), -EINVAL);
	assert_int_equal(split(",a", got, 3, &n), -EINVAL);
	assert_int_equal(split("a,,b", got, 3, &n), -EINVAL);
	assert_int_equal(split("a, b", got, 3, &n), -EINVAL);
	assert_int_equal(split("a,b,a", got, 3, &n), -EEXIST);
	assert_int_equal(split("a,b,c,d", got, 3, &n), -E2BIG);
	assert_int_equal(n, 99);
}

static void every_error_has_words(void **state)
{
	const int errs[] = { -EINVAL, -ERANGE, -EEXIST, -E2BIG, -ENOMEM };

	(void)state;
	for (size_t i = 0; i < LEN(errs); i++) {
		assert_true(*parse_why(errs[i]));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(parse_why(errs[i]), parse_why(errs[j]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u64_taken),
		cmocka_unit_test(u64_refused),
		cmocka_unit_test(ns_taken),
		cmocka_unit_test(ns_refused),
		cmocka_unit_test(ns_list_taken),
		cmocka_unit_test(ns_list_refused),
		cmocka_unit_test(cpu_list_taken),
		cmocka_unit_test(cpu_list_refused),
		cmocka_unit_test(counts),
		cmocka_unit_test(names),
		cmocka_unit_test(every_error_has_words),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
