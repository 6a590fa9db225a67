// SPDX-License-Identifier: GPL-2.0
/* What refcost trace works out without a kernel: words, bars, near names, percentiles, stacks. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "machine/ksyms.h"
#include "trace/child.h"
#include "trace/kind.h"
#include "trace/out.h"
#include "trace/sum.h"
#include "trace/text.h"
#include "trace/trace.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static void assert_result(const char *want, enum trace_kind kind, int ret, bool init)
{
	char buf[32];

	assert_string_equal(trace_result(trace_outcome(kind, ret, init), ret, buf, sizeof(buf)),
			    want);
}

static void results_have_names(void **state)
{
	(void)state;
	assert_result("gone", TRACE_UNLOAD, 0, false);
	assert_result("busy", TRACE_UNLOAD, -EWOULDBLOCK, false);
	assert_result("dying or permanent", TRACE_UNLOAD, -EBUSY, false);
	assert_result("not loaded", TRACE_UNLOAD, -ENOENT, false);
	assert_result("EPERM", TRACE_UNLOAD, -EPERM, false);
	assert_result("EINTR", TRACE_UNLOAD, -EINTR, false);
	assert_result("error 513", TRACE_UNLOAD, -513, false);
	assert_result("loaded", TRACE_LOAD, 0, true);
	assert_result("already loaded", TRACE_LOAD, -EEXIST, false);
	assert_result("EEXIST", TRACE_LOAD, -EEXIST, true);
	assert_result("ENOENT", TRACE_LOAD, -ENOENT, false);
	assert_result("EBUSY", TRACE_LOAD, -EBUSY, false);
}

static void assert_bar(const char *want, uint64_t start, uint64_t ns, uint64_t off, uint64_t total)
{
	char bar[32];

	trace_bar(bar, strlen(want), start, ns, off, total);
	assert_string_equal(bar, want);
}

static void bars(void **state)
{
	(void)state;
	assert_bar("##########", 0, 100, 0, 100);
	assert_bar("----------", 0, 100, 100, 100);
	assert_bar("#####-----", 0, 100, 50, 100);
	assert_bar("  ###     ", 20, 30, 0, 100);
	assert_bar("  .       ", 20, 1, 1, 100);
	assert_bar("         .", 100, 0, 0, 100);
	assert_bar("         .", 99, 1, 0, 100);
	assert_bar(".         ", 0, 0, 0, 0);
	assert_bar("", 0, 5, 5, 10);
	/* rounded to the nearest: .5 of a character and more is a character */
	assert_bar("#         ", 0, 5, 0, 100);
	assert_bar(".         ", 0, 4, 0, 100);
	/* no overflow, and never beyond the end */
	assert_bar("     -----", UINT64_MAX / 2, UINT64_MAX / 2, UINT64_MAX / 2, UINT64_MAX);
	assert_bar("     #####", 50, 80, 0, 100);
}

/* Whatever the phases, rows cover the bar without gap or overlap. */
static void bars_meet(void **state)
{
	const uint64_t ns[] = { 3, 1, 0, 400, 17, 90, 1000, 2, 2, 2, 333 };
	uint64_t total = 0, start = 0;
	int covered[41] = { 0 };
	char bar[41];
	size_t i, k;

	(void)state;
	for (i = 0; i < LEN(ns); i++)
		total += ns[i];
	for (i = 0; i < LEN(ns); i++) {
		trace_bar(bar, 40, start, ns[i], ns[i] / 2, total);
		for (k = 0; k < 40; k++)
			covered[k] += bar[k] == '#' || bar[k] == '-';
		start += ns[i];
	}
	for (k = 0; k < 40; k++)
		assert_int_equal(covered[k], 1);
}

static void names_are_made_fit(void **state)
{
	char buf[8];

	(void)state;
	assert_string_equal(text_clean(buf, sizeof(buf), "rmmod"), "rmmod");
	assert_string_equal(text_clean(buf, sizeof(buf), "a\n\033[2J\xc3\xa4"), "a??[2J?");
	assert_string_equal(text_clean(buf, sizeof(buf), "longer than that"), "longer ");
}

