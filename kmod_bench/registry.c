// SPDX-License-Identifier: GPL-2.0
/*
 * The subsystem: one table of objects, one owner. It outlives the victim, so whatever must not run
 * in the victim's text (the end of a release, a lock kept through exit()) runs here.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "run.h"
#include "slot.h"

struct refcost_registry refcost_registry;

/**
 * refcost_node_of() - the NUMA node that memory lies on
 * @p: in the linear mapping, a module's data or a per-CPU chunk
 *
 * Return: the node, or NUMA_NO_NODE.
 */
int refcost_node_of(const void *p)
{
	const struct page *page = virt_addr_valid(p) ? virt_to_page(p) : vmalloc_to_page(p);

	return page ? page_to_nid(page) : NUMA_NO_NODE;
}

/**
 * refcost_objects_node() - the NUMA node that all objects of an owner lie on
 * @owner: whose; registered
 *
 * Return: the node, or NUMA_NO_NODE if there are several.
 */
int refcost_objects_node(const struct refcost_owner *owner)
{
	struct refcost_object *obj;
	int node = NUMA_NO_NODE;
	u32 i;

	refcost_for_each_object(owner, i, obj) {
		int here = refcost_node_of(obj);

		if (node != NUMA_NO_NODE && here != node)
			return NUMA_NO_NODE;
		node = here;
	}
	return node;
}

/**
 * refcost_link_all() - list every object of an owner that is not listed
 * @owner: whose; released objects are left out
 *
 * The caller holds whatever keeps users of the bound scheme out of the table.
 */
void refcost_link_all(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		if (!hash_hashed(&obj->node))
			hash_add_rcu(refcost_registry.table, &obj->node, obj->id);
}

/**
 * refcost_unlink_all() - take every object of an owner off the list
 * @owner: whose
 *
 * The caller holds whatever keeps users of the bound scheme out of the table.
 */
void refcost_unlink_all(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		hash_del_rcu(&obj->node);
}

/**
 * refcost_linked() - can users still find objects of this owner?
 * @owner: whose
 *
 * Return: true while at least one object is listed.
 */
bool refcost_linked(const struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		if (hash_hashed(&obj->node))
			return true;
	return false;
}

/**
 * refcost_released() - one object's release has returned
 * @owner: whose
 */
void refcost_released(struct refcost_owner *owner)
{
	if (atomic_dec_and_test(&owner->unreleased))
		complete_all(&owner->all_released);
}
EXPORT_SYMBOL_GPL(refcost_released);

/**
 * refcost_release_object() - hand an object that nobody references back to its module
 * @obj: unlisted and unreferenced
 *
 * The owner's last release is announced only after the victim's function has returned: a completion
 * signalled from inside it would let the module go while its last instructions still run.
 */
void refcost_release_object(struct refcost_object *obj)
{
	struct refcost_owner *owner = obj->owner;

	WRITE_ONCE(owner->objects[obj->id], NULL);
	obj->ops->release(obj);
	if (!refcost_fault(SIGNAL_INSIDE))
		refcost_released(owner);
}

/**
 * refcost_release_all() - release the objects that are left
 * @owner: whose; nobody references them
 */
void refcost_release_all(struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i;

	refcost_for_each_object(owner, i, obj)
		refcost_release_object(obj);
}

/**
 * refcost_living() - count the objects that have not been released
 * @owner: whose
 *
 * Return: objects.
 */
u32 refcost_living(const struct refcost_owner *owner)
{
	struct refcost_object *obj;
	u32 i, living = 0;

	refcost_for_each_object(owner, i, obj)
		living++;
	return living;
}

/* Readings of a count that must not be none: 0.1 ms each and more. */
#define USERS_READINGS 10000

