// SPDX-License-Identifier: GPL-2.0
/*
 * The engine: bound kthreads, a barrier that its last arriver opens, a window.
 *
 * A loop of a fixed count lets the first to finish leave while the others go on without contention.
 * Here all workers keep the load on from the barrier until the last of them is out of the window,
 * and count only inside it. They let the scheduler in between batches, whatever the number of CPUs.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/delay.h>
#include <linux/kernel_stat.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include "core.h"

#define BATCH_LEAST_NS	25000
#define BATCH_MOST_NS	100000
#define GAP_LEAST_NS	1000000
#define GAP_FACTOR	8
#define BATCH_MAX	(1u << 20)
#define BARRIER_SPIN_NS 100000
#define EXACT_BATCH	256
#define EXACT_ROUNDS	48

static int hotplug_state;

/* Check in, and wait until everybody has. The last one sets the times and opens. */
static void worker_arrive(struct refcost_session *s, struct refcost_worker *w)
{
	u64 spin_until;

	if (s->run.late_ns && w->index == s->run.late_worker)
		fsleep(s->run.late_ns / NSEC_PER_USEC);
	w->result.arrive_ns = refcost_clock();
	spin_until = w->result.arrive_ns + BARRIER_SPIN_NS;
	if (atomic_inc_return(&s->arrived) == s->nr_workers) {
		s->open_ns = refcost_clock() + s->run.warmup_ns;
		s->close_ns = s->open_ns + s->run.window_ns;
		smp_store_release(&s->go, true);
		complete_all(&s->ready);
	}
	/*
	 * The window opens by the clock, not by this loop, so a waiter may sleep: spinning CPUs
	 * would keep the last arriver from its own where a hypervisor has fewer of them than the
	 * guest.
	 */
	while (!smp_load_acquire(&s->go) && !READ_ONCE(s->stop)) {
		if (refcost_clock() < spin_until)
			cpu_relax();
		else
			usleep_range(20, 60);
		cond_resched();
	}
	w->result.go_ns = refcost_clock();
}

/*
 * A get that was never put may have left a section open. It counts, and must not meet the
 * scheduler.
 */
static void worker_close_sections(struct refcost_session *s)
{
	int left = preempt_count() + rcu_preempt_depth() + refcost_migrate_depth();

	if (likely(!left))
		return;
	atomic_add(left, &s->left_open);
	while (rcu_preempt_depth())
		rcu_read_unlock();
	while (preempt_count())
		preempt_enable();
	while (refcost_migrate_depth())
		migrate_enable();
}

/* One batch, and a chance for everybody else on this CPU. */
static u64 worker_batch(struct refcost_session *s, struct refcost_worker *w, u64 batch)
{
	w->failed += s->loop(w, batch);
	w->done += batch;
	worker_close_sections(s);
	cond_resched_tasks_rcu_qs();
	return refcost_clock();
}

static u64 worker_next_batch(u64 batch, u64 took)
{
	if (took < BATCH_LEAST_NS && batch < BATCH_MAX)
		return batch * 2;
	if (took > BATCH_MOST_NS && batch > 1)
		return batch / 2;
	return batch;
}

/* What the kernel knows of how long a worker has not run; only differences mean anything. */
struct worker_off {
	u64 steal_ns;
	u64 delay_ns;
	unsigned long preempted;
};

static struct worker_off worker_off(const struct refcost_worker *w)
{
	struct worker_off off = {
		.steal_ns = kcpustat_cpu(w->cpu).cpustat[CPUTIME_STEAL],
		.preempted = current->nivcsw,
	};

#ifdef CONFIG_SCHED_INFO
	off.delay_ns = current->sched_info.run_delay;
#endif
	return off;
}

/*
 * How much of a batch is not the scheme's: the hypervisor's part, and waiting for the CPU after
 * having lost it to another task. Waiting for it after a sleep is what a lock that sleeps costs,
 * and a batch that took long while its worker ran is what an unfair one costs. An emulated machine
 * is not told when it did not run, so that there the length has to tell.
 */
static u64 worker_gap(const struct refcost_session *s, const struct refcost_worker *w,
		      const struct worker_off *before, u64 took, u64 least)
{
	struct worker_off now = worker_off(w);
	u64 gap = now.steal_ns - before->steal_ns;

	if (s->run.flags & REFCOST_RUN_EMULATED)
		return took < GAP_LEAST_NS || took / GAP_FACTOR < least ? 0 : took - least;
	if (now.preempted != before->preempted)
		gap += now.delay_ns - before->delay_ns;
	return gap;
}