static void distances(void **state)
{
	char longer[200];

	(void)state;
	assert_int_equal(edit_distance("dummy", "dummy"), 0);
	assert_int_equal(edit_distance("nf-nat", "nf_nat"), 0);
	assert_int_equal(edit_distance("dummy", "dumy"), 1);
	assert_int_equal(edit_distance("dumym", "dummy"), 1);
	assert_int_equal(edit_distance("loop", "lop"), 1);
	assert_int_equal(edit_distance("xfs", "nfs"), 1);
	assert_int_equal(edit_distance("", "abc"), 3);
	assert_int_equal(edit_distance("kitten", "sitting"), 3);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(edit_distance(longer, ""), 63);
}

static void near_names(void **state)
{
	static const char *const all[] = { "nls_utf8", "nls_ascii", "nls_base", "xfs",
					   "",	       "nls_utf8",  "nls-utf8", "nls_ucs2_utils",
					   "nls_cp437" };
	struct near near = { .wanted = "nls_utf9" };
	size_t i;

	(void)state;
	for (i = 0; i < LEN(all); i++)
		near_add(&near, all[i]);
	assert_int_equal(near.n, 1);
	assert_string_equal(near.names[0], "nls_utf8");
}

static void the_nearest_names_stay(void **state)
{
	static const char *const all[] = { "abcxyz", "abcdyz", "abcdez", "abcdeg", "abcfed",
					   "abddef", "abcdef", "zbcdef", "xyzdef" };
	struct near near = { .wanted = "abcdef" };
	size_t i;

	(void)state;
	for (i = 0; i < LEN(all); i++)
		near_add(&near, all[i]);
	assert_int_equal(near.n, NEAR_MAX);
	assert_string_equal(near.names[0], "abcdef");
	for (i = 1; i < near.n; i++)
		assert_true(near.distance[i] >= near.distance[i - 1]);
	assert_int_equal(near.distance[4], 1);
}

