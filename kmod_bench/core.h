/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside refcost.ko: what an object, its owner and a scheme are, and how the parts call each other.
 *
 * The registry plays the subsystem: it lives here, stays loaded, and lists the objects of one
 * owner, the victim module. A scheme says how a user finds an object and keeps it (and the module)
 * alive, and what an unload has to do first. Schemes keep their counts in @state of the object and
 * of the owner, so that one loaded victim serves them all, one at a time: bind() sets the counts
 * up, unbind() takes them down.
 */
#ifndef REFCOST_CORE_H
#define REFCOST_CORE_H

#include <linux/cache.h>
#include <linux/completion.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>

#include "compat.h"
#include "refcost_uapi.h"

#define REFCOST_OBJECT_HEAD  40
#define REFCOST_OBJECT_STATE 192
#define REFCOST_OWNER_STATE  192
#define REFCOST_DRAWS	     1024 /* random draws of a worker; it walks them round and round */

/* What kind a scheme is. */
#define REFCOST_SCHEME_KERNEL 0u /* delete_module(2) itself is all the check there is */
#define REFCOST_SCHEME_GATE   1u /* has work to do before delete_module(2) */
#define REFCOST_SCHEME_FLOOR  2u /* protects nothing: a lower bound, getput only, no unload side */
#define REFCOST_SCHEME_ABSENT 3u /* this kernel has no such API */

#define REFCOST_BYSTANDER_ID  REFCOST_OBJECTS_MAX /* the object of the module that stays */

/*
 * Modules that are wrong on purpose, for the tests: one build has all faults, and the Makefile
 * writes into each copy of a module, a '0' or '1' for each of its fault-names in their order, which
 * faults that copy has.
 */
#ifdef REFCOST_FAULTS
enum {
	REFCOST_FAULT_LOSE_ONE,
	REFCOST_FAULT_SLOW_EXIT,
	REFCOST_FAULT_SLOW_TENTH,
	REFCOST_FAULT_OOPS,
	REFCOST_FAULT_SPIN,
	REFCOST_FAULT_WIDE,
	REFCOST_FAULT_NO_STATE_TEST,
	REFCOST_FAULT_NO_STOP,
	REFCOST_FAULT_SIGNAL_INSIDE,
	REFCOST_FAULTS_NR
};
extern const volatile char refcost_faults[REFCOST_FAULTS_NR];
#define REFCOST_FAULTS_OF_MODULE \
	const volatile char refcost_faults[REFCOST_FAULTS_NR] __section(".refcost_faults");
#define refcost_fault(what) (refcost_faults[REFCOST_FAULT_##what] == '1')
#else
#define REFCOST_FAULTS_OF_MODULE
#define refcost_fault(what) false
#endif

struct refcost_object;
struct refcost_owner;
struct refcost_scheme;
struct refcost_session;
struct refcost_worker;
struct refcost_worker_event;

/**
 * struct refcost_ops - what the owner of objects implements, in its own text
 * @use: what a holder calls; spends the hold time of its worker and checks that the module's text
 *	is still in force
 * @release: the object is no longer referenced: free it
 * @gone: nobody may run in the owner's text any more
 */
struct refcost_ops {
	void (*use)(struct refcost_object *obj, const struct refcost_worker *w);
	void (*release)(struct refcost_object *obj);
	void (*gone)(void);
};

/**
 * struct refcost_object - what users look up and hold; allocated and freed by the victim
 * @node: in the registry's hash table, unhashed when nobody can find it any more
 * @owner: whose it is
 * @ops: copied from the owner
 * @id: its name in the registry, 0..objects-1, or REFCOST_BYSTANDER_ID
 * @gap: where the head of the other object of a pair lies; see slot.h
 * @state: the bound scheme's count; what shares its cache line is up to where the object lies
 */
struct refcost_object {
	struct hlist_node node;
	struct refcost_owner *owner;
	const struct refcost_ops *ops;
	u32 id;
	u8 gap[REFCOST_OBJECT_HEAD] __aligned(8);
	u8 state[REFCOST_OBJECT_STATE] __aligned(8);
};
static_assert(offsetof(struct refcost_object, gap) == REFCOST_OBJECT_HEAD);
static_assert(offsetof(struct refcost_object, state) == 2 * REFCOST_OBJECT_HEAD);

