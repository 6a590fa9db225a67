// SPDX-License-Identifier: GPL-2.0
/* What refcost refs makes of counts: names, groups, who may hold, whether it adds up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "refs/ksites.h"
#include "refs/out.h"

#define LONG_NAME "a_function_whose_name_is_longer_than_its_column [with_a_long_module]"

static struct refs_row rows[] = {
	{ .ip = 1, .tid = 7, .tgid = 7, .comm = "cat", .ended = true, .n = { 3, 0 } },
	{ .ip = 2, .tid = 7, .tgid = 7, .comm = "cat", .ended = true, .n = { 0, 1 } },
	{ .ip = 3, .tid = 7, .tgid = 7, .comm = "cat", .ended = true, .n = { 1, 0 } },
	{ .ip = 3, .tid = 9, .tgid = 8, .comm = "a \"b\"", .n = { 5, 0 } },
	{ .ip = 2, .tid = 10, .tgid = 8, .comm = "", .n = { 0, 4 } },
};

static char *const sites[] = { "opens", "closes", "opens", LONG_NAME, "closes" };
static char *const places[] = { "opens+0x1", "closes+0x2", "opens+0x3", LONG_NAME, "closes+0x2" };

/* As the counter would hand it over; the caller frees seen. */
static struct refs_report report_of(size_t n)
{
	struct refs_report rep = {
		.module = "xfs",
		.number = 1,
		.reason = REFS_END,
		.state = { .rows = rows, .nr_rows = n, .ns = 2000000000 },
		.balance = { .known = true, .checked = true, .start = 1, .end = 5 },
		.top = 10,
		.seen = calloc(n + 1, sizeof(*rep.seen)),
	};
	size_t i;

	assert_non_null(rep.seen);
	for (i = 0; i < n; i++) {
		rep.seen[i] = (struct refs_seen){ &rows[i], sites[i], places[i] };
		rep.state.n[REFS_GET] += rows[i].n[REFS_GET];
		rep.state.n[REFS_PUT] += rows[i].n[REFS_PUT];
	}
	return rep;
}

static char *printed(int (*print)(FILE *f, const struct refs_report *rep),
		     const struct refs_report *rep)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	assert_int_equal(print(f, rep), 0);
	fclose(f);
	return text;
}

static void prints(const struct refs_report *rep, const char *what)
{
	char *text = printed(table_refs, rep);

	if (!strstr(text, what))
		fail_msg("no '%s' in:\n%s", what, text);
	free(text);
}

static void sites_are_functions(void **state)
{
	struct refs_report rep = report_of(5);

	(void)state;
	prints(&rep, "\nopens                                            4           0         2  "
		     "28.6%\n");
	prints(&rep, "\ncloses                                           0           5       2.5  "
		     "35.7%\n");
	rep.top = 1;
	prints(&rep, "(call sites not shown: 2, with 4 gets, 5 puts; --top)\n");
	free(rep.seen);
}

static void holders_come_most_first(void **state)
{
	struct refs_report rep = report_of(5);
	char *text, *line, *save;

	(void)state;
	prints(&rep, "\na \"b\"/9                               +5\n    " LONG_NAME " +5\n"
		     "cat/7 (ended)                         +3  opens +4\n");
	holders_add(&rep.found, HOLDER_MODULE, HOLDER_SURE, 1, 1, "xfs_user");
	prints(&rep, "\nmodule xfs_user, which depends on it                         1  sure\n");
	text = printed(table_refs, &rep);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		assert_true(strlen(line) < 80);
	free(text);
	rep.reason = REFS_BUSY;
	strcpy(rep.refusal.comm, "rmmod");
	rep.refusal.tgid = 3;
	rep.late_ns = 250;
	rep.refusals = 2;
	prints(&rep,
	       "\nxfs is in use\n  delete_module(2) refused rmmod/3, 250 ns before this was read\n"
	       "  (refused 2 times since the last report)\n");
	holders_free(&rep.found);
	free(rep.seen);
}

