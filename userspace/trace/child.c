// SPDX-License-Identifier: GPL-2.0
/*
 * The command that refcost trace runs.
 */
#include "trace/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISDIR(st.st_mode);
}

int child_find(const char *name)
{
	const char *dir = getenv("PATH") ?: "/bin:/usr/bin";
	bool seen = false;
	char path[PATH_MAX];
	size_t len;

	if (strchr(name, '/'))
		return access(name, F_OK)
			       ? EXIT_NOT_FOUND
			       : (is_file(name) && !access(name, X_OK) ? 0 : EXIT_CANNOT_RUN);
	for (; *name; dir += len + 1) {
		len = strcspn(dir, ":");
		snprintf(path, sizeof(path), "%.*s/%s", len ? (int)len : 1, len ? dir : ".", name);
		if (is_file(path)) {
			seen = true;
			if (!access(path, X_OK))
				return 0;
		}
		if (!dir[len])
			break;
	}
	return seen ? EXIT_CANNOT_RUN : EXIT_NOT_FOUND;
}

static void __attribute__((noreturn)) wait_and_run(char **argv, int go, int failed)
{
	char word;
	int err;

	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	if (read(go, &word, 1) != 1)
		_exit(EXIT_CANNOT_RUN);
	execvp(argv[0], argv);
	err = errno;
	if (write(failed, &err, sizeof(err)) != sizeof(err))
		_exit(EXIT_CANNOT_RUN);
	_exit(err == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
}

static void close_pair(int *fds)
{
	close(fds[0]);
	close(fds[1]);
}

int child_make(struct child *c, char **argv)
{
	int go[2], failed[2], err;

	memset(c, 0, sizeof(*c));
	c->go = c->failed = c->pidfd = -1;
	if (pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(failed, O_CLOEXEC)) {
		err = -errno;
		close_pair(go);
		return err;
	}
	c->pid = fork();
	if (!c->pid) {
		close(go[1]); /* else the end of its parent would not end it */
		close(failed[0]);
		wait_and_run(argv, go[0], failed[1]);
	}
	err = c->pid < 0 ? -errno : 0;
	close(go[0]);
	close(failed[1]);
	c->go = go[1];
	c->failed = failed[0];
	if (!err)
		c->pidfd = syscall(SYS_pidfd_open, c->pid, 0);
	return err;
}

static int exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool child_ended(struct child *c)
{
	int status;

	if (!c->running)
		return true;
	if (waitpid(c->pid, &status, WNOHANG) != c->pid)
		return false;
	c->running = false;
	c->code = exit_code(status);
	return true;
}

int child_go(struct child *c)
{
	int err = 0, status;
	ssize_t n;

	if (write(c->go, "", 1) != 1)
		return -errno;
	c->running = true;
	do
		n = read(c->failed, &err, sizeof(err));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(err))
		return 0;
	waitpid(c->pid, &status, 0);
	c->running = false;
	c->code = exit_code(status);
	return -err;
}

void child_free(struct child *c)
{
	bool waiting = c->pid > 0 && !c->running && c->go >= 0 && !c->code;

	if (c->go >= 0)
		close(c->go);
	if (c->failed >= 0)
		close(c->failed);
	if (c->pidfd >= 0)
		close(c->pidfd);
	c->go = c->failed = c->pidfd = -1;
	if (waiting)
		waitpid(c->pid, NULL, 0);
}