/**
 * refcost_module_users() - count the references on an owner's module
 * @owner: whose
 *
 * While a module is being loaded the kernel holds a reference of its own, which is left out: it is
 * dropped a moment before the sections of init() are. A delete_module(2) that is refused has taken
 * one off for a moment. Both moments last milliseconds where a hypervisor takes the CPU away just
 * then. So of some readings the most is right, and none is right that lacks the reference of our
 * own run. A call that succeeds has taken the last: then there are none.
 *
 * Return: references.
 */
int refcost_module_users(const struct refcost_owner *owner)
{
	const struct refcost_session *s = refcost_registry.session;
	bool pinned = s && s->kind == REFCOST_SESSION_RUN, in_init;
	int reading = 0, users, i;

	do {
		in_init = refcost_module_in_init(owner->module);
		users = 0;
		for (i = 0; i < 3; i++) {
			users = max(users, module_refcount(owner->module));
			usleep_range(20, 50);
		}
		if (in_init && users)
			users--;
	} while (in_init != refcost_module_in_init(owner->module) ||
		 (pinned && !users && ++reading < USERS_READINGS));
	return users;
}

/**
 * refcost_module_balance() - compare the references on an owner's module with what they were
 * @owner: whose
 * @before: of refcost_module_users()
 *
 * What is left over is not ours to put: tracers and other modules may hold references as well.
 *
 * Return: references more than before.
 */
s64 refcost_module_balance(struct refcost_owner *owner, int before)
{
	int left = refcost_module_users(owner) - before, i;

	/*
	 * The fault that loses references must not leave a module behind that cannot be unloaded.
	 */
	for (i = 0; refcost_fault(LOSE_ONE) && i < left; i++)
		module_put(owner->module);
	return left;
}

/**
 * refcost_drop_and_wait() - the gate of counts in objects: unlist, drop the list's references, wait
 * @owner: whose
 * @unlink: takes the objects off the list under the scheme's lock
 * @drop: drops one reference, and releases the object if it was the last
 *
 * A wait that a signal broke off is taken up again by the next call: nothing is dropped twice.
 *
 * Return: 0 when the last release has returned, or -EINTR.
 */
int refcost_drop_and_wait(struct refcost_owner *owner, void (*unlink)(struct refcost_owner *owner),
			  void (*drop)(struct refcost_object *obj))
{
	struct refcost_object *obj;
	u32 i;

	if (!owner->dropped) {
		unlink(owner);
		refcost_for_each_object(owner, i, obj) {
			owner->dropped++;
			drop(obj);
		}
	}
	return wait_for_completion_interruptible(&owner->all_released) ? -EINTR : 0;
}

/**
 * refcost_violation() - a holder found the text it runs in given up
 *
 * Called by the victim's operation.
 */
void refcost_violation(void)
{
	if (atomic64_inc_return(&refcost_registry.violations) == 1)
		pr_err("an object was used after exit() of its module\n");
}
EXPORT_SYMBOL_GPL(refcost_violation);

static void refcost_set_owner(struct refcost_owner *owner)
{
	refcost_registry.owner = owner;
	WRITE_ONCE(refcost_registry.victim, owner ? owner->module : NULL);
}

static bool waits_for_objects(const struct refcost_session *s)
{
	return s && s->run.flags & REFCOST_RUN_EARLY;
}

/*
 * Users of a load may be waiting for these objects: they need their counts before they are found.
 */
static int refcost_list_first(struct refcost_owner *owner)
{
	struct refcost_session *s = refcost_registry.session;

	if (s) {
		bool one_phase = s->run.flags & REFCOST_RUN_ONE_PHASE;
		int err;

		err = refcost_bind(s->scheme);
		if (err)
			return err;
		if (one_phase)
			s->scheme->set_live(owner, false);
		s->early.listed_ns = refcost_clock();
		s->early.live_ns = one_phase ? 0 : s->early.listed_ns;
	}
	refcost_link_all(owner);
	return 0;
}

