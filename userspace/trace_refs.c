// SPDX-License-Identifier: GPL-2.0
/*
 * The user half of refcost trace --refs: attaches, reads counts, and holds them against the module's own.
 */
#include "trace_refs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef REFCOST_NO_BPF

struct refs *refs_open(const char *module, uint32_t rows, char *err, size_t errlen)
{
	(void)module;
	(void)rows;
	snprintf(err, errlen, "built without the tracer: install clang and libbpf-dev, then make");
	errno = ENOTSUP;
	return NULL;
}

const char *refs_note(const struct refs *r)
{
	(void)r;
	return NULL;
}

const char *refs_module(const struct refs *r)
{
	(void)r;
	return "";
}

int refs_wait(struct refs *r, int timeout_ms, int fd, struct refs_refusal *last)
{
	(void)r;
	(void)timeout_ms;
	(void)fd;
	(void)last;
	return -ENOTSUP;
}

int refs_read(struct refs *r, struct refs_state *out, struct refs_balance *balance)
{
	(void)r;
	(void)out;
	(void)balance;
	return -ENOTSUP;
}

int refs_read_balance(struct refs *r, struct refs_state *out, struct refs_balance *balance)
{
	return refs_read(r, out, balance);
}

size_t refs_users(const struct refs *r, char (*names)[REFS_NAME_LEN], size_t cap)
{
	(void)r;
	(void)names;
	(void)cap;
	return 0;
}

uint64_t refs_missed(const struct refs *r)
{
	(void)r;
	return 0;
}

int refs_stats_enable(struct refs *r)
{
	(void)r;
	return -ENOTSUP;
}

size_t refs_prog_stats(const struct refs *r, struct trace_prog *out, size_t cap)
{
	(void)r;
	(void)out;
	(void)cap;
	return 0;
}

void refs_close(struct refs *r)
{
	(void)r;
}

#else

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <poll.h>
#include <unistd.h>

#include "refcost.h"
#include "refs.skel.h"
#include "trace_module.h"

#define QUIET_US   2000 /* a get that was begun is counted by then */
#define PATIENT_NS (300 * NSEC_PER_MSEC)

struct refs {
	struct refs_bpf *bpf;
	struct bpf_link *links[REFS_PROGS];
	struct bpf_program *progs[REFS_PROGS];
	size_t nr_progs;
	struct ring_buffer *ring;
	int cpus, stats_fd;
	uint32_t cap; /* entries of the map */
	char module[REFS_NAME_LEN];
	const char *note;
	uint64_t begun_ns;
	struct refs_key *keys;
	struct refs_count *values; /* of all CPUs, key after key */
	struct refs_row *rows;
	struct refs_account *accounts; /* of all CPUs */
	struct refs_balance at_start;
	struct refs_refusal last;
};

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	return getenv("REFCOST_DEBUG") ? vfprintf(stderr, fmt, args) : 0;
}

static int load(struct refs *r)
{
	r->bpf = refs_bpf__open();
	if (!r->bpf)
		return -errno;
	bpf_map__set_max_entries(r->bpf->maps.counts, r->cap);
	bpf_map__set_max_entries(r->bpf->maps.tasks, r->cap);
	memcpy((char *)r->bpf->rodata->module, r->module, sizeof(r->module));
	return refs_bpf__load(r->bpf);
}

static int attach_one(struct refs *r, struct bpf_program *prog)
{
	struct bpf_link *link = bpf_program__attach(prog);
	int err = libbpf_get_error(link);

	if (err)
		return err;
	r->links[r->nr_progs] = link;
	r->progs[r->nr_progs++] = prog;
	return 0;
}

