// SPDX-License-Identifier: GPL-2.0
/*
 * The module's interface, used directly: sizes and ranges are checked, the barrier holds early
 * arrivers back, there is one run at a time, and nobody gets in without the capability. Runs as
 * root in the guest with both modules loaded (4 objects), on 2 to 4 CPUs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "refcost_uapi.h"

#define MSEC 1000000ULL

static uint32_t cpus[] = { 0, 1, 2, 3 };
static uint32_t nr_cpus;
static struct refcost_worker_result results[4];
static struct refcost_event events[] = {
	{ .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_TASK_CLOCK },
	{ .type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_CPU_CYCLES },
};
static struct refcost_event_count counts[4][2];

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
		.nr_cpus = nr_cpus,
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

/*
 * The first event of a task patches the kernel, as does the last, a second later. QEMU may lose a
 * CPU that runs meanwhile (userspace/machine/quiet.h): so one is held all the time, and those
 * moments have one CPU.
 */
static int hold_event(int fd)
{
	struct perf_event_attr attr = { .size = sizeof(attr),
					.type = PERF_TYPE_SOFTWARE,
					.config = PERF_COUNT_SW_TASK_CLOCK,
					.disabled = 1 };
	char command[] = "for f in /sys/devices/system/cpu/cpu[1-9]*/online; do echo 0 >$f; done";
	char *state = strchr(command, '0');

	assert_int_equal(system(command), 0);
	if (fd < 0) {
		fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	} else {
		close(fd);
		usleep(1500000);
	}
	*state = '1';
	assert_int_equal(system(command), 0);
	return fd;
}

static int begin(void **state)
{
	*state = (void *)(intptr_t)hold_event(-1);
	return 0;
}

static int end(void **state)
{
	hold_event((intptr_t)*state);
	return 0;
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
	assert_int_equal(info.layout, REFCOST_OWN);
	assert_int_equal(info.node, 0);
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
	static struct refcost_event tracepoint[] = { { .type = PERF_TYPE_TRACEPOINT,
						       .config = 1 } };
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
	EXPECT(EINVAL, (run.hold_ns = REFCOST_EXACT_HOLD_MAX + 1, run.nr_cpus = 1,
			run.flags = REFCOST_RUN_EXACT));
	EXPECT(EINVAL, run.objects = REFCOST_OBJECTS_MAX + 1);
	EXPECT(EINVAL, run.late_ns = UINT64_MAX);
	EXPECT(EINVAL, (run.cpus = (uintptr_t)twice, run.nr_cpus = 2));
	EXPECT(EINVAL, run.nr_times = REFCOST_TIMES_MAX + 1);
	EXPECT(EINVAL, (run.nr_times = 1, run.nr_cpus = 1, run.flags = REFCOST_RUN_EXACT));
	EXPECT(EFAULT, (run.nr_times = 1, run.times = 8));
	EXPECT(EINVAL, run.flags = REFCOST_RUN_EXACT);
	EXPECT(EINVAL, run.flags = REFCOST_RUN_BYSTANDER);
	EXPECT(EINVAL, run.flags = REFCOST_RUN_EARLY);
	EXPECT(EINVAL, run.flags = REFCOST_RUN_EARLY | REFCOST_RUN_ONE_PHASE);
	EXPECT(EINVAL, run.flags = REFCOST_RUN_ONE_PHASE);
	EXPECT(ENODEV, (run.cpus = (uintptr_t)absent, run.nr_cpus = 1));
	EXPECT(ENOENT, strcpy(run.scheme, "frob"));
	EXPECT(ENOENT, memset(run.scheme, 'x', sizeof(run.scheme)));
	EXPECT(ERANGE, run.objects = 5);
	EXPECT(EOPNOTSUPP, (strcpy(run.scheme, "empty"), run.mode = REFCOST_LOOKUP));
	EXPECT(EFAULT, run.cpus = 8);
	EXPECT(EFAULT, run.results = 8);
	EXPECT(EINVAL, (run.events = (uintptr_t)events, run.nr_events = REFCOST_EVENTS_MAX + 1));
	EXPECT(EINVAL, (run.events = (uintptr_t)events, run.nr_events = 1,
			run.flags = REFCOST_RUN_EXACT, run.nr_cpus = 1));
	EXPECT(EINVAL, (run.events = (uintptr_t)tracepoint, run.nr_events = 1));
	EXPECT(EFAULT, (run.events = 8, run.nr_events = 1));
	EXPECT(EFAULT, (run.events = (uintptr_t)events, run.nr_events = 1, run.counts = 8));
	EXPECT(0, run.objects = REFCOST_OBJECTS_PERCPU);
	EXPECT(0, run.objects = 3);
	EXPECT(0, run.hold_ns = 10000);
#undef EXPECT
}

