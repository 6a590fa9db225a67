/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who may hold references on a module now, whenever they were taken: what /proc, /sys and netlink
 * say of the things that take one.
 */
#ifndef REFCOST_REFS_HOLDERS_H
#define REFCOST_REFS_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/inside.h"

enum holder_kind {
	HOLDER_MODULE,
	HOLDER_MOUNT,
	HOLDER_FILE,
	HOLDER_SOCKET,
	HOLDER_LOOP,
	HOLDER_SWAP,
	HOLDER_BLOCK,
	HOLDER_QDISC,
	HOLDER_NFT,
	HOLDER_XTABLES,
	HOLDER_CRYPTO,
	HOLDER_SYSCTL,
	HOLDER_NETDEV,
	HOLDER_DRIVER,
};

/**
 * enum holder_sure - what says that the thing is the module's
 * @HOLDER_SURE: the kernel, or an alias inside the module itself
 * @HOLDER_LIKELY: a driver that is bound somewhere above the device, or the name alone
 */
enum holder_sure { HOLDER_SURE, HOLDER_LIKELY };

/**
 * struct holder - one that was found
 * @kind: what it is
 * @sure: that it is the module's
 * @pid: its process; 0: none
 * @what: for people, with the process
 * @least: references that it holds at least
 * @most: ... and at most; 0: it uses the module and does not hold it
 */
struct holder {
	enum holder_kind kind;
	enum holder_sure sure;
	uint32_t pid;
	char what[200];
	long least, most;
};

/**
 * struct holders - all that was found
 * @module: whose
 * @state: "live", "coming" or "going"; "" if it is not loaded
 * @count: its own count of references; -1 if it has none
 * @v: holders, by kind
 * @n: how many
 * @inside: if it is coming or going, who is at it
 */
struct holders {
	char module[64];
	char state[16];
	long count;
	struct holder *v;
	size_t n;
	struct insiders inside;
};

/**
 * holders_free() - give the memory back
 * @h: from holders_find(), or zeroed
 */
void holders_free(struct holders *h);

/**
 * holders_add() - one more; for those who look
 * @h: where to
 * @kind: what it is
 * @sure: that it is the module's
 * @least: references that it holds at least
 * @most: ... and at most
 * @fmt: for people
 *
 * Return: the holder, until the next one is added.
 */
struct holder *holders_add(struct holders *h, enum holder_kind kind, enum holder_sure sure,
			   long least, long most, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

/**
 * holders_sum() - how many references do they explain?
 * @h: the holders
 * @most: filled in: that many at most
 *
 * Return: that many at least.
 */
long holders_sum(const struct holders *h, long *most);

/**
 * holders_unexplained() - references that nothing that was found holds
 * @h: the holders
 *
 * Return: how many of its count, 0 or more.
 */
long holders_unexplained(const struct holders *h);

/**
 * holders_unprotected() - files are open on its devices, and its count is 0
 * @h: the holders
 *
 * Return: true if so: its file operations name no owner.
 */
bool holders_unprotected(const struct holders *h);

/**
 * holder_kind_name() - for programs
 * @kind: of a holder
 *
 * Return: a word.
 */
const char *holder_kind_name(enum holder_kind kind);

#endif
