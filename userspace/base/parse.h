/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Strict readers for option values. Nothing is guessed: no sign, no blank, no leftover. All return
 * 0 or a negative errno, and write their results only on success; parse_why() words the error.
 */
#ifndef REFCOST_BASE_PARSE_H
#define REFCOST_BASE_PARSE_H

#include <stddef.h>
#include <stdint.h>

/**
 * parse_u64 - an unsigned decimal number
 * @s:   text, digits only
 * @min: smallest that is accepted
 * @max: largest
 * @out: the number
 *
 * Return: 0; -EINVAL where @s is not a number; -ERANGE where it is not in @min..@max.
 */
int parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out);

/**
 * parse_ns - a time, bare or with one of the suffixes ns, us, ms and s
 * @s:   text, e.g. "250", "10us", "2s"; whole numbers only
 * @min: shortest that is accepted, in ns
 * @max: longest, in ns
 * @out: the time in ns
 *
 * Return: 0; -EINVAL where @s is not a time; -ERANGE where it is not in @min..@max.
 */
int parse_ns(const char *s, uint64_t min, uint64_t max, uint64_t *out);

/**
 * parse_duration - a time that people wait for: bare it is seconds; min and h are suffixes, too
 * @s:   text, e.g. "60", "500ms", "5min"; whole numbers only
 * @min: shortest that is accepted, in ns
 * @max: longest, in ns
 * @out: the time in ns
 *
 * Return: as parse_ns().
 */
int parse_duration(const char *s, uint64_t min, uint64_t max, uint64_t *out);

/**
 * parse_duration_list - such times with commas between, as parse_ns_list()
 * @s:    text, e.g. "5,500ms,1min"; each as in parse_duration()
 * @min:  shortest that is accepted, in ns
 * @max:  longest, in ns
 * @list: room for @cap times, ns; undefined after a failure
 * @cap:  how many
 * @n:    how many were read
 *
 * Return: as parse_ns_list().
 */
int parse_duration_list(const char *s, uint64_t min, uint64_t max, uint64_t *list, size_t cap,
			size_t *n);

/**
 * parse_ns_list - times with commas between, in the order given
 * @s:    text, e.g. "0,1us,10ms"; each as in parse_ns()
 * @min:  shortest that is accepted, in ns
 * @max:  longest, in ns
 * @list: room for @cap times, ns; undefined after a failure
 * @cap:  how many
 * @n:    how many were read
 *
 * Return: as parse_ns(); -EEXIST where a time comes twice, also with another unit; -E2BIG where
 * there are more than @cap.
 */
int parse_ns_list(const char *s, uint64_t min, uint64_t max, uint64_t *list, size_t cap, size_t *n);

/**
 * parse_cpu_list - CPU numbers, in the order given
 * @s:    text, e.g. "0-3,8"
 * @cpus: room for @cap numbers; undefined after a failure
 * @cap:  how many
 * @n:    how many were read
 *
 * Return: 0; -EINVAL where malformed or a range runs backwards; -ERANGE for a number above INT_MAX;
 * -EEXIST where a CPU comes twice; -E2BIG where there are more than @cap.
 */
int parse_cpu_list(const char *s, int *cpus, size_t cap, size_t *n);

/**
 * parse_counts - numbers of CPUs or workers, in the order given
 * @s:      text, e.g. "1,2,4" or "1-16"
 * @counts: room for @cap numbers, each 1 or more; undefined after a failure
 * @cap:    how many
 * @n:      how many were read
 *
 * Return: as parse_cpu_list(), and -ERANGE for a 0.
 */
int parse_counts(const char *s, int *counts, size_t cap, size_t *n);

/**
 * parse_names - split a list at its commas, in place
 * @list:  text, e.g. "empty,kref"; cut up, also on failure
 * @names: room for @cap pointers into @list; undefined after a failure
 * @cap:   how many
 * @n:     how many were found
 *
 * Return: 0; -EINVAL where a name is empty or holds a blank; -EEXIST where one comes twice; -E2BIG
 * where there are more than @cap.
 */
int parse_names(char *list, const char **names, size_t cap, size_t *n);

/**
 * parse_why - what an error of this file means
 * @err: negative errno
 *
 * Return: a phrase to stand after the offending text and a colon, without a full stop.
 */
const char *parse_why(int err);

#endif
