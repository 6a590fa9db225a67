// SPDX-License-Identifier: GPL-2.0
/*
 * The module's interface, used directly: sizes and ranges are checked, the barrier holds early
 * arrivers back, there is one run at a time, and nobody gets in without the capability. Runs as root
 * in the guest with both modules loaded (4 objects).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "refcost_uapi.h"

#define MSEC 1000000ULL

static uint32_t cpus[] = { 0, 1, 2, 3 };
static struct refcost_worker_result results[4];

static int device(void)
{
	int fd = open(REFCOST_DEVICE, O_RDWR);

	assert_true(fd >= 0);
	return fd;
}

static struct refcost_run sane_run(void)
{
	return (struct refcost_run){
		.size = sizeof(struct refcost_run),
		.scheme = "kref",
		.mode = REFCOST_GETPUT,
		.objects = 1,
		.nr_cpus = 4,
		.cpus = (uintptr_t)cpus,
		.warmup_ns = 2 * MSEC,
		.window_ns = 20 * MSEC,
		.results = (uintptr_t)results,
	};
}

static int run_errno(const struct refcost_run *wanted)
{
	struct refcost_run run = *wanted;
	int fd = device(), err;

	err = ioctl(fd, REFCOST_IOC_RUN, &run) ? errno : 0;
	close(fd);
	return err;
}

static void test_device_is_roots(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(REFCOST_DEVICE, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_uid, 0);
}

static void test_info(void **state)
{
	struct refcost_info info = { .size = sizeof(info) };
	int fd = device();

	(void)state;
	assert_int_equal(ioctl(fd, REFCOST_IOC_INFO, &info), 0);
	assert_int_equal(info.abi, REFCOST_ABI);
	assert_int_equal(info.nr_objects, 4);
	assert_true(info.hz >= 100);
	info.size--;
	assert_int_equal(ioctl(fd, REFCOST_IOC_INFO, &info), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ioctl(fd, _IO('R', 99)), -1);
	assert_int_equal(errno, ENOTTY);
	close(fd);
}

static void test_bad_runs(void **state)
{
	uint32_t twice[] = { 1, 1 }, absent[] = { 4000 };
	struct refcost_run run;

	(void)state;
#define EXPECT(err, change)                             \
	do {                                            \
		run = sane_run();                       \
		change;                                 \
		assert_int_equal(run_errno(&run), err); \
	} while (0)
	EXPECT(0, );
	EXPECT(EINVAL, run.size = 8);
	EXPECT(EINVAL, run.flags = 0x80);
	EXPECT(EINVAL, run.mode = 99);
	EXPECT(EINVAL, run.nr_cpus = 0);
	EXPECT(EINVAL, run.nr_cpus = 1u << 30);
	EXPECT(EINVAL, run.window_ns = 0);
	EXPECT(EINVAL, run.window_ns = UINT64_MAX);
	EXPECT(EINVAL, run.warmup_ns = UINT64_MAX);
	EXPECT(EINVAL, run.hold_ns = REFCOST_HOLD_MAX + 1);
	EXPECT(EINVAL, run.late_ns = UINT64_MAX);
	EXPECT(EINVAL, (run.cpus = (uintptr_t)twice, run.nr_cpus = 2));
	EXPECT(EINVAL, run.flags = REFCOST_RUN_EXACT);
	EXPECT(ENODEV, (run.cpus = (uintptr_t)absent, run.nr_cpus = 1));
	EXPECT(ENOENT, strcpy(run.scheme, "frob"));
	EXPECT(ENOENT, memset(run.scheme, 'x', sizeof(run.scheme)));
	EXPECT(ERANGE, run.objects = 5);
	EXPECT(EOPNOTSUPP, (strcpy(run.scheme, "empty"), run.mode = REFCOST_LOOKUP));
	EXPECT(EFAULT, run.cpus = 8);
	EXPECT(EFAULT, run.results = 8);
	EXPECT(0, run.objects = REFCOST_OBJECTS_PERCPU);
	EXPECT(0, run.objects = 3);
	EXPECT(0, run.hold_ns = 10000);
#undef EXPECT
}

/* The last arriver opens: nobody may come out before it has come in. */
static void test_barrier_holds_the_early(void **state)
{
	struct refcost_run run = sane_run();
	int fd = device(), i, late;

	(void)state;
	for (late = 0; late < 4; late++) {
		uint64_t early = UINT64_MAX;

		run.late_worker = late;
		run.late_ns = 60 * MSEC;
		assert_int_equal(ioctl(fd, REFCOST_IOC_RUN, &run), 0);
		for (i = 0; i < 4; i++)
			if (i != late && results[i].arrive_ns < early)
				early = results[i].arrive_ns;
		assert_true(results[late].arrive_ns > early + 30 * MSEC);
		for (i = 0; i < 4; i++) {
			assert_true(results[i].go_ns >= results[late].arrive_ns);
			assert_true(results[i].start_ns >= results[i].go_ns);
			assert_true(results[i].end_ns > results[i].start_ns);
			assert_true(results[i].ops > 0);
			assert_true(results[i].total >= results[i].ops);
		}
	}
	close(fd);
}

