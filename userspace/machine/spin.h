/* SPDX-License-Identifier: GPL-2.0 */
/* How fast this CPU is just now. */
#ifndef REFCOST_MACHINE_SPIN_H
#define REFCOST_MACHINE_SPIN_H

#define SETTLED \
	1.1 /* an empty loop that takes so many times as long as the fastest is as good as that */

/**
 * spin_ns() - how long an iteration of an empty loop takes, on the CPU of the caller
 *
 * Takes ten microseconds on a machine of its own, a tenth of a millisecond in an emulated guest:
 * what disturbs a machine may last no longer than a millisecond.
 *
 * Return: it, ns.
 */
double spin_ns(void);

#endif
