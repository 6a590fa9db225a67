// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that are loading or unloading a module.
 */
#include "machine/inside.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/refcost.h"
#include "base/text.h"
#include "machine/env.h"
#include "machine/module.h"

#define DIR_LEN	 300 /* room for a directory of /proc */
#define PATH_LEN 512
#define LOOK_US	 60000 /* some ticks of the clock that CPU time is counted by */

/* What /proc/PID/stat has of it; times in ticks. */
struct stat_line {
	char state;
	unsigned long user, system;
	unsigned long long start;
};

static struct stat_line read_stat(const char *dir)
{
	char inside[PATH_LEN], line[512];
	struct stat_line s = {};
	const char *end;

	snprintf(inside, sizeof(inside), "%s/stat", dir);
	end = strrchr(env_file(inside, line, sizeof(line)), ')');
	if (end)
		sscanf(end + 1,
		       " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d "
		       "%*d %llu",
		       &s.state, &s.user, &s.system, &s.start);
	return s;
}

static uint64_t age_ns(const struct stat_line *s)
{
	uint64_t since = s->start * (NSEC_PER_SEC / sysconf(_SC_CLK_TCK)), now;
	struct timespec boot;

	if (!s->start || clock_gettime(CLOCK_BOOTTIME, &boot))
		return 0;
	now = boot.tv_sec * NSEC_PER_SEC + boot.tv_nsec;
	return now > since ? now - since : 0;
}

/* The functions of /proc/PID/stack: "[<0>] name+0x1/0x2 [module]", a line each. */
static void read_stack(const char *dir, struct stack *stack)
{
	char inside[PATH_LEN], path[PATH_LEN], line[256], *name, *of;
	FILE *f;

	stack->n = 0;
	snprintf(inside, sizeof(inside), "%s/stack", dir);
	f = fopen(env_path(inside, path, sizeof(path)), "re");
	while (f && stack->n < STACK_MAX && fgets(line, sizeof(line), f)) {
		name = strstr(line, "] ");
		if (!name)
			continue;
		name += 2;
		of = strchr(name, '[');
		if (of)
			of[strcspn(of, "\n")] = '\0';
		name[strcspn(name, "+\n")] = '\0';
		snprintf(stack->frames[stack->n++], KSYM_LEN, "%s%s%s", name, of ? " " : "",
			 of ?: "");
	}
	if (f)
		fclose(f);
}

static bool is_inside(const struct stack *s, bool loading)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (loading ? strstr(s->frames[i], "init_module") ||
				      strstr(s->frames[i], "load_module")
			    : !!strstr(s->frames[i], "delete_module"))
			return true;
	return false;
}

/* Its own function under init() or exit() is that function: nothing else calls it there. */
static void guess_phase(struct inside *in)
{
	const struct stack *s = &in->stack;
	size_t i;

	for (i = 1; i < s->n && !*in->phase; i++) {
		if (in->loading && strstr(s->frames[i], "do_one_initcall"))
			strcpy(in->phase, "init()");
		if (!in->loading && strstr(s->frames[i], "delete_module") &&
		    strchr(s->frames[i - 1], '['))
			strcpy(in->phase, "exit()");
	}
}

/* The module that a file or a word means: without directories and what follows .ko. */
static void name_of(const char *word, char *name, size_t len)
{
	const char *base = strrchr(word, '/');

	snprintf(name, len, "%s", base ? base + 1 : word);
	if (strstr(name, ".ko"))
		*strstr(name, ".ko") = '\0';
	module_spell(name);
}

static void read_name(const char *dir, unsigned long at, char *name, size_t len)
{
	char inside[PATH_LEN], path[PATH_LEN];
	int fd;

	snprintf(inside, sizeof(inside), "%s/mem", dir);
	fd = open(env_path(inside, path, sizeof(path)), O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && pread(fd, name, len - 1, at) <= 0)
		name[0] = '\0';
	if (fd >= 0)
		close(fd);
	module_spell(name);
}

