/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PID namespaces: what a process' number means to the kernel's programs.
 */
#ifndef REFCOST_MACHINE_PIDNS_H
#define REFCOST_MACHINE_PIDNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct pidns_process - a process as the kernel's programs find it
 * @tgid: its number
 * @dev: device of the namespace that has this number, as the kernel has it
 * @ino: its inode; 0: the first namespace, whose numbers programs have anyway
 */
struct pidns_process {
	uint32_t tgid;
	uint64_t dev;
	uint64_t ino;
};

/**
 * pidns_is_first() - are numbers here those of the first namespace?
 */
bool pidns_is_first(void);

/**
 * pidns_process() - which process is meant
 * @pid: its number here
 * @child: it is a child of this one
 * @out: filled in
 *
 * Return: NULL, or why nobody can know.
 */
const char *pidns_process(pid_t pid, bool child, struct pidns_process *out);

#endif
