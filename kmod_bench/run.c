// SPDX-License-Identifier: GPL-2.0
/*
 * One sample: bind a scheme to the victim's objects, run the workers through one window, check that
 * every count is back, hand the raw numbers out.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "run.h"

/* What a load does not take. */
#define RUN_ALONE (REFCOST_RUN_EXACT | REFCOST_RUN_EMULATED)

/* The one run or load that may go on; under the registry's mutex. */
static bool busy;

/**
 * refcost_lock() - take the registry's mutex on behalf of a call
 *
 * Return: 0; -EINTR if the task is being killed; -EIO if an earlier call has died with the mutex locked.
 */
int refcost_lock(void)
{
	if (READ_ONCE(refcost_registry.broken))
		return -EIO;
	return mutex_lock_killable(&refcost_registry.mutex);
}

/**
 * refcost_claim() - become the one session
 *
 * Called with the registry's mutex held.
 *
 * Return: 0 or -EBUSY.
 */
int refcost_claim(void)
{
	lockdep_assert_held(&refcost_registry.mutex);
	if (busy)
		return -EBUSY;
	busy = true;
	return 0;
}

/**
 * refcost_claimed() - is there a session?
 *
 * Called with the registry's mutex held.
 *
 * Return: true if so.
 */
bool refcost_claimed(void)
{
	lockdep_assert_held(&refcost_registry.mutex);
	return busy;
}

/**
 * refcost_unclaim() - let the next one in
 *
 * Called with the registry's mutex held.
 */
void refcost_unclaim(void)
{
	lockdep_assert_held(&refcost_registry.mutex);
	busy = false;
}

/* Of a pair both are used, by every other worker. */
static u32 objects_used(const struct refcost_run *run)
{
	if (run->objects == 1 && refcost_registry.owner->layout == REFCOST_PAIR)
		return min(run->nr_cpus, 2u);
	return max(run->objects ?: run->nr_cpus, 1u);
}

/**
 * refcost_check_run() - refuse parameters that cannot be served
 * @run: from user space
 * @scheme: the scheme it names
 * @kind: what it is for
 *
 * Return: 0, -EINVAL, -EOPNOTSUPP if the scheme lacks the mode, -ENXIO without a victim (-EEXIST with
 * one, if the load is to be there first), -ERANGE if it has too few objects. Called with the registry's mutex held.
 */
int refcost_check_run(const struct refcost_run *run, const struct refcost_scheme *scheme,
		      enum refcost_session_kind kind)
{
	bool exact = run->flags & REFCOST_RUN_EXACT;
	bool load = kind == REFCOST_SESSION_LOAD, early = run->flags & REFCOST_RUN_EARLY;

	if (run->flags & ~REFCOST_RUN_FLAGS || run->mode >= REFCOST_MODES)
		return -EINVAL;
	if (run->nr_cpus > nr_cpu_ids || (!run->nr_cpus && !load) || (exact && run->nr_cpus != 1))
		return -EINVAL;
	/* Ids beyond these are not the victim's. */
	if (run->objects > REFCOST_OBJECTS_MAX ||
	    (run->objects == REFCOST_OBJECTS_PERCPU && run->nr_cpus > REFCOST_OBJECTS_MAX))
		return -EINVAL;
	if (run->hold_ns > (exact ? REFCOST_EXACT_HOLD_MAX : REFCOST_HOLD_MAX) ||
	    run->think_ns > REFCOST_HOLD_MAX || run->late_ns > NSEC_PER_SEC)
		return -EINVAL;
	if (!load && !exact &&
	    (run->window_ns < REFCOST_WINDOW_MIN || run->window_ns > REFCOST_WINDOW_MAX ||
	     run->warmup_ns > REFCOST_WINDOW_MAX))
		return -EINVAL;
	if (run->nr_events > REFCOST_EVENTS_MAX || run->nr_times > REFCOST_TIMES_MAX ||
	    ((run->nr_events || run->nr_times) && (load || exact)))
		return -EINVAL;
	if (load ? run->mode != REFCOST_LOOKUP || run->flags & RUN_ALONE
		 : run->flags & ~RUN_ALONE || run->think_ns)
		return -EINVAL;
	if (run->flags & REFCOST_RUN_ONE_PHASE && !early)
		return -EINVAL;
	if (!scheme->getput || (run->mode == REFCOST_LOOKUP && !scheme->lookup) ||
	    (run->flags & REFCOST_RUN_ONE_PHASE && !scheme->set_live))
		return -EOPNOTSUPP;
	if (early)
		return refcost_registry.owner ? -EEXIST : 0;
	if (!refcost_registry.owner)
		return -ENXIO;
	return objects_used(run) > refcost_registry.owner->nr_objects ? -ERANGE : 0;
}

