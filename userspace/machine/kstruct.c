// SPDX-License-Identifier: GPL-2.0
/*
 * Where members are in this kernel's structures: its BTF says so.
 *
 * CONFIG_RANDSTRUCT shuffles struct module and struct task_struct with each build.
 */
#include "machine/kstruct.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <bpf/btf.h>

#include "machine/env.h"

static int member_at(const struct btf *btf, int id, const char *name)
{
	const struct btf_type *type = btf__type_by_id(btf, btf__resolve_type(btf, id));
	int i, at;

	if (!type || !btf_is_composite(type))
		return -1;
	for (i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *m = &btf_members(type)[i];
		const char *its = btf__name_by_offset(btf, m->name_off);

		if (*its)
			at = strcmp(its, name) ? -1 : 0;
		else
			at = member_at(btf, m->type, name);
		if (at >= 0)
			return at + btf_member_bit_offset(type, i) / 8;
	}
	return -1;
}

int kstruct_at(const struct btf *btf, const char *type, const char *member)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);

	return id > 0 ? member_at(btf, id, member) : -1;
}

/* How a struct module is declared to begin, in every kernel so far. */
struct declared {
	int state;
	void *list[2];
	char name[];
};

static bool is_unset(const char *option)
{
	char value[16];

	return !strcmp(env_config(option, value, sizeof(value)), "n");
}

struct kstruct_module kstruct_module(const struct btf *btf)
{
	if (btf)
		return (struct kstruct_module){ kstruct_at(btf, "module", "state"),
						kstruct_at(btf, "module", "name") };
	/* the second is the older name of the first */
	if (is_unset("CONFIG_RANDSTRUCT") && is_unset("CONFIG_GCC_PLUGIN_RANDSTRUCT"))
		return (struct kstruct_module){ offsetof(struct declared, state),
						offsetof(struct declared, name) };
	return (struct kstruct_module){ -1, -1 };
}
