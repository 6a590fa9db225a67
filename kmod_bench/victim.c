// SPDX-License-Identifier: GPL-2.0
/*
 * The module that is unloaded. Its objects' operation stands in its own text; every holder calls
 * it. It looks at a canary that is overwritten at the end of exit() (or when the last user that its
 * scheme allows to outlive that must be gone), so a holder that is still inside by then is counted,
 * and one that comes after the memory is gone faults.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/nodemask.h>
#include <linux/slab.h>

#include "slot.h"

#define CANARY_ALIVE 0x600d600du
#define CANARY_GONE  0xdeadbea7u

static unsigned int objects = 1;
module_param(objects, uint, 0444);
MODULE_PARM_DESC(objects, "objects to register, 1..4096");

static unsigned int layout = REFCOST_OWN;
module_param(layout, uint, 0444);
MODULE_PARM_DESC(
	layout,
	"what shares a cache line with a count: 0 nothing, 1 what is read, 2 another count");

static int node = NUMA_NO_NODE;
module_param(node, int, 0444);
MODULE_PARM_DESC(node, "NUMA node for the objects; -1: any");

static u32 canary = CANARY_ALIVE;

static void victim_check(void)
{
	if (unlikely(READ_ONCE(canary) != CANARY_ALIVE))
		refcost_violation();
}

/*
 * Long enough a stay is looked at on both ends. A user that may sleep lets others have its CPU, or
 * stop_machine() would wait for it and never find it inside.
 */
static noinline void victim_use(struct refcost_object *obj, const struct refcost_worker *w)
{
	u64 until;

	victim_check();
	if (!w->hold_ns)
		return;
	until = refcost_clock() + w->hold_ns;
	while (refcost_clock() < until) {
		if (w->yields)
			cond_resched();
		cpu_relax();
	}
	/* also where somebody else had the CPU until the time was over */
	if (w->yields)
		cond_resched();
	victim_check();
}

static noinline void victim_release(struct refcost_object *obj)
{
	struct refcost_owner *owner = obj->owner;

	victim_check();
	refcost_object_free(obj);
	if (refcost_fault(SIGNAL_INSIDE))
		refcost_released(owner);
	if (refcost_fault(WIDE)) {
		mdelay(1);
		victim_check();
	}
}

static void victim_gone(void)
{
	WRITE_ONCE(canary, CANARY_GONE);
}

static const struct refcost_ops victim_ops = {
	.use = victim_use,
	.release = victim_release,
	.gone = victim_gone,
};

static int __init victim_check_params(void)
{
	if (!objects || objects > REFCOST_OBJECTS_MAX) {
		pr_err("objects=%u: give 1..%u\n", objects, REFCOST_OBJECTS_MAX);
		return -EINVAL;
	}
	if (layout >= REFCOST_LAYOUTS) {
		pr_err("layout=%u: give 0..%u\n", layout, REFCOST_LAYOUTS - 1);
		return -EINVAL;
	}
	if (node != NUMA_NO_NODE && (node < 0 || node >= MAX_NUMNODES || !node_online(node))) {
		pr_err("node=%d: no such node\n", node);
		return -EINVAL;
	}
	return 0;
}

static int __init victim_init(void)
{
	struct refcost_slot *slot = NULL;
	struct refcost_object **list;
	int err;
	u32 i, k;

	err = victim_check_params();
	if (err)
		return err;
	err = -ENOMEM;
	list = kvcalloc(objects, sizeof(*list), GFP_KERNEL);
	if (!list)
		return err;
	for (i = 0; i < objects; i++) {
		k = i % refcost_slot_objects(layout);
		if (!k)
			slot = refcost_slot_alloc(node);
		if (!slot)
			goto out;
		list[i] = refcost_slot_object(slot, layout, k);
	}
	err = refcost_register(THIS_MODULE, &victim_ops, layout, objects, list);
out:
	for (i = 0; err && i < objects && list[i]; i++)
		refcost_object_free(list[i]);
	kvfree(list);
	return err;
}

static void __exit victim_exit(void)
{
	refcost_unregister(THIS_MODULE);
	/* Until the notifier says that exit() has returned, others may end the load. */
	if (refcost_fault(SLOW_EXIT))
		msleep(30);
}

REFCOST_FAULTS_OF_MODULE

module_init(victim_init);
module_exit(victim_exit);
MODULE_DESCRIPTION("What refcost unloads");
MODULE_LICENSE("GPL");
