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

/**
 * refcost_lock() - take the registry's mutex on behalf of a call
 *
 * Return: 0; -EINTR if the task is being killed; -EIO if an earlier call has died with the mutex
 * locked.
 */
int refcost_lock(void)
{
	if (READ_ONCE(refcost_registry.broken))
		return -EIO;
	return mutex_lock_killable(&refcost_registry.mutex);
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
 * @s: a session with what came from user space
 *
 * Return: 0, -EINVAL, -EOPNOTSUPP if the scheme lacks the mode, -ENXIO without a victim (-EEXIST
 * with one, if the load is to be there first), -ERANGE if it has too few objects. Called with the
 * registry's mutex held.
 */
int refcost_check_run(const struct refcost_session *s)
{
	const struct refcost_scheme *scheme = s->scheme;
	const struct refcost_run *run = &s->run;
	bool exact = run->flags & REFCOST_RUN_EXACT, early = run->flags & REFCOST_RUN_EARLY;
	bool load = s->kind == REFCOST_SESSION_LOAD;

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
static int copy_results(const struct refcost_session *s)
{
	struct refcost_worker_result __user *to = u64_to_user_ptr(s->run.results);
	u32 __user *times = u64_to_user_ptr(s->run.times);
	u32 i, nr_times = s->run.nr_times;

	for (i = 0; i < s->nr_workers; i++) {
		const struct refcost_worker *w = s->workers[i];

		if (copy_to_user(&to[i], &w->result, sizeof(*to)) ||
		    copy_to_user(times + (size_t)i * nr_times, w->times, nr_times * sizeof(*times)))
			return -EFAULT;
	}
	return refcost_events_copy(s);
}

/* Bind, and start the workers. The victim is pinned: nobody else's rmmod may end a run. */
static int run_begin(struct refcost_session *s, const u32 *cpus)
{
	struct module *victim;
	int err;

	err = refcost_check_run(s);
	if (err)
		return err;
	victim = refcost_registry.owner->module;
	if (!try_module_get(victim))
		return -ENXIO;
	err = refcost_bind(s->scheme);
	if (err)
		goto err_put;
	err = refcost_session_start(s, cpus);
	if (!err)
		return 0;
	refcost_unbind();
err_put:
	module_put(victim);
	return err;
}

static void run_note_counter(struct refcost_session *s)
{
	const void *counter = s->scheme->counter ? s->scheme->counter(s->workers[0]) : NULL;

	s->run.counter_offset = (unsigned long)counter % L1_CACHE_BYTES;
	s->run.counter_node = counter ? refcost_node_of(counter) : NUMA_NO_NODE;
}

/* Return: 0 or -EUCLEAN. */
static int run_end(struct refcost_session *s, struct module *victim)
{
	s->run.balance = refcost_unbind() + atomic_read(&s->left_open);
	if (refcost_registry.victim == victim)
		module_put(victim);
	s->run.violations = atomic64_read(&refcost_registry.violations) - s->violations_before;
	return s->run.balance ? -EUCLEAN : 0;
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
	struct refcost_session *s;
	struct module *victim;
	int err, unclean;

	err = refcost_lock();
	if (err)
		return err;
	s = refcost_session_create(scheme, REFCOST_SESSION_RUN, run);
	if (IS_ERR(s)) {
		err = PTR_ERR(s);
		goto out_unlock;
	}
	err = run_begin(s, cpus);
	if (err)
		goto out_free;
	victim = refcost_registry.victim;
	mutex_unlock(&refcost_registry.mutex);

	run_note_counter(s);
	err = refcost_session_wait(s);
	refcost_session_stop(s);
	if (err == -ENODEV)
		s->run.bad_cpu = s->bad_cpu;

	mutex_lock(&refcost_registry.mutex);
	unclean = run_end(s, victim);
	if (!err)
		err = unclean;
	if (!err)
		err = copy_results(s);
out_free:
	*run = s->run;
	refcost_session_free(s);
out_unlock:
	mutex_unlock(&refcost_registry.mutex);
	return err;
}
