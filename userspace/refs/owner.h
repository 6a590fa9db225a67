/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What belongs to a module: devices and names of things in the kernel.
 */
#ifndef REFCOST_REFS_OWNER_H
#define REFCOST_REFS_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "refs/holders.h"

#define OWNER_DEVICES 512

/* A device that was asked for before. */
struct owner_device {
	dev_t dev;
	bool block, owned;
	enum holder_sure sure;
};

/**
 * struct owner - a module and the names that it answers to
 * @module: as the kernel spells it
 * @aliases: patterns, from modules.alias
 * @n: how many
 * @seen: devices that were asked for
 * @nr_seen: how many
 */
struct owner {
	const char *module;
	char **aliases;
	size_t n;
	struct owner_device seen[OWNER_DEVICES];
	size_t nr_seen;
};

/**
 * owner_open() - read its aliases
 * @o: filled in
 * @module: as the kernel spells it; kept
 */
void owner_open(struct owner *o, const char *module);

/**
 * owner_close() - give the memory back
 * @o: from owner_open()
 */
void owner_close(struct owner *o);

/**
 * owner_alias() - is this one of its aliases?
 * @o: the module
 * @fmt: the alias
 *
 * Return: true if so.
 */
bool owner_alias(const struct owner *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * owner_is() - is this its name?
 * @o: the module
 * @fmt: the name; a hyphen is as good as an underscore
 *
 * Return: true if so.
 */
bool owner_is(const struct owner *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * owner_device() - does a device belong to it?
 * @o: the module
 * @block: a block device, not a character device
 * @dev: its number
 * @sure: filled in if it does
 *
 * By aliases, by the drivers bound to it or to what it is a part of, by the name that the kernel
 * gave the number.
 *
 * Return: true if it does.
 */
bool owner_device(struct owner *o, bool block, dev_t dev, enum holder_sure *sure);

#endif