static void percentiles(void **state)
{
	struct sum s = { 0 };
	size_t i;

	(void)state;
	for (i = 1; i <= 35; i++)
		assert_int_equal(sum_add(&s, "dummy", OUTCOME_GONE, i * 1000), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(sum_successes(&s.v[0]), 35);
	assert_true(sum_percentile(&s.v[0], 0.5) == 18000);
	assert_true(isnan(sum_percentile(&s.v[0], 0.9)));
	sum_add(&s, "dummy", OUTCOME_GONE, 36000);
	assert_true(sum_percentile(&s.v[0], 0.9) == 32500);
	assert_true(isnan(sum_percentile(&s.v[0], 0.99)));
	for (i = 37; i <= 368; i++)
		sum_add(&s, "dummy", OUTCOME_GONE, i * 1000);
	assert_true(sum_percentile(&s.v[0], 0.99) > 364000);
	assert_int_equal(s.v[0].total_ns, 368 * 369 / 2 * 1000);
	sum_free(&s);
	assert_int_equal(s.n, 0);
}

static void one_unload_has_a_median(void **state)
{
	struct sum s = { 0 };

	(void)state;
	sum_add(&s, "loop", OUTCOME_GONE, 511000000);
	assert_true(sum_percentile(&s.v[0], 0.5) == 511000000);
	assert_true(isnan(sum_percentile(&s.v[0], 0.9)));
	sum_free(&s);
}

static void refusals_are_no_unloads(void **state)
{
	struct sum s = { 0 };

	(void)state;
	sum_add(&s, "nf_conntrack", OUTCOME_BUSY, 5000);
	sum_add(&s, "nf_conntrack", OUTCOME_BUSY, 5000);
	sum_add(&s, "nf_conntrack", OUTCOME_DYING, 5000);
	sum_add(&s, "nf_conntrack", OUTCOME_NOT_LOADED, 5000);
	sum_add(&s, "nf_conntrack", OUTCOME_FAILED, 5000);
	assert_int_equal(s.n, 1);
	assert_int_equal(sum_successes(&s.v[0]), 0);
	assert_true(isnan(sum_percentile(&s.v[0], 0.5)));
	assert_int_equal(s.v[0].outcomes[OUTCOME_BUSY], 2);
	assert_int_equal(s.v[0].outcomes[OUTCOME_DYING], 1);
	assert_int_equal(s.v[0].outcomes[OUTCOME_NOT_LOADED], 1);
	assert_int_equal(s.v[0].outcomes[OUTCOME_FAILED], 1);
	sum_free(&s);
}

static void a_long_trace_takes_no_more_memory(void **state)
{
	struct sum s = { 0 };
	char name[16];
	size_t i;

	(void)state;
	for (i = 0; i < 3 * SUM_EXACT; i++)
		sum_add(&s, "dummy", OUTCOME_GONE, 1000000 + i % 1000);
	assert_int_equal(sum_successes(&s.v[0]), 3 * SUM_EXACT);
	assert_true(fabs(sum_percentile(&s.v[0], 0.5) / 1000500 - 1) < 0.016);
	for (i = 0; i < 2 * SUM_MODULES; i++) {
		snprintf(name, sizeof(name), "m%zu", i);
		sum_add(&s, name, OUTCOME_NOT_LOADED, 1000);
	}
	assert_int_equal(s.n, SUM_MODULES + 1);
	assert_string_equal(s.v[SUM_MODULES].name, SUM_OTHERS);
	assert_int_equal(s.v[SUM_MODULES].outcomes[OUTCOME_NOT_LOADED], SUM_MODULES + 1);
	sum_free(&s);
}

static struct stack stack_of(const char *frames)
{
	struct stack s = { .n = 0 };
	char copy[1024], *name;

	snprintf(copy, sizeof(copy), "%s", frames);
	for (name = strtok(copy, " "); name; name = strtok(NULL, " "))
		snprintf(s.frames[s.n++], KSYM_LEN, "%s", name);
	return s;
}

static void assert_stack(const char *want, const char *frames)
{
	struct stack s = stack_of(frames);
	char got[1024] = "";
	size_t i;

	stack_trim(&s);
	for (i = 0; i < s.n; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", i ? " " : "",
			 s.frames[i]);
	assert_string_equal(got, want);
}

static void stacks_are_trimmed(void **state)
{
	(void)state;
	assert_stack(
		"wait_for_completion __wait_rcu_gp synchronize_rcu free_module",
		"bpf_prog_1234_sched_switch bpf_trace_run4 __traceiter_sched_switch __schedule "
		"schedule schedule_timeout wait_for_completion __wait_rcu_gp synchronize_rcu "
		"free_module __do_sys_delete_module.constprop.0 do_syscall_64");
	assert_stack("synchronize_rcu free_module",
		     "__schedule schedule synchronize_rcu (generated) synchronize_rcu free_module");
	assert_stack("mutex_lock mod_sysfs_teardown free_module",
		     "schedule mutex_lock (generated) mod_sysfs_teardown (generated) "
		     "mod_sysfs_teardown free_module");
	assert_stack("f f", "schedule f f");
	assert_stack("preempt_schedule", "__schedule preempt_schedule");
	assert_stack("", "");
}

static void stacks_tell_why(void **state)
{
	static const struct {
		const char *frames;
		const char *why;
	} known[] = {
		{ "wait_for_completion rcu_barrier netdev_run_todo [dummy]",
		  "RCU callbacks (rcu_barrier)" },
		{ "__wait_for_common __wait_rcu_gp synchronize_rcu free_module", "a grace period" },
		{ "synchronize_rcu_expedited bdi_unregister", "a grace period" },
		{ "blk_mq_freeze_queue_wait del_gendisk [loop]", "a block queue to freeze" },
		{ "wait_for_completion __flush_work", "work to end" },
		{ "wait_for_completion kthread_stop", "a kernel thread to end" },
		{ "wait_for_completion device_del", "a completion" },
		{ "__mutex_lock.constprop.0 rtnl_lock", "a mutex" },
	};
	struct stack s;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(known); i++) {
		s = stack_of(known[i].frames);
		assert_string_equal(stack_why(&s, false), known[i].why);
	}
	s = stack_of("__mutex_lock.constprop.0 mutex_lock free_module");
	assert_string_equal(stack_why(&s, true), "module_mutex");
	s = stack_of("some_function");
	assert_null(stack_why(&s, false));
}