static struct refcost_run sane_load(const char *scheme, uint32_t workers)
{
	struct refcost_run run = sane_run();

	snprintf(run.scheme, sizeof(run.scheme), "%s", scheme);
	run.mode = REFCOST_LOOKUP;
	run.nr_cpus = workers;
	return run;
}

static void test_bad_loads(void **state)
{
	struct refcost_run run;
	int fd = device();

	(void)state;
#define EXPECT(err, change)                                                    \
	do {                                                                   \
		run = sane_load("percpu_live", 2);                             \
		change;                                                        \
		assert_int_equal(ioctl(fd, REFCOST_IOC_LOAD_START, &run), -1); \
		assert_int_equal(errno, err);                                  \
	} while (0)
	EXPECT(EINVAL, run.flags = 0x80);
	EXPECT(EINVAL, run.mode = REFCOST_GETPUT);
	EXPECT(EINVAL, run.flags = REFCOST_RUN_ONE_PHASE);
	EXPECT(EINVAL, run.flags = REFCOST_RUN_BYSTANDER | REFCOST_RUN_ONE_PHASE);
	EXPECT(EINVAL, (run.flags = REFCOST_RUN_EXACT, run.nr_cpus = 1));
	EXPECT(EINVAL, run.flags = REFCOST_RUN_EMULATED);
	EXPECT(EINVAL, run.nr_times = 1);
	EXPECT(EOPNOTSUPP,
	       (run = sane_load("kref", 2), run.flags = REFCOST_RUN_EARLY | REFCOST_RUN_ONE_PHASE));
	EXPECT(EOPNOTSUPP, run = sane_load("empty", 2));
	/* the victim is there */
	EXPECT(EEXIST, run.flags = REFCOST_RUN_EARLY);
	EXPECT(EEXIST, run.flags = REFCOST_RUN_EARLY | REFCOST_RUN_ONE_PHASE);
	EXPECT(EINVAL, (run.flags = REFCOST_RUN_EARLY, run.objects = REFCOST_OBJECTS_MAX + 1));
	EXPECT(ERANGE, run.objects = 5);
	EXPECT(EINVAL, (run.events = (uintptr_t)events, run.nr_events = 1));
#undef EXPECT
	run = sane_run();
	assert_int_equal(run_errno(&run), 0);
	close(fd);
}

/* The last arriver opens: nobody may come out before it has come in. */
static void test_barrier_holds_the_early(void **state)
{
	struct refcost_run run = sane_run();
	uint32_t i, late;
	int fd = device();

	(void)state;
	for (late = 0; late < nr_cpus; late++) {
		uint64_t early = UINT64_MAX;

		run.late_worker = late;
		run.late_ns = 60 * MSEC;
		assert_int_equal(ioctl(fd, REFCOST_IOC_RUN, &run), 0);
		for (i = 0; i < nr_cpus; i++)
			if (i != late && results[i].arrive_ns < early)
				early = results[i].arrive_ns;
		assert_true(results[late].arrive_ns > early + 30 * MSEC);
		for (i = 0; i < nr_cpus; i++) {
			assert_true(results[i].go_ns >= results[late].arrive_ns);
			assert_true(results[i].start_ns >= results[i].go_ns);
			assert_true(results[i].end_ns > results[i].start_ns);
			assert_true(results[i].ops > 0);
			assert_true(results[i].total >= results[i].ops);
		}
	}
	close(fd);
}

/*
 * Each worker's time on the CPU is counted in its window and not before: a warm-up of ten windows
 * is not in it. What the machine cannot count has an errno and no counts, whatever was left in
 * them.
 */
