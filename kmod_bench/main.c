// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/refcost: checks what comes from user space and hands it to the engine.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "run.h"

#define X(scheme) extern const struct refcost_scheme refcost_scheme_##scheme;
REFCOST_SCHEMES(X)
#undef X

#define X(scheme) &refcost_scheme_##scheme,
static const struct refcost_scheme *const schemes[] = { REFCOST_SCHEMES(X) };
#undef X

REFCOST_FAULTS_OF_MODULE

/* @calls: calls under way; other than 0 when the descriptor is closed only if a task died in one */
struct refcost_client {
	atomic_t calls;
};

static const struct refcost_scheme *scheme_by_name(char *name)
{
	size_t i;

	name[REFCOST_NAME_MAX - 1] = '\0';
	for (i = 0; i < ARRAY_SIZE(schemes); i++)
		if (!strcmp(schemes[i]->name, name))
			return schemes[i];
	return NULL;
}

static int ioc_info(struct refcost_info *info)
{
	const struct refcost_owner *owner;
	int err;

	err = refcost_lock();
	if (err)
		return err;
	owner = refcost_registry.owner;
	info->nr_objects = owner ? refcost_living(owner) : 0;
	info->layout = owner ? owner->layout : REFCOST_OWN;
	info->node = owner ? refcost_objects_node(owner) : NUMA_NO_NODE;
	mutex_unlock(&refcost_registry.mutex);
	info->abi = REFCOST_ABI;
	info->hz = HZ;
	info->clock_read_ps = refcost_clock_read_ps();
	info->clock_step_ns = refcost_clock_step_ns();
	info->violations = atomic64_read(&refcost_registry.violations);
	return 0;
}

/* The CPU list of a run: online or not is checked later, being listed twice is an error now. */
static u32 *copy_cpus(const struct refcost_run *run)
{
	u32 *cpus, i, j;

	if (run->nr_cpus > nr_cpu_ids)
		return ERR_PTR(-EINVAL);
	cpus = memdup_user(u64_to_user_ptr(run->cpus), run->nr_cpus * sizeof(*cpus));
	if (IS_ERR(cpus))
		return cpus;
	for (i = 0; i < run->nr_cpus; i++) {
		for (j = 0; j < i; j++) {
			if (cpus[i] == cpus[j]) {
				kfree(cpus);
				return ERR_PTR(-EINVAL);
			}
		}
	}
	return cpus;
}

static int ioc_run(struct refcost_run *run, const struct file *file, bool is_load)
{
	const struct refcost_scheme *scheme = scheme_by_name(run->scheme);
	u32 *cpus;
	int err;

	run->bad_cpu = -1;
	run->counter_node = NUMA_NO_NODE;
	if (!scheme)
		return -ENOENT;
	cpus = copy_cpus(run);
	if (IS_ERR(cpus))
		return PTR_ERR(cpus);
	err = is_load ? refcost_load_start(file, scheme, run, cpus)
		      : refcost_run(scheme, run, cpus);
	kfree(cpus);
	return err;
}

/* What the caller left in a struct of answers must not show through. */
static int dispatch(unsigned int cmd, void *arg, const struct file *file)
{
	switch (cmd) {
	case REFCOST_IOC_INFO:
		return ioc_info(arg);
	case REFCOST_IOC_RUN:
	case REFCOST_IOC_LOAD_START:
		return ioc_run(arg, file, cmd == REFCOST_IOC_LOAD_START);
	case REFCOST_IOC_LOAD_STAT:
		*(struct refcost_load_stat *)arg =
			(struct refcost_load_stat){ .size = _IOC_SIZE(cmd) };
		return refcost_load_stat(file, arg);
	case REFCOST_IOC_LOAD_STOP:
		*(struct refcost_load_stat *)arg =
			(struct refcost_load_stat){ .size = _IOC_SIZE(cmd) };
		return refcost_load_stop(file, arg);
	case REFCOST_IOC_GATE:
		*(struct refcost_gate *)arg = (struct refcost_gate){ .size = _IOC_SIZE(cmd) };
		return refcost_load_gate(file, arg);
	case REFCOST_IOC_UNGATE:
		return refcost_load_ungate(file);
	default:
		return -ENOTTY;
	}
}

/*
 * Every argument is a struct that begins with its size; it goes back to user space on failure too.
 */
static long refcost_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	union {
		u32 size;
		struct refcost_info info;
		struct refcost_run run;
		struct refcost_load_stat stat;
		struct refcost_gate gate;
	} u = {};
	struct refcost_client *client = file->private_data;
	size_t size = _IOC_SIZE(cmd);
	long err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (size > sizeof(u))
		return -ENOTTY;
	if (size && copy_from_user(&u, (void __user *)arg, size))
		return -EFAULT;
	if (size && u.size != size)
		return -EINVAL;
	atomic_inc(&client->calls);
	err = dispatch(cmd, &u, file);
	atomic_dec(&client->calls);
	if (size && err != -ENOTTY && copy_to_user((void __user *)arg, &u, size))
		err = -EFAULT;
	return err;
}

static int refcost_open(struct inode *inode, struct file *file)
{
	struct refcost_client *client;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	client = kzalloc(sizeof(*client), GFP_KERNEL);
	file->private_data = client;
	return client ? 0 : -ENOMEM;
}

/* A process that dies in the middle of a load leaves nothing running and nothing locked. */
static int refcost_release(struct inode *inode, struct file *file)
{
	struct refcost_client *client = file->private_data;

	if (atomic_read(&client->calls))
		refcost_registry_abandon();
	else
		refcost_load_close(file);
	kfree(client);
	return 0;
}

static const struct file_operations refcost_fops = {
	.owner = THIS_MODULE,
	.open = refcost_open,
	.release = refcost_release,
	.unlocked_ioctl = refcost_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice refcost_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "refcost",
	.fops = &refcost_fops,
	.mode = 0600,
};

static int __init refcost_init(void)
{
	int err;

	err = refcost_registry_init();
	if (err)
		return err;
	err = refcost_engine_init();
	if (err)
		goto err_registry;
	err = misc_register(&refcost_misc);
	if (err)
		goto err_engine;
	return 0;

err_engine:
	refcost_engine_exit();
err_registry:
	refcost_registry_exit();
	return err;
}

/*
 * RCU callbacks may be under way that touch our data: of percpu_ref, and of percpu_rwsem, where
 * letting the write side go queues one that may queue another.
 */
static void __exit refcost_exit(void)
{
	misc_deregister(&refcost_misc);
	rcu_barrier();
	rcu_barrier();
	refcost_engine_exit();
	refcost_registry_exit();
	refcost_hazptr_exit();
}

module_init(refcost_init);
module_exit(refcost_exit);
MODULE_DESCRIPTION("What references cost: engine, registry and schemes");
MODULE_LICENSE("GPL");
