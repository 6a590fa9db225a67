// SPDX-License-Identifier: GPL-2.0
/*
 * Open files and sockets that hold a module.
 */
#include <dirent.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "machine/env.h"
#include "refs/look.h"

#define PROTOCOLS 8
#define FILES	  1024

/* An open file that was found: a child may have the same one. */
struct open_file {
	unsigned int pid, fd;
};

struct files {
	struct holders *h;
	struct owner *o;
	char protocols[PROTOCOLS][32];
	size_t nr_protocols;
	long sockets;
	struct open_file v[FILES];
	size_t n;
};

/* Protocols of the module, as the kernel lists them with their modules; how many sockets. */
static void read_protocols(struct files *s)
{
	char path[LOOK_PATH], line[256], name[32], module[64];
	long sockets;
	FILE *f = fopen(env_path("/proc/net/protocols", path, sizeof(path)), "re");

	while (f && s->nr_protocols < PROTOCOLS && fgets(line, sizeof(line), f))
		if (sscanf(line, "%31s %*s %ld %*s %*s %*s %*s %63s", name, &sockets, module) ==
			    3 &&
		    owner_is(s->o, "%s", module)) {
			strcpy(s->protocols[s->nr_protocols++], name);
			s->sockets += sockets;
		}
	if (f)
		fclose(f);
}

/* The same open file as one that was found: of a fork, or passed on. */
static bool is_known(struct files *s, unsigned int pid, unsigned int fd)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (!syscall(SYS_kcmp, s->v[i].pid, pid, KCMP_FILE, s->v[i].fd, fd))
			return true;
	if (s->n < FILES)
		s->v[s->n++] = (struct open_file){ pid, fd };
	return false;
}

static bool is_its_socket(const struct files *s, const char *path)
{
	char protocol[64];
	ssize_t len;
	size_t i;

	if (!s->nr_protocols)
		return false;
	len = getxattr(path, "system.sockprotoname", protocol, sizeof(protocol) - 1);
	if (len < 0)
		return false;
	protocol[len] = '\0';
	for (i = 0; i < s->nr_protocols; i++)
		if (!strcmp(s->protocols[i], protocol))
			return true;
	return false;
}

/* Files without a name in any file system are named after who made them: anon_inode:kvm-vm. */
static bool is_its_anonymous(const struct files *s, const char *name)
{
	char word[64];

	if (strncmp(name, "anon_inode:", 11))
		return false;
	name += 11 + (name[11] == '[');
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(name, "-:]"), name);
	return *word && owner_is(s->o, "%s", word);
}

static void on_file(struct files *s, unsigned int pid, const char *dir, const char *fd)
{
	char link[LOOK_PATH], path[LOOK_PATH], name[256], who[32];
	enum holder_kind kind = HOLDER_FILE;
	enum holder_sure sure = HOLDER_LIKELY;
	struct stat st;
	long most = 2; /* of a character device: its cdev's owner and its operations' */
	ssize_t len;

	snprintf(link, sizeof(link), "%s/fd/%s", dir, fd);
	env_path(link, path, sizeof(path));
	len = readlink(path, name, sizeof(name) - 1);
	if (len < 0)
		return;
	name[len] = '\0';
	if (!stat(path, &st) && S_ISBLK(st.st_mode))
		most = 1;
	if (!strncmp(name, "socket:", 7)) {
		if (!is_its_socket(s, path))
			return;
		kind = HOLDER_SOCKET;
		sure = HOLDER_SURE;
	} else if (!look_device(s->o, path, &sure) && !is_its_anonymous(s, name)) {
		return;
	}
	if (is_known(s, pid, strtoul(fd, NULL, 10)))
		return;
	look_command(dir, who, sizeof(who));
	s->sockets -= kind == HOLDER_SOCKET;
	holders_add(s->h, kind, sure, 1, most, "%s has %s open as %s", who, name, fd)->pid = pid;
}

static void on_process(unsigned int pid, const char *dir, void *arg)
{
	char link[LOOK_PATH], path[LOOK_PATH];
	const struct dirent *entry;
	DIR *fds;

	snprintf(link, sizeof(link), "%s/fd", dir);
	fds = opendir(env_path(link, path, sizeof(path)));
	while (fds && (entry = readdir(fds)))
		if (*entry->d_name != '.')
			on_file(arg, pid, dir, entry->d_name);
	if (fds)
		closedir(fds);
}

void look_files(struct holders *h, struct owner *o)
{
	struct files *s = calloc(1, sizeof(*s));

	if (!s)
		return;
	s->h = h;
	s->o = o;
	read_protocols(s);
	look_processes(on_process, s);
	if (s->sockets > 0)
		holders_add(h, HOLDER_SOCKET, HOLDER_SURE, s->sockets, 2 * s->sockets,
			    "%ld sockets of protocol %s that no process has open", s->sockets,
			    s->protocols[0]);
	free(s);
}
