// SPDX-License-Identifier: GPL-2.0
/* Files are compared byte for byte with text written out by hand, in a directory of their own. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/csv.h"

#define LEN(a)	 (sizeof(a) / sizeof((a)[0]))
#define ROW(...) ((const char *const[]){ __VA_ARGS__ })

static char dir[4096 - 16], path[4096];

static int make_dir(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(dir, sizeof(dir), "%s/refcost-csv-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/t.csv", dir);
	return 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path) && errno != ENOENT ? -1 : 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

static void put_bytes(const char *bytes, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void put(const char *text)
{
	put_bytes(text, strlen(text));
}

static void assert_file(const char *expected)
{
	char text[1024];
	FILE *f = fopen(path, "r");
	size_t len;

	assert_non_null(f);
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[len] = '\0';
	assert_string_equal(text, expected);
}

static void append(const char *header, const char *const *fields, size_t n)
{
	FILE *f = csv_open_append(path, header);

	assert_non_null(f);
	assert_int_equal(csv_write(f, fields, n), 0);
	assert_int_equal(fclose(f), 0);
}

static void assert_open_fails(const char *header, int err)
{
	errno = 0;
	assert_null(csv_open_append(path, header));
	assert_int_equal(errno, err);
}

static void assert_read_fails(const char *text, int err, size_t line)
{
	struct csv csv;

	put(text);
	assert_int_equal(csv_read(path, &csv), err);
	assert_int_equal(csv.line, line);
	assert_int_equal(csv.rows, 0);
	assert_null(csv_get(&csv, 0, 0));
	csv_free(&csv);
}

static void creates_and_appends(void **state)
{
	FILE *f;

	(void)state;
	append("scheme,ns", ROW("kref", "1.5"), 2);
	assert_file("scheme,ns\nkref,1.5\n");
	append("scheme,ns", ROW("empty", ""), 2);
	assert_file("scheme,ns\nkref,1.5\nempty,\n");
	f = csv_open_append(path, "scheme,ns");
	assert_non_null(f);
	assert_int_equal(csv_write(f, ROW("a", "1"), 2), 0);
	assert_file("scheme,ns\nkref,1.5\nempty,\na,1\n"); /* there before the file is closed */
	fclose(f);
}

static void quotes(void **state)
{
	struct csv csv;

	(void)state;
	append("name,why,n", ROW("a,b", "say \"no\"", "3"), 3);
	append("name,why,n", ROW("\"", ",", ""), 3);
	assert_file("name,why,n\n\"a,b\",\"say \"\"no\"\"\",3\n\"\"\"\",\",\",\n");
	assert_int_equal(csv_read(path, &csv), 0);
	assert_int_equal(csv.rows, 2);
	assert_string_equal(csv_get(&csv, 0, 0), "a,b");
	assert_string_equal(csv_get(&csv, 0, 1), "say \"no\"");
	assert_string_equal(csv_get(&csv, 0, 2), "3");
	assert_string_equal(csv_get(&csv, 1, 0), "\"");
	assert_string_equal(csv_get(&csv, 1, 1), ",");
	assert_string_equal(csv_get(&csv, 1, 2), "");
	csv_free(&csv);
}

static void one_empty_column(void **state)
{
	struct csv csv;

	(void)state;
	append("a", ROW(""), 1);
	append("a", ROW("x"), 1);
	assert_int_equal(csv_read(path, &csv), 0);
	assert_int_equal(csv.rows, 2);
	assert_string_equal(csv_get(&csv, 0, 0), "");
	assert_string_equal(csv_get(&csv, 1, 0), "x");
	csv_free(&csv);
}

static void line_breaks_are_refused(void **state)
{
	FILE *f = csv_open_append(path, "a,b");

	(void)state;
	assert_non_null(f);
	assert_int_equal(csv_write(f, ROW("x", "y\nz"), 2), -EINVAL);
	assert_int_equal(csv_write(f, ROW("x\r", "y"), 2), -EINVAL);
	assert_int_equal(csv_write(f, NULL, 0), -EINVAL);
	fclose(f);
	assert_file("a,b\n");
}

