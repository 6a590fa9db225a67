// SPDX-License-Identifier: GPL-2.0
/*
 * A module that holds nothing and waits for nobody: what an unload costs by itself. The build makes
 * several of it, so that different modules can be unloaded at once.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

/* Text that stays, with its call of ftrace: one reason why an unload waits for a grace period. */
static noinline void plain_text(void)
{
	pr_debug("init\n");
	barrier();
}

static int __init plain_init(void)
{
	plain_text();
	return 0;
}

static void __exit plain_exit(void)
{
}

module_init(plain_init);
module_exit(plain_exit);
MODULE_DESCRIPTION("An empty module, for timing its unload");
MODULE_LICENSE("GPL");
