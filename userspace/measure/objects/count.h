/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this thread has the kernel do: memory that it allocates and does not free again, and waits
 * for grace periods. By perf's tracepoints and kprobes, exact, and expensive enough to be left out
 * of what is timed.
 */
#ifndef REFCOST_MEASURE_OBJECTS_COUNT_H
#define REFCOST_MEASURE_OBJECTS_COUNT_H

#include <stdint.h>

/**
 * struct counted - what was counted; -1 where this kernel does not tell
 * @slab_bytes: allocated from slabs, as they are rounded up
 * @percpu_bytes: allocated per CPU, of one CPU
 * @waits: calls of synchronize_rcu() and synchronize_srcu()
 * @callbacks: calls of call_rcu()
 */
struct counted {
	int64_t slab_bytes;
	int64_t percpu_bytes;
	int64_t waits;
	int64_t callbacks;
};

/**
 * count_open() - have the kernel ready to count what this thread does
 *
 * What cannot be counted is named in a line, and is no failure.
 */
void count_open(void);

void count_close(void);

/**
 * count_memory_begin() - what is allocated from now on counts
 */
void count_memory_begin(void);

/**
 * count_memory_end() - what has been allocated since, and is not free again
 * @c: its bytes are filled in
 */
void count_memory_end(struct counted *c);

/**
 * count_waits_begin() - what is waited for from now on counts
 */
void count_waits_begin(void);

/**
 * count_waits_end() - what has been waited for since
 * @c: its waits and callbacks are filled in
 */
void count_waits_end(struct counted *c);

#endif
