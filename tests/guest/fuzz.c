// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz: threads that call /dev/refcost with drawn arguments while the victim comes and goes, CPUs
 * do, memory runs short, signals arrive and processes die. Most arguments are valid or nearly so,
 * since a call that is refused at the door tests the door alone. As root in a guest; TAP on stdout.
 *
 * A call is drawn from the seed, its thread and its number, never from what happened before. A
 * thread's name is its number and that of its call, as in "2/1734": that stands in a report of the
 * kernel, and --show 2/1734 prints what it was.
 *
 * The threads work in bursts. After each burst all descriptors are closed and both modules
 * unloaded: that must succeed, and leave no thread behind.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "drive.h"

#define THREADS_MAX 32
#define CPUS_MAX    66
#define EVENTS_MAX  (REFCOST_EVENTS_MAX + 1)
#define SLOTS	    3 /* descriptors that the threads share */
#define ERRNO_MAX   140

enum op {
	INFO,
	RUN,
	LOAD_START,
	LOAD_STAT,
	LOAD_STOP,
	GATE,
	UNGATE,
	ODD,
	IOCTLS,
	CLOSE = IOCTLS,
	OPS
};

static const char *const op_names[OPS] = { "INFO", "RUN",    "LOAD_START", "LOAD_STAT", "LOAD_STOP",
					   "GATE", "UNGATE", "another",	   "close" };

/* Where a pointer points to. */
enum place { GOOD, NIL, LOW, KERNEL, EDGE, READONLY, PLACES };

/* All that is drawn of one call. */
struct call {
	enum op op;
	unsigned int slot;
	unsigned int odd_cmd;
	enum place arg, cpus, results, events, counts, times;
	uint32_t size;
	union {
		struct refcost_run run;
		struct refcost_load_stat stat;
	};
	uint32_t cpu_list[CPUS_MAX];
	struct refcost_event event_list[EVENTS_MAX];
	bool pauses; /* afterwards, also where it worked */
	uint32_t pause_us;
	uint32_t fail_nth; /* allocation of the call that is to fail; 0: none */
};

/* Memory whose second page is not there, and the first once more, read-only. */
struct pages {
	uint8_t *rw, *ro;
};

struct thread {
	unsigned int index;
	pthread_t pthread;
	_Atomic uint64_t done; /* calls */
	_Atomic int tid;
	struct pages pages;
	int fail_fd;
	uint64_t calls[IOCTLS], accepted[IOCTLS];
	uint32_t errors[IOCTLS][ERRNO_MAX];
	struct refcost_worker_result results[CPUS_MAX];
	struct refcost_event_count counts[CPUS_MAX][EVENTS_MAX];
};

/* What goes on beside the threads. */
#define ARMS(X) X(victim) X(signals) X(kill) X(hotplug) X(memory) X(failures)
enum arm {
#define X(arm) ARM_##arm,
	ARMS(X)
#undef X
		ARM_NR
};

static const char *const arm_names[] = {
#define X(arm) #arm,
	ARMS(X)
#undef X
};

static struct {
	uint64_t seed, calls;
	unsigned int seconds, burst, threads, cpus, patience, arms;
	const char *modules;
	char *schemes[128];
	unsigned int nr_schemes;
} opt = { .burst = 5, .threads = 4, .patience = 60, .arms = (1 << ARM_NR) - 1 };

static uint32_t times[CPUS_MAX * REFCOST_TIMES_MAX]; /* that nobody reads */
static struct thread threads[THREADS_MAX + 1];	     /* the last is of processes that are killed */
static _Atomic int slots[SLOTS] = { -1, -1, -1 };
static atomic_bool stop;
static char load_scheme[REFCOST_NAME_MAX]; /* of the last load that began */
static _Atomic uint64_t arm_done[ARM_NR];
static int kmsg = -1, tap_n, tap_bad;

static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	fflush(stdout);
}

static bool ok(bool good, const char *format, ...)
{
	va_list args;

	printf("%sok %d - ", good ? "" : "not ", ++tap_n);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	tap_bad += !good;
	return good;
}

/* Nothing can follow: threads of ours may be stuck in the kernel. */
static _Noreturn void finish(void)
{
	say("1..%d\n", tap_n);
	_exit(tap_bad != 0);
}

/* --- draws ------------------------------------------------------------------------------------ */

/* The generator of one call: nothing of the calls before is in it. */
static struct rng rng_of(unsigned int thread, uint64_t call)
{
	struct rng r = { opt.seed };

	r.state = draw(&r) + thread;
	r.state = draw(&r) + call;
	return r;
}

#define PICK(r, ...)                                                                            \
	((const uint64_t[]){ __VA_ARGS__ }[below(r, sizeof((const uint64_t[]){ __VA_ARGS__ }) / \
							    sizeof(uint64_t))])

static enum place draw_place(struct rng *r)
{
	return chance(r, 990) ? GOOD : below(r, PLACES);
}

static void draw_scheme(struct rng *r, char name[REFCOST_NAME_MAX])
{
	if (chance(r, 985))
		snprintf(name, REFCOST_NAME_MAX, "%s", opt.schemes[below(r, opt.nr_schemes)]);
	else if (chance(r, 500))
		memset(name, 'x', REFCOST_NAME_MAX);
}