static void torn_row_is_dropped(void **state)
{
	struct csv csv;

	(void)state;
	put("a,b\n1,2\n3,4");
	assert_int_equal(csv_read(path, &csv), 0);
	assert_true(csv.torn);
	assert_int_equal(csv.rows, 1);
	assert_string_equal(csv_get(&csv, 0, 1), "2");
	csv_free(&csv);
	append("a,b", ROW("5", "6"), 2);
	assert_file("a,b\n1,2\n5,6\n");
	assert_int_equal(csv_read(path, &csv), 0);
	assert_false(csv.torn);
	csv_free(&csv);
	put("a,b\n1,\"2");
	append("a,b", ROW("5", "6"), 2);
	assert_file("a,b\n5,6\n");
}

static void torn_header_is_mended(void **state)
{
	const char *torn[] = { "", "a", "a,", "a,b" };

	(void)state;
	for (size_t i = 0; i < LEN(torn); i++) {
		put(torn[i]);
		append("a,b", ROW("1", "2"), 2);
		assert_file("a,b\n1,2\n");
	}
}

static void other_tables_are_left_alone(void **state)
{
	const char *other[] = { "a,c\n1,2\n3", "a,b,c\n", "a\n1\n",    "notes",
				"a,b,",	       "\n",	  "b,a\n1,2\n" };

	(void)state;
	for (size_t i = 0; i < LEN(other); i++) {
		put(other[i]);
		assert_open_fails("a,b", EINVAL);
		assert_file(other[i]);
	}
	put_bytes("a,b\n1,\0\n", 8);
	assert_open_fails("a,b", EINVAL);
}

static void bad_headers_make_no_file(void **state)
{
	(void)state;
	assert_open_fails("", EINVAL);
	assert_open_fails("a,b\n", EINVAL);
	assert_int_equal(access(path, F_OK), -1);
}

/* Through links of our own: a test that fails must not have the teardown unlink a device. */
static void only_regular_files(void **state)
{
	(void)state;
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_open_fails("a,b", EINVAL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(".", path), 0);
	assert_open_fails("a,b", EISDIR);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("none/t.csv", path), 0);
	assert_open_fails("a,b", ENOENT);
}

static void full_disk_is_told(void **state)
{
	FILE *f = fopen("/dev/full", "r+");

	(void)state;
	if (!f)
		skip();
	assert_int_equal(csv_write(f, ROW("1", "2"), 2), -ENOSPC);
	fclose(f);
}

static void columns_by_name(void **state)
{
	struct csv csv;

	(void)state;
	put("scheme,cpus,ns\nkref,4,12.5\nrwsem,,x\n");
	assert_int_equal(csv_read(path, &csv), 0);
	assert_int_equal(csv.rows, 2);
	assert_int_equal(csv.cols, 3);
	assert_int_equal(csv_col(&csv, "scheme"), 0);
	assert_int_equal(csv_col(&csv, "ns"), 2);
	assert_int_equal(csv_col(&csv, "n"), -ENOENT);
	assert_int_equal(csv_col(&csv, "kref"), -ENOENT);
	assert_string_equal(csv_get(&csv, 1, 0), "rwsem");
	assert_true(csv_num(&csv, 0, 1) == 4);
	assert_true(csv_num(&csv, 0, 2) == 12.5);
	assert_true(isnan(csv_num(&csv, 1, 1))); /* empty, not 0 */
	assert_true(isnan(csv_num(&csv, 1, 2)));
	assert_null(csv_get(&csv, 0, csv_col(&csv, "none")));
	assert_true(isnan(csv_num(&csv, 0, csv_col(&csv, "none"))));
	assert_null(csv_get(&csv, 2, 0));
	assert_null(csv_get(&csv, 0, 3));
	csv_free(&csv);
}

static void header_alone_has_no_rows(void **state)
{
	struct csv csv;

	(void)state;
	put("a,b\n");
	assert_int_equal(csv_read(path, &csv), 0);
	assert_int_equal(csv.rows, 0);
	assert_int_equal(csv.cols, 2);
	assert_null(csv_get(&csv, 0, 0));
	csv_free(&csv);
}

