/* SPDX-License-Identifier: GPL-2.0 */
/* What runs and loads share: one of them at a time, the same checks. */
#ifndef REFCOST_RUN_H
#define REFCOST_RUN_H

#include "core.h"

int refcost_lock(void);
int refcost_claim(void);
bool refcost_claimed(void);
void refcost_unclaim(void);
int refcost_check_run(const struct refcost_run *run, const struct refcost_scheme *scheme,
		      enum refcost_session_kind kind);
int refcost_run(const struct refcost_scheme *scheme, struct refcost_run *run, const u32 *cpus);

#endif
