// SPDX-License-Identifier: GPL-2.0
/*
 * refcost refs between its beginning and its end.
 */
#include "refs/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "machine/env.h"
#include "refs/find.h"

static volatile sig_atomic_t asked;

static void on_ask(int signal)
{
	asked = signal;
}

static int print(const struct refs_watch *w)
{
	int err = w->print(stdout, &w->report);

	if (!err && (fflush(stdout) || ferror(stdout)))
		err = -errno;
	if (err && err != -EPIPE) /* that nobody reads on is no reason to complain */
		fail(EXIT_FAILED, "cannot write: %s", strerror(-err));
	if (err)
		return EXIT_FAILED;
	err = w->file ? csv_refs(w->file, &w->report) : 0;
	return err ? fail(EXIT_FAILED, "cannot write %s: %s", w->file_name, strerror(-err))
		   : EXIT_FINE;
}

static int report(struct refs_watch *w, enum refs_reason reason)
{
	struct refs_report *rep = &w->report;
	int err;

	rep->module = refs_module(w->refs);
	rep->reason = reason;
	rep->offsets = w->verbose;
	rep->number++;
	err = reason == REFS_END ? refs_read_balance(w->refs, &rep->state, &rep->balance)
				 : refs_read(w->refs, &rep->state, &rep->balance);
	rep->late_ns = now_ns() - rep->refusal.ns;
	rep->missed = refs_missed(w->refs);
	holders_find(&rep->found, rep->module);
	if (!err)
		err = refs_name(rep, w->syms);
	if (err)
		return fail(EXIT_FAILED, "cannot read the counts: %s", strerror(-err));
	err = print(w);
	refs_unname(rep);
	holders_free(&rep->found);
	return err;
}

/* Is there anything to say before anything happens? */
static bool held_already(const char *module)
{
	struct holders h;
	bool held;

	holders_find(&h, module);
	held = h.count > 0 || holders_unprotected(&h) || (*h.state && strcmp(h.state, "live"));
	holders_free(&h);
	return held;
}

int refs_watch_begin(struct refs_watch *w, bool keyboard)
{
	struct sigaction ask = { .sa_handler = on_ask };

	if (refs_note(w->refs))
		say("%s", refs_note(w->refs));
	if (w->verbose && refs_stats_enable(w->refs))
		say("the kernel cannot time BPF programs: %s", strerror(errno));
	if (keyboard) {
		sigaction(SIGQUIT, &ask, NULL);
		say("counting references on %s; Ctrl-C ends it, Ctrl-\\ says how they stand",
		    refs_module(w->refs));
	}
	return held_already(refs_module(w->refs)) ? report(w, REFS_START) : EXIT_FINE;
}

/* lsmod(8) only lists; kmod reads several times, and goes on if the count is 0. */
static bool may_give_up(struct refs_watch *w)
{
	const struct refs_refusal *r = &w->report.refusal;
	char path[128], count[24];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", refs_module(w->refs));
	if (r->tgid == w->reader || !strcmp(r->comm, "lsmod") ||
	    !strtol(env_file(path, count, sizeof(count)), NULL, 10))
		return false;
	w->reader = r->tgid;
	return true;
}

int refs_watch_wait(struct refs_watch *w, int timeout_ms, int fd)
{
	int err = EXIT_FINE, n = refs_wait(w->refs, timeout_ms, fd, &w->report.refusal);

	if (n > 0) {
		w->report.refusals = n;
		if (!w->report.refusal.read)
			err = report(w, REFS_BUSY);
		else if (may_give_up(w))
			err = report(w, REFS_READ);
	}
	if (asked && !err) {
		asked = 0;
		err = report(w, REFS_ASKED);
	}
	return err;
}

int refs_watch_end(struct refs_watch *w)
{
	return report(w, REFS_END);
}

int refs_watch_account(const struct refs_watch *w)
{
	const struct refs_state *s = &w->report.state;
	uint64_t lost = s->lost[REFS_GET] + s->lost[REFS_PUT];
	bool complete = refs_complete(&w->report);

	say("%lu gets and puts counted; %lu lost, %lu missed%s%s",
	    (unsigned long)(s->n[REFS_GET] + s->n[REFS_PUT]), (unsigned long)lost,
	    (unsigned long)w->report.missed, complete ? "" : ": incomplete",
	    w->verbose ? "" : "; -v says what that cost");
	if (lost)
		say("what was lost is in the sums, but in no row: give --rows a larger number");
	if (w->strict && !complete)
		return fail(EXIT_UNRELIABLE, "the trace is incomplete");
	return EXIT_FINE;
}
