// SPDX-License-Identifier: GPL-2.0
/*
 * What of the network holds a module: qdiscs, nftables and xtables, in all network namespaces.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/env.h"
#include "refs/look.h"
#include "refs/look_xtables.h"

#define NAMESPACES 256
#define REPLY	   65536

struct net {
	struct holders *h;
	struct owner *o;
	const char *where; /* "", or which namespace this is */
	ino_t seen[NAMESPACES];
	size_t nr_seen;
	char whose[64];
};

typedef void (*on_reply)(struct net *n, const struct nlmsghdr *msg);

/* An attribute of a list; NULL if there is none. */
static const struct nlattr *find(const void *list, int len, int type)
{
	const struct nlattr *a = list;

	while (len >= (int)sizeof(*a) && a->nla_len >= sizeof(*a) && a->nla_len <= len) {
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		len -= NLA_ALIGN(a->nla_len);
		a = (const void *)((const char *)a + NLA_ALIGN(a->nla_len));
	}
	return NULL;
}

static const void *inside(const struct nlattr *a)
{
	return a + 1;
}

static int size(const struct nlattr *a)
{
	return a->nla_len - (int)sizeof(*a);
}

/* The text of an attribute, "" if there is none. */
static const char *text(const void *list, int len, int type, char *buf, size_t room)
{
	const struct nlattr *a = find(list, len, type);

	snprintf(buf, room, "%.*s", a ? size(a) : 0, a ? (const char *)inside(a) : "");
	return buf;
}

/* Hand all of a dump to visit. Without an answer there is nothing to find. */
static void dump(struct net *n, int protocol, int type, const void *request, size_t len,
		 on_reply visit)
{
	struct {
		struct nlmsghdr head;
		char body[64];
	} ask = { .head = { NLMSG_LENGTH(len), type, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 } };
	struct timeval patience = { .tv_sec = 1 };
	char *reply = malloc(REPLY);
	struct nlmsghdr *msg;
	bool more = reply;
	int got, fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	memcpy(ask.body, request, len);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (fd < 0 || send(fd, &ask, ask.head.nlmsg_len, 0) < 0)
		more = false;
	while (more && (got = recv(fd, reply, REPLY, 0)) > 0)
		for (msg = (void *)reply; more && NLMSG_OK(msg, (unsigned int)got);
		     msg = NLMSG_NEXT(msg, got)) {
			more = msg->nlmsg_type != NLMSG_DONE && msg->nlmsg_type != NLMSG_ERROR;
			if (more)
				visit(n, msg);
		}
	if (fd >= 0)
		close(fd);
	free(reply);
}

static bool owns_qdisc(const struct owner *o, const char *kind)
{
	return owner_is(o, "sch_%s", kind) || owner_alias(o, "sch_%s", kind) ||
	       owner_alias(o, "net-sch-%s", kind) ||
	       (!strcmp(kind, "clsact") && owner_is(o, "sch_ingress"));
}

static void on_qdisc(struct net *n, const struct nlmsghdr *msg)
{
	const struct tcmsg *tc = NLMSG_DATA(msg);
	char kind[32], dev[IF_NAMESIZE];

	if (msg->nlmsg_type != RTM_NEWQDISC)
		return;
	text(TCA_RTA(tc), TCA_PAYLOAD(msg), TCA_KIND, kind, sizeof(kind));
	if (owns_qdisc(n->o, kind))
		holders_add(n->h, HOLDER_QDISC, HOLDER_SURE, 1, 1, "qdisc %s on %s%s", kind,
			    if_indextoname(tc->tcm_ifindex, dev) ?: "?", n->where);
}

/* A tun device that stays without a user. */
static bool is_persistent(const struct nlattr *info, const char *kind)
{
	const struct nlattr *data = find(inside(info), size(info), IFLA_INFO_DATA), *persist;

	if (strcmp(kind, "tun") || !data)
		return false;
	persist = find(inside(data), size(data), IFLA_TUN_PERSIST);
	return persist && size(persist) && *(const char *)inside(persist);
}

