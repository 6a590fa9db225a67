// SPDX-License-Identifier: GPL-2.0
/*
 * The environment of a run, from /proc, /sys, the kernel's configuration and hwloc.
 */
#include "machine/env.h"

#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "machine/suite.h"
#include "machine/topo.h"
#include "version.h"

#define LINE 4096

static const char *sysroot(void)
{
	return getenv("REFCOST_SYSROOT") ?: "";
}

char *env_path(const char *path, char *buf, size_t len)
{
	snprintf(buf, len, "%s%s", sysroot(), path);
	return buf;
}

const char *env_inside(const char *path)
{
	return path + strlen(sysroot());
}

char *env_file(const char *path, char *buf, size_t len)
{
	char full[ENV_PATH];
	FILE *f = fopen(env_path(path, full, sizeof(full)), "re");

	buf[0] = '\0';
	if (f && fgets(buf, len, f))
		buf[strcspn(buf, "\n")] = '\0';
	if (f)
		fclose(f);
	return buf;
}

/* Decompressing /proc/config.gz is left to zcat: it is the rare case. */
static FILE *config_open(bool *piped)
{
	static const char *const places[] = { "/lib/modules/%s/build/.config", "/boot/config-%s",
					      "/lib/modules/%s/config" };
	struct utsname u;
	char path[512], full[ENV_PATH];
	size_t i;
	FILE *f;

	*piped = false;
	uname(&u);
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), places[i], u.release);
		f = fopen(env_path(path, full, sizeof(full)), "re");
		if (f)
			return f;
	}
	if (access("/proc/config.gz", R_OK))
		return NULL;
	*piped = true;
	return popen("zcat /proc/config.gz", "re");
}

/* The whole configuration, read once; NULL where there is none. */
static const char *config_text(void)
{
	static char *text;
	static bool tried;
	size_t size = 0;
	bool piped;
	FILE *f;

	if (tried)
		return text;
	tried = true;
	f = config_open(&piped);
	if (!f)
		return NULL;
	if (getdelim(&text, &size, '\0', f) < 0) {
		free(text);
		text = NULL;
	}
	if (piped)
		pclose(f);
	else
		fclose(f);
	return text;
}

char *env_config(const char *option, char *buf, size_t len)
{
	const char *line = config_text();
	size_t n = strlen(option);

	buf[0] = '\0';
	if (!line)
		return buf;
	snprintf(buf, len, "n");
	for (; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, option, n) && line[n] == '=')
			snprintf(buf, len, "%.*s", (int)strcspn(line + n + 1, "\n"), line + n + 1);
	}
	return buf;
}

char *env_cmdline(const char *name, char *buf, size_t len)
{
	char line[LINE], *word, *save;
	size_t n = strlen(name);

	buf[0] = '\0';
	env_file("/proc/cmdline", line, sizeof(line));
	for (word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save))
		if (!strncmp(word, name, n))
			snprintf(buf, len, "%s", word + n);
	return buf;
}

int env_host_cpus(void)
{
	char value[32];

	return atoi(env_cmdline("refcost.hostcpus=", value, sizeof(value)));
}

#define CPU_ONLINE "/sys/devices/system/cpu/cpu%d/online"

char *env_offline(char *buf, size_t len)
{
	int cpu, first = -1, most = sysconf(_SC_NPROCESSORS_CONF);
	char path[64], value[16], list[128] = "";
	size_t n = 0;

	for (cpu = 0; cpu < most && n < sizeof(list); cpu++) {
		snprintf(path, sizeof(path), CPU_ONLINE, cpu);
		if (strcmp(env_file(path, value, sizeof(value)), "0"))
			continue;
		n += snprintf(list + n, sizeof(list) - n, "%s%d", n ? "," : "", cpu);
		first = first < 0 ? cpu : first;
	}
	buf[0] = '\0';
	if (first >= 0)
		snprintf(buf, len, ": CPU %s is offline (echo 1 | sudo tee " CPU_ONLINE ")", list,
			 first);
	return buf;
}