/**
 * struct refcost_owner - a module that registered objects; allocated by the registry
 * @module: the module
 * @ops: its functions
 * @layout: how its objects lie
 * @objects: the objects, NULL where one was released already
 * @nr_objects: how many it registered
 * @unreleased: objects whose release has not returned
 * @all_released: completed by the registry when @unreleased drops to zero
 * @scheme: the bound one, or NULL
 * @dropped: objects whose list reference the bound scheme's gate has dropped
 * @gated: the scheme's gate has succeeded and was not taken back
 * @leaving: exit() of the module has begun, and will take the bound scheme down
 * @state: the bound scheme's module-wide state
 */
struct refcost_owner {
	struct module *module;
	const struct refcost_ops *ops;
	enum refcost_layout layout;
	struct refcost_object **objects;
	u32 nr_objects;
	atomic_t unreleased;
	struct completion all_released;
	const struct refcost_scheme *scheme;
	u32 dropped;
	bool gated;
	bool leaving;
	u8 state[REFCOST_OWNER_STATE] ____cacheline_aligned;
};

/* Every object of an owner that has not been released. */
#define refcost_for_each_object(owner, i, obj)          \
	for ((i) = 0; (i) < (owner)->nr_objects; (i)++) \
		if (((obj) = READ_ONCE((owner)->objects[i])))

/* A scheme's view of the state areas; too large a state does not compile. */
#define refcost_object_state(obj, type)                            \
	({                                                         \
		BUILD_BUG_ON(sizeof(type) > REFCOST_OBJECT_STATE); \
		(type *)(obj)->state;                              \
	})
#define refcost_owner_state(owner, type)                          \
	({                                                        \
		BUILD_BUG_ON(sizeof(type) > REFCOST_OWNER_STATE); \
		(type *)(owner)->state;                           \
	})

/**
 * struct refcost_worker - one bound kthread of a session
 * @session: whose it is
 * @task: the kthread
 * @cpu: where it is bound
 * @index: 0..nr_workers-1
 * @hold_ns: of its session's run; a user reads it in every operation
 * @yields: a long hold lets the scheduler in, as a user that sleeps does
 * @bystander: uses the other module's object
 * @pos: where in the draws its loop stands
 * @done: operations since it started
 * @failed: refused gets since it started
 * @refused: those of them that found the object, where the scheme can tell
 * @kept: what the scheme's user keeps a reference on between uses: an object, or a handle of one
 * @lost: a fault build has lost its count already
 * @load: numbers of a load worker, read by others while it runs
 * @result: what crosses to user space at the end
 * @times: of the first batches of its window, as many as the session has room for
 * @events: what is counted of it, as many as the session has
 * @line: a cache line that no other CPU touches
 * @ids: drawn object ids
 * @draws: the objects with these ids; a load must not use them, since its objects may go away
 */
struct refcost_worker {
	struct refcost_session *session;
	struct task_struct *task;
	u32 cpu;
	u32 index;
	u64 hold_ns;
	bool yields;
	bool bystander;
	u64 pos;
	u64 done;
	u64 failed;
	u64 refused;
	void *kept;
	bool lost;
	struct {
		u64 stall_calm_ns;
		u64 stall_unload_ns;
	} load;
	struct refcost_worker_result result;
	u32 *times;
	struct refcost_worker_event *events;
	atomic_t line ____cacheline_aligned;
	u32 ids[REFCOST_DRAWS] ____cacheline_aligned;
	struct refcost_object *draws[REFCOST_DRAWS];
};

/* A loop does @n operations and returns how many gets were refused. */
typedef u64 (*refcost_loop_fn)(struct refcost_worker *w, u64 n);

/**
 * struct refcost_scheme - one way of keeping a module or its objects alive
 * @name: what the command line calls it
 * @flags: REFCOST_SCHEME_*
 * @object_state: size of what it keeps in an object, its count first; 0 where it counts elsewhere
 * @getput: loop of bare gets and puts
 * @getput_hold: the same with a call of the victim in between
 * @lookup: loop of find, get, call, put; NULL for floors
 * @atomic: users must not sleep between get and put
 * @outlives_exit: users may be in the victim's text until gone() has returned
 * @bind: set up the counts of an owner and its objects; 0 or -errno
 * @unbind: free what bind() allocated; only called with all workers out
 * @balance: references more (or fewer) than right after bind(); only called with all workers out
 * @counter: the count that a user of @obj touches, for its offset in the cache line; may be NULL
 * @gate: the unload step before delete_module(2): 0, or -EWOULDBLOCK/-EBUSY when it refuses, or
 *	-EINTR; NULL where the kernel's own check is all there is. Returns to user space with no
 *	lock held.
 * @ungate: take a successful gate back, or list again what a refused one left unlisted; NULL if
 *	there is nothing to take back
 * @unlink: make the objects impossible to find, under the scheme's own lock; called from exit() of
 *	the victim if the gate has not done so
 * @leave: called from exit() of the victim, after @unlink: give the objects that are left up; NULL:
 *	each is released at once
 * @gone: exit() of the victim has returned; may be NULL
 * @set_live: open or close the owner's objects to users; NULL if listed objects can always be used
 * @worker_exit: a worker ends: drop what it kept; may be NULL
 */