static void addresses_have_names(void **state)
{
	char path[] = "/tmp/refcost-kallsyms.XXXXXX", buf[KSYM_LEN];
	const struct ksyms_gone dummy = { .name = "dummy" },
				in_bpf = { "dummy", 0xffffffffc1000008, 16 };
	FILE *f = fdopen(mkstemp(path), "w");
	struct ksyms *k;

	(void)state;
	assert_non_null(f);
	fputs("0000000000000000 A fixed_percpu_data\n"
	      "ffffffff81000000 T _stext\n"
	      "ffffffff81000000 T startup\n"
	      "ffffffff81000200 t second\n"
	      "ffffffff81000100 T first\n"
	      "ffffffff81000300 d data\n"
	      "ffffffff81001000 T _etext\n"
	      "ffffffffc0000000 t in_module\t[xfs]\n"
	      "ffffffffc1000000 t bpf_trampoline_6442486\t[bpf]\n",
	      f);
	fclose(f);
	k = ksyms_open(path);
	unlink(path);
	assert_non_null(k);
	assert_string_equal(ksyms_name(k, 0xffffffff81000100, NULL, buf), "first");
	assert_string_equal(ksyms_name(k, 0xffffffff810001ff, NULL, buf), "first");
	assert_string_equal(ksyms_name(k, 0xffffffff81000fff, NULL, buf), "second");
	assert_string_equal(ksyms_name(k, 0xffffffff81000010, NULL, buf), "_stext");
	assert_string_equal(ksyms_name(k, 0xffffffffc1000010, &dummy, buf), "(generated)");
	assert_string_equal(ksyms_name(k, 0xffffffffc1000010, &in_bpf, buf), "[dummy]");
	assert_string_equal(ksyms_name(k, 0xffffffffc1000018, &in_bpf, buf), "(generated)");
	assert_string_equal(ksyms_name(k, 0xffffffffc7000010, &dummy, buf), "[dummy]");
	assert_string_equal(ksyms_name(k, 0xffffffffc7000010, NULL, buf), "0xffffffffc7000010");
	assert_string_equal(ksyms_name(NULL, 0xffffffff81000100, &dummy, buf),
			    "0xffffffff81000100");
	ksyms_free(k);
}

static void hidden_addresses_are_refused(void **state)
{
	char path[] = "/tmp/refcost-kallsyms.XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");

	(void)state;
	assert_non_null(f);
	fputs("0000000000000000 T _stext\n0000000000000000 T first\n", f);
	fclose(f);
	assert_null(ksyms_open(path));
	assert_int_equal(errno, EPERM);
	unlink(path);
	assert_null(ksyms_open(path));
	assert_int_equal(errno, ENOENT);
}

static void rows_are_in_order(void **state)
{
	enum trace_kind kind;

	(void)state;
	for (kind = 0; kind < TRACE_KINDS; kind++) {
		struct trace_record rec = { .kind = kind };
		unsigned int seen = 0;
		int ev;

		for (ev = 0; trace_boundary_name(kind, ev); ev++) {
			assert_int_equal(
				trace_event(trace_tables[kind], trace_boundary_name(kind, ev)), ev);
			assert_in_range(trace_event(trace_tables[kind],
						    trace_tables[kind]->rows[ev].after),
					0, ev);
			assert_int_equal(trace_is_lock_wait(kind, ev),
					 !!strstr(trace_boundary_name(kind, ev), "lock wait"));
			assert_null(trace_holder(&rec, ev));
			if (!trace_is_lock_wait(kind, ev))
				continue;
			rec.holder[seen].pid = 7;
			assert_ptr_equal(trace_holder(&rec, ev), &rec.holder[seen]);
			seen++;
		}
		assert_in_range(seen, 1, TRACE_LOCKS);
		assert_in_range(ev, 2, TRACE_EVENTS);
		assert_int_not_equal(
			trace_event(trace_tables[kind], trace_tables[kind]->last_failed), -1);
	}
}

/*
 * A record of a call that passed these boundaries, 10 ns apart, of those that are watched. Of others
 * it has the times of an earlier call.
 */
