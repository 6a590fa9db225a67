// SPDX-License-Identifier: GPL-2.0
/*
 * compat delete MODULE | finit FILE | init FILE: the call as 32-bit programs make it, by int 0x80.
 *
 * Exits with the errno. Compiled for 64 bits: what the kernel sees is the way in, and arguments
 * that fit.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Numbers of the 32-bit system calls. */
#define INIT   128
#define DELETE 129
#define FINIT  350

static long call(long nr, long a, long b, long c)
{
	long ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(nr), "b"(a), "c"(b), "d"(c)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

/* Memory that a 32-bit pointer reaches; fd -1: fresh. */
static char *low(size_t size, int fd)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_32BIT | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
}

int main(int argc, char **argv)
{
	char *text = low(4096, -1), *image;
	struct stat st;
	long ret;
	int fd;

	if (argc != 3 || text == MAP_FAILED)
		return 64;
	if (!strcmp(argv[1], "delete")) {
		snprintf(text, 4096, "%s", argv[2]);
		return -call(DELETE, (long)text, O_NONBLOCK, 0);
	}
	fd = open(argv[2], O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		return errno;
	if (!strcmp(argv[1], "finit")) {
		ret = call(FINIT, fd, (long)text, 0);
	} else {
		image = low(st.st_size, fd);
		if (image == MAP_FAILED)
			return errno;
		ret = call(INIT, (long)image, st.st_size, (long)text);
	}
	return -ret;
}
