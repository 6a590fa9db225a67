// SPDX-License-Identifier: GPL-2.0
/*
 * Unloading under users, with the kernel's part played here: calls that are broken off, and what is
 * timed.
 */
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* also the name of a function of the command */

#include "base/refcost.h"
#include "machine/suite.h"
#include "measure/order.h"
#include "measure/users.h"

#define TOOL_NS (20 * NSEC_PER_MSEC)

/* How the kernel answers: so many calls are broken off, so many unloads refused. */
static struct {
	int broken_off, refused;
	bool ask_for_end;
	int gates, ungates, starts, deletes;
	int cpus_at_gate;
	uint64_t ungate_ns;
} kernel;

static int answer(void)
{
	if (!kernel.broken_off)
		return 0;
	kernel.broken_off--;
	if (kernel.ask_for_end)
		interrupted = 1;
	errno = EINTR;
	return -1;
}

static int cpus_of_this_task(void)
{
	cpu_set_t set;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	return CPU_COUNT(&set);
}

int ioctl(int fd, unsigned long request, ...)
{
	(void)fd;
	switch (request) {
	case REFCOST_IOC_LOAD_START:
		kernel.starts++;
		return answer();
	case REFCOST_IOC_GATE:
		kernel.gates++;
		kernel.cpus_at_gate = cpus_of_this_task();
		return answer();
	case REFCOST_IOC_UNGATE:
		kernel.ungates++;
		sleep_until_ns(now_ns() + kernel.ungate_ns);
		return 0;
	}
	return 0;
}

long syscall(long number, ...)
{
	static long (*real)(long number, ...);
	long a[6];
	va_list ap;
	int i;

	va_start(ap, number);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number != SYS_delete_module) {
		real = real ?: (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
		return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	}
	kernel.deletes++;
	if (answer())
		return -1;
	if (!kernel.refused)
		return 0;
	kernel.refused--;
	errno = EWOULDBLOCK;
	return -1;
}

static int setup(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	interrupted = 0;
	return 0;
}

static void slow_tool(const struct unloading *u, void *arg)
{
	(void)u;
	++*(int *)arg;
	sleep_until_ns(now_ns() + TOOL_NS);
}

static int unload(struct unloading *u)
{
	gsl_rng *rng = order_begin(1);
	int err = users_unload(-1, rng, u);

	gsl_rng_free(rng);
	return err;
}

static void test_stopped_and_continued(void **state)
{
	struct unloading u = { .max_attempts = 10, .patience_ns = NSEC_PER_SEC };
	sig_atomic_t before = resumed;

	(void)state;
	kernel.broken_off = 3;
	assert_int_equal(unload(&u), 0);
	assert_true(u.gone);
	assert_int_equal(u.attempts, 1);
	assert_int_equal(kernel.gates, 4);
	assert_int_equal(kernel.ungates, 0);
	assert_int_equal(resumed - before, 3);
}

static void test_asked_to_end(void **state)
{
	struct unloading u = { .max_attempts = 10, .patience_ns = NSEC_PER_SEC };

	(void)state;
	kernel.broken_off = 3;
	kernel.ask_for_end = true;
	assert_int_equal(unload(&u), -EINTR);
	assert_int_equal(kernel.gates, 1);
}

static void test_last_unload_is_not_ended(void **state)
{
	(void)state;
	kernel.broken_off = 3;
	kernel.ask_for_end = true;
	assert_int_equal(module_remove("none"), 0);
	assert_int_equal(kernel.deletes, 4);
}

/* What the tool itself does between two attempts is none of the time that the unload took. */
static void test_tool_is_not_timed(void **state)
{
	int calls = 0;
	struct unloading u = {
		.max_attempts = 10, .patience_ns = NSEC_PER_SEC, .each = slow_tool, .arg = &calls
	};

	(void)state;
	kernel.refused = 5;
	kernel.ungate_ns = TOOL_NS;
	assert_int_equal(unload(&u), 0);
	assert_true(u.gone);
	assert_int_equal(u.attempts, 6);
	assert_int_equal(calls, 6);
	assert_int_equal(kernel.ungates, 5);
	assert_true(u.tried_ns > 0);
	assert_true(u.tried_ns < TOOL_NS);
}

static void test_unloading_task_is_bound(void **state)
{
	const struct scheme_desc scheme = { .name = "kref" };
	struct unloading u = { .max_attempts = 1, .patience_ns = NSEC_PER_SEC };
	int before = cpus_of_this_task();
	struct refcost_load_stat stat = { .stopped_cpu = -1 };
	struct refcost_run run = { .nr_cpus = 1 };
	struct users users;

	(void)state;
	if (before < 2)
		skip();
	assert_int_equal(users_plan(&users, 1), EXIT_FINE);
	kernel.broken_off = 1;
	assert_int_equal(users_start(&users, -1, &scheme, &run), 0);
	assert_int_equal(kernel.starts, 2);
	assert_int_equal(unload(&u), 0);
	assert_int_equal(kernel.cpus_at_gate, 1);
	assert_int_equal(users_stop(-1, &scheme, &stat), EXIT_FINE);
	assert_int_equal(cpus_of_this_task(), before);
	/* where users have all CPUs, none is left to be bound to */
	run.nr_cpus = users.nr_cpus;
	assert_int_equal(users_start(&users, -1, &scheme, &run), 0);
	assert_int_equal(cpus_of_this_task(), before);
	assert_int_equal(users_stop(-1, &scheme, &stat), EXIT_FINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_stopped_and_continued, setup),
		cmocka_unit_test_setup(test_asked_to_end, setup),
		cmocka_unit_test_setup(test_last_unload_is_not_ended, setup),
		cmocka_unit_test_setup(test_tool_is_not_timed, setup),
		cmocka_unit_test_setup(test_unloading_task_is_bound, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