static struct trace_record passed(enum trace_kind kind, uint32_t watched, uint32_t events, int ret)
{
	struct trace_record rec = { .kind = kind, .enabled = watched, .ret = ret };
	int ev, n = 0;

	for (ev = 0; trace_boundary_name(kind, ev); ev++)
		rec.ts[ev] = events & watched & (1U << ev) ? 1000 + 10 * n++ : 999 - ev;
	return rec;
}

static void assert_phases(const char *want, const struct trace_record *rec)
{
	struct trace_phase phases[TRACE_EVENTS];
	char got[TRACE_EVENTS * (sizeof(phases[0].label) + 2)] = "";
	uint64_t sum = 0;
	size_t i, n = trace_phases(rec, phases, LEN(phases));

	for (i = 0; i < n; i++) {
		strcat(strcat(got, i ? "; " : ""), phases[i].label);
		assert_int_equal(phases[i].start, sum);
		sum += phases[i].ns;
	}
	assert_string_equal(got, want);
	assert_int_equal(sum, trace_total(rec));
}

static uint32_t bit(enum trace_kind kind, const char *label)
{
	int ev;

	for (ev = 0; strcmp(trace_boundary_name(kind, ev), label); ev++)
		;
	return 1U << ev;
}

static void failed_calls_have_the_phases_they_came_to(void **state)
{
	const uint32_t all = ~0U, ends = bit(TRACE_LOAD, "start") | bit(TRACE_LOAD, "return");
	const uint32_t read = bit(TRACE_LOAD, "read"), copied = bit(TRACE_LOAD, "file copy");
	struct trace_record rec;

	(void)state;
	rec = passed(TRACE_LOAD, all, ends, -EBADF);
	assert_phases("undo", &rec);
	rec = passed(TRACE_LOAD, all, ends | read, -ENOEXEC);
	assert_phases("read; undo", &rec);
	rec = passed(TRACE_LOAD, all & ~bit(TRACE_LOAD, "signature"), ends | read, -ENOEXEC);
	assert_phases("read; signature..undo", &rec);
	rec = passed(TRACE_LOAD, ends | copied, all, 0);
	assert_phases("read..file copy; init()..return", &rec);
	rec = passed(TRACE_LOAD, ends | copied, all, -ENODEV);
	assert_phases("read..file copy; init()..undo", &rec);
	rec = passed(TRACE_LOAD, ends | copied, ends, -EEXIST);
	assert_phases("read..undo", &rec);
	rec = passed(TRACE_UNLOAD, all,
		     bit(TRACE_UNLOAD, "start") | bit(TRACE_UNLOAD, "lock wait") |
			     bit(TRACE_UNLOAD, "checks") | bit(TRACE_UNLOAD, "return"),
		     -EWOULDBLOCK);
	assert_phases("lock wait; checks; return", &rec);
	rec = passed(TRACE_UNLOAD,
		     bit(TRACE_UNLOAD, "start") | bit(TRACE_UNLOAD, "async") |
			     bit(TRACE_UNLOAD, "return"),
		     ~bit(TRACE_UNLOAD, "async"), -EWOULDBLOCK);
	assert_phases("lock wait..return", &rec);
}

static void assert_failed_in(const char *want, uint32_t watched, uint32_t events, int ret)
{
	struct trace_record rec =
		passed(TRACE_LOAD, watched, events | bit(TRACE_LOAD, "return"), ret);
	char got[80];

	assert_string_equal(trace_failed_in(&rec, got, sizeof(got)) ?: "", want);
}

static void failed_loads_name_their_step(void **state)
{
	const uint32_t all = ~0U, read = bit(TRACE_LOAD, "start") | bit(TRACE_LOAD, "read");
	const uint32_t signature = read | bit(TRACE_LOAD, "signature");
	const uint32_t checked = signature | bit(TRACE_LOAD, "ELF checks");
	const uint32_t coming = checked | bit(TRACE_LOAD, "notifiers COMING");
	const uint32_t copied = coming | bit(TRACE_LOAD, "file copy");

	(void)state;
	assert_failed_in("", all, all, 0);
	assert_failed_in("", all, checked, -EEXIST);
	assert_failed_in("read or signature", all, read, -EISDIR);
	assert_failed_in("signature", all, signature, -EKEYREJECTED);
	assert_failed_in("ELF checks", all, signature, -ENOEXEC);
	assert_failed_in("layout", all, checked, -ENOMEM);
	assert_failed_in("notifiers COMING or parameters", all, coming, -EINVAL);
	assert_failed_in("init()", all, copied | bit(TRACE_LOAD, "init()"), -EINVAL);
	assert_failed_in("init()", copied, copied, -EEXIST);
}

