// SPDX-License-Identifier: GPL-2.0
/*
 * Drive every scheme through all short sequences of what can be done to a load and its victim, and
 * compare each result with a model of the documented states. Then the same with a signal in the
 * middle of a gate, with another process that unloads the victim, and beside other modules. As root
 * in a guest, with refcost.ko loaded. Prints TAP. A sequence is a word of the letters in ops[]; -q
 * repeats one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "refcost_uapi.h"

#define MSEC	  1000000LL
#define WORD_MAX  16
#define TRIES	  200
#define NR(array) (sizeof(array) / sizeof((array)[0]))
#define RC(call)  ((call) < 0 ? errno : 0)
#define TAINT_SPLAT \
	(1u << 5 | 1u << 7 | 1u << 9 | 1u << 14) /* bad page, oops, warning, soft lockup */

/**
 * struct scheme - what the model has to know
 * @name: of the scheme
 * @busy: how it refuses while there are users; 0: it waits for them
 * @no_gate: delete_module(2) itself is the check
 * @releases: its gate gives the objects up for good
 * @one_phase: objects can be listed before they are live
 * @interruptible: a signal ends the wait of its gate with EINTR. Others must never say so.
 * @grace: its gate waits for grace periods, also without users
 * @spins: users forbid preemption, so that long holds stall the machine
 */
static const struct scheme {
	const char *name;
	int busy;
	bool no_gate;
	bool releases;
	bool one_phase;
	bool interruptible;
	bool grace;
	bool spins;
} schemes[] = {
	{ .name = "percpu_live", .busy = EWOULDBLOCK, .one_phase = true },
	{ .name = "percpu_atomic", .busy = EWOULDBLOCK, .one_phase = true },
	{ .name = "percpu_array", .busy = EWOULDBLOCK, .one_phase = true },
	{ .name = "percpu_alloc", .busy = EWOULDBLOCK, .one_phase = true },
	{ .name = "speculative_get", .busy = EWOULDBLOCK, .one_phase = true },
	{ .name = "trylock_percpu", .busy = EWOULDBLOCK },
	{ .name = "percpu_rcu", .busy = EWOULDBLOCK, .one_phase = true, .grace = true },
	{ .name = "percpu_ref", .releases = true, .interruptible = true, .grace = true },
	{ .name = "try_module_get", .busy = EWOULDBLOCK, .no_gate = true },
	{ .name = "module_get", .busy = EWOULDBLOCK, .no_gate = true },
	{ .name = "global_lock", .busy = EBUSY },
	{ .name = "interface_count", .busy = EBUSY },
	{ .name = "module_rwsem", .busy = EWOULDBLOCK },
	{ .name = "kref", .releases = true, .interruptible = true },
	{ .name = "object_exit1", .busy = EBUSY },
	{ .name = "object_exit2", .busy = EBUSY },
	{ .name = "refcount", .releases = true, .interruptible = true, .grace = true },
	{ .name = "kref_unless_zero", .releases = true, .interruptible = true, .grace = true },
	{ .name = "kobject", .releases = true, .interruptible = true },
	{ .name = "lockref", .releases = true, .interruptible = true, .grace = true },
	{ .name = "rcuref", .releases = true, .interruptible = true, .grace = true },
	{ .name = "file_ref", .releases = true, .interruptible = true, .grace = true },
	{ .name = "release_wait", .releases = true, .interruptible = true },
	{ .name = "release_count_before", .no_gate = true },
	{ .name = "release_count_after", .no_gate = true },
	{ .name = "active_ref" },
	{ .name = "active_rwsem" },
	{ .name = "revocable", .interruptible = true },
	{ .name = "exit_release", .busy = EWOULDBLOCK, .no_gate = true },
	{ .name = "external_release", .releases = true },
	{ .name = "rwsem" },
	{ .name = "rwlock", .spins = true },
	{ .name = "percpu_rwsem", .grace = true },
	{ .name = "srcu" },
	{ .name = "srcu_object", .interruptible = true },
	{ .name = "srcu_fast", .grace = true },
	{ .name = "rcu", .grace = true, .spins = true },
	{ .name = "hazptr", .interruptible = true },
	{ .name = "hazptr_ipi", .interruptible = true },
};

enum op {
	START,
	START_BYSTANDER,
	START_EARLY,
	START_EARLY_BYSTANDER,
	START_ONE_PHASE,
	START_ONE_PHASE_BYSTANDER,
	GATE,
	UNGATE,
	STAT,
	STOP,
	CLOSE,
	RUN,
	INSERT,
	DELETE,
	OPS,
};

static const struct {
	char letter;
	uint32_t flags;
} ops[OPS] = {
	[START] = { 'S' },
	[START_BYSTANDER] = { 'B', REFCOST_RUN_BYSTANDER },
	[START_EARLY] = { 'E', REFCOST_RUN_EARLY },
	[START_EARLY_BYSTANDER] = { 'e', REFCOST_RUN_EARLY | REFCOST_RUN_BYSTANDER },
	[START_ONE_PHASE] = { 'O', REFCOST_RUN_EARLY | REFCOST_RUN_ONE_PHASE },
	[START_ONE_PHASE_BYSTANDER] = { 'o', REFCOST_RUN_EARLY | REFCOST_RUN_ONE_PHASE |
						     REFCOST_RUN_BYSTANDER },
	[GATE] = { 'G' },
	[UNGATE] = { 'U' },
	[STAT] = { 'T' },
	[STOP] = { 'P' },
	[CLOSE] = { 'C' },
	[RUN] = { 'R' },
	[INSERT] = { 'I' },
	[DELETE] = { 'D' },
};

/**
 * struct model - where a sequence stands, as documented in refcost_uapi.h
 * @objects: that the victim has when it is loaded
 * @workers: of a load
 * @users: those that are no bystander
 * @victim: it is loaded
 * @alive: objects that were not released
 * @load: there is a load
 * @early: it began before its victim
 * @bound: its scheme protects the victim that is loaded
 * @gated: the gate has succeeded
 */
struct model {
	uint32_t objects;
	uint32_t workers;
	uint32_t users;
	bool victim;
	uint32_t alive;
	bool load;
	bool early;
	bool bound;
	bool gated;
};

