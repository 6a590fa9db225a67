#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What an unload is made of, whatever the scheme, on the machine that this runs on, as root:
# tools/measure-unloads.sh [-n UNLOADS] DIR
# tools/measure-unloads.sh --dry-run [-n UNLOADS]: what that would be, and how long it takes
# Writes DIR/traced.csv: grace periods; unloads at once; other modules. tools/bench-trace.sh has what watching costs.
set -euo pipefail
cd "$(dirname "$0")/.."

. tools/plan.sh
. tools/tune.sh

unloads=23 dry_run=''
while [[ ${1:-} == -* ]]; do
	case $1 in
	-n)
		unloads=${2:?-n wants a number}
		shift
		;;
	--dry-run) dry_run=1 ;;
	*)
		echo "measure-unloads.sh: no option '$1'" >&2
		exit 64
		;;
	esac
	shift
done
[ -n "$dry_run" ] || dir=${1:?give a results directory}
refcost=$PWD/build/bin/refcost
modules=$PWD/build/kmod/$(uname -r)
expedited=/sys/kernel/rcu_expedited

rounds=$((unloads > 11 ? 11 : unloads)) # of what takes long
at_once=(1 2 4 8)
distributed=(crc_itu_t nls_utf8 dummy loop)

clean_up() {
	echo "$was" >$expedited
	rmmod refcost 2>/dev/null || true
	tune_forget
	rm -rf "$tmp"
}

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
	"$refcost" trace --strict --slow-after 999999s --csv --tag "$tag" -o "$tmp/traced.csv" -- "$@" >/dev/null
	add "$tmp/all.csv" "$tmp/traced.csv"
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

# What a part takes by experience, ms: a cycle of an empty module, its gap included; its grace periods, unless
# they are expedited; each further module that is unloaded at once; a tracer, on and off. Seen where QEMU emulated
# a guest on two CPUs; the last are guesses at what is not emulated.
paces() {
	case $(cat "${REFCOST_SYSROOT:-}/proc/cmdline") in
	*refcost.accel=tcg*) cycle=25 grace=35 further=13 tracer=3300 ;;
	*) cycle=20 grace=30 further=5 tracer=900 ;;
	esac
}

# planned WHAT TRACERS UNLOADS MS: what the unloads take
planned() {
	local ms=$(($2 * tracer + $4))
	printf '%-40s %8d %8d %12s\n' "$1" "$2" "$3" "$(duration $(((ms + 500) / 1000)))"
	all_tracers=$((all_tracers + $2))
	all_unloads=$((all_unloads + $3))
	all_ms=$((all_ms + ms))
}

dry_run() {
	local cycle grace further tracer n modules=0 all_tracers=0 all_unloads=0 all_ms=0
	paces
	printf '%-40s %8s %8s %12s\n' part tracers unloads about
	planned "grace periods" 2 $((4 * unloads)) $((unloads * (4 * cycle + 2 * grace)))
	for n in "${at_once[@]}"; do modules=$((modules + n)); done
	n=${#at_once[@]}
	planned "unloads at once" "$n" $((rounds * modules)) $((rounds * (n * (cycle + grace) + (modules - n) * further)))
	n=${#distributed[@]}
	planned "modules of the distribution" "$n" $((rounds * n)) $((rounds * n * (cycle + 4 * grace)))
	echo "estimated: $cycle ms a cycle of an empty module, $grace ms for its grace periods, $tracer ms for refcost trace"
	echo "$all_tracers tracers, $all_unloads unloads; takes about $(duration $(((all_ms + 500) / 1000)))"
}

if [ -n "$dry_run" ]; then
	dry_run
	exit
fi
tmp=$(mktemp -d)
was=$(cat $expedited)
tune_hold
tune_note $expedited "$was"
trap clean_up EXIT
trap 'exit 130' INT TERM
kernel_traces
echo "measure-unloads.sh: unloads by phase" >&2
grace_periods
together
others
mv "$tmp/all.csv" "$dir/traced.csv"