static void worker_window(struct refcost_session *s, struct refcost_worker *w)
{
	struct refcost_worker_result *r = &w->result;
	u64 batch = 1, last = refcost_clock(), least = U64_MAX, most = 0;
	u64 done, failed, now, next, took, gap;
	unsigned int found = 0;
	struct worker_off off;

	/*
	 * Warm-up, which also finds the batch: one that was long enough twice, once may be a gap.
	 * Who came late goes on with that when the window opens: an operation beside two clock
	 * readings is no measurement.
	 */
	while (!READ_ONCE(s->stop)) {
		now = worker_batch(s, w, batch);
		next = worker_next_batch(batch, now - last);
		found += next <= batch;
		if (now >= s->open_ns && found > 1)
			break;
		least = next == batch ? min(least, now - last) : U64_MAX;
		batch = next;
		last = now;
	}

	refcost_events_enable(w);
	done = w->done;
	failed = w->failed;
	r->start_ns = last = refcost_clock();
	while (!READ_ONCE(s->stop)) {
		off = worker_off(w);
		now = worker_batch(s, w, batch);
		took = now - last;
		least = min(least, took);
		gap = worker_gap(s, w, &off, took, least);
		r->gap_ns += gap;
		r->gaps += !!gap;
		most += took - least;
		if (r->batches < s->run.nr_times)
			w->times[r->batches] = min_t(u64, took, U32_MAX);
		r->batches++;
		last = now;
		if (now >= s->close_ns) {
			r->end_ns = now;
			break;
		}
	}
	refcost_events_disable(w);
	/* Steal is accounted at ticks, and may be that of the warm-up. */
	r->gap_ns = min(r->gap_ns, most);
	r->ops = w->done - done;
	r->failed = w->failed - failed;
	r->batch = batch;

	/* stay on until the last one is out */
	atomic_dec(&s->inside);
	while (atomic_read(&s->inside) && !READ_ONCE(s->stop))
		worker_batch(s, w, batch);
}

/*
 * Two batch sizes, again and again, least time of each: their difference holds neither the clock
 * nor the call, and no interrupt. Where the clock counts instructions this is exact. The first
 * round does not count: a user that keeps its last object has none yet.
 */
static void worker_exact(struct refcost_session *s, struct refcost_worker *w)
{
	struct refcost_worker_result *r = &w->result;
	u64 *least[2] = { &r->exact_short_ns, &r->exact_long_ns };
	int round, k;

	r->exact_n = EXACT_BATCH;
	r->batch = EXACT_BATCH;
	r->exact_short_ns = U64_MAX;
	r->exact_long_ns = U64_MAX;
	r->start_ns = refcost_clock();
	for (round = 0; round <= EXACT_ROUNDS && !READ_ONCE(s->stop); round++) {
		for (k = 0; k < 2; k++) {
			u64 n = EXACT_BATCH << k, start = refcost_clock(), took;

			w->failed += s->loop(w, n);
			took = refcost_clock() - start;
			if (round)
				*least[k] = min(*least[k], took);
			w->done += n;
			r->ops += n;
			worker_close_sections(s);
			cond_resched_tasks_rcu_qs();
		}
	}
	r->end_ns = refcost_clock();
	r->failed = w->failed;
	atomic_dec(&s->inside);
}

/* Nothing to do for a while. */
static u64 worker_think(const struct refcost_session *s, u64 now)
{
	u64 until = now + s->run.think_ns;

	while (now < until && !READ_ONCE(s->stop)) {
		cond_resched();
		cpu_relax();
		now = refcost_clock();
	}
	return now;
}

/* Lookups, one clock reading each, until told to stop; the longest of them is a stall. */
static void worker_load(struct refcost_session *s, struct refcost_worker *w)
{
	u64 last = refcost_clock(), resched = last, now, *stall;

	while (!READ_ONCE(s->stop)) {
		WRITE_ONCE(w->failed, w->failed + s->loop(w, 1));
		WRITE_ONCE(w->done, w->done + 1);
		now = refcost_clock();
		stall = READ_ONCE(s->unloading) ? &w->load.stall_unload_ns : &w->load.stall_calm_ns;
		if (now - last > *stall)
			WRITE_ONCE(*stall, now - last);
		last = now;
		if (now - resched > BATCH_LEAST_NS) {
			worker_close_sections(s);
			cond_resched_tasks_rcu_qs();
			resched = now;
		}
		if (s->run.think_ns)
			last = worker_think(s, now);
	}
	atomic_dec(&s->inside);
}

static int worker_fn(void *data)
{
	struct refcost_worker *w = data;
	struct refcost_session *s = w->session;

	worker_arrive(s, w);
	if (s->kind == REFCOST_SESSION_LOAD)
		worker_load(s, w);
	else if (s->run.flags & REFCOST_RUN_EXACT)
		worker_exact(s, w);
	else
		worker_window(s, w);
	if (s->scheme->worker_exit)
		s->scheme->worker_exit(w);
	w->result.total = w->done;
	if (atomic_dec_and_test(&s->alive))
		complete_all(&s->out);
	return 0;
}

