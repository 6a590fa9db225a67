// SPDX-License-Identifier: GPL-2.0
/* What the tracer makes of kernels that are not this one: of their BTF and their symbols. */
#include <errno.h>
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

#include <bpf/btf.h>

#include "machine/kstruct.h"
#include "machine/ksyms.h"
#include "trace/watch.h"

static char root[] = "/tmp/refcost-test.XXXXXX";

/* A file of the made-up machine. */
static void put(const char *path, const char *text)
{
	char full[256], *slash;
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int begin(void **state)
{
	(void)state;
	return !mkdtemp(root) || setenv("REFCOST_SYSROOT", root, 1);
}

static int end(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

/*
 * A struct module as CONFIG_RANDSTRUCT may have it: shuffled, and inside a member without a name.
 */
static struct btf *shuffled(void)
{
	struct btf *btf = btf__new_empty();
	int byte, word, name, inner;

	assert_non_null(btf);
	byte = btf__add_int(btf, "char", 1, BTF_INT_CHAR);
	word = btf__add_int(btf, "unsigned int", 4, 0);
	name = btf__add_array(btf, word, byte, 56);
	inner = btf__add_struct(btf, "", 72);
	btf__add_field(btf, "refcnt", word, 8 * 8, 0);
	btf__add_field(btf, "name", name, 8 * 16, 0);
	btf__add_struct(btf, "module", 200);
	btf__add_field(btf, "exit", word, 0, 0);
	btf__add_field(btf, "", inner, 8 * 32, 0);
	btf__add_field(btf, "state", word, 8 * 104, 0);
	return btf;
}

static void members_are_where_the_btf_says(void **state)
{
	struct btf *btf = shuffled();
	struct kstruct_module at = kstruct_module(btf);

	(void)state;
	assert_int_equal(at.state, 104);
	assert_int_equal(at.name, 32 + 16);
	assert_int_equal(kstruct_at(btf, "module", "refcnt"), 32 + 8);
	assert_int_equal(kstruct_at(btf, "module", "exit"), 0);
	assert_int_equal(kstruct_at(btf, "module", "none"), -1);
	assert_int_equal(kstruct_at(btf, "mutex", "owner"), -1);
	btf__free(btf);
}

/* Without BTF nobody knows, unless nothing was shuffled. */
static void shuffled_members_are_not_guessed(void **state)
{
	struct kstruct_module at;
	struct utsname u;
	char path[128];

	(void)state;
	uname(&u);
	snprintf(path, sizeof(path), "/boot/config-%s", u.release);
	put(path, "CONFIG_GCC_PLUGIN_RANDSTRUCT=y\n");
	at = kstruct_module(NULL);
	assert_int_equal(at.state, -1);
	assert_int_equal(at.name, -1);
}

/* What the tracer decides where /proc/kallsyms holds that. */
static void looked_at(struct trace *t, const char *kallsyms)
{
	put("/proc/kallsyms", kallsyms);
	memset(t, 0, sizeof(*t));
	snprintf(t->tracefs, sizeof(t->tracefs), "%s/tracing", root);
	t->watches[t->nr_watches++].table = trace_tables[TRACE_UNLOAD];
	assert_int_equal(find_symbols(t), 0);
}

#define SYMBOLS                                    \
	"ffffffff81000000 T synchronize_rcu\n"     \
	"ffffffff81000100 T bpf_trampoline_link\n" \
	"ffffffff81000200 t __bpf_tramp_exit_other\n"

static bool any_fentry(const struct trace *t)
{
	size_t i;

	for (i = 0; i < NR_FUNCTIONS; i++)
		if (t->functions[i].in_btf)
			return true;
	return false;
}

static void fexit_is_used_only_where_it_is_safe(void **state)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool here = btf && btf__find_by_name_kind(btf, "synchronize_rcu", BTF_KIND_FUNC) > 0;
	char path[64];
	static struct trace t;
	int grace;

	(void)state;
	btf__free(btf);
	put("/tracing/available_filter_functions", "synchronize_rcu\n");
	snprintf(path, sizeof(path), "%s/proc/kallsyms", root);

	looked_at(&t, SYMBOLS);
	assert_false(t.trampolines_stay);
	assert_false(any_fentry(&t));
	grace = t.watches[0].slot[trace_event(&trace_unload, "grace period")];
	assert_string_equal(t.functions[grace].name, "synchronize_rcu");
	assert_non_null(t.note);
	assert_int_equal(ksyms_has(path, KSYM_TRAMPOLINES_STAY), 0);

	looked_at(&t, SYMBOLS "ffffffff81000300 T __bpf_tramp_exit\t[module]\n");
	assert_false(t.trampolines_stay);

	looked_at(&t, SYMBOLS "ffffffff81000300 T __bpf_tramp_exit\n");
	assert_true(t.trampolines_stay);
	assert_int_equal(any_fentry(&t), here);
	assert_int_equal(ksyms_has(path, KSYM_TRAMPOLINES_STAY), 1);

	unlink(path);
	assert_int_equal(ksyms_has(path, KSYM_TRAMPOLINES_STAY), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_where_the_btf_says),
		cmocka_unit_test(shuffled_members_are_not_guessed),
		cmocka_unit_test(fexit_is_used_only_where_it_is_safe),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, begin, end);
}
