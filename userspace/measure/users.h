/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Users of the victim and the attempts to unload it under them: what refcost unload and refcost
 * load share.
 */
#ifndef REFCOST_MEASURE_USERS_H
#define REFCOST_MEASURE_USERS_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stdint.h>

#include "machine/suite.h"

#define USERS_MAX	  4096
#define USERS_ALL_BUT_ONE UINT64_MAX

/**
 * struct users - the CPUs that users may have
 * @cpus: all online ones, in the order in which they are used
 * @nr_cpus: how many
 * @workers: how many users a load has, a CPU each
 */
struct users {
	uint32_t cpus[USERS_MAX];
	size_t nr_cpus;
	uint64_t workers;
};

/**
 * users_plan() - find the CPUs, decide on the number of users
 * @u: filled
 * @workers: what --load says, or USERS_ALL_BUT_ONE
 *
 * Return: EXIT_FINE; EXIT_USAGE after a line if there are fewer CPUs; EXIT_FAILED.
 */
int users_plan(struct users *u, uint64_t workers);

/**
 * users_start() - LOAD_START
 * @u: where they run: if a CPU is to spare, the first one is left to the unloading task, and this
 *	thread, which is that task, is bound to it until users_stop()
 * @fd: of device_open()
 * @scheme: whose lookups
 * @run: flags, nr_cpus, objects, hold_ns and seed are the caller's, the rest is filled in here
 *
 * Return: 0 or -errno.
 */
int users_start(const struct users *u, int fd, const struct scheme_desc *scheme,
		struct refcost_run *run);

/**
 * users_stop() - LOAD_STOP, and is all well?
 * @fd: of device_open()
 * @scheme: whose lookups
 * @stat: filled with the final numbers
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line: references left over, a CPU that went offline, or
 * calls into text that was given up.
 */
int users_stop(int fd, const struct scheme_desc *scheme, struct refcost_load_stat *stat);

/**
 * users_gap() - a random gap, in which users run alone
 * @rng: drawn from
 * @hz: ticks a second
 *
 * Some ticks long, since grace periods are locked to ticks.
 *
 * Return: ns.
 */
uint64_t users_gap(gsl_rng *rng, uint32_t hz);

/**
 * struct unloading - what rmmod would do, again and again while the victim is busy
 * @max_attempts: give up after so many
 * @patience_ns: or when so long has passed
 * @each: called after every attempt that was refused or succeeded; may be NULL
 * @arg: handed to @each
 * @attempts: attempts made
 * @gone: the last one succeeded
 * @refused: errno with which the last one failed, or 0
 * @gate_ns: time in the last one's gate
 * @delete_ns: time in its delete_module(2), 0 if the gate refused
 * @tried_ns: from the first attempt to the end of the last, without what this command does for
 *	itself in between: taking a gate back, looking at the users, @each
 */
struct unloading {
	uint64_t max_attempts;
	uint64_t patience_ns;
	void (*each)(const struct unloading *u, void *arg);
	void *arg;
	uint64_t attempts;
	bool gone;
	int refused;
	uint64_t gate_ns;
	uint64_t delete_ns;
	uint64_t tried_ns;
};

/**
 * users_unload() - gate and delete_module(2) until the victim is gone, or was busy for too long
 * @fd: the descriptor of the load
 * @rng: of the pauses between attempts
 * @u: limits in, numbers out
 *
 * Return: 0, also where it was given up (see @u->gone); -EINTR when interrupted; or what else the
 * gate or the system call failed with.
 */
int users_unload(int fd, gsl_rng *rng, struct unloading *u);

/**
 * users_unload_alone() - unload a victim that was given up, with its users stopped
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int users_unload_alone(void);

#endif
