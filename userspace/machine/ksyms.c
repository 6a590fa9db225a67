// SPDX-License-Identifier: GPL-2.0
/*
 * Names of kernel addresses, and what a sleeping kernel stack waits for.
 *
 * The kernel's own symbols are read once and packed: about 4 MiB. Modules come and go, so that what
 * is not the kernel's is looked up in /proc/modules when it is asked for.
 */
#include "machine/ksyms.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An address as its distance from the first, and where the name stands. */
struct sym {
	uint32_t at;
	uint32_t name;
};

struct ksyms {
	uint64_t base, text, etext;
	struct sym *v;
	size_t n, cap;
	char *names;
	size_t used, room;
	uint64_t *pages; /* code that the kernel made for BPF programs and probes */
	size_t nr_pages, cap_pages;
};

#define WIDTH	  79 /* of what is printed */
#define GENERATED "(generated)"

static bool grow(void **v, size_t *cap, size_t want, size_t size)
{
	size_t bigger = *cap ? *cap + *cap / 2 : 4096;
	void *p;

	if (want <= *cap)
		return true;
	p = realloc(*v, bigger * size);
	if (!p)
		return false;
	*v = p;
	*cap = bigger;
	return true;
}

static bool add(struct ksyms *k, uint64_t addr, const char *name)
{
	size_t len = strlen(name) + 1;

	if (addr - k->base > UINT32_MAX || len > KSYM_LEN)
		return true;
	if (!grow((void **)&k->v, &k->cap, k->n + 1, sizeof(*k->v)) ||
	    !grow((void **)&k->names, &k->room, k->used + len, 1))
		return false;
	memcpy(k->names + k->used, name, len);
	k->v[k->n++] = (struct sym){ addr - k->base, k->used };
	k->used += len;
	return true;
}

/*
 * Programs, trampolines of programs and of the function tracer look like modules with these names.
 */
static bool is_generated(const char *module)
{
	return !strncmp(module, "[bpf]", 5) || !strncmp(module, "[__builtin__", 12);
}

static bool add_page(struct ksyms *k, uint64_t addr)
{
	if (!grow((void **)&k->pages, &k->cap_pages, k->nr_pages + 1, sizeof(*k->pages)))
		return false;
	k->pages[k->nr_pages++] = addr;
	return true;
}

/* Text begins with _stext in every kernel; its symbols come in order, but for the rare one. */
static bool on_line(struct ksyms *k, char *line)
{
	char *end, *name;
	uint64_t addr = strtoull(line, &end, 16);
	char type = *end ? end[1] : '\0', *module = strchr(end, '\t');

	if (module && is_generated(module + 1))
		return add_page(k, addr);
	if (!type || !end[2] || module)
		return true;
	name = end + 3;
	name[strcspn(name, "\n")] = '\0';
	if (!strcmp(name, "_stext"))
		k->base = k->text = addr;
	else if (!strcmp(name, "_etext"))
		k->etext = addr;
	if (!k->text || addr < k->text || !strchr("tTwW", type) || *name == '$')
		return true;
	return add(k, addr, name);
}

