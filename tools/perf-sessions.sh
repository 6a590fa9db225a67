#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A perf session a scheme and CPU count, on the machine that this runs on, as root:
# tools/perf-sessions.sh [--quick] DIR SCHEME..
# Leaves in DIR/perf/SCHEME-CPUS: perf.data (windows and their warm-up alone), annotate.txt (the loop,
# instruction by instruction) and folded.txt (a stack a line, with its samples). While the modules are
# loaded, since perf finds their symbols and text in the running kernel alone.
set -euo pipefail
cd "$(dirname "$0")/.."

blocks=4
if [ "${1:-}" = --quick ]; then
	blocks=1
	shift
fi
dir=${1:?give a results directory}/perf
shift
refcost=$PWD/build/bin/refcost
tmp=$(mktemp -d)

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

# session SCHEME CPUS: the modules are loaded
session() {
	local cell=$dir/$1-$2 log=$tmp/log

	[ ! -s "$cell/folded.txt" ] || return 0 # from a run that was interrupted
	mkdir -p "$cell"
	# Build ids would have perf copy all of the kernel's memory that holds text, for each session anew.
	perf record -q -a -g -F 997 --no-buildid -D -1 --control="fifo:$tmp/ctl,$tmp/ack" -o "$cell/perf.data" -- \
		"$refcost" run -k -s "$1" -c "$2" -b $blocks --window 200ms --warmup 5ms --perf-control "$tmp/ctl,$tmp/ack" \
		>"$log" 2>&1 || fail "$1 on $2 CPUs: $(tail -n 1 "$log")" 1
	perf annotate --stdio -i "$cell/perf.data" "refcost_loop_$1" >"$cell/annotate.txt" 2>"$log" ||
		fail "perf annotate of $1 on $2 CPUs: $(tail -n 1 "$log")" 1
	perf script -i "$cell/perf.data" -F comm,ip,sym 2>"$log" | fold >"$tmp/folded" ||
		fail "perf script of $1 on $2 CPUs: $(tail -n 1 "$log")" 1
	mv "$tmp/folded" "$cell/folded.txt"
	echo "perf-sessions.sh: $cell: $(awk -v loop="refcost_loop_$1" '
		{ all += $NF; if ($0 ~ loop "( |;)") in_loop += $NF }
		END { printf "%d samples of the workers, %.0f %% in the loop", all, all ? 100 * in_loop / all : 0 }' "$cell/folded.txt")" >&2
}

perf --version >/dev/null 2>&1 || fail "perf is missing or does not run here: install the package linux-perf" 4
mkfifo "$tmp/ctl" "$tmp/ack" || fail "cannot make fifos in $tmp" 1
"$refcost" run -k -s "$1" -c 1 -b 1 --window 1ms --warmup 0 >/dev/null
cpus=$(nproc)
for scheme; do
	session "$scheme" 1
	[ "$cpus" = 1 ] || session "$scheme" "$cpus"
done
