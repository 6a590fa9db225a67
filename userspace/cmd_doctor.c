// SPDX-License-Identifier: GPL-2.0
/*
 * refcost doctor: what this machine lacks to run the suite, and what distorts its figures. Every
 * finding names the command that mends it; nothing is changed here.
 */
#include <argp.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "env.h"
#include "refcost.h"
#include "suite.h"

static size_t lacking, distorting;

static const struct argp_option options[] = { { 0 } };

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	argp_error(state, "does not know what to do with '%s'", arg);
	return 0;
}

static const struct argp argp = {
	options,
	parse,
	NULL,
	"Say what this machine lacks to run the suite and what distorts its figures, each with the "
	"command that mends it. Changes nothing, needs no root."
	"\vExit codes: 0 nothing is lacking, 4 something is.\n",
	NULL,
	NULL,
	NULL,
};

static void ok(const char *what, const char *value)
{
	printf("  ok    %-28s %s\n", what, value);
}

static void lacks(const char *what, const char *fix)
{
	printf("  lacks %-28s %s\n", what, fix);
	lacking++;
}

static void distorts(const char *what, const char *fix)
{
	printf("  note  %-28s %s\n", what, fix);
	distorting++;
}

/* Is a program on the PATH, or where root's programs are? */
static bool have_program(const char *name)
{
	char *path = strdup(getenv("PATH") ?: ""), *dir, *rest = path, full[512];
	bool found = false;

	while (!found && (dir = strsep(&rest, ":"))) {
		snprintf(full, sizeof(full), "%s/%s", dir, name);
		found = !access(full, X_OK);
	}
	free(path);
	if (found)
		return true;
	snprintf(full, sizeof(full), "/usr/sbin/%s", name);
	return !access(full, X_OK);
}

static void check_programs(void)
{
	static const struct {
		const char *name;
		const char *fix;
	} programs[] = {
		{ "clang", "no tracer without it: apt-get install clang" },
		{ "bpftool", "no tracer without it: apt-get install bpftool" },
		{ "gnuplot", "no figures without it: apt-get install gnuplot-nox" },
		{ "qemu-system-x86_64", "no guest without it: apt-get install qemu-system-x86" },
		{ "perf", "no perf sessions without it: apt-get install linux-perf" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(programs); i++) {
		if (have_program(programs[i].name))
			ok(programs[i].name, "found");
		else
			lacks(programs[i].name, programs[i].fix);
	}
}

static void check_kernel(void)
{
	char value[256], fix[256];
	struct schemes schemes;
	struct utsname u;

	uname(&u);
	if (access("/proc/modules", R_OK))
		lacks("loadable modules", "this kernel has none: ./bench.sh --guest");
	else
		ok("loadable modules", u.release);
	snprintf(value, sizeof(value), "/lib/modules/%s/build/Makefile", u.release);
	if (access(value, R_OK)) {
		snprintf(fix, sizeof(fix), "apt-get install linux-headers-%s", u.release);
		lacks("kernel headers", fix);
	} else {
		ok("kernel headers", u.release);
	}
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		lacks("BTF", "no phases without it: use a kernel with CONFIG_DEBUG_INFO_BTF=y");
	else
		ok("BTF", "/sys/kernel/btf/vmlinux");
	env_file("/sys/kernel/security/lockdown", value, sizeof(value));
	if (strstr(value, "[integrity]") || strstr(value, "[confidentiality]"))
		lacks("no lockdown", "unsigned modules are refused: ./bench.sh --guest");
	if (!schemes_read(&schemes)) {
		snprintf(value, sizeof(value), "%zu schemes", schemes.n);
		ok("refcost.ko", value);
		schemes_free(&schemes);
	} else {
		lacks("refcost.ko", "make");
	}
}

static void check_distortion(void)
{
	static const char *const debug[] = { "CONFIG_KASAN", "CONFIG_KCSAN", "CONFIG_PROVE_LOCKING",
					     "CONFIG_DEBUG_KMEMLEAK",
					     "CONFIG_DEBUG_KOBJECT_RELEASE" };
	char value[256];
	double load = 0;
	size_t i;

	env_file("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", value, sizeof(value));
	if (*value && strcmp(value, "performance"))
		distorts("frequency governor", "cpupower frequency-set -g performance");
	env_file("/sys/devices/system/cpu/intel_pstate/no_turbo", value, sizeof(value));
	if (!strcmp(value, "0"))
		distorts("turbo", "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo");
	env_file("/sys/devices/system/cpu/cpufreq/boost", value, sizeof(value));
	if (!strcmp(value, "1"))
		distorts("boost", "echo 0 > /sys/devices/system/cpu/cpufreq/boost");
	env_file("/proc/loadavg", value, sizeof(value));
	load = atof(value);
	if (load > 0.5 && load > sysconf(_SC_NPROCESSORS_ONLN) / 4.0)
		distorts("load average", "wait until the machine is idle: uptime");
	env_file("/sys/kernel/rcu_expedited", value, sizeof(value));
	if (!strcmp(value, "1"))
		distorts("rcu_expedited", "unloads look short: echo 0 > /sys/kernel/rcu_expedited");
	for (i = 0; i < ARRAY_SIZE(debug); i++)
		if (!strcmp(env_config(debug[i], value, sizeof(value)), "y"))
			distorts(debug[i],
				 "a debug option that distorts: use a distribution kernel");
	if (env_host_cpus() && env_host_cpus() < sysconf(_SC_NPROCESSORS_ONLN))
		distorts("more vCPUs than host CPUs", "points beyond the host's CPUs are marked");
	if (*env_cmdline("refcost.accel=", value, sizeof(value)))
		distorts("emulated or virtual", "quote ratios and shapes, not nanoseconds");
}

int cmd_doctor(int argc, char **argv)
{
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	puts("needed:");
	check_kernel();
	check_programs();
	puts("distorting:");
	check_distortion();
	if (!distorting)
		puts("  ok    nothing found");
	return lacking ? fail(EXIT_LACKING, "%zu things are lacking", lacking) : EXIT_FINE;
}
