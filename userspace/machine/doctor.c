// SPDX-License-Identifier: GPL-2.0
/* Findings, as refcost doctor prints and counts them. */
#include "machine/doctor.h"

#include <stdio.h>

size_t doctor_found[DOCTOR_VERDICTS];

void doctor_finding(enum verdict verdict, const char *what, const char *text)
{
	static const char *const words[] = {
		[DOCTOR_OK] = "ok",
		[DOCTOR_WARN] = "warn",
		[DOCTOR_MISSING] = "missing (optional)",
	};

	printf("  %-18s %-26s %s\n", words[verdict], what, text);
	doctor_found[verdict]++;
}
