/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Look for those who may hold references on a module.
 */
#ifndef REFCOST_REFS_FIND_H
#define REFCOST_REFS_FIND_H

#include "refs/holders.h"

/**
 * holders_find() - look for them
 * @h: filled in; to be given to holders_free()
 * @module: as the kernel spells it
 *
 * What cannot be read is left out.
 */
void holders_find(struct holders *h, const char *module);

#endif
