/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which modules a trace is about: names, and patterns as a shell has them.
 */
#ifndef REFCOST_TRACE_NAMES_H
#define REFCOST_TRACE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#define NAMES_MAX 64

/**
 * struct names - modules that are meant; zeroed, it means all
 * @text: what the user gave, split and spelt as the kernel does
 * @n: how many
 */
struct names {
	char *text[NAMES_MAX];
	size_t n;
};

/**
 * names_add() - names or patterns with commas between
 * @names: where to
 * @list: what the user gave
 *
 * Return: false if one is empty, or there are too many.
 */
bool names_add(struct names *names, const char *list);

/**
 * names_check() - is there a module of each name?
 * @names: patterns among them are not looked at
 *
 * Return: as check_module().
 */
int names_check(const struct names *names);

/**
 * names_match() - is a module meant?
 * @names: which are
 * @module: as the kernel spells it
 *
 * Return: true if so.
 */
bool names_match(const struct names *names, const char *module);

/**
 * names_only() - the one that is meant
 * @names: which are
 *
 * Return: its name; NULL if there are several, or they are not known.
 */
const char *names_only(const struct names *names);

#endif
