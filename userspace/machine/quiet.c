// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs of an emulated guest that are offline for a moment.
 */
#include "machine/quiet.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/cpu.h"
#include "machine/env.h"
#include "machine/leftover.h"

#define MAX_CPUS 1024
#define LEASH	 0 /* descriptors of the keeper */
#define READY	 1
#define LOOK_US	 10000
#define LOOKS	 1000
#define SETTLE_US \
	1600000 /* after its last user has gone, perf waits for a second before it patches */

/* Who keeps the CPUs offline, and what it waits for. */
static pid_t keeper = -1;
static int leash = -1;

bool quiet_needed(void)
{
	char value[16];

	return !strcmp(env_cmdline("refcost.accel=", value, sizeof(value)), "tcg");
}

/* All but the first, as far as they are online. Written down before any is taken. */
static size_t take(int record, int *cpus)
{
	int cpu, n = sysconf(_SC_NPROCESSORS_CONF);
	char value[16], path[64], text[8 * MAX_CPUS] = "";
	size_t nr = 0, i, at = 0;

	for (cpu = 1; cpu < MAX_CPUS && cpu < n; cpu++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
		if (strcmp(env_file(path, value, sizeof(value)), "1"))
			continue;
		cpus[nr++] = cpu;
		at += snprintf(text + at, sizeof(text) - at, "%d ", cpu);
	}
	leftover_note(record, text);
	for (i = 0; i < nr; i++)
		cpu_set_online(cpus[i], false);
	return nr;
}

/*
 * Whose end was not announced is dying: what it had attached is taken off before it is no more, or
 * soon after.
 */
static void outlive(pid_t parent)
{
	int looks;

	for (looks = 0; getppid() == parent && looks < LOOKS; looks++)
		usleep(LOOK_US);
	usleep(SETTLE_US);
}

/*
 * In a session of its own and deaf, so that what ends its parent does not end it; it holds nothing
 * else open.
 */
static void __attribute__((noreturn)) keep(int end, int ready, pid_t parent)
{
	int cpus[MAX_CPUS], record, null;
	size_t nr, i;
	sigset_t all;
	char word;

	null = open("/dev/null", O_RDWR);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "refcost-cpus");
	/* who was started without some of the first three has others there */
	end = fcntl(end, F_DUPFD, STDERR_FILENO + 1);
	ready = fcntl(ready, F_DUPFD, STDERR_FILENO + 1);
	null = fcntl(null, F_DUPFD, STDERR_FILENO + 1);
	dup2(end, LEASH);
	dup2(ready, READY);
	dup2(null, STDERR_FILENO);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	record = leftover_hold(LEFT_CPUS, true);
	nr = take(record, cpus);
	if (write(READY, "", 1) != 1 || read(LEASH, &word, 1) != 1)
		outlive(parent);
	for (i = 0; i < nr; i++)
		cpu_set_online(cpus[i], true);
	leftover_note(record, "");
	_exit(0);
}

static void close_pair(int *fds)
{
	close(fds[0]);
	close(fds[1]);
}

void quiet_begin(void)
{
	int end[2], ready[2];
	pid_t self = getpid();
	char word;

	if (!quiet_needed() || pipe2(end, O_CLOEXEC))
		return;
	if (pipe2(ready, O_CLOEXEC)) {
		close_pair(end);
		return;
	}
	keeper = fork();
	if (!keeper) {
		close(end[1]);
		keep(end[0], ready[1], self);
	}
	close(end[0]);
	close(ready[1]);
	leash = end[1];
	while (read(ready[0], &word, 1) < 0 && errno == EINTR)
		;
	close(ready[0]);
}

void quiet_end(void)
{
	int err = errno, status = 0;

	if (leash < 0)
		return;
	if (write(leash, "", 1) != 1)
		status = -1;
	close(leash);
	leash = -1;
	while (keeper > 0 && waitpid(keeper, &status, 0) < 0 && errno == EINTR)
		;
	if (status)
		leftover_repair();
	errno = err;
}
