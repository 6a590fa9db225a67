// SPDX-License-Identifier: GPL-2.0
/* Who is found to hold a module on machines that are made up: files below REFCOST_SYSROOT. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

#include "refs/find.h"
#include "refs/out.h"

static char root[32];

static void make_directories(const char *path)
{
	char full[512], *slash;

	snprintf(full, sizeof(full), "%s", path);
	for (slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
}

static void put(const char *path, const char *text)
{
	char full[256];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	make_directories(full);
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* A target in the tree begins with a slash; any other is taken as it is. */
static void put_link(const char *path, const char *target)
{
	char full[256], to[256];

	snprintf(full, sizeof(full), "%s%s", root, path);
	snprintf(to, sizeof(to), "%s%s", *target == '/' ? root : "", target + (*target == '='));
	make_directories(full);
	assert_int_equal(symlink(to, full), 0);
}

static void put_aliases(const char *aliases)
{
	struct utsname u;
	char path[256];

	uname(&u);
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.alias", u.release);
	put(path, aliases);
}

static void put_module(const char *name, const char *state, const char *count)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	put(path, state);
	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	put(path, count);
}

static int begin(void **state)
{
	(void)state;
	strcpy(root, "/tmp/refcost-test.XXXXXX");
	return !mkdtemp(root) || setenv("REFCOST_SYSROOT", root, 1);
}

