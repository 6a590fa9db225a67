/* SPDX-License-Identifier: GPL-2.0 */
/* What runs and loads share: the registry's mutex, the same checks. */
#ifndef REFCOST_RUN_H
#define REFCOST_RUN_H

#include "core.h"

int refcost_lock(void);
int refcost_check_run(const struct refcost_session *s);
int refcost_run(const struct refcost_scheme *scheme, struct refcost_run *run, const u32 *cpus);

#endif
