// SPDX-License-Identifier: GPL-2.0
/*
 * The counts of refcost refs: read, named, and held against the module's own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/refcost.h"
#include "machine/pidns.h"
#include "refs/count.h"

#define QUIET_US   2000 /* a get that was begun is counted by then */
#define PATIENT_NS (300 * NSEC_PER_MSEC)

bool refs_count_room(struct refs *r)
{
	r->keys = calloc(r->cap, sizeof(*r->keys));
	r->values = calloc((size_t)r->cap * r->cpus, sizeof(*r->values));
	r->rows = calloc(r->cap, sizeof(*r->rows));
	r->accounts = calloc(r->cpus, sizeof(*r->accounts));
	return r->keys && r->values && r->rows && r->accounts;
}

void refs_count_free(struct refs *r)
{
	free(r->keys);
	free(r->values);
	free(r->rows);
	free(r->accounts);
}

static int by_site(const void *a, const void *b)
{
	const struct refs_row *x = a, *y = b;

	return x->ip < y->ip ? -1 : x->ip > y->ip;
}

/* One system call for the whole map, as long as it does not grow meanwhile. */
static int read_counts(struct refs *r, uint32_t *n)
{
	int fd = r->counts_fd;
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

	if (bpf_map_lookup_elem(r->account_fd, &zero, r->accounts))
		return -errno;
	for (cpu = 0; cpu < r->cpus; cpu++) {
		out->lost[REFS_GET] += r->accounts[cpu].lost[REFS_GET];
		out->lost[REFS_PUT] += r->accounts[cpu].lost[REFS_PUT];
		out->loads += r->accounts[cpu].loads;
		out->refusals += r->accounts[cpu].refusals;
	}
	return 0;
}

/* Sums alone, with one row per key. */
static int read_sums(struct refs *r, struct refs_state *out)
{
	uint32_t n, i;
	int err, cpu;

	memset(out, 0, sizeof(*out));
	err = read_counts(r, &n);
	if (!err)
		err = read_account(r, out);
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
	bool first = pidns_is_first(); /* else they have other numbers in /proc */
	char path[32];
	size_t i;

	qsort(s->rows, s->nr_rows, sizeof(*s->rows), by_site);
	for (i = 0; i < s->nr_rows; i++) {
		snprintf(path, sizeof(path), "/proc/%u", s->rows[i].tid);
		s->rows[i].ended = first && s->rows[i].tid && access(path, F_OK);
		if (bpf_map_lookup_elem(r->tasks_fd, &s->rows[i].tid, &task))
			continue;
		s->rows[i].tgid = task.tgid;
		memcpy(s->rows[i].comm, task.comm, sizeof(task.comm));
	}
}

int refs_read(struct refs *r, struct refs_state *out, struct refs_balance *b)
{
	int err;

	err = read_sums(r, out);
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
 * Our counts and the module's own belong together if ours are the same before and after. The rest
 * in between is for gets that are in the module's count already and not yet in ours.
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

int refs_count_begin(struct refs *r)
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
