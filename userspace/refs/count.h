/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inside of a counter of references: what its parts share.
 */
#ifndef REFCOST_REFS_COUNT_H
#define REFCOST_REFS_COUNT_H

#include <bpf/libbpf.h>

#include "refs/refs.h"

struct refs {
	struct refs_bpf *bpf;
	struct bpf_link *links[REFS_PROGS];
	struct bpf_program *progs[REFS_PROGS];
	size_t nr_progs;
	struct ring_buffer *ring;
	int cpus, stats_fd;
	int counts_fd, tasks_fd, account_fd;
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
	int refused;   /* by delete_module(2), in one go */
	int module_at; /* in struct module_kobject; negative: not known */
};

/**
 * refs_count_room() - room for what is read
 * @r: with the number of CPUs and of entries; to be given to refs_count_free() in any case
 *
 * Return: true if there is.
 */
bool refs_count_room(struct refs *r);

/**
 * refs_count_free() - and its end
 * @r: after refs_count_room(), or not
 */
void refs_count_free(struct refs *r);

/**
 * refs_count_begin() - what the module's own count was when ours were 0
 * @r: attached; filled
 *
 * Return: 0, or -errno; if the module is in use all the time it is not known, which is no failure.
 */
int refs_count_begin(struct refs *r);

#endif