static void read_file_name(const char *dir, unsigned long fd, char *name, size_t len)
{
	char inside[PATH_LEN], path[PATH_LEN], target[PATH_LEN];
	ssize_t n;

	snprintf(inside, sizeof(inside), "%s/fd/%lu", dir, fd);
	n = readlink(env_path(inside, path, sizeof(path)), target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	name_of(target, name, len);
}

/*
 * Which module a sleeping call is about: delete_module(2) has a name, finit_module(2) a file. What
 * runs, is no caller of 64 bits or says nothing, may be about any.
 */
static bool is_about(const char *dir, const char *module)
{
	char inside[PATH_LEN], line[256], name[64] = "";
	unsigned long arg;
	long call;

	snprintf(inside, sizeof(inside), "%s/syscall", dir);
	if (sscanf(env_file(inside, line, sizeof(line)), "%ld %lx", &call, &arg) != 2)
		return true;
	if (call == SYS_delete_module)
		read_name(dir, arg, name, sizeof(name));
	else if (call == SYS_finit_module)
		read_file_name(dir, arg, name, sizeof(name));
	return !*name || !strcmp(name, module);
}

static bool is_running(const char *dir)
{
	char inside[PATH_LEN], line[256];

	snprintf(inside, sizeof(inside), "%s/syscall", dir);
	return !strcmp(env_file(inside, line, sizeof(line)), "running");
}

/* Words are separated by NULs. */
static bool command_line_names(const char *dir, const char *module)
{
	char inside[PATH_LEN], path[PATH_LEN], words[4096], name[256], *word;
	size_t n;
	FILE *f;

	snprintf(inside, sizeof(inside), "%s/cmdline", dir);
	f = fopen(env_path(inside, path, sizeof(path)), "re");
	n = f ? fread(words, 1, sizeof(words) - 1, f) : 0;
	if (f)
		fclose(f);
	words[n] = '\0';
	for (word = words; word < words + n; word += strlen(word) + 1) {
		name_of(word, name, sizeof(name));
		if (!strcmp(name, module))
			return true;
	}
	return false;
}

static bool spends_its_time_in_the_kernel(const char *dir)
{
	struct stat_line before = read_stat(dir), after;

	usleep(LOOK_US);
	after = read_stat(dir);
	return after.state == 'R' && after.system > before.system && after.user == before.user;
}

static void add(struct insiders *list, const struct inside *in)
{
	struct inside *v = array_append((void **)&list->v, &list->n, sizeof(*v));

	if (v)
		*v = *in;
}

/* What is looked for. */
struct search {
	struct insiders *list;
	const char *module;
	bool loading;
	bool running;
};

static void look(struct inside *in, const char *dir, struct stack *whole)
{
	struct stat_line s = read_stat(dir);

	in->state = s.state ?: '?';
	in->age_ns = age_ns(&s);
	read_stack(dir, whole);
	in->stack = *whole;
	guess_phase(in);
	stack_trim(&in->stack);
}

static void on_task(const struct search *search, unsigned int pid, unsigned int tid,
		    const char *dir)
{
	static struct stack whole;
	char inside[PATH_LEN], comm[32];
	struct inside in = { .pid = pid, .tid = tid, .loading = search->loading };

	if (search->running) {
		if (!is_running(dir) || pid == (unsigned int)getpid() ||
		    !command_line_names(dir, search->module) || !spends_its_time_in_the_kernel(dir))
			return;
		in.likely = true;
	}
	look(&in, dir, &whole);
	if (!search->running &&
	    (!is_inside(&whole, search->loading) || !is_about(dir, search->module)))
		return;
	snprintf(in.module, sizeof(in.module), "%s", search->module);
	snprintf(inside, sizeof(inside), "%s/comm", dir);
	text_clean(in.command, sizeof(in.command), env_file(inside, comm, sizeof(comm)));
	add(search->list, &in);
}

static void on_process(const struct search *search, unsigned int pid)
{
	char inside[64], path[PATH_LEN], task[DIR_LEN];
	const struct dirent *entry;
	DIR *tasks;

	snprintf(inside, sizeof(inside), "/proc/%u/task", pid);
	tasks = opendir(env_path(inside, path, sizeof(path)));
	while (tasks && (entry = readdir(tasks))) {
		if (!isdigit(*entry->d_name))
			continue;
		snprintf(task, sizeof(task), "/proc/%u/task/%s", pid, entry->d_name);
		on_task(search, pid, strtoul(entry->d_name, NULL, 10), task);
	}
	if (tasks)
		closedir(tasks);
}

static void search_all(const struct search *search)
{
	char path[PATH_LEN];
	const struct dirent *entry;
	DIR *proc = opendir(env_path("/proc", path, sizeof(path)));

	while (proc && (entry = readdir(proc)))
		if (isdigit(*entry->d_name))
			on_process(search, strtoul(entry->d_name, NULL, 10));
	if (proc)
		closedir(proc);
}

void inside_find(struct insiders *list, const char *module, bool loading)
{
	struct search search = { .list = list, .module = module, .loading = loading };
	struct inside nobody = { .loading = loading };
	size_t before = list->n;

	search_all(&search);
	search.running = true;
	if (list->n == before)
		search_all(&search);
	snprintf(nobody.module, sizeof(nobody.module), "%s", module);
	if (list->n == before)
		add(list, &nobody);
}

/* Not /proc/modules, which has its reader wait for module_mutex: who hangs may hold it. */
void inside_find_all(struct insiders *list, bool (*wanted)(const char *module))
{
	char path[PATH_LEN], inside[PATH_LEN], state[16];
	const struct dirent *entry;
	DIR *modules = opendir(env_path("/sys/module", path, sizeof(path)));

	while (modules && (entry = readdir(modules))) {
		snprintf(inside, sizeof(inside), "/sys/module/%s/initstate", entry->d_name);
		env_file(inside, state, sizeof(state));
		if (*state && strcmp(state, "live") && (!wanted || wanted(entry->d_name)))
			inside_find(list, entry->d_name, !strcmp(state, "coming"));
	}
	if (modules)
		closedir(modules);
}

bool inside_look(struct inside *in)
{
	static struct stack whole;
	char dir[64], inside[PATH_LEN], comm[32], clean[17];

	snprintf(dir, sizeof(dir), "/proc/%u/task/%u", in->pid, in->tid);
	snprintf(inside, sizeof(inside), "%s/comm", dir);
	text_clean(clean, sizeof(clean), env_file(inside, comm, sizeof(comm)));
	if (strcmp(clean, in->command))
		return false;
	look(in, dir, &whole);
	if (!whole.n || is_inside(&whole, in->loading))
		return true;
	in->state = 0;
	in->stack.n = 0;
	return false;
}

static const char *text(uint64_t ns)
{
	static char buf[2][32];
	static int next;

	next = !next;
	return ns_text(ns, buf[next], sizeof(buf[next]));
}

/* What is known of the time it takes. */
static void print_times(FILE *f, const struct inside *in)
{
	if (in->ns)
		fprintf(f, ", for %s", text(in->ns));
	else if (in->age_ns)
		fprintf(f, ", for %s at the most", text(in->age_ns));
	fputs(":\n", f);
	if (*in->phase)
		fprintf(f, "  in %s", in->phase);
	if (in->phase_ns)
		fprintf(f, " for %s", text(in->phase_ns));
	if (in->off_ns)
		fprintf(f, ", %s of that off the CPU", text(in->off_ns));
	if (*in->phase)
		fputc('\n', f);
}

static void print_state(FILE *f, const struct inside *in)
{
	const char *why = in->state == 'R' ? NULL : stack_why(&in->stack, false);

	if (!in->state)
		fputs("  not seen in /proc: it has ended, or is another namespace's\n", f);
	else
		fprintf(f, "  %s (%c)%s%s%s\n",
			in->state == 'R' ? "on the CPU, or waiting for one" : "asleep", in->state,
			why ? ", waiting for " : "", why ?: "", in->stack.n ? ":" : "");
	stack_print(f, &in->stack, 4);
}

void inside_print(FILE *f, const struct inside *in)
{
	fprintf(f, "%s is being %s, ", *in->module ? in->module : "a module",
		in->loading ? "loaded" : "unloaded");
	if (!in->tid) {
		fputs("and no task is found that does it\n", f);
		return;
	}
	fprintf(f, "by %s/%u", in->command, in->pid);
	if (in->tid != in->pid)
		fprintf(f, " (thread %u)", in->tid);
	fputs(in->likely ? ", it seems" : "", f);
	print_times(f, in);
	print_state(f, in);
}

static struct json_object *text_or_null(const char *s)
{
	return *s ? json_object_new_string(s) : NULL;
}

static struct json_object *number_or_null(uint64_t n)
{
	return n ? json_object_new_int64(n) : NULL;
}

struct json_object *inside_json(const struct inside *in)
{
	struct json_object *o = json_object_new_object(), *stack = json_object_new_array();
	const char *why = in->state == 'R' ? NULL : stack_why(&in->stack, false);
	char state[2] = { in->state };
	size_t i;

	json_object_object_add(o, "call", json_object_new_string(in->loading ? "load" : "unload"));
	json_object_object_add(o, "module", text_or_null(in->module));
	json_object_object_add(o, "pid", number_or_null(in->pid));
	json_object_object_add(o, "tid", number_or_null(in->tid));
	json_object_object_add(o, "command", text_or_null(in->command));
	json_object_object_add(o, "likely", json_object_new_boolean(in->likely));
	json_object_object_add(o, "ns", number_or_null(in->ns));
	json_object_object_add(o, "age_ns", number_or_null(in->age_ns));
	json_object_object_add(o, "phase", text_or_null(in->phase));
	json_object_object_add(o, "phase_ns", number_or_null(in->phase_ns));
	json_object_object_add(o, "off_ns",
			       in->phase_ns ? json_object_new_int64(in->off_ns) : NULL);
	json_object_object_add(o, "state", text_or_null(state));
	json_object_object_add(o, "why", why ? json_object_new_string(why) : NULL);
	for (i = 0; i < in->stack.n; i++)
		json_object_array_add(stack, json_object_new_string(in->stack.frames[i]));
	json_object_object_add(o, "stack", stack);
	return o;
}

void insiders_free(struct insiders *list)
{
	free(list->v);
	*list = (struct insiders){};
}
