/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The suite's kernel modules: where they are, what they offer, loading and unloading them.
 */
#ifndef REFCOST_MACHINE_SUITE_H
#define REFCOST_MACHINE_SUITE_H

#include <stdbool.h>
#include <stddef.h>

#include "refcost_uapi.h"

#define SUITE_BENCH  "refcost"
#define SUITE_VICTIM "refcost_victim"

enum scheme_kind {
	SCHEME_KERNEL, /* delete_module(2) alone decides */
	SCHEME_GATE,   /* a gate runs before it */
	SCHEME_FLOOR,  /* protects nothing */
	SCHEME_ABSENT, /* this kernel has no such API */
};

/**
 * struct scheme_desc - one scheme as the module's file describes it
 * @name: what the command line calls it
 * @kind: floor, gate or kernel, or absent
 * @family: what it is compared with: floor, percpu, module, object, release or section
 * @needs: an absent one: what has it
 * @what: what it is, in some words
 * @from: mail and date, or kernel version
 * @busy: what an unload does that finds users
 * @layouts: it counts in the object, so that there are layouts to compare
 * @roles: what a report has to know of it, as REFCOST_REPORT() has it
 * @floors: what its get and put are made of
 */
struct scheme_desc {
	char name[REFCOST_NAME_MAX];
	enum scheme_kind kind;
	char family[16];
	char needs[32];
	char what[96];
	char from[96];
	char busy[128];
	bool layouts;
	char roles[48];
	char floors[48];
};

/**
 * struct victim - the victim to load
 * @objects: how many it registers
 * @layout: how they lie
 * @node: on which NUMA node, -1: wherever the kernel puts them
 */
struct victim {
	unsigned int objects;
	enum refcost_layout layout;
	int node;
};

struct schemes {
	struct scheme_desc *v;
	size_t n;
};

/**
 * schemes_read() - the table of schemes, from refcost.ko; needs no root
 * @s: filled; free with schemes_free()
 *
 * Return: EXIT_FINE, or an exit code after a line that says what to do.
 */
int schemes_read(struct schemes *s);

void schemes_free(struct schemes *s);

/**
 * schemes_select() - keep only the named ones, in the order given
 * @s: the table
 * @names: comma-separated names, or NULL for all
 * @floors: whether @names == NULL includes floors, and naming one is allowed
 *
 * Schemes that this kernel lacks are left out, with a line if they were asked for.
 *
 * Return: EXIT_FINE; EXIT_USAGE after a line that lists the valid names; EXIT_LACKING if nothing is
 * left.
 */
int schemes_select(struct schemes *s, const char *names, bool floors);

/**
 * suite_build() - which build of the modules would be loaded
 *
 * Return: a hash of each file; "" where there is none for this kernel.
 */
const char *suite_build(void);

/**
 * suite_put_right() - unload modules that a command left loaded which was killed, or kept them
 *
 * Commands that measure exclude each other: what another one that runs has loaded is left alone,
 * and so is what a program uses that has /dev/refcost open.
 *
 * Return: EXIT_FINE, after a line if there was something; or EXIT_FAILED after a line.
 */
int suite_put_right(void);

/**
 * suite_load() - load both modules, after suite_put_right()
 * @victim: what the second is to be like
 *
 * Where the victim has a node, so have the locks, the counts and the text of both modules.
 *
 * Return: EXIT_FINE, or an exit code after a line that says what to do; nothing is left loaded
 * then.
 */
int suite_load(const struct victim *victim);

/**
 * suite_unload() - unload whichever of the two is loaded; the victim may be busy for a moment
 *
 * Return: EXIT_FINE, or EXIT_FAILED after a line that says what is still loaded and why.
 */
int suite_unload(void);

/**
 * victim_load() - load the victim alone
 * @objects: how many it registers
 *
 * Return: EXIT_FINE, or an exit code after a line that says what to do.
 */
int victim_load(unsigned int objects);

/**
 * module_delete() - the bare system call, as rmmod does not always make it
 * @name: the module
 *
 * Return: 0 or -errno; -EINTR only if @interrupted.
 */
int module_delete(const char *name);

/**
 * module_remove() - delete a module that may be busy for a moment
 * @name: the module
 *
 * Signals do not end the attempts: nothing is to stay loaded.
 *
 * Return: 0 or -errno of the last attempt.
 */
int module_remove(const char *name);

/**
 * module_loaded() - is a module there (loading, live or going)?
 * @name: the module
 */
bool module_loaded(const char *name);

/**
 * device_open() - open /dev/refcost and check that both sides speak the same ABI
 * @info: filled with what the module says
 *
 * Return: a descriptor, or -1 after a line that says what is wrong.
 */
int device_open(struct refcost_info *info);

/**
 * device_call() - an ioctl of /dev/refcost
 * @fd: of device_open()
 * @request: which
 * @arg: its structure
 *
 * A process that is stopped and goes on, or is looked at by a debugger, finds its call broken off
 * with EINTR. Then the call is made again, whole, unless a signal asked for an end.
 *
 * Return: 0 or -errno; -EINTR only if @interrupted.
 */
int device_call(int fd, unsigned long request, void *arg);

/**
 * bench_session() - for those who load and unload victims: load refcost.ko, work with its device,
 * unload
 * @work: given a descriptor, what the module says and @arg; returns an exit code
 * @arg: its last argument
 *
 * Nothing stays loaded, whatever @work left.
 *
 * Return: what @work did, or another exit code after a line that says what to do.
 */
int bench_session(int (*work)(int fd, const struct refcost_info *info, void *arg), void *arg);

/**
 * device_why() - what an errno of REFCOST_IOC_RUN, _LOAD_START or _LOAD_STOP means, and what to do
 * @err: positive errno
 * @run: the arguments, whose out fields say more
 * @buf: where to put the text
 * @len: its size
 *
 * Return: @buf.
 */
const char *device_why(int err, const struct refcost_run *run, char *buf, size_t len);

/**
 * unload_why() - what an errno of REFCOST_IOC_GATE or delete_module(2) means, other than that the
 * victim is busy
 * @err: positive errno
 * @buf: where to put the text
 * @len: its size
 *
 * Return: @buf.
 */
const char *unload_why(int err, char *buf, size_t len);

#endif
