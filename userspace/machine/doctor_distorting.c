// SPDX-License-Identifier: GPL-2.0
/* What makes figures worth less, and the knobs among it. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/refcost.h"
#include "machine/doctor.h"
#include "machine/env.h"
#include "machine/leftover.h"
#include "machine/topo.h"

/* A file of one word. It distorts where it holds @bad or, without one, anything but @good. */
struct knob {
	const char *what, *path, *good, *bad, *why;
	bool safe; /* can be turned under whatever else runs here, and back */
};

/* The paths may be patterns. */
static const struct knob knobs[] = {
	{ "frequency governor", "/sys/devices/system/cpu/cpufreq/policy*/scaling_governor",
	  "performance", NULL, "the clock follows the load", true },
	{ "turbo", "/sys/devices/system/cpu/intel_pstate/no_turbo", "1", NULL,
	  "the clock falls as CPUs join", true },
	{ "boost", "/sys/devices/system/cpu/cpufreq/boost", "0", NULL,
	  "the clock falls as CPUs join", true },
	{ "NUMA balancing", "/proc/sys/kernel/numa_balancing", "0", NULL,
	  "pages are unmapped to see who touches them", true },
	{ "NMI watchdog", "/proc/sys/kernel/nmi_watchdog", "0", NULL,
	  "interrupts, and holds a counter", true },
	{ "SMT", "/sys/devices/system/cpu/smt/control", "off", "on",
	  "siblings share a core; takes CPUs away from all", false },
};

/* Files that a knob's pattern stands for, in the tree that is looked at; free with globfree(). */
static size_t knob_files(const struct knob *knob, glob_t *g)
{
	char pattern[ENV_PATH];

	if (glob(env_path(knob->path, pattern, sizeof(pattern)), 0, NULL, g))
		g->gl_pathc = 0;
	return g->gl_pathc;
}

static bool knob_distorts(const struct knob *knob, const char *path, char *value, size_t len)
{
	env_file(path, value, len);
	if (knob->bad)
		return !strcmp(value, knob->bad);
	return *value && strcmp(value, knob->good);
}

static void check_knob(const struct knob *knob)
{
	char value[64] = "", text[512];
	bool distorts = false;
	glob_t g;
	size_t n = knob_files(knob, &g), i;

	for (i = 0; i < n && !distorts; i++)
		distorts = knob_distorts(knob, env_inside(g.gl_pathv[i]), value, sizeof(value));
	globfree(&g);
	snprintf(text, sizeof(text), "%s: %s: echo %s | sudo tee %s", value, knob->why, knob->good,
		 knob->path);
	if (distorts)
		doctor_finding(DOCTOR_WARN, knob->what, text);
	else
		doctor_finding(DOCTOR_OK, knob->what, *value ? value : "there is no such knob");
}

void doctor_knobs(void)
{
	char value[64];
	size_t i, k;
	glob_t g;

	for (i = 0; i < ARRAY_SIZE(knobs); i++) {
		const struct knob *knob = &knobs[i];
		size_t n = knob->safe ? knob_files(knob, &g) : 0;

		for (k = 0; k < n; k++)
			if (knob_distorts(knob, env_inside(g.gl_pathv[k]), value, sizeof(value)))
				printf("%s %s\n", env_inside(g.gl_pathv[k]), knob->good);
		if (knob->safe)
			globfree(&g);
	}
}

static void check_load(void)
{
	char value[256];
	double load;

	load = atof(env_file("/proc/loadavg", value, sizeof(value)));
	if (load > 0.5 && load > sysconf(_SC_NPROCESSORS_ONLN) / 4.0)
		doctor_finding(DOCTOR_WARN, "load average",
			       "others run: wait until the machine is idle: uptime");
	else
		doctor_finding(DOCTOR_OK, "load average", *value ? value : "unknown");
}

/* Those of the clocks that take a microsecond to read. */
static void check_clock(void)
{
	static const char dir[] = "/sys/devices/system/clocksource/clocksource0";
	static const char *const slow[] = { "hpet", "acpi_pm", "jiffies", "refined-jiffies" };
	char path[128], value[64], all[256];
	size_t i;

	snprintf(path, sizeof(path), "%s/current_clocksource", dir);
	env_file(path, value, sizeof(value));
	for (i = 0; i < ARRAY_SIZE(slow) && strcmp(value, slow[i]); i++)
		;
	if (i == ARRAY_SIZE(slow)) {
		doctor_finding(DOCTOR_OK, "clocksource", *value ? value : "unknown");
		return;
	}
	snprintf(path, sizeof(path), "%s/available_clocksource", dir);
	if (strstr(env_file(path, all, sizeof(all)), "tsc"))
		snprintf(all, sizeof(all), "%s is slow: echo tsc | sudo tee %s/current_clocksource",
			 value, dir);
	else
		snprintf(all, sizeof(all),
			 "%s is slow, and the kernel distrusts the TSC: journalctl -k -g tsc",
			 value);
	doctor_finding(DOCTOR_WARN, "clocksource", all);
}

/* Isolated CPUs are the best to measure on, and no machine has to have some. */
static void check_isolated(void)
{
	char cpus[128], text[512];

	env_file("/sys/devices/system/cpu/isolated", cpus, sizeof(cpus));
	if (!*cpus)
		snprintf(text, sizeof(text), "none isolated, none mixed with others");
	else
		snprintf(text, sizeof(text), "%s: measure on these alone: --cpu-list %s", cpus,
			 cpus);
	doctor_finding(DOCTOR_OK, "isolcpus", text);
}

