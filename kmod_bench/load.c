// SPDX-License-Identifier: GPL-2.0
/*
 * Users that go on looking objects up while their module is unloaded, and the scheme's gate in
 * front of delete_module(2). One load at a time; only the descriptor that started it may say more.
 *
 * The victim's exit() and the module notifier run on behalf of whichever task calls
 * delete_module(2), under the registry's mutex. From the moment exit() has begun (@leaving) the
 * bound scheme is theirs: a load that ends meanwhile stops its workers, and leaves the scheme
 * alone.
 */
#include "keeper.h"
#include "run.h"

static int load_bind(struct refcost_session *s)
{
	u64 start;
	int err = 0;

	if (s->run.flags & REFCOST_RUN_BYSTANDER)
		err = refcost_bind_bystander(s->scheme);
	/* objects that come later are bound when they are listed */
	if (err || s->run.flags & REFCOST_RUN_EARLY)
		return err;
	start = refcost_clock();
	err = refcost_bind(s->scheme);
	s->bind_ns = refcost_clock() - start;
	return err;
}

/**
 * refcost_load_start() - serve REFCOST_IOC_LOAD_START
 * @file: the descriptor that the load will belong to
 * @scheme: the scheme that @run names
 * @run: from user space
 * @cpus: @run->nr_cpus CPU numbers, possibly none
 *
 * Returns when all workers are past the barrier. The victim is not pinned: keeping it alive while
 * in use is the scheme's job.
 *
 * Return: 0 or the errno documented at the ioctl.
 */
int refcost_load_start(const struct file *file, const struct refcost_scheme *scheme,
		       struct refcost_run *run, const u32 *cpus)
{
	struct refcost_session *s;
	int err;

	err = refcost_lock();
	if (err)
		return err;
	s = refcost_session_create(scheme, REFCOST_SESSION_LOAD, run);
	if (IS_ERR(s)) {
		err = PTR_ERR(s);
		goto out_unlock;
	}
	s->file = file;
	err = refcost_check_run(s);
	if (err)
		goto err_free;
	err = load_bind(s);
	if (err)
		goto err_unbind;
	err = refcost_session_start(s, cpus);
	if (err)
		goto err_unbind;
	err = refcost_session_wait(s);
	if (!err)
		goto out_unlock;

	if (err == -ENODEV)
		s->run.bad_cpu = s->bad_cpu;
	refcost_session_stop(s);
err_unbind:
	refcost_unbind();
err_free:
	*run = s->run;
	refcost_session_free(s);
out_unlock:
	mutex_unlock(&refcost_registry.mutex);
	return err;
}

