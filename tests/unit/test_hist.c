// SPDX-License-Identifier: GPL-2.0
/*
 * Expected edges follow from the definition alone (32 equal buckets to a power of two, a bucket
 * each below 64), worked out by hand; everything else is checked against the values put in.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stats/hist.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static void assert_holds(uint64_t value)
{
	unsigned int i = hist_bucket(value);

	assert_in_range(i, 0, HIST_BUCKETS - 1);
	assert_true(hist_low(i) <= value);
	assert_true(hist_high(i) >= value);
}

static void value_is_in_its_bucket(void **state)
{
	(void)state;
	assert_holds(0);
	for (int k = 0; k < 64; k++) {
		uint64_t power = UINT64_C(1) << k;

		assert_holds(power - 1);
		assert_holds(power);
		assert_holds(power + 1);
		/* a power of two opens a bucket */
		assert_true(hist_low(hist_bucket(power)) == power);
	}
	assert_holds(UINT64_MAX);
	assert_int_equal(hist_bucket(UINT64_MAX), HIST_BUCKETS - 1);
}

static void edges_golden(void **state)
{
	static const struct {
		uint64_t value, low, high;
	} golden[] = {
		{ 0, 0, 0 },
		{ 1, 1, 1 },
		{ 63, 63, 63 },
		{ 64, 64, 65 },
		{ 65, 64, 65 },
		{ 66, 66, 67 },
		{ 127, 126, 127 },
		{ 128, 128, 131 },
		{ 1000, 992, 1007 }, /* 512 + 30 * 16 */
		{ 1024, 1024, 1055 },
		{ 1000000, 999424, 1015807 }, /* 524288 + 29 * 16384 */
		{ UINT64_C(1) << 63, UINT64_C(1) << 63,
		  (UINT64_C(1) << 63) + (UINT64_C(1) << 58) - 1 },
		{ UINT64_MAX, UINT64_MAX - (UINT64_C(1) << 58) + 1, UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < LEN(golden); i++) {
		unsigned int bucket = hist_bucket(golden[i].value);

		assert_true(hist_low(bucket) == golden[i].low);
		assert_true(hist_high(bucket) == golden[i].high);
	}
}

static void buckets_are_contiguous(void **state)
{
	(void)state;
	assert_true(hist_low(0) == 0);
	for (unsigned int i = 0; i < HIST_BUCKETS - 1; i++)
		assert_true(hist_high(i) + 1 == hist_low(i + 1));
	assert_true(hist_high(HIST_BUCKETS - 1) == UINT64_MAX);
	for (unsigned int i = 0; i < HIST_BUCKETS; i++) {
		assert_int_equal(hist_bucket(hist_low(i)), i);
		assert_int_equal(hist_bucket(hist_high(i)), i);
	}
}

static void buckets_are_narrow(void **state)
{
	(void)state;
	for (unsigned int i = 1; i < HIST_BUCKETS; i++) {
		double width = hist_high(i) - hist_low(i); /* 0 where a value has its own bucket */

		assert_true(width / hist_low(i) < 0.04);
	}
}

static void counts(void **state)
{
	struct hist h = { 0 };

	(void)state;
	assert_int_equal(hist_count(&h), 0);
	hist_add(&h, 70);
	hist_add(&h, 0);
	hist_add(&h, 71);
	hist_add(&h, UINT64_MAX);
	assert_int_equal(hist_count(&h), 4);
	assert_int_equal(h.count[hist_bucket(70)], 2);
	assert_int_equal(h.count[0], 1);
	assert_int_equal(h.count[HIST_BUCKETS - 1], 1);
	assert_true(h.min == 0 && h.max == UINT64_MAX);
}

static void percentiles(void **state)
{
	struct hist h = { 0 };

	(void)state;
	assert_true(isnan(hist_percentile(&h, 0.5)));
	for (uint64_t v = 1; v <= 50; v++)
		hist_add(&h, v);
	/* a bucket a value: exactly the sample of rank ceil(n p), and not one off */
	assert_true(hist_percentile(&h, 0.5) == 25);
	assert_true(hist_percentile(&h, 0.9) == 45);
	assert_true(isnan(hist_percentile(&h, 0.99)));
	hist_add(&h, 51);
	assert_true(hist_percentile(&h, 0.5) == 26);
	for (uint64_t v = 52; v <= 100; v++)
		hist_add(&h, v);
	assert_true(hist_percentile(&h, 0.55) == 55);

	h = (struct hist){ 0 };
	for (uint64_t v = 1; v <= 10000; v++)
		hist_add(&h, v * 1000);
	assert_true(fabs(hist_percentile(&h, 0.5) / 5e6 - 1) < 0.02);
	assert_true(fabs(hist_percentile(&h, 0.999) / 9.99e6 - 1) < 0.02);

	h = (struct hist){ 0 };
	hist_add(&h, 1000000);
	assert_true(hist_percentile(&h, 0.5) == 1000000); /* never beyond what was seen */
	h = (struct hist){ 0 };
	hist_add(&h, UINT64_MAX);
	assert_true(hist_percentile(&h, 0.5) == (double)UINT64_MAX);
}

static void assert_prints(const struct hist *h, bool coarse, const char *expected)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	hist_print(h, f, "nsecs", coarse);
	fclose(f);
	assert_string_equal(text, expected);
	free(text);
}