/* Nanoseconds of a hold or of thinking. */
static uint64_t draw_stay(struct rng *r)
{
	switch (below(r, 100)) {
	case 0:
		return PICK(r, REFCOST_HOLD_MAX, REFCOST_HOLD_MAX + 1, UINT64_MAX);
	case 1 ... 10:
		return below(r, 5 * MSEC);
	case 11 ... 40:
		return below(r, 100 * USEC);
	default:
		return 0;
	}
}

static uint32_t draw_flags(struct rng *r, bool load)
{
	if (chance(r, 20))
		return PICK(r, draw(r), 1u << below(r, 32));
	if (!load)
		return chance(r, 150) ? REFCOST_RUN_EXACT : 0;
	return PICK(r, 0, 0, 0, 0, 0, 0, REFCOST_RUN_BYSTANDER, REFCOST_RUN_BYSTANDER,
		    REFCOST_RUN_EARLY, REFCOST_RUN_EARLY, REFCOST_RUN_EARLY | REFCOST_RUN_BYSTANDER,
		    REFCOST_RUN_EARLY | REFCOST_RUN_ONE_PHASE);
}

/* Different CPUs in any order, mostly. */
static void draw_cpus(struct rng *r, struct call *c)
{
	struct refcost_run *run = &c->run;
	uint32_t i, k, swap;

	for (i = 0; i < CPUS_MAX; i++)
		c->cpu_list[i] = i;
	for (i = opt.cpus - 1; i > 0; i--) {
		k = below(r, i + 1);
		swap = c->cpu_list[i];
		c->cpu_list[i] = c->cpu_list[k];
		c->cpu_list[k] = swap;
	}
	if (chance(r, 10))
		run->nr_cpus = PICK(r, 1u << 30, UINT32_MAX, opt.cpus + 1);
	else if (run->flags & REFCOST_RUN_EXACT)
		run->nr_cpus = 1;
	else
		run->nr_cpus = c->op == RUN ? 1 + below(r, opt.cpus) : below(r, opt.cpus + 1);
	if (chance(r, 10))
		c->cpu_list[below(r, opt.cpus)] = PICK(r, 0, opt.cpus, 4000, UINT32_MAX);
}

static void draw_events(struct rng *r, struct call *c)
{
	unsigned int i;

	if (!chance(r, c->op == RUN ? 150 : 5))
		return;
	c->run.nr_events = chance(r, 20) ? PICK(r, REFCOST_EVENTS_MAX, EVENTS_MAX, UINT32_MAX)
					 : 1 + below(r, 4);
	for (i = 0; i < EVENTS_MAX; i++) {
		c->event_list[i] =
			(struct refcost_event){ .type = PERF_TYPE_SOFTWARE,
						.config = below(r, PERF_COUNT_SW_MAX + 1) };
		if (chance(r, 200))
			c->event_list[i].type =
				PICK(r, PERF_TYPE_HARDWARE, PERF_TYPE_HW_CACHE, PERF_TYPE_RAW);
		if (chance(r, 5))
			c->event_list[i] =
				(struct refcost_event){ .type = draw(r), .config = draw(r) };
	}
}

static void draw_run(struct rng *r, struct call *c)
{
	bool load = c->op == LOAD_START;
	struct refcost_run *run = &c->run;

	draw_scheme(r, run->scheme);
	run->flags = draw_flags(r, load);
	run->mode = load ? REFCOST_LOOKUP : below(r, REFCOST_MODES);
	if (chance(r, 10))
		run->mode = draw(r);
	run->objects = PICK(r, 0, 1, 1, 1, 1, 2, 4, 4, below(r, REFCOST_OBJECTS_MAX));
	if (chance(r, 30))
		run->objects = PICK(r, REFCOST_OBJECTS_MAX, REFCOST_OBJECTS_MAX + 1, UINT32_MAX);
	run->hold_ns = draw_stay(r);
	/*
	 * Thousands of operations in one batch, which nothing cuts short: keep it below a second.
	 */
	if (run->flags & REFCOST_RUN_EXACT && !chance(r, 1))
		run->hold_ns %= 10 * USEC;
	run->think_ns = load || chance(r, 10) ? draw_stay(r) : 0;
	run->window_ns = REFCOST_WINDOW_MIN + (chance(r, 100) ? below(r, 10 * MSEC) : 0);
	run->warmup_ns = chance(r, 200) ? below(r, MSEC) : 0;
	if (chance(r, 10))
		run->window_ns =
			PICK(r, 0, REFCOST_WINDOW_MIN - 1, REFCOST_WINDOW_MAX + 1, UINT64_MAX);
	/* A signal ends these. */
	if (opt.arms & 1 << ARM_signals && chance(r, 5))
		run->window_ns = REFCOST_WINDOW_MAX;
	if (opt.arms & 1 << ARM_signals && chance(r, 2))
		run->warmup_ns = REFCOST_WINDOW_MAX;
	run->seed = draw(r);
	if (chance(r, 10)) {
		run->late_worker = below(r, opt.cpus + 1);
		run->late_ns = PICK(r, below(r, 20 * MSEC), 1000 * MSEC, 1000 * MSEC + 1);
	}
	if (chance(r, load ? 5 : 300))
		run->nr_times = chance(r, 20) ? PICK(r, REFCOST_TIMES_MAX + 1, UINT32_MAX)
					      : below(r, REFCOST_TIMES_MAX + 1);
	draw_events(r, c);
	draw_cpus(r, c);
	c->cpus = draw_place(r);
	c->results = draw_place(r);
	c->events = draw_place(r);
	c->counts = draw_place(r);
	c->times = draw_place(r);
}

