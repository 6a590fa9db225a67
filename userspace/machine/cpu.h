/* SPDX-License-Identifier: GPL-2.0 */
/* Taking a CPU offline and back online. */
#ifndef REFCOST_MACHINE_CPU_H
#define REFCOST_MACHINE_CPU_H

#include <stdbool.h>

/**
 * cpu_set_online() - take a CPU online or offline; it may be so already
 * @cpu: which
 * @online: it is to be online
 *
 * Return: false if that fails.
 */
bool cpu_set_online(int cpu, bool online);

#endif
