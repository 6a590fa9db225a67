/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where members are in this kernel's structures.
 */
#ifndef REFCOST_MACHINE_KSTRUCT_H
#define REFCOST_MACHINE_KSTRUCT_H

struct btf;

/**
 * struct kstruct_module - where two members of struct module are; negative: not known
 * @state: enum module_state
 * @name: the name itself
 */
struct kstruct_module {
	int state;
	int name;
};

/**
 * kstruct_at() - where a member is
 * @btf: of the kernel
 * @type: of the structure
 * @member: in it, or in a structure without a name inside (a kernel may shuffle members into one)
 *
 * Return: its offset in bytes; -1 if there is none.
 */
int kstruct_at(const struct btf *btf, const char *type, const char *member);

/**
 * kstruct_module() - where a module's state and name are
 * @btf: of the kernel, or NULL
 *
 * Without BTF they are known only if the kernel's configuration says that nothing is shuffled.
 *
 * Return: where.
 */
struct kstruct_module kstruct_module(const struct btf *btf);

#endif