static enum op draw_op(struct rng *r)
{
	static const unsigned int weights[OPS] = {
		[INFO] = 5,    [RUN] = 14,	[LOAD_START] = 22, [LOAD_STAT] = 24, [GATE] = 15,
		[UNGATE] = 12, [LOAD_STOP] = 4, [ODD] = 3,	   [CLOSE] = 1
	};
	unsigned int n = below(r, 100), op;

	for (op = 0; n >= weights[op]; op++)
		n -= weights[op];
	return op;
}

static const unsigned int commands[IOCTLS] = {
	[INFO] = REFCOST_IOC_INFO,
	[RUN] = REFCOST_IOC_RUN,
	[LOAD_START] = REFCOST_IOC_LOAD_START,
	[LOAD_STAT] = REFCOST_IOC_LOAD_STAT,
	[LOAD_STOP] = REFCOST_IOC_LOAD_STOP,
	[GATE] = REFCOST_IOC_GATE,
	[UNGATE] = REFCOST_IOC_UNGATE,
};

/* A command that is none: another size, direction or number. */
static unsigned int draw_odd(struct rng *r)
{
	unsigned int cmd = commands[below(r, ODD)];

	switch (below(r, 4)) {
	case 0:
		return _IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd),
			    below(r, 1 << _IOC_SIZEBITS));
	case 1:
		return _IOC(below(r, 4), _IOC_TYPE(cmd), _IOC_NR(cmd), _IOC_SIZE(cmd));
	case 2:
		return _IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), below(r, 256), _IOC_SIZE(cmd));
	default:
		return draw(r);
	}
}

static void draw_call(struct call *c, unsigned int thread, uint64_t number)
{
	struct rng r = rng_of(thread, number);

	memset(c, 0, sizeof(*c));
	c->op = draw_op(&r);
	/* Most use the same one, or most calls would come from a descriptor without a load. */
	c->slot = chance(&r, 900) ? 0 : below(&r, SLOTS);
	c->arg = draw_place(&r);
	if (c->op == ODD)
		c->odd_cmd = draw_odd(&r);
	if (c->op < ODD)
		c->size = _IOC_SIZE(commands[c->op]);
	if (chance(&r, 10))
		c->size += PICK(&r, 4, -4, draw(&r));
	if (c->op == RUN || c->op == LOAD_START || c->op == ODD)
		draw_run(&r, c);
	c->pauses = chance(&r, 50);
	c->pause_us = below(&r, 300);
	if (opt.arms & 1 << ARM_failures && chance(&r, 50))
		c->fail_nth = 1 + below(&r, chance(&r, 500) ? 8 : 64);
}

static void show_call(unsigned int thread, uint64_t number)
{
	static const char *const places[PLACES] = { "good",   "NULL", "low",
						    "kernel", "edge", "read-only" };
	struct call c;
	unsigned int i;

	draw_call(&c, thread, number);
	printf("%u/%lu: fd %u %s", thread, number, c.slot, op_names[c.op]);
	if (c.op == ODD)
		printf(" %#x", c.odd_cmd);
	printf(" size %u at %s", c.size, places[c.arg]);
	if (c.op == RUN || c.op == LOAD_START) {
		printf(" %.32s flags %#x mode %u objects %u hold %llu think %llu warmup %llu window %llu late %u:%llu times %u nr_cpus %u (",
		       c.run.scheme, c.run.flags, c.run.mode, c.run.objects, c.run.hold_ns,
		       c.run.think_ns, c.run.warmup_ns, c.run.window_ns, c.run.late_worker,
		       c.run.late_ns, c.run.nr_times, c.run.nr_cpus);
		for (i = 0; i < c.run.nr_cpus && i < opt.cpus; i++)
			printf("%s%u", i ? "," : "", c.cpu_list[i]);
		printf(") at %s results %s seed %llu", places[c.cpus], places[c.results],
		       c.run.seed);
		if (c.run.nr_events)
			printf(" events %u at %s counts %s:", c.run.nr_events, places[c.events],
			       places[c.counts]);
		for (i = 0; i < c.run.nr_events && i < EVENTS_MAX; i++)
			printf(" %u:%llu", c.event_list[i].type, c.event_list[i].config);
	}
	if (c.fail_nth)
		printf(" fail-nth %u", c.fail_nth);
	printf("\n");
}

/* --- calls ------------------------------------------------------------------------------------ */

static long page;