/* Most network devices go with their module and hold none. */
static void on_link(struct net *n, const struct nlmsghdr *msg)
{
	const struct ifinfomsg *link = NLMSG_DATA(msg);
	const struct nlattr *info;
	char kind[32], name[IF_NAMESIZE];
	long holds;

	info = find(IFLA_RTA(link), IFLA_PAYLOAD(msg), IFLA_LINKINFO);
	if (msg->nlmsg_type != RTM_NEWLINK || !info)
		return;
	text(inside(info), size(info), IFLA_INFO_KIND, kind, sizeof(kind));
	text(IFLA_RTA(link), IFLA_PAYLOAD(msg), IFLA_IFNAME, name, sizeof(name));
	if (!*kind || !(owner_alias(n->o, "rtnl-link-%s", kind) || owner_is(n->o, "%s", kind)))
		return;
	holds = is_persistent(info, kind);
	holders_add(n->h, HOLDER_NETDEV, HOLDER_SURE, holds, holds, "%snetwork device %s%s",
		    holds ? "persistent " : "", name, n->where);
}

/* Of a match or target that nftables borrows of xtables, the module is named like its own. */
static bool owns_extension(const struct owner *o, const char *name)
{
	return owner_is(o, "xt_%s", name) || owner_is(o, "ipt_%s", name) ||
	       owner_is(o, "ip6t_%s", name) || owner_is(o, "ebt_%s", name) ||
	       owner_alias(o, "xt_%s", name) || owner_alias(o, "ipt_%s", name) ||
	       owner_alias(o, "ip6t_%s", name) || owner_alias(o, "ebt_%s", name);
}

/* Expressions that nf_tables has itself. */
static bool is_basic(const char *name)
{
	static const char *const basic[] = { "immediate", "cmp",     "lookup", "bitwise",
					     "byteorder", "payload", "dynset", "range",
					     "meta",	  "rt",	     "exthdr", "last",
					     "counter",	  "objref",  "inner" };
	size_t i;

	for (i = 0; i < sizeof(basic) / sizeof(basic[0]); i++)
		if (!strcmp(basic[i], name))
			return true;
	return false;
}

static void on_expression(struct net *n, const struct nlattr *elem, const char *where)
{
	const struct nlattr *data = find(inside(elem), size(elem), NFTA_EXPR_DATA);
	char name[32], other[32] = "";

	text(inside(elem), size(elem), NFTA_EXPR_NAME, name, sizeof(name));
	if (owner_alias(n->o, "nft-expr-%s", name) || owner_alias(n->o, "nft-expr-*-%s", name) ||
	    owner_is(n->o, "nft_%s", name) || (owner_is(n->o, "nf_tables") && is_basic(name)))
		holders_add(n->h, HOLDER_NFT, HOLDER_SURE, 1, 1, "nft: %s in a rule of %s%s", name,
			    where, n->where);
	if (!data || (strcmp(name, "match") && strcmp(name, "target")))
		return;
	text(inside(data), size(data), *name == 'm' ? NFTA_MATCH_NAME : NFTA_TARGET_NAME, other,
	     sizeof(other));
	if (owns_extension(n->o, other))
		holders_add(n->h, HOLDER_NFT, HOLDER_SURE, 1, 1, "nft: %s %s in a rule of %s%s",
			    name, other, where, n->where);
}

static void on_rule(struct net *n, const struct nlmsghdr *msg)
{
	const char *list = (const char *)NLMSG_DATA(msg) + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	int len = NLMSG_PAYLOAD(msg, NLMSG_ALIGN(sizeof(struct nfgenmsg))), left;
	char table[64], chain[64], where[144];
	const struct nlattr *all, *elem;

	if ((msg->nlmsg_type & 0xff) != NFT_MSG_NEWRULE)
		return;
	snprintf(where, sizeof(where), "%s %s",
		 text(list, len, NFTA_RULE_TABLE, table, sizeof(table)),
		 text(list, len, NFTA_RULE_CHAIN, chain, sizeof(chain)));
	all = find(list, len, NFTA_RULE_EXPRESSIONS);
	if (!all)
		return;
	elem = inside(all);
	left = size(all);
	while (left >= (int)sizeof(*elem) && elem->nla_len >= sizeof(*elem) &&
	       elem->nla_len <= left) {
		on_expression(n, elem, where);
		left -= NLA_ALIGN(elem->nla_len);
		elem = (const void *)((const char *)elem + NLA_ALIGN(elem->nla_len));
	}
}

