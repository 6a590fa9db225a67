// SPDX-License-Identifier: GPL-2.0
/*
 * refcost doctor: what this machine lacks to run the suite, and what distorts its figures. Every
 * finding names the command that fixes it; nothing is changed here but with --repair.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/refcost.h"
#include "machine/doctor.h"
#include "machine/leftover.h"
#include "machine/suite.h"

static bool strict, knobs, mend;

enum {
	OPT_KNOBS = 256,
	OPT_STRICT,
	OPT_REPAIR,
};

static const struct argp_option options[] = {
	{ "strict", OPT_STRICT, 0, 0, "Exit with 2 where something distorts, whatever is missing",
	  0 },
	{ "knobs", OPT_KNOBS, 0, 0,
	  "Print only the files that bench.sh --tune would write, and what", 0 },
	{ "repair", OPT_REPAIR, 0, 0,
	  "Instead, put right what a killed refcost left: CPUs offline, modules loaded, knobs turned",
	  0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case OPT_KNOBS:
		knobs = true;
		break;
	case OPT_STRICT:
		strict = true;
		break;
	case OPT_REPAIR:
		mend = true;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "does not know what to do with '%s'", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	options,
	parse,
	NULL,
	"Say what this machine lacks for a part of the suite (missing) and what distorts its figures "
	"(warn), each with the command that fixes it. Without --repair changes nothing, and needs no root."
	"\vExamples:\n"
	"  refcost doctor                        is this machine fit to measure on?\n"
	"  refcost doctor | grep -v '^  ok'      only what can be improved\n"
	"  sudo refcost doctor --repair          after a refcost was killed\n"
	"\nExit codes: 0 something can be measured, 4 nothing can; with --strict 2 where something "
	"distorts; with --repair 1 where something has to stay; 64 usage.\n",
	NULL,
	NULL,
	NULL,
};

static int repair(void)
{
	int err;

	err = need_root("doctor --repair");
	if (err)
		return err;
	if (!leftover_repair() && !module_loaded(SUITE_BENCH))
		say("nothing is left over");
	err = suite_put_right();
	return leftover_any() ? EXIT_FAILED : err;
}

int cmd_doctor(int argc, char **argv)
{
	const char *why;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (mend)
		return repair();
	if (knobs) {
		doctor_knobs();
		return EXIT_FINE;
	}
	puts("needed:");
	doctor_needed();
	puts("distorting:");
	doctor_distorting();
	if (strict && doctor_found[DOCTOR_WARN])
		return fail(EXIT_UNRELIABLE, "%zu things distort", doctor_found[DOCTOR_WARN]);
	why = doctor_nothing();
	return why ? fail(EXIT_LACKING, "nothing can be measured here: %s", why) : EXIT_FINE;
}
