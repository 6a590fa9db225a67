#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What an unload is made of, and what watching it costs, on the machine that this runs on, as root:
# tools/measure-tracer.sh [--blocks N] [--unloads N] [--instructions] DIR
# tools/measure-tracer.sh --dry-run [--blocks N] [--unloads N] [--instructions]: what that would be, and how long it takes
# Writes into DIR: traced.csv (grace periods; unloads at once; other modules), watched.csv (unloads timed from outside,
# with and without a tracer), startup.csv (until a tracer's probes are ready); with --instructions
# watched-instructions.csv and hits.csv (runs of the tracer's programs), on a machine whose clock counts
# instructions.
set -euo pipefail
cd "$(dirname "$0")/.."

. tools/plan.sh
. tools/tune.sh

blocks=11 unloads=23 instructions='' dry_run=''
while [[ ${1:-} == --* ]]; do
	case $1 in
	--blocks | --unloads)
		declare "${1#--}=${2:?$1 wants a number}"
		shift
		;;
	--instructions) instructions=1 ;;
	--dry-run) dry_run=1 ;;
	*)
		echo "measure-tracer.sh: no option '$1'" >&2
		exit 64
		;;
	esac
	shift
done
[ -n "$dry_run" ] || dir=${1:?give a results directory}
refcost=$PWD/build/bin/refcost
modules=$PWD/build/kmod/$(uname -r)
expedited=/sys/kernel/rcu_expedited
tracer=''

rounds=$((unloads > 11 ? 11 : unloads)) # of what takes long
repeats=$((blocks > 5 ? 5 : blocks))
at_once=(1 2 4 8)
distributed=(crc_itu_t nls_utf8 dummy loop)
watching=(tracepoints all)
counted=(none tracepoints kprobe all)
hit=(tracepoints all)
tools=(refcost)
if command -v bpftrace >/dev/null; then
	tools+=(bpftrace-kprobe bpftrace-kfunc)
	counted+=(bpftrace-kprobe bpftrace-kfunc empty-tracepoints empty-functions empty-mutex)
	watching+=(empty-functions)
fi
if command -v funclatency >/dev/null; then counted+=(funclatency); fi

clean_up() {
	[ -z "$tracer" ] || kill -KILL "$tracer" 2>/dev/null || true
	echo "$was" >$expedited
	rmmod refcost 2>/dev/null || true
	one_cpu 1
	tune_forget
	rm -rf "$tmp"
}

say() { echo "measure-tracer.sh: $*" >&2; }

# plain N: the files of N empty modules
plain() {
	local i
	for ((i = 1; i <= $1; i++)); do echo "$modules/refcost_plain$i.ko"; done
}

# add FILE NEW: rows of NEW after those of FILE, under one header
add() {
	if [ -e "$1" ]; then tail -n +2 "$2" >>"$1"; else cp "$2" "$1"; fi
}

# traced TAG COMMAND...: phases of what the command unloads
traced() {
	local tag=$1
	shift
	"$refcost" trace --strict --csv --tag "$tag" -o "$tmp/traced.csv" -- "$@" >/dev/null
	add "$dir/traced.csv" "$tmp/traced.csv"
}

# The victim with and without calls of ftrace in its text; grace periods as usual and expedited.
grace_periods() {
	local e
	insmod "$modules/refcost.ko"
	for e in 0 1; do
		echo $e >$expedited
		traced "grace-$e" sh -c "'$refcost' cycle -n $unloads '$modules/refcost_victim.ko' &&
			'$refcost' cycle -n $unloads '$modules/refcost_victim_notrace.ko'"
	done
	echo "$was" >$expedited
	rmmod refcost
}

together() {
	local n
	for n in "${at_once[@]}"; do
		# shellcheck disable=SC2046 # file names without blanks
		traced "parallel-$n" "$refcost" cycle -n "$rounds" $(plain "$n")
	done
}

# What a distribution has: with and without an exit() that waits.
others() {
	local module
	for module in "${distributed[@]}"; do
		if [ ! -e /sys/module/$module ] && modinfo -n $module >/dev/null 2>&1; then
			traced modules-0 "$refcost" cycle -n "$rounds" $module
		fi
	done
}

kernel_traces() {
	[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing
}

# CPUs that one_cpu takes away: none where nothing is emulated.
find_cpus() {
	local cpu
	others=()
	grep -q 'refcost\.accel=tcg\|QEMU TCG' /proc/cmdline /proc/cpuinfo || return 0
	for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do
		[ ! -e "$cpu" ] || [ "$(cat "$cpu")" = 0 ] || others+=("$cpu")
	done
}

# Others patch code while all CPUs run, which an emulator may not survive: with one CPU it does. 1: all are back.
one_cpu() {
	local cpu
	for cpu in "${others[@]}"; do echo "$1" >"$cpu"; done
}

# bt KIND: the script with that kind of probe
bt() {
	case $1 in
	kprobe) cat tools/unload.bt ;;
	kfunc) sed 's/^kprobe:/kfunc:/; s/^kretprobe:/kretfunc:/' tools/unload.bt ;;
	esac
}