static bool make_pages(struct pages *p)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, page))
		return false;
	p->rw = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p->ro = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	return p->rw != MAP_FAILED && p->ro != MAP_FAILED &&
	       !mprotect(p->rw + page, page, PROT_NONE);
}

static void *at(const struct thread *t, enum place place, void *good)
{
	switch (place) {
	case NIL:
		return NULL;
	case LOW:
		return (void *)8;
	case KERNEL:
		return (void *)0xffff888000000000;
	case EDGE:
		return t->pages.rw + page - 8;
	case READONLY:
		return t->pages.ro;
	default:
		return good;
	}
}

/* The nth allocation from now on fails, of this thread alone. */
static void fail_allocation(struct thread *t, unsigned int nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", nth);

	if (t->fail_fd >= 0 && pwrite(t->fail_fd, text, n, 0) == n && nth)
		arm_done[ARM_failures]++;
}

static void do_close(unsigned int slot)
{
	int fd = atomic_exchange(&slots[slot], open(REFCOST_DEVICE, O_RDWR | O_CLOEXEC));

	if (fd >= 0)
		close(fd);
}

static int do_ioctl(struct thread *t, struct call *c)
{
	unsigned int cmd = c->op == ODD ? c->odd_cmd : commands[c->op];
	int fd = slots[c->slot], err;

	c->run.size = c->size;
	c->run.cpus = (uintptr_t)at(t, c->cpus, c->cpu_list);
	c->run.results = (uintptr_t)at(t, c->results, t->results);
	c->run.events = (uintptr_t)at(t, c->events, c->event_list);
	c->run.counts = (uintptr_t)at(t, c->counts, t->counts);
	c->run.times = (uintptr_t)at(t, c->times, times);
	memcpy(t->pages.rw, &c->run, sizeof(c->run));
	if (c->fail_nth)
		fail_allocation(t, c->fail_nth);
	err = ioctl(fd, cmd, at(t, c->arg, &c->run)) < 0 ? errno : 0;
	if (c->op == LOAD_START && !err)
		snprintf(load_scheme, sizeof(load_scheme), "%s", c->run.scheme);
	if (err == EUCLEAN)
		say("# %u/%lu %s: %s: balance %lld\n", t->index, t->done, op_names[c->op],
		    c->op == RUN ? c->run.scheme : load_scheme,
		    c->op == RUN ? c->run.balance : c->stat.balance);
	if (c->fail_nth)
		fail_allocation(t, 0);
	return err;
}

static void name_thread(unsigned int index, uint64_t call)
{
	char name[16];

	snprintf(name, sizeof(name), "%u/%lu", index, call);
	prctl(PR_SET_NAME, name);
}

static void next_call(struct thread *t)
{
	uint64_t number = t->done;
	struct call c;
	int err = 0;

	draw_call(&c, t->index, number);
	name_thread(t->index, number);
	if (c.op == CLOSE) {
		do_close(c.slot);
	} else {
		err = do_ioctl(t, &c);
		t->calls[c.op]++;
		t->accepted[c.op] += !err;
		t->errors[c.op][err < ERRNO_MAX ? err : 0]++;
	}
	/* Where another one's turn has to be waited for, refusals would be most of all calls. */
	if (c.pauses || err == EBUSY || err == ENOTCONN)
		usleep(c.pause_us);
	t->done = number + 1;
}

static void open_fail_nth(struct thread *t)
{
	t->fail_fd = opt.arms & 1 << ARM_failures
			     ? open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC)
			     : -1;
}

static void *thread_main(void *data)
{
	struct thread *t = data;

	t->tid = gettid();
	open_fail_nth(t);
	while (!stop && (!opt.calls || t->done < opt.calls / opt.threads))
		next_call(t);
	if (t->fail_fd >= 0)
		close(t->fail_fd);
	t->tid = 0;
	return NULL;
}

/* --- what goes on beside them ----------------------------------------------------------------- */

static struct module refcost = { .name = "refcost" }, victim = { .name = "refcost_victim" };

static void arm_victim(struct rng *r)
{
	char params[64];

	usleep(below(r, chance(r, 100) ? 50000 : 5000));
	if (chance(r, 700)) {
		snprintf(params, sizeof(params), "objects=%lu layout=%lu node=%d",
			 PICK(r, 1, 1, 2, 4, 4, 16, opt.cpus, below(r, 4098), 4096),
			 PICK(r, 0, 0, 0, 0, 1, 2, 2, below(r, 4)),
			 (int)PICK(r, -1, -1, -1, 0, 0, below(r, 100)));
		module_load(&victim, params);
	} else {
		module_unload(chance(r, 980) ? &victim : &refcost, chance(r, 950) ? O_NONBLOCK : 0);
	}
	arm_done[ARM_victim]++;
}

static void arm_signals(struct rng *r)
{
	struct thread *t = &threads[below(r, opt.threads)];
	int tid = t->tid;

	usleep(below(r, 30000));
	if (tid)
		syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
	arm_done[ARM_signals]++;
}

/*
 * The end of a burst signals every thread that is not out: a child not waited for would stay, with
 * its memory.
 */