/* Puts before gets: whoever is seen to take a reference is seen to give it back. */
static int attach(struct refs *r)
{
	int err = attach_one(r, r->bpf->progs.on_load);

	err = err ?: attach_one(r, r->bpf->progs.on_free);
	err = err ?: attach_one(r, r->bpf->progs.on_put);
	err = err ?: attach_one(r, r->bpf->progs.on_get);
	if (err)
		return err;
	if (attach_one(r, r->bpf->progs.on_delete) || attach_one(r, r->bpf->progs.on_deleted))
		r->note =
			"refused unloads are not seen: they take tracefs (mount -t tracefs tracefs "
			"/sys/kernel/tracing) and CONFIG_FTRACE_SYSCALLS";
	return 0;
}

static bool make_room(struct refs *r)
{
	r->keys = calloc(r->cap, sizeof(*r->keys));
	r->values = calloc((size_t)r->cap * r->cpus, sizeof(*r->values));
	r->rows = calloc(r->cap, sizeof(*r->rows));
	r->accounts = calloc(r->cpus, sizeof(*r->accounts));
	return r->keys && r->values && r->rows && r->accounts;
}

static int on_refusal(void *ctx, void *data, size_t size)
{
	struct refs *r = ctx;

	if (size >= sizeof(r->last))
		memcpy(&r->last, data, sizeof(r->last));
	return 0;
}

static int by_site(const void *a, const void *b)
{
	const struct refs_row *x = a, *y = b;

	return x->ip < y->ip ? -1 : x->ip > y->ip;
}

/* One system call for the whole map, as long as it does not grow meanwhile. */
static int read_counts(struct refs *r, uint32_t *n)
{
	int fd = bpf_map__fd(r->bpf->maps.counts);
	__u32 position, part = r->cap;
	bool more = true, first = true;

	for (*n = 0; more && *n < r->cap; first = false) {
		part = r->cap - *n;
		if (bpf_map_lookup_batch(fd, first ? NULL : &position, &position, r->keys + *n,
					 r->values + (size_t)*n * r->cpus, &part, NULL)) {
			if (errno != ENOENT)
				return -errno;
			more = false;
		}
		*n += part;
	}
	return 0;
}

static int read_account(struct refs *r, struct refs_state *out)
{
	__u32 zero = 0;
	int cpu;

	if (bpf_map_lookup_elem(bpf_map__fd(r->bpf->maps.account), &zero, r->accounts))
		return -errno;
	for (cpu = 0; cpu < r->cpus; cpu++) {
		out->lost[REFS_GET] += r->accounts[cpu].lost[REFS_GET];
		out->lost[REFS_PUT] += r->accounts[cpu].lost[REFS_PUT];
		out->loads += r->accounts[cpu].loads;
		out->refusals += r->accounts[cpu].refusals;
	}
	return 0;
}

/* Sums alone, with a row a key. */
static int read_sums(struct refs *r, struct refs_state *out)
{
	uint32_t n, i;
	int err, cpu;

	memset(out, 0, sizeof(*out));
	err = read_counts(r, &n);
	err = err ?: read_account(r, out);
	if (err)
		return err;
	out->ns = now_ns() - r->begun_ns;
	out->rows = r->rows;
	out->nr_rows = n;
	out->n[REFS_GET] = out->lost[REFS_GET];
	out->n[REFS_PUT] = out->lost[REFS_PUT];
	for (i = 0; i < n; i++) {
		const struct refs_count *c = &r->values[(size_t)i * r->cpus];
		struct refs_row *row = &r->rows[i];

		*row = (struct refs_row){ .ip = r->keys[i].ip, .tid = r->keys[i].tid };
		for (cpu = 0; cpu < r->cpus; cpu++) {
			row->n[REFS_GET] += c[cpu].n[REFS_GET];
			row->n[REFS_PUT] += c[cpu].n[REFS_PUT];
		}
		out->n[REFS_GET] += row->n[REFS_GET];
		out->n[REFS_PUT] += row->n[REFS_PUT];
	}
	return 0;
}