static void test_events_of_windows(void **state)
{
	struct refcost_run run = sane_run();
	int fd = device();
	uint32_t i;

	(void)state;
	memset(counts, 0xff, sizeof(counts));
	events[0].error = events[1].error = -1;
	run.warmup_ns = 200 * MSEC;
	run.nr_events = 2;
	run.events = (uintptr_t)events;
	run.counts = (uintptr_t)counts;
	assert_int_equal(ioctl(fd, REFCOST_IOC_RUN, &run), 0);
	assert_int_equal(events[0].error, 0);
	for (i = 0; i < nr_cpus; i++) {
		const struct refcost_event_count *clock = counts[i], *cycles = counts[i] + 1;
		uint64_t inside = results[i].end_ns - results[i].start_ns;

		assert_true(clock->count > 0 && clock->count < inside + run.warmup_ns / 2);
		assert_int_equal(clock->running_ns, clock->enabled_ns);
		assert_true(events[1].error
				    ? !cycles->count && !cycles->enabled_ns && !cycles->running_ns
				    : cycles->count > 0);
	}
	close(fd);
}

/* The first batches of each worker have their times, up to as many as there is room for. */
static void test_times(void **state)
{
	static uint32_t times[4][8192];
	struct refcost_run run = sane_run();
	uint32_t i, k, room[] = { 8192, 3, 0 };
	int fd = device();

	(void)state;
	for (k = 0; k < 3; k++) {
		memset(times, 0xff, sizeof(times));
		run.nr_times = room[k];
		run.times = (uintptr_t)times;
		assert_int_equal(ioctl(fd, REFCOST_IOC_RUN, &run), 0);
		for (i = 0; i < nr_cpus; i++) {
			const uint32_t *own = (uint32_t *)times + i * room[k];
			uint64_t n = results[i].batches, sum = 0, b;

			assert_true(n > 0 && n < 8192);
			assert_int_equal(results[i].ops, n * results[i].batch);
			for (b = 0; b < n && b < room[k]; b++) {
				assert_true(own[b] > 0 && own[b] < UINT32_MAX);
				sum += own[b];
			}
			assert_true(sum <= results[i].end_ns - results[i].start_ns);
			if (room[k] > n) {
				assert_int_equal(sum, results[i].end_ns - results[i].start_ns);
				assert_int_equal(own[n], 0);
			}
		}
		assert_int_equal(((uint32_t *)times)[nr_cpus * room[k]], UINT32_MAX);
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

static struct refcost_load_stat load_stat(int fd)
{
	struct refcost_load_stat stat = { .size = sizeof(stat) };

	assert_int_equal(ioctl(fd, REFCOST_IOC_LOAD_STAT, &stat), 0);
	return stat;
}

static int gate_busy(int fd)
{
	struct refcost_gate gate = { .size = sizeof(gate) };

	assert_int_equal(ioctl(fd, REFCOST_IOC_GATE, &gate), 0);
	return gate.busy;
}

/*
 * Lookups that got a reference and are over. Workers count while they are read, all lookups first,
 * so one look may find some failed ones that were not lookups yet, and say too few, but never too
 * many.
 */
static int64_t successes(int fd)
{
	int64_t most = INT64_MIN;
	int i;

	for (i = 0; i < 1000; i++) {
		struct refcost_load_stat stat = load_stat(fd);
		int64_t got = (int64_t)stat.ops - (int64_t)stat.failed;

		most = got > most ? got : most;
	}
	return most;
}

/* Refused and off the list: nobody gets in, until it is taken back or finished. */
static void test_refused_gate_leaves_objects_unlisted(void **state)
{
	struct refcost_load_stat before, after = { .size = sizeof(after) };
	struct refcost_run run = sane_load("object_exit1", 2);
	int fd = device(), busy, tries;
	int64_t got;

	(void)state;
	run.hold_ns = 5 * MSEC;
	assert_int_equal(ioctl(fd, REFCOST_IOC_LOAD_START, &run), 0);
	/* holders are hardly ever all outside; if so, again */
	for (tries = 0; (busy = gate_busy(fd)) != EBUSY && tries < 100; tries++) {
		assert_int_equal(busy, 0);
		assert_int_equal(ioctl(fd, REFCOST_IOC_UNGATE), 0);
		usleep(10000);
	}
	assert_int_equal(busy, EBUSY);
	usleep(100000); /* those inside leave */
	got = successes(fd);
	before = load_stat(fd);
	usleep(50000);
	after = load_stat(fd);
	assert_true(after.failed > before.failed);
	assert_true(after.ops > before.ops);
	assert_int_equal(successes(fd), got);

	assert_int_equal(ioctl(fd, REFCOST_IOC_UNGATE), 0);
	usleep(50000);
	before = load_stat(fd);
	usleep(100000);
	after = load_stat(fd);
	assert_true(after.ops > before.ops);
	assert_int_equal(after.failed, before.failed);

	for (tries = 0; gate_busy(fd) && tries < 1000; tries++)
		usleep(1000);
	assert_true(tries < 1000);
	assert_int_equal(ioctl(fd, REFCOST_IOC_UNGATE), 0);
	after = (struct refcost_load_stat){ .size = sizeof(after) };
	assert_int_equal(ioctl(fd, REFCOST_IOC_LOAD_STOP, &after), 0);
	assert_int_equal(after.balance, 0);
	assert_int_equal(after.violations, 0);
	close(fd);
}

/*
 * Locks of the subsystem hold the other module's users up, for as long as they are held; none is
 * refused.
 */
static void test_bystander_waits(void **state)
{
	struct refcost_load_stat before, after = { .size = sizeof(after) };
	struct refcost_run run = sane_load("module_rwsem", 2);
	int fd = device();

	(void)state;
	run.flags = REFCOST_RUN_BYSTANDER;
	assert_int_equal(ioctl(fd, REFCOST_IOC_LOAD_START, &run), 0);
	while (!load_stat(fd).bystander_ops || !load_stat(fd).ops)
		usleep(1000);
	while (gate_busy(fd))
		usleep(1000);
	usleep(20000); /* it may be on its way to the lock */
	before = load_stat(fd);
	usleep(200000);
	after = load_stat(fd);
	assert_true(before.bystander_ops > 0);
	assert_int_equal(after.bystander_ops, before.bystander_ops);
	assert_int_equal(after.bystander_failed, 0);

	assert_int_equal(ioctl(fd, REFCOST_IOC_UNGATE), 0);
	usleep(100000);
	after = (struct refcost_load_stat){ .size = sizeof(after) };
	assert_int_equal(ioctl(fd, REFCOST_IOC_LOAD_STOP, &after), 0);
	assert_true(after.bystander_ops > before.bystander_ops);
	assert_int_equal(after.bystander_failed, 0);
	assert_true(after.bystander_unload_ns >= 200 * MSEC);
	assert_true(after.bystander_calm_ns > 0);
	assert_int_equal(after.listed_ns, 0);
	assert_int_equal(after.live_ns, 0);
	assert_int_equal(after.balance, 0);
	close(fd);
}

/* The bystander is none of the users: their numbers leave it out. */
static void test_one_bystander_and_no_user(void **state)
{
	struct refcost_load_stat stat = { .size = sizeof(stat) };
	struct refcost_run run = sane_load("kref", 1);
	int fd = device();

	(void)state;
	run.flags = REFCOST_RUN_BYSTANDER;
	assert_int_equal(ioctl(fd, REFCOST_IOC_LOAD_START, &run), 0);
	usleep(50000);
	assert_int_equal(ioctl(fd, REFCOST_IOC_LOAD_STOP, &stat), 0);
	assert_int_equal(stat.ops, 0);
	assert_int_equal(stat.failed, 0);
	assert_true(stat.bystander_ops > 0);
	assert_int_equal(stat.bystander_failed, 0);
	close(fd);
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
		cmocka_unit_test(test_bad_loads),
		cmocka_unit_test(test_barrier_holds_the_early),
		cmocka_unit_test(test_events_of_windows),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_one_run_at_a_time),
		cmocka_unit_test(test_load_belongs_to_its_descriptor),
		cmocka_unit_test(test_gate_and_back),
		cmocka_unit_test(test_refused_gate_leaves_objects_unlisted),
		cmocka_unit_test(test_bystander_waits),
		cmocka_unit_test(test_one_bystander_and_no_user),
		cmocka_unit_test(test_no_capability), /* last: it does not come back */
	};

	nr_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (nr_cpus > sizeof(cpus) / sizeof(*cpus))
		nr_cpus = sizeof(cpus) / sizeof(*cpus);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, begin, end);
}
