// SPDX-License-Identifier: GPL-2.0
#include "machine/bpf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

bool bpf_locked_down(void)
{
	FILE *f = fopen("/sys/kernel/security/lockdown", "re");
	char line[128] = "";

	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	return strstr(line, "[confidentiality]");
}

void bpf_say_costs(const struct bpf_cost *progs, size_t n)
{
	uint64_t runs = 0;
	size_t i;

	for (i = 0; i < n; i++)
		runs += progs[i].runs;
	if (!runs)
		return;
	fprintf(stderr, "%-24s %-28s %10s %8s\n", "program", "attached to", "runs", "ns/run");
	for (i = 0; i < n; i++)
		fprintf(stderr, "%-24s %-28s %10lu %8lu\n", progs[i].name, progs[i].symbol,
			(unsigned long)progs[i].runs,
			(unsigned long)(progs[i].runs ? progs[i].run_ns / progs[i].runs : 0));
}

int bpf_print(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	return getenv("REFCOST_DEBUG") ? vfprintf(stderr, fmt, args) : 0;
}

int bpf_info(const struct bpf_program *prog, struct bpf_prog_info *info)
{
	__u32 len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(bpf_program__fd(prog), info, &len);
}
