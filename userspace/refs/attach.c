// SPDX-License-Identifier: GPL-2.0
/*
 * The user half of refcost refs: what counts references, attached and taken off again.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "base/refcost.h"
#include "bpf/refs.skel.h"
#include "machine/bpf.h"
#include "machine/kstruct.h"
#include "machine/module.h"
#include "refs/count.h"

static int load(struct refs *r)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct kstruct_module at = kstruct_module(btf);
	int err;

	r->module_at = btf ? kstruct_at(btf, "module_kobject", "mod") : -1;
	btf__free(btf);
	if (at.state < 0 || at.name < 0)
		return -ENODATA;
	r->bpf = refs_bpf__open();
	if (!r->bpf)
		return -errno;
	r->bpf->rodata->state_at = at.state;
	r->bpf->rodata->name_at = at.name;
	r->bpf->rodata->module_at = r->module_at;
	prctl(PR_GET_NAME, (char *)r->bpf->rodata->own);
	bpf_map__set_max_entries(r->bpf->maps.counts, r->cap);
	bpf_map__set_max_entries(r->bpf->maps.tasks, r->cap);
	memcpy((char *)r->bpf->rodata->module, r->module, sizeof(r->module));
	err = refs_bpf__load(r->bpf);
	r->counts_fd = bpf_map__fd(r->bpf->maps.counts);
	r->tasks_fd = bpf_map__fd(r->bpf->maps.tasks);
	r->account_fd = bpf_map__fd(r->bpf->maps.account);
	return err;
}

static int attach_one(struct refs *r, struct bpf_program *prog)
{
	struct bpf_link *link = bpf_program__attach(prog);
	int err;

	err = libbpf_get_error(link);
	if (err)
		return err;
	r->links[r->nr_progs] = link;
	r->progs[r->nr_progs++] = prog;
	return 0;
}

/* A kernel need not have 32-bit callers. */
static void attach_compat(struct refs *r)
{
	static const char *const names[] = { "on_deleted_compat", "on_delete_compat" };
	struct bpf_program *prog;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		prog = bpf_object__find_program_by_name(r->bpf->obj, names[i]);
		if (prog)
			attach_one(r, prog);
	}
}

/* Puts before gets: each reference that is seen to be taken is seen to be given back. */
static int attach(struct refs *r)
{
	int err;

	err = attach_one(r, r->bpf->progs.on_load);
	if (!err)
		err = attach_one(r, r->bpf->progs.on_free);
	if (!err)
		err = attach_one(r, r->bpf->progs.on_put);
	if (!err)
		err = attach_one(r, r->bpf->progs.on_get);
	if (err)
		return err;
	if (attach_one(r, r->bpf->progs.on_delete) || attach_one(r, r->bpf->progs.on_deleted))
		r->note =
			"refused unloads are not seen: they take tracefs (mount -t tracefs tracefs "
			"/sys/kernel/tracing) and CONFIG_FTRACE_SYSCALLS";
	if (r->module_at < 0 || attach_one(r, r->bpf->progs.on_show))
		r->note =
			r->note ?: "kmod's reading of the count is not seen: it takes BTF and kprobes";
	attach_compat(r);
	return 0;
}

static int on_refusal(void *ctx, void *data, size_t size)
{
	struct refs *r = ctx;

	if (size >= sizeof(r->last))
		memcpy(&r->last, data, sizeof(r->last));
	r->refused += !r->last.read;
	return 0;
}

static int complain(int err, char *line, size_t len)
{
	if (err == -ENOMEM || err == -E2BIG)
		snprintf(line, len, "no memory for the counts: give a smaller --rows");
	else if (err == -ENODATA)
		snprintf(line, len,
			 "where a module's name is in this kernel is not known: it needs BTF "
			 "(CONFIG_DEBUG_INFO_BTF)");
	else
		snprintf(line, len,
			 "the kernel refuses to count references (%s): it needs Linux 5.8 with "
			 "CONFIG_BPF_EVENTS and CONFIG_MODULE_UNLOAD, and no lockdown for "
			 "confidentiality; REFCOST_DEBUG=1 shows libbpf's own words",
			 strerror(-err));
	return err == -EPERM || err == -EACCES || err == -ENOMEM ? -err : ENOTSUP;
}

struct refs *refs_open(const char *module, uint32_t rows, char *line, size_t len)
{
	struct refs *r = calloc(1, sizeof(*r));
	int err = -ENOMEM;

	if (!r)
		goto fail;
	libbpf_set_print(bpf_print);
	snprintf(r->module, sizeof(r->module), "%s", module);
	module_spell(r->module);
	r->stats_fd = -1;
	r->cap = rows;
	r->cpus = libbpf_num_possible_cpus();
	if (r->cpus < 0 || !refs_count_room(r))
		goto fail;
	err = load(r);
	if (!err)
		err = attach(r);
	if (err)
		goto fail;
	r->begun_ns = now_ns();
	r->ring = ring_buffer__new(bpf_map__fd(r->bpf->maps.refusals), on_refusal, r, NULL);
	err = r->ring ? refs_count_begin(r) : -errno;
	if (!err)
		return r;
fail:
	err = complain(err, line, len);
	refs_close(r);
	errno = err;
	return NULL;
}

const char *refs_note(const struct refs *r)
{
	return r->note;
}

const char *refs_module(const struct refs *r)
{
	return r->module;
}

int refs_wait(struct refs *r, int timeout_ms, int fd, struct refs_refusal *last)
{
	struct pollfd fds[] = {
		{ .fd = ring_buffer__epoll_fd(r->ring), .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};
	int n;

	poll(fds, 2, timeout_ms);
	r->refused = 0;
	n = ring_buffer__consume(r->ring);
	if (n > 0)
		*last = r->last;
	return n < 0 ? n : n && r->refused ? r->refused : n;
}

uint64_t refs_missed(const struct refs *r)
{
	struct bpf_prog_info info;
	uint64_t missed = 0;
	size_t i;

	for (i = 0; i < r->nr_progs; i++)
		if (!bpf_info(r->progs[i], &info))
			missed += info.recursion_misses;
	return missed;
}

int refs_stats_enable(struct refs *r)
{
	r->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	return r->stats_fd < 0 ? -errno : 0;
}

size_t refs_prog_stats(const struct refs *r, struct bpf_cost *out, size_t cap)
{
	struct bpf_prog_info info;
	size_t i, n = 0;

	for (i = 0; i < r->nr_progs && n < cap; i++) {
		const char *section = bpf_program__section_name(r->progs[i]);

		if (bpf_info(r->progs[i], &info))
			continue;
		out[n++] = (struct bpf_cost){ bpf_program__name(r->progs[i]),
					      strrchr(section, '/') + 1, info.run_cnt,
					      info.run_time_ns, info.recursion_misses };
	}
	return n;
}

void refs_close(struct refs *r)
{
	if (!r)
		return;
	ring_buffer__free(r->ring);
	while (r->nr_progs)
		bpf_link__destroy(r->links[--r->nr_progs]);
	refs_bpf__destroy(r->bpf);
	if (r->stats_fd >= 0)
		close(r->stats_fd);
	refs_count_free(r);
	free(r);
}