static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Another process with calls of its own, maybe a load under way, that dies. */
static void arm_kill(struct rng *r)
{
	struct thread *t = &threads[THREADS_MAX];
	unsigned int us = below(r, 50000);
	bool shares = chance(r, 300);
	uint64_t first = draw(r) >> 44;
	pid_t pid;

	pid = fork();
	if (!pid) {
		t->index = THREADS_MAX;
		t->done = first;
		t->fail_fd = -1;
		if (!shares) {
			close_range(3, ~0U, 0);
			slots[0] = slots[1] = slots[2] = -1;
		}
		open_fail_nth(t);
		do_close(0);
		for (;;)
			next_call(t);
	}
	usleep(us);
	if (pid > 0) {
		kill(pid, SIGKILL);
		reap(pid);
		arm_done[ARM_kill]++;
	}
	usleep(below(r, 300000));
}

static bool cpu_online(unsigned int cpu, bool online)
{
	char path[64];
	int fd, n;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = write(fd, online ? "1" : "0", 1);
	close(fd);
	return n == 1;
}

static void cpus_online(bool online)
{
	unsigned int cpu;

	for (cpu = 1; cpu < opt.cpus; cpu++)
		cpu_online(cpu, online);
}

static void arm_hotplug(struct rng *r)
{
	unsigned int cpu = opt.cpus > 1 ? 1 + below(r, opt.cpus - 1) : 0;

	usleep(below(r, 200000));
	if (cpu_online(cpu, false))
		arm_done[ARM_hotplug]++;
	usleep(below(r, 50000));
	cpu_online(cpu, true);
}

static uint64_t meminfo(const char *name)
{
	char text[8192], *line;
	int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC),
	    n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	line = strstr(text, name);
	return line ? strtoull(line + strlen(name) + 1, NULL, 10) : 0;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (write(fd, text, strlen(text)) < 0)
			errno = 0;
		close(fd);
	}
}

/*
 * A process takes what memory there is, until it has it or the kernel kills it, and keeps it for a
 * moment.
 */
static void arm_memory(struct rng *r)
{
	unsigned int keep_us = below(r, 50000);
	size_t size = meminfo("MemAvailable:") << 10;
	uint64_t patience = now_ns() + 2000 * MSEC;
	volatile char *p;
	pid_t pid;

	usleep(1000000 + below(r, 3000000));
	pid = fork();
	if (!pid) {
		write_file("/proc/self/oom_score_adj", "1000");
		p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		for (size_t i = 0; p != MAP_FAILED && i < size && now_ns() < patience; i += page)
			p[i] = 1;
		usleep(keep_us);
		_exit(0);
	}
	if (pid > 0) {
		reap(pid);
		arm_done[ARM_memory]++;
	}
}

static void (*const arm_functions[ARM_NR])(struct rng *r) = {
	[ARM_victim] = arm_victim,   [ARM_signals] = arm_signals, [ARM_kill] = arm_kill,
	[ARM_hotplug] = arm_hotplug, [ARM_memory] = arm_memory, /* failures are part of a call */
};

static void *arm_main(void *data)
{
	unsigned int arm = (uintptr_t)data;
	static uint64_t turns[ARM_NR];
	struct rng r;

	prctl(PR_SET_NAME, arm_names[arm]);
	while (!stop) {
		r = rng_of(THREADS_MAX + 1 + arm, turns[arm]++);
		arm_functions[arm](&r);
	}
	return NULL;
}

/* --- what is looked at ------------------------------------------------------------------------ */

/* The kernel's log since the last look: is one of its complaints in there? */
static bool kernel_complains(void)
{
	static const char *const words[] = {
		"BUG:",
		"BUG ",
		"WARNING:",
		"Oops",
		"KASAN: ",
		"KCSAN: ",
		"INFO: ",
		"ODEBUG",
		"general protection",
		"possible circular",
		"possible recursive",
		"possible irq",
		"inconsistent lock",
		"bad unlock balance",
		"suspicious RCU",
		"sleeping function called",
		"scheduling while",
		"list_add corruption",
		"list_del corruption",
		"refcount_t: ",
		"suspected memory",
		"blocked for more than",
		"soft lockup",
		"refcost: an object",
	};
	static int shown;
	static bool found;
	char record[8192], *text, *end;
	ssize_t n;
	size_t i;

	for (;;) {
		n = read(kmsg, record, sizeof(record) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			return found;
		record[n] = '\0';
		text = strchr(record, ';');
		end = text ? strchr(text, '\n') : NULL;
		if (!end)
			continue;
		*end = '\0';
		for (i = 0; !found && i < sizeof(words) / sizeof(*words); i++)
			found = strstr(text + 1, words[i]);
		if (found && shown++ < 60)
			say("# %s\n", text + 1);
	}
}

/* Kernel threads of ours: "refcost/..." */
static bool threads_left(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char path[300], name[32];
	bool left = false;
	int fd, n;

	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		n = read(fd, name, sizeof(name) - 1);
		close(fd);
		if (n > 0 && !strncmp(name, "refcost/", 8)) {
			name[n - 1] = '\0';
			say("# %s is left, as %s\n", name, entry->d_name);
			left = true;
		}
	}
	closedir(dir);
	return left;
}

