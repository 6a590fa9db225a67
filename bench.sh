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
else in a QEMU guest. Says what it will do and for how long, installs what is missing (naming it), builds,
measures, plots, and writes a report: results/NAME/report/RESULTS.md and results/NAME/report.html.

  --quick           a look: the floors and four schemes, in about three minutes
                    (without: all schemes and every section, in about ten)
  --full            what one quotes: 30 blocks of long windows, 73 unloads a scheme and arm; --dry-run says how long
  --host            measure this machine         --guest         measure a guest
  --update          take the report for the RESULTS.md and plots/figures of this tree, and its data for
                    results/reference
  --instructions    exact instructions per get+put of every scheme (a guest that counts them)
  --perf            a perf session a scheme, on one CPU and on all: perf.data, the annotated loop, folded stacks
  --c2c             with --perf: perf c2c of each scheme on all CPUs, too, where the machine can
  --cpus N          vCPUs of the guest (default: as many as there are CPUs here; what is measured with more is
                    marked, and compared with nothing)
  --dry-run         print what would be measured, where, and how long it takes; nothing is installed, built or run
  --resume DIR      go on with a run that was interrupted (give the same options again)
  --output DIR      results directory (default: results/NAME, named by kernel and date)
  -s, --schemes A,B only these schemes and floors (refcost list names them), and no unloads apart from them
  --placement A,B   compare CPUs, --layout A,B  what shares the line of a count: see refcost-run(8)
  --blocks N        so many blocks                --cycles N      so many unloads a scheme and arm
  --deadline S      kill the guest after S seconds (default: three times what it is estimated to take)
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

where='' size=default mode=measure output='' resume='' report=1 update='' deps_flag='' cpus='' deadline=''
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
		--quick | --full) size=${1#--} ;;
		--update) update=1 ;;
		--instructions) mode=instructions ;;
		--tune) tune=1 ;;
		--strict) strict=1 ;;
		--dry-run) dry_run=1 ;;
		-n) die 64 "-n is now called --dry-run" ;;
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
			[ $# -gt 1 ] || die 64 "$1 wants names, as in refcost-run(8)"
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
		--host | --guest | --resume | --output | --deadline | --no-install | --no-report | --update) ;;
		--cpus | --blocks | --cycles | -s | --schemes | --placement | --layout) asked+=("$first" "$1") ;;
		*) asked+=("$first") ;;
		esac
		shift
	done
	[ -z "$c2c" ] || [ $mode = perf ] || die 64 "--c2c is a part of perf sessions: give --perf, too"
	[ -z "$update" ] || [ -n "$report" ] || die 64 "--update takes the report: leave --no-report out"
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

# What has to be installed, for tools/deps.sh.
needed() {
	sets=(build)
	[ $mode != perf ] || sets+=(perf)
	if [ "$where" = host ]; then sets+=(host-headers); else sets+=(headers guest); fi
	[ -z "$report" ] || sets+=(plot)
}