static struct {
	const char *only;
	const char *word;
	bool bystanders;
	int length;
	int n;
	uint32_t objects;
	uint32_t workers;
	unsigned int deadline;
} opt = { .length = 4, .n = 10, .deadline = 600 };

static const char *modules, *slow_modules;
static uint32_t cpus[64];
static uint64_t hold_ns, think_ns;
static int device = -1;

/* For the process that watches the time: what is going on. */
static char *now_doing;
#define DOING_SIZE 256

/* --- results ---------------------------------------------------------------------------------- */

static int tap_n, tap_failed, wrong;

static void wrong_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void wrong_line(const char *fmt, ...)
{
	va_list args;

	if (++wrong > 8)
		return;
	printf("# %s: ", now_doing);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
}

static void no_threads_left(void);
static void tap(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void tap(const char *fmt, ...)
{
	va_list args;

	no_threads_left();
	printf("%sok %d - ", wrong ? "not " : "", ++tap_n);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	tap_failed += !!wrong;
	wrong = 0;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		wrong_line("%s: %s", path, strerror(errno));
	close(fd);
}

/* Return: length, 0 if there is no such file. */
static int read_file(const char *path, char *text, int size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), n;

	text[0] = '\0';
	if (fd < 0)
		return 0;
	n = read(fd, text, size - 1);
	close(fd);
	n = n < 0 ? 0 : n;
	text[n] = '\0';
	return n;
}

static long read_number(const char *path)
{
	char text[32];

	return read_file(path, text, sizeof(text)) ? atol(text) : -1;
}