static void name_rows(struct refs *r, struct refs_state *s)
{
	struct refs_task task;
	char path[32];
	size_t i;

	qsort(s->rows, s->nr_rows, sizeof(*s->rows), by_site);
	for (i = 0; i < s->nr_rows; i++) {
		snprintf(path, sizeof(path), "/proc/%u", s->rows[i].tid);
		s->rows[i].ended = s->rows[i].tid && access(path, F_OK);
		if (bpf_map_lookup_elem(bpf_map__fd(r->bpf->maps.tasks), &s->rows[i].tid, &task))
			continue;
		s->rows[i].tgid = task.tgid;
		memcpy(s->rows[i].comm, task.comm, sizeof(task.comm));
	}
}

int refs_read(struct refs *r, struct refs_state *out, struct refs_balance *b)
{
	int err = read_sums(r, out);

	b->known = r->at_start.checked;
	b->start = r->at_start.end;
	if (!err)
		name_rows(r, out);
	return err;
}

/* A word of a file under /sys/module; false if there is none. */
static bool module_word(const struct refs *r, const char *file, char *buf, int len)
{
	char path[128];
	bool fine;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/%s", r->module, file);
	f = fopen(path, "re");
	if (!f)
		return false;
	fine = fgets(buf, len, f);
	fclose(f);
	buf[fine ? strcspn(buf, "\n") : 0] = '\0';
	return fine;
}

/* References on the module, 0 if it is not loaded; false while it comes or goes. */
static bool module_count(const struct refs *r, int64_t *count)
{
	char state[16], word[24];

	*count = 0;
	if (!module_word(r, "initstate", state, sizeof(state)))
		return true;
	if (strcmp(state, "live") || !module_word(r, "refcnt", word, sizeof(word)))
		return false;
	*count = strtoll(word, NULL, 10);
	return true;
}

static bool same_sums(const struct refs_state *a, const struct refs_state *b)
{
	return !memcmp(a->n, b->n, sizeof(a->n)) && a->loads == b->loads;
}

/*
 * Our counts and the module's own belong together if ours are the same before and after. The rest in
 * between is for gets that are in the module's count already and not yet in ours.
 */
static int read_quiet(struct refs *r, struct refs_state *out, struct refs_balance *b)
{
	struct refs_state before;
	int err;

	err = read_sums(r, &before);
	if (err)
		return err;
	b->checked = module_count(r, &b->end);
	b->why = b->checked ? "it is in use all the time" : "it is being loaded or unloaded";
	usleep(QUIET_US);
	err = read_sums(r, out);
	b->checked = b->checked && same_sums(&before, out);
	b->off = b->end - (r->at_start.end + (int64_t)out->loads + (int64_t)out->n[REFS_GET] -
			   (int64_t)out->n[REFS_PUT]);
	return err;
}

int refs_read_balance(struct refs *r, struct refs_state *out, struct refs_balance *b)
{
	uint64_t end = now_ns() + PATIENT_NS;
	int err;

	do {
		err = read_quiet(r, out, b);
		if (err)
			return err;
	} while ((!b->checked || b->off) && now_ns() < end);
	b->known = r->at_start.checked;
	b->start = r->at_start.end;
	if (!b->known) {
		b->checked = false;
		b->why = "it was in use when counting began";
	}
	name_rows(r, out);
	return 0;
}

/* What the module's count was when ours were 0. */
static int read_start(struct refs *r)
{
	uint64_t end = now_ns() + PATIENT_NS;
	struct refs_state state = {};
	int err;

	do
		err = read_quiet(r, &state, &r->at_start);
	while (!err && !r->at_start.checked && now_ns() < end);
	r->at_start.end +=
		(int64_t)state.n[REFS_PUT] - (int64_t)state.n[REFS_GET] - (int64_t)state.loads;
	return err;
}

static int complain(int err, char *line, size_t len)
{
	if (err == -ENOMEM || err == -E2BIG)
		snprintf(line, len, "no memory for the counts: give a smaller --rows");
	else
		snprintf(line, len,
			 "the kernel refuses to count references (%s): it needs Linux 5.8 with "
			 "CONFIG_BPF_EVENTS and CONFIG_MODULE_UNLOAD, and no lockdown for "
			 "confidentiality; REFCOST_DEBUG=1 shows libbpf's own words",
			 strerror(-err));
	return err == -EPERM || err == -EACCES || err == -ENOMEM ? -err : ENOTSUP;
}

