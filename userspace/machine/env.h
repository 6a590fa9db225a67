/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine that was measured: everything that a reader needs to judge a number.
 */
#ifndef REFCOST_MACHINE_ENV_H
#define REFCOST_MACHINE_ENV_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * env_json() - describe this machine
 *
 * What cannot be read is left out, never guessed.
 *
 * Return: a new object.
 */
struct json_object *env_json(void);

#define ENV_PATH 512

/**
 * env_path() - where a file of the machine is
 * @path: as in /proc or /sys
 * @buf: filled with @path, in the tree that REFCOST_SYSROOT names if it is set (tests do)
 * @len: its size, ENV_PATH
 *
 * Return: @buf.
 */
char *env_path(const char *path, char *buf, size_t len);

/**
 * env_inside() - the other way round
 * @path: of env_path()
 *
 * Return: @path as the machine has it.
 */
const char *env_inside(const char *path);

/**
 * env_file() - first line of a small file
 * @path: file, as in /proc or /sys
 * @buf: filled, without the newline; empty if the file cannot be read
 * @len: its size
 *
 * Return: @buf.
 */
char *env_file(const char *path, char *buf, size_t len);

/**
 * env_config() - a kernel configuration option of the running kernel
 * @option: with CONFIG_ in front
 * @buf: filled with its value, "n" if it is not set, empty if no configuration can be read
 * @len: its size
 *
 * Return: @buf.
 */
char *env_config(const char *option, char *buf, size_t len);

/**
 * env_cmdline() - a parameter of the kernel's command line
 * @name: with the equals sign
 * @buf: filled with its value, empty if it is not given
 * @len: its size
 *
 * Return: @buf.
 */
char *env_cmdline(const char *name, char *buf, size_t len);

/**
 * env_debug_options() - what the running kernel was built with that distorts
 * @buf: filled with options and blanks between, or "none"
 * @len: its size
 *
 * Return: @buf.
 */
char *env_debug_options(char *buf, size_t len);

/**
 * env_machine_kind() - what this is; a guest of ours is told by its command line
 *
 * Return: "bare metal", "virtual" or "emulated".
 */
const char *env_machine_kind(void);

/**
 * env_has_pmu() - can the CPUs of this machine count events such as cycles?
 *
 * Return: true where the kernel has a driver for their PMU.
 */
bool env_has_pmu(void);

/**
 * env_offline() - which CPUs are offline, and how they come back
 * @buf: filled with ": CPU 3 is offline (echo 1 | sudo tee ...)", empty where all are online
 * @len: its size
 *
 * Return: @buf.
 */
char *env_offline(char *buf, size_t len);

/**
 * env_host_cpus() - CPUs that really run in parallel
 *
 * A guest is told by its command line how many CPUs its host has.
 *
 * Return: that number, or 0 if unknown (bare metal).
 */
int env_host_cpus(void);

#endif
