/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between kernel versions, and nowhere else.
 */
#ifndef REFCOST_COMPAT_H
#define REFCOST_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "refcost supports Linux 6.1 and later"
#endif

#ifndef CONFIG_MODULE_UNLOAD
#error "refcost needs CONFIG_MODULE_UNLOAD=y: this kernel never lets a module go"
#endif

/* include/linux/rcuref.h */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define REFCOST_HAVE_RCUREF
#endif

/* include/linux/file_ref.h */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define REFCOST_HAVE_FILE_REF
#endif

/* include/linux/srcu.h, where these srcu_structs have a kind of their own later */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#include <linux/srcu.h>
#define REFCOST_HAVE_SRCU_FAST
#ifndef DEFINE_STATIC_SRCU_FAST
#define DEFINE_STATIC_SRCU_FAST DEFINE_STATIC_SRCU
#endif
#endif

/* include/linux/srcutree.h: of one CPU and one of its two pairs of counts, sections begun over ended */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#define refcost_srcu_readers(data, idx)                         \
	(atomic_long_read(&(data)->srcu_ctrs[idx].srcu_locks) - \
	 atomic_long_read(&(data)->srcu_ctrs[idx].srcu_unlocks))
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define refcost_srcu_readers(data, idx)                    \
	(atomic_long_read(&(data)->srcu_lock_count[idx]) - \
	 atomic_long_read(&(data)->srcu_unlock_count[idx]))
#else
#define refcost_srcu_readers(data, idx)                   \
	((long)(READ_ONCE((data)->srcu_lock_count[idx]) - \
		READ_ONCE((data)->srcu_unlock_count[idx])))
#endif

/* The sections that only init() needs are freed when the loader has dropped its own reference. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define refcost_module_in_init(module) ((module)->mem[MOD_INIT_TEXT].size != 0)
#else
#define refcost_module_in_init(module) ((module)->init_layout.size != 0)
#endif

/*
 * PREEMPT_RT, include/linux/rwbase_rt.h: an rwsem's readers are counted elsewhere. Its spinlocks
 * and reader-writer locks sleep: what holds one is not in an atomic section, but cannot migrate.
 */
#ifdef CONFIG_PREEMPT_RT
#define refcost_rwsem_count(sem) (&(sem)->rwbase.readers)
#define refcost_migrate_depth()	 (current->migration_disabled)
#else
#define refcost_rwsem_count(sem) (&(sem)->count)
#define refcost_migrate_depth()	 0
#endif

/* Without performance events include/linux/perf_event.h declares their other functions alone. */
#ifndef CONFIG_PERF_EVENTS
#define perf_event_create_kernel_counter(attr, cpu, task, handler, context) \
	((struct perf_event *)ERR_PTR(-EOPNOTSUPP))
#define perf_event_read_value(event, enabled, running) (*(enabled) = *(running) = 0)
#endif

#endif
