// SPDX-License-Identifier: GPL-2.0
/*
 * How long a trace lasts.
 */
#include "trace/until.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/refcost.h"

#define POLL_MS	 1000
#define GRACE_NS (2 * NSEC_PER_SEC) /* for a command, once it was told to end */

int until_make(struct until *u, char **argv)
{
	int err = child_find(argv[0]);

	u->name = argv[0];
	if (err)
		return fail(err,
			    err == EXIT_NOT_FOUND ? "%s: command not found" : "%s: cannot be run",
			    u->name);
	err = child_make(&u->child, argv);
	if (err)
		return fail(EXIT_FAILED, "cannot fork: %s", strerror(-err));
	u->has_child = true;
	return EXIT_FINE;
}

int until_go(struct until *u)
{
	int err = u->has_child ? child_go(&u->child) : 0;

	u->start = now_ns();
	return err ? fail(u->child.code, "%s: %s", u->name, strerror(-err)) : EXIT_FINE;
}

int until_patience(struct until *u)
{
	uint64_t now = now_ns(), end = u->start + u->ns;

	if (u->has_child && child_ended(&u->child))
		return 0;
	if (interrupted && !u->has_child)
		return 0;
	if (interrupted && !u->told) {
		u->told = now;
		kill(u->child.pid, interrupted);
	}
	if (u->told && now - u->told > GRACE_NS)
		return 0;
	if (u->ns && now >= end)
		return 0;
	if (u->ns && end - now < POLL_MS * NSEC_PER_MSEC)
		return (end - now) / NSEC_PER_MSEC + 1;
	return POLL_MS;
}

static int command_code(struct until *u)
{
	uint64_t deadline = now_ns() + GRACE_NS;

	while (!child_ended(&u->child)) {
		if (!interrupted)
			deadline = now_ns() + GRACE_NS;
		else if (now_ns() > deadline)
			return fail(128 + interrupted, "%s does not end: left alone, untraced",
				    u->name);
		sleep_until_ns(now_ns() + 20 * NSEC_PER_MSEC);
		if (interrupted)
			usleep(20000);
	}
	return u->child.code;
}

int until_code(struct until *u, int err)
{
	int code;

	if (!u->has_child)
		return err;
	code = u->child.running ? command_code(u) : u->child.code;
	child_free(&u->child);
	return err ? err : code;
}
