// SPDX-License-Identifier: GPL-2.0
/*
 * Block devices that hold a module: those stacked on its own, and loop devices with a file.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "machine/env.h"
#include "refs/look.h"

/* The kernel's name of a block device, out of its uevent. */
static const char *name_of(const char *dir, char *buf, size_t len)
{
	char inside[LOOK_PATH], path[LOOK_PATH], line[256];
	FILE *f;

	snprintf(buf, len, "%s", strrchr(dir, '/') + 1);
	snprintf(inside, sizeof(inside), "%s/uevent", dir);
	f = fopen(env_path(inside, path, sizeof(path)), "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "DEVNAME=", 8))
			snprintf(buf, len, "%.*s", (int)strcspn(line + 8, "\n"), line + 8);
	if (f)
		fclose(f);
	return buf;
}

static void on_device(struct holders *h, const char *dir, enum holder_sure sure)
{
	char inside[LOOK_PATH], path[LOOK_PATH], file[256], name[64];
	const struct dirent *entry;
	DIR *holders;

	name_of(dir, name, sizeof(name));
	snprintf(inside, sizeof(inside), "%s/loop/backing_file", dir);
	if (*env_file(inside, file, sizeof(file)))
		holders_add(h, HOLDER_LOOP, sure, 1, 1, "%s has the file %s", name, file);
	snprintf(inside, sizeof(inside), "%s/holders", dir);
	holders = opendir(env_path(inside, path, sizeof(path)));
	while (holders && (entry = readdir(holders)))
		if (*entry->d_name != '.')
			holders_add(h, HOLDER_BLOCK, sure, 1, 1, "block device %s uses %s",
				    entry->d_name, name);
	if (holders)
		closedir(holders);
}

void look_block(struct holders *h, struct owner *o)
{
	char path[LOOK_PATH], dir[LOOK_DIR];
	unsigned int major, minor;
	const struct dirent *entry;
	enum holder_sure sure;
	DIR *all = opendir(env_path("/sys/dev/block", path, sizeof(path)));

	while (all && (entry = readdir(all))) {
		if (sscanf(entry->d_name, "%u:%u", &major, &minor) != 2 ||
		    !owner_device(o, true, makedev(major, minor), &sure))
			continue;
		snprintf(dir, sizeof(dir), "/sys/dev/block/%s", entry->d_name);
		on_device(h, dir, sure);
	}
	if (all)
		closedir(all);
}
