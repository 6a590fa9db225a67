// SPDX-License-Identifier: GPL-2.0
/*
 * The refcost command, as often as asked and without the time that its start takes: forked -o FILE
 * -s SECONDS reads the words of a command from each line of standard input, tabs between them, runs
 * it in a child, and answers with the status of waitpid(2). What the child says on standard error
 * is in FILE.
 */
#define main refcost_main
#include "../userspace/main.c"
#undef main

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

/*
 * A minute asleep is a hang, however busy the machine is; the rest is judged by the CPU time that
 * it took.
 */
#define ASLEEP 60

static int redirect(const char *path, int flags, int fd)
{
	int from = open(path, flags, 0600);

	return from >= 0 && dup2(from, fd) >= 0 ? close(from) : -1;
}

static int child(char *line, const char *err, rlim_t seconds)
{
	struct rlimit limit = { seconds, seconds + 1 };
	char *words[64], *rest;
	int n = 0;

	words[n++] = (char *)"refcost";
	for (char *w = strtok_r(line, "\t\n", &rest); w && n < 63;
	     w = strtok_r(NULL, "\t\n", &rest))
		words[n++] = w;
	words[n] = NULL;
	if (redirect("/dev/null", O_RDONLY, 0) || redirect("/dev/null", O_WRONLY, 1) ||
	    redirect(err, O_WRONLY | O_CREAT | O_TRUNC, 2) || setrlimit(RLIMIT_CPU, &limit))
		return 99;
	alarm(ASLEEP);
	return refcost_main(n, words);
}

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t room = 0;

	if (argc != 3)
		return EXIT_USAGE;
	while (getline(&line, &room, stdin) > 0) {
		int status = 0;
		pid_t pid = fork();

		if (!pid)
			exit(child(line, argv[1], strtoul(argv[2], NULL, 10)));
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return 99;
		printf("%d\n", status);
		fflush(stdout);
	}
	free(line);
	return 0;
}