/* Which objects the worker will use, drawn before the clock runs. */
static void worker_draw(struct refcost_worker *w)
{
	bool pinned = w->session->kind == REFCOST_SESSION_RUN;
	const struct refcost_run *run = &w->session->run;
	struct refcost_owner *owner = refcost_registry.owner;
	bool paired = owner && owner->layout == REFCOST_PAIR && run->objects == 1;
	struct rnd_state rnd;
	int i;

	prandom_seed_state(&rnd, run->seed + w->index);
	for (i = 0; i < REFCOST_DRAWS; i++) {
		if (w->bystander)
			w->ids[i] = REFCOST_BYSTANDER_ID;
		else if (run->objects == REFCOST_OBJECTS_PERCPU)
			w->ids[i] = w->index;
		else if (paired)
			w->ids[i] = w->index % 2;
		else
			w->ids[i] = prandom_u32_state(&rnd) % run->objects;
		if (pinned)
			w->draws[i] = owner->objects[w->ids[i]];
	}
}

static struct refcost_worker *worker_create(struct refcost_session *s, u32 index, u32 cpu)
{
	const struct refcost_run *run = &s->run;
	struct refcost_worker *w;

	w = kzalloc_node(sizeof(*w), GFP_KERNEL, cpu_to_node(cpu));
	if (!w)
		return ERR_PTR(-ENOMEM);
	w->session = s;
	w->index = index;
	w->cpu = cpu;
	w->result.cpu = cpu;
	w->hold_ns = run->hold_ns;
	w->yields = !s->scheme->atomic;
	w->bystander = run->flags & REFCOST_RUN_BYSTANDER && index == run->nr_cpus - 1;
	w->times = kvcalloc(run->nr_times, sizeof(*w->times), GFP_KERNEL);
	if (!w->times) {
		kfree(w);
		return ERR_PTR(-ENOMEM);
	}
	worker_draw(w);
	w->task = kthread_create_on_node(worker_fn, w, cpu_to_node(cpu), "refcost/%u", cpu);
	if (IS_ERR(w->task)) {
		int err = PTR_ERR(w->task);

		kvfree(w->times);
		kfree(w);
		return ERR_PTR(err);
	}
	get_task_struct(w->task);
	kthread_bind(w->task, cpu);
	return w;
}

static int session_create_workers(struct refcost_session *s, const u32 *cpus)
{
	u32 i;

	for (i = 0; i < s->run.nr_cpus; i++) {
		struct refcost_worker *w;

		if (cpus[i] >= nr_cpu_ids || !cpu_online(cpus[i])) {
			s->run.bad_cpu = cpus[i];
			return -ENODEV;
		}
		w = worker_create(s, i, cpus[i]);
		if (IS_ERR(w))
			return PTR_ERR(w);
		s->workers[s->nr_workers++] = w;
	}
	return 0;
}

static void session_set(struct refcost_session *s)
{
	lockdep_assert_held(&refcost_registry.mutex);
	spin_lock(&refcost_registry.session_lock);
	refcost_registry.session = s;
	spin_unlock(&refcost_registry.session_lock);
}

/**
 * refcost_session_create() - become the one session
 * @scheme: what will protect the objects
 * @kind: a run or a load
 * @run: from user space
 *
 * Called with the registry's mutex held.
 *
 * Return: the session, to be freed with refcost_session_free(), or ERR_PTR: -EBUSY, -ENOMEM.
 */
struct refcost_session *refcost_session_create(const struct refcost_scheme *scheme,
					       enum refcost_session_kind kind,
					       const struct refcost_run *run)
{
	struct refcost_session *s;

	if (refcost_registry.session)
		return ERR_PTR(-EBUSY);
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return ERR_PTR(-ENOMEM);
	s->scheme = scheme;
	s->kind = kind;
	s->run = *run;
	if (run->mode == REFCOST_LOOKUP)
		s->loop = scheme->lookup;
	else
		s->loop = run->hold_ns ? scheme->getput_hold : scheme->getput;
	s->violations_before = atomic64_read(&refcost_registry.violations);
	s->bad_cpu = -1;
	init_completion(&s->ready);
	init_completion(&s->out);
	session_set(s);
	return s;
}

/**
 * refcost_session_start() - create workers, bind them, let them run to the barrier
 * @s: a session with checked parameters, whose scheme is bound to the owner
 * @cpus: as many different CPU numbers as its run has
 *
 * Called with the registry's mutex held.
 *
 * Return: 0; -ENODEV, with the CPU in @s->run.bad_cpu; -ENOMEM; -EINTR; -EFAULT or -EINVAL for the
 * events of the run.
 */
