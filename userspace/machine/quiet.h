/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Have one CPU alone while the kernel's code is patched, in emulated guests.
 *
 * Attaching a probe patches instructions by way of a breakpoint. QEMU before 8.1 translates code
 * without holding its page, so an emulated CPU that gets to that place at that moment may keep the
 * translation of the breakpoint forever, and hang: about one attach and detach in fifteen, if the
 * others are busy. A CPU that is offline does not get there. Events of a task are patched in and
 * out, too.
 *
 * CPUs come back however this process ends: another one takes them, and gives them back when this
 * one says so or is no more. If that is killed as well, its record says what was taken, see
 * machine/leftover.h.
 */
#ifndef REFCOST_MACHINE_QUIET_H
#define REFCOST_MACHINE_QUIET_H

#include <stdbool.h>

/**
 * quiet_needed() - are CPUs emulated, so that patching has to be kept from them?
 */
bool quiet_needed(void);

/**
 * quiet_begin() - take all CPUs but the first offline
 *
 * Does nothing where CPUs are real ones.
 */
void quiet_begin(void);

/**
 * quiet_end() - take those CPUs online again; errno stays as it is
 */
void quiet_end(void);

#endif
