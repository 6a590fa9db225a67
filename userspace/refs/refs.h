/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts of the references taken on one module and given back: by call site and thread, in the
 * kernel.
 *
 * Needs root and Linux 5.8. Nothing is sent for a get or a put: the counts are read when they are
 * wanted. Nothing is left behind when the process ends, however it ends.
 */
#ifndef REFCOST_REFS_REFS_H
#define REFCOST_REFS_REFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/refs.h"
#include "machine/bpf.h"

#define REFS_ROWS \
	8192 /* as many pairs of call site and thread are counted, unless told otherwise */

/**
 * struct refs_row - what one thread did at one call site
 * @ip: where the get or put returned to
 * @tid: the thread
 * @tgid: its process; 0: not known
 * @comm: its name; "" if not known
 * @ended: it is no more: what it did not give back, something else holds for it
 * @n: how many of each, by enum refs_way
 */
struct refs_row {
	uint64_t ip;
	uint32_t tid;
	uint32_t tgid;
	char comm[16];
	bool ended;
	uint64_t n[REFS_WAYS];
};

/**
 * struct refs_state - all that was counted so far
 * @rows: by address
 * @nr_rows: how many
 * @n: gets and puts in sum, those without a row included
 * @lost: gets and puts without a row, as there was no room
 * @loads: times that the module was loaded
 * @refusals: times that delete_module(2) found it in use (EWOULDBLOCK)
 * @ns: since counting began
 */
struct refs_state {
	struct refs_row *rows;
	size_t nr_rows;
	uint64_t n[REFS_WAYS];
	uint64_t lost[REFS_WAYS];
	uint64_t loads;
	uint64_t refusals;
	uint64_t ns;
};

/**
 * struct refs_balance - does the module's own count agree?
 * @known: its count when counting began is
 * @checked: and was read again, as at first, while nothing happened to the module
 * @why: if not, why
 * @start: its count when counting began: references taken before; 0 if it was not loaded
 * @off: by how much its count now is over what it ought to be by ours
 * @end: its count now
 */
struct refs_balance {
	bool known;
	bool checked;
	const char *why;
	int64_t start;
	int64_t off;
	int64_t end;
};

#define REFS_PROGS 9

struct refs;

/**
 * refs_open() - load, attach, count
 * @module: its name; hyphens are as good as underscores
 * @rows: room for so many pairs of call site and thread
 * @err: where a line goes that says what is wrong and what to do
 * @errlen: its size
 *
 * Return: the counter, or NULL with @err filled and errno set; ENOTSUP if this kernel lacks what
 * is needed.
 */
struct refs *refs_open(const char *module, uint32_t rows, char *err, size_t errlen);

/**
 * refs_note() - what could not be had and is done without
 * @r: the counter
 *
 * Return: a line; NULL if there is nothing to say.
 */
const char *refs_note(const struct refs *r);

/**
 * refs_module() - the module as the kernel spells it
 * @r: the counter
 *
 * Return: its name.
 */
const char *refs_module(const struct refs *r);

/**
 * refs_wait() - until an unload is refused, or somebody reads the module's count
 * @r: the counter
 * @timeout_ms: for how long at the most, ms
 * @fd: come back when this can be read; negative: none
 * @last: filled in: the last such since the previous call
 *
 * Return: how many there were, of refusals alone if there were any; 0 on timeout or when a signal came; -errno.
 */
int refs_wait(struct refs *r, int timeout_ms, int fd, struct refs_refusal *last);

/**
 * refs_read() - take the counts
 * @r: the counter
 * @out: filled in; its rows are the counter's own and change with the next call
 * @balance: of this only @known and @start are set
 *
 * Return: 0, or -errno.
 */
int refs_read(struct refs *r, struct refs_state *out, struct refs_balance *balance);

/**
 * refs_read_balance() - take the counts when nothing happens, and hold them against the module's
 * own
 * @r: the counter
 * @out: as from refs_read()
 * @balance: filled in
 *
 * The module's count at the start, plus gets, less puts, is its count now; each load in between
 * adds one that the kernel takes without a tracepoint, and gives back with one. If references come
 * and go all the time, both cannot be read at one moment: nothing is checked then.
 *
 * Return: 0, or -errno.
 */
int refs_read_balance(struct refs *r, struct refs_state *out, struct refs_balance *balance);

/**
 * refs_missed() - how often the kernel did not run a program as it was running already on that CPU
 * @r: the counter
 *
 * Return: the number, of all modules' gets and puts: an upper bound for this one's.
 */
uint64_t refs_missed(const struct refs *r);

/**
 * refs_stats_enable() - have the kernel time BPF programs until refs_close()
 * @r: the counter
 *
 * Timing costs two clock readings a get or put.
 *
 * Return: 0, or -errno.
 */
int refs_stats_enable(struct refs *r);

/**
 * refs_prog_stats() - what the attached programs cost so far
 * @r: the counter
 * @out: filled in
 * @cap: the size of @out; REFS_PROGS always suffices
 *
 * Return: how many programs.
 */
size_t refs_prog_stats(const struct refs *r, struct bpf_cost *out, size_t cap);

/**
 * refs_close() - detach and free
 * @r: the counter, or NULL
 */
void refs_close(struct refs *r);

#endif