# empty KIND: programs that do nothing, where a tracer cannot do without one
empty() {
	case $1 in
	tracepoints) echo 'tracepoint:syscalls:sys_enter_delete_module {} tracepoint:syscalls:sys_exit_delete_module {}' ;;
	mutex) echo 'kfunc:mutex_lock {} kretfunc:mutex_lock {} kfunc:mutex_unlock {}' ;;
	functions) # that a tracer with all probes watches here
		[ -e "$tmp/functions" ] || "$refcost" trace -v -- true 2>&1 >/dev/null | awk '
			{ of = substr($0, 22, 11); sub(/ +$/, "", of); kind = of == "fentry" ? "kfunc" : of == "fexit" ? "kretfunc" : "" }
			kind && !seen[kind, $NF]++ { printf "%s:%s {} ", kind, $NF }' >"$tmp/functions"
		cat "$tmp/functions"
		;;
	esac
}

# empties KIND COMMAND...: with such programs attached, all CPUs back
empties() {
	local programs
	programs=$(empty "$1")
	shift
	one_cpu 0
	{
		declare -p others
		declare -f one_cpu
		echo "one_cpu 1; $*; one_cpu 0"
	} >"$tmp/command"
	bpftrace -c "/bin/bash $tmp/command" -e "$programs" >"$tmp/tracer" 2>&1
	one_cpu 1
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
		sleep 0.5
	done
	say "$1 did not start: $(tail -n 3 "$tmp/tracer")"
	exit 1
}

# watched ARM ARGS...: refcost cycle, in $tmp/cycles.csv, while that tracer watches everything
watched() {
	local arm=$1
	shift
	set -- "$refcost" cycle --csv --tag "$arm" "$@"
	case $arm in
	none) ;;
	tracepoints | kprobe) ready 'Ctrl-C ends it' "$refcost" trace --csv --mechanism "$arm" ;;
	all) ready 'Ctrl-C ends it' "$refcost" trace --csv ;;
	empty-*) # the least that a probe costs: nothing in the programs
		empties "${arm#empty-}" "$* >$tmp/cycles.csv"
		return
		;;
	funclatency) ready Tracing stdbuf -oL funclatency -u __x64_sys_delete_module ;;
	bpftrace-*) # does not say when it is ready, but then starts a command
		bt "${arm#bpftrace-}" >"$tmp/unload.bt"
		echo "exec $* >$tmp/cycles.csv" >"$tmp/command"
		bpftrace -c "/bin/sh $tmp/command" "$tmp/unload.bt" >"$tmp/tracer" 2>&1
		return
		;;
	esac
	"$@" >"$tmp/cycles.csv"
	[ -z "$tracer" ] || kill -INT "$tracer"
	[ -z "$tracer" ] || wait "$tracer" || true
	tracer=''
}

# block NUMBER ARM ARGS...: rows of refcost cycle, with the block before them, in $tmp/block.csv
block() {
	local number=$1
	shift
	watched "$@"
	sed "1s/^/block,/; 2,\$s/^/$number,/" "$tmp/cycles.csv" >"$tmp/block.csv"
}

shuffled() {
	printf '%s\n' "$@" | shuf --random-source=<(yes "$seed")
}

# Before, between and after the traced arms none is: what drifts meanwhile cancels. Eight times as many unloads as
# elsewhere, since those that a look tells were disturbed do not count: at bad hours seven out of eight.
overhead() {
	local b arm
	echo 1 >$expedited
	for ((b = 0; b < blocks; b++)); do
		seed=$b
		for arm in none $(shuffled "${watching[@]}" | sed 'a none'); do
			block $b "$arm" --look -n $((8 * unloads)) --seed $b "$(plain 1)"
			add "$dir/watched.csv" "$tmp/block.csv"
		done
	done
	echo "$was" >$expedited
}

# From the start of a program until what it runs, once its probes are ready, has begun.
startup() {
	local tool repeat start
	printf '#!/bin/sh\ndate +%%s%%N >%s/ready\n' "$tmp" >"$tmp/when"
	echo "tool,repeat,ns" >"$tmp/startup.csv"
	one_cpu 0
	for ((repeat = 0; repeat < repeats; repeat++)); do
		for tool in "${tools[@]}"; do
			rm -f "$tmp/ready"
			[ "$tool" = refcost ] || bt "${tool#bpftrace-}" >"$tmp/unload.bt"
			start=$(date +%s%N)
			case $tool in
			refcost) "$refcost" trace -- /bin/sh "$tmp/when" >/dev/null 2>&1 ;;
			*) bpftrace -c "/bin/sh $tmp/when" "$tmp/unload.bt" >/dev/null 2>&1 ;;
			esac || { say "$tool did not run"; continue; }
			echo "$tool,$repeat,$(($(cat "$tmp/ready") - start))" >>"$tmp/startup.csv"
		done
	done
	one_cpu 1
	mv "$tmp/startup.csv" "$dir/"
}

