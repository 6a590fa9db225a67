// SPDX-License-Identifier: GPL-2.0
#include "machine/cpu.h"

#include <stdio.h>

bool cpu_set_online(int cpu, bool online)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	f = fopen(path, "we");
	if (!f)
		return false;
	fputc(online ? '1' : '0', f);
	return !fclose(f);
}
