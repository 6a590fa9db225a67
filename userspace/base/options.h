/* SPDX-License-Identifier: GPL-2.0 */
/* Option values that several subcommands take. A bad one ends the program with a usage error. */
#ifndef REFCOST_BASE_OPTIONS_H
#define REFCOST_BASE_OPTIONS_H

#include <argp.h>
#include <stdint.h>

/**
 * opt_bad() - refuse a value
 * @state: of argp
 * @option: as the user knows it
 * @arg: what was given
 * @err: from base/parse.h
 */
void opt_bad(struct argp_state *state, const char *option, const char *arg, int err);

/**
 * opt_u64() - a number
 * @state: of argp
 * @option: as the user knows it
 * @arg: what was given
 * @min: least value
 * @max: greatest value
 *
 * Return: the number.
 */
uint64_t opt_u64(struct argp_state *state, const char *option, const char *arg, uint64_t min,
		 uint64_t max);

/**
 * opt_ns() - a time with or without a unit
 * @state: of argp
 * @option: as the user knows it
 * @arg: what was given
 * @min: least value, ns
 * @max: greatest value, ns
 *
 * Return: the time, ns.
 */
uint64_t opt_ns(struct argp_state *state, const char *option, const char *arg, uint64_t min,
		uint64_t max);

/**
 * opt_duration() - a time that people wait for: bare it is seconds
 * @state: of argp
 * @option: as the user knows it
 * @arg: what was given
 * @min: least value, ns
 * @max: greatest value, ns
 *
 * Return: the time, ns.
 */
uint64_t opt_duration(struct argp_state *state, const char *option, const char *arg, uint64_t min,
		      uint64_t max);

/**
 * opt_duration_list() - such times with commas between
 * @state: of argp
 * @option: as the user knows it
 * @arg: what was given
 * @max: greatest value, ns
 * @list: room for @cap times, ns
 * @cap: how many
 *
 * Return: how many there are.
 */
size_t opt_duration_list(struct argp_state *state, const char *option, const char *arg,
			 uint64_t max, uint64_t *list, size_t cap);

/**
 * opt_ns_list() - times with or without units, with commas between
 * @state: of argp
 * @option: as the user knows it
 * @arg: what was given
 * @max: greatest value, ns
 * @list: room for @cap times, ns
 * @cap: how many
 *
 * Return: how many there are.
 */
size_t opt_ns_list(struct argp_state *state, const char *option, const char *arg, uint64_t max,
		   uint64_t *list, size_t cap);

/**
 * opt_choices() - some of a few words, with commas between, in the order given; of two words also
 * "both"
 * @state: of argp
 * @option: as the user knows it, without dashes
 * @arg: what was given
 * @words: those there are
 * @n: how many
 * @chosen: room for as many indices into @words
 *
 * Return: how many were given.
 */
size_t opt_choices(struct argp_state *state, const char *option, const char *arg,
		   const char *const *words, size_t n, int *chosen);

/**
 * opt_objects() - how workers share objects: a number, or "percpu"
 * @state: of argp
 * @arg: what was given
 *
 * Return: as struct refcost_run has it in @objects.
 */
uint64_t opt_objects(struct argp_state *state, const char *arg);

#endif
