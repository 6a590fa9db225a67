/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of call sites, in modules too: as the kernel's %ps or %pS would print them.
 */
#ifndef REFCOST_REFS_KSITES_H
#define REFCOST_REFS_KSITES_H

#include <stdbool.h>
#include <stdint.h>

#include "machine/ksyms.h"

#define KSITE_LEN (2 * KSYM_LEN) /* room for any name from ksites_name() */

struct ksites;

/**
 * ksites_open() - name call sites
 * @path: /proc/kallsyms, or a file like it; read when the first module's site is named
 * @core: the kernel's own; kept, not freed; NULL if the kernel hides its addresses
 *
 * Return: the names; NULL without memory.
 */
struct ksites *ksites_open(const char *path, const struct ksyms *core);

/**
 * ksites_name() - name a call site
 * @s: the names
 * @addr: the address
 * @offset: also say how far into the function it is
 * @buf: KSITE_LEN bytes
 *
 * Return: @buf: "function" or "function+0x1f", for a module's " [module]" behind it; the address in
 * hex if nothing is known, as of a module that has gone.
 */
const char *ksites_name(struct ksites *s, uint64_t addr, bool offset, char *buf);

/**
 * ksites_free() - give the memory back
 * @s: the names, or NULL
 */
void ksites_free(struct ksites *s);

#endif
