#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What watching an unload costs, with refcost trace and with other tracers: make bench-trace. Prints two tables.
# tools/bench-trace.sh            boot a guest that counts instructions, then one that does not, of one CPU each
# tools/bench-trace.sh counts     count them here, as root, where the clock counts instructions
# tools/bench-trace.sh times      take times here, as root
# BLOCKS=5, UNLOADS=23, ARMS="none tracepoints all" and TOOLS=refcost say how much. An emulated machine of several CPUs
# may not survive others than refcost, which patch code while all CPUs run.
set -euo pipefail
cd "$(dirname "$0")/.."

refcost=${REFCOST_BIN:-$PWD/build/bin/refcost}
module=$PWD/build/kmod/$(uname -r)/refcost_plain1.ko
expedited=/sys/kernel/rcu_expedited
blocks=${BLOCKS:-5} unloads=${UNLOADS:-23}
tracer=''

say() { echo "bench-trace.sh: $*" >&2; }

clean_up() {
	[ -z "$tracer" ] || kill -KILL "$tracer" 2>/dev/null || true
	echo "$was" >$expedited
	rm -rf "$tmp"
}

# Grace periods of normal length hide everything else.
begin() {
	tmp=$(mktemp -d)
	was=$(cat $expedited)
	trap clean_up EXIT
	trap 'exit 130' INT TERM
	[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing
	echo 1 >$expedited
	echo "Linux $(uname -r), $(date +%F)$(! grep -q 'refcost\.accel=\(tcg\|icount\)' /proc/cmdline || echo ", emulated")"
}

# bt KIND: the script with that kind of probe, in a file
bt() {
	sed "s/^kprobe:/${1}:/; s/^kretprobe:/${1/k/kret}:/" tools/unload.bt >"$tmp/unload.bt"
	echo "$tmp/unload.bt"
}

# empty WHERE: programs that do nothing, where a tracer cannot do without one
empty() {
	case $1 in
	tracepoints) echo 'tracepoint:syscalls:sys_enter_delete_module {} tracepoint:syscalls:sys_exit_delete_module {}' ;;
	mutex) echo 'kfunc:mutex_lock {} kretfunc:mutex_lock {} kfunc:mutex_unlock {}' ;;
	functions) # those that refcost trace watches here
		"$refcost" trace -v -- true 2>&1 >/dev/null | awk '
			{ of = substr($0, 22, 11); sub(/ +$/, "", of); kind = of == "fentry" ? "kfunc" : of == "fexit" ? "kretfunc" : "" }
			kind && !seen[kind, $NF]++ { printf "%s:%s {} ", kind, $NF }'
		;;
	esac
}

# ready TEXT COMMAND...: a tracer in the background, until it says that it has begun
ready() {
	local text=$1 tries
	shift
	env --default-signal=INT "$@" >"$tmp/tracer" 2>&1 &
	tracer=$!
	for ((tries = 0; tries < 600; tries++)); do
		grep -q "$text" "$tmp/tracer" && return
		kill -0 "$tracer" 2>/dev/null || break
		sleep 0.1
	done
	say "$1 did not start: $(tail -n 3 "$tmp/tracer")"
	exit 1
}

# watched ARM: refcost cycle, in $tmp/cycles.csv, while that tracer watches
watched() {
	local cycle=("$refcost" cycle --csv --tag "$1" -n "$unloads" "$module")
	case $1 in
	none) ;;
	tracepoints | kprobe) ready 'Ctrl-C ends it' "$refcost" trace --csv --mechanism "$1" ;;
	all) ready 'Ctrl-C ends it' "$refcost" trace --csv ;;
	stacks) ready 'Ctrl-C ends it' "$refcost" trace --csv --stacks ;;
	funclatency) ready Tracing stdbuf -oL funclatency -u __x64_sys_delete_module ;;
	*) # bpftrace does not say when it is ready, but then starts a command
		echo "exec ${cycle[*]} >$tmp/cycles.csv" >"$tmp/command"
		case $1 in
		bpftrace-*) bpftrace -c "/bin/sh $tmp/command" "$(bt "${1#bpftrace-}")" ;;
		empty-*) bpftrace -c "/bin/sh $tmp/command" -e "$(empty "${1#empty-}")" ;;
		esac >"$tmp/tracer" 2>&1
		return
		;;
	esac
	"${cycle[@]}" >"$tmp/cycles.csv"
	[ -z "$tracer" ] || { kill -INT "$tracer" && wait "$tracer"; } || true
	tracer=''
}