/* Which phase a call is in that has passed these boundaries and awaits the end of that one. */
static void assert_now(const char *want, enum trace_kind kind, uint32_t watched, uint32_t events,
		       uint32_t awaited)
{
	struct trace_flight c = { .rec = passed(kind, watched, events, 0), .off_ns = 3 };
	struct trace_phase p;

	c.awaited = (uint64_t)awaited << kind * TRACE_EVENTS;
	c.off_since = 1490;
	trace_now(&c, 1500, &p);
	assert_string_equal(p.label, want);
	assert_int_equal(p.start + p.ns, 1500 - c.rec.ts[0]);
	assert_int_equal(p.off_ns, 13);
	c.slept = 5; /* back on the CPU: that is in the sum already */
	trace_now(&c, 1500, &p);
	assert_int_equal(p.off_ns, 3);
}

static void calls_in_flight_are_in_a_phase(void **state)
{
	const uint32_t all = ~0U, begun = bit(TRACE_UNLOAD, "start");
	const uint32_t checked = begun | bit(TRACE_UNLOAD, "checks");
	const uint32_t few = begun | bit(TRACE_UNLOAD, "async") | bit(TRACE_UNLOAD, "return");
	const uint32_t copied = bit(TRACE_LOAD, "start") | bit(TRACE_LOAD, "file copy");

	(void)state;
	assert_now("checks", TRACE_UNLOAD, all, begun, 0);
	assert_now("lock wait", TRACE_UNLOAD, all, begun, bit(TRACE_UNLOAD, "lock wait"));
	assert_now("exit()", TRACE_UNLOAD, all, checked, 0);
	assert_now("checks..exit()", TRACE_UNLOAD, all & ~bit(TRACE_UNLOAD, "checks"), begun, 0);
	assert_now("grace period", TRACE_UNLOAD, all,
		   checked | bit(TRACE_UNLOAD, "sysfs") | bit(TRACE_UNLOAD, "teardown"),
		   bit(TRACE_UNLOAD, "grace period"));
	assert_now("lock wait..async", TRACE_UNLOAD, few, begun, 0);
	assert_now("init()", TRACE_LOAD, all, copied, bit(TRACE_LOAD, "init()"));
	assert_now("notifiers LIVE", TRACE_LOAD, all, copied, 0);
	assert_now("init()..return", TRACE_LOAD, copied | bit(TRACE_LOAD, "return"), copied, 0);
}

/* What a kernel does not have is neither a phase nor merged into one; what was not watched is. */
static void steps_that_came_later_have_phases_of_their_own(void **state)
{
	const uint32_t tags = bit(TRACE_UNLOAD, "code tags");
	const uint32_t few = bit(TRACE_UNLOAD, "start") | bit(TRACE_UNLOAD, "async") |
			     bit(TRACE_UNLOAD, "sysfs") | bit(TRACE_UNLOAD, "return");
	const uint32_t early = bit(TRACE_LOAD, "early file copy") | bit(TRACE_LOAD, "code tags");
	const uint32_t load = bit(TRACE_LOAD, "start") | bit(TRACE_LOAD, "sysfs") |
			      bit(TRACE_LOAD, "file copy") | bit(TRACE_LOAD, "return");
	struct trace_record rec;

	(void)state;
	rec = passed(TRACE_UNLOAD, few | tags | bit(TRACE_UNLOAD, "lock wait 2"), few | tags, 0);
	assert_phases("lock wait..async; code tags; sysfs; lock wait 3..return", &rec);
	rec = passed(TRACE_UNLOAD, few | tags | bit(TRACE_UNLOAD, "lock wait 2"), few, 0);
	assert_phases("lock wait..async; sysfs; lock wait 3..return", &rec);
	rec = passed(TRACE_UNLOAD, few | bit(TRACE_UNLOAD, "lock wait 2"), few, 0);
	assert_phases("lock wait..async; code tags..sysfs; lock wait 3..return", &rec);
	rec = passed(TRACE_LOAD, load | early, load | early, 0);
	assert_phases("read..sysfs; early file copy; code tags; file copy; init()..return", &rec);
	rec = passed(TRACE_LOAD, load | early, load, 0);
	assert_phases("read..sysfs; file copy; init()..return", &rec);
}