static void nobody_holds(void **state)
{
	struct refs_report rep = report_of(0);

	(void)state;
	rep.balance.start = rep.balance.end = 0;
	prints(&rep, "No reference on xfs was taken or given back.\n");
	prints(&rep, "References: 0 before the trace + 0 gets - 0 puts = 0\n");
	free(rep.seen);
	rep = report_of(5);
	rep.balance.start = -4; /* what five threads hold on balance */
	prints(&rep, "\nNobody holds one.\n");
	rep.balance.known = false;
	prints(&rep, "MAY STILL HOLD");
	free(rep.seen);
	rep = report_of(2);
	rep.state.rows[0].n[REFS_GET] = 1;
	prints(&rep, "\nNo thread took more than it gave back since counting began.\n");
	rep.state.rows[0].n[REFS_GET] = 3;
	free(rep.seen);
}

static void it_adds_up_or_not(void **state)
{
	struct refs_report rep = report_of(5);

	(void)state;
	prints(&rep, "References: 1 before the trace + 9 gets - 5 puts = 5\n"
		     "  the kernel's own count is 5: it adds up\n");
	assert_true(refs_complete(&rep));
	rep.balance.end = 7;
	rep.balance.off = 2;
	prints(&rep, "does not add up: the kernel counts 7, +2 ");
	assert_false(refs_complete(&rep));
	rep.balance.checked = false;
	rep.balance.why = "so it is";
	prints(&rep, "not checked against the kernel's own count: so it is\n");
	assert_true(refs_complete(&rep));
	rep.state.loads = 2;
	rep.balance.known = false;
	prints(&rep, "(not known) before the trace + 2 by loading it + 9 gets - 5 puts\n");
	rep.state.lost[REFS_PUT] = 1;
	prints(&rep, "(in no row, for want of room: 0 gets, 1 puts; --rows)\n");
	assert_false(refs_complete(&rep));
	rep.state.lost[REFS_PUT] = 0;
	rep.missed = 1;
	assert_false(refs_complete(&rep));
	free(rep.seen);
}

static void programs_get_all_rows(void **state)
{
	struct refs_report rep = report_of(5);
	char *text;

	(void)state;
	rep.top = 1;
	rep.tag = "x,y";
	text = printed(csv_refs, &rep);
	assert_non_null(strstr(text, "\"x,y\",xfs,1,end,2000000000,opens+0x3,7,7,cat,1,1,0\n"));
	assert_non_null(strstr(text, ",closes+0x2,8,10,?,0,0,4\n"));
	assert_non_null(strstr(text, ",8,9,\"a \"\"b\"\"\",0,5,0\n"));
	free(text);
	text = printed(json_refs, &rep);
	assert_non_null(strstr(text, "\"refcnt_start\":1,\"refcnt_end\":5,\"adds_up\":true,"));
	assert_non_null(
		strstr(text, "\"command\":\"a \\\"b\\\"\",\"ended\":false,\"gets\":5,\"puts\":0}"));
	free(text);
	rep.balance.checked = false;
	text = printed(json_refs, &rep);
	assert_non_null(strstr(text, "\"refcnt_end\":null,\"adds_up\":null,"));
	free(text);
	free(rep.seen);
}

static void sites_have_names(void **state)
{
	char path[] = "/tmp/refcost-kallsyms.XXXXXX", buf[KSITE_LEN];
	FILE *f = fdopen(mkstemp(path), "w");
	struct ksites *s;
	struct ksyms *k;

	(void)state;
	assert_non_null(f);
	fputs("ffffffff81000000 T _stext\n"
	      "ffffffff81000100 T first\n"
	      "ffffffff81001000 T _etext\n"
	      "ffffffffc0000000 t in_module\t[no_such_module]\n",
	      f);
	fclose(f);
	k = ksyms_open(path);
	s = ksites_open(path, k);
	unlink(path);
	assert_non_null(k);
	assert_non_null(s);
	assert_string_equal(ksites_name(s, 0xffffffff81000104, false, buf), "first");
	assert_string_equal(ksites_name(s, 0xffffffff81000104, true, buf), "first+0x4");
	/* its module has gone */
	assert_string_equal(ksites_name(s, 0xffffffffc0000004, true, buf), "0xffffffffc0000004");
	ksites_free(s);
	ksyms_free(k);
	s = ksites_open(path, NULL);
	assert_string_equal(ksites_name(s, 0x10, true, buf), "0x10");
	ksites_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sites_are_functions),	 cmocka_unit_test(holders_come_most_first),
		cmocka_unit_test(nobody_holds),		 cmocka_unit_test(it_adds_up_or_not),
		cmocka_unit_test(programs_get_all_rows), cmocka_unit_test(sites_have_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
