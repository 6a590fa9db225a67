/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rules of iptables and ip6tables that hold a module.
 */
#ifndef REFCOST_REFS_LOOK_XTABLES_H
#define REFCOST_REFS_LOOK_XTABLES_H

#include "refs/holders.h"
#include "refs/owner.h"

/**
 * look_xtables() - rules in this network namespace that use a match or target of the module
 * @h: where to
 * @owns: does the module make a match or target of that name?
 * @o: the module
 * @where: put behind the rule: which namespace this is
 *
 * Asks only for tables that are there already.
 */
void look_xtables(struct holders *h, bool (*owns)(const struct owner *o, const char *name),
		  const struct owner *o, const char *where);

#endif
