/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What refcost doctor finds out about this machine.
 */
#ifndef REFCOST_MACHINE_DOCTOR_H
#define REFCOST_MACHINE_DOCTOR_H

#include <stddef.h>

enum verdict {
	DOCTOR_OK,
	DOCTOR_WARN,	/* it can be measured, and figures are worth less */
	DOCTOR_MISSING, /* a part of the suite cannot be had; the others can */
	DOCTOR_VERDICTS,
};

/* How many of each were found. */
extern size_t doctor_found[DOCTOR_VERDICTS];

/**
 * doctor_finding() - print one, and count it
 * @verdict: what it is
 * @what: what was looked at
 * @text: what is there; unless ok, with the command that fixes it, or what to do instead
 */
void doctor_finding(enum verdict verdict, const char *what, const char *text);

/**
 * doctor_needed() - what the suite needs: kernel, modules, programs, counters
 */
void doctor_needed(void);

/**
 * doctor_nothing() - can nothing at all be measured here, neither this machine nor a guest?
 *
 * Return: what is in the way of both, or NULL.
 */
const char *doctor_nothing(void);

/**
 * doctor_distorting() - what makes figures worth less
 */
void doctor_distorting(void);

/**
 * doctor_knobs() - print the knobs that can be turned without harm and turned back: path, blank,
 * value
 *
 * Only those that distort as they are.
 */
void doctor_knobs(void);

#endif