static void *long_run(void *fd)
{
	struct refcost_run run = sane_run();

	run.window_ns = 400 * MSEC;
	return (void *)(intptr_t)ioctl(*(int *)fd, REFCOST_IOC_RUN, &run);
}

static void test_one_run_at_a_time(void **state)
{
	struct refcost_run run = sane_run();
	int fd = device();
	pthread_t thread;
	void *ret;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, long_run, &fd), 0);
	usleep(150000);
	assert_int_equal(run_errno(&run), EBUSY);
	pthread_join(thread, &ret);
	assert_int_equal((intptr_t)ret, 0);
	assert_int_equal(run_errno(&run), 0);
	close(fd);
}

static void test_load_belongs_to_its_descriptor(void **state)
{
	struct refcost_load_stat stat = { .size = sizeof(stat) };
	struct refcost_gate gate = { .size = sizeof(gate) };
	struct refcost_run run = sane_run();
	int fd = device(), other = device();

	(void)state;
	run.mode = REFCOST_LOOKUP;
	run.nr_cpus = 2;
	assert_int_equal(ioctl(other, REFCOST_IOC_LOAD_STOP, &stat), -1);
	assert_int_equal(errno, ENOTCONN);
	assert_int_equal(ioctl(fd, REFCOST_IOC_LOAD_START, &run), 0);
	assert_int_equal(ioctl(other, REFCOST_IOC_GATE, &gate), -1);
	assert_int_equal(errno, ENOTCONN);
	assert_int_equal(ioctl(other, REFCOST_IOC_LOAD_START, &run), -1);
	assert_int_equal(errno, EBUSY);
	usleep(50000);
	assert_int_equal(ioctl(fd, REFCOST_IOC_LOAD_STAT, &stat), 0);
	assert_true(stat.ops > 0);
	assert_int_equal(stat.failed, 0);
	/* closing it is stopping it */
	close(fd);
	run = sane_run();
	assert_int_equal(run_errno(&run), 0);
	close(other);
}

/* A gate that is taken back leaves the objects as they were, under every scheme that can. */
static void test_gate_and_back(void **state)
{
	static const char *const schemes[] = { "percpu_live", "rwsem", "module_rwsem" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		struct refcost_load_stat before = { .size = sizeof(before) }, after = before;
		/* what is left in a field that is an answer must not come back */
		struct refcost_gate gate = { .size = sizeof(gate), .busy = 1 };
		struct refcost_run run = sane_run();
		int fd = device();

		run.mode = REFCOST_LOOKUP;
		run.nr_cpus = 1;
		strcpy(run.scheme, schemes[i]);
		assert_int_equal(ioctl(fd, REFCOST_IOC_LOAD_START, &run), 0);
		do
			assert_int_equal(ioctl(fd, REFCOST_IOC_GATE, &gate), 0);
		while (gate.busy);
		usleep(20000);
		assert_int_equal(ioctl(fd, REFCOST_IOC_UNGATE), 0);
		usleep(20000);
		assert_int_equal(ioctl(fd, REFCOST_IOC_LOAD_STAT, &before), 0);
		usleep(50000);
		assert_int_equal(ioctl(fd, REFCOST_IOC_LOAD_STOP, &after), 0);
		assert_true(after.ops > before.ops);
		assert_int_equal(after.failed, before.failed);
		assert_int_equal(after.balance, 0);
		assert_int_equal(after.violations, 0);
		run = sane_run();
		assert_int_equal(run_errno(&run), 0);
		close(fd);
	}
}

static void test_no_capability(void **state)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	struct refcost_run run = sane_run();
	struct refcost_info info = { .size = sizeof(info) };
	int fd = device();

	(void)state;
	assert_int_equal(syscall(SYS_capget, &head, data), 0);
	data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective &= ~CAP_TO_MASK(CAP_SYS_ADMIN);
	assert_int_equal(syscall(SYS_capset, &head, data), 0);
	assert_int_equal(open(REFCOST_DEVICE, O_RDWR), -1);
	assert_int_equal(errno, EPERM);
	/* a descriptor from better days is worth nothing either */
	assert_int_equal(ioctl(fd, REFCOST_IOC_RUN, &run), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ioctl(fd, REFCOST_IOC_INFO, &info), -1);
	assert_int_equal(errno, EPERM);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device_is_roots),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_bad_runs),
		cmocka_unit_test(test_barrier_holds_the_early),
		cmocka_unit_test(test_one_run_at_a_time),
		cmocka_unit_test(test_load_belongs_to_its_descriptor),
		cmocka_unit_test(test_gate_and_back),
		cmocka_unit_test(test_no_capability), /* last: it does not come back */
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
