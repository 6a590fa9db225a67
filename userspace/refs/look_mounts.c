// SPDX-License-Identifier: GPL-2.0
/*
 * Mounts and swap that hold a module, in all mount namespaces.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "machine/env.h"
#include "refs/look.h"

#define NAMESPACES 256
#define SUPERS	   512

/* A superblock, which may be mounted at several places. */
struct super {
	dev_t dev;
	char type[32];
};

struct mounts {
	struct holders *h;
	struct owner *o;
	char seen[NAMESPACES][32];
	size_t nr_seen;
	struct super supers[SUPERS];
	size_t nr_supers;
};

static bool is_new(struct mounts *m, dev_t dev, const char *type)
{
	size_t i;

	for (i = 0; i < m->nr_supers; i++)
		if (m->supers[i].dev == dev && !strcmp(m->supers[i].type, type))
			return false;
	if (m->nr_supers < SUPERS) {
		m->supers[i].dev = dev;
		snprintf(m->supers[i].type, sizeof(m->supers[i].type), "%s", type);
		m->nr_supers++;
	}
	return true;
}

/* A type is the module's if the module says so by an alias, or has its name. */
static bool owns_type(const struct owner *o, const char *type, enum holder_sure *sure)
{
	char base[32];

	snprintf(base, sizeof(base), "%s", type);
	base[strcspn(base, ".")] = '\0'; /* as in fuse.sshfs */
	*sure = owner_alias(o, "fs-%s", base) ? HOLDER_SURE : HOLDER_LIKELY;
	return *sure == HOLDER_SURE || owner_is(o, "%s", base);
}

/* Tables of characters that a mount uses. */
static bool uses_nls(const struct owner *o, const char *options)
{
	static const char *const keys[] = { "codepage=", "iocharset=", "nls=" };
	const char *at;
	char word[32];
	size_t i;

	if (strncmp(o->module, "nls_", 4))
		return false;
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		at = strstr(options, keys[i]);
		if (!at)
			continue;
		at += strlen(keys[i]);
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(at, ", \n"), at);
		if (owner_is(o, "nls_%s", word) || owner_is(o, "nls_cp%s", word))
			return true;
	}
	return false;
}

/* An anonymous device number says nothing, the source of the mount may. */
static bool owns_device(struct owner *o, dev_t dev, const char *source, enum holder_sure *sure)
{
	return major(dev) ? owner_device(o, true, dev, sure)
			  : *source == '/' && look_device(o, source, sure);
}

/* As proc(5) has it: five fields, options, optional fields up to a dash, type, source, options. */
static void on_mount(struct mounts *m, char *line, const char *who)
{
	char where[256], type[32], source[256], options[1024] = "", place[320];
	unsigned int major, minor;
	enum holder_sure sure;
	char *rest;
	dev_t dev;

	rest = strstr(line, " - ");
	if (!rest || sscanf(line, "%*u %*u %u:%u %*s %255s", &major, &minor, where) != 3 ||
	    sscanf(rest, " - %31s %255s %1023s", type, source, options) < 2)
		return;
	dev = makedev(major, minor);
	if (!is_new(m, dev, type))
		return;
	snprintf(place, sizeof(place), "%s%s", where, who);
	if (owns_type(m->o, type, &sure))
		holders_add(m->h, HOLDER_MOUNT, sure, 1, 1, "%s mounted on %s (%s)", type, place,
			    source);
	if (owns_device(m->o, dev, source, &sure))
		holders_add(m->h, HOLDER_MOUNT, sure, 1, 1, "%s, mounted on %s (%s)", source, place,
			    type);
	if (uses_nls(m->o, options))
		holders_add(m->h, HOLDER_MOUNT, HOLDER_SURE, 1, 2,
			    "%s mounted on %s, for its names of files", type, place);
}

/* One process of each namespace; ours first. */
static bool new_namespace(struct mounts *m, const char *dir)
{
	char link[LOOK_PATH], path[LOOK_PATH], name[32];
	ssize_t len;
	size_t i;

	snprintf(link, sizeof(link), "%s/ns/mnt", dir);
	len = readlink(env_path(link, path, sizeof(path)), name, sizeof(name) - 1);
	if (len < 0)
		return false;
	name[len] = '\0';
	for (i = 0; i < m->nr_seen; i++)
		if (!strcmp(m->seen[i], name))
			return false;
	if (m->nr_seen < NAMESPACES)
		strcpy(m->seen[m->nr_seen++], name);
	return true;
}

static void on_process(unsigned int pid, const char *dir, void *arg)
{
	char link[LOOK_PATH], path[LOOK_PATH], who[64] = "", *line = NULL;
	struct mounts *m = arg;
	size_t size = 0;
	FILE *f;

	(void)pid;
	if (!new_namespace(m, dir))
		return;
	if (m->nr_seen > 1) {
		strcpy(who, " of ");
		look_command(dir, who + 4, sizeof(who) - 4);
	}
	snprintf(link, sizeof(link), "%s/mountinfo", dir);
	f = fopen(env_path(link, path, sizeof(path)), "re");
	while (f && getline(&line, &size, f) > 0)
		on_mount(m, line, who);
	free(line);
	if (f)
		fclose(f);
}

static void look_swap(struct holders *h, struct owner *o)
{
	char path[LOOK_PATH], line[512], node[256];
	enum holder_sure sure;
	FILE *f = fopen(env_path("/proc/swaps", path, sizeof(path)), "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%255s", node) == 1 && *node == '/' && look_device(o, node, &sure))
			holders_add(h, HOLDER_SWAP, sure, 1, 1, "swap on %s", node);
	if (f)
		fclose(f);
}

void look_mounts(struct holders *h, struct owner *o)
{
	struct mounts *m = calloc(1, sizeof(*m));

	if (!m)
		return;
	m->h = h;
	m->o = o;
	on_process(0, "/proc/self", m);
	look_processes(on_process, m);
	free(m);
	look_swap(h, o);
}