static int end(void **state)
{
	char command[64];

	(void)state;
	unsetenv("REFCOST_SYSROOT");
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

/* What a report at one moment says of the module. */
static char *report_of(const char *module)
{
	struct refs_seen none;
	struct refs_report rep = {
		.module = module, .number = 1, .reason = REFS_START, .top = 10, .seen = &none
	};
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	holders_find(&rep.found, module);
	rep.balance.known = true;
	rep.balance.start = rep.found.count;
	assert_int_equal(table_refs(f, &rep), 0);
	json_refs(f, &rep);
	fclose(f);
	holders_free(&rep.found);
	return text;
}

static void says(const char *module, const char *what)
{
	char *text = report_of(module);

	if (!strstr(text, what))
		fail_msg("no '%s' in:\n%s", what, text);
	free(text);
}

static void says_not(const char *module, const char *what)
{
	char *text = report_of(module);

	if (strstr(text, what))
		fail_msg("'%s' in:\n%s", what, text);
	free(text);
}

static void mounts_hold_their_type(void **state)
{
	(void)state;
	put_module("xfs", "live\n", "1\n");
	put_aliases("alias fs-xfs xfs\nalias pci:v1 xfs\nalias fs-btrfs btrfs\n");
	put_link("/proc/self/ns/mnt", "=mnt:[1]");
	put_link("/proc/7/ns/mnt", "=mnt:[1]");
	put_link("/proc/9/ns/mnt", "=mnt:[2]");
	put("/proc/9/comm", "cat\n");
	put("/proc/self/mountinfo", "22 28 8:1 / /mnt rw - xfs /dev/sda1 rw,attr2\n"
				    "23 28 8:1 /a /bind rw shared:1 - xfs /dev/sda1 rw\n"
				    "24 28 0:5 / /proc rw - proc proc rw\n");
	says("xfs", "\nxfs mounted on /mnt (/dev/sda1)                              1  sure\n"
		    "That explains the one that is counted.\n");
	says_not("xfs", "/bind");
	put("/proc/9/mountinfo", "22 28 8:2 / /inner rw - xfs /dev/sda2 rw\n");
	says("xfs", "\nxfs mounted on /inner of cat/9 (/dev/sda2)                   1  sure\n");
	says("xfs", "The count is 1: not all of these hold one.\n");
	put_module("xfs", "live\n", "5\n");
	says("xfs", "\n3 of 5 not found: what holds them leaves no trace here.");
	says("xfs", "\"unexplained\":3,\"unprotected\":false,\"inside\":[]");
}

static void a_name_alone_is_likely(void **state)
{
	(void)state;
	put_module("odd_fs", "live\n", "1\n");
	put_link("/proc/self/ns/mnt", "=mnt:[1]");
	put("/proc/self/mountinfo", "22 28 0:44 / /mnt rw - odd-fs none rw\n");
	says("odd_fs",
	     "\nodd-fs mounted on /mnt (none)                                1  likely\n");
}

static void block_devices_hold_their_driver(void **state)
{
	(void)state;
	put_module("loop", "live\n", "4\n");
	put_aliases("alias block-major-7-* loop\n");
	put("/sys/devices/virtual/block/loop0/uevent", "MAJOR=7\nDEVNAME=loop0\n");
	put("/sys/devices/virtual/block/loop0/loop/backing_file", "/tmp/image\n");
	put("/sys/devices/virtual/block/loop0/holders/dm-0", "");
	put_link("/sys/dev/block/7:0", "/sys/devices/virtual/block/loop0");
	put_link("/proc/self/ns/mnt", "=mnt:[1]");
	put("/proc/self/mountinfo", "22 28 7:0 / /mnt rw - ext4 /dev/loop0 rw\n");
	says("loop", "\n/dev/loop0, mounted on /mnt (ext4)                           1  sure\n"
		     "loop0 has the file /tmp/image                                1  sure\n"
		     "block device dm-0 uses loop0                                 1  sure\n"
		     "1 of 4 not found: what holds it leaves");
}

static void drivers_above_a_device_count(void **state)
{
	(void)state;
	put_module("scsi_debug", "live\n", "1\n");
	put_link("/sys/dev/block/8:0", "/sys/devices/p/host0/target/disk/block/sda");
	put("/sys/devices/p/host0/target/disk/block/sda/uevent", "DEVNAME=sda\n");
	put("/sys/devices/p/host0/scsi_host/host0/proc_name", "scsi_debug\n");
	put_link("/proc/self/ns/mnt", "=mnt:[1]");
	put("/proc/self/mountinfo", "22 28 8:0 / /mnt rw - ext4 /dev/sda rw\n");
	says("scsi_debug",
	     "\n/dev/sda, mounted on /mnt (ext4)                             1  likely\n");
	put("/sys/devices/p/host0/scsi_host/host0/proc_name", "ahci\n");
	says_not("scsi_debug", "FOUND");
	put_link("/sys/devices/p/host0/driver/module", "/sys/module/scsi_debug");
	says("scsi_debug",
	     "\n/dev/sda, mounted on /mnt (ext4)                             1  likely\n");
}

/* 1:3 is /dev/null everywhere. */
static void open_files_hold(void **state)
{
	(void)state;
	put_module("null", "live\n", "1\n");
	put_aliases("alias char-major-1-3 null\n");
	put("/proc/12/comm", "cat\n");
	put_link("/proc/12/fd/4", "=/dev/null");
	put_link("/proc/12/fd/5", "=pipe:[77]");
	says("null", "\ncat/12 has /dev/null open as 4                             1-2  sure\n"
		     "That explains the one that is counted.\n");
	says("null", "{\"kind\":\"file\",\"what\":\"cat/12 has /dev/null open as 4\",\"pid\":12,"
		     "\"refs_least\":1,\"refs_most\":2,\"sure\":\"sure\"}");
	says_not("null", "WARNING");
	put_module("null", "live\n", "0\n");
	says("null", "WARNING: files are open on devices of null, and its count is 0");
	says("null", "\"unprotected\":true");
	says_not("null", "Nobody");
	says_not("null", "That explains");
	put_module("kvm", "live\n", "1\n");
	put_link("/proc/12/fd/6", "=anon_inode:kvm-vm");
	says("kvm", "\ncat/12 has anon_inode:kvm-vm open as 6                     1-2  likely\n");
}

static void names_of_numbers(void **state)
{
	(void)state;
	put_module("mem", "live\n", "1\n");
	put("/proc/devices", "Character devices:\n  1 mem\n\nBlock devices:\n  2 fd\n");
	put("/proc/12/comm", "cat\n");
	put_link("/proc/12/fd/4", "=/dev/null");
	says("mem", "\ncat/12 has /dev/null open as 4                             1-2  likely\n");
	put("/proc/devices", "Character devices:\n  2 fd\n\nBlock devices:\n  1 mem\n");
	says_not("mem", "FOUND");
}

static void algorithms_count_their_users(void **state)
{
	(void)state;
	put_module("xts", "live\n", "2\n");
	put("/proc/crypto", "name         : xts(aes)\ndriver       : xts(ecb(aes))\n"
			    "module       : xts\npriority     : 100\nrefcnt       : 3\n"
			    "\nname         : md5\ndriver       : md5-generic\n"
			    "module       : md5\nrefcnt       : 9\n");
	says("xts", "\n2 users of the algorithm xts(ecb(aes))                       2  sure\n"
		    "That explains all that are counted.\n");
}

static void what_uses_and_does_not_hold(void **state)
{
	(void)state;
	put_module("drv", "live\n", "0\n");
	put("/sys/devices/pci/dev0/uevent", "");
	put_link("/sys/module/drv/drivers/pci:drv", "/sys/bus/pci/drivers/drv");
	put_link("/sys/bus/pci/drivers/drv/0000:00:01.0", "/sys/devices/pci/dev0");
	put_link("/sys/bus/pci/drivers/drv/module", "/sys/module/drv");
	says("drv",
	     "\ndriver drv is bound to 1 device                              0  uses it, holds none\n");
	says_not("drv", "WARNING");
}

static void who_is_inside(void **state)
{
	(void)state;
	put_module("slow", "going\n", "0\n");
	put("/proc/31/task/31/stack", "[<0>] msleep+0x1/0x2\n[<0>] slow_exit+0x5/0x9 [slow]\n"
				      "[<0>] __do_sys_delete_module+0x1/0x2\n");
	put("/proc/31/task/31/comm", "rmmod\n");
	put("/proc/31/task/31/stat", "31 (rmmod (x)) D 1 1\n");
	put("/proc/32/task/32/stack", "[<0>] do_wait+0x1/0x2\n");
	says("slow", "\nslow is being unloaded, by rmmod/31:\n"
		     "  in exit()\n  asleep (D), waiting for a timer:\n"
		     "    msleep < slow_exit [slow]\n");
	says("slow", "\"inside\":[{\"call\":\"unload\",\"module\":\"slow\",\"pid\":31,\"tid\":31,"
		     "\"command\":\"rmmod\",\"likely\":false,\"ns\":null,\"age_ns\":null,"
		     "\"phase\":\"exit()\",\"phase_ns\":null,\"off_ns\":null,\"state\":\"D\","
		     "\"why\":\"a timer\",\"stack\":[\"msleep\",\"slow_exit [slow]\"]}]");
	says_not("slow", "Nobody");
	put("/proc/31/task/31/syscall", "176 0x1000 0x800 0x0\n");
	put("/proc/31/task/31/mem", "");
	says("slow", "by rmmod/31:\n");
	put_module("slow", "coming\n", "1\n");
	says("slow", "\nslow is being loaded, and no task is found that does it\n");
	put("/proc/31/task/31/stack",
	    "[<0>] slow_init+0x5/0x9 [slow]\n[<0>] do_one_initcall+0x1/0x2\n"
	    "[<0>] do_init_module+0x1/0x2\n[<0>] __do_sys_finit_module+0x1/0x2\n");
	put("/proc/31/task/31/comm", "insmod\n");
	put("/proc/31/task/31/stat", "31 (insmod) D 1 1 1 0 -1 4 1 0 0 0 0 1 0 0 20 0 1 0 100\n");
	put("/proc/31/task/31/syscall", "313 0x3 0x0 0x0\n");
	put_link("/proc/31/task/31/fd/3", "/lib/modules/slow.ko.xz");
	says("slow", " at the most:\n  in init()\n  asleep (D):\n"
		     "    slow_init [slow] < do_one_initcall < do_init_module\n");
	put("/proc/31/task/31/syscall", "313 0x4 0x0 0x0\n");
	put_link("/proc/31/task/31/fd/4", "/lib/modules/other.ko");
	says("slow", "\nslow is being loaded, and no task is found that does it\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(mounts_hold_their_type, begin, end),
		cmocka_unit_test_setup_teardown(a_name_alone_is_likely, begin, end),
		cmocka_unit_test_setup_teardown(block_devices_hold_their_driver, begin, end),
		cmocka_unit_test_setup_teardown(drivers_above_a_device_count, begin, end),
		cmocka_unit_test_setup_teardown(open_files_hold, begin, end),
		cmocka_unit_test_setup_teardown(names_of_numbers, begin, end),
		cmocka_unit_test_setup_teardown(algorithms_count_their_users, begin, end),
		cmocka_unit_test_setup_teardown(what_uses_and_does_not_hold, begin, end),
		cmocka_unit_test_setup_teardown(who_is_inside, begin, end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
