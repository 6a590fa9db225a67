// SPDX-License-Identifier: GPL-2.0
/*
 * Rules of iptables and ip6tables that hold a module.
 */
#include "refs/look_xtables.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

/* One of the two families, whose structures differ in size and in nothing else that counts here. */
struct family {
	int pf, level, info, entries;
	const char *names;
	const char *command;
	size_t entry, matches; /* of struct ipt_entry: its size, its @elems */
	size_t target, next;
};

static const struct family families[] = {
	{ AF_INET, IPPROTO_IP, IPT_SO_GET_INFO, IPT_SO_GET_ENTRIES, "/proc/net/ip_tables_names",
	  "iptables", sizeof(struct ipt_entry), offsetof(struct ipt_entry, elems),
	  offsetof(struct ipt_entry, target_offset), offsetof(struct ipt_entry, next_offset) },
	{ AF_INET6, IPPROTO_IPV6, IP6T_SO_GET_INFO, IP6T_SO_GET_ENTRIES,
	  "/proc/net/ip6_tables_names", "ip6tables", sizeof(struct ip6t_entry),
	  offsetof(struct ip6t_entry, elems), offsetof(struct ip6t_entry, target_offset),
	  offsetof(struct ip6t_entry, next_offset) },
};

struct search {
	struct holders *h;
	bool (*owns)(const struct owner *o, const char *name);
	const struct owner *o;
	const char *where;
	const struct family *family;
	const char *table;
};

static unsigned int short_at(const char *p)
{
	uint16_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

static void on_extension(const struct search *s, const char *what, const char *name)
{
	if (s->owns(s->o, name))
		holders_add(s->h, HOLDER_XTABLES, HOLDER_SURE, 1, 1,
			    "%s: %s %s in a rule of table %s%s", s->family->command, what, name,
			    s->table, s->where);
}

/* A rule is matches up to its target; each begins with its size and its name. */
static void on_rule(const struct search *s, const char *rule, unsigned int target)
{
	const struct xt_entry_target *t = (const void *)(rule + target);
	unsigned int at = s->family->matches;

	while (at + sizeof(struct xt_entry_match) <= target) {
		const struct xt_entry_match *m = (const void *)(rule + at);

		if (m->u.match_size < sizeof(*m))
			return;
		on_extension(s, "match", m->u.user.name);
		at += m->u.match_size;
	}
	if (*t->u.user.name)
		on_extension(s, "target", t->u.user.name);
}

static void on_entries(const struct search *s, const char *entries, unsigned int size)
{
	const struct family *f = s->family;
	unsigned int at = 0, next, target;

	while (at + f->entry <= size) {
		target = short_at(entries + at + f->target);
		next = short_at(entries + at + f->next);
		if (next < f->entry || at + next > size ||
		    target + sizeof(struct xt_entry_target) > next)
			return;
		on_rule(s, entries + at, target);
		at += next;
	}
}

/* The kernel wants to hear how large a table is before it hands it out. */
static void on_table(const struct search *s)
{
	struct ipt_getinfo info = {};
	socklen_t len = sizeof(info);
	struct ipt_get_entries *all = NULL;
	int fd = socket(s->family->pf, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	snprintf(info.name, sizeof(info.name), "%s", s->table);
	if (fd < 0 || getsockopt(fd, s->family->level, s->family->info, &info, &len))
		goto out;
	len = offsetof(struct ipt_get_entries, entrytable) + info.size;
	all = calloc(1, len);
	if (!all)
		goto out;
	snprintf(all->name, sizeof(all->name), "%s", s->table);
	all->size = info.size;
	if (!getsockopt(fd, s->family->level, s->family->entries, all, &len))
		on_entries(s, (const char *)all->entrytable, info.size);
out:
	free(all);
	if (fd >= 0)
		close(fd);
}

void look_xtables(struct holders *h, bool (*owns)(const struct owner *o, const char *name),
		  const struct owner *o, const char *where)
{
	char table[XT_TABLE_MAXNAMELEN];
	size_t i;

	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		struct search s = { h, owns, o, where, &families[i], table };
		FILE *f = fopen(families[i].names, "re");

		while (f && fscanf(f, "%31s", table) == 1)
			on_table(&s);
		if (f)
			fclose(f);
	}
}
