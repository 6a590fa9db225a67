// SPDX-License-Identifier: GPL-2.0
/*
 * What belongs to a module.
 */
#include "refs/owner.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

#include "machine/env.h"
#include "machine/module.h"

#define MISC_MAJOR 10

static void add_alias(struct owner *o, const char *alias)
{
	char **v = realloc(o->aliases, (o->n + 1) * sizeof(*v));

	if (!v)
		return;
	o->aliases = v;
	v[o->n] = strdup(alias);
	o->n += !!v[o->n];
}

/* Aliases of buses are many and never asked for. */
static bool of_a_bus(const char *alias)
{
	return !strncmp(alias, "pci:", 4) || !strncmp(alias, "usb:", 4);
}

void owner_open(struct owner *o, const char *module)
{
	char path[PATH_MAX], full[PATH_MAX], *line = NULL, *alias, *name, *save;
	struct utsname u;
	size_t size = 0;
	FILE *f;

	*o = (struct owner){ .module = module };
	uname(&u);
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.alias", u.release);
	f = fopen(env_path(path, full, sizeof(full)), "re");
	while (f && getline(&line, &size, f) > 0) {
		if (strncmp(line, "alias ", 6) || of_a_bus(line + 6))
			continue;
		alias = strtok_r(line + 6, " \n", &save);
		name = strtok_r(NULL, " \n", &save);
		if (!name)
			continue;
		module_spell(name);
		if (!strcmp(name, module))
			add_alias(o, alias);
	}
	free(line);
	if (f)
		fclose(f);
}

void owner_close(struct owner *o)
{
	while (o->n)
		free(o->aliases[--o->n]);
	free(o->aliases);
	o->aliases = NULL;
}

bool owner_alias(const struct owner *o, const char *fmt, ...)
{
	char alias[128];
	va_list args;
	size_t i;

	va_start(args, fmt);
	vsnprintf(alias, sizeof(alias), fmt, args);
	va_end(args);
	for (i = 0; i < o->n; i++)
		if (!fnmatch(o->aliases[i], alias, 0))
			return true;
	return false;
}

bool owner_is(const struct owner *o, const char *fmt, ...)
{
	char name[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	module_spell(name);
	return !strcmp(name, o->module);
}

/* The last part of what a link leads to; "" if there is none. */
static const char *link_name(const char *path, char *buf, size_t len)
{
	char target[PATH_MAX];

	buf[0] = '\0';
	if (realpath(path, target))
		snprintf(buf, len, "%s", strrchr(target, '/') + 1);
	return buf;
}

/* A SCSI host says in its class which module made it. */
static bool is_its_host(const struct owner *o, const char *dir)
{
	const char *host = strrchr(dir, '/') + 1;
	char path[2 * PATH_MAX], name[64];

	if (strncmp(host, "host", 4))
		return false;
	snprintf(path, sizeof(path), "%s/scsi_host/%s/proc_name", env_inside(dir), host);
	return owner_is(o, "%s", env_file(path, name, sizeof(name)));
}

/* Is the device, or what it is a part of, bound to one of the module's drivers? */
static bool is_driven(const struct owner *o, bool block, dev_t dev)
{
	char path[PATH_MAX], dir[PATH_MAX], link[PATH_MAX + 16], name[64];
	char *slash;

	snprintf(link, sizeof(link), "/sys/dev/%s/%u:%u", block ? "block" : "char", major(dev),
		 minor(dev));
	if (!realpath(env_path(link, path, sizeof(path)), dir))
		return false;
	while ((slash = strrchr(dir, '/')) && slash != dir) {
		snprintf(link, sizeof(link), "%s/driver/module", dir);
		if (owner_is(o, "%s", link_name(link, name, sizeof(name))) || is_its_host(o, dir))
			return true;
		if (!strcmp(slash, "/devices"))
			return false;
		*slash = '\0';
	}
	return false;
}

/* The name of a number in /proc/misc or in one half of /proc/devices. */
static bool is_named(const struct owner *o, bool block, dev_t dev)
{
	bool misc = !block && major(dev) == MISC_MAJOR, half = misc;
	char path[PATH_MAX], line[128], name[64];
	unsigned int number;
	bool found = false;
	FILE *f;

	f = fopen(env_path(misc ? "/proc/misc" : "/proc/devices", path, sizeof(path)), "re");
	while (f && !found && fgets(line, sizeof(line), f))
		if (!strncmp(line, "Character", 9) || !strncmp(line, "Block", 5))
			half = (*line == 'B') == block;
		else if (half && sscanf(line, "%u %63s", &number, name) == 2)
			found = number == (misc ? minor(dev) : major(dev)) &&
				owner_is(o, "%s", name);
	if (f)
		fclose(f);
	return found;
}

bool owner_device(struct owner *o, bool block, dev_t dev, enum holder_sure *sure)
{
	struct owner_device *d = o->seen;
	size_t i;

	for (i = 0; i < o->nr_seen; i++)
		if (d[i].dev == dev && d[i].block == block)
			break;
	if (i == o->nr_seen) {
		i = i < OWNER_DEVICES ? o->nr_seen++ : 0;
		d[i] = (struct owner_device){ .dev = dev, .block = block, .sure = HOLDER_LIKELY };
		if (owner_alias(o, "%s-major-%u-%u", block ? "block" : "char", major(dev),
				minor(dev))) {
			d[i].owned = true;
			d[i].sure = HOLDER_SURE;
		} else {
			d[i].owned = is_driven(o, block, dev) || is_named(o, block, dev);
		}
	}
	*sure = d[i].sure;
	return d[i].owned;
}