/* "(null)" is how nohz_full says that there is none. */
static void add(struct json_object *o, const char *key, const char *value)
{
	if (value && *value && strcmp(value, "(null)"))
		json_object_object_add(o, key, json_object_new_string(value));
}

static void add_file(struct json_object *o, const char *key, const char *path)
{
	char value[LINE];

	add(o, key, env_file(path, value, sizeof(value)));
}

/* A field of the first CPU in /proc/cpuinfo. */
static char *cpuinfo(const char *field, char *buf, size_t len)
{
	char line[LINE], *colon;
	size_t n = strlen(field);
	char full[ENV_PATH];
	FILE *f = fopen(env_path("/proc/cpuinfo", full, sizeof(full)), "re");

	buf[0] = '\0';
	while (f && fgets(line, sizeof(line), f)) {
		colon = strchr(line, ':');
		if (strncmp(line, field, n) || !colon || (line[n] != '\t' && line[n] != ':'))
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(buf, len, "%s", colon[1] ? colon + 2 : "");
		break;
	}
	if (f)
		fclose(f);
	return buf;
}

char *env_debug_options(char *buf, size_t len)
{
	static const char *const debug[] = {
		"CONFIG_KASAN",
		"CONFIG_KCSAN",
		"CONFIG_KMSAN",
		"CONFIG_GCOV_KERNEL",
		"CONFIG_PROVE_LOCKING",
		"CONFIG_DEBUG_LOCK_ALLOC",
		"CONFIG_LOCK_STAT",
		"CONFIG_DEBUG_SPINLOCK",
		"CONFIG_DEBUG_MUTEXES",
		"CONFIG_PROVE_RCU",
		"CONFIG_DEBUG_ATOMIC_SLEEP",
		"CONFIG_DEBUG_KMEMLEAK",
		"CONFIG_DEBUG_OBJECTS",
		"CONFIG_DEBUG_KOBJECT_RELEASE",
		"CONFIG_DEBUG_RWSEMS",
		"CONFIG_DEBUG_PREEMPT",
	};
	char value[64];
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < sizeof(debug) / sizeof(debug[0]); i++)
		if (!strcmp(env_config(debug[i], value, sizeof(value)), "y"))
			snprintf(buf + strlen(buf), len - strlen(buf), "%s%s", *buf ? " " : "",
				 debug[i]);
	if (!*buf)
		snprintf(buf, len, "none");
	return buf;
}

static struct json_object *env_kernel(void)
{
	static const char *const options[] = {
		"CONFIG_HZ",	  "CONFIG_PREEMPT_NONE",    "CONFIG_PREEMPT_VOLUNTARY",
		"CONFIG_PREEMPT", "CONFIG_PREEMPT_DYNAMIC", "CONFIG_PREEMPT_RT",
		"CONFIG_SMP",	  "CONFIG_FUNCTION_TRACER", "CONFIG_NO_HZ_FULL",
		"CONFIG_NUMA",	  "CONFIG_RCU_NOCB_CPU",    "CONFIG_LIVEPATCH",
		"CONFIG_UBSAN",
	};

	struct json_object *o = json_object_new_object(), *config = json_object_new_object();
	char value[LINE];
	struct utsname u;
	size_t i;

	uname(&u);
	add(o, "release", u.release);
	add(o, "version", u.version);
	add(o, "machine", u.machine);
	add_file(o, "compiler", "/proc/version");
	add_file(o, "cmdline", "/proc/cmdline");
	add_file(o, "preempt", "/sys/kernel/debug/sched/preempt");
	add_file(o, "rcu_expedited", "/sys/kernel/rcu_expedited");
	add_file(o, "rcu_normal", "/sys/kernel/rcu_normal");
	add_file(o, "bpf_jit", "/proc/sys/net/core/bpf_jit_enable");
	add_file(o, "nmi_watchdog", "/proc/sys/kernel/nmi_watchdog");
	add_file(o, "tainted", "/proc/sys/kernel/tainted");
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		add(config, options[i], env_config(options[i], value, sizeof(value)));
	json_object_object_add(o, "config", config);
	add(o, "debug_options", env_debug_options(value, sizeof(value)));
	return o;
}

