// SPDX-License-Identifier: GPL-2.0
/*
 * Results directories that nobody asked for.
 */
#include "base/temporary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/refcost.h"

#define PREFIX "/tmp/refcost."

int temporary_make(char *dir, size_t len)
{
	int fd;

	snprintf(dir, len, PREFIX "XXXXXX");
	if (!mkdtemp(dir))
		return fail(EXIT_FAILED, "cannot make a directory under /tmp: %s", strerror(errno));
	/* The lock ends with this process, however that ends. */
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		flock(fd, LOCK_SH);
	return EXIT_FINE;
}

void temporary_remove(const char *dir)
{
	char path[PATH_MAX + 256];
	struct dirent *entry;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(path);
	}
	if (d)
		closedir(d);
	rmdir(dir);
}

/* Ours, and no process has it locked; one that was made just now may be about to. */
static bool is_left(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	bool left;

	left = fd >= 0 && !fstat(fd, &st) && st.st_uid == geteuid() && st.st_ctime < time(NULL) &&
	       !flock(fd, LOCK_EX | LOCK_NB);
	if (fd >= 0)
		close(fd);
	return left;
}

int temporary_put_right(void)
{
	int n = 0;
	size_t i;
	glob_t g;

	if (!glob(PREFIX "??????", GLOB_NOSORT, NULL, &g)) {
		for (i = 0; i < g.gl_pathc; i++) {
			if (!is_left(g.gl_pathv[i]))
				continue;
			temporary_remove(g.gl_pathv[i]);
			n++;
		}
		globfree(&g);
	}
	if (n)
		say("put right: removed what %d killed command%s left in /tmp", n,
		    n == 1 ? "" : "s");
	return n;
}
