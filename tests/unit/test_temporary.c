// SPDX-License-Identifier: GPL-2.0
/* Directories under /tmp of commands that were killed, and of those that live. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* also the name of a function of the command */

#include "base/temporary.h"

/* A process that makes one and puts a file into it. */
static pid_t start(char *dir, size_t len)
{
	char path[128];
	int told[2];
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (!pid) {
		temporary_make(dir, len);
		snprintf(path, sizeof(path), "%s/workers.csv", dir);
		fclose(fopen(path, "w"));
		(void)!write(told[1], dir, len);
		for (;;)
			pause();
	}
	assert_int_equal(read(told[0], dir, len), len);
	assert_int_equal(access(dir, F_OK), 0);
	close(told[0]);
	close(told[1]);
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_only_of_the_killed(void **state)
{
	char dead[64], alive[64];
	pid_t a = start(dead, sizeof(dead)), b = start(alive, sizeof(alive));

	(void)state;
	stop(a);
	sleep(2); /* what was made just now is left alone */
	assert_true(temporary_put_right() >= 1);
	assert_int_not_equal(access(dead, F_OK), 0);
	assert_int_equal(access(alive, F_OK), 0);
	stop(b);
	assert_true(temporary_put_right() >= 1);
	assert_int_not_equal(access(alive, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_of_the_killed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
