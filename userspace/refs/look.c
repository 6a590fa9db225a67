// SPDX-License-Identifier: GPL-2.0
/*
 * What those who look for holders share.
 */
#include "refs/look.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "machine/env.h"

void look_processes(void (*visit)(unsigned int pid, const char *dir, void *arg), void *arg)
{
	char path[LOOK_PATH], dir[32];
	const struct dirent *entry;
	DIR *proc = opendir(env_path("/proc", path, sizeof(path)));
	unsigned int pid;

	while (proc && (entry = readdir(proc))) {
		pid = strtoul(entry->d_name, NULL, 10);
		if (!isdigit(*entry->d_name))
			continue;
		snprintf(dir, sizeof(dir), "/proc/%u", pid);
		visit(pid, dir, arg);
	}
	if (proc)
		closedir(proc);
}

const char *look_command(const char *dir, char *buf, size_t len)
{
	char path[LOOK_PATH], comm[32], clean[17];

	snprintf(path, sizeof(path), "%s/comm", dir);
	env_file(path, comm, sizeof(comm));
	snprintf(buf, len, "%s%s", text_clean(clean, sizeof(clean), *comm ? comm : "?"),
		 strrchr(dir, '/'));
	return buf;
}

bool look_device(struct owner *o, const char *node, enum holder_sure *sure)
{
	struct stat st;

	return !stat(node, &st) && (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) &&
	       owner_device(o, S_ISBLK(st.st_mode), st.st_rdev, sure);
}
