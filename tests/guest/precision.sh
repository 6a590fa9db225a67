#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Run by tests/precision.sh in the guest: tests/guest/precision.sh DIR PART...
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh

dir=$1
refcost=$PWD/build/bin/refcost
declare -A build=([own]=$PWD/build/kmod/$(uname -r) [slow]=$PWD/build/kmod-fault/SLOW_TENTH/$(uname -r))
rounds=10

say() { echo "# $*"; }
# Where workers share CPUs windows have to be longer than the host's time slices.
alone=(-c 1 --window 20ms --warmup 2ms)
crowded=(-c 4 --window 50ms --warmup 10ms)
# part_of DIR OPTION...: the next block of that run
part_of() {
	local out=$1
	shift
	"$refcost" run "$@" --max-blocks 1 -o "$out" >/dev/null 2>"$out.err" || { cat "$out.err" && return 1; }
}
# differing COMPARISON: how many cells the file has, how many of them differ
differing() { awk -F, '$16 ~ /^(slower|faster|no difference)/ { n++; d += $16 ~ /^(slower|faster)/ } END { print n, d + 0 }' "$1"; }

precise_cells() {
	local line precise cells
	"$refcost" report "$dir/alone-$1" >/dev/null
	line=$(grep -E '^- precision: ' "$dir/alone-$1/report/RESULTS-tables.md")
	say "run $1: ${line#- }"
	read -r precise cells < <(sed -E 's/.* in ([0-9]+) of ([0-9]+) one-CPU.*/\1 \2/' <<<"$line")
	ok "run $1: at most 5 % in at least 80 % of the one-CPU cells ($precise of $cells)" test $((100 * precise)) -ge $((80 * cells))
}

# in_turns N FUNCTION A B: run it for both N times, each the first as often, so that a guest that gets slower
# does not look like a build that is
in_turns() {
	local n
	for ((n = 0; n < $1; n += 2)); do
		"$2" "$3" && "$2" "$4" && { ((n + 1 == $1)) || { "$2" "$4" && "$2" "$3"; }; } || return
	done
}

block_of() {
	local seed
	seed=$(printf %d "'$1")
	part_of "$dir/alone-$1" "${alone[@]}" -b 30 --seed "$seed" && part_of "$dir/crowded-$1" "${crowded[@]}" -b 30 --seed "$seed"
}
same_twice() {
	local cells=0 differ=0 which n d
	ok "two runs of the same build" in_turns 30 block_of a b
	precise_cells a
	precise_cells b
	for which in alone crowded; do
		"$refcost" compare --csv "$dir/$which-a" "$dir/$which-b" >"$dir/$which.csv" 2>"$dir/$which.txt" || true
		read -r n d < <(differing "$dir/$which.csv")
		say "$which: $d of $n differ"
		grep -E '(slower|faster)' "$dir/$which.csv" | sed 's/^/# /' || true
		cells=$((cells + n)) differ=$((differ + d))
	done
	ok "at most 1 cell in 20 differs ($differ of $cells)" test "$cells" -gt 0 -a $((20 * differ)) -le "$cells"
}

build_of() { REFCOST_MODULES=${build[${1%-*}]} part_of "$dir/$1" "${alone[@]}" -s kref -b 30 --seed "${1#*-}"; }
tenth_slower() {
	local n found=0 ratio
	for ((n = 1; n <= rounds; n++)); do
		in_turns 30 build_of own-$n slow-$n
		"$refcost" compare --csv --force "$dir/own-$n" "$dir/slow-$n" >"$dir/slow-$n.csv" 2>/dev/null || true
		ratio=$(awk -F, 'NR == 2 { print $13 " (" $14 ".." $15 "): " $16 }' "$dir/slow-$n.csv")
		say "round $n, a tenth slower over as it is: $ratio"
		case $ratio in *slower) found=$((found + 1)) ;; esac
	done
	ok "a tenth slower is found in at least 9 of $rounds rounds ($found)" test $found -ge 9
}

parts "${@:2}"
tap_done
