// SPDX-License-Identifier: GPL-2.0
/*
 * PID namespaces. In a container this process and its children have other numbers than in the first
 * namespace, where the kernel's programs look. A namespace is known by its inode, and the first
 * one's is fixed.
 */
#include "machine/pidns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define FIRST_INO 0xEFFFFFFCU

static bool look(const char *of, const char *what, struct stat *st)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", of, what);
	return !stat(path, st);
}

/* A kernel without namespaces has but this one. */
bool pidns_is_first(void)
{
	struct stat st;

	return !look("self", "pid", &st) || st.st_ino == FIRST_INO;
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The process' number in its own namespace, which may be inside this one: the last of the line. */
static uint32_t innermost(const char *pid)
{
	char path[64], line[512], *last;
	uint32_t number = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	f = fopen(path, "re");
	while (f && !number && fgets(line, sizeof(line), f)) {
		last = strncmp(line, "NSpid:", 6) ? NULL : strrchr(line, '\t');
		number = last ? strtoul(last + 1, NULL, 10) : 0;
	}
	if (f)
		fclose(f);
	return number;
}

static bool is_proc_ours(void)
{
	char self[32];
	ssize_t n = readlink("/proc/self", self, sizeof(self) - 1);

	self[n < 0 ? 0 : n] = '\0';
	return atoi(self) == getpid();
}

const char *pidns_process(pid_t pid, bool child, struct pidns_process *out)
{
	char number[16];
	struct stat here, there;

	*out = (struct pidns_process){ .tgid = pid };
	if (pidns_is_first())
		return NULL;
	snprintf(number, sizeof(number), "%d", pid);
	if (!look("self", "pid", &here))
		return "in a PID namespace, whose inode cannot be read: mount /proc";
	if (child) {
		if (!look("self", "pid_for_children", &there) || !same(&here, &there))
			return "children get numbers of another PID namespace: unshare -f";
	} else if (!is_proc_ours()) {
		return "/proc is another PID namespace's: mount -t proc proc /proc";
	} else if (!look(number, "pid", &there)) {
		there = here;
	} else {
		out->tgid = innermost(number) ?: (uint32_t)pid;
	}
	out->ino = there.st_ino;
	out->dev = (uint64_t)major(there.st_dev) << 20 | minor(there.st_dev);
	return NULL;
}