/* Said before it is done, and to the kernel's log: a panic is then about this. */
static void doing(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void doing(const char *fmt, ...)
{
	char line[DOING_SIZE + 16];
	va_list args;

	va_start(args, fmt);
	vsnprintf(now_doing, DOING_SIZE, fmt, args);
	va_end(args);
	snprintf(line, sizeof(line), "<5>states: %s", now_doing);
	write_file("/dev/kmsg", line);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 * MSEC + t.tv_nsec;
}

static void pause_ns(int64_t ns)
{
	struct timespec t = { ns / 1000 / MSEC, ns % (1000 * MSEC) };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static void expedite(bool on)
{
	write_file("/sys/kernel/rcu_expedited", on ? "1" : "0");
}

/* --- what can be done; each returns an errno -------------------------------------------------- */

static int insert_from(const char *dir, const char *module, uint32_t objects)
{
	char path[512], params[32] = "";
	int fd, err;

	snprintf(path, sizeof(path), "%s/%s.ko", dir, module);
	if (objects)
		snprintf(params, sizeof(params), "objects=%u", objects);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	err = RC(syscall(SYS_finit_module, fd, params, 0));
	close(fd);
	return err;
}

static int insert(uint32_t objects)
{
	return insert_from(modules, "refcost_victim", objects);
}

static int delete_module(const char *module)
{
	return RC(syscall(SYS_delete_module, module, O_NONBLOCK));
}

static int delete_victim(void)
{
	return delete_module("refcost_victim");
}

static int reopen(void)
{
	if (device >= 0)
		close(device);
	device = open(REFCOST_DEVICE, O_RDWR | O_CLOEXEC);
	return device < 0 ? errno : 0;
}

static struct refcost_run sane_run(const char *scheme, uint32_t objects)
{
	struct refcost_run run = {
		.size = sizeof(run),
		.mode = REFCOST_LOOKUP,
		.objects = objects,
		.cpus = (uintptr_t)cpus,
	};

	snprintf(run.scheme, sizeof(run.scheme), "%s", scheme);
	return run;
}

static int start_run(struct refcost_run *run)
{
	return RC(ioctl(device, REFCOST_IOC_LOAD_START, run));
}

static int start(const char *scheme, uint32_t flags, uint32_t objects, uint32_t workers)
{
	struct refcost_run run = sane_run(scheme, objects);

	run.flags = flags;
	run.hold_ns = hold_ns;
	run.think_ns = think_ns;
	run.nr_cpus = workers;
	return start_run(&run);
}

static int gate_once(void)
{
	struct refcost_gate gate = { .size = sizeof(gate) };
	int err = RC(ioctl(device, REFCOST_IOC_GATE, &gate));

	return err ?: gate.busy;
}

/* As the command does: a busy gate is tried again. */
static int gate(void)
{
	int tries = TRIES, err;

	while (((err = gate_once()) == EBUSY || err == EWOULDBLOCK) && --tries)
		pause_ns(MSEC / 10);
	return err;
}

static int ungate(void)
{
	return RC(ioctl(device, REFCOST_IOC_UNGATE));
}

static int stat_load(unsigned long cmd)
{
	struct refcost_load_stat stat = { .size = sizeof(stat) };
	int err = RC(ioctl(device, cmd, &stat));

	if (!err && stat.violations)
		wrong_line("%llu uses of text given up", (unsigned long long)stat.violations);
	return err;
}

static int stop(void)
{
	return stat_load(REFCOST_IOC_LOAD_STOP);
}

static int run_once(const char *scheme, uint32_t objects)
{
	struct refcost_worker_result result;
	struct refcost_run run = sane_run(scheme, objects);

	run.nr_cpus = 1;
	run.mode = REFCOST_GETPUT;
	run.window_ns = REFCOST_WINDOW_MIN;
	run.results = (uintptr_t)&result;
	return RC(ioctl(device, REFCOST_IOC_RUN, &run));
}

/* --- the model -------------------------------------------------------------------------------- */

static bool is_start(enum op op)
{
	return op <= START_ONE_PHASE_BYSTANDER;
}

static int expected_start(const struct model *m, const struct scheme *s, uint32_t flags)
{
	if (m->load)
		return EBUSY;
	if (flags & REFCOST_RUN_ONE_PHASE && !s->one_phase)
		return EOPNOTSUPP;
	if (flags & REFCOST_RUN_EARLY)
		return m->victim ? EEXIST : 0;
	if (!m->victim)
		return ENXIO;
	return m->alive < m->objects ? ESTALE : 0;
}

/* Return: what the operation says here if nobody is in its way. */
static int expected(const struct model *m, const struct scheme *s, enum op op)
{
	switch (op) {
	case GATE:
		if (m->load && !m->bound)
			return ENXIO;
		return m->load ? 0 : ENOTCONN;
	case UNGATE:
	case STAT:
	case STOP:
		return m->load ? 0 : ENOTCONN;
	case CLOSE:
		return 0;
	case RUN:
		if (m->load)
			return EBUSY;
		if (!m->victim)
			return ENXIO;
		return m->alive < m->objects ? ESTALE : 0;
	case INSERT:
		if (m->victim)
			return EEXIST;
		return m->load && !m->early ? EBUSY : 0;
	case DELETE:
		return m->victim ? 0 : ENOENT;
	default:
		return expected_start(m, s, ops[op].flags);
	}
}

/* Or this, if somebody is. */
static bool may_be_busy(const struct model *m, const struct scheme *s, enum op op, int err)
{
	if (!err || err != s->busy || !m->bound || !m->users)
		return false;
	return op == (s->no_gate ? DELETE : GATE);
}

static struct model after(struct model m, const struct scheme *s, enum op op, int err)
{
	if (err)
		return m;
	switch (op) {
	case GATE:
		m.gated = !s->no_gate;
		if (s->releases)
			m.alive = 0;
		break;
	case UNGATE:
		m.gated = false;
		break;
	case STOP:
	case CLOSE:
		m.load = m.early = m.bound = m.gated = false;
		break;
	case INSERT:
		m.victim = true;
		m.alive = m.objects;
		m.bound = m.load;
		break;
	case DELETE:
		m.victim = m.bound = m.gated = false;
		m.alive = 0;
		break;
	case RUN:
	case STAT:
		break;
	default:
		m.load = true;
		m.early = ops[op].flags & REFCOST_RUN_EARLY;
		m.bound = !m.early;
		m.users = m.workers - (m.workers && ops[op].flags & REFCOST_RUN_BYSTANDER);
	}
	return m;
}

static bool same(const struct model *a, const struct model *b)
{
	return a->victim == b->victim && a->alive == b->alive && a->load == b->load &&
	       a->early == b->early && a->bound == b->bound && a->gated == b->gated;
}

static bool changes(const struct model *m, const struct scheme *s, enum op op)
{
	struct model next = after(*m, s, op, expected(m, s, op));

	return !same(m, &next);
}

static int execute(const struct model *m, const struct scheme *s, enum op op)
{
	int tries = TRIES, err;

	switch (op) {
	case GATE:
		return gate();
	case UNGATE:
		return ungate();
	case STAT:
		return stat_load(REFCOST_IOC_LOAD_STAT);
	case STOP:
		return stop();
	case CLOSE:
		return reopen();
	case RUN:
		return run_once(s->name, m->objects);
	case INSERT:
		return insert(m->objects);
	case DELETE:
		while ((err = delete_victim()) == EWOULDBLOCK && --tries && m->load)
			pause_ns(MSEC / 10);
		return err;
	default:
		return start(s->name, ops[op].flags, m->objects, m->workers);
	}
}

static void look_at_info(uint32_t alive)
{
	struct refcost_info info = { .size = sizeof(info) };
	int err = RC(ioctl(device, REFCOST_IOC_INFO, &info));

	if (err)
		wrong_line("INFO: %s", strerror(err));
	else if (info.abi != REFCOST_ABI || info.nr_objects != alive || info.violations)
		wrong_line("INFO: ABI %u, %u objects (of %u), %llu violations", info.abi,
			   info.nr_objects, alive, (unsigned long long)info.violations);
}

static void step(struct model *m, const struct scheme *s, enum op op, const char *when)
{
	int want = expected(m, s, op), got = execute(m, s, op);

	if (got != want && !may_be_busy(m, s, op, got))
		wrong_line("%c %s: %s (want %s)", ops[op].letter, when, strerror(got),
			   strerror(want));
	*m = after(*m, s, op, got);
}

/* --- nothing is left -------------------------------------------------------------------------- */

static int threads(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char path[300], name[32];
	int n = 0;

	while ((entry = readdir(proc))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (read_file(path, name, sizeof(name)) && !strncmp(name, "refcost/", 8))
			n++;
	}
	closedir(proc);
	return n;
}

/*
 * One that is left stays left, so it is enough to look when many words are over. An exited one may
 * take a while.
 */
static void no_threads_left(void)
{
	int tries = 100, n;

	while ((n = threads()) && --tries)
		pause_ns(MSEC);
	if (n)
		wrong_line("%d threads are left", n);
}

static void nothing_left(void)
{
	static long tainted = -1;
	long taint = read_number("/proc/sys/kernel/tainted");
	int n;

	look_at_info(0);
	close(device);
	device = -1;
	if (!access("/sys/module/refcost_victim", F_OK))
		wrong_line("the victim is still loaded");
	n = read_number("/sys/module/refcost/refcnt");
	if (n)
		wrong_line("refcost has %d users left", n);
	if (tainted >= 0 && (taint & ~tainted & TAINT_SPLAT))
		wrong_line("the kernel complained (tainted %ld)", taint);
	tainted = taint;
	reopen();
}

/* Close, delete: whatever was done before, both work. */
static void put_back(void)
{
	int err = reopen();

	if (err)
		wrong_line("open: %s", strerror(err));
	err = delete_victim();
	if (err && err != ENOENT)
		wrong_line("delete_module at the end: %s", strerror(err));
	nothing_left();
}

/* --- sequences -------------------------------------------------------------------------------- */

static struct {
	const struct scheme *scheme;
	struct model begin;
	int length;
	char last[WORD_MAX];
	long words, steps;
} walk;

static enum op op_of(char letter)
{
	enum op op;

	for (op = 0; op < OPS; op++)
		if (ops[op].letter == letter)
			return op;
	return OPS;
}

/* What changes nothing is tried in every state that a word leads to, the first time it does. */
static void try_refused(struct model *m, const char *when)
{
	enum op op;

	for (op = 0; op < OPS; op++) {
		/* a module of that name is refused by the kernel, at some expense */
		if (changes(m, walk.scheme, op) || (op == INSERT && m->victim))
			continue;
		step(m, walk.scheme, op, when);
		walk.steps++;
	}
}

static void walk_word(const char *word)
{
	struct model m = walk.begin;
	char when[WORD_MAX + 8];
	size_t known = 0, i;

	while (word[known] && word[known] == walk.last[known])
		known++;
	doing("%s, %u workers, %u objects, %s", walk.scheme->name, m.workers, m.objects, word);
	if (!walk.words)
		try_refused(&m, "at first");
	for (i = 0; word[i]; i++) {
		snprintf(when, sizeof(when), "after %.*s", (int)i, word);
		step(&m, walk.scheme, op_of(word[i]), when);
		walk.steps++;
		if (i < known)
			continue;
		snprintf(when, sizeof(when), "after %.*s", (int)i + 1, word);
		try_refused(&m, when);
	}
	look_at_info(m.alive);
	put_back();
	walk.words++;
	snprintf(walk.last, sizeof(walk.last), "%s", word);
}

/*
 * All words of operations that change something. The victim's being loaded at first is no step;
 * what would be the other beginning again is left out.
 */
static void walk_from(char *word, int n, int left, struct model m)
{
	enum op op;

	if (!left) {
		word[n] = '\0';
		walk_word(word);
		return;
	}
	for (op = 0; op < OPS; op++) {
		if (!changes(&m, walk.scheme, op) || (left == walk.length && !is_start(op)))
			continue;
		if (ops[op].flags & REFCOST_RUN_BYSTANDER && !opt.bystanders)
			continue;
		word[n] = ops[op].letter;
		walk_from(word, n + 1, left - 1,
			  after(m, walk.scheme, op, expected(&m, walk.scheme, op)));
	}
}

static bool lacking(const struct scheme *s)
{
	bool no;

	insert(1);
	no = start(s->name, 0, 1, 0) == EOPNOTSUPP;
	reopen();
	delete_victim();
	return no;
}

static void sequences(const struct scheme *s, int length, uint32_t workers, uint32_t objects)
{
	int64_t begin = now_ns();
	char word[WORD_MAX] = "I";
	struct model m = { .objects = objects, .workers = workers };

	memset(&walk, 0, sizeof(walk));
	walk.scheme = s;
	walk.begin = m;
	walk.length = length;
	hold_ns = think_ns = workers ? MSEC / 20 : 0;
	walk_from(word, 0, length, m);
	word[0] = 'I';
	walk_from(word, 1, length, after(m, s, INSERT, 0));
	tap("%s, %u workers, %u objects: %ld sequences of %d, %ld steps, %lld ms", s->name, workers,
	    objects, walk.words, length, walk.steps, (long long)(now_ns() - begin) / MSEC);
}

/* --- refusals --------------------------------------------------------------------------------- */

static void refused_start(const char *scheme, uint32_t flags, uint32_t objects, uint32_t nr_cpus,
			  int want)
{
	struct refcost_run run = sane_run(scheme, objects);
	int got;

	run.flags = flags;
	run.nr_cpus = nr_cpus;
	got = start_run(&run);
	if (got != want)
		wrong_line("LOAD_START %s, flags %#x, %u objects, %u CPUs: %s (want %s)", scheme,
			   flags, objects, nr_cpus, strerror(got), strerror(want));
	if (!got)
		stop();
}

/* Flags that exclude each other, and numbers of objects: with and without a victim of 4. */
static void refusals(void)
{
	static const uint32_t never[] = {
		REFCOST_RUN_EXACT,
		REFCOST_RUN_ONE_PHASE,
		REFCOST_RUN_ONE_PHASE | REFCOST_RUN_BYSTANDER,
		REFCOST_RUN_EXACT | REFCOST_RUN_EARLY,
		REFCOST_RUN_EXACT | REFCOST_RUN_EARLY | REFCOST_RUN_ONE_PHASE,
		REFCOST_RUN_FLAGS,
		REFCOST_RUN_FLAGS + 1,
		1u << 31,
	};
	static const uint32_t too_many[] = { REFCOST_OBJECTS_MAX + 1, 1u << 31, UINT32_MAX };
	const uint32_t early = REFCOST_RUN_EARLY, one_phase = early | REFCOST_RUN_ONE_PHASE;
	size_t i;
	int victim;

	for (victim = 0; victim < 2; victim++) {
		doing("refusals, %s victim", victim ? "with a" : "no");
		if (victim)
			insert(4);
		for (i = 0; i < NR(never); i++)
			refused_start("percpu_live", never[i], 1, 1, EINVAL);
		for (i = 0; i < NR(too_many); i++) {
			refused_start("percpu_array", 0, too_many[i], 1, EINVAL);
			refused_start("percpu_array", early, too_many[i], 1, EINVAL);
			refused_start("percpu_array", one_phase, too_many[i], 0, EINVAL);
		}
		refused_start("percpu_live", early, 1, UINT32_MAX, EINVAL);
		refused_start("kref", one_phase, 1, 0, EOPNOTSUPP);
		refused_start("empty", 0, 1, 0, EOPNOTSUPP);
		refused_start("empty", early, 1, 0, EOPNOTSUPP);
		refused_start("frob", 0, 1, 0, ENOENT);
		refused_start("kref", 0, 5, 0, victim ? ERANGE : ENXIO);
		refused_start("kref", 0, 4, 0, victim ? 0 : ENXIO);
		refused_start("kref", early, 1, 0, victim ? EEXIST : 0);
		refused_start("kref", early, REFCOST_OBJECTS_MAX, 1, victim ? EEXIST : 0);
		put_back();
	}
	tap("what must not be started is refused");
}

/* Users may look for more objects than the victim brings: they do not find them. */
static void too_few_objects(const struct scheme *s)
{
	int err;

	doing("%s, EARLY, 4096 objects, a victim with 1", s->name);
	hold_ns = think_ns = 0;
	err = start(s->name, REFCOST_RUN_EARLY, REFCOST_OBJECTS_MAX, 1) ?: insert(1) ?: gate();
	if (err)
		wrong_line("%s", strerror(err));
	put_back();
	tap("%s: users that look for objects that are not there", s->name);
}

/* What another scheme's gate has released cannot be bound by any. */
static void released_objects(const struct scheme *released, const char *only)
{
	int err, i;

	doing("%s gives its objects up, others follow", released->name);
	err = insert(4) ?: start(released->name, 0, 1, 0) ?: gate() ?: stop();
	if (err)
		wrong_line("%s: %s", released->name, strerror(err));
	look_at_info(0);
	for (i = 0; i < (int)NR(schemes); i++) {
		if (only && strcmp(only, schemes[i].name))
			continue;
		doing("%s after %s's gate", schemes[i].name, released->name);
		err = start(schemes[i].name, 0, 1, 0);
		if (err != ESTALE && err != EOPNOTSUPP)
			wrong_line("LOAD_START: %s (want %s)", strerror(err), strerror(ESTALE));
		reopen();
		err = run_once(schemes[i].name, 1);
		if (err != ESTALE && err != EOPNOTSUPP)
			wrong_line("RUN: %s (want %s)", strerror(err), strerror(ESTALE));
	}
	put_back();
	tap("objects that %s has released: no scheme is bound to them", released->name);
}

/* --- signals ---------------------------------------------------------------------------------- */

static volatile sig_atomic_t signals;
static timer_t timer;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

static void timer_begin(void)
{
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART */
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };

	sigaction(SIGUSR1, &action, NULL);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer)) {
		perror("timer_create");
		exit(1);
	}
}

