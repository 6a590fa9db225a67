// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that do not return.
 */
#include "trace/hang.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "base/text.h"

#define LOOK_NS (200 * NSEC_PER_MSEC)

static volatile sig_atomic_t asked;

static void on_ask(int sig)
{
	asked = sig;
}

void hangs_ask_on(void)
{
	struct sigaction ask = { .sa_handler = on_ask };

	sigaction(SIGQUIT, &ask, NULL);
}

const char *hang_reason_name(enum hang_reason reason)
{
	static const char *const names[] = {
		[HANG_START] = "start",
		[HANG_SLOW] = "slow",
		[HANG_ASKED] = "asked",
		[HANG_END] = "end",
	};

	return names[reason];
}

static struct hang_seen *find_seen(struct hangs *h, uint32_t tid, uint64_t start)
{
	struct hang_seen *v;
	size_t i;

	for (i = 0; i < h->nr_seen; i++)
		if (h->seen[i].tid == tid && h->seen[i].start == start)
			return &h->seen[i];
	v = array_append((void **)&h->seen, &h->nr_seen, sizeof(*v));
	if (v)
		*v = (struct hang_seen){ .tid = tid, .start = start };
	return v;
}

/* Has it lasted one of the times since it was last looked at? Also says when it next will have. */
static bool came_of_age(struct hangs *h, uint32_t tid, uint64_t start, uint64_t ns)
{
	struct hang_seen *s = find_seen(h, tid, start);
	bool older = false;

	if (!s)
		return false;
	s->round = h->round;
	for (; s->level < h->nr_after && ns >= h->after[s->level]; s->level++)
		older = true;
	if (s->level < h->nr_after && h->after[s->level] - ns < h->next_ns)
		h->next_ns = h->after[s->level] - ns;
	return older;
}

/* What the kernel's record and /proc say of it, each what it knows. */
static void read_flight(const struct trace_flight *c, uint64_t now, struct inside *in)
{
	struct trace_phase p;

	memset(in, 0, sizeof(*in));
	trace_now(c, now, &p);
	text_clean(in->module, sizeof(in->module), c->rec.module);
	text_clean(in->command, sizeof(in->command), c->rec.comm);
	snprintf(in->phase, sizeof(in->phase), "%s", p.label);
	in->loading = c->rec.kind == TRACE_LOAD;
	in->pid = c->rec.tgid;
	in->tid = c->rec.pid;
	in->ns = now - c->rec.ts[0];
	in->phase_ns = p.ns;
	in->off_ns = p.off_ns;
	inside_look(in);
}

/* A look at all that is in flight. */
struct looking {
	struct hangs *h;
	enum hang_reason reason;
	uint64_t now;
};

static void on_flight(const struct trace_flight *c, void *arg)
{
	struct looking *l = arg;
	struct hangs *h = l->h;
	uint64_t start = c->rec.ts[0];
	static struct inside in;

	if (start > l->now || (h->wanted && *c->rec.module && !h->wanted(c->rec.module)))
		return;
	h->in_flight++;
	if (!came_of_age(h, c->rec.pid, start, l->now - start) && l->reason == HANG_SLOW)
		return;
	read_flight(c, l->now, &in);
	h->print(&in, l->reason, h->arg);
}

static void look_before(struct hangs *h, enum hang_reason reason, uint64_t now)
{
	size_t i, n = 0;

	for (i = 0; i < h->before.n; i++) {
		struct inside *in = &h->before.v[i];
		bool older = came_of_age(h, in->tid, h->start, now - h->start);

		if (!inside_look(in))
			continue;
		if (older || reason != HANG_SLOW)
			h->print(in, reason, h->arg);
		h->before.v[n++] = *in;
	}
	h->before.n = n;
}

/* Those that have returned since are forgotten. */
static void forget(struct hangs *h)
{
	size_t i, n = 0;

	for (i = 0; i < h->nr_seen; i++)
		if (h->seen[i].round == h->round)
			h->seen[n++] = h->seen[i];
	h->nr_seen = n;
}

static void look(struct hangs *h, enum hang_reason reason)
{
	struct looking l = { h, reason, now_ns() };

	h->round++;
	h->in_flight = 0;
	h->looked = l.now;
	h->next_ns = UINT64_MAX;
	look_before(h, reason, l.now);
	trace_in_flight(h->trace, on_flight, &l);
	forget(h);
}

/* A call that began while the tracer was attached is in flight, and no case of ours. */
static void leave_out(const struct trace_flight *c, void *arg)
{
	struct insiders *list = arg;
	size_t i, n = 0;

	for (i = 0; i < list->n; i++)
		if (list->v[i].tid != c->rec.pid)
			list->v[n++] = list->v[i];
	list->n = n;
}

void hangs_begin(struct hangs *h)
{
	size_t i;

	h->start = now_ns();
	inside_find_all(&h->before, h->wanted);
	trace_in_flight(h->trace, leave_out, &h->before);
	for (i = 0; i < h->before.n; i++)
		h->print(&h->before.v[i], HANG_START, h->arg);
}

void hangs_look(struct hangs *h)
{
	if (asked) {
		asked = 0;
		look(h, HANG_ASKED);
	} else if (now_ns() - h->looked > LOOK_NS) {
		look(h, HANG_SLOW);
	}
}

int hangs_patience(const struct hangs *h, int ms)
{
	uint64_t wait = h->next_ns / NSEC_PER_MSEC + 1;

	return wait < (uint64_t)ms ? (int)wait : ms;
}

size_t hangs_end(struct hangs *h)
{
	size_t n;

	look(h, HANG_END);
	n = h->before.n;
	insiders_free(&h->before);
	free(h->seen);
	h->seen = NULL;
	h->nr_seen = 0;
	return n;
}
