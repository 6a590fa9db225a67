#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Run by tests/precision.sh in the guest: tests/guest/precision.sh DIR
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh

dir=$1
refcost=$PWD/build/bin/refcost
declare -A build=([own]=$PWD/build/kmod/$(uname -r) [slow]=$PWD/build/kmod-fault/SLOW_TENTH/$(uname -r))
rounds=10

say() { echo "# $*"; }
# differing COMPARISON: how many cells the file has, how many of them differ
differing() { awk -F, '$16 ~ /^(slower|faster|no difference)/ { n++; d += $16 ~ /^(slower|faster)/ } END { print n, d + 0 }' "$1"; }

precise_cells() {
	local line precise cells
	"$refcost" report "$dir/a" >/dev/null
	line=$(grep -E '^- precision: ' "$dir/a/report/RESULTS.md")
	say "${line#- }"
	read -r precise cells < <(sed -E 's/.* in ([0-9]+) of ([0-9]+) one-CPU.*/\1 \2/' <<<"$line")
	ok "at most 5 % in at least 80 % of the one-CPU cells ($precise of $cells)" test $((100 * precise)) -ge $((80 * cells))
}

same_twice() {
	local run cells differ
	for run in a b; do
		ok "run $run of the same build" "$refcost" run -c 1,4 -b 30 --window 50ms --warmup 10ms --settle 250ms \
			--seed "$(printf %d "'$run")" -o "$dir/$run"
	done
	precise_cells
	"$refcost" compare --csv "$dir/a" "$dir/b" >"$dir/same.csv" 2>"$dir/same.txt" || true
	read -r cells differ < <(differing "$dir/same.csv")
	grep -E '(slower|faster)' "$dir/same.csv" | sed 's/^/# /' || true
	ok "at most 1 cell in 20 differs ($differ of $cells)" test "$cells" -gt 0 -a $((20 * differ)) -le "$cells"
}

# The two builds take turns, so that a guest that gets slower does not look like a build that is.
tenth_slower() {
	local n side found=0 ratio
	local -x REFCOST_MODULES
	for ((n = 1; n <= rounds; n++)); do
		for side in own slow; do
			REFCOST_MODULES=${build[$side]}
			"$refcost" run -s kref -c 1 -b 15 --window 50ms --warmup 10ms --settle 250ms --seed $n -o "$dir/$side-$n" >/dev/null
		done
		"$refcost" compare --csv --force "$dir/own-$n" "$dir/slow-$n" >"$dir/slow-$n.csv" 2>/dev/null || true
		ratio=$(awk -F, 'NR == 2 { print $13 " (" $14 ".." $15 "): " $16 }' "$dir/slow-$n.csv")
		say "round $n, a tenth slower over as it is: $ratio"
		case $ratio in *slower) found=$((found + 1)) ;; esac
	done
	ok "a tenth slower is found in at least 9 of $rounds rounds ($found)" test $found -ge 9
}

same_twice
tenth_slower
tap_done