static void timer_set(int64_t ns)
{
	struct itimerspec when = { .it_value = { ns / 1000 / MSEC, ns % (1000 * MSEC) } };

	timer_settime(timer, 0, &when, NULL);
}

/* Far longer than the machine takes to deliver a signal, also where others have the host. */
#define HOLD_NS (20 * MSEC)

enum then { THEN_STOP, THEN_CLOSE, THEN_GATE, THEN_DELETE, THEN_UNGATE, THENS };
static const char *const then_names[] = { "LOAD_STOP", "close", "GATE", "delete_module", "UNGATE" };

static void allow(const char *what, int got, int one, int other)
{
	if (got && got != one && got != other)
		wrong_line("%s: %s", what, strerror(got));
}

/* A signal that comes only now ends this gate instead, where one can; once more it has to do its work. */
static int gate_again(const struct scheme *s)
{
	int before = signals, err = gate();

	return err == EINTR && s->interruptible && signals != before ? gate() : err;
}

static void do_then(const struct scheme *s, enum then then)
{
	switch (then) {
	case THEN_STOP:
		break;
	case THEN_CLOSE:
		reopen();
		return;
	case THEN_GATE:
		allow("GATE again", gate_again(s), s->busy, 0);
		break;
	case THEN_DELETE:
		allow("delete_module", delete_victim(), EWOULDBLOCK, 0);
		break;
	default:
		allow("UNGATE", ungate(), 0, 0);
		allow("GATE after UNGATE", gate_again(s), s->busy, 0);
		break;
	}
	allow("LOAD_STOP", stop(), 0, 0);
}

