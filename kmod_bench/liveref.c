// SPDX-License-Identifier: GPL-2.0
/*
 * The unload side of per-CPU module counts: the check runs with every CPU stopped.
 */
#include <linux/delay.h>

#include "liveref.h"

/* A machine that is not stopped: what the check must not do, for the tests. */
static int live_stopped(cpu_stop_fn_t fn, struct refcost_owner *owner)
{
	return refcost_fault(NO_STOP) ? fn(owner) : stop_machine(fn, owner, NULL);
}

static int live_try_stop(void *data)
{
	struct refcost_owner *owner = data;
	struct live_owner *live = live_owner(owner);

	if (live->sum(owner))
		return -EWOULDBLOCK;
	WRITE_ONCE(live->state, LIVE_GOING);
	return 0;
}

/*
 * Linux took the module off its own list of modules here, which refcost leaves to delete_module(2).
 */
static int live_unlink_module(void *data)
{
	return 0;
}

int live_gate(struct refcost_owner *owner)
{
	int err;

	err = live_stopped(live_try_stop, owner);
	if (err)
		return err;
	/*
	 * Only the state keeps users off now: a get without its test has time to go wrong. Not
	 * where the machine did not stop: there, a user that slipped in must still be inside at
	 * exit().
	 */
	if (refcost_fault(WIDE) && !refcost_fault(NO_STOP))
		msleep(100);
	rwlist_unlink(owner);
	return live_stopped(live_unlink_module, owner);
}

/* Live first, then listed: nobody finds an object that refuses. */
void live_ungate(struct refcost_owner *owner)
{
	live_set_live(owner, true);
	rwlist_link(owner);
}

void live_set_live(struct refcost_owner *owner, bool live)
{
	WRITE_ONCE(live_owner(owner)->state, live ? LIVE_LIVE : LIVE_COMING);
}
