// SPDX-License-Identifier: GPL-2.0
/*
 * Reports of refcost refs, before they are printed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "refs/ksites.h"
#include "refs/out.h"

int refs_name(struct refs_report *rep, const struct ksyms *syms)
{
	struct ksites *names = ksites_open("/proc/kallsyms", syms);
	char buf[KSITE_LEN];
	size_t i;

	rep->seen = calloc(rep->state.nr_rows + 1, sizeof(*rep->seen));
	for (i = 0; names && rep->seen && i < rep->state.nr_rows; i++) {
		struct refs_seen *s = &rep->seen[i];

		s->row = &rep->state.rows[i];
		/* rows come by address: most repeat the one before */
		if (i && s[-1].row->ip == s->row->ip) {
			s->site = s[-1].site ? strdup(s[-1].site) : NULL;
			s->at = s[-1].at ? strdup(s[-1].at) : NULL;
		} else {
			s->site = strdup(ksites_name(names, s->row->ip, rep->offsets, buf));
			s->at = strdup(ksites_name(names, s->row->ip, true, buf));
		}
		if (!s->site || !s->at)
			break;
	}
	ksites_free(names);
	if (names && rep->seen && i == rep->state.nr_rows)
		return 0;
	refs_unname(rep);
	return -ENOMEM;
}

void refs_unname(struct refs_report *rep)
{
	size_t i;

	for (i = 0; rep->seen && i < rep->state.nr_rows; i++) {
		free(rep->seen[i].site);
		free(rep->seen[i].at);
	}
	free(rep->seen);
	rep->seen = NULL;
}

bool refs_complete(const struct refs_report *rep)
{
	return !rep->missed && !rep->state.lost[REFS_GET] && !rep->state.lost[REFS_PUT] &&
	       !(rep->balance.checked && rep->balance.off);
}

const char *refs_command(const struct refs_row *row, char *buf)
{
	return text_clean(buf, sizeof(row->comm) + 1, *row->comm ? row->comm : "?");
}
