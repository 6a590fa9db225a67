// SPDX-License-Identifier: GPL-2.0
#include "machine/spin.h"

#include "base/refcost.h"

#define ITERATIONS 40000

double spin_ns(void)
{
	uint64_t start = now_ns();
	int i;

	for (i = 0; i < ITERATIONS; i++)
		__asm__ volatile("");
	return (now_ns() - start) / (double)ITERATIONS;
}