static void foreign_line_ends(void **state)
{
	struct csv csv;

	(void)state;
	put("a,b\r\n1,\"2\"\r\n");
	assert_int_equal(csv_read(path, &csv), 0);
	assert_int_equal(csv_col(&csv, "b"), 1);
	assert_string_equal(csv_get(&csv, 0, 1), "2");
	csv_free(&csv);
}

static void bad_tables_name_the_line(void **state)
{
	struct csv csv;

	(void)state;
	assert_read_fails("", -ENODATA, 0);
	assert_read_fails("a,b", -ENODATA, 0);
	assert_read_fails("a,b\n1,2\n3\n", -EINVAL, 3);
	assert_read_fails("a,b\n1,2,3\n", -EINVAL, 2);
	assert_read_fails("a,b\n1,2\n\n", -EINVAL, 3);
	assert_read_fails("a,b\n1,\"2\n", -EINVAL, 2);
	assert_read_fails("a,b\n\"1\"x,2\n", -EINVAL, 2);
	assert_read_fails("a,b\n\"1\"x2\n", -EINVAL, 2);
	assert_read_fails("a,b,a\n", -EINVAL, 1);
	assert_read_fails("a,\"b\n", -EINVAL, 1);
	put_bytes("a,b\n\0,2\n", 8);
	assert_int_equal(csv_read(path, &csv), -EINVAL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(csv_read(path, &csv), -ENOENT);
	csv_free(&csv);
	assert_int_equal(csv_read(dir, &csv), -EISDIR);
}

static void doubles_survive(void **state)
{
	const double v[] = { 0.1,
			     1.0 / 3,
			     M_PI,
			     1e300,
			     DBL_MIN,
			     DBL_MAX,
			     -2.5e-7,
			     5e-324,
			     1e15,
			     9007199254740991,
			     123456789.123456789,
			     0.1 + 0.2,
			     48 };
	char buf[CSV_NUM_LEN];
	struct csv csv;

	(void)state;
	for (size_t i = 0; i < LEN(v); i++)
		append("v", ROW(csv_double(buf, v[i])), 1);
	append("v", ROW(csv_double(buf, NAN)), 1);
	assert_int_equal(csv_read(path, &csv), 0);
	assert_int_equal(csv.rows, LEN(v) + 1);
	for (size_t i = 0; i < LEN(v); i++)
		assert_true(csv_num(&csv, i, 0) == v[i]);
	assert_string_equal(csv_get(&csv, 0, 0), "0.1");
	assert_string_equal(csv_get(&csv, 11, 0), "0.30000000000000004"); /* needs all 17 digits */
	assert_string_equal(csv_get(&csv, 12, 0), "48");
	assert_string_equal(csv_get(&csv, LEN(v), 0), "");
	assert_true(isnan(csv_num(&csv, LEN(v), 0)));
	csv_free(&csv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(creates_and_appends, remove_file),
		cmocka_unit_test_teardown(quotes, remove_file),
		cmocka_unit_test_teardown(one_empty_column, remove_file),
		cmocka_unit_test_teardown(line_breaks_are_refused, remove_file),
		cmocka_unit_test_teardown(torn_row_is_dropped, remove_file),
		cmocka_unit_test_teardown(torn_header_is_mended, remove_file),
		cmocka_unit_test_teardown(other_tables_are_left_alone, remove_file),
		cmocka_unit_test_teardown(bad_headers_make_no_file, remove_file),
		cmocka_unit_test_teardown(only_regular_files, remove_file),
		cmocka_unit_test_teardown(full_disk_is_told, remove_file),
		cmocka_unit_test_teardown(columns_by_name, remove_file),
		cmocka_unit_test_teardown(header_alone_has_no_rows, remove_file),
		cmocka_unit_test_teardown(foreign_line_ends, remove_file),
		cmocka_unit_test_teardown(bad_tables_name_the_line, remove_file),
		cmocka_unit_test_teardown(doubles_survive, remove_file),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