struct refs *refs_open(const char *module, uint32_t rows, char *line, size_t len)
{
	struct refs *r = calloc(1, sizeof(*r));
	int err = -ENOMEM;

	if (!r)
		goto fail;
	libbpf_set_print(quiet);
	snprintf(r->module, sizeof(r->module), "%s", module);
	module_spell(r->module);
	r->stats_fd = -1;
	r->cap = rows;
	r->cpus = libbpf_num_possible_cpus();
	if (r->cpus < 0 || !make_room(r))
		goto fail;
	err = load(r);
	err = err ?: attach(r);
	if (err)
		goto fail;
	r->begun_ns = now_ns();
	r->ring = ring_buffer__new(bpf_map__fd(r->bpf->maps.refusals), on_refusal, r, NULL);
	err = r->ring ? read_start(r) : -errno;
	if (!err)
		return r;
fail:
	err = complain(err, line, len);
	refs_close(r);
	errno = err;
	return NULL;
}

const char *refs_note(const struct refs *r)
{
	return r->note;
}

const char *refs_module(const struct refs *r)
{
	return r->module;
}

int refs_wait(struct refs *r, int timeout_ms, int fd, struct refs_refusal *last)
{
	struct pollfd fds[] = {
		{ .fd = ring_buffer__epoll_fd(r->ring), .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};
	int n;

	poll(fds, 2, timeout_ms);
	n = ring_buffer__consume(r->ring);
	if (n > 0)
		*last = r->last;
	return n;
}

size_t refs_users(const struct refs *r, char (*names)[REFS_NAME_LEN], size_t cap)
{
	const struct dirent *entry;
	char path[128];
	size_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/module/%s/holders", r->module);
	dir = opendir(path);
	while (dir && n < cap && (entry = readdir(dir)))
		if (*entry->d_name != '.')
			snprintf(names[n++], REFS_NAME_LEN, "%.*s", REFS_NAME_LEN - 1,
				 entry->d_name);
	if (dir)
		closedir(dir);
	return n;
}

static int prog_info(const struct refs *r, size_t i, struct bpf_prog_info *info)
{
	__u32 len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(bpf_program__fd(r->progs[i]), info, &len);
}

uint64_t refs_missed(const struct refs *r)
{
	struct bpf_prog_info info;
	uint64_t missed = 0;
	size_t i;

	for (i = 0; i < r->nr_progs; i++)
		if (!prog_info(r, i, &info))
			missed += info.recursion_misses;
	return missed;
}

int refs_stats_enable(struct refs *r)
{
	r->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	return r->stats_fd < 0 ? -errno : 0;
}

size_t refs_prog_stats(const struct refs *r, struct trace_prog *out, size_t cap)
{
	struct bpf_prog_info info;
	size_t i, n = 0;

	for (i = 0; i < r->nr_progs && n < cap; i++) {
		const char *section = bpf_program__section_name(r->progs[i]);

		if (prog_info(r, i, &info))
			continue;
		out[n++] = (struct trace_prog){ bpf_program__name(r->progs[i]),
						strrchr(section, '/') + 1, info.run_cnt,
						info.run_time_ns, info.recursion_misses };
	}
	return n;
}

void refs_close(struct refs *r)
{
	if (!r)
		return;
	ring_buffer__free(r->ring);
	while (r->nr_progs)
		bpf_link__destroy(r->links[--r->nr_progs]);
	refs_bpf__destroy(r->bpf);
	if (r->stats_fd >= 0)
		close(r->stats_fd);
	free(r->keys);
	free(r->values);
	free(r->rows);
	free(r->accounts);
	free(r);
}

#endif