/* Raw results of all workers, in their order. */
static int copy_results(const struct refcost_run *run, const struct refcost_session *s)
{
	struct refcost_worker_result __user *to = u64_to_user_ptr(run->results);
	u32 __user *times = u64_to_user_ptr(run->times);
	u32 i;

	for (i = 0; i < s->nr_workers; i++) {
		const struct refcost_worker *w = s->workers[i];

		if (copy_to_user(&to[i], &w->result, sizeof(*to)) ||
		    copy_to_user(times + (size_t)i * run->nr_times, w->times,
				 run->nr_times * sizeof(*times)))
			return -EFAULT;
	}
	return refcost_events_copy(s, run);
}

/* Bind, and start the workers. The victim is pinned: nobody else's rmmod may end a run. */
static struct refcost_session *run_begin(const struct refcost_scheme *scheme,
					 struct refcost_run *run, const u32 *cpus)
{
	struct refcost_session *s;
	struct module *victim;
	int err;

	err = refcost_claim();
	if (err)
		return ERR_PTR(err);
	err = refcost_check_run(run, scheme, REFCOST_SESSION_RUN);
	if (err)
		goto err_unclaim;
	victim = refcost_registry.owner->module;
	err = -ENXIO;
	if (!try_module_get(victim))
		goto err_unclaim;
	refcost_registry.pinned = true;
	err = refcost_bind(scheme);
	if (err)
		goto err_put;
	s = refcost_session_start(scheme, REFCOST_SESSION_RUN, run, cpus);
	if (!IS_ERR(s))
		return s;
	err = PTR_ERR(s);
	refcost_unbind();
err_put:
	refcost_registry.pinned = false;
	module_put(victim);
err_unclaim:
	refcost_unclaim();
	return ERR_PTR(err);
}

/**
 * refcost_run() - serve REFCOST_IOC_RUN
 * @scheme: the scheme that @run names
 * @run: from user space; its out fields are filled, also on failure
 * @cpus: @run->nr_cpus CPU numbers
 *
 * Return: 0 or the errno documented at the ioctl.
 */
int refcost_run(const struct refcost_scheme *scheme, struct refcost_run *run, const u32 *cpus)
{
	u64 violations = atomic64_read(&refcost_registry.violations);
	struct refcost_session *s;
	struct module *victim;
	const void *counter;
	int err;

	err = refcost_lock();
	if (err)
		return err;
	s = run_begin(scheme, run, cpus);
	victim = refcost_registry.victim;
	mutex_unlock(&refcost_registry.mutex);
	if (IS_ERR(s))
		return PTR_ERR(s);

	counter = scheme->counter ? scheme->counter(s->workers[0]) : NULL;
	run->counter_offset = (unsigned long)counter % L1_CACHE_BYTES;
	run->counter_node = counter ? refcost_node_of(counter) : NUMA_NO_NODE;
	err = refcost_session_wait(s);
	refcost_session_stop(s);
	if (err == -ENODEV)
		run->bad_cpu = s->bad_cpu;

	mutex_lock(&refcost_registry.mutex);
	run->balance = refcost_unbind() + atomic_read(&s->left_open);
	refcost_registry.pinned = false;
	if (refcost_registry.victim == victim)
		module_put(victim);
	run->violations = atomic64_read(&refcost_registry.violations) - violations;
	if (!err && run->balance)
		err = -EUCLEAN;
	if (!err)
		err = copy_results(run, s);
	refcost_session_free(s);
	refcost_unclaim();
	mutex_unlock(&refcost_registry.mutex);
	return err;
}