# quantile Q COLUMN: of $tmp/cycles.csv; what else runs on the machine only adds to a time
quantile() {
	awk -F, -v column="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } $at["result"] == 0 { print $at[column] }' "$tmp/cycles.csv" |
		sort -n | awk -v q="$1" '{ v[NR] = $1 } END { print v[1 + int(q * (NR - 1))] }'
}

# hits ARM: how often the tracer's programs run in a load and an unload, but for those at the scheduler's
# tracepoints, which other tasks pass. Counted apart, since counting takes instructions.
hits() {
	case $1 in
	tracepoints | all) ;;
	funclatency) echo 2 && return ;;
	*) echo - && return ;;
	esac
	sysctl -q kernel.bpf_stats_enabled=1
	"$refcost" trace -v --csv --mechanism "${1/all/auto}" -- "$refcost" cycle -n "$unloads" "$module" 2>&1 >/dev/null |
		awk -v n="$unloads" '/^program /{ on = 1; next } on && $1 !~ /^sched/ && $3 ~ /^[0-9]+$/ { runs += $3 } END { printf "%.0f\n", runs / n }'
	sysctl -q kernel.bpf_stats_enabled=0
}

# counts: instructions on the CPU in an unload and in a load, those of the time of the call, and runs of programs
counts() {
	local arm unload load call none=()
	printf '%-20s %14s %8s %10s %12s %6s\n' "watched by" "an unload on" added "its time" "a load added" hits
	for arm in ${ARMS:-none tracepoints all stacks kprobe bpftrace-kfunc bpftrace-kprobe funclatency empty-tracepoints empty-functions empty-mutex}; do
		watched "$arm"
		unload=$(quantile .5 unload_cpu_ns) load=$(quantile .5 load_cpu_ns) call=$(quantile .5 unload_ns)
		[ "$arm" != none ] || none=("$unload" "$load" "$call")
		printf '%-20s %14d %8d %9s%% %12d %6s\n' "$arm" "$unload" $((unload - none[0])) \
			"$(awk "BEGIN { printf \"%+.1f\", 100 * ($call / ${none[2]} - 1) }")" $((load - none[1])) "$(hits "$arm")"
	done
}

# added: of each block and arm, percent by which the lower quartile of its unloads is above that of the unwatched
# ones before and after it
added() {
	local arm before during after b
	watched none
	after=$(quantile .25 unload_ns)
	for ((b = 0; b < blocks; b++)); do
		for arm in ${ARMS:-tracepoints all empty-functions}; do
			before=$after
			watched "$arm"
			during=$(quantile .25 unload_ns)
			watched none
			after=$(quantile .25 unload_ns)
			awk "BEGIN { print \"$arm\", 100 * (2 * $during / ($before + $after) - 1) }"
		done
	done
}

# startups: ms from the start of a program until the command begins that it starts when its probes are ready
startups() {
	local b tool start
	printf '#!/bin/sh\ndate +%%s%%N >%s/ready\n' "$tmp" >"$tmp/when"
	for ((b = 0; b < blocks; b++)); do
		for tool in ${TOOLS:-refcost bpftrace-kfunc bpftrace-kprobe}; do
			start=$(date +%s%N)
			case $tool in
			refcost) "$refcost" trace -- /bin/sh "$tmp/when" ;;
			*) bpftrace -c "/bin/sh $tmp/when" "$(bt "${tool#*-}")" ;;
			esac >"$tmp/tracer" 2>&1
			awk "BEGIN { print \"$tool\", ($(cat "$tmp/ready") - $start) / 1e6 }"
		done
	done
}

# medians <ROWS: of the numbers of each name
medians() {
	sort -k1,1 -k2,2n | awk '
		$1 != name { out(); name = $1; n = 0 } { v[++n] = $2 } END { out() }
		function out() { if (n) printf "%-20s %10.1f (%.1f..%.1f)\n", name, (v[int((n + 1) / 2)] + v[int(n / 2) + 1]) / 2, v[1], v[n] }'
}

times() {
	echo "percent added to the time of an unload: median of $blocks blocks (least..greatest)"
	added | medians
	echo "ms until the probes are ready: likewise"
	startups | medians
}

guest() {
	guest/boot.sh --deadline 900 "${@:2}" -- env BLOCKS="$blocks" UNLOADS="$unloads" ARMS="${ARMS:-}" tools/bench-trace.sh "$1"
}

case ${1:-} in
'')
	guest counts --icount
	guest times --cpus 1
	;;
counts | times)
	begin
	"$1"
	;;
*)
	say "no part '$1'"
	exit 64
	;;
esac
