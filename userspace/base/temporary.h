/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Results directories that nobody asked for: they go with the command that made them.
 */
#ifndef REFCOST_BASE_TEMPORARY_H
#define REFCOST_BASE_TEMPORARY_H

#include <stddef.h>

/**
 * temporary_make() - make a directory under /tmp, and lock it until this process ends
 * @dir: filled with its path
 * @len: size of @dir
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int temporary_make(char *dir, size_t len);

/**
 * temporary_remove() - remove a directory that has files alone in it
 * @dir: its path
 */
void temporary_remove(const char *dir);

/**
 * temporary_put_right() - remove those of commands that were killed, and say so
 *
 * Return: how many there were.
 */
int temporary_put_right(void);

#endif