/* They are part of what users pay: to be without them is what distorts. */
static void check_kernel(void)
{
	char value[1024], text[1100];

	if (!*env_config("CONFIG_SMP", value, sizeof(value)))
		snprintf(value, sizeof(value), "unknown");
	else
		env_debug_options(value, sizeof(value));
	snprintf(text, sizeof(text), "%s: use a distribution kernel", value);
	if (!strcmp(value, "unknown"))
		doctor_finding(DOCTOR_OK, "debug options", "this kernel's are not to be read");
	else if (strcmp(value, "none"))
		doctor_finding(DOCTOR_WARN, "debug options", text);
	else
		doctor_finding(DOCTOR_OK, "debug options", value);
	if (!strcmp(env_cmdline("mitigations=", value, sizeof(value)), "off"))
		doctor_finding(DOCTOR_WARN, "mitigations",
			       "users pay for them: boot without mitigations=off");
	else
		doctor_finding(DOCTOR_OK, "mitigations", "as users have them");
}

/*
 * rcu_normal overrules rcu_expedited; kernels with PREEMPT_RT boot with it set, as their users have
 * it.
 */
static void check_rcu(void)
{
	char normal[16], expedited[16], rt[16];
	bool overruled = !strcmp(env_file("/sys/kernel/rcu_normal", normal, sizeof(normal)), "1");

	env_config("CONFIG_PREEMPT_RT", rt, sizeof(rt));
	if (!overruled)
		doctor_finding(DOCTOR_OK, "rcu_normal", *normal ? normal : "there is no such knob");
	else if (!strcmp(rt, "y"))
		doctor_finding(DOCTOR_OK, "rcu_normal",
			       "1, as PREEMPT_RT boots: rcu_expedited has no effect");
	else
		doctor_finding(
			DOCTOR_WARN, "rcu_normal",
			"1: who asks for a short grace period gets a normal one, and rcu_expedited has no "
			"effect: echo 0 | sudo tee /sys/kernel/rcu_normal");
	env_file("/sys/kernel/rcu_expedited", expedited, sizeof(expedited));
	if (!strcmp(expedited, "1") && !overruled)
		doctor_finding(
			DOCTOR_WARN, "rcu_expedited",
			"1: unloads look short: echo 0 | sudo tee /sys/kernel/rcu_expedited");
	else if (!strcmp(expedited, "1"))
		doctor_finding(DOCTOR_OK, "rcu_expedited", "1, without effect: rcu_normal is 1");
	else
		doctor_finding(DOCTOR_OK, "rcu_expedited",
			       *expedited ? expedited : "there is no such knob");
}

/* Cores of several kinds have several clocks: a curve over all of them mixes these. */
static void check_kinds(void)
{
	char first[128], text[256];
	size_t n = topo_kinds(first, sizeof(first));

	if (n < 2) {
		doctor_finding(DOCTOR_OK, "kinds of CPUs", "one");
		return;
	}
	snprintf(text, sizeof(text),
		 "%zu (fast and efficient cores): measure on one kind alone: --cpu-list %s", n,
		 first);
	doctor_finding(DOCTOR_WARN, "kinds of CPUs", text);
}

/*
 * Time that the hypervisor gave to others, of all since the boot; over a thousandth shows in
 * figures.
 */
static void check_steal(void)
{
	unsigned long long v[8] = { 0 }, all = 0;
	char line[256], text[128];
	size_t i;

	env_file("/proc/stat", line, sizeof(line));
	sscanf(line, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3],
	       &v[4], &v[5], &v[6], &v[7]);
	for (i = 0; i < ARRAY_SIZE(v); i++)
		all += v[i];
	snprintf(text, sizeof(text), "%.2f %% of the time since boot%s",
		 all ? 100.0 * v[7] / all : 0,
		 v[7] * 1000 > all ? ": others share these CPUs: take a dedicated machine" : "");
	doctor_finding(v[7] * 1000 > all ? DOCTOR_WARN : DOCTOR_OK, "steal", text);
}

static void check_hypervisor(void)
{
	const char *kind = env_machine_kind();
	char text[128];

	snprintf(text, sizeof(text), "%s: quote ratios and shapes, not nanoseconds", kind);
	if (strcmp(kind, "bare metal"))
		doctor_finding(DOCTOR_WARN, "hypervisor", text);
	else
		doctor_finding(DOCTOR_OK, "hypervisor", "none");
	if (env_host_cpus() && env_host_cpus() < sysconf(_SC_NPROCESSORS_ONLN))
		doctor_finding(DOCTOR_WARN, "more vCPUs than host CPUs",
			       "points beyond the host's CPUs are marked: --cpus");
}

static void check_leftover(void)
{
	if (leftover_any())
		doctor_finding(DOCTOR_WARN, "left over",
			       "by a refcost that was killed: use refcost doctor --repair");
	else
		doctor_finding(DOCTOR_OK, "left over", "nothing");
}

void doctor_distorting(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(knobs); i++)
		check_knob(&knobs[i]);
	check_clock();
	check_rcu();
	check_kinds();
	check_isolated();
	check_kernel();
	check_hypervisor();
	check_steal();
	check_load();
	check_leftover();
}
