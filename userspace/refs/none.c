// SPDX-License-Identifier: GPL-2.0
/*
 * What a build without clang has for a counter of references.
 */
#ifdef REFCOST_NO_BPF

#include <errno.h>
#include <stdio.h>

#include "refs/refs.h"

struct refs *refs_open(const char *module, uint32_t rows, char *err, size_t errlen)
{
	(void)module;
	(void)rows;
	snprintf(err, errlen, "built without the tracer: install clang and libbpf-dev, then make");
	errno = ENOTSUP;
	return NULL;
}

const char *refs_note(const struct refs *r)
{
	(void)r;
	return NULL;
}

const char *refs_module(const struct refs *r)
{
	(void)r;
	return "";
}

int refs_wait(struct refs *r, int timeout_ms, int fd, struct refs_refusal *last)
{
	(void)r;
	(void)timeout_ms;
	(void)fd;
	(void)last;
	return -ENOTSUP;
}

int refs_read(struct refs *r, struct refs_state *out, struct refs_balance *balance)
{
	(void)r;
	(void)out;
	(void)balance;
	return -ENOTSUP;
}

int refs_read_balance(struct refs *r, struct refs_state *out, struct refs_balance *balance)
{
	return refs_read(r, out, balance);
}

size_t refs_users(const struct refs *r, char (*names)[REFS_NAME_LEN], size_t cap)
{
	(void)r;
	(void)names;
	(void)cap;
	return 0;
}

uint64_t refs_missed(const struct refs *r)
{
	(void)r;
	return 0;
}

int refs_stats_enable(struct refs *r)
{
	(void)r;
	return -ENOTSUP;
}

size_t refs_prog_stats(const struct refs *r, struct bpf_cost *out, size_t cap)
{
	(void)r;
	(void)out;
	(void)cap;
	return 0;
}

void refs_close(struct refs *r)
{
	(void)r;
}

#endif
