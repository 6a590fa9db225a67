/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files that appear together and whole, or not at all: each is written beside its place, and put
 * there when all are complete. Whatever ends the program before, a full disk above all, leaves the
 * older ones readable.
 */
#ifndef REFCOST_BASE_WHOLE_H
#define REFCOST_BASE_WHOLE_H

#include <stdio.h>

struct whole; /* a file of a set, and the next */

/**
 * whole_open() - one file more
 * @set: the files so far; NULL to begin
 * @path: where it is going to be; PATH.new is where it is written
 *
 * Return: a stream, which whole_end() closes, or NULL after a line that says what is wrong.
 */
FILE *whole_open(struct whole **set, const char *path);

/**
 * whole_remove() - a file that is going to be gone when the others appear
 * @set: the files so far
 * @path: which; it need not be there
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line.
 */
int whole_remove(struct whole **set, const char *path);

/**
 * whole_end() - close all files of a set, and put them in place if all is well
 * @set: the files; none afterwards
 * @err: EXIT_FINE, or why nothing is to appear
 *
 * Return: @err, or EXIT_FAILED after a line where a file could not be written.
 */
int whole_end(struct whole **set, int err);

#endif