static void dump_file(const char *format, int id)
{
	char path[64], text[4096], *line, *rest = text;
	int fd, n;

	snprintf(path, sizeof(path), format, id);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	while ((line = strsep(&rest, "\n")) && *line)
		say("#   %s\n", line);
}

/* Threads that do not end: what they call, and where each of this process is in the kernel. */
static void show_stuck(void)
{
	static bool shown;
	DIR *dir;
	struct dirent *entry;
	unsigned int i;
	int tid;

	if (shown)
		return;
	shown = true;
	for (i = 0; i < opt.threads; i++) {
		if (!threads[i].tid)
			continue;
		printf("# %d is in ", threads[i].tid);
		show_call(i, threads[i].done);
	}
	dir = opendir("/proc/self/task");
	while (dir && (entry = readdir(dir))) {
		tid = atoi(entry->d_name);
		if (!tid || tid == getpid())
			continue;
		say("# %d:\n", tid);
		dump_file("/proc/self/task/%d/comm", tid);
		dump_file("/proc/self/task/%d/stack", tid);
	}
	if (dir)
		closedir(dir);
	write_file("/proc/sysrq-trigger", "w");
	sleep(1);
}

/* --- bursts ----------------------------------------------------------------------------------- */

/* Wait until a thread is out; whatever it does may last until a signal. */
static bool join(pthread_t thread)
{
	uint64_t until = now_ns() + opt.patience * 1000 * MSEC;
	struct timespec when;

	for (;;) {
		clock_gettime(CLOCK_REALTIME, &when);
		when.tv_nsec += 20 * MSEC;
		if (when.tv_nsec >= 1000000000) {
			when.tv_nsec -= 1000000000;
			when.tv_sec++;
		}
		if (!pthread_timedjoin_np(thread, NULL, &when))
			return true;
		if (now_ns() > until) {
			show_stuck();
			return false;
		}
		pthread_kill(thread, SIGUSR1);
	}
}

static uint64_t total(void)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < opt.threads; i++)
		n += threads[i].done;
	return n;
}

static bool calls_left(void)
{
	return !opt.calls || total() < opt.calls / opt.threads * opt.threads;
}

/*
 * Threads that call until the burst is over, the kernel complains, or one of them makes no
 * progress.
 */
static bool burst_calls(uint64_t until)
{
	uint64_t before[THREADS_MAX] = {}, since[THREADS_MAX] = {};
	unsigned int i;

	while (now_ns() < until && calls_left()) {
		usleep(50000);
		if (kernel_complains())
			return false;
		for (i = 0; i < opt.threads; i++) {
			if (threads[i].done != before[i] || !since[i]) {
				before[i] = threads[i].done;
				since[i] = now_ns();
			} else if (threads[i].tid &&
				   now_ns() - since[i] > opt.patience * 1000 * MSEC) {
				show_stuck();
				return false;
			}
		}
	}
	return true;
}

/* Everything is closed and unloaded afterwards. Return: whether all was well. */
static bool burst(unsigned int number, uint64_t until)
{
	struct refcost_info info = { .size = sizeof(info) };
	uint64_t begin = now_ns(), before = total();
	pthread_t arms[ARM_NR];
	unsigned int i;
	bool good, out = true;
	int fd;

	stop = false;
	if (!ok(!module_load(&refcost, ""), "burst %u: refcost.ko loads", number))
		return false;
	module_load(&victim, "objects=4");
	for (i = 0; i < SLOTS; i++)
		slots[i] = open(REFCOST_DEVICE, O_RDWR | O_CLOEXEC);
	for (i = 0; i < opt.threads; i++)
		pthread_create(&threads[i].pthread, NULL, thread_main, &threads[i]);
	for (i = 0; i < ARM_NR; i++)
		if (opt.arms & 1 << i && arm_functions[i])
			pthread_create(&arms[i], NULL, arm_main, (void *)(uintptr_t)i);
	good = burst_calls(until);
	stop = true;
	for (i = 0; i < opt.threads; i++)
		out = join(threads[i].pthread) && out;
	for (i = 0; i < ARM_NR; i++)
		if (opt.arms & 1 << i && arm_functions[i])
			out = join(arms[i]) && out;
	good = ok(good && out, "burst %u: %lu calls in %llu ms, all returned", number,
		  total() - before, (now_ns() - begin) / MSEC);
	if (!good)
		return false;
	for (i = 0; i < SLOTS; i++)
		do_close(i);
	fd = slots[0];
	good = !ioctl(fd, REFCOST_IOC_INFO, &info) && !info.violations;
	for (i = 0; i < SLOTS; i++)
		close(atomic_exchange(&slots[i], -1));
	good = ok(good, "burst %u: no use of text given up (%llu)", number, info.violations);
	good = ok(module_gone(&victim) && module_gone(&refcost), "burst %u: both modules unload",
		  number) &&
	       good;
	good = ok(!threads_left(), "burst %u: no kernel thread is left", number) && good;
	return ok(!kernel_complains(), "burst %u: the kernel reports nothing", number) && good;
}