struct refcost_scheme {
	const char *name;
	u32 flags;
	u32 object_state;
	refcost_loop_fn getput;
	refcost_loop_fn getput_hold;
	refcost_loop_fn lookup;
	bool atomic;
	bool outlives_exit;
	int (*bind)(struct refcost_owner *owner);
	void (*unbind)(struct refcost_owner *owner);
	s64 (*balance)(struct refcost_owner *owner);
	const void *(*counter)(struct refcost_worker *w);
	int (*gate)(struct refcost_owner *owner);
	void (*ungate)(struct refcost_owner *owner);
	void (*unlink)(struct refcost_owner *owner);
	void (*leave)(struct refcost_owner *owner);
	void (*gone)(struct refcost_owner *owner);
	void (*set_live)(struct refcost_owner *owner, bool live);
	void (*worker_exit)(struct refcost_worker *w);
};

/**
 * struct refcost_registry - the subsystem that users look objects up in
 * @table: objects by id
 * @owner: the one owner, or NULL
 * @victim: its module; compared without a lock, and never followed
 * @bystander: the module that stays, and its object
 * @session: the one run or load that may go on, or NULL; changed with @mutex and @session_lock held
 * @session_lock: for those who read @session without @mutex
 * @mutex: serialises registration, sessions and gates; never taken by users of objects, nor on
 *	behalf of any module but the owner's
 * @broken: a call died in the kernel and left the mutex locked: serve no further call
 * @lock: for schemes that look up under a spinlock
 * @rwlock: for schemes that look up under a reader-writer lock
 * @subsys: for schemes that look up under an rwsem; objects with even ids are found under the
 *	first, those with odd ids under the second, as if the module served two subsystems
 * @violations: calls that found the victim's text given up
 */
struct refcost_registry {
	DECLARE_HASHTABLE(table, 10);
	struct refcost_owner *owner;
	struct module *victim;
	struct refcost_owner bystander;
	struct refcost_session *session;
	spinlock_t session_lock;
	struct mutex mutex;
	bool broken;
	spinlock_t lock ____cacheline_aligned;
	rwlock_t rwlock ____cacheline_aligned;
	struct {
		struct rw_semaphore sem;
	} ____cacheline_aligned subsys[2];
	atomic64_t violations;
};

extern struct refcost_registry refcost_registry;

/* registry.c: called by the victim */
int refcost_register(struct module *module, const struct refcost_ops *ops,
		     enum refcost_layout layout, u32 nr, struct refcost_object **objects);
void refcost_unregister(struct module *module);
void refcost_violation(void);
void refcost_released(struct refcost_owner *owner);

/* registry.c: called by schemes and sessions */
int refcost_registry_init(void);
void refcost_registry_exit(void);
void refcost_hazptr_exit(void);
void refcost_unlink_all(struct refcost_owner *owner);
void refcost_link_all(struct refcost_owner *owner);
void refcost_release_object(struct refcost_object *obj);
void refcost_release_all(struct refcost_owner *owner);
u32 refcost_living(const struct refcost_owner *owner);
int refcost_drop_and_wait(struct refcost_owner *owner, void (*unlink)(struct refcost_owner *owner),
			  void (*drop)(struct refcost_object *obj));
int refcost_bind(const struct refcost_scheme *scheme);
int refcost_bind_bystander(const struct refcost_scheme *scheme);
s64 refcost_unbind(void);
void refcost_registry_abandon(void);
int refcost_module_users(const struct refcost_owner *owner);
s64 refcost_module_balance(struct refcost_owner *owner, int before);
bool refcost_linked(const struct refcost_owner *owner);
int refcost_node_of(const void *p);
int refcost_objects_node(const struct refcost_owner *owner);

/**
 * refcost_find() - look an object up
 * @id: its name
 *
 * The caller holds what the scheme looks up under.
 *
 * Return: the object, or NULL if it is not listed (any more).
 */
