// SPDX-License-Identifier: GPL-2.0
/* Times for people, written out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#undef fail /* also the name of a function of the command */

#include "base/refcost.h"

static void times_have_their_unit(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0 ns" },
		{ 999, "999 ns" },
		{ 1000, "1 us" },
		{ 1500, "1.5 us" },
		{ 100000, "100 us" },
		{ 10000000, "10 ms" },
		{ 1000000000, "1 s" },
		{ 3600 * NSEC_PER_SEC, "3600 s" },
		{ 123456789, "123.5 ms" },
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(ns_text(cases[i].ns, buf, sizeof(buf)), cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_have_their_unit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
