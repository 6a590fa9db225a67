// SPDX-License-Identifier: GPL-2.0
#include "measure/objects/count.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/refcost.h"

/* Some hundred bytes a record, and some records an object, of which there are up to 4096. */
#define RING_BYTES (8u << 20)

/*
 * Tracepoints that say what is allocated, and freed again. Not every kernel has all of them: of
 * those for one node there are none from 6.2 on.
 */
static struct tracepoint {
	const char *event;
	const char *bytes; /* the field, NULL where memory is given back */
	bool percpu, optional;
	int fd, id, ptr_at, bytes_at;
} tracepoints[] = {
	{ .event = "kmem/kmalloc", .bytes = "bytes_alloc" },
	{ .event = "kmem/kmem_cache_alloc", .bytes = "bytes_alloc" },
	{ .event = "kmem/kmalloc_node", .bytes = "bytes_alloc", .optional = true },
	{ .event = "kmem/kmem_cache_alloc_node", .bytes = "bytes_alloc", .optional = true },
	/* its bytes_alloc is of all CPUs, and of what memory cgroups note beside it */
	{ .event = "percpu/percpu_alloc_percpu", .bytes = "size", .percpu = true },
	{ .event = "kmem/kfree" },
	{ .event = "kmem/kmem_cache_free" },
	{ .event = "percpu/percpu_free_percpu", .percpu = true },
};

/* The schemes wait by these two, and queue by the last two, of which the second came with 6.2. */
static struct function {
	const char *name;
	bool optional;
	int fd;
} functions[] = {
	{ .name = "synchronize_rcu" },
	{ .name = "synchronize_srcu" },
	{ .name = "call_rcu" },
	{ .name = "call_rcu_hurry", .optional = true },
};
#define WAITS 2

static struct perf_event_mmap_page *ring;
static bool has_memory, has_waits;

static int event_open(struct perf_event_attr *attr)
{
	attr->size = sizeof(*attr);
	attr->disabled = 1;
	return syscall(SYS_perf_event_open, attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static void event_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static FILE *event_file(const char *event, const char *name)
{
	static const char *const mounts[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char path[192];
	FILE *f = NULL;
	size_t i;

	for (i = 0; !f && i < ARRAY_SIZE(mounts); i++) {
		snprintf(path, sizeof(path), "%s/events/%s/%s", mounts[i], event, name);
		f = fopen(path, "re");
	}
	return f;
}

/* Return: where the field is in the event's record, or -1; it has eight bytes. */
static int field_at(const char *event, const char *field)
{
	FILE *f = event_file(event, "format");
	char line[256], wanted[64];
	int at = -1, size;
	char *found;

	if (!f)
		return -1;
	snprintf(wanted, sizeof(wanted), "%s;", field);
	while (at < 0 && fgets(line, sizeof(line), f)) {
		found = strstr(line, wanted);
		if (!found || found == line || (found[-1] != ' ' && found[-1] != '*') ||
		    sscanf(found + strlen(wanted), " offset:%d; size:%d;", &at, &size) != 2 ||
		    size != 8)
			at = -1;
	}
	fclose(f);
	return at;
}

static bool find_fields(struct tracepoint *t)
{
	t->ptr_at = field_at(t->event, "ptr");
	t->bytes_at = t->bytes ? field_at(t->event, t->bytes) : -1;
	return t->ptr_at >= 0 && (!t->bytes || t->bytes_at >= 0);
}

static bool tracepoint_open(struct tracepoint *t)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_RAW,
	};
	FILE *f = event_file(t->event, "id");

	t->fd = -1;
	if (!f)
		return t->optional;
	if (fscanf(f, "%d", &t->id) == 1 && find_fields(t)) {
		attr.config = t->id;
		t->fd = event_open(&attr);
	}
	fclose(f);
	if (t->fd < 0)
		return false;
	if (ring)
		return !ioctl(t->fd, PERF_EVENT_IOC_SET_OUTPUT, tracepoints[0].fd);
	ring = mmap(NULL, sysconf(_SC_PAGESIZE) + RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
		    t->fd, 0);
	if (ring == MAP_FAILED)
		ring = NULL;
	return ring;
}

static int kprobe_type(void)
{
	FILE *f = fopen("/sys/bus/event_source/devices/kprobe/type", "re");
	int type = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%d", &type) != 1)
		type = -1;
	fclose(f);
	return type;
}

static bool function_open(struct function *f, int type)
{
	struct perf_event_attr attr = {
		.type = type,
		.kprobe_func = (uintptr_t)f->name,
	};

	f->fd = type < 0 ? -1 : event_open(&attr);
	return f->fd >= 0 || (f->optional && type >= 0);
}

void count_open(void)
{
	int type = kprobe_type();
	size_t i;

	has_memory = has_waits = true;
	for (i = 0; i < ARRAY_SIZE(tracepoints); i++)
		has_memory = tracepoint_open(&tracepoints[i]) && has_memory;
	for (i = 0; i < ARRAY_SIZE(functions); i++)
		has_waits = function_open(&functions[i], type) && has_waits;
	if (!has_memory)
		say("memory is not counted: no tracepoints of allocations here (is "
		    "/sys/kernel/tracing mounted?)");
	if (!has_waits)
		say("grace periods are not counted: no kprobes here");
}

void count_close(void)
{
	size_t i;

	if (ring)
		munmap(ring, sysconf(_SC_PAGESIZE) + RING_BYTES);
	ring = NULL;
	for (i = ARRAY_SIZE(tracepoints); i--;)
		event_close(&tracepoints[i].fd);
	for (i = 0; i < ARRAY_SIZE(functions); i++)
		event_close(&functions[i].fd);
}

static void tracepoints_turn(unsigned long to)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tracepoints); i++)
		if (tracepoints[i].fd >= 0)
			ioctl(tracepoints[i].fd, to, 0);
}

