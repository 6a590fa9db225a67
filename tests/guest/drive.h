/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What programs share that drive the modules by system calls and draw what they do from a seed.
 */
#ifndef REFCOST_TESTS_DRIVE_H
#define REFCOST_TESTS_DRIVE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "refcost_uapi.h"

#define USEC 1000ULL
#define MSEC 1000000ULL

static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

struct rng {
	uint64_t state;
};

static inline uint64_t draw(struct rng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static inline uint64_t below(struct rng *r, uint64_t n)
{
	return draw(r) % n;
}

static inline bool chance(struct rng *r, unsigned int permille)
{
	return below(r, 1000) < permille;
}

struct module {
	const char *name;
	void *image;
	size_t size;
};

/* From where it was built. The whole file, so that loading it needs no descriptor. */
static inline bool module_read(struct module *m, const char *dir)
{
	char path[4096];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/%s.ko", dir, m->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return false;
	m->size = st.st_size;
	m->image = malloc(m->size);
	if (!m->image || read(fd, m->image, m->size) != (ssize_t)m->size)
		return false;
	close(fd);
	return true;
}

static inline int module_load(const struct module *m, const char *params)
{
	return syscall(SYS_init_module, m->image, m->size, params) ? errno : 0;
}

static inline int module_unload(const struct module *m, int flags)
{
	return syscall(SYS_delete_module, m->name, flags) ? errno : 0;
}

/* Gone, also where somebody has it for a moment. */
static inline bool module_gone(const struct module *m)
{
	uint64_t until = now_ns() + 10000 * MSEC;
	int err;

	while ((err = module_unload(m, O_NONBLOCK)) && err != ENOENT && now_ns() < until)
		usleep(1000);
	if (err && err != ENOENT)
		printf("# rmmod %s: %s\n", m->name, strerror(err));
	return !err || err == ENOENT;
}

#endif
