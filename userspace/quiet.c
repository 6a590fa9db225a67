// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs of an emulated guest that are offline for a moment.
 */
#include "quiet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "env.h"

#define MAX_CPUS 1024

static bool taken[MAX_CPUS];

static void cpu_path(int cpu, char *path, size_t len)
{
	snprintf(path, len, "/sys/devices/system/cpu/cpu%d/online", cpu);
}

static bool set_online(int cpu, bool online)
{
	char path[64];
	FILE *f;

	cpu_path(cpu, path, sizeof(path));
	f = fopen(path, "we");
	if (!f)
		return false;
	fputc(online ? '1' : '0', f);
	return !fclose(f);
}

bool quiet_needed(void)
{
	char value[16];

	return !strcmp(env_cmdline("refcost.accel=", value, sizeof(value)), "tcg");
}

void quiet_begin(void)
{
	int cpu, n = sysconf(_SC_NPROCESSORS_CONF);
	char value[16], path[64];

	if (!quiet_needed())
		return;
	for (cpu = 1; cpu < MAX_CPUS && cpu < n; cpu++) {
		cpu_path(cpu, path, sizeof(path));
		if (!strcmp(env_file(path, value, sizeof(value)), "1"))
			taken[cpu] = set_online(cpu, false);
	}
}

void quiet_end(void)
{
	int err = errno, cpu;

	for (cpu = 1; cpu < MAX_CPUS; cpu++)
		if (taken[cpu])
			taken[cpu] = !set_online(cpu, true);
	errno = err;
}