/* One gate with a signal after @delay_ns (0: none). Return: its errno. */
static int signalled_gate(const struct scheme *s, bool slow, int64_t delay_ns, int64_t *took_ns,
			  enum then then)
{
	int err;

	expedite(!slow);
	hold_ns = slow ? 0 : HOLD_NS;
	think_ns = s->busy ? hold_ns : 0; /* where the gate waits, there is somebody to wait for */
	err = insert(4) ?: start(s->name, 0, 4, !slow);
	if (err)
		wrong_line("LOAD_START: %s", strerror(err));
	if (delay_ns)
		timer_set(delay_ns);
	*took_ns = now_ns();
	err = gate_once();
	*took_ns = now_ns() - *took_ns;
	if (delay_ns)
		do_then(s, then);
	timer_set(0);
	expedite(true);
	put_back();
	return err;
}

/*
 * Signals at @n moments spread over the gate, and beyond its end; again until @n gates were
 * interrupted where they can be.
 */
static void signals_over_gate(const struct scheme *s, int n)
{
	int i, interrupted = 0, during = 0, err;
	int64_t span[2] = { 0 }, took, begin = now_ns();

	for (i = 0; i < 6; i++) {
		doing("%s, how long its gate takes", s->name);
		signalled_gate(s, i % 2, 0, &took, 0);
		if (!span[i % 2] || took < span[i % 2])
			span[i % 2] = took;
	}
	for (i = 0; s->interruptible ? interrupted < n && i < 10 * n : i < n; i++) {
		bool slow = s->grace && i % 3 == 2;
		int64_t delay = 1000 + span[slow] * 5 / 4 * (i % n) / n;
		enum then then = i / 2 % THENS;
		int before = signals;

		doing("%s, %s, signal after %lld us, %s", s->name, slow ? "no users" : "1 user",
		      (long long)delay / 1000, then_names[then]);
		err = signalled_gate(s, slow, delay, &took, then);
		interrupted += err == EINTR;
		during += signals != before && took > delay;
		if (err && err != s->busy && err != EINTR)
			wrong_line("GATE: %s", strerror(err));
	}
	if (s->interruptible ? interrupted < n : interrupted)
		wrong_line("%d of %d gates were interrupted", interrupted, i);
	tap("%s: %d gates, signals during %d, %d interrupted%s, %lld ms", s->name, i, during,
	    interrupted, s->interruptible ? "" : " (it cannot be)",
	    (long long)(now_ns() - begin) / MSEC);
	printf("# interrupted gates: %d\n", interrupted);
}

/* A process of its own, which says when it is about to call the gate, and may be killed in it. */
static pid_t gate_in_child(const struct scheme *s, uint32_t users)
{
	int ready[2];
	pid_t pid;
	char c;

	if (pipe(ready) || (pid = fork()) < 0) {
		perror("fork");
		exit(1);
	}
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		if (reopen() || start(s->name, 0, 4, users) || write(ready[1], "", 1) != 1)
			_exit(1);
		close(ready[1]);
		gate();
		pause();
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		wrong_line("no load in the child");
	close(ready[0]);
	return pid;
}

static void killed_in_gate(const struct scheme *s, int n)
{
	int64_t begin = now_ns();
	int i, status, err;

	for (i = 0; i < n; i++) {
		uint32_t users = !(s->grace && i % 2);
		int64_t delay = HOLD_NS * 5 / 4 * i / n;
		pid_t pid;

		doing("%s, %u users, killed after %lld us", s->name, users,
		      (long long)delay / 1000);
		expedite(users);
		hold_ns = HOLD_NS;
		think_ns = s->busy ? hold_ns : 0;
		err = insert(4);
		if (err)
			wrong_line("insert: %s", strerror(err));
		pid = gate_in_child(s, users);
		pause_ns(delay);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		expedite(true);
		err = delete_victim();
		if (err)
			wrong_line("delete_module: %s", strerror(err));
		put_back();
	}
	tap("%s: %d times killed in the gate, %lld ms", s->name, n,
	    (long long)(now_ns() - begin) / MSEC);
}

