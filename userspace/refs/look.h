/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where holders of a module are looked for: each adds those that it finds.
 */
#ifndef REFCOST_REFS_LOOK_H
#define REFCOST_REFS_LOOK_H

#include "refs/holders.h"
#include "refs/owner.h"

#define LOOK_PATH 512
#define LOOK_DIR  300 /* room for a directory whose files are named in LOOK_PATH */

/**
 * look_mounts() - mounts of its filesystem types, mounts and swap on its block devices, in all
 * mount namespaces
 * @h: where to
 * @o: the module
 */
void look_mounts(struct holders *h, struct owner *o);

/**
 * look_files() - open files of its devices, sockets of its protocols
 * @h: where to
 * @o: the module
 */
void look_files(struct holders *h, struct owner *o);

/**
 * look_block() - loop devices that have a file, block devices stacked on its own
 * @h: where to
 * @o: the module
 */
void look_block(struct holders *h, struct owner *o);

/**
 * look_net() - qdiscs, nftables and xtables rules, network devices, in all network namespaces
 * @h: where to
 * @o: the module
 */
void look_net(struct holders *h, struct owner *o);

/**
 * look_processes() - visit all processes
 * @visit: given the number of one and its directory in /proc, as the machine has it
 * @arg: handed on
 */
void look_processes(void (*visit)(unsigned int pid, const char *dir, void *arg), void *arg);

/**
 * look_command() - a process and its name
 * @dir: in /proc
 * @buf: filled with "name/123"
 * @len: its size
 *
 * Return: @buf.
 */
const char *look_command(const char *dir, char *buf, size_t len);

/**
 * look_device() - does a device node belong to the module?
 * @o: the module
 * @node: its path; as it is when this process looks
 * @sure: filled in if it does
 *
 * Return: true if it does.
 */
bool look_device(struct owner *o, const char *node, enum holder_sure *sure);

#endif
