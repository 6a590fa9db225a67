// SPDX-License-Identifier: GPL-2.0
/*
 * What the suite needs. This machine is measured by modules of its own or traced, a guest by QEMU:
 * whatever one of these lacks, the others may do without.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/refcost.h"
#include "machine/doctor.h"
#include "machine/env.h"
#include "machine/ksyms.h"
#include "machine/suite.h"

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
			doctor_finding(DOCTOR_OK, programs[i].name, "found");
		else
			doctor_finding(DOCTOR_MISSING, programs[i].name, programs[i].fix);
	}
}

/* A file that has to be there, in the tree that is looked at. */
static bool need_file(const char *what, const char *path, const char *good, const char *fix)
{
	char full[ENV_PATH];
	bool found = !access(env_path(path, full, sizeof(full)), R_OK);

	doctor_finding(found ? DOCTOR_OK : DOCTOR_MISSING, what, found ? good : fix);
	return found;
}

static void check_kernel(void)
{
	char value[256], path[256], fix[256];
	struct utsname u;

	uname(&u);
	need_file("loadable modules", "/proc/modules", u.release,
		  "this kernel has none: ./bench.sh --guest");
	snprintf(path, sizeof(path), "/lib/modules/%s/build/Makefile", u.release);
	snprintf(fix, sizeof(fix), "apt-get install linux-headers-%s", u.release);
	need_file("kernel headers", path, u.release, fix);
	need_file("BTF", "/sys/kernel/btf/vmlinux", "/sys/kernel/btf/vmlinux",
		  "no phases without it: use a kernel with CONFIG_DEBUG_INFO_BTF=y");
	env_file("/sys/kernel/security/lockdown", value, sizeof(value));
	if (strstr(value, "[integrity]") || strstr(value, "[confidentiality]"))
		doctor_finding(DOCTOR_MISSING, "lockdown",
			       "unsigned modules are refused: ./bench.sh --guest");
	else
		doctor_finding(DOCTOR_OK, "lockdown", *value ? value : "none");
}

static void check_signatures(void)
{
	char value[16];

	env_file("/sys/module/module/parameters/sig_enforce", value, sizeof(value));
	if (*value == 'Y' || *value == '1')
		doctor_finding(
			DOCTOR_MISSING, "module signing",
			"unsigned modules are refused (module.sig_enforce): boot without it, or "
			"./bench.sh --guest");
	else
		doctor_finding(DOCTOR_OK, "module signing", *value ? "not enforced" : "none");
}

/* Which of the tracer's mechanisms, and why. */
static void check_fexit(void)
{
	char full[ENV_PATH];

	switch (ksyms_has(env_path("/proc/kallsyms", full, sizeof(full)), KSYM_TRAMPOLINES_STAY)) {
	case 1:
		doctor_finding(DOCTOR_OK, "fentry", "the tracer uses it: it is safe to take off");
		break;
	case 0:
		doctor_finding(
			DOCTOR_WARN, "fentry",
			"not safe before 5.12 (no " KSYM_TRAMPOLINES_STAY
			"): the tracer uses kprobes, at five times the cost: use a newer kernel");
		break;
	default:
		doctor_finding(DOCTOR_OK, "fentry", "this kernel's symbols are not to be read");
	}
}

static void check_modules(void)
{
	struct schemes schemes;
	char value[64];

	if (schemes_read(&schemes)) {
		doctor_finding(DOCTOR_MISSING, "refcost.ko", "make");
		return;
	}
	snprintf(value, sizeof(value), "%zu schemes", schemes.n);
	doctor_finding(DOCTOR_OK, "refcost.ko", value);
	schemes_free(&schemes);
}

static void check_pmu(void)
{
	if (env_has_pmu())
		doctor_finding(DOCTOR_OK, "PMU", "cycles can be counted: refcost run --counters");
	else
		doctor_finding(DOCTOR_OK, "PMU",
			       "none: ns but no cycles; counts: ./bench.sh --instructions");
}

void doctor_needed(void)
{
	check_kernel();
	check_signatures();
	check_fexit();
	check_modules();
	check_pmu();
	check_programs();
}

const char *doctor_nothing(void)
{
	char path[ENV_PATH], lockdown[256];
	struct utsname u;

	uname(&u);
	if (!strcmp(u.machine, "x86_64") && have_program("qemu-system-x86_64"))
		return NULL;
	if (access(env_path("/proc/modules", path, sizeof(path)), R_OK))
		return "this kernel loads no modules, and there is no QEMU for a guest";
	env_file("/sys/kernel/security/lockdown", lockdown, sizeof(lockdown));
	if (strstr(lockdown, "[confidentiality]"))
		return "this kernel is locked down, and there is no QEMU for a guest";
	return NULL; /* other modules can be traced at least */
}
