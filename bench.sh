#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The one command: set up, build, measure (this machine or a guest), plot, write RESULTS.md.
set -euo pipefail
cd "$(dirname "$0")"
. tools/tune.sh

usage() {
	cat <<'EOF'
Usage: ./bench.sh [OPTION...]
Measure what references cost: on this machine if it is root's, loads modules and has kernel headers,
else in a QEMU guest. Installs what is missing (naming it), builds, measures, plots, writes RESULTS.md.

  --host            measure this machine         --guest         measure a guest
  --quick           a quick look: 24 short blocks, 23 unloads a scheme and arm
  --instructions    exact instructions per get+put of every scheme (a guest that counts them)
  --perf            a perf session a scheme, on one CPU and on all: perf.data, the annotated loop, folded stacks
  --c2c             with --perf: perf c2c of each scheme on all CPUs, too, where the machine can
  --cpus N          vCPUs of the guest (default: as many as there are CPUs here; what is measured with more is
                    marked, and compared with nothing)
  -n, --dry-run     print what would be measured and how long it takes; nothing is installed, built or run
  --resume DIR      go on with a run that was interrupted (give the same options again)
  --output DIR      results directory (default: results/NAME, named by kernel and date)
  -s, --schemes A,B only these schemes and floors (refcost list names them), and no unloads apart from them
  --placement A,B   compare CPUs, --layout A,B  what shares the line of a count: see refcost-run(1)
  --blocks N        blocks instead of 30          --cycles N      unloads instead of 73
  --deadline S      kill the guest after S seconds (default 7200)
  --tune            turn the knobs that distort and do no harm (governor, turbo, NUMA balancing, NMI
                    watchdog), and turn them back at the end, also after Ctrl-C
  --strict          refuse to measure on a machine that distorts (refcost doctor says what does)
  --no-install      refuse to install anything
  --no-report       measure only
  --help            this

Exit codes: 0 fine, 1 failed, 2 the machine distorts (with --strict), 4 something is lacking, 64 usage,
130 interrupted.
EOF
}

say() { echo "bench.sh: $*"; }
die() {
	echo "bench.sh: $2" >&2
	exit "$1"
}

where='' quick='' mode=measure output='' resume='' report=1 deps_flag='' cpus='' deadline=7200
blocks='' cycles='' schemes='' why='' child='' tune='' strict='' dry_run='' c2c='' compared=() asked=()

positive() {
	[[ $2 =~ ^[1-9][0-9]{0,5}$ ]] || die 64 "$1 '$2': give a number, 1 to 999999"
}

parse() {
	local first
	while [ $# -gt 0 ]; do
		first=$1
		case $1 in
		--host | --guest) where=${1#--} why="as asked" ;;
		--quick) quick=--quick ;;
		--instructions) mode=instructions ;;
		--tune) tune=1 ;;
		--strict) strict=1 ;;
		-n | --dry-run) dry_run=1 ;;
		--perf) mode=perf ;;
		--c2c) c2c=--c2c ;;
		--no-install) deps_flag=--no-install ;;
		--no-report) report='' ;;
		--cpus | --blocks | --cycles | --deadline)
			[ $# -gt 1 ] || die 64 "$1 wants a number"
			positive "$1" "$2"
			declare -g "${1#--}=$2"
			shift
			;;
		-s | --schemes)
			[ $# -gt 1 ] || die 64 "--schemes wants names, as in refcost list"
			schemes=$2
			shift
			;;
		--placement | --layout)
			[ $# -gt 1 ] || die 64 "$1 wants names, as in refcost-run(1)"
			compared+=("$1" "$2")
			shift
			;;
		--resume | --output)
			[ $# -gt 1 ] || die 64 "$1 wants a directory"
			declare -g "${1#--}=$2"
			shift
			;;
		--help | -h)
			usage
			exit
			;;
		*) die 64 "no option '$1': see ./bench.sh --help" ;;
		esac
		case $first in # what it takes to measure the same again
		--host | --guest | --resume | --output | --deadline | --no-install | --no-report) ;;
		--cpus | --blocks | --cycles | -s | --schemes | --placement | --layout) asked+=("$first" "$1") ;;
		*) asked+=("$first") ;;
		esac
		shift
	done
	[ -z "$c2c" ] || [ $mode = perf ] || die 64 "--c2c is a part of perf sessions: give --perf, too"
	[ -z "$resume" ] || [ -e "$resume/run.json" ] || die 64 "--resume $resume: no results directory"
}