/* --- another process unloads ------------------------------------------------------------------ */

static bool victim_going(void)
{
	char state[16];

	read_file("/sys/module/refcost_victim/initstate", state, sizeof(state));
	return !strcmp(state, "going\n");
}

/* After exit() of the victim and before the notifier: what can still be asked for. */
static void do_while_going(const struct scheme *s, enum then then)
{
	int err;

	if (then == THEN_GATE || then == THEN_UNGATE) {
		err = gate_once();
		if (err != ENXIO)
			wrong_line("GATE: %s (want %s)", strerror(err), strerror(ENXIO));
		err = ungate();
		if (err)
			wrong_line("UNGATE: %s", strerror(err));
	}
	if (then == THEN_UNGATE)
		return; /* the load goes on until the victim is gone */
	if (then == THEN_CLOSE) {
		reopen();
	} else {
		err = stop();
		if (err)
			wrong_line("LOAD_STOP: %s", strerror(err));
	}
	look_at_info(0);
	err = start(s->name, 0, 1, 0);
	if (err != ENXIO && err != ESTALE)
		wrong_line("LOAD_START: %s (want %s or %s)", strerror(err), strerror(ENXIO),
			   strerror(ESTALE));
	err = run_once(s->name, 1);
	if (err != ENXIO && err != ESTALE)
		wrong_line("RUN: %s (want %s or %s)", strerror(err), strerror(ENXIO),
			   strerror(ESTALE));
}

static bool ended_while_going(const struct scheme *s, bool gated, uint32_t users, enum then then)
{
	int64_t until = now_ns() + 2000 * MSEC;
	bool hit = false;
	int status = -1, err;
	pid_t pid;

	hold_ns = think_ns = users ? MSEC / 20 : 0;
	err = insert_from(slow_modules, "refcost_victim", 4) ?: start(s->name, 0, 4, users) ?:
	      gated ? gate() : 0;
	if (err && err != s->busy)
		wrong_line("before: %s", strerror(err));
	pid = fork();
	if (!pid) {
		int tries = TRIES;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(device); /* or it would not be closed when the test does so */
		while ((err = delete_victim()) == EWOULDBLOCK && --tries)
			pause_ns(MSEC / 10);
		_exit(err);
	}
	while (!victim_going() && now_ns() < until)
		pause_ns(MSEC / 5);
	/* Users are halted, objects are released; exit() sleeps for 30 ms. */
	pause_ns(10 * MSEC);
	hit = victim_going();
	if (hit)
		do_while_going(s, then);
	hit = hit && victim_going();
	waitpid(pid, &status, 0);
	if (status)
		wrong_line("delete_module of the other: %s", strerror(WEXITSTATUS(status)));
	put_back();
	return hit;
}

static void ended_by_two(const struct scheme *s)
{
	int64_t begin = now_ns();
	int hits = 0, n = 0, i;

	for (i = 0; i < 8; i++) {
		static const enum then thens[] = { THEN_STOP, THEN_CLOSE, THEN_GATE, THEN_UNGATE };
		enum then then = thens[i % 4];
		uint32_t users = (i + i / 4 + opt.workers) % 2;
		bool gated = i & 4;

		if (gated && s->no_gate)
			continue;
		doing("%s, %u users, %s, %s while another's rmmod is in exit()", s->name, users,
		      gated ? "gated" : "not gated", then_names[then]);
		hits += ended_while_going(s, gated, users, then);
		n++;
	}
	if (hits < n / 2)
		wrong_line("met in exit() only %d of %d times", hits, n);
	tap("%s: the load ended %d times during another's rmmod, %d in exit(), %lld ms", s->name, n,
	    hits, (long long)(now_ns() - begin) / MSEC);
}

/* --- beside other modules --------------------------------------------------------------------- */

#define BESIDE_HOLD 100 /* ms that a user stays */

enum beside { ALONE, BESIDE_LOAD, BESIDE_GATE, BESIDE_BARRIER, BESIDE_KILLED, BESIDES };
static const char *const beside_names[] = { "alone", "during a load", "during a gate",
					    "during a barrier", "after a kill in a gate" };

static pid_t child_does(const struct scheme *s, enum beside what)
{
	struct refcost_run run = sane_run(s->name, 1);
	pid_t pid;

	if (what == BESIDE_KILLED)
		return gate_in_child(s, 1);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (what == BESIDE_GATE)
		_exit(gate());
	run.nr_cpus = 1;
	run.late_ns = 200 * MSEC;
	_exit(start_run(&run));
}