static int by_address(const void *a, const void *b)
{
	const struct sym *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

struct ksyms *ksyms_open(const char *path)
{
	struct ksyms *k = calloc(1, sizeof(*k));
	FILE *f = k ? fopen(path, "re") : NULL;
	char *line = NULL;
	size_t size = 0;
	bool fine = true;

	if (!f) {
		free(k);
		return NULL;
	}
	setvbuf(f, NULL, _IOFBF, 1 << 18);
	while (fine && getline(&line, &size, f) > 0)
		fine = on_line(k, line);
	free(line);
	fclose(f);
	if (fine && k->n) {
		qsort(k->v, k->n, sizeof(*k->v), by_address);
		return k;
	}
	ksyms_free(k);
	errno = fine ? EPERM : ENOMEM;
	return NULL;
}

int ksyms_has(const char *path, const char *name)
{
	FILE *f = fopen(path, "re");
	char *line = NULL, its[KSYM_LEN];
	size_t size = 0;
	int has = 0;

	if (!f)
		return -errno;
	while (!has && getline(&line, &size, f) > 0)
		has = sscanf(line, "%*s %*c %95s", its) == 1 && !strcmp(its, name);
	free(line);
	fclose(f);
	return has;
}

void ksyms_free(struct ksyms *k)
{
	if (!k)
		return;
	free(k->v);
	free(k->names);
	free(k->pages);
	free(k);
}

/* The last symbol at or below; of several at one place the first. */
const char *ksyms_core(const struct ksyms *k, uint64_t addr, uint64_t *offset)
{
	size_t low = 0, high = k ? k->n : 0, mid;

	if (!high || addr < k->text || addr >= k->etext)
		return NULL;
	while (low < high) {
		mid = low + (high - low) / 2;
		if (k->v[mid].at <= addr - k->base)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	for (low--; low && k->v[low - 1].at == k->v[low].at; low--)
		;
	*offset = addr - k->base - k->v[low].at;
	return k->names + k->v[low].name;
}

/*
 * A line of /proc/modules: name, size, references, dependants, state, address. Since 6.4 the size
 * is that of several places, and the address that of the code: the last that begins at or below has
 * it.
 */
static bool module_name(uint64_t addr, char *buf)
{
	FILE *f = fopen("/proc/modules", "re");
	char *line = NULL, name[64];
	uint64_t start, bytes, last = 0;
	size_t size = 0;

	if (!f)
		return false;
	while (getline(&line, &size, f) > 0) {
		if (sscanf(line, "%63s %" SCNu64 " %*s %*s %*s %" SCNx64, name, &bytes, &start) !=
			    3 ||
		    start <= last || addr < start || addr - start >= bytes)
			continue;
		last = start;
		snprintf(buf, KSYM_LEN, "[%s]", name);
	}
	free(line);
	fclose(f);
	return last;
}

/* Such symbols have no size: what is generated takes part of a page, and starts anywhere in it. */
static bool in_generated(const struct ksyms *k, uint64_t addr)
{
	size_t i;

	for (i = 0; i < k->nr_pages; i++)
		if (addr >= k->pages[i] && addr - k->pages[i] < 4096)
			return true;
	return false;
}

const char *ksyms_name(const struct ksyms *k, uint64_t addr, const struct ksyms_gone *gone,
		       char *buf)
{
	uint64_t offset;
	const char *name = ksyms_core(k, addr, &offset);

	if (name)
		snprintf(buf, KSYM_LEN, "%s", name);
	else if (k && gone && gone->text && addr - gone->text < gone->size)
		snprintf(buf, KSYM_LEN, "[%s]", gone->name);
	else if (k && module_name(addr, buf))
		return buf;
	else if (k && in_generated(k, addr))
		strcpy(buf, GENERATED);
	else if (k && gone)
		snprintf(buf, KSYM_LEN, "[%s]", gone->name);
	else
		snprintf(buf, KSYM_LEN, "0x%" PRIx64, addr);
	return buf;
}

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* How every sleep ends: in the scheduler, and then in the tracer's own program. */
static bool is_scheduler(const char *name)
{
	static const char *const prefixes[] = { "bpf_",		  "__bpf_",	 "___bpf_",
						"__traceiter_",	  "trace_",	 "__schedule",
						"schedule",	  "io_schedule", "preempt_schedule",
						"__cond_resched", "__bpf_trace" };
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (begins(name, prefixes[i]))
			return true;
	return false;
}

static bool is_entry(const char *name)
{
	return strstr(name, "sys_delete_module") || strstr(name, "sys_finit_module") ||
	       strstr(name, "sys_init_module") || begins(name, "do_syscall_64") ||
	       begins(name, "x64_sys_call") || begins(name, "el0_svc") || begins(name, "entry_");
}

static bool is_trampoline(const char *name)
{
	return !strcmp(name, GENERATED) || begins(name, "bpf_trampoline") ||
	       begins(name, "arch_rethook_trampoline") || begins(name, "__kretprobe_trampoline") ||
	       begins(name, "kretprobe_trampoline");
}

/* A function that is watched is called from its own first instruction, by way of a trampoline. */
static void drop_trampolines(struct stack *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		if (is_trampoline(s->frames[i]) || (n && i && is_trampoline(s->frames[i - 1]) &&
						    !strcmp(s->frames[n - 1], s->frames[i])))
			continue;
		if (n != i)
			strcpy(s->frames[n], s->frames[i]);
		n++;
	}
	s->n = n;
}

void stack_trim(struct stack *s)
{
	size_t skip = 0, n;

	/* An interrupt or a helper may stand among them: all up to the last one, near the top. */
	for (n = 0; n < s->n && n < 10; n++)
		if (is_scheduler(s->frames[n]) && !is_entry(s->frames[n]) &&
		    !is_trampoline(s->frames[n]))
			skip = n + 1;
	/* A stack that is nothing else was preempted: say by what frame. */
	if (skip == s->n && skip)
		skip--;
	s->n -= skip;
	memmove(s->frames, s->frames + skip, s->n * sizeof(s->frames[0]));
	for (n = 1; n < s->n; n++)
		if (is_entry(s->frames[n]))
			s->n = n;
	drop_trampolines(s);
}

void stack_name(const struct ksyms *k, const __u64 *ips, size_t cap, const struct ksyms_gone *gone,
		struct stack *out)
{
	for (out->n = 0; out->n < cap && out->n < STACK_MAX && ips[out->n]; out->n++)
		ksyms_name(k, ips[out->n], gone, out->frames[out->n]);
	stack_trim(out);
}

void stack_print(FILE *f, const struct stack *s, int indent)
{
	size_t i, len, column = 0;

	for (i = 0; i < s->n; i++) {
		const char *more = i + 1 < s->n ? " <" : "";

		len = strlen(s->frames[i]) + strlen(more);
		if (i && column + 1 + len > WIDTH) {
			fputc('\n', f);
			column = 0;
		}
		column += column ? fprintf(f, " %s%s", s->frames[i], more)
				 : fprintf(f, "%*s%s%s", indent, "", s->frames[i], more);
	}
	if (s->n)
		fputc('\n', f);
}

/* Most telling first: what waits for a grace period waits for a completion, too. */
static const struct {
	const char *prefix;
	const char *why;
} reasons[] = {
	{ "rcu_barrier", "RCU callbacks (rcu_barrier)" },
	{ "srcu_barrier", "SRCU callbacks (srcu_barrier)" },
	{ "synchronize_srcu", "an SRCU grace period" },
	{ "__synchronize_srcu", "an SRCU grace period" },
	{ "synchronize_rcu_tasks", "an RCU-tasks grace period" },
	{ "synchronize_rcu", "a grace period" },
	{ "synchronize_net", "a grace period" },
	{ "__wait_rcu_gp", "a grace period" },
	{ "stop_machine", "all CPUs to stop" },
	{ "stop_one_cpu", "a CPU to stop" },
	{ "kthread_stop", "a kernel thread to end" },
	{ "blk_mq_freeze_queue", "a block queue to freeze" },
	{ "async_synchronize", "asynchronous probes" },
	{ "destroy_workqueue", "work to end" },
	{ "drain_workqueue", "work to end" },
	{ "flush_work", "work to end" },
	{ "__flush_work", "work to end" },
	{ "cancel_work", "work to end" },
	{ "cancel_delayed_work", "work to end" },
	{ "__cancel_work", "work to end" },
	{ "cpus_read_lock", "CPU hotplug" },
	{ "__mutex_lock", "a mutex" },
	{ "mutex_lock", "a mutex" },
	{ "rwsem_down", "a semaphore" },
	{ "down_", "a semaphore" },
	{ "__down", "a semaphore" },
	{ "rt_mutex", "a lock" },
	{ "wait_for_completion", "a completion" },
	{ "usleep_range", "a timer" },
	{ "msleep", "a timer" },
};

static bool holds(const struct stack *s, const char *prefix)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (begins(s->frames[i], prefix))
			return true;
	return false;
}

const char *stack_why(const struct stack *s, bool lock_wait)
{
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (!holds(s, reasons[i].prefix))
			continue;
		return lock_wait && strstr(reasons[i].why, "mutex") ? "module_mutex"
								    : reasons[i].why;
	}
	return NULL;
}
