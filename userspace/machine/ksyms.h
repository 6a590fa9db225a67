/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of kernel addresses, and what a sleeping kernel stack waits for.
 */
#ifndef REFCOST_MACHINE_KSYMS_H
#define REFCOST_MACHINE_KSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/types.h>

#define KSYM_LEN 96 /* room for any name from ksyms_name() */

/*
 * A kernel that has it frees no trampoline of fexit that a task asleep in the function returns to
 * (5.12).
 */
#define KSYM_TRAMPOLINES_STAY "__bpf_tramp_exit"

struct ksyms;

/**
 * struct ksyms_gone - a module that is unloaded by now
 * @name: its name
 * @text: where its code was, 0: not known; an address that is nobody else's is taken for its, too
 * @size: of that, bytes
 */
struct ksyms_gone {
	const char *name;
	uint64_t text;
	uint64_t size;
};

/**
 * ksyms_open() - read the kernel's own symbols
 * @path: /proc/kallsyms, or a file like it
 *
 * Read it when the tracer is attached: its own trampolines are left out of stacks.
 *
 * Return: the symbols; NULL with errno set: EPERM if the kernel hides addresses
 * (kernel.kptr_restrict).
 */
struct ksyms *ksyms_open(const char *path);

/**
 * ksyms_has() - does the kernel have a symbol?
 * @path: as for ksyms_open()
 * @name: the symbol
 *
 * Return: 1 if so, 0 if not, -errno.
 */
int ksyms_has(const char *path, const char *name);

/**
 * ksyms_name() - which function an address is in
 * @k: the symbols, or NULL
 * @addr: the address
 * @gone: a module that may have had it, or NULL
 * @buf: KSYM_LEN bytes
 *
 * Return: @buf: the function's name; for a module's text its name in brackets; the address in hex
 * if nothing is known.
 */
const char *ksyms_name(const struct ksyms *k, uint64_t addr, const struct ksyms_gone *gone,
		       char *buf);

/**
 * ksyms_core() - which of the kernel's own functions an address is in
 * @k: the symbols, or NULL
 * @addr: the address
 * @offset: set to how far in
 *
 * Return: its name; NULL if it is in none, as in a module's.
 */
const char *ksyms_core(const struct ksyms *k, uint64_t addr, uint64_t *offset);

/**
 * ksyms_free() - give the memory back
 * @k: the symbols, or NULL
 */
void ksyms_free(struct ksyms *k);

#define STACK_MAX 32

/**
 * struct stack - a stack in names, less what every sleep and every system call has
 * @frames: innermost first
 * @n: how many
 */
struct stack {
	char frames[STACK_MAX][KSYM_LEN];
	size_t n;
};

/**
 * stack_name() - put names to a stack
 * @k: the symbols, or NULL
 * @ips: addresses, innermost first, up to a 0
 * @cap: how many at the most
 * @gone: as for ksyms_name()
 * @out: filled in, trimmed by stack_trim()
 */
void stack_name(const struct ksyms *k, const __u64 *ips, size_t cap, const struct ksyms_gone *gone,
		struct stack *out);

/**
 * stack_trim() - leave out the tracer's and the scheduler's frames, trampolines, and the system
 * call's entry
 * @s: the stack
 */
void stack_trim(struct stack *s);

/**
 * stack_print() - a stack with " < " between its functions, in lines of at most 79 columns that
 * begin with blanks
 * @f: where to
 * @s: the stack
 * @indent: blanks
 */
void stack_print(FILE *f, const struct stack *s, int indent);

/**
 * stack_why() - what a sleeper waited for
 * @s: its stack, trimmed
 * @lock_wait: it was in a phase that is a wait for module_mutex
 *
 * Return: as "a grace period", to stand after "waiting for"; NULL if the stack does not tell.
 */
const char *stack_why(const struct stack *s, bool lock_wait);

#endif