/* init() has returned: what was listed before it was live may be used now. */
static void refcost_went_live(struct module *module)
{
	struct refcost_owner *owner = refcost_registry.owner;
	struct refcost_session *s = refcost_registry.session;

	if (!waits_for_objects(s) || s->early.live_ns || !owner || owner->module != module)
		return;
	s->scheme->set_live(owner, true);
	s->early.live_ns = refcost_clock();
}

/**
 * refcost_register() - list the objects of a module
 * @module: the owner
 * @ops: its functions, in its text
 * @layout: how the objects lie
 * @nr: objects, 1..REFCOST_OBJECTS_MAX
 * @objects: zeroed objects; each is given back by @ops->release. The array itself is copied.
 *
 * While a load runs that was not told to wait for these objects, no scheme would protect them from
 * its users.
 *
 * Return: 0, -EBUSY if another module has objects listed or such a load runs, -EINVAL or -ENOMEM.
 */
int refcost_register(struct module *module, const struct refcost_ops *ops,
		     enum refcost_layout layout, u32 nr, struct refcost_object **objects)
{
	struct refcost_owner *owner;
	int err = 0;
	u32 i;

	if (!nr || nr > REFCOST_OBJECTS_MAX)
		return -EINVAL;
	owner = kzalloc_node(sizeof(*owner), GFP_KERNEL, refcost_node_of(objects[0]));
	if (!owner)
		return -ENOMEM;
	owner->objects = kvmalloc_array(nr, sizeof(*objects), GFP_KERNEL);
	if (!owner->objects) {
		err = -ENOMEM;
		goto err_free;
	}
	memcpy(owner->objects, objects, nr * sizeof(*objects));
	owner->module = module;
	owner->ops = ops;
	owner->layout = layout;
	owner->nr_objects = nr;
	atomic_set(&owner->unreleased, nr);
	init_completion(&owner->all_released);
	for (i = 0; i < nr; i++) {
		objects[i]->id = i;
		objects[i]->owner = owner;
		objects[i]->ops = ops;
	}

	mutex_lock(&refcost_registry.mutex);
	if (refcost_registry.owner ||
	    (refcost_registry.session && !waits_for_objects(refcost_registry.session))) {
		err = -EBUSY;
	} else {
		refcost_set_owner(owner);
		err = refcost_list_first(owner);
		if (err)
			refcost_set_owner(NULL);
	}
	mutex_unlock(&refcost_registry.mutex);
	if (!err)
		return 0;

	kvfree(owner->objects);
err_free:
	kfree(owner);
	return err;
}
EXPORT_SYMBOL_GPL(refcost_register);

/* For the load, if there is one, under whose scheme objects and counts were taken down. */
static void refcost_took_down(u64 start)
{
	if (refcost_registry.session)
		refcost_registry.session->unbind_ns += refcost_clock() - start;
}

/**
 * refcost_unregister() - the module is going: unlist and release what its scheme's gate has not
 * @module: the owner; called from its exit()
 *
 * After a gate, or where the kernel's own count is the protection, users are out already. After a
 * bare rmmod under another scheme they are not, so the workers are halted first: the suite reports
 * a load that was ended, rather than running in freed text.
 */
void refcost_unregister(struct module *module)
{
	struct refcost_owner *owner;
	u64 start;

	mutex_lock(&refcost_registry.mutex);
	owner = refcost_registry.owner;
	if (WARN_ON(!owner || owner->module != module))
		goto out;
	if (owner->scheme && owner->scheme->gate && !owner->gated) {
		refcost_sessions_halt();
		refcost_unbind();
	}
	owner->leaving = true;
	if (refcost_linked(owner)) {
		if (owner->scheme && owner->scheme->unlink)
			owner->scheme->unlink(owner);
		else
			refcost_unlink_all(owner);
	}
	start = refcost_clock();
	if (owner->scheme && owner->scheme->leave)
		owner->scheme->leave(owner);
	else
		refcost_release_all(owner);
	refcost_took_down(start);
	if (!owner->scheme || !owner->scheme->outlives_exit)
		owner->ops->gone();
out:
	mutex_unlock(&refcost_registry.mutex);
}
EXPORT_SYMBOL_GPL(refcost_unregister);

