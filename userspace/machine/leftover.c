// SPDX-License-Identifier: GPL-2.0
/*
 * What a refcost that is killed would leave behind.
 */
#include "machine/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/refcost.h"
#include "base/temporary.h"
#include "machine/cpu.h"
#include "machine/env.h"

#define DIR "/run/refcost"
#define MAX 8192

static const char *const names[] = { "cpus", "knobs" };

static int record_open(enum leftover kind, int flags)
{
	char path[64], full[ENV_PATH];

	snprintf(path, sizeof(path), DIR "/%s", names[kind]);
	return open(env_path(path, full, sizeof(full)), O_CLOEXEC | flags, 0644);
}

static bool undo_cpu(char *word)
{
	return cpu_set_online(atoi(word), true);
}

static bool undo_knob(char *line)
{
	char full[ENV_PATH], *value = strchr(line, ' ');
	FILE *f;

	if (!value)
		return false;
	*value = '\0';
	f = fopen(env_path(line, full, sizeof(full)), "we");
	*value = ' ';
	if (!f)
		return false;
	fprintf(f, "%s\n", value + 1);
	return !fclose(f);
}

static const struct {
	bool (*undo)(char *word);
	const char *between;
	const char *done;
} kinds[] = {
	[LEFT_CPUS] = { undo_cpu, " \n", "CPUs online again" },
	[LEFT_KNOBS] = { undo_knob, "\n", "turned back" },
};

/*
 * The last one first: what was turned twice gets its first value back. Return: how many cannot be
 * undone.
 */
static int undo(enum leftover kind, char *text)
{
	char *words[MAX / 2], *save, *word;
	int n = 0, failed = 0;

	for (word = strtok_r(text, kinds[kind].between, &save); word;
	     word = strtok_r(NULL, kinds[kind].between, &save))
		words[n++] = word;
	while (n)
		failed += !kinds[kind].undo(words[--n]);
	return failed;
}

/* Return: whether there was anything. */
static bool repair(enum leftover kind, int fd)
{
	char text[MAX], shown[MAX];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	while (n && strchr(" \n", text[n - 1]))
		text[--n] = '\0';
	memcpy(shown, text, n + 1);
	for (n = 0; shown[n]; n++)
		if (shown[n] == '\n')
			shown[n] = ',';
	if (undo(kind, text)) {
		say("a killed refcost left this, and it cannot be undone now: %s", shown);
		return true;
	}
	leftover_note(fd, "");
	say("put right what a killed refcost left: %s: %s", kinds[kind].done, shown);
	return true;
}

int leftover_hold(enum leftover kind, bool wait)
{
	char full[ENV_PATH];
	int fd;

	mkdir(env_path(DIR, full, sizeof(full)), 0755);
	fd = record_open(kind, O_RDWR | O_CREAT);
	if (fd < 0)
		return fd;
	if (flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB)) {
		close(fd);
		return -1;
	}
	repair(kind, fd);
	return fd;
}

void leftover_note(int fd, const char *text)
{
	size_t len = strlen(text);

	/* written before it is cut: it never says less than is so */
	if (fd >= 0 && pwrite(fd, text, len, 0) == (ssize_t)len)
		(void)!ftruncate(fd, len);
}

/* Open, and nobody's; negative: there is nothing to do. */
static int left_open(enum leftover kind, int flags)
{
	int fd = record_open(kind, flags);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) || !st.st_size || flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return -1;
	}
	return fd;
}

bool leftover_any(void)
{
	enum leftover kind;
	bool any = false;

	for (kind = 0; kind < LEFT_KINDS; kind++) {
		int fd = left_open(kind, O_RDONLY);

		any |= fd >= 0;
		if (fd >= 0)
			close(fd);
	}
	return any;
}

int leftover_repair(void)
{
	enum leftover kind;
	int n = temporary_put_right();

	for (kind = 0; kind < LEFT_KINDS; kind++) {
		int fd = left_open(kind, O_RDWR);

		if (fd < 0)
			continue;
		n += repair(kind, fd);
		close(fd);
	}
	return n;
}
