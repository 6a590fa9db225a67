// SPDX-License-Identifier: GPL-2.0
/*
 * Telling perf when to record; perf-record(1), --control, has the protocol.
 */
#include "measure/perf_control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/refcost.h"

#define ACK_TIMEOUT_MS 10000

static int ctl = -1, ack = -1;

/* Without blocking: a fifo without a reader would block forever. */
static int fifo_open(const char *path, int flags)
{
	struct stat st;
	int fd;

	if (stat(path, &st) || !S_ISFIFO(st.st_mode)) {
		say("--perf-control: %s is no fifo: make it with mkfifo", path);
		return -1;
	}
	fd = open(path, flags | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		say("--perf-control: cannot open %s: %s", path,
		    errno == ENXIO ? "no perf record --control reads it" : strerror(errno));
	return fd;
}

int perf_control_open(const char *fifos)
{
	char *copy = strdup(fifos), *comma = copy ? strchr(copy, ',') : NULL;
	int err = EXIT_FINE;

	if (!comma) {
		err = fail(EXIT_USAGE, "--perf-control '%s': give two fifos, CTL,ACK", fifos);
		goto out;
	}
	*comma = '\0';
	ctl = fifo_open(copy, O_WRONLY);
	ack = ctl < 0 ? -1 : fifo_open(comma + 1, O_RDONLY);
	if (ack < 0)
		err = EXIT_FAILED;
out:
	free(copy);
	return err;
}

int perf_control(const char *command)
{
	struct pollfd answer = { .fd = ack, .events = POLLIN };
	char text[64];
	ssize_t n;

	if (ack < 0)
		return EXIT_FINE;
	n = snprintf(text, sizeof(text), "%s\n", command);
	if (write(ctl, text, n) != n)
		return fail(EXIT_FAILED, "cannot tell perf to %s: %s", command, strerror(errno));
	if (poll(&answer, 1, ACK_TIMEOUT_MS) != 1)
		return fail(EXIT_FAILED, "perf was told to %s and does not answer", command);
	n = read(ack, text, sizeof(text));
	if (n < 4 || memcmp(text, "ack\n", 4))
		return fail(EXIT_FAILED, "perf was told to %s and did not say ack", command);
	return EXIT_FINE;
}

void perf_control_close(void)
{
	if (ctl >= 0)
		close(ctl);
	if (ack >= 0)
		close(ack);
	ctl = ack = -1;
}