# The host, if it can be measured; the first reason against it otherwise.
choose() {
	if [ $mode = instructions ]; then
		[ "$where" != host ] || [ -n "${REFCOST_IN_GUEST:-}" ] ||
			die 64 "--instructions needs a guest: leave --host out"
		where=${where:-guest} why=${why:-instructions are counted by the emulator}
	fi
	[ -z "$where" ] || return 0
	where=guest
	if [ "$(id -u)" != 0 ]; then
		why="you are not root"
	elif [ ! -e /proc/modules ]; then
		why="this kernel loads no modules"
	elif grep -qs -e '\[integrity\]' -e '\[confidentiality\]' /sys/kernel/security/lockdown; then
		why="this kernel is locked down"
	elif [ ! -e "/lib/modules/$(uname -r)/build/Makefile" ] &&
		! apt-cache show "linux-headers-$(uname -r)" >/dev/null 2>&1; then
		why="there are no headers for Linux $(uname -r)"
	else
		where=host
		why="you are root, Linux $(uname -r) loads modules and its headers can be had"
	fi
}

prepare() {
	local sets=(build)
	[ $mode != perf ] || sets+=(perf)
	if [ "$where" = host ]; then sets+=(host-headers); else sets+=(headers guest); fi
	[ -z "$report" ] || sets+=(plot)
	# Inside the guest everything is there already, and nothing can be written.
	[ -n "${REFCOST_IN_GUEST:-}" ] && return
	# shellcheck disable=SC2086 # an empty flag is no argument
	tools/deps.sh $deps_flag "${sets[@]}" || exit $?
	release=$(if [ "$where" = host ]; then uname -r; else tools/kernel-release.sh; fi)
	make -j"$(nproc)" KRELEASE="$release" all >&2 || die 1 "the build failed: see above"
	[ "$where" = host ] || guest/fetch.sh "$release" || die 1 "no guest kernel: see above"
}

# Of the machine that is measured: a guest turns its own knobs.
ready() {
	local code=0 found
	[ "$where" = host ] || return 0
	[ -z "$tune" ] || tune_apply
	[ -n "$strict" ] || return 0
	found=$(build/bin/refcost doctor --strict 2>/dev/null) || code=$?
	[ $code != 2 ] || die 2 "--strict: nothing was measured, this machine distorts:
$(grep '^  distorts' <<<"$found")"
}

results_name() {
	local name=$where
	[ "$where" = guest ] || name=$(uname -n)
	echo "results/$name-$release-$(date +%Y%m%d-%H%M%S)"
}

# put FILE COMMAND...: what it prints becomes FILE once it is whole; until then an older one stays
put() {
	local file=$1
	shift
	"$@" >"$file.new" && mv "$file.new" "$file" && return
	rm -f "$file.new"
	return 1
}

# attended COMMAND...: run it so that a signal to this script alone ends it too
attended() {
	local code=0
	"$@" &
	child=$!
	wait "$child" || code=$?
	child=''
	return $code
}

# with_role ROLE: schemes that say so in their own files, as a list
with_role() {
	build/bin/refcost list --csv | awk -F, -v role="$1" '(" " $(NF - 1) " ") ~ (" " role " ") { printf "%s%s", n++ ? "," : "", $1 }'
}