#define TEN  "**********"
#define NONE "          "
#define HEAD "                   nsecs : count      |distribution                            |\n"

static void prints_used_rows_only(void **state)
{
	struct hist h = { 0 };

	(void)state;
	assert_prints(&h, true, "");
	assert_prints(&h, false, "");
	for (int i = 0; i < 4; i++)
		hist_add(&h, 65);
	hist_add(&h, 69);
	assert_prints(&h, false,
		      HEAD "        64 -> 65         : 4          |" TEN TEN TEN TEN "|\n"
			   "        66 -> 67         : 0          |" NONE NONE NONE NONE "|\n"
			   "        68 -> 69         : 1          |" TEN NONE NONE NONE "|\n");
}

static void prints_powers_of_two(void **state)
{
	struct hist h = { 0 };

	(void)state;
	hist_add(&h, 0);
	hist_add(&h, 1);
	hist_add(&h, 4);
	hist_add(&h, 6);
	hist_add(&h, 7);
	hist_add(&h, 5);
	assert_prints(&h, true,
		      HEAD "         0 -> 1          : 2          |" TEN TEN NONE NONE "|\n"
			   "         2 -> 3          : 0          |" NONE NONE NONE NONE "|\n"
			   "         4 -> 7          : 4          |" TEN TEN TEN TEN "|\n");
	h = (struct hist){ 0 };
	hist_add(&h, 1);
	assert_prints(&h, true,
		      HEAD "         0 -> 1          : 1          |" TEN TEN TEN TEN "|\n");
}

static void prints_the_widest(void **state)
{
	struct hist h = { 0 };
	char *text = NULL, *line;
	size_t len = 0, rows = 0, width;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_non_null(f);
	hist_add(&h, 0);
	hist_add(&h, UINT64_MAX);
	hist_print(&h, f, "nsecs", true);
	fclose(f);
	assert_non_null(strstr(text, " 9223372036854775808 -> 18446744073709551615 : 1 "));
	width = strcspn(text, "\n");
	for (line = text; *line; line += width + 1, rows++)
		assert_int_equal(strcspn(line, "\n"), width);
	assert_int_equal(rows, 1 + 64);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(value_is_in_its_bucket),
		cmocka_unit_test(edges_golden),
		cmocka_unit_test(buckets_are_contiguous),
		cmocka_unit_test(buckets_are_narrow),
		cmocka_unit_test(counts),
		cmocka_unit_test(percentiles),
		cmocka_unit_test(prints_used_rows_only),
		cmocka_unit_test(prints_powers_of_two),
		cmocka_unit_test(prints_the_widest),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
