/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the two halves of refcost refs share: what is counted, and what a refused unload
 * tells.
 */
#ifndef REFCOST_REFS_H
#define REFCOST_REFS_H

#include <linux/types.h>

#define REFS_NAME_LEN 56 /* MODULE_NAME_LEN on 64-bit kernels */

enum refs_way { REFS_GET, REFS_PUT, REFS_WAYS };

/**
 * struct refs_key - what has counts of its own, struct refs_count on each CPU
 * @ip: where try_module_get(), __module_get() or module_put() returned to
 * @tid: the thread that ran; also if an interrupt had its CPU
 * @pad: 0
 */
struct refs_key {
	__u64 ip;
	__u32 tid;
	__u32 pad;
};

/* By enum refs_way. */
struct refs_count {
	__u64 n[REFS_WAYS];
};

/**
 * struct refs_task - a thread that is in a key
 * @tgid: its process
 * @comm: its name when it was last seen at a new call site
 */
struct refs_task {
	__u32 tgid;
	char comm[16];
};

/**
 * struct refs_account - what is counted beside, one a CPU
 * @lost: gets and puts for whose key there was no room
 * @loads: times that the module was loaded
 * @refusals: calls of delete_module(2) for it that failed with EWOULDBLOCK
 */
struct refs_account {
	__u64 lost[REFS_WAYS];
	__u64 loads;
	__u64 refusals;
};

/**
 * struct refs_refusal - delete_module(2) has just said that the module is in use
 * @ns: when, CLOCK_MONOTONIC
 * @tgid: to which process
 * @read: it did not: the process read the module's count, and judges by that
 * @comm: its name
 */
struct refs_refusal {
	__u64 ns;
	__u32 tgid;
	__u32 read;
	char comm[16];
};

#endif