void count_memory_begin(void)
{
	if (has_memory)
		tracepoints_turn(PERF_EVENT_IOC_ENABLE);
}

/* Memory that has not been freed again. */
struct piece {
	uint64_t ptr;
	uint64_t bytes;
	bool percpu;
};

static int piece_cmp(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	return x->percpu - y->percpu ?: (x->ptr > y->ptr) - (x->ptr < y->ptr);
}

struct tally {
	void *pieces;
	struct counted *c;
	bool sound;
};

static uint64_t u64_at(const char *data, size_t len, int at)
{
	uint64_t v = 0;

	if (at >= 0 && at + sizeof(v) <= len)
		memcpy(&v, data + at, sizeof(v));
	return v;
}

static void tally_add(struct tally *t, const struct piece *piece)
{
	struct piece *copy = malloc(sizeof(*copy));

	if (!copy || !tsearch(copy, &t->pieces, piece_cmp)) {
		free(copy);
		t->sound = false;
		return;
	}
	*copy = *piece;
	*(piece->percpu ? &t->c->percpu_bytes : &t->c->slab_bytes) += piece->bytes;
}

static void tally_take(struct tally *t, const struct piece *piece)
{
	struct piece **found = tfind(piece, &t->pieces, piece_cmp), *gone;

	if (!found)
		return;
	gone = *found;
	*(gone->percpu ? &t->c->percpu_bytes : &t->c->slab_bytes) -= gone->bytes;
	tdelete(piece, &t->pieces, piece_cmp);
	free(gone);
}

static void on_event(struct tally *t, const char *data, size_t len)
{
	uint16_t id;
	size_t i;

	memcpy(&id, data, sizeof(id));
	for (i = 0; i < ARRAY_SIZE(tracepoints); i++) {
		const struct tracepoint *p = &tracepoints[i];
		struct piece piece = { .percpu = p->percpu };

		if (p->fd < 0 || p->id != id)
			continue;
		piece.ptr = u64_at(data, len, p->ptr_at);
		piece.bytes = u64_at(data, len, p->bytes_at);
		if (p->bytes && piece.ptr)
			tally_add(t, &piece);
		else if (!p->bytes)
			tally_take(t, &piece);
	}
}

/* Records up to where the kernel has written, which are in one piece in @from. */
static void on_records(struct tally *t, const char *from, size_t len)
{
	struct perf_event_header header;
	uint32_t raw;
	size_t at;

	for (at = 0; at + sizeof(header) <= len; at += header.size) {
		memcpy(&header, from + at, sizeof(header));
		if (header.size < sizeof(header) || header.size > len - at)
			break;
		if (header.type == PERF_RECORD_LOST || header.type == PERF_RECORD_THROTTLE)
			t->sound = false;
		if (header.type != PERF_RECORD_SAMPLE ||
		    header.size < sizeof(header) + sizeof(raw) + sizeof(uint64_t))
			continue;
		memcpy(&raw, from + at + sizeof(header), sizeof(raw));
		if (raw <= header.size - sizeof(header) - sizeof(raw))
			on_event(t, from + at + sizeof(header) + sizeof(raw), raw);
	}
}

static void ring_read(struct tally *t)
{
	const char *data = (const char *)ring + sysconf(_SC_PAGESIZE);
	uint64_t head = __atomic_load_n(&ring->data_head, __ATOMIC_ACQUIRE), tail = ring->data_tail;
	size_t len = head - tail, begin = tail % RING_BYTES;
	size_t first = len < RING_BYTES - begin ? len : RING_BYTES - begin;
	char *copy = malloc(len ?: 1);

	t->sound = t->sound && copy;
	if (copy) {
		memcpy(copy, data + begin, first);
		memcpy(copy + first, data, len - first);
		on_records(t, copy, len);
	}
	free(copy);
	__atomic_store_n(&ring->data_tail, head, __ATOMIC_RELEASE);
}

void count_memory_end(struct counted *c)
{
	struct tally t = { .c = c, .sound = true };

	c->slab_bytes = c->percpu_bytes = has_memory ? 0 : -1;
	if (!has_memory)
		return;
	tracepoints_turn(PERF_EVENT_IOC_DISABLE);
	ring_read(&t);
	tdestroy(t.pieces, free);
	if (!t.sound)
		c->slab_bytes = c->percpu_bytes = -1;
}

void count_waits_begin(void)
{
	size_t i;

	for (i = 0; has_waits && i < ARRAY_SIZE(functions); i++) {
		if (functions[i].fd < 0)
			continue;
		ioctl(functions[i].fd, PERF_EVENT_IOC_RESET, 0);
		ioctl(functions[i].fd, PERF_EVENT_IOC_ENABLE, 0);
	}
}

void count_waits_end(struct counted *c)
{
	size_t i;

	c->waits = c->callbacks = has_waits ? 0 : -1;
	for (i = 0; has_waits && i < ARRAY_SIZE(functions); i++) {
		uint64_t n = 0;

		if (functions[i].fd < 0)
			continue;
		ioctl(functions[i].fd, PERF_EVENT_IOC_DISABLE, 0);
		if (read(functions[i].fd, &n, sizeof(n)) != sizeof(n))
			n = 0;
		*(i < WAITS ? &c->waits : &c->callbacks) += n;
	}
}