static void load_read(const struct refcost_session *s, struct refcost_load_stat *stat)
{
	u32 i;

	for (i = 0; i < s->nr_workers; i++) {
		const struct refcost_worker *w = s->workers[i];

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
	stat->listed_ns = s->early.listed_ns;
	stat->live_ns = s->early.live_ns;
	stat->bind_ns = s->bind_ns;
	stat->unbind_ns = s->unbind_ns;
	stat->stopped_cpu = READ_ONCE(s->bad_cpu);
	stat->violations = atomic64_read(&refcost_registry.violations) - s->violations_before;
}

/* The load of a descriptor, or NULL. */
static struct refcost_session *load_of(const struct file *file)
{
	struct refcost_session *s = refcost_registry.session;

	return s && s->file == file ? s : NULL;
}

/* Take the registry's mutex, if the load belongs to this descriptor. */
static int load_lock(const struct file *file)
{
	int err;

	err = refcost_lock();
	if (err)
		return err;
	if (load_of(file))
		return 0;
	mutex_unlock(&refcost_registry.mutex);
	return -ENOTCONN;
}

/**
 * refcost_load_stat() - serve REFCOST_IOC_LOAD_STAT
 * @file: the caller's descriptor
 * @stat: zeroed; filled with what the workers have seen so far
 *
 * Return: 0, -ENOTCONN if the load is not this descriptor's.
 */
int refcost_load_stat(const struct file *file, struct refcost_load_stat *stat)
{
	int err;

	err = load_lock(file);
	if (err)
		return err;
	load_read(load_of(file), stat);
	mutex_unlock(&refcost_registry.mutex);
	return 0;
}

/*
 * Also of a gate that refused, but had unlisted the objects by then. Objects that were dropped do
 * not come back, and may be released at any moment.
 */
static void gate_take_back(struct refcost_owner *owner)
{
	if (!owner || !owner->scheme || owner->leaving)
		return;
	if (owner->scheme->ungate && !owner->dropped && (owner->gated || !refcost_linked(owner)))
		owner->scheme->ungate(owner);
	owner->gated = false;
}

/*
 * Workers may be waiting for a lock that is kept until exit() has returned. The notifier, which
 * would let it go, waits for the mutex that is held here; exit() has made the objects impossible to
 * find, so the lock has done its work.
 */
static void load_end(struct refcost_session *s, struct refcost_load_stat *stat)
{
	struct refcost_owner *owner = refcost_registry.owner;

	if (owner && owner->leaving)
		refcost_let_go(owner);
	else
		gate_take_back(owner);
	refcost_session_stop(s);
	load_read(s, stat);
	stat->balance = refcost_unbind() + atomic_read(&s->left_open);
	refcost_session_free(s);
}

/**
 * refcost_load_stop() - serve REFCOST_IOC_LOAD_STOP
 * @file: the caller's descriptor
 * @stat: zeroed; the final numbers
 *
 * A gate that was not followed by a delete_module(2) is taken back.
 *
 * Return: 0, -ENOTCONN if the load is not this descriptor's, or -EUCLEAN if the victim is still
 * there and a count is not back where it started.
 */
int refcost_load_stop(const struct file *file, struct refcost_load_stat *stat)
{
	int err;

	err = load_lock(file);
	if (err)
		return err;
	load_end(load_of(file), stat);
	mutex_unlock(&refcost_registry.mutex);
	return stat->balance ? -EUCLEAN : 0;
}

/**
 * refcost_load_close() - end the load of a descriptor that is being closed
 * @file: the descriptor; may have none
 */
void refcost_load_close(const struct file *file)
{
	struct refcost_load_stat stat = {};

	if (READ_ONCE(refcost_registry.broken))
		return;
	mutex_lock(&refcost_registry.mutex);
	if (load_of(file))
		load_end(load_of(file), &stat);
	mutex_unlock(&refcost_registry.mutex);
}

static int gate_run(struct refcost_session *s, struct refcost_gate *gate)
{
	struct refcost_owner *owner = refcost_registry.owner;
	u64 start;
	int err;

	if (!owner || !owner->scheme || owner->leaving)
		return -ENXIO;
	WRITE_ONCE(s->unloading, true);
	if (!owner->scheme->gate || owner->gated)
		return 0;
	BUG_ON(refcost_fault(OOPS));
	start = refcost_clock();
	err = owner->scheme->gate(owner);
	gate->ns = refcost_clock() - start;
	owner->gated = !err;
	if (err != -EWOULDBLOCK && err != -EBUSY)
		return err;
	gate->busy = -err;
	return 0;
}

/**
 * refcost_load_gate() - serve REFCOST_IOC_GATE
 * @file: the caller's descriptor
 * @gate: filled with the scheme's answer and the time it took
 *
 * Return: 0 if the scheme gave an answer (see @gate->busy), -ENOTCONN if the load is not this
 * descriptor's, -EINTR on a signal, -ENXIO if the victim is gone or leaving, or what the scheme
 * failed with.
 */
int refcost_load_gate(const struct file *file, struct refcost_gate *gate)
{
	int err;

	err = load_lock(file);
	if (err)
		return err;
	err = gate_run(load_of(file), gate);
	mutex_unlock(&refcost_registry.mutex);
	return err;
}

/**
 * refcost_load_ungate() - serve REFCOST_IOC_UNGATE
 * @file: the caller's descriptor
 *
 * Return: 0, -ENOTCONN if the load is not this descriptor's.
 */
int refcost_load_ungate(const struct file *file)
{
	int err;

	err = load_lock(file);
	if (err)
		return err;
	gate_take_back(refcost_registry.owner);
	mutex_unlock(&refcost_registry.mutex);
	return 0;
}
