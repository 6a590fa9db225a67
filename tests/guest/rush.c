// SPDX-License-Identifier: GPL-2.0
/*
 * rush SCHEME: both modules are loaded; unload them as fast as system calls can, the scheme's gate
 * first.
 *
 * The command takes its time between the two modules. A callback that a gate has left behind in the
 * kernel then runs before its memory goes. Here it does not: a scheme that has not waited for it is
 * reported.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "refcost_uapi.h"

static int failed(const char *what)
{
	fprintf(stderr, "rush: %s: %s\n", what, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	struct refcost_run run = { .size = sizeof(run), .mode = REFCOST_LOOKUP, .objects = 1 };
	struct refcost_gate gate = { .size = sizeof(gate) };
	struct refcost_load_stat stat = { .size = sizeof(stat) };
	int fd;

	if (argc != 2)
		return 64;
	fd = open(REFCOST_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return failed(REFCOST_DEVICE);
	snprintf(run.scheme, sizeof(run.scheme), "%s", argv[1]);
	if (ioctl(fd, REFCOST_IOC_LOAD_START, &run))
		return failed("load");
	if (ioctl(fd, REFCOST_IOC_GATE, &gate))
		return failed("gate");
	if (syscall(SYS_delete_module, "refcost_victim", O_NONBLOCK))
		return failed("refcost_victim");
	if (ioctl(fd, REFCOST_IOC_LOAD_STOP, &stat))
		return failed("stop");
	close(fd);
	return syscall(SYS_delete_module, "refcost", O_NONBLOCK) ? failed("refcost") : 0;
}
