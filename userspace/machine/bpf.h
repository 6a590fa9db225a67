/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tracer and refs share: may they attach BPF programs, what does libbpf say, what do
 * programs cost?
 */
#ifndef REFCOST_MACHINE_BPF_H
#define REFCOST_MACHINE_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bpf/libbpf.h>
#include <linux/bpf.h>

/**
 * struct bpf_cost - what one program costs
 * @name: its name in the object
 * @symbol: what it is attached to
 * @runs: how often it ran
 * @run_ns: for how long in sum, ns; 0 before bpf_enable_stats()
 * @missed: how often it was not run because it was running already
 */
struct bpf_cost {
	const char *name;
	const char *symbol;
	uint64_t runs;
	uint64_t run_ns;
	uint64_t missed;
};

#define BPF_LOCKED_DOWN                                                 \
	"kernel lockdown (confidentiality) forbids tracing: boot with " \
	"lockdown=integrity or lockdown=none"

/**
 * bpf_locked_down() - does kernel lockdown forbid tracing?
 *
 * Return: true if it does; BPF_LOCKED_DOWN says what to do.
 */
bool bpf_locked_down(void);

/**
 * bpf_say_costs() - what programs cost, as a table on stderr; nothing if none ran
 * @progs: the programs
 * @n: how many
 */
void bpf_say_costs(const struct bpf_cost *progs, size_t n);

/**
 * bpf_print() - for libbpf_set_print(): say nothing, unless REFCOST_DEBUG is set
 * @level: of the message
 * @fmt: as printf
 * @args: its arguments
 *
 * Return: as printf.
 */
int bpf_print(enum libbpf_print_level level, const char *fmt, va_list args);

/**
 * bpf_info() - what the kernel says of a program
 * @prog: loaded
 * @info: filled in
 *
 * Return: 0, or -errno.
 */
int bpf_info(const struct bpf_program *prog, struct bpf_prog_info *info);

#endif
