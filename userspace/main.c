// SPDX-License-Identifier: GPL-2.0
/*
 * refcost: picks the subcommand. Each lives in a cmd.c or cmd_*.c.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/refcost.h"
#include "machine/leftover.h"
#include "version.h"

static const struct command {
	const char *name;
	const char *what;
	int (*fn)(int argc, char **argv);
} commands[] = {
	{ "list", "schemes, where each comes from, what busy means", cmd_list },
	{ "run", "time get and put of the schemes on 1..N CPUs", cmd_run },
	{ "unload", "use and unload the victim, trace delete_module(2) phase by phase",
	  cmd_unload },
	{ "init", "load the victim while users look for its objects already", cmd_init },
	{ "objects", "what a scheme costs for each object: memory, create, unload", cmd_objects },
	{ "trace", "trace unloads, and loads, of any module, phase by phase", cmd_trace },
	{ "refs", "who holds a module, and who takes references on it", cmd_refs },
	{ "cycle", "load and unload modules, all at once, and time the calls from outside",
	  cmd_cycle },
	{ "report",
	  "tables, figure data and RESULTS.md from a results directory, or one page of HTML",
	  cmd_report },
	{ "compare", "two results directories, cell by cell: did anything get slower?",
	  cmd_compare },
	{ "doctor", "what this machine lacks or distorts, with the command that fixes it",
	  cmd_doctor },
};

/* What was called otherwise: commands, and options of one. */
static const struct {
	const char *command, *option, *now;
} renamed[] = {
	{ "load", NULL, "refcost init" },
	{ "html", NULL, "refcost report --html" },
	{ "list", "-n", "--names" },
	{ "run", "-n", "--dry-run" },
	{ "run", "--stop-after", "--max-blocks" },
	{ "unload", "--patience", "--timeout" },
	{ "unload", "--think", "--pause" },
	{ "compare", "-d", "--different" },
};

static void on_signal(int sig)
{
	interrupted = sig;
}

static void on_continue(int sig)
{
	(void)sig;
	resumed++;
}

/* No SA_RESTART: a system call that waits must return. After Ctrl-Z and fg it goes on. */
static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct sigaction cont = { .sa_handler = on_continue, .sa_flags = SA_RESTART };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGCONT, &cont, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a write that failed */
}

/*
 * Standard output is data: it has to have been written. That nobody reads a pipe on is no
 * complaint.
 */
static int flush(int code)
{
	struct stat st;
	int why;

	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	why = errno ?: EIO;
	if (!fstat(STDOUT_FILENO, &st) && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
		return code;
	return code ?: fail(EXIT_FAILED, "cannot write: %s", strerror(why));
}

static void usage(FILE *f)
{
	size_t i;

	fputs("Usage: refcost COMMAND [OPTION...]\n"
	      "What references cost inside the Linux kernel, on the fast path and at unload.\n\n",
	      f);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(f, "  %-8s %s\n", commands[i].name, commands[i].what);
	fputs("\nrefcost COMMAND --help tells more; refcost --version names the build.\n\n"
	      "Examples:\n"
	      "  refcost list                          the schemes\n"
	      "  refcost run -s kref,rwsem -c 1,2,4    two of them on 1, 2 and 4 CPUs\n"
	      "  refcost unload -n 23                  23 unloads a scheme, idle and loaded\n"
	      "  refcost init -n 23                    from listed to live, with users waiting\n"
	      "  refcost doctor                        is this machine fit to measure on?\n",
	      f);
}

/* Is an option among the arguments? What stands behind -- is none. */
static bool has_option(char **argv, const char *option)
{
	size_t len = strlen(option);

	for (; *argv && strcmp(*argv, "--"); argv++)
		if (!strncmp(*argv, option, len) && (!(*argv)[len] || (*argv)[len] == '='))
			return true;
	return false;
}

/* An old name ends with a line that says the new one. */
static int refuse_renamed(char **argv)
{
	const char *old;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(renamed); i++) {
		old = renamed[i].option ?: renamed[i].command;
		if (!strcmp(argv[1], renamed[i].command) &&
		    (!renamed[i].option || has_option(argv + 2, old)))
			return fail(EXIT_USAGE, "%s is now called %s", old, renamed[i].now);
	}
	return EXIT_FINE;
}

int main(int argc, char **argv)
{
	size_t i;

	argp_err_exit_status = EXIT_USAGE;
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return EXIT_FINE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("refcost " REFCOST_VERSION);
		return EXIT_FINE;
	}
	if (refuse_renamed(argv))
		return EXIT_USAGE;
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		static char name[32], help[] = "--help";

		if (strcmp(argv[1], commands[i].name))
			continue;
		snprintf(name, sizeof(name), "refcost %s", commands[i].name);
		argv[1] = name;
		if (argc > 2 && !strcmp(argv[2], "-h"))
			argv[2] = help;
		catch_signals();
		/* the doctor changes nothing unasked */
		if (commands[i].fn != cmd_doctor)
			leftover_repair();
		return flush(commands[i].fn(argc - 1, argv + 1));
	}
	return fail(EXIT_USAGE, "no command '%s': use %s or doctor", argv[1],
		    "list, run, unload, init, trace, refs, cycle, report, compare");
}
