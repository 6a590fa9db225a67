// SPDX-License-Identifier: GPL-2.0
/*
 * Look for those who may hold references on a module.
 */
#include "refs/find.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/env.h"
#include "refs/look.h"
#include "refs/owner.h"

/* Names in a directory of the module's, each given to add. */
static void each_entry(struct holders *h, const char *of,
		       void (*add)(struct holders *h, const char *name))
{
	char inside[128], path[LOOK_PATH];
	const struct dirent *entry;
	DIR *dir;

	snprintf(inside, sizeof(inside), "/sys/module/%s/%s", h->module, of);
	dir = opendir(env_path(inside, path, sizeof(path)));
	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.')
			add(h, entry->d_name);
	if (dir)
		closedir(dir);
}

static void add_module(struct holders *h, const char *name)
{
	holders_add(h, HOLDER_MODULE, HOLDER_SURE, 1, 1, "%s", name);
}

/* How many devices a driver is bound to: links that lead into the tree of devices. */
static void add_driver(struct holders *h, const char *name)
{
	char inside[LOOK_PATH], path[LOOK_PATH], link[2 * LOOK_PATH], target[LOOK_PATH];
	const struct dirent *entry;
	unsigned int n = 0;
	ssize_t len;
	DIR *dir;

	snprintf(inside, sizeof(inside), "/sys/module/%s/drivers/%s", h->module, name);
	dir = opendir(env_path(inside, path, sizeof(path)));
	while (dir && (entry = readdir(dir))) {
		snprintf(link, sizeof(link), "%s/%s", path, entry->d_name);
		len = readlink(link, target, sizeof(target) - 1);
		target[len < 0 ? 0 : len] = '\0';
		n += strstr(target, "/devices/") && strcmp(entry->d_name, "module");
	}
	if (dir)
		closedir(dir);
	if (n)
		holders_add(h, HOLDER_DRIVER, HOLDER_SURE, 0, 0,
			    "driver %s is bound to %u device%s",
			    strchr(name, ':') ? strchr(name, ':') + 1 : name, n, n == 1 ? "" : "s");
}

/* What /proc/crypto says of one algorithm, a line each. */
struct algorithm {
	char name[128];
	char module[128];
};

static void look_crypto(struct holders *h, const struct owner *o)
{
	char path[LOOK_PATH], line[256], key[32], value[128];
	struct algorithm a = {};
	FILE *f = fopen(env_path("/proc/crypto", path, sizeof(path)), "re");
	long users;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%31s : %127s", key, value) != 2)
			continue;
		if (!strcmp(key, "driver")) {
			snprintf(a.name, sizeof(a.name), "%s", value);
		} else if (!strcmp(key, "module")) {
			snprintf(a.module, sizeof(a.module), "%s", value);
		} else if (!strcmp(key, "refcnt") && owner_is(o, "%s", a.module)) {
			users = strtol(value, NULL, 10) - 1; /* one is its registration's */
			if (users > 0)
				holders_add(h, HOLDER_CRYPTO, HOLDER_SURE, users, users,
					    "%ld user%s of the algorithm %s", users,
					    users == 1 ? "" : "s", a.name);
		}
	}
	if (f)
		fclose(f);
}

/* Settings that hold what they name. */
static void look_sysctls(struct holders *h, const struct owner *o)
{
	char word[64];

	env_file("/proc/sys/net/ipv4/tcp_congestion_control", word, sizeof(word));
	if (*word && owner_is(o, "tcp_%s", word))
		holders_add(h, HOLDER_SYSCTL, HOLDER_SURE, 1, 1,
			    "net.ipv4.tcp_congestion_control is %s", word);
	env_file("/proc/sys/net/core/default_qdisc", word, sizeof(word));
	if (*word && owner_is(o, "sch_%s", word))
		holders_add(h, HOLDER_SYSCTL, HOLDER_SURE, 1, 1, "net.core.default_qdisc is %s",
			    word);
}

static int by_kind(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	if (!x->most != !y->most)
		return !x->most - !y->most;
	return x->kind != y->kind ? (int)x->kind - (int)y->kind : strcmp(x->what, y->what);
}

void holders_find(struct holders *h, const char *module)
{
	char path[128], word[32];
	struct owner *o;

	*h = (struct holders){ .count = -1 };
	snprintf(h->module, sizeof(h->module), "%s", module);
	snprintf(path, sizeof(path), "/sys/module/%s/initstate", module);
	env_file(path, h->state, sizeof(h->state));
	if (!*h->state)
		return;
	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module);
	if (*env_file(path, word, sizeof(word)))
		h->count = strtol(word, NULL, 10);
	if (strcmp(h->state, "live"))
		inside_find(&h->inside, h->module, !strcmp(h->state, "coming"));
	o = malloc(sizeof(*o));
	if (!o)
		return;
	owner_open(o, h->module);
	each_entry(h, "holders", add_module);
	each_entry(h, "drivers", add_driver);
	look_mounts(h, o);
	look_files(h, o);
	look_block(h, o);
	look_crypto(h, o);
	look_sysctls(h, o);
	look_net(h, o);
	owner_close(o);
	free(o);
	if (h->n)
		qsort(h->v, h->n, sizeof(*h->v), by_kind);
}
