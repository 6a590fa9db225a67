// SPDX-License-Identifier: GPL-2.0
/*
 * Users that go on looking objects up while their module is unloaded, and the scheme's gate in front
 * of delete_module(2). One load at a time; all calls come from the descriptor that started it.
 */
#include "run.h"

static struct refcost_session *load;
static u64 violations_before;

static int load_bind(const struct refcost_scheme *scheme, u32 flags)
{
	int err = 0;

	memset(&refcost_registry.early, 0, sizeof(refcost_registry.early));
	if (flags & REFCOST_RUN_BYSTANDER)
		err = refcost_bind_neighbour(scheme);
	if (err)
		return err;
	if (!(flags & REFCOST_RUN_EARLY))
		return refcost_bind(scheme);
	refcost_registry.early.one_phase = flags & REFCOST_RUN_ONE_PHASE;
	refcost_registry.early.scheme = scheme;
	return 0;
}

static s64 load_unbind(void)
{
	refcost_registry.early.scheme = NULL;
	return refcost_unbind();
}

/**
 * refcost_load_start() - serve REFCOST_IOC_LOAD_START
 * @scheme: the scheme that @run names
 * @run: from user space
 * @cpus: @run->nr_cpus CPU numbers, possibly none
 *
 * Returns when all workers are past the barrier. The victim is not pinned: keeping it alive while in
 * use is the scheme's job.
 *
 * Return: 0 or the errno documented at the ioctl.
 */
int refcost_load_start(const struct refcost_scheme *scheme, struct refcost_run *run,
		       const u32 *cpus)
{
	struct refcost_session *s;
	int err;

	mutex_lock(&refcost_registry.mutex);
	err = refcost_claim();
	if (err)
		goto out;
	err = refcost_check_run(run, scheme, REFCOST_SESSION_LOAD);
	if (err)
		goto err_unclaim;
	err = load_bind(scheme, run->flags);
	if (err)
		goto err_unbind;
	violations_before = atomic64_read(&refcost_registry.violations);
	s = refcost_session_start(scheme, REFCOST_SESSION_LOAD, run, cpus);
	if (IS_ERR(s)) {
		err = PTR_ERR(s);
		goto err_unbind;
	}
	err = refcost_session_wait(s);
	if (err) {
		if (err == -ENODEV)
			run->bad_cpu = s->bad_cpu;
		refcost_session_stop(s);
		refcost_session_free(s);
		goto err_unbind;
	}
	load = s;
	goto out;

err_unbind:
	load_unbind();
err_unclaim:
	refcost_unclaim();
out:
	mutex_unlock(&refcost_registry.mutex);
	return err;
}

static void load_read(struct refcost_load_stat *stat)
{
	u32 i;

	for (i = 0; i < load->nr_workers; i++) {
		const struct refcost_worker *w = load->workers[i];

		if (w->bystander) {
			stat->bystander_ops = READ_ONCE(w->done);
			stat->bystander_failed = READ_ONCE(w->failed);
			stat->bystander_calm_ns = READ_ONCE(w->load.stall_calm_ns);
			stat->bystander_unload_ns = READ_ONCE(w->load.stall_unload_ns);
			continue;
		}
		stat->ops += READ_ONCE(w->done);
		stat->failed += READ_ONCE(w->failed);
		stat->refused += READ_ONCE(w->refused);
		stat->stall_calm_ns = max(stat->stall_calm_ns, READ_ONCE(w->load.stall_calm_ns));
		stat->stall_unload_ns =
			max(stat->stall_unload_ns, READ_ONCE(w->load.stall_unload_ns));
	}
	stat->listed_ns = refcost_registry.early.listed_ns;
	stat->live_ns = refcost_registry.early.live_ns;
	stat->stopped_cpu = READ_ONCE(load->bad_cpu);
	stat->violations = atomic64_read(&refcost_registry.violations) - violations_before;
}

/**
 * refcost_load_stat() - serve REFCOST_IOC_LOAD_STAT
 * @stat: zeroed; filled with what the workers have seen so far
 *
 * Return: 0.
 */
int refcost_load_stat(struct refcost_load_stat *stat)
{
	mutex_lock(&refcost_registry.mutex);
	load_read(stat);
	mutex_unlock(&refcost_registry.mutex);
	return 0;
}

/* Also of a gate that refused, but had unlisted the objects by then. */
static int gate_take_back(struct refcost_owner *owner)
{
	if (!owner || !owner->scheme || owner->leaving || (!owner->gated && refcost_linked(owner)))
		return 0;
	if (owner->scheme->ungate)
		owner->scheme->ungate(owner);
	owner->gated = false;
	return 0;
}

/**
 * refcost_load_stop() - serve REFCOST_IOC_LOAD_STOP; also when the descriptor is closed
 * @stat: zeroed; the final numbers
 *
 * A gate that was not followed by a delete_module(2) is taken back.
 *
 * Return: 0, or -EUCLEAN if the victim is still there and a count is not back where it started.
 */
int refcost_load_stop(struct refcost_load_stat *stat)
{
	mutex_lock(&refcost_registry.mutex);
	gate_take_back(refcost_registry.owner);
	refcost_session_stop(load);
	load_read(stat);
	stat->balance = load_unbind() + atomic_read(&load->left_open);
	refcost_session_free(load);
	load = NULL;
	refcost_unclaim();
	mutex_unlock(&refcost_registry.mutex);
	return stat->balance ? -EUCLEAN : 0;
}

/**
 * refcost_load_gate() - serve REFCOST_IOC_GATE
 * @gate: filled with the scheme's answer and the time it took
 *
 * Return: 0 if the scheme gave an answer (see @gate->busy), -EINTR on a signal, -ENXIO if the victim is
 * gone, or what the scheme failed with.
 */
int refcost_load_gate(struct refcost_gate *gate)
{
	struct refcost_owner *owner;
	u64 start;
	int err = 0;

	mutex_lock(&refcost_registry.mutex);
	owner = refcost_registry.owner;
	if (!owner) {
		err = -ENXIO;
		goto out;
	}
	WRITE_ONCE(load->unloading, true);
	if (!owner->scheme->gate || owner->gated)
		goto out;
	start = refcost_clock();
	err = owner->scheme->gate(owner);
	gate->ns = refcost_clock() - start;
	owner->gated = !err;
	if (err == -EWOULDBLOCK || err == -EBUSY) {
		gate->busy = -err;
		err = 0;
	}
out:
	mutex_unlock(&refcost_registry.mutex);
	return err;
}

/**
 * refcost_load_ungate() - serve REFCOST_IOC_UNGATE
 *
 * Return: 0.
 */
int refcost_load_ungate(void)
{
	int err;

	mutex_lock(&refcost_registry.mutex);
	err = gate_take_back(refcost_registry.owner);
	mutex_unlock(&refcost_registry.mutex);
	return err;
}
