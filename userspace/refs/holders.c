// SPDX-License-Identifier: GPL-2.0
/*
 * Who may hold references on a module now: the list of what was found.
 */
#include "refs/holders.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcost.h"
#include "base/text.h"

static const char *const kinds[] = {
	[HOLDER_MODULE] = "module", [HOLDER_MOUNT] = "mount",	  [HOLDER_FILE] = "file",
	[HOLDER_SOCKET] = "socket", [HOLDER_LOOP] = "loop",	  [HOLDER_SWAP] = "swap",
	[HOLDER_BLOCK] = "block",   [HOLDER_QDISC] = "qdisc",	  [HOLDER_NFT] = "nft",
	[HOLDER_CRYPTO] = "crypto", [HOLDER_XTABLES] = "xtables", [HOLDER_SYSCTL] = "sysctl",
	[HOLDER_NETDEV] = "netdev", [HOLDER_DRIVER] = "driver",
};

const char *holder_kind_name(enum holder_kind kind)
{
	return kinds[kind];
}

struct holder *holders_add(struct holders *h, enum holder_kind kind, enum holder_sure sure,
			   long least, long most, const char *fmt, ...)
{
	static struct holder nowhere;
	char what[512];
	struct holder *v = array_append((void **)&h->v, &h->n, sizeof(*v));
	va_list args;

	if (!v)
		return &nowhere;
	*v = (struct holder){ .kind = kind, .sure = sure, .least = least, .most = most };
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	text_clean(v->what, sizeof(v->what), what);
	return v;
}

void holders_free(struct holders *h)
{
	free(h->v);
	insiders_free(&h->inside);
	h->v = NULL;
	h->n = 0;
}

long holders_sum(const struct holders *h, long *most)
{
	long least = 0;
	size_t i;

	*most = 0;
	for (i = 0; i < h->n; i++) {
		least += h->v[i].least;
		*most += h->v[i].most;
	}
	return least;
}

long holders_unexplained(const struct holders *h)
{
	long most;

	holders_sum(h, &most);
	return h->count > most ? h->count - most : 0;
}

bool holders_unprotected(const struct holders *h)
{
	size_t i;

	for (i = 0; !h->count && i < h->n; i++)
		if (h->v[i].kind == HOLDER_FILE && h->v[i].least)
			return true;
	return false;
}