/* Return: ms that loading a module takes which has nothing to do with us. */
static double insert_other(const struct scheme *s, enum beside what)
{
	int64_t begin, took;
	pid_t pid = 0;
	int err;

	doing("%s, another module is loaded %s", s->name, beside_names[what]);
	hold_ns = BESIDE_HOLD * MSEC;
	think_ns = 0;
	err = insert(4);
	if (!err && (what == BESIDE_LOAD || what == BESIDE_GATE))
		err = start(s->name, 0, 1, 1);
	if (err)
		wrong_line("before: %s", strerror(err));
	pause_ns(20 * MSEC); /* so that the user is inside */
	if (what >= BESIDE_GATE)
		pid = child_does(s, what);
	pause_ns(10 * MSEC);
	if (what == BESIDE_KILLED)
		kill(pid, SIGKILL);
	begin = now_ns();
	err = insert_from(modules, "refcost_plain1", 0);
	took = now_ns() - begin;
	if (err)
		wrong_line("the other module: %s", strerror(err));
	if (pid)
		waitpid(pid, NULL, 0);
	delete_module("refcost_plain1");
	if (what == BESIDE_BARRIER)
		stop();
	put_back();
	return took / 1e6;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

#define BESIDE_ROUNDS 12
#define BESIDE_MOST   2.0 /* ms */

/*
 * Until it is killed: virtual CPUs that are idle take milliseconds to answer another, busy ones do
 * not.
 */
static pid_t keep_awake(int cpu)
{
	struct sched_param param = { 0 };
	cpu_set_t set;
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_range(3, ~0U, 0);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	sched_setscheduler(0, SCHED_IDLE, &param);
	for (;;)
		;
}

/*
 * Loads take turns, so that what else the machine does is the same for all: sets the median of each
 * kind.
 */
static void insert_others(const struct scheme *s, double median[BESIDES])
{
	static double ms[BESIDES][BESIDE_ROUNDS];
	int round, what;

	for (round = 0; round < BESIDE_ROUNDS; round++)
		for (what = 0; what < BESIDES; what++)
			ms[what][round] = insert_other(s, what);
	for (what = 0; what < BESIDES; what++) {
		qsort(ms[what], BESIDE_ROUNDS, sizeof(ms[what][0]), by_size);
		median[what] = (ms[what][BESIDE_ROUNDS / 2 - 1] + ms[what][BESIDE_ROUNDS / 2]) / 2;
	}
}

/* Return: what takes longer than it may, or ALONE. */
static int beside_slow(const double median[BESIDES])
{
	int what;

	for (what = ALONE + 1; what < BESIDES; what++) {
		int control = what == BESIDE_LOAD || what == BESIDE_BARRIER ? ALONE : BESIDE_LOAD;
		/*
		 * A user that never rests takes its CPU and slows what crosses CPUs, and a process
		 * that is killed has work to do, which is no fault: it must not make others wait
		 * for the user.
		 */
		double most =
			what == BESIDE_KILLED ? BESIDE_HOLD / 2.0 : median[control] + BESIDE_MOST;

		if (median[what] > most)
			return what;
	}
	return ALONE;
}

static void beside_others(const struct scheme *s)
{
	pid_t awake[] = { keep_awake(0), keep_awake(1) };
	double median[BESIDES];
	int slow;
	size_t i;

	insert_others(s, median);
	for (i = 0; i < sizeof(awake) / sizeof(awake[0]); i++) {
		kill(awake[i], SIGKILL);
		waitpid(awake[i], NULL, 0);
	}
	slow = beside_slow(median);
	doing("%s, %s", s->name, beside_names[slow]);
	if (slow != ALONE)
		wrong_line("loading another module takes %.1f ms", median[slow]);
	tap("%s: another module loads in %.1f ms; during a load %.1f, a gate %.1f, a barrier %.1f, after a kill %.1f",
	    s->name, median[ALONE], median[BESIDE_LOAD], median[BESIDE_GATE],
	    median[BESIDE_BARRIER], median[BESIDE_KILLED]);
}

/* --- memory ----------------------------------------------------------------------------------- */

/* @slab: bytes of objects in use, of the kmalloc caches; @percpu: bytes */
struct memory {
	long slab;
	long percpu;
};

static void shrink_slabs(void)
{
	DIR *dir = opendir("/sys/kernel/slab");
	struct dirent *entry;
	char path[300];

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "kmalloc-", 8))
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", entry->d_name);
		write_file(path, "1");
	}
	if (dir)
		closedir(dir);
}

static struct memory memory_now(void)
{
	static char text[1 << 18];
	struct memory memory = { 0 };
	char *line, *state;
	int fd, n, len = 0;
	long active, size;

