/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is there a module of that name, and if not, which did the user mean?
 */
#ifndef REFCOST_MACHINE_MODULE_H
#define REFCOST_MACHINE_MODULE_H

#include <stdbool.h>

/**
 * check_module() - will anything come of tracing unloads of a module?
 * @name: what the user gave
 *
 * Says why not on stderr: built in, an alias. A module that is not loaded is only warned about, as it
 * may be loaded later; if none of that name is installed, with the names that come nearest.
 *
 * Return: EXIT_FINE, or EXIT_FAILED.
 */
int check_module(const char *name);

/**
 * is_module() - is there one of that name, or an alias of one?
 * @name: what the user gave
 *
 * Return: true if it is loaded or installed.
 */
bool is_module(const char *name);

/**
 * module_spell() - make a name the kernel's, which has underscores for hyphens
 * @name: changed in place
 */
void module_spell(char *name);

#endif
