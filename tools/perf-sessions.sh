#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A perf session a scheme and CPU count, on the machine that this runs on, as root:
# tools/perf-sessions.sh [--quick] [--c2c] DIR SCHEME..
# tools/perf-sessions.sh --dry-run [--quick] [--c2c] SCHEME..: how long that would take
# Leaves in DIR/perf/SCHEME-CPUS: perf.data (windows and their warm-up alone), annotate.txt (the loop,
# instruction by instruction) and folded.txt (a stack a line, with its samples); with --c2c, of all CPUs
# and where the machine can, c2c.txt (which cache lines they took from each other). While the modules
# are loaded, since perf finds their symbols and text in the running kernel alone.
set -euo pipefail
cd "$(dirname "$0")/.."

blocks=4 c2c='' dry_run=''
while [[ ${1:-} == --* ]]; do
	case $1 in
	--quick) blocks=1 ;;
	--c2c) c2c=1 ;;
	--dry-run) dry_run=1 ;;
	*)
		echo "perf-sessions.sh: no option '$1'" >&2
		exit 64
		;;
	esac
	shift
done
refcost=$PWD/build/bin/refcost
recorded=(-b "$blocks" --window 200ms --warmup 5ms)

# By experience, ms: until the first session begins, and one beside its windows. Seen where QEMU emulated a guest
# on two CPUs; the others are guesses.
paces() {
	if grep -qs 'refcost.accel=tcg' "${REFCOST_SYSROOT:-}/proc/cmdline"; then
		begin=8000 each=12000
	else
		begin=1000 each=3000
	fi
}

# dry_run SCHEME..: as many sessions as below, with the windows of those on all CPUs
dry_run() {
	local begin each cpus windows n
	. tools/plan.sh
	paces
	cpus=$("$refcost" run --dry-run -s "$1" -b 1 | sed -n 's/.* \([0-9]*\) CPUs\{0,1\}, .*/\1/p' | sort -n | tail -n 1)
	windows=$("$refcost" run --dry-run -s "$(IFS=,; echo "$*")" -c "$cpus" "${recorded[@]}" | tail -n 1)
	n=$(((cpus > 1 ? 2 : 1) + ${c2c:-0}))
	echo "estimated: $begin ms until the first, $each ms a session beside its windows on up to $cpus CPUs"
	echo "$(($# * n)) sessions; takes about $(duration $(((begin + $# * n * each) / 1000 + n * $(seconds "${windows##*about }"))))"
}

if [ -n "$dry_run" ]; then
	dry_run "$@"
	exit
fi
dir=${1:?give a results directory}/perf
shift
tmp=$(mktemp -d)
log=$tmp/log

fail() {
	echo "perf-sessions.sh: $1" >&2
	exit "$2"
}

clean_up() {
	rmmod refcost_victim refcost 2>/dev/null || true
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# fold <SCRIPT: what perf script prints of the workers, with a stack a line, outermost first, and how often
# it was seen. Idle CPUs, perf and whatever else ran beside them are in perf.data alone.
fold() {
	awk '
		/^[^\t]/ { comm = $1; stack = ""; next }
		NF { stack = ";" $2 stack; next }
		{ count() }
		END { count(); for (s in n) print s, n[s] }
		function count() { if (stack != "" && comm ~ /^refcost\//) n[comm stack]++; stack = "" }' | sort
}

# record SCHEME CPUS FILE PERF..: the windows of a run, by this perf command
record() {
	local scheme=$1 cpus=$2 file=$3
	shift 3
	# Build ids would have perf copy all of the kernel's memory that holds text, for each session.
	"$@" -q -a --no-buildid -D -1 --control="fifo:$tmp/ctl,$tmp/ack" -o "$file" -- \
		"$refcost" run -k -s "$scheme" -c "$cpus" "${recorded[@]}" --perf-control "$tmp/ctl,$tmp/ack" \
		>"$log" 2>&1 || fail "$scheme on $cpus CPUs: $(tail -n 1 "$log")" 1
}

# session SCHEME CPUS: the modules are loaded
session() {
	local cell=$dir/$1-$2

	[ ! -s "$cell/folded.txt" ] || return 0 # from a run that was interrupted
	mkdir -p "$cell"
	record "$1" "$2" "$cell/perf.data" perf record -g -F 997
	perf annotate --stdio -i "$cell/perf.data" "refcost_loop_$1" >"$cell/annotate.txt" 2>"$log" ||
		fail "perf annotate of $1 on $2 CPUs: $(tail -n 1 "$log")" 1
	perf script -i "$cell/perf.data" -F comm,ip,sym 2>"$log" | fold >"$tmp/folded" ||
		fail "perf script of $1 on $2 CPUs: $(tail -n 1 "$log")" 1
	mv "$tmp/folded" "$cell/folded.txt"
	echo "perf-sessions.sh: $cell: $(awk -v loop="refcost_loop_$1" '
		{ all += $NF; if ($0 ~ loop "( |;)") in_loop += $NF }
		END { printf "%d samples of the workers, %.0f %% in the loop", all, all ? 100 * in_loop / all : 0 }' "$cell/folded.txt")" >&2
}

# Loads and stores with their addresses are other events on each kind of machine (PEBS, IBS, SPE): only
# trying tells.
c2c_works() {
	perf c2c record -- -q -a --no-buildid -o "$tmp/c2c.data" -- true >"$log" 2>&1 && return
	echo "perf-sessions.sh: perf c2c is not available: $(grep -m 1 . "$log" || echo "perf c2c record fails")" >&2
	return 1
}

# c2c_session SCHEME CPUS: a row an instruction, of whichever worker
c2c_session() {
	local cell=$dir/$1-$2

	[ ! -s "$cell/c2c.txt" ] || return 0
	record "$1" "$2" "$tmp/c2c.data" perf c2c record --
	perf c2c report --stdio --full-symbols --no-source -c iaddr -i "$tmp/c2c.data" >"$tmp/c2c.txt" 2>"$log" ||
		fail "perf c2c report of $1 on $2 CPUs: $(tail -n 1 "$log")" 1
	mv "$tmp/c2c.txt" "$cell/c2c.txt"
	echo "perf-sessions.sh: $cell/c2c.txt" >&2
}

perf --version >/dev/null 2>&1 || fail "perf is missing or does not run here: install the package linux-perf" 4
mkfifo "$tmp/ctl" "$tmp/ack" || fail "cannot make fifos in $tmp" 1
"$refcost" run -k -s "$1" -c 1 -b 1 --window 1ms --warmup 0 >/dev/null
cpus=$(nproc)
[ -z "$c2c" ] || c2c_works || c2c=''
for scheme; do
	session "$scheme" 1
	[ "$cpus" = 1 ] || session "$scheme" "$cpus"
	[ -z "$c2c" ] || c2c_session "$scheme" "$cpus"
done
