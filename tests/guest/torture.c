// SPDX-License-Identifier: GPL-2.0
/*
 * torture MODULES SCHEME,... SECONDS SEED: unload the victim under load, again and again: all
 * schemes in turns, users on drawn CPUs with drawn stays, in bursts with pauses between them. As
 * root in a guest, with refcost.ko loaded. Prints "UNLOADS REFUSED FAILED": the victim was gone
 * after the scheme's own gate; stayed busy for as long as there was patience, and was unloaded when
 * the users had left; would not go at all.
 */
#include "drive.h"

#define PATIENCE_NS (500 * MSEC)
#define CPUS_MAX    64
#define BURST	    20

static struct module victim = { .name = "refcost_victim" };
static unsigned int unloads, refused, failed;

static uint32_t draw_cpus(struct rng *r, uint32_t cpus[CPUS_MAX])
{
	uint32_t n = sysconf(_SC_NPROCESSORS_ONLN), i, k, swap;

	if (n > CPUS_MAX)
		n = CPUS_MAX;
	for (i = 0; i < n; i++)
		cpus[i] = i;
	for (i = n - 1; i > 0; i--) {
		k = below(r, i + 1);
		swap = cpus[i];
		cpus[i] = cpus[k];
		cpus[k] = swap;
	}
	return 1 + below(r, n);
}

/* The scheme's gate and delete_module(2), until both succeed or patience ends. */
static bool gate_and_delete(int fd)
{
	uint64_t until = now_ns() + PATIENCE_NS;
	struct refcost_gate gate;

	do {
		gate = (struct refcost_gate){ .size = sizeof(gate) };
		if (!ioctl(fd, REFCOST_IOC_GATE, &gate) && !gate.busy &&
		    !module_unload(&victim, O_NONBLOCK))
			return true;
		ioctl(fd, REFCOST_IOC_UNGATE);
		usleep(100);
	} while (now_ns() < until);
	return false;
}

/* One load and unload. Return: whether the scheme can be used here at all. */
static bool unload(struct rng *r, const char *scheme)
{
	uint32_t cpus[CPUS_MAX];
	struct refcost_run run = { .size = sizeof(run),
				   .mode = REFCOST_LOOKUP,
				   .cpus = (uintptr_t)cpus };
	struct refcost_load_stat stat = { .size = sizeof(stat) };
	bool gone;
	int fd;

	run.nr_cpus = draw_cpus(r, cpus);
	run.objects = below(r, 4);
	run.seed = draw(r);
	run.hold_ns = chance(r, 500) ? below(r, MSEC) : 0;
	run.think_ns = run.hold_ns || chance(r, 300) ? below(r, MSEC) : 0;
	run.flags = chance(r, 300) ? REFCOST_RUN_BYSTANDER : 0;
	snprintf(run.scheme, sizeof(run.scheme), "%s", scheme);
	fd = open(REFCOST_DEVICE, O_RDWR | O_CLOEXEC);
	if (module_load(&victim, "objects=64"))
		failed++;
	if (ioctl(fd, REFCOST_IOC_LOAD_START, &run)) {
		failed += errno != EOPNOTSUPP || !module_gone(&victim);
		close(fd);
		module_gone(&victim);
		return false;
	}
	usleep(below(r, 2000));
	gone = gate_and_delete(fd);
	if (ioctl(fd, REFCOST_IOC_LOAD_STOP, &stat) && errno == EUCLEAN)
		failed++;
	close(fd);
	unloads += gone;
	refused += !gone;
	if (!gone && !module_gone(&victim))
		failed++;
	return true;
}

int main(int argc, char **argv)
{
	struct rng r;
	char *schemes[64], *name;
	unsigned int n = 0, i, k = 0;
	uint64_t until;

	if (argc != 5 || !module_read(&victim, argv[1]))
		return 64;
	while ((name = strsep(&argv[2], ",")) && n < 64)
		schemes[n++] = name;
	until = now_ns() + strtoul(argv[3], NULL, 0) * 1000 * MSEC;
	r.state = strtoull(argv[4], NULL, 0);
	while (n && now_ns() < until) {
		i = k++ % n;
		if (!unload(&r, schemes[i]))
			schemes[i] = schemes[--n]; /* floors, and what this kernel lacks */
		if (k % BURST == 0)
			usleep(below(&r, 200000));
	}
	printf("%u %u %u\n", unloads, refused, failed);
	return failed != 0;
}
