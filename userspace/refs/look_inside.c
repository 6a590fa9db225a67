// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that are loading or unloading a module.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"
#include "machine/env.h"
#include "machine/module.h"
#include "refs/look.h"

/* The functions of /proc/PID/stack: "[<0>] name+0x1/0x2 [module]", a line each. */
static void read_stack(const char *dir, char *stack, size_t len)
{
	char inside[LOOK_PATH], path[LOOK_PATH], line[256], *name;
	size_t at = 0;
	FILE *f;

	stack[0] = '\0';
	snprintf(inside, sizeof(inside), "%s/stack", dir);
	f = fopen(env_path(inside, path, sizeof(path)), "re");
	while (f && at < len && fgets(line, sizeof(line), f)) {
		name = strstr(line, "] ");
		if (!name)
			continue;
		name += 2;
		name[strcspn(name, "+\n")] = '\0';
		at += snprintf(stack + at, len - at, "%s%s", at ? " < " : "", name);
	}
	if (f)
		fclose(f);
}

/* Which module a sleeping delete_module(2) is about: its first argument is a name. */
static bool is_about(const struct holders *h, const char *dir)
{
	char inside[LOOK_PATH], path[LOOK_PATH], line[256], name[64] = "";
	unsigned long at;
	long call;
	int fd;

	snprintf(inside, sizeof(inside), "%s/syscall", dir);
	if (sscanf(env_file(inside, line, sizeof(line)), "%ld %lx", &call, &at) != 2 ||
	    call != SYS_delete_module)
		return true; /* it runs, or is no caller of 64 bits: its stack has to do */
	snprintf(inside, sizeof(inside), "%s/mem", dir);
	fd = open(env_path(inside, path, sizeof(path)), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	if (pread(fd, name, sizeof(name) - 1, at) <= 0)
		name[0] = '\0';
	close(fd);
	module_spell(name);
	return !*name || !strcmp(name, h->module);
}

static char state_of(const char *dir)
{
	char inside[LOOK_PATH], line[256];
	const char *end;

	snprintf(inside, sizeof(inside), "%s/stat", dir);
	end = strrchr(env_file(inside, line, sizeof(line)), ')');
	return end && end[1] ? end[2] : '?';
}

static void add(struct holders *h, const struct inside *who)
{
	struct inside *v = realloc(h->inside, (h->nr_inside + 1) * sizeof(*v));

	if (!v)
		return;
	v[h->nr_inside++] = *who;
	h->inside = v;
}

static void on_task(struct holders *h, unsigned int pid, unsigned int tid, const char *dir)
{
	bool going = !strcmp(h->state, "going");
	char inside[LOOK_PATH], comm[32];
	struct inside who = { .pid = pid, .tid = tid, .state = state_of(dir) };

	read_stack(dir, who.stack, sizeof(who.stack));
	if (going ? !strstr(who.stack, "delete_module")
		  : !strstr(who.stack, "init_module") && !strstr(who.stack, "load_module"))
		return;
	if (going && !is_about(h, dir))
		return;
	snprintf(inside, sizeof(inside), "%s/comm", dir);
	text_clean(who.command, sizeof(who.command), env_file(inside, comm, sizeof(comm)));
	add(h, &who);
}

static void on_process(unsigned int pid, const char *dir, void *arg)
{
	char inside[LOOK_PATH], path[LOOK_PATH], task[LOOK_DIR];
	const struct dirent *entry;
	DIR *tasks;

	snprintf(inside, sizeof(inside), "%s/task", dir);
	tasks = opendir(env_path(inside, path, sizeof(path)));
	while (tasks && (entry = readdir(tasks))) {
		if (!isdigit(*entry->d_name))
			continue;
		snprintf(task, sizeof(task), "%s/task/%s", dir, entry->d_name);
		on_task(arg, pid, strtoul(entry->d_name, NULL, 10), task);
	}
	if (tasks)
		closedir(tasks);
}

void look_inside(struct holders *h)
{
	look_processes(on_process, h);
}