prepare() {
	# Inside the guest everything is there already, and nothing can be written.
	[ -n "${REFCOST_IN_GUEST:-}" ] && return
	needed
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
$(grep '^  warn' <<<"$found")"
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

# with_role ROLE: schemes that say so in their own files
with_role() { sed -nE "s/^REFCOST_REPORT\(([a-z_0-9]+), \"([a-z ]* )?$1( [a-z ]*)?\",.*/\1/p" kmod_bench/schemes/*.c; }

# What --quick is about besides the floors.
a_few() { with_role swept | grep -vxF "$(with_role loop)" | paste -sd,; }

# listed FLOORS: the names of floors, of all that this kernel has, or with 0 those of the others
listed() { build/bin/refcost list --csv | awk -F, -v floors="$1" 'NR > 1 && $3 != "absent" && ($3 == "floor") == floors { print $1 }'; }

# How much of everything.
sizes() {
	window=20 warmup=5 hold_blocks=3 hold_cycles=3 patience=500 holds=0,1us,100us,10ms
	case $size in
	quick) blocks=${blocks:-20} cycles=${cycles:-11} holds=0,100us,10ms ;;
	default) blocks=${blocks:-24} cycles=${cycles:-23} ;;
	full) blocks=${blocks:-30} cycles=${cycles:-73} window=200 warmup=40 hold_blocks=6 hold_cycles=11 patience=2000 ;;
	esac
}

# What refcost run, unload, init and objects are asked for, and tools/measure-unloads.sh: what has no words is left out.
# Counters are turned outside of what is timed; without a PMU the run says so, and they are left out.
plan() {
	local only=$schemes protecting
	[ $size != quick ] || only=${schemes:-$(listed 1 | paste -sd,),$(a_few)}
	run=(--hold "0,200ns,1us,5us,20us" --hold-schemes "$(with_role swept | paste -sd,)" --mode "getput,lookup" --counters "${compared[@]}"
		-b "$blocks" --hold-blocks "$hold_blocks" --window "${window}ms" --warmup "${warmup}ms")
	unload=(--hold "$holds" -n "$cycles" --hold-cycles "$hold_cycles" --timeout "${patience}ms")
	loading=(-n "$cycles")
	objects=()
	[ $size != full ] || objects=(-n 7)
	apart=(-n "$cycles")
	if [ -n "$only" ]; then
		run+=(-s "$only")
		protecting=$(listed 0 | grep -xFf <(tr , '\n' <<<"$only") | paste -sd, || true)
		unload+=(-s "$protecting")
		[ ${#objects[@]} = 0 ] || objects+=(-s "$protecting")
		[ -n "$protecting" ] || unload=() objects=()
		[[ ,$only, == *,percpu_live,* ]] || loading=()
		apart=()
	fi
	sessions=(${c2c:+"$c2c"})
	[ $size != quick ] || sessions+=(--quick)
	counting=(--instructions ${only:+-s "$only"} -b 2 --mode "getput,lookup")
}

# Called where a failure does not end the script: each step says so itself.
measure_here() {
	local names=()
	sizes
	plan
	put "$output/schemes.csv" build/bin/refcost list --csv || return
	if [ $mode = instructions ]; then
		attended build/bin/refcost run "${counting[@]}" -o "$output"
	elif [ $mode = perf ]; then
		mapfile -t names < <(if [ -n "$schemes" ]; then tr , '\n' <<<"$schemes"; else build/bin/refcost list --names; fi)
		attended tools/perf-sessions.sh "${sessions[@]}" "$output" "${names[@]}"
	else
		attended build/bin/refcost run "${run[@]}" -o "$output" || return
		[ ${#unload[@]} = 0 ] || attended build/bin/refcost unload "${unload[@]}" -o "$output" || return
		[ ${#loading[@]} = 0 ] || attended build/bin/refcost init "${loading[@]}" -o "$output" || return
		[ ${#objects[@]} = 0 ] || attended build/bin/refcost objects "${objects[@]}" -o "$output" || return
		[ ${#apart[@]} = 0 ] || [ -s "$output/traced.csv" ] || attended tools/measure-unloads.sh "${apart[@]}" "$output"
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
		mkdir -p "$scratch/proc"
		echo "refcost.accel=$accel refcost.hostcpus=$(nproc)" >"$scratch/proc/cmdline"
		REFCOST_SYSROOT=$scratch HWLOC_SYNTHETIC="core:$vcpus pu:1" "$@"
	fi
}

# What would be measured, and how long each part takes, by the command's own plans.
planned() {
	local accel=tcg known=() names=()
	[ ! -s build/guest/accel ] || read -r _ accel _ <build/guest/accel
	[ -z "$resume" ] || known=(-o "$resume")
	plan
	[ "$where" = host ] || [ $mode = instructions ] || part_takes "a guest" "$(guest_takes "$accel")"
	if [ $mode = measure ]; then
		part "gets and puts" as_measured "$accel" build/bin/refcost run --dry-run "${run[@]}" "${known[@]}" || return
		[ ${#unload[@]} = 0 ] || part unloads as_measured "$accel" build/bin/refcost unload --dry-run "${unload[@]}" "${known[@]}" || return
		[ ${#loading[@]} = 0 ] || part loads as_measured "$accel" build/bin/refcost init --dry-run "${loading[@]}" "${known[@]}" || return
		[ ${#objects[@]} = 0 ] || part "per object" as_measured "$accel" build/bin/refcost objects --dry-run "${objects[@]}" "${known[@]}" || return
		[ ${#apart[@]} = 0 ] || [ -s "${resume:-/nowhere}/traced.csv" ] ||
			part "unloads apart from schemes" as_measured "$accel" tools/measure-unloads.sh --dry-run "${apart[@]}" || return
	elif [ $mode = perf ]; then
		mapfile -t names < <(if [ -n "$schemes" ]; then tr , '\n' <<<"$schemes"; else build/bin/refcost list --names; fi)
		part "perf sessions" as_measured "$accel" tools/perf-sessions.sh --dry-run "${sessions[@]}" "${names[@]}" || return
	fi
	if [ $mode = instructions ] || [ $mode$where = measureguest ]; then
		part_takes "a guest that counts instructions" "$(guest_takes icount)"
		part "instructions of gets and puts" as_measured icount build/bin/refcost run --dry-run "${counting[@]}" "${known[@]}" || return
	fi
	[ -z "$report" ] || [ $mode != measure ] || part_takes "report and figures" $report_takes
	parts_end
}

# The plan into a file, and what it comes to into about_all and most_all; before anything is built, by experience.
estimate() {
	local code=0
	. tools/plan.sh
	sizes
	if [ -x build/bin/refcost ]; then
		planned >"$scratch/plan" 2>"$scratch/why" || code=$?
		[ $code != 0 ] || return 0
		if [ -n "$dry_run" ]; then
			cat "$scratch/why" >&2
			exit $code
		fi
		# An older build need not know what this script asks for: it is built again before it measures.
		parts=() about_all=0 most_all=0
	fi
	if [ $mode = measure ]; then
		part_takes "all of it" "$(by_experience $size "$where")"
	else
		part_takes "all of it" "$(by_experience quick "$where")"
	fi
	echo "estimated by experience with two CPUs; once it is built (make), --dry-run prints the plan and the time of each part" >"$scratch/plan"
}

# Before anything else: what, where, for how long, and what it changes.
notice() {
	local missing=''
	say "measuring $([ "$where" = host ] && echo "this machine" || echo "a guest of $(if [ $mode = instructions ]; then echo "1 CPU"; else echo "${cpus:-$(nproc)} CPUs"; fi)"): $why"
	case $mode in
	instructions) say "instructions of ${schemes:-all schemes}" ;;
	perf) say "perf sessions of ${schemes:-all schemes}" ;;
	*) say "${schemes:-$([ $size = quick ] && echo "the floors and $(a_few)" || echo all schemes)}: $blocks blocks of windows of $window ms, $cycles unloads each, idle and under load" ;;
	esac
	say "takes about $(duration $about_all)$([ $most_all = $about_all ] || echo ", and up to $(duration $most_all) if users starve every unload"), beside installing and building"
	needed
	[ -n "$deps_flag" ] || missing=$(tools/deps.sh --no-install "${sets[@]}" 2>&1 >/dev/null | sed -n 's/^missing packages: \([^:]*\):.*/\1/p' || true)
	[ "$where" = guest ] ||
		say "loads modules of its own, unloads and traces them, which taints this kernel; turns rcu_expedited and back"
	say "installs ${missing:-nothing}; writes build/ and ${output:-${resume:-results/}}${update:+, RESULTS.md, plots/figures/ and results/reference.tar.xz}, and nothing else"
}

# Boot, then do there what is done on a real machine.
measure_in_guest() {
	local boot=(--release "$release" --share "$output" --deadline "${deadline:-$((3 * most_all + 300))}") inner=(--host --no-report)
	if [ "$1" = instructions ]; then
		boot+=(--icount)
		inner+=(--instructions)
	else
		boot+=(--cpus "${cpus:-$(nproc)}")
	fi
	[ "$1" != perf ] || inner+=(--perf)
	[ -z "$c2c" ] || inner+=("$c2c")
	[ "$1" != measure ] || inner+=("${compared[@]}")
	[ $size = default ] || inner+=("--$size")
	[ -z "$blocks" ] || inner+=(--blocks "$blocks")
	[ -z "$cycles" ] || inner+=(--cycles "$cycles")
	[ -z "$schemes" ] || inner+=(--schemes "$schemes")
	[ -z "$tune" ] || inner+=(--tune)
	attended env REFCOST_IN_GUEST=1 guest/boot.sh "${boot[@]}" -- ./bench.sh "${inner[@]}" --output "$output"
}

# keep_data: what the report is made of, the same byte for byte of the same tables
keep_data() {
	(cd "$output" && tar -c --owner=0 --group=0 --numeric-owner --mtime=@0 --sort=name --mode=644 --exclude=attempts.csv run.json ./*.csv | xz -9e)
}

make_report() {
	local file
	build/bin/refcost report "$output" -o "$output/report" --figures ../figures >"$output/tables.txt"
	plots/render.sh "$output/report" "$output/figures"
	build/bin/refcost report --html "$output"
	say "wrote $output/report/RESULTS.md and $output/report.html"
	[ -n "$update" ] || return 0
	mkdir -p plots/figures results
	for file in "$output"/figures/*.svg; do put "plots/figures/${file##*/}" cat "$file"; done
	for file in "$output"/report/*.md; do put "${file##*/}" sed 's,(\.\./figures/,(plots/figures/,g' "$file"; done
	put results/reference.tar.xz keep_data
	say "wrote RESULTS.md, plots/figures/ and results/reference.tar.xz"
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
if [ -z "${REFCOST_IN_GUEST:-}" ]; then
	scratch=$(mktemp -d)
	trap 'rm -rf "$scratch"' EXIT
	estimate
	notice
	[ -z "$dry_run" ] || { cat "$scratch/plan" && exit; }
fi
[ "$where" = guest ] || [ "$(id -u)" = 0 ] || die 1 "--host loads kernel modules and needs root: sudo ./bench.sh --host"
[ "$where" = guest ] || [ -e "${REFCOST_SYSROOT:-}/proc/modules" ] || die 4 "this kernel loads no modules: use --guest"
[ -z "$strict" ] || [ "$where" = host ] || [ $mode = instructions ] ||
	die 2 "--strict: a guest's times are distorted: use --host, or leave --strict out"
prepare
output=$(realpath -m "${resume:-${output:-$(results_name)}}")
mkdir -p "$output" || die 1 "cannot write to $output: give another with --output"
trap 'tune_restore; rm -rf "${scratch:-}"' EXIT
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