/* --- memory ----------------------------------------------------------------------------------- */

static void shrink_slabs(void)
{
	DIR *dir = opendir("/sys/kernel/slab");
	struct dirent *entry;
	char path[320];

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", entry->d_name);
		write_file(path, "1");
	}
	if (dir)
		closedir(dir);
}

#define READINGS_MAX 4096
#define THIRD_LEAST  3
static const char *const memory_names[] = { "Percpu:", "SUnreclaim:" };
enum { MEMORIES = sizeof(memory_names) / sizeof(*memory_names) };
static uint64_t readings[MEMORIES][READINGS_MAX]; /* KiB */
static unsigned int nr_readings;

/* With nothing loaded and no cache kept. */
static void read_memory(void)
{
	unsigned int i;

	if (nr_readings == READINGS_MAX)
		return;
	sync();
	write_file("/proc/sys/vm/drop_caches", "3");
	usleep(300000);
	shrink_slabs();
	for (i = 0; i < MEMORIES; i++)
		readings[i][nr_readings] = meminfo(memory_names[i]);
	nr_readings++;
}

static void range(const uint64_t *values, unsigned int n, uint64_t *least, uint64_t *most)
{
	*least = *most = *values;
	while (--n) {
		values++;
		*least = *values < *least ? *values : *least;
		*most = *values > *most ? *values : *most;
	}
}

/*
 * What is lost in each burst adds up: all readings of the last third are above those of the second,
 * and these above those of the first. A cache that grows by a page does so once.
 */
static void compare_memory(void)
{
	unsigned int i, part, third = nr_readings / 3;
	uint64_t least[3], most[3];

	for (i = 0; i < MEMORIES; i++) {
		if (third < THIRD_LEAST) {
			say("ok %d - %s does not grow # SKIP %u bursts are too few\n", ++tap_n,
			    memory_names[i], nr_readings + 1);
			continue;
		}
		for (part = 0; part < 3; part++)
			range(readings[i] + part * third, third, &least[part], &most[part]);
		ok(least[2] <= most[1] || least[1] <= most[0],
		   "%s %lu to %lu KiB in the first third, then %lu to %lu, then %lu to %lu",
		   memory_names[i], least[0], most[0], least[1], most[1], least[2], most[2]);
	}
}

/* --- all of it -------------------------------------------------------------------------------- */

static void print_counts(void)
{
	uint64_t calls = 0, accepted = 0, op_calls, op_accepted, n;
	unsigned int op, i, e, without = 0;
	uint64_t unclean = 0;

	for (op = 0; op < IOCTLS; op++) {
		op_calls = op_accepted = 0;
		for (i = 0; i < opt.threads; i++) {
			op_calls += threads[i].calls[op];
			op_accepted += threads[i].accepted[op];
			unclean += threads[i].errors[op][EUCLEAN];
		}
		printf("# %s: %lu calls, %lu accepted;", op_names[op], op_calls, op_accepted);
		for (e = 1; e < ERRNO_MAX; e++) {
			for (i = 0, n = 0; i < opt.threads; i++)
				n += threads[i].errors[op][e];
			if (n)
				printf(" %s %lu", strerrorname_np(e), n);
		}
		putchar('\n');
		calls += op_calls;
		accepted += op_accepted;
		without += op != ODD && !op_accepted;
	}
	for (i = 0; i < ARM_NR; i++)
		if (opt.arms & 1 << i)
			printf("# %s: %lu times\n", arm_names[i], arm_done[i]);
	ok(accepted * 10 >= calls && calls, "%lu of %lu calls were accepted, a tenth or more",
	   accepted, calls);
	ok(!without, "each kind of call was accepted at least once");
	ok(!unclean, "counts were conserved whenever they were looked at (%lu EUCLEAN)", unclean);
}

/*
 * The first event of a task patches the kernel, as does the first of some kinds, and the last. QEMU
 * may lose a CPU that runs meanwhile (userspace/machine/quiet.h): so one of each is held, from a
 * moment that has one CPU.
 */
static void hold_events(void)
{
	struct perf_event_attr attr = { .size = sizeof(attr),
					.type = PERF_TYPE_SOFTWARE,
					.disabled = 1 };

	cpus_online(false);
	for (attr.config = 0; attr.config < PERF_COUNT_SW_MAX; attr.config++)
		syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	cpus_online(true);
}

/* Make every allocation of a thread one that can fail; nothing is written into the log about it. */
static bool can_fail_allocations(void)
{
	write_file("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	write_file("/sys/kernel/debug/failslab/verbose", "0");
	write_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	write_file("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	write_file("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	return !access("/proc/thread-self/fail-nth", W_OK);
}

static void ignore_signal(int sig)
{
	(void)sig;
}

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: fuzz --modules DIR --schemes NAME,... [OPTION...]\n"
		"  --seconds N    call for so long (default 60 unless --calls)\n"
		"  --calls N      so many calls, all threads together\n"
		"  --threads N    that call (4)\n"
		"  --seed N       of all draws (from the clock)\n"
		"  --burst N      seconds after which all is closed, unloaded and looked at (5)\n"
		"  --patience N   seconds after which a call counts as hung (60)\n"
		"  --arms A,...   what goes on beside: victim,signals,kill,hotplug,memory,failures (all)\n"
		"  --cpus N       CPU numbers to draw from (those of this machine)\n"
		"  --show T/N     print the draws of thread T up to call N, and do nothing\n");
}