	fd = open("/proc/slabinfo", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	close(fd);
	text[len] = '\0';
	for (line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
		if (sscanf(line, "kmalloc-%*s %ld %*d %ld", &active, &size) == 2)
			memory.slab += active * size;
	read_file("/proc/meminfo", text, sizeof(text));
	line = strstr(text, "Percpu:");
	memory.percpu = line ? atol(line + 7) * 1024 : 0;
	return memory;
}

/* What is used when all that can be freed is: the least of several looks. */
static struct memory settled(void)
{
	struct memory least = { 0 };
	int i;

	for (i = 0; i < 8; i++) {
		struct memory now;

		if (i % 4 == 0)
			write_file("/proc/sys/vm/drop_caches", "3");
		pause_ns(50 * MSEC);
		shrink_slabs();
		now = memory_now();
		if (!i || now.slab < least.slab)
			least.slab = now.slab;
		if (!i || now.percpu < least.percpu)
			least.percpu = now.percpu;
	}
	return least;
}

static void life(int i)
{
	const struct scheme *s = &schemes[i % NR(schemes)];

	hold_ns = think_ns = 0;
	insert(4);
	start(s->name, 0, 4, i / NR(schemes) % 2);
	gate();
	delete_victim();
	reopen();
	delete_victim();
}

static void other_life(void)
{
	insert_from(modules, "refcost_plain1", 0);
	delete_module("refcost_plain1");
	reopen();
}

#define LIVES	200
#define CONTROL 5

/*
 * What 200 lives of the victim have added; what the kernel uses for a while comes back, so look
 * again.
 */
static struct memory growth(struct memory noise)
{
	struct memory before = settled(), grown;
	int i;

	for (i = 0; i < LIVES; i++)
		life(i);
	for (i = 0; i < 5; i++) {
		grown = settled();
		grown.slab -= before.slab;
		grown.percpu -= before.percpu;
		if (grown.slab <= noise.slab && grown.percpu <= noise.percpu)
			break;
		pause_ns(1000 * MSEC);
	}
	return grown;
}

/*
 * The noise is the widest difference between looks that lives of another module and a few of the
 * victim lie between. What is lost in each life of the victim is in it, too, but 200 lose four
 * times as much as all of those. And they lose it again: an object that the kernel keeps for good
 * is no loss.
 */
static void memory(void)
{
	struct memory control[CONTROL + 1], grown, noise = { 0 };
	int i, j;

	doing("memory, before");
	for (i = 0; i < 2 * (int)NR(schemes); i++)
		life(i);
	for (i = 0; i <= CONTROL; i++) {
		for (j = 0; i && j < LIVES / CONTROL; j++)
			j % 4 ? other_life() : life(j / 4);
		control[i] = settled();
		for (j = 0; j < i; j++) {
			long slab = labs(control[i].slab - control[j].slab);
			long percpu = labs(control[i].percpu - control[j].percpu);

			noise.slab = slab > noise.slab ? slab : noise.slab;
			noise.percpu = percpu > noise.percpu ? percpu : noise.percpu;
		}
	}
	doing("memory, %d lives", LIVES);
	for (i = 0; i < 3; i++) {
		grown = growth(noise);
		if (grown.slab <= noise.slab && grown.percpu <= noise.percpu)
			break;
	}
	if (!control[CONTROL].slab)
		wrong_line("/proc/slabinfo says nothing");
	if (grown.slab > noise.slab || grown.percpu > noise.percpu)
		wrong_line("after %d loads and unloads: slab %+ld bytes, per-CPU %+ld", LIVES,
			   grown.slab, grown.percpu);
	put_back();
	tap("memory after %d loads and unloads: slab %+ld bytes (noise %ld), per-CPU %+ld (noise %ld)",
	    LIVES, grown.slab, noise.slab, grown.percpu, noise.percpu);
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Where the test itself hangs in the kernel, somebody else has to say so. */
static void watch(unsigned int seconds)
{
	pid_t tested = getppid();
	int left;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (left = seconds; left; left = sleep(left))
		;
	printf("not ok - deadline of %u s: %s\n", seconds, now_doing);
	fflush(stdout);
	write_file("/proc/sysrq-trigger", "w");
	kill(tested, SIGKILL);
	_exit(1);
}

static void usage(void)
{
	fprintf(stderr,
		"Usage: states [OPTION...] DIRECTORY PART...\n"
		"DIRECTORY holds refcost_victim.ko and refcost_plain1.ko. Parts:\n"
		"  refusals   what must not be started or bound\n"
		"  sequences  all sequences of -l LENGTH (4), with -w WORKERS (0)\n"
		"  signals    over each gate, -n N (10) of them interrupted where one can be; half as many kills\n"
		"  two        another process unloads; -f DIRECTORY has a victim with a slow exit()\n"
		"  beside     other modules are loaded in no more time\n"
		"  memory     nothing is lost in 200 loads and unloads\n"
		"  names      the schemes that are in the table, and no test\n"
		"-b: loads with a bystander, too; -s NAME,...: these schemes; -o OBJECTS: 1 or 4, alternately without; -q WORD: one sequence;\n"
		"-d SECONDS: deadline (600)\n");
	exit(64);
}

static bool selected(const struct scheme *s)
{
	const char *at = opt.only;
	size_t len = strlen(s->name);

	for (; at && *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == len && !strncmp(at, s->name, len))
			return true;
	return !opt.only;
}

static void one_word(const struct scheme *s, uint32_t workers, uint32_t objects)
{
	memset(&walk, 0, sizeof(walk));
	walk.scheme = s;
	walk.begin = (struct model){ .objects = objects, .workers = workers };
	walk_word(opt.word);
	tap("%s, %u workers, %u objects: %s", s->name, workers, objects, opt.word);
}

static void of_scheme(const char *part, const struct scheme *s, int nth)
{
	uint32_t objects = opt.objects ?: (nth + opt.workers) % 2 ? 1 : 4;

	if (!strcmp(part, "sequences")) {
		if (opt.word)
			one_word(s, opt.workers, objects);
		else
			sequences(s, opt.length, opt.workers, objects);
	} else if (!strcmp(part, "refusals")) {
		if (s->releases)
			released_objects(s, NULL);
		too_few_objects(s);
	} else if (!strcmp(part, "signals")) {
		if (!s->no_gate && !s->spins)
			signals_over_gate(s, opt.n);
		killed_in_gate(s, opt.n / 2);
	} else if (!strcmp(part, "two")) {
		ended_by_two(s);
	} else if (!strcmp(part, "beside")) {
		/* Where the gate waits for users that hold for long. */
		if (!s->no_gate && !s->busy && !s->spins)
			beside_others(s);
	} else {
		usage();
	}
}

static void do_part(const char *part)
{
	int64_t begin = now_ns();
	int i, n = 0;

	if (!strcmp(part, "memory")) {
		memory();
		return;
	}
	if (!strcmp(part, "refusals"))
		refusals();
	for (i = 0; i < (int)NR(schemes); i++) {
		const struct scheme *s = &schemes[i];

		if (!selected(s))
			continue;
		if (lacking(s))
			printf("ok %d - %s, %s # SKIP this kernel has no such thing\n", ++tap_n,
			       s->name, part);
		else
			of_scheme(part, s, n++);
	}
	printf("# states_%s: %lld s\n", part, (long long)(now_ns() - begin) / MSEC / 1000);
}

int main(int argc, char **argv)
{
	int nproc = sysconf(_SC_NPROCESSORS_ONLN), i, c;
	cpu_set_t set;

	while ((c = getopt(argc, argv, "bd:f:l:n:o:q:s:w:")) != -1) {
		switch (c) {
		case 'b':
			opt.bystanders = true;
			break;
		case 'd':
			opt.deadline = atoi(optarg);
			break;
		case 'f':
			slow_modules = optarg;
			break;
		case 'l':
			opt.length = atoi(optarg);
			break;
		case 'n':
			opt.n = atoi(optarg);
			break;
		case 'o':
			opt.objects = atoi(optarg);
			break;
		case 'q':
			opt.word = optarg;
			break;
		case 's':
			opt.only = optarg;
			break;
		case 'w':
			opt.workers = atoi(optarg);
			break;
		default:
			usage();
		}
	}
	if (optind < argc && !strcmp(argv[argc - 1], "names")) {
		for (i = 0; i < (int)NR(schemes); i++)
			puts(schemes[i].name);
		return 0;
	}
	if (argc - optind < 2 || opt.length < 1 || opt.length > WORD_MAX - 2)
		usage();
	modules = argv[optind++];
	now_doing =
		mmap(NULL, DOING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (now_doing == MAP_FAILED)
		return 1;
	if (!fork())
		watch(opt.deadline);
	/* Users take the last CPUs, the test stays on the first. */
	for (i = 0; i < nproc && i < (int)NR(cpus); i++)
		cpus[i] = nproc - 1 - i;
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
	timer_begin();
	expedite(true);
	if (reopen()) {
		perror(REFCOST_DEVICE);
		return 1;
	}
	delete_victim(); /* that somebody has left */
	for (; optind < argc; optind++)
		do_part(argv[optind]);
	expedite(false);
	printf("1..%d\n", tap_n);
	return !!tap_failed;
}