/* One word a known flaw, as the kernel reports it. */
static struct json_object *env_mitigations(void)
{
	static const char dir[] = "/sys/devices/system/cpu/vulnerabilities";
	struct json_object *o = json_object_new_object();
	struct dirent *entry;
	char path[512];
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		add_file(o, entry->d_name, path);
	}
	if (d)
		closedir(d);
	return o;
}

static struct json_object *env_cpu(void)
{
	struct json_object *o = json_object_new_object(), *kinds = topo_kinds_json();
	char value[LINE];

	add(o, "model", cpuinfo("model name", value, sizeof(value)));
	add(o, "microcode", cpuinfo("microcode", value, sizeof(value)));
	json_object_object_add(o, "online", json_object_new_int(sysconf(_SC_NPROCESSORS_ONLN)));
	json_object_object_add(o, "topology", topo_json());
	if (kinds)
		json_object_object_add(o, "kinds", kinds);
	add_file(o, "smt", "/sys/devices/system/cpu/smt/control");
	add_file(o, "isolated", "/sys/devices/system/cpu/isolated");
	add_file(o, "nohz_full", "/sys/devices/system/cpu/nohz_full");
	add_file(o, "idle_driver", "/sys/devices/system/cpu/cpuidle/current_driver");
	add_file(o, "frequency_driver", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver");
	add_file(o, "governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
	add_file(o, "frequency_khz", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq");
	add_file(o, "frequency_max_khz", "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
	add_file(o, "no_turbo", "/sys/devices/system/cpu/intel_pstate/no_turbo");
	add_file(o, "boost", "/sys/devices/system/cpu/cpufreq/boost");
	add_file(o, "clocksource",
		 "/sys/devices/system/clocksource/clocksource0/current_clocksource");
	json_object_object_add(o, "mitigations", env_mitigations());
	return o;
}

const char *env_machine_kind(void)
{
	char accel[32], flags[LINE];

	env_cmdline("refcost.accel=", accel, sizeof(accel));
	if (!strcmp(accel, "tcg") || !strcmp(accel, "icount"))
		return "emulated";
	if (*accel || strstr(cpuinfo("flags", flags, sizeof(flags)), "hypervisor"))
		return "virtual";
	return "bare metal";
}

/* "cpu" on most machines; "cpu_core" and "cpu_atom" on hybrid ones, armv8_... on Arm. */
bool env_has_pmu(void)
{
	static const char *const names[] = { "cpu", "cpu_core", "armv*" };
	char path[256], full[ENV_PATH];
	bool found = false;
	glob_t g;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]) && !found; i++) {
		snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s", names[i]);
		found = !glob(env_path(path, full, sizeof(full)), 0, NULL, &g);
		globfree(&g);
	}
	return found;
}

static struct json_object *env_machine(void)
{
	struct json_object *o = json_object_new_object();
	char accel[32], stat[LINE];
	long steal = 0;

	add(o, "kind", env_machine_kind());
	add(o, "accel", env_cmdline("refcost.accel=", accel, sizeof(accel)));
	if (env_host_cpus())
		json_object_object_add(o, "host_cpus", json_object_new_int(env_host_cpus()));
	add_file(o, "vendor", "/sys/class/dmi/id/sys_vendor");
	add_file(o, "product", "/sys/class/dmi/id/product_name");
	add_file(o, "product_version", "/sys/class/dmi/id/product_version");
	env_file("/proc/stat", stat, sizeof(stat));
	if (sscanf(stat, "cpu %*d %*d %*d %*d %*d %*d %*d %ld", &steal) == 1)
		json_object_object_add(o, "steal_ticks", json_object_new_int64(steal));
	add_file(o, "loadavg", "/proc/loadavg");
	return o;
}

struct json_object *env_json(void)
{
	struct json_object *o = json_object_new_object();
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	add(o, "refcost", REFCOST_VERSION);
	add(o, "built_with", REFCOST_TOOLS);
	add(o, "host", host);
	add(o, "modules", suite_build());
	json_object_object_add(o, "machine", env_machine());
	json_object_object_add(o, "kernel", env_kernel());
	json_object_object_add(o, "cpu", env_cpu());
	return o;
}
