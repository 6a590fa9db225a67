/* SPDX-License-Identifier: GPL-2.0 */
/* Telling a perf record that waits with --control=fifo:CTL,ACK when to record. */
#ifndef REFCOST_MEASURE_PERF_CONTROL_H
#define REFCOST_MEASURE_PERF_CONTROL_H

/**
 * perf_control_open() - reach perf
 * @fifos: "CTL,ACK", paths of the two fifos
 *
 * Return: EXIT_FINE; EXIT_USAGE or EXIT_FAILED after a line that says what is wrong.
 */
int perf_control_open(const char *fifos);

/**
 * perf_control() - tell perf, and wait until it says that it is done
 * @command: "enable" or "disable"
 *
 * Return: EXIT_FINE, also where nothing was opened; EXIT_FAILED after a line.
 */
int perf_control(const char *command);

void perf_control_close(void);

#endif