static __always_inline struct refcost_object *refcost_find(u32 id)
{
	struct refcost_object *obj;

	hash_for_each_possible_rcu_notrace(refcost_registry.table, obj, node, id)
		if (obj->id == id)
			return obj;
	return NULL;
}

/**
 * enum refcost_session_kind - the two things workers can be started for
 * @REFCOST_SESSION_RUN: one window, objects pinned
 * @REFCOST_SESSION_LOAD: lookups until told to stop, while the victim is unloaded
 */
enum refcost_session_kind {
	REFCOST_SESSION_RUN,
	REFCOST_SESSION_LOAD,
};

/**
 * struct refcost_early - how objects appear to users that are there before them
 * @listed_ns: when users could find them, 0 before
 * @live_ns: when users could use them, 0 before; later than @listed_ns with REFCOST_RUN_ONE_PHASE
 */
struct refcost_early {
	u64 listed_ns;
	u64 live_ns;
};

/**
 * struct refcost_session - a run or a load, and its workers
 * @file: the descriptor that a load belongs to; a run has none
 * @scheme: what protects the objects
 * @kind: until when the workers go on
 * @run: what was asked for, and the answers to it
 * @early: of a load with REFCOST_RUN_EARLY
 * @bind_ns: time in which its scheme set up the counts of objects that were there
 * @unbind_ns: time in which they were taken down, and objects released, at the victim's exit()
 * @violations_before: of the registry when it began
 * @loop: the scheme's loop for this mode and hold time
 * @nr_workers: started workers
 * @workers: the array of them
 * @nr_events: what is counted of each worker inside its window
 * @events: which
 * @open_ns: when the window opens; set by the last arriver before @go
 * @close_ns: when it closes
 * @go: the barrier is open
 * @stop: everybody out
 * @unloading: a load whose first gate has begun
 * @bad_cpu: the CPU that went offline, or -1
 * @left_open: read-side sections and preempt-off regions that workers were found in between batches
 * @arrived: workers that checked in at the barrier
 * @inside: workers whose window is not over
 * @alive: workers that have not left their loop for good
 * @ready: completed when the barrier opens
 * @out: completed when @alive drops to zero
 */
struct refcost_session {
	const struct file *file;
	const struct refcost_scheme *scheme;
	enum refcost_session_kind kind;
	struct refcost_run run;
	struct refcost_early early;
	u64 bind_ns;
	u64 unbind_ns;
	u64 violations_before;
	refcost_loop_fn loop;
	u32 nr_workers;
	struct refcost_worker **workers;
	u32 nr_events;
	struct refcost_event *events;
	u64 open_ns;
	u64 close_ns;
	bool go;
	bool stop;
	bool unloading;
	int bad_cpu;
	atomic_t left_open;
	atomic_t arrived ____cacheline_aligned;
	atomic_t inside ____cacheline_aligned;
	atomic_t alive;
	struct completion ready;
	struct completion out;
};

/* engine.c */
int refcost_engine_init(void);
void refcost_engine_exit(void);
struct refcost_session *refcost_session_create(const struct refcost_scheme *scheme,
					       enum refcost_session_kind kind,
					       const struct refcost_run *run);
int refcost_session_start(struct refcost_session *s, const u32 *cpus);
int refcost_session_wait(struct refcost_session *s);
void refcost_session_stop(struct refcost_session *s);
void refcost_session_free(struct refcost_session *s);
void refcost_sessions_halt(void);
void refcost_sessions_abandon(void);
u64 refcost_clock_read_ps(void);
u64 refcost_clock_step_ns(void);

/* events.c */
int refcost_events_create(struct refcost_session *s);
void refcost_events_enable(struct refcost_worker *w);
void refcost_events_disable(struct refcost_worker *w);
int refcost_events_copy(const struct refcost_session *s);
void refcost_events_free(struct refcost_session *s);

/* load.c */
int refcost_load_start(const struct file *file, const struct refcost_scheme *scheme,
		       struct refcost_run *run, const u32 *cpus);
int refcost_load_stat(const struct file *file, struct refcost_load_stat *stat);
int refcost_load_stop(const struct file *file, struct refcost_load_stat *stat);
void refcost_load_close(const struct file *file);
int refcost_load_gate(const struct file *file, struct refcost_gate *gate);
int refcost_load_ungate(const struct file *file);

/**
 * refcost_clock() - the clock of everything measured here
 *
 * Return: nanoseconds of CLOCK_MONOTONIC, from any context, without a lock.
 */
static inline u64 refcost_clock(void)
{
	return ktime_get_mono_fast_ns();
}

#endif