/* exit() has returned: what a gate kept locked may be let go, and users that outlive exit() end. */
static void refcost_went(struct module *module)
{
	struct refcost_owner *owner = refcost_registry.owner;
	u64 start;

	if (!owner || owner->module != module)
		return;
	refcost_set_owner(NULL);
	if (owner->scheme) {
		if (owner->scheme->gone)
			owner->scheme->gone(owner);
		if (owner->scheme->outlives_exit)
			owner->ops->gone();
		start = refcost_clock();
		if (owner->scheme->unbind)
			owner->scheme->unbind(owner);
		refcost_took_down(start);
	}
	kvfree(owner->objects);
	kfree(owner);
}

/*
 * The kernel calls this chain after init() and after exit() of every module have returned. Only the
 * victim may have to wait for a gate or a barrier that goes on.
 */
static int refcost_module_event(struct notifier_block *nb, unsigned long event, void *data)
{
	if (event != MODULE_STATE_GOING && event != MODULE_STATE_LIVE)
		return NOTIFY_DONE;
	if (READ_ONCE(refcost_registry.victim) != data)
		return NOTIFY_DONE;
	mutex_lock(&refcost_registry.mutex);
	if (event == MODULE_STATE_LIVE)
		refcost_went_live(data);
	else
		refcost_went(data);
	mutex_unlock(&refcost_registry.mutex);
	return NOTIFY_OK;
}

static struct notifier_block refcost_module_nb = {
	.notifier_call = refcost_module_event,
};

/**
 * refcost_bind() - make a scheme the one that protects the owner's objects
 * @scheme: which
 *
 * Called with the registry's mutex held and no worker running.
 *
 * Return: 0, -ENXIO without an owner or if its module is leaving, -EBUSY if one is bound, -ESTALE
 * if an earlier gate has given objects up, -EOPNOTSUPP if the objects lie so that the scheme's
 * state has no room or no part in it, or what the scheme's bind() says.
 */
int refcost_bind(const struct refcost_scheme *scheme)
{
	struct refcost_owner *owner = refcost_registry.owner;
	int err = 0;

	lockdep_assert_held(&refcost_registry.mutex);
	if (!owner || owner->leaving)
		return -ENXIO;
	if (owner->scheme)
		return -EBUSY;
	if (owner->dropped)
		return -ESTALE;
	if (owner->layout != REFCOST_OWN &&
	    (!scheme->object_state || scheme->object_state > REFCOST_SHARED_STATE))
		return -EOPNOTSUPP;
	if (scheme->bind)
		err = scheme->bind(owner);
	if (!err)
		owner->scheme = scheme;
	return err;
}

/**
 * refcost_bind_bystander() - the same for the module that stays
 * @scheme: which
 *
 * Return: 0 or what the scheme's bind() says; refcost_unbind() takes it back.
 */
int refcost_bind_bystander(const struct refcost_scheme *scheme)
{
	struct refcost_owner *owner = &refcost_registry.bystander;
	int err = 0;

	lockdep_assert_held(&refcost_registry.mutex);
	if (scheme->bind)
		err = scheme->bind(owner);
	if (!err)
		owner->scheme = scheme;
	return err;
}

/*
 * Wait until whatever an interrupted gate has begun is over. With all workers out, an object whose
 * list reference was dropped can only wait for an RCU callback, or for the delay with which a
 * debugging kernel releases kobjects.
 */
static void refcost_settle(struct refcost_owner *owner)
{
	if (!owner->dropped)
		return;
	rcu_barrier();
	if (IS_ENABLED(CONFIG_DEBUG_KOBJECT_RELEASE) && owner->dropped == owner->nr_objects)
		wait_for_completion_timeout(&owner->all_released, 10 * HZ);
}

