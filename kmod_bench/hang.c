// SPDX-License-Identifier: GPL-2.0
/*
 * A module whose init() or exit() takes its time, for tests of the tracer. Built with the faults.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#define GRACE_PERIODS 60

static char *in = "", *out = "";
module_param(in, charp, 0444);
MODULE_PARM_DESC(in, "What init() does: sleep, wait, spin or graces");
module_param(out, charp, 0644);
MODULE_PARM_DESC(out, "What exit() does");

static int ms = 10000;
module_param(ms, int, 0644);
MODULE_PARM_DESC(ms, "For how long it sleeps or spins");

static DECLARE_COMPLETION(never);

/* The test that is over has to get rid of the module. */
static int let_go(const char *value, const struct kernel_param *param)
{
	complete_all(&never);
	return 0;
}
static const struct kernel_param_ops let_go_ops = { .set = let_go };
module_param_cb(let_go, &let_go_ops, NULL, 0200);

/* Nothing here ends in a call, which would be a jump, and no frame of the stack. */
static noinline void hang_wait(void)
{
	wait_for_completion(&never);
	barrier();
}

static noinline void hang_spin(void)
{
	u64 end = ktime_get_ns() + (u64)ms * NSEC_PER_MSEC;

	while (ktime_get_ns() < end)
		cpu_relax();
}

/* One sleep that is long, and many that are short and longer in all. */
static noinline void hang_graces(void)
{
	int i;

	msleep(60);
	for (i = 0; i < GRACE_PERIODS; i++)
		synchronize_rcu();
}

static void hang(const char *how)
{
	if (!strcmp(how, "sleep"))
		msleep(ms);
	else if (!strcmp(how, "wait"))
		hang_wait();
	else if (!strcmp(how, "spin"))
		hang_spin();
	else if (!strcmp(how, "graces"))
		hang_graces();
	barrier();
}

static int __init hang_init(void)
{
	hang(in);
	return 0;
}

static void __exit hang_exit(void)
{
	hang(out);
	barrier();
}

module_init(hang_init);
module_exit(hang_exit);
MODULE_DESCRIPTION("Hangs while it is loaded or unloaded, for tests");
MODULE_LICENSE("GPL");