# hits ARM: how often the tracer's programs run in a load and an unload, but for those at the scheduler's
# tracepoints, which other tasks pass. Not timed: counting costs, too.
hits() {
	[ -e "$dir/hits.csv" ] || echo arm,cycles,runs >"$dir/hits.csv"
	"$refcost" trace -v --csv --mechanism "${1/all/auto}" -- "$refcost" cycle -n $unloads "$(plain 1)" 2>&1 >/dev/null |
		awk -v arm="$1" -v n=$unloads '/^program /{ on = 1; next } on && $1 !~ /^sched/ && $3 ~ /^[0-9]+$/ { runs += $3 } END { print arm "," n "," runs }' >>"$dir/hits.csv"
}

count_instructions() {
	local arm
	echo 1 >$expedited
	for arm in "${counted[@]}"; do
		block 0 "$arm" -n $unloads "$(plain 1)"
		add "$dir/watched-instructions.csv" "$tmp/block.csv"
	done
	sysctl -q kernel.bpf_stats_enabled=1
	for arm in "${hit[@]}"; do
		hits "$arm"
	done
	sysctl -q kernel.bpf_stats_enabled=0
}

# What a part takes by experience, ms: a cycle of an empty module, its gap included; its grace periods, unless
# they are expedited; each further module that is unloaded at once; a tracer of ours, on and off; another one.
# Seen where QEMU emulated a guest on two CPUs; the last are guesses at what is not emulated.
paces() {
	case $(cat "${REFCOST_SYSROOT:-}/proc/cmdline") in
	*refcost.accel=icount*) cycle=20 grace=30 further=10 ours=1300 other=7500 ;;
	*refcost.accel=tcg*) cycle=25 grace=35 further=13 ours=3300 other=10500 ;;
	*) cycle=20 grace=30 further=5 ours=900 other=2000 ;;
	esac
}

# planned WHAT OURS OTHERS UNLOADS MS: tracers of both kinds, and what the unloads take
planned() {
	local ms=$(($2 * ours + $3 * other + $5))
	printf '%-40s %8d %8d %12s\n' "$1" $(($2 + $3)) "$4" "$(duration $(((ms + 500) / 1000)))"
	all_tracers=$((all_tracers + $2 + $3))
	all_unloads=$((all_unloads + $4))
	all_ms=$((all_ms + ms))
}

dry_run() {
	local cycle grace further ours other n arm modules=0 theirs=0 all_tracers=0 all_unloads=0 all_ms=0
	paces
	printf '%-40s %8s %8s %12s\n' part tracers unloads about
	if [ -n "$instructions" ]; then
		for arm in "${counted[@]}"; do
			case $arm in bpftrace-* | empty-* | funclatency) theirs=$((theirs + 1)) ;; esac
		done
		n=${#counted[@]}
		planned "instructions of an unload" $((n - 1 - theirs)) $theirs $((n * unloads)) $((n * unloads * cycle))
		n=${#hit[@]}
		planned "runs of the tracer's programs" "$n" 0 $((n * unloads)) $((n * unloads * cycle))
	else
		planned "grace periods" 2 0 $((4 * unloads)) $((unloads * (4 * cycle + 2 * grace)))
		for n in "${at_once[@]}"; do modules=$((modules + n)); done
		n=${#at_once[@]}
		planned "unloads at once" "$n" 0 $((rounds * modules)) $((rounds * (n * (cycle + grace) + (modules - n) * further)))
		n=${#distributed[@]}
		planned "modules of the distribution" "$n" 0 $((rounds * n)) $((rounds * n * (cycle + 4 * grace)))
		n=${#watching[@]}
		for arm in "${watching[@]}"; do
			case $arm in empty-*) theirs=$((theirs + 1)) ;; esac
		done
		planned "what watching costs" $((blocks * (n - theirs))) $((blocks * theirs)) $((8 * blocks * (2 * n + 1) * unloads)) $((8 * blocks * (2 * n + 1) * unloads * cycle))
		n=${#tools[@]}
		planned "until a tracer is ready" $repeats $((repeats * (n - 1))) 0 0
	fi
	echo "estimated: $cycle ms a cycle of an empty module, $grace ms for its grace periods, $ours ms for refcost trace, $other ms for another tracer"
	echo "$all_tracers tracers, $all_unloads unloads; takes about $(duration $(((all_ms + 500) / 1000)))"
}

if [ -n "$dry_run" ]; then
	dry_run
	exit
fi
tmp=$(mktemp -d)
was=$(cat $expedited)
find_cpus
tune_hold
tune_note $expedited "$was"
for cpu in "${others[@]}"; do tune_note "$cpu" 1; done
trap clean_up EXIT
trap 'exit 130' INT TERM
kernel_traces
say "unloads by phase, and what watching them costs"
if [ -n "$instructions" ]; then
	rm -f "$dir"/{watched-instructions,hits}.csv
	count_instructions
else
	rm -f "$dir"/{traced,watched,startup}.csv
	grace_periods
	together
	others
	overhead
	startup
fi