/*
 * References left over, with all workers out. An object that was dropped and still lives is one
 * more.
 */
static s64 refcost_balance(struct refcost_owner *owner)
{
	s64 balance = refcost_living(owner) - (s64)(owner->nr_objects - owner->dropped);

	return owner->scheme->balance ? balance + owner->scheme->balance(owner) : balance;
}

/**
 * refcost_unbind() - the reverse of refcost_bind() and refcost_bind_bystander()
 *
 * Called with the registry's mutex held and no worker running. The bystander's counts are not
 * looked at: other things hold references on this module too. A scheme whose module is leaving is
 * left to the notifier that is called after exit().
 *
 * Return: references left over, 0 if all is well or the owner is gone or leaving.
 */
s64 refcost_unbind(void)
{
	struct refcost_owner *owner = &refcost_registry.bystander;
	s64 balance;

	lockdep_assert_held(&refcost_registry.mutex);
	if (owner->scheme && owner->scheme->unbind)
		owner->scheme->unbind(owner);
	owner->scheme = NULL;
	owner = refcost_registry.owner;
	if (!owner || !owner->scheme || owner->leaving)
		return 0;
	refcost_settle(owner);
	balance = refcost_balance(owner);
	if (owner->scheme->unbind)
		owner->scheme->unbind(owner);
	owner->scheme = NULL;
	return balance;
}

/**
 * refcost_registry_abandon() - a call has died in the kernel: keep what it left behind from doing
 * harm
 *
 * The mutex may be locked forever. Neither module may go, since workers and locks that are left run
 * in their text; calls are refused, and the workers give their CPUs back.
 */
void refcost_registry_abandon(void)
{
	struct refcost_owner *owner = refcost_registry.owner;

	WRITE_ONCE(refcost_registry.broken, true);
	__module_get(THIS_MODULE);
	if (owner && !owner->leaving)
		__module_get(owner->module);
	refcost_sessions_abandon();
	pr_err("a call died: refcost is of no use until the next boot, and stays loaded\n");
}

/* The module that is not unloaded: ours, with one object. */
static void bystander_use(struct refcost_object *obj, const struct refcost_worker *w)
{
	asm volatile("" : : "r"(obj));
}

static const struct refcost_ops bystander_ops = {
	.use = bystander_use,
};

static struct refcost_object bystander_object ____cacheline_aligned = {
	.id = REFCOST_BYSTANDER_ID,
	.owner = &refcost_registry.bystander,
	.ops = &bystander_ops,
};

static struct refcost_object *bystander_objects[] = { &bystander_object };

static void refcost_bystander_init(struct refcost_owner *owner)
{
	owner->module = THIS_MODULE;
	owner->ops = &bystander_ops;
	owner->objects = bystander_objects;
	owner->nr_objects = ARRAY_SIZE(bystander_objects);
	atomic_set(&owner->unreleased, owner->nr_objects);
	init_completion(&owner->all_released);
	refcost_link_all(owner);
}

/**
 * refcost_registry_init() - set the registry up, with the bystander in it
 *
 * Return: 0 or -errno.
 */
int refcost_registry_init(void)
{
	hash_init(refcost_registry.table);
	refcost_bystander_init(&refcost_registry.bystander);
	mutex_init(&refcost_registry.mutex);
	spin_lock_init(&refcost_registry.session_lock);
	spin_lock_init(&refcost_registry.lock);
	rwlock_init(&refcost_registry.rwlock);
	init_rwsem(&refcost_registry.subsys[0].sem);
	init_rwsem(&refcost_registry.subsys[1].sem);
	return register_module_notifier(&refcost_module_nb);
}

/**
 * refcost_registry_exit() - take it down; no owner can be left, since it would hold this module
 */
void refcost_registry_exit(void)
{
	unregister_module_notifier(&refcost_module_nb);
}