static void on_chain(struct net *n, const struct nlmsghdr *msg)
{
	const struct nfgenmsg *head = NLMSG_DATA(msg);
	const char *list = (const char *)head + NLMSG_ALIGN(sizeof(*head));
	int len = NLMSG_PAYLOAD(msg, NLMSG_ALIGN(sizeof(*head)));
	char table[64], chain[64], type[32];

	if ((msg->nlmsg_type & 0xff) != NFT_MSG_NEWCHAIN)
		return;
	text(list, len, NFTA_CHAIN_TYPE, type, sizeof(type));
	if (*type && owner_alias(n->o, "nft-chain-%u-%s", head->nfgen_family, type))
		holders_add(n->h, HOLDER_NFT, HOLDER_SURE, 1, 1, "nft: %s chain %s %s%s", type,
			    text(list, len, NFTA_CHAIN_TABLE, table, sizeof(table)),
			    text(list, len, NFTA_CHAIN_NAME, chain, sizeof(chain)), n->where);
}

/* Asking loads modules where nobody uses them: do not, unless nf_tables is there. */
static bool has_nftables(void)
{
	return !access("/sys/module/nf_tables", F_OK);
}

static void look_here(struct net *n)
{
	struct nfgenmsg nft = { .nfgen_family = AF_UNSPEC };
	struct ifinfomsg link = {};
	struct tcmsg tc = {};

	dump(n, NETLINK_ROUTE, RTM_GETQDISC, &tc, sizeof(tc), on_qdisc);
	dump(n, NETLINK_ROUTE, RTM_GETLINK, &link, sizeof(link), on_link);
	if (has_nftables()) {
		dump(n, NETLINK_NETFILTER, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE, &nft,
		     sizeof(nft), on_rule);
		dump(n, NETLINK_NETFILTER, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, &nft,
		     sizeof(nft), on_chain);
	}
	look_xtables(n->h, owns_extension, n->o, n->where);
}

static bool new_namespace(struct net *n, ino_t ino)
{
	size_t i;

	for (i = 0; i < n->nr_seen; i++)
		if (n->seen[i] == ino)
			return false;
	if (n->nr_seen < NAMESPACES)
		n->seen[n->nr_seen++] = ino;
	return true;
}

static void look_there(struct net *n, const char *path)
{
	struct stat st;
	int fd;

	if (stat(path, &st) || !new_namespace(n, st.st_ino))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (!setns(fd, CLONE_NEWNET))
		look_here(n);
	close(fd);
}

static void on_process(unsigned int pid, const char *dir, void *arg)
{
	struct net *n = arg;
	char path[64], who[32];

	(void)pid;
	snprintf(path, sizeof(path), "%s/ns/net", dir);
	snprintf(n->whose, sizeof(n->whose), " of %s", look_command(dir, who, sizeof(who)));
	n->where = n->whose;
	look_there(n, path);
}

/* Namespaces that ip-netns(8) named, where perhaps nobody lives. */
static void look_named(struct net *n)
{
	const struct dirent *entry;
	char path[512];
	DIR *dir = opendir("/run/netns");

	while (dir && (entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "/run/netns/%s", entry->d_name);
		snprintf(n->whose, sizeof(n->whose), " of netns %.40s", entry->d_name);
		n->where = n->whose;
		look_there(n, path);
	}
	if (dir)
		closedir(dir);
}

void look_net(struct holders *h, struct owner *o)
{
	struct net *n = calloc(1, sizeof(*n));
	struct stat st;
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	/* a made-up machine has no network */
	if (!n || home < 0 || fstat(home, &st) || getenv("REFCOST_SYSROOT"))
		goto out;
	n->h = h;
	n->o = o;
	n->where = "";
	n->seen[n->nr_seen++] = st.st_ino;
	look_here(n);
	look_named(n);
	look_processes(on_process, n);
	if (setns(home, CLONE_NEWNET))
		abort(); /* what is reported would be of another namespace from here on */
out:
	if (home >= 0)
		close(home);
	free(n);
}