static void no_phase_sleeps_longer_than_it_takes(void **state)
{
	struct trace_record rec = passed(TRACE_UNLOAD, ~0U, ~0U, 0);
	struct trace_phase phases[TRACE_EVENTS];
	size_t i, n;

	(void)state;
	rec.off_ns[1] = 4;
	rec.off_ns[2] = 11;
	n = trace_phases(&rec, phases, LEN(phases));
	assert_in_range(n, 3, TRACE_EVENTS);
	for (i = 0; i < n; i++)
		assert_int_equal(phases[i].off_ns, i == 0 ? 4 : i == 1 ? 10 : 0);
}

static void sleep_of(struct sleeps *s, uint64_t call, uint32_t after, uint64_t since, uint64_t ns,
		     uint64_t ip)
{
	struct trace_sleep one = {
		.call = call, .pid = 7, .after = after, .since = since, .ns = ns
	};

	one.ips[0] = ip;
	assert_int_equal(sleeps_add(s, &one), 0);
}

static void assert_slept(const struct slept *s, uint64_t n, uint64_t ns, uint64_t longest,
			 const char *where)
{
	assert_int_equal(s->n, n);
	assert_int_equal(s->ns, ns);
	assert_int_equal(s->longest_ns, longest);
	assert_string_equal(s->stack.frames[0], where);
}

/* Many short ones may be more than a long one, and each belongs to a phase. */
static void sleeps_are_summed_up_by_stack(void **state)
{
	struct trace_record rec = passed(TRACE_UNLOAD, ~0U, ~0U, 0);
	const int checks = trace_event(&trace_unload, "checks"), exit = checks + 1;
	struct sleeps all = {};
	struct slept *slept;
	struct call c;
	int i;

	(void)state;
	rec.pid = 7;
	sleep_of(&all, 1, checks, 5, 9, 0x9); /* an earlier call, of which there is no record */
	sleep_of(&all, rec.ts[0], checks, rec.ts[checks] + 1, 60, 0x1);
	for (i = 0; i < 60; i++)
		sleep_of(&all, rec.ts[0], checks, rec.ts[checks] + 2, 10 + (i == 5), 0x2);
	/* preempted while the end of exit() was being written down */
	sleep_of(&all, rec.ts[0], checks, rec.ts[exit], 3, 0x3);
	assert_int_equal(all.n, 1);
	call_read(&c, &rec, sleeps_of(&all, &rec), 1);
	assert_int_equal(call_slept(&c, exit - 1, NULL, &slept), 2);
	assert_slept(&slept[0], 60, 601, 11, "0x2");
	assert_slept(&slept[1], 1, 60, 60, "0x1");
	free(slept);
	assert_int_equal(call_slept(&c, exit, NULL, &slept), 1);
	assert_slept(&slept[0], 1, 3, 3, "0x3");
	free(slept);
	assert_int_equal(call_slept(&c, 0, NULL, &slept), 0);
	free(slept);
	sleeps_drop(&all, 7);
	assert_null(sleeps_of(&all, &rec));
	sleeps_free(&all);
}

static void sleeps_take_bounded_memory(void **state)
{
	struct sleeps all = {};
	uint64_t i;

	(void)state;
	for (i = 0; i < SLEEPS_STACKS + 100; i++)
		sleep_of(&all, 1, 0, i, 1, i + 1);
	assert_int_equal(all.v[0].n, SLEEPS_STACKS + 1);
	assert_int_equal(all.v[0].v[SLEEPS_STACKS].n, 100);
	for (i = 0; i < SLEEPS_CALLS + 5; i++) {
		struct trace_sleep one = { .call = 2, .pid = 100 + i };

		assert_int_equal(sleeps_add(&all, &one), 0);
	}
	assert_int_equal(all.n, SLEEPS_CALLS);
	sleeps_free(&all);
}