# What refcost run, unload and load are asked for, and tools/measure-unloads.sh: what has no words is left out.
# Counters are turned outside of what is timed; without a PMU the run says so, and they are left out.
plan() {
	run=(--hold "0,200ns,1us,5us,20us" --hold-schemes "$(with_role swept)" --mode "getput,lookup" --counters "${compared[@]}")
	unload=(--hold "0,1us,100us,10ms") protecting=''
	if [ -n "$quick" ]; then
		run+=(-b "${blocks:-24}" --hold-blocks 3 --window 20ms --warmup 5ms)
		unload+=(-n "${cycles:-23}" --hold-cycles 3 --patience 500ms)
		loading=(-n "${cycles:-23}")
		apart=(-n "${cycles:-23}")
	else
		run+=(-b "${blocks:-30}" --hold-blocks 6 --window 200ms --warmup 40ms)
		unload+=(-n "${cycles:-73}" --hold-cycles 11 --patience 2s)
		loading=(-n "${cycles:-73}")
		apart=(-n "${cycles:-73}")
	fi
	if [ -n "$schemes" ]; then
		run+=(-s "$schemes")
		protecting=$(build/bin/refcost list --csv | awk -F, -v names="$schemes" 'BEGIN { n = split(names, want, ",") }
			{ for (i = 1; i <= n; i++) if ($1 == want[i] && $3 != "floor") printf "%s%s", k++ ? "," : "", $1 }')
		unload+=(-s "$protecting")
		[ -n "$protecting" ] || unload=()
		[[ ,$schemes, == *,percpu_live,* ]] || loading=()
	fi
	counting=(--instructions ${schemes:+-s "$schemes"} -b 2 --mode "getput,lookup")
}

# Called where a failure does not end the script: each step says so itself.
measure_here() {
	local names=()
	plan
	put "$output/schemes.csv" build/bin/refcost list --csv || return
	if [ $mode = instructions ]; then
		attended build/bin/refcost run "${counting[@]}" -o "$output"
	elif [ $mode = perf ]; then
		mapfile -t names < <(if [ -n "$schemes" ]; then tr , '\n' <<<"$schemes"; else build/bin/refcost list -n; fi)
		attended tools/perf-sessions.sh $quick $c2c "$output" "${names[@]}"
	else
		attended build/bin/refcost run "${run[@]}" -o "$output" || return
		[ ${#unload[@]} = 0 ] || attended build/bin/refcost unload "${unload[@]}" -o "$output" || return
		[ ${#loading[@]} = 0 ] || attended build/bin/refcost load "${loading[@]}" -o "$output" || return
		[ -n "$schemes" ] || [ -s "$output/traced.csv" ] || attended tools/measure-unloads.sh "${apart[@]}" "$output"
	fi
}

# as_measured ACCEL COMMAND...: run it so that it takes this machine for the one that would be measured
as_measured() {
	local accel=$1 vcpus=${cpus:-$(nproc)}
	shift
	if [ "$where" = host ]; then
		"$@"
	else
		[ "$accel" != icount ] || vcpus=1
		mkdir -p "$guest_root/proc"
		echo "refcost.accel=$accel refcost.hostcpus=$(nproc)" >"$guest_root/proc/cmdline"
		REFCOST_SYSROOT=$guest_root HWLOC_SYNTHETIC="core:$vcpus pu:1" "$@"
	fi
}

# What would be measured, and how long each part takes.
dry_run() {
	local accel=tcg known=() names=()
	[ -x build/bin/refcost ] || die 4 "--dry-run needs the command and its modules: run make first"
	[ ! -s build/guest/accel ] || read -r _ accel _ <build/guest/accel
	[ -z "$resume" ] || known=(-o "$resume")
	guest_root=$(mktemp -d)
	trap 'rm -rf "$guest_root"' EXIT
	. tools/plan.sh
	plan
	[ "$where" = host ] || [ $mode = instructions ] || part_takes "a guest" "$(guest_takes "$accel")"
	if [ $mode = measure ]; then
		part "gets and puts" as_measured "$accel" build/bin/refcost run --dry-run "${run[@]}" "${known[@]}"
		[ ${#unload[@]} = 0 ] || part unloads as_measured "$accel" build/bin/refcost unload --dry-run "${unload[@]}" "${known[@]}"
		[ ${#loading[@]} = 0 ] || part loads as_measured "$accel" build/bin/refcost load --dry-run "${loading[@]}" "${known[@]}"
		[ -n "$schemes" ] || [ -s "${resume:-/nowhere}/traced.csv" ] ||
			part "unloads apart from schemes" as_measured "$accel" tools/measure-unloads.sh --dry-run "${apart[@]}"
	elif [ $mode = perf ]; then
		mapfile -t names < <(if [ -n "$schemes" ]; then tr , '\n' <<<"$schemes"; else build/bin/refcost list -n; fi)
		part "perf sessions" as_measured "$accel" tools/perf-sessions.sh --dry-run $quick $c2c "${names[@]}"
	fi
	if [ $mode = instructions ] || [ $mode$where = measureguest ]; then
		part_takes "a guest that counts instructions" "$(guest_takes icount)"
		part "instructions of gets and puts" as_measured icount build/bin/refcost run --dry-run "${counting[@]}" "${known[@]}"
	fi
	[ -z "$report" ] || [ $mode != measure ] || part_takes "report and figures" $report_takes
	parts_end
	[ "$where" = host ] || [ $about_all -le "$deadline" ] ||
		say "a guest is killed after $(duration "$deadline"): give a longer --deadline, or go on with --resume"
}

# Boot, then do there what is done on a real machine.
measure_in_guest() {
	local boot=(--release "$release" --share "$output" --deadline "$deadline") inner=(--host --no-report)
	if [ "$1" = instructions ]; then
		boot+=(--icount)
		inner+=(--instructions)
	else
		boot+=(--cpus "${cpus:-$(nproc)}")
	fi
	[ "$1" != perf ] || inner+=(--perf)
	[ -z "$c2c" ] || inner+=("$c2c")
	[ "$1" != measure ] || inner+=("${compared[@]}")
	[ -z "$quick" ] || inner+=(--quick)
	[ -z "$blocks" ] || inner+=(--blocks "$blocks")
	[ -z "$cycles" ] || inner+=(--cycles "$cycles")
	[ -z "$schemes" ] || inner+=(--schemes "$schemes")
	[ -z "$tune" ] || inner+=(--tune)
	attended env REFCOST_IN_GUEST=1 guest/boot.sh "${boot[@]}" -- ./bench.sh "${inner[@]}" --output "$output"
}

make_report() {
	local svg
	build/bin/refcost report "$output" -o "$output/report" --figures plots/figures >"$output/tables.txt"
	plots/render.sh "$output/report" "$output/figures"
	build/bin/refcost html "$output"
	mkdir -p plots/figures
	for svg in "$output"/figures/*.svg; do put "plots/figures/${svg##*/}" cat "$svg"; done
	put RESULTS.md cat "$output/report/RESULTS.md"
	say "wrote RESULTS.md and plots/figures/ from $output, and $output/report.html"
}

interrupted() {
	trap - INT TERM HUP
	[ -z "$child" ] || { kill -TERM "$child" && wait "$child"; } 2>/dev/null || true
	[ -n "${REFCOST_IN_GUEST:-}" ] ||
		echo "bench.sh: interrupted; what was measured is kept: go on with the same options and --resume $output" >&2
	exit 130
}

parse "$@"
choose
[ -n "${REFCOST_IN_GUEST:-}" ] || say "measuring $([ "$where" = host ] && echo "this machine" || echo "a guest"): $why"
[ -z "$dry_run" ] || { dry_run && exit; }
[ "$where" = guest ] || [ "$(id -u)" = 0 ] || die 1 "--host loads kernel modules and needs root: sudo ./bench.sh --host"
[ "$where" = guest ] || [ -e "${REFCOST_SYSROOT:-}/proc/modules" ] || die 4 "this kernel loads no modules: use --guest"
[ -z "$strict" ] || [ "$where" = host ] || [ $mode = instructions ] ||
	die 2 "--strict: a guest's times are distorted: use --host, or leave --strict out"
prepare
output=$(realpath -m "${resume:-${output:-$(results_name)}}")
mkdir -p "$output" || die 1 "cannot write to $output: give another with --output"
trap tune_restore EXIT
trap interrupted INT TERM HUP
ready

status=0
# The outer one's, where this one runs in its guest.
export REFCOST_BENCH=${REFCOST_BENCH:-./bench.sh --$where${asked[*]:+ ${asked[*]}}}
if [ "$where" = host ]; then
	measure_here || status=$?
elif [ $mode != measure ]; then
	measure_in_guest $mode || status=$?
else
	measure_in_guest measure || status=$?
	[ $status != 0 ] || measure_in_guest instructions || status=$?
fi
[ $status -le 128 ] || interrupted
[ $status = 0 ] || die $status "measuring failed; what was measured is in $output"
[ -z "$report" ] || [ $mode != measure ] || make_report
[ $mode != perf ] || [ -n "${REFCOST_IN_GUEST:-}" ] || say "wrote $output/perf: a directory a scheme and number of CPUs"