static unsigned int parse_arms(char *list)
{
	unsigned int arms = 0, i;
	char *name;

	while ((name = strsep(&list, ","))) {
		for (i = 0; i < ARM_NR && strcmp(name, arm_names[i]); i++)
			;
		if (i == ARM_NR && *name) {
			fprintf(stderr, "fuzz: no arm '%s'\n", name);
			exit(64);
		}
		arms |= *name ? 1 << i : 0;
	}
	return arms;
}

static const char *parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "modules", 1, NULL, 'm' },
		{ "schemes", 1, NULL, 's' },
		{ "seconds", 1, NULL, 't' },
		{ "calls", 1, NULL, 'n' },
		{ "threads", 1, NULL, 'j' },
		{ "seed", 1, NULL, 'r' },
		{ "burst", 1, NULL, 'b' },
		{ "arms", 1, NULL, 'a' },
		{ "show", 1, NULL, 'w' },
		{ "cpus", 1, NULL, 'c' },
		{ "patience", 1, NULL, 'p' },
		{ "help", 0, NULL, 'h' },
		{},
	};
	const char *show = NULL;
	char *name;
	int c;

	opt.seed = now_ns() % 1000000000;
	opt.cpus = sysconf(_SC_NPROCESSORS_CONF);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'm':
			opt.modules = optarg;
			break;
		case 's':
			while ((name = strsep(&optarg, ",")) && opt.nr_schemes < 128)
				opt.schemes[opt.nr_schemes++] = name;
			break;
		case 't':
			opt.seconds = strtoul(optarg, NULL, 0);
			break;
		case 'n':
			opt.calls = strtoull(optarg, NULL, 0);
			break;
		case 'j':
			opt.threads = strtoul(optarg, NULL, 0);
			break;
		case 'r':
			opt.seed = strtoull(optarg, NULL, 0);
			break;
		case 'b':
			opt.burst = strtoul(optarg, NULL, 0);
			break;
		case 'a':
			opt.arms = parse_arms(optarg);
			break;
		case 'w':
			show = optarg;
			break;
		case 'c':
			opt.cpus = strtoul(optarg, NULL, 0);
			break;
		case 'p':
			opt.patience = strtoul(optarg, NULL, 0);
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(64);
		}
	}
	if (!opt.nr_schemes || (!opt.modules && !show) || !opt.threads ||
	    opt.threads > THREADS_MAX || !opt.cpus || opt.cpus > CPUS_MAX - 2 || !opt.burst) {
		usage(stderr);
		exit(64);
	}
	if (!opt.seconds && !opt.calls)
		opt.seconds = 60;
	return show;
}

static int show_calls(const char *show)
{
	unsigned int thread;
	uint64_t last, k;

	if (sscanf(show, "%u/%lu", &thread, &last) != 2)
		return 64;
	for (k = last < 20 ? 0 : last - 20; k <= last; k++)
		show_call(thread, k);
	return 0;
}

static void all_bursts(void)
{
	uint64_t left = opt.seconds ? opt.seconds * 1000 * MSEC : UINT64_MAX, now, length;
	unsigned int n = 0;

	/* Only the bursts' own time counts: a busy host does not make them fewer. */
	do {
		now = now_ns();
		length = opt.burst * 1000 * MSEC < left ? opt.burst * 1000 * MSEC : left;
		if (!burst(n, now + length))
			break;
		/* Caches grow at first use. */
		if (n++)
			read_memory();
		left -= length;
	} while (left && calls_left());
	if (!tap_bad)
		compare_memory();
	print_counts();
	ok(!kernel_complains(), "the kernel reports nothing until the end");
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	const char *show = parse(argc, argv);
	unsigned int i;

	page = sysconf(_SC_PAGESIZE);
	if (opt.arms & 1 << ARM_failures && !show && !can_fail_allocations())
		opt.arms &= ~(1 << ARM_failures);
	if (show)
		return show_calls(show);
	printf("# seed %lu, %u threads, %u CPUs, arms", opt.seed, opt.threads, opt.cpus);
	for (i = 0; i < ARM_NR; i++)
		if (opt.arms & 1 << i)
			printf("%c%s", ",="[!(opt.arms & ((1 << i) - 1))], arm_names[i]);
	say("\n");
	sigaction(SIGUSR1, &action, NULL);
	write_file("/proc/self/oom_score_adj", "-1000");
	for (i = 0; i <= THREADS_MAX; i++)
		threads[i].index = i;
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END) < 0 || !module_read(&refcost, opt.modules) ||
	    !module_read(&victim, opt.modules)) {
		perror("fuzz");
		return 1;
	}
	for (i = 0; i <= THREADS_MAX; i++)
		if (!make_pages(&threads[i].pages))
			return 1;
	hold_events();
	all_bursts();
	finish();
}