int refcost_session_start(struct refcost_session *s, const u32 *cpus)
{
	int err;
	u32 i;

	s->workers = kcalloc(max(s->run.nr_cpus, 1u), sizeof(*s->workers), GFP_KERNEL);
	if (!s->workers)
		return -ENOMEM;
	cpus_read_lock();
	err = session_create_workers(s, cpus);
	atomic_set(&s->inside, s->nr_workers);
	atomic_set(&s->alive, s->nr_workers);
	cpus_read_unlock();
	if (err)
		return err;
	err = refcost_events_create(s);
	if (err)
		return err;

	for (i = 0; i < s->nr_workers; i++)
		wake_up_process(s->workers[i]->task);
	if (!s->nr_workers) {
		complete_all(&s->ready);
		complete_all(&s->out);
	}
	return 0;
}

/**
 * refcost_session_wait() - wait for the end of a run, or for a load to be under way
 * @s: the session
 *
 * Return: 0, -EINTR on a signal (the workers are then being stopped), -ENODEV if a CPU went
 * offline.
 */
int refcost_session_wait(struct refcost_session *s)
{
	bool run = s->kind == REFCOST_SESSION_RUN;

	if (wait_for_completion_interruptible(run ? &s->out : &s->ready)) {
		WRITE_ONCE(s->stop, true);
		return -EINTR;
	}
	return READ_ONCE(s->bad_cpu) >= 0 ? -ENODEV : 0;
}

/**
 * refcost_session_stop() - get all workers out, and wait until they are
 * @s: the session
 */
void refcost_session_stop(struct refcost_session *s)
{
	WRITE_ONCE(s->stop, true);
	wait_for_completion(&s->out);
}

/**
 * refcost_session_free() - forget a session whose workers are out or never ran, and let the next
 * one in
 * @s: the session
 *
 * Called with the registry's mutex held.
 */
void refcost_session_free(struct refcost_session *s)
{
	u32 i;

	WRITE_ONCE(s->stop, true);
	session_set(NULL);
	refcost_events_free(s);
	for (i = 0; i < s->nr_workers; i++) {
		kthread_stop(s->workers[i]->task);
		put_task_struct(s->workers[i]->task);
		kvfree(s->workers[i]->times);
		kfree(s->workers[i]);
	}
	kfree(s->workers);
	kfree(s);
}

/**
 * refcost_sessions_halt() - the objects are going without a gate: get users out now
 *
 * Called with the registry's mutex held, so that no session starts or is freed meanwhile.
 */
void refcost_sessions_halt(void)
{
	if (refcost_registry.session)
		refcost_session_stop(refcost_registry.session);
}

/**
 * refcost_sessions_abandon() - have workers leave, without waiting for them
 *
 * For a session that nobody is left to end.
 */
void refcost_sessions_abandon(void)
{
	spin_lock(&refcost_registry.session_lock);
	if (refcost_registry.session)
		WRITE_ONCE(refcost_registry.session->stop, true);
	spin_unlock(&refcost_registry.session_lock);
}

/*
 * A CPU is about to go: a session that uses it ends. Its workers are not being created, which locks
 * CPUs.
 */
static int refcost_cpu_going(unsigned int cpu)
{
	struct refcost_session *s;
	u32 i;

	spin_lock(&refcost_registry.session_lock);
	s = refcost_registry.session;
	for (i = 0; s && i < s->nr_workers; i++) {
		if (s->workers[i]->cpu == cpu) {
			WRITE_ONCE(s->bad_cpu, cpu);
			WRITE_ONCE(s->stop, true);
		}
	}
	spin_unlock(&refcost_registry.session_lock);
	return 0;
}

/**
 * refcost_clock_read_ps() - what one reading of the clock costs
 *
 * Return: picoseconds, mean of 1000 readings.
 */
u64 refcost_clock_read_ps(void)
{
	u64 start = refcost_clock();
	int i;

	for (i = 0; i < 999; i++)
		refcost_clock();
	return refcost_clock() - start;
}

/**
 * refcost_clock_step_ns() - the resolution of the clock
 *
 * Return: least difference seen between two readings that differ, ns.
 */
u64 refcost_clock_step_ns(void)
{
	u64 least = U64_MAX, last = refcost_clock(), now;
	int i;

	for (i = 0; i < 1000; i++) {
		now = refcost_clock();
		if (now != last)
			least = min(least, now - last);
		last = now;
	}
	return least == U64_MAX ? 0 : least;
}

/**
 * refcost_engine_init() - listen for CPUs that go away
 *
 * Return: 0 or -errno.
 */
int refcost_engine_init(void)
{
	hotplug_state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "refcost:online", NULL,
						  refcost_cpu_going);
	return hotplug_state < 0 ? hotplug_state : 0;
}

/**
 * refcost_engine_exit() - the reverse of refcost_engine_init()
 */
void refcost_engine_exit(void)
{
	cpuhp_remove_state_nocalls(hotplug_state);
}
