// SPDX-License-Identifier: GPL-2.0
/*
 * Is there a module of that name, and if not, which did the user mean?
 */
#include "machine/module.h"

#include <libkmod.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/refcost.h"
#include "base/text.h"

void module_spell(char *name)
{
	for (; *name; name++)
		if (*name == '-')
			*name = '_';
}

static bool is_loaded(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	return !access(path, F_OK);
}

/* The first word of every line, up to a colon, an equals sign or a blank. */
static void near_in(struct near *near, FILE *f)
{
	char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		line[strcspn(line, " :=\n")] = '\0';
		near_add(near, line);
	}
	free(line);
}

static void near_in_index(struct near *near, struct kmod_ctx *ctx, enum kmod_index index)
{
	FILE *f;
	int fd;

	fd = memfd_create("modules", MFD_CLOEXEC);
	f = fd < 0 ? NULL : fdopen(fd, "r");
	if (f && !kmod_dump_index(ctx, index, fd)) {
		rewind(f);
		near_in(near, f);
	}
	if (f)
		fclose(f);
}

/* It may be built elsewhere, and loaded by insmod(8). */
static void no_such_module(struct kmod_ctx *ctx, const char *name)
{
	struct near near = { .wanted = name };
	FILE *f = fopen("/proc/modules", "re");
	char list[NEAR_MAX * 66] = "";
	size_t i, at = 0;

	near_in(&near, f);
	if (f)
		fclose(f);
	near_in_index(&near, ctx, KMOD_INDEX_MODULES_DEP);
	near_in_index(&near, ctx, KMOD_INDEX_MODULES_BUILTIN);
	for (i = 0; i < near.n; i++)
		at += snprintf(list + at, sizeof(list) - at, "%s%s", i ? ", " : "", near.names[i]);
	say("no module '%s' is installed for this kernel%s%s: waiting for one of that name", name,
	    near.n ? "; near it: " : "", list);
}

/* An alias or the name itself, as modprobe reads it. */
static int judge(struct kmod_ctx *ctx, const char *name)
{
	struct kmod_list *list = NULL;
	struct kmod_module *mod;
	int err = EXIT_FINE;

	if (kmod_module_new_from_lookup(ctx, name, &list) || !list) {
		no_such_module(ctx, name);
		return EXIT_FINE;
	}
	mod = kmod_module_get_module(list);
	if (strcmp(kmod_module_get_name(mod), name))
		err = fail(EXIT_FAILED, "'%s' is no module but an alias: try -m %s", name,
			   kmod_module_get_name(mod));
	else if (kmod_module_get_initstate(mod) == KMOD_MODULE_BUILTIN)
		err = fail(EXIT_FAILED,
			   "%s is built into this kernel: it cannot be unloaded, nothing to trace",
			   name);
	else
		say("%s is not loaded: waiting for it to be loaded", name);
	kmod_module_unref(mod);
	kmod_module_unref_list(list);
	return err;
}

bool is_module(const char *name)
{
	struct kmod_list *list = NULL;
	struct kmod_ctx *ctx;
	char spelt[64];
	bool is;

	if (!*name || strlen(name) > 55 || strchr(name, '/'))
		return false;
	snprintf(spelt, sizeof(spelt), "%s", name);
	module_spell(spelt);
	if (is_loaded(spelt))
		return true;
	ctx = kmod_new(NULL, NULL);
	is = ctx && !kmod_module_new_from_lookup(ctx, spelt, &list) && list;
	kmod_module_unref_list(list);
	kmod_unref(ctx);
	return is;
}

int check_module(const char *name)
{
	char spelt[64];
	struct kmod_ctx *ctx;
	int err;

	if (!*name || strlen(name) > 55 || strchr(name, '/'))
		return fail(EXIT_FAILED, "'%s' is no module's name: give one as lsmod prints it",
			    name);
	snprintf(spelt, sizeof(spelt), "%s", name);
	module_spell(spelt);
	if (is_loaded(spelt))
		return EXIT_FINE;
	ctx = kmod_new(NULL, NULL);
	if (!ctx)
		return fail(EXIT_FAILED, "out of memory");
	err = judge(ctx, spelt);
	kmod_unref(ctx);
	return err;
}