static void any_loss_is_a_loss(void **state)
{
	struct trace_loss good = { .known = true, .reported = 5 }, bad;
	uint64_t *counters[] = { &bad.n.dropped,   &bad.n.lost,	  &bad.n.missed,
				 &bad.n.unmatched, &bad.unpaired, &bad.in_flight };
	size_t i;

	(void)state;
	assert_true(loss_complete(&good));
	for (i = 0; i < LEN(counters); i++) {
		bad = good;
		*counters[i] = 1;
		assert_false(loss_complete(&bad));
	}
	bad = good;
	bad.unseen = true;
	assert_false(loss_complete(&bad));
	good.known = false;
	assert_false(loss_complete(&good));
}

static void commands_are_found(void **state)
{
	(void)state;
	assert_int_equal(child_find("sh"), 0);
	assert_int_equal(child_find("/bin/sh"), 0);
	assert_int_equal(child_find("no-such-command-at-all"), EXIT_NOT_FOUND);
	assert_int_equal(child_find("/bin/no-such-command"), EXIT_NOT_FOUND);
	assert_int_equal(child_find("/etc/passwd"), EXIT_CANNOT_RUN);
	assert_int_equal(child_find("/etc"), EXIT_CANNOT_RUN);
	assert_int_equal(child_find(""), EXIT_NOT_FOUND);
}

static int run(char **argv)
{
	struct child c;
	int code;

	assert_int_equal(child_make(&c, argv), 0);
	assert_int_equal(child_go(&c), 0);
	while (!child_ended(&c))
		usleep(1000);
	code = c.code;
	child_free(&c);
	return code;
}

static void commands_run(void **state)
{
	char *three[] = { "sh", "-c", "exit 3", NULL };
	char *term[] = { "sh", "-c", "kill -TERM $$", NULL };
	char *none[] = { "/no/such/command", NULL };
	struct child c;

	(void)state;
	assert_int_equal(run(three), 3);
	assert_int_equal(run(term), 143);
	assert_int_equal(child_make(&c, none), 0);
	assert_int_equal(child_go(&c), -ENOENT);
	assert_int_equal(c.code, EXIT_NOT_FOUND);
	child_free(&c);
	assert_int_equal(child_make(&c, three), 0);
	child_free(&c); /* never let go: it ends, and is waited for */
	assert_int_equal(kill(c.pid, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_have_names),
		cmocka_unit_test(bars),
		cmocka_unit_test(bars_meet),
		cmocka_unit_test(names_are_made_fit),
		cmocka_unit_test(distances),
		cmocka_unit_test(near_names),
		cmocka_unit_test(the_nearest_names_stay),
		cmocka_unit_test(percentiles),
		cmocka_unit_test(one_unload_has_a_median),
		cmocka_unit_test(refusals_are_no_unloads),
		cmocka_unit_test(a_long_trace_takes_no_more_memory),
		cmocka_unit_test(stacks_are_trimmed),
		cmocka_unit_test(stacks_tell_why),
		cmocka_unit_test(addresses_have_names),
		cmocka_unit_test(hidden_addresses_are_refused),
		cmocka_unit_test(rows_are_in_order),
		cmocka_unit_test(failed_calls_have_the_phases_they_came_to),
		cmocka_unit_test(failed_loads_name_their_step),
		cmocka_unit_test(calls_in_flight_are_in_a_phase),
		cmocka_unit_test(steps_that_came_later_have_phases_of_their_own),
		cmocka_unit_test(no_phase_sleeps_longer_than_it_takes),
		cmocka_unit_test(sleeps_are_summed_up_by_stack),
		cmocka_unit_test(sleeps_take_bounded_memory),
		cmocka_unit_test(any_loss_is_a_loss),
		cmocka_unit_test(commands_are_found),
		cmocka_unit_test(commands_run),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
