/* SPDX-License-Identifier: GPL-2.0 */
/* Names from elsewhere: made fit to be printed, and suggested where a similar one was typed. */
#ifndef REFCOST_BASE_TEXT_H
#define REFCOST_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/**
 * text_clean() - a name that somebody chose, made fit for a terminal, a table and JSON
 * @out: where to
 * @len: its size
 * @in: a string; what is no printable ASCII becomes a question mark
 *
 * Return: @out.
 */
const char *text_clean(char *out, size_t len, const char *in);

/**
 * text_has_word() - is a word one of a list?
 * @list: words with a blank between them
 * @word: the word, not empty
 */
bool text_has_word(const char *list, const char *word);

/**
 * edit_distance() - in how many places two module names differ
 * @a: one; a hyphen is as good as an underscore
 * @b: the other
 *
 * Letters that are inserted, left out or replaced count one each, and so do two that changed
 * places.
 *
 * Return: their number; names of over 63 characters are compared as far as that.
 */
unsigned int edit_distance(const char *a, const char *b);

#define NEAR_MAX 5

/**
 * struct near - the names that come nearest to one
 * @wanted: that one
 * @names: the others, nearest first
 * @distance: how far they are
 * @n: how many, NEAR_MAX at the most
 */
struct near {
	const char *wanted;
	char names[NEAR_MAX][64];
	unsigned int distance[NEAR_MAX];
	size_t n;
};

/**
 * near_add() - consider a name
 * @near: zeroed but for the name that is wanted
 * @name: kept if it differs in a third of its letters at the most and nearer ones do not fill the
 *	list
 */
void near_add(struct near *near, const char *name);

#endif
