#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Every state that a load and its victim can be in, against a model: tests/guest/states.sh quick|beside|long, in a
# guest, as root. quick is for each change, beside wants the machine for itself, long [LENGTH [SCHEME,...]] takes all
# the sequences, and with all schemes 1000 interrupted gates.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh

release=$(uname -r)
modules=${REFCOST_MODULES:-$PWD/build/kmod/$release}
slow=$PWD/build/kmod-fault/SLOW_EXIT/$release
ko=/tmp/states
interrupted=0
only=()
[ -z "${3:-}" ] || only=(-s "$3")

# states SECONDS PART [OPTION...]: its results are ours, one by one
states() {
	local line ended=0
	while IFS= read -r line; do
		case $line in
		"ok "*SKIP*) tap_skip "${line#* - }" "" ;;
		"ok "*) tap_result 0 "${line#* - }" ;;
		"not ok "*) tap_result 1 "${line#* - }" ;;
		"# interrupted gates: "*) interrupted=$((interrupted + ${line##* })) ;;
		"#"*) echo "$line" ;;
		1..*) ended=1 ;;
		esac
	done < <(build/tests/guest/states -d "$1" -f $ko/slow ${only[@]+"${only[@]}"} "${@:3}" $ko "$2" 2>&1 || true)
	is "$2: it ran to its end" 1 $ended
}

# Small modules, in memory: they are loaded some ten thousand times.
mkdir -p $ko/slow
cp "$modules"/refcost{,_victim,_plain1}.ko $ko
cp "$slow/refcost_victim.ko" $ko/slow
strip -g $ko/*.ko $ko/slow/*.ko
ok "refcost.ko loads" insmod $ko/refcost.ko
case ${1:?quick, beside or long} in
quick)
	is "the table has every scheme" "$(build/bin/refcost list --csv | awk -F, 'NR > 1 && $3 != "floor" { print $1 }' | sort)" \
		"$(build/tests/guest/states names | sort)"
	states 300 refusals
	states 300 sequences
	states 300 sequences -w 1 -l 3
	states 300 signals -n 6
	states 300 two
	states 300 memory
	;;
beside)
	states 300 beside -s kref,active_rwsem
	;;
long)
	states 300 refusals
	states 3600 sequences -b -l "${2:-4}"
	states 7200 sequences -w 1 -b -l "${2:-4}"
	states 1800 sequences -w 2 -b -l 3
	states 3600 signals -n 170
	[ ${#only[@]} -gt 0 ] || ok "$interrupted gates were interrupted" test $interrupted -ge 1000
	states 600 two
	states 600 two -w 1
	states 300 memory
	;;
esac
ok "refcost.ko unloads" rmmod refcost
is "the kernel has nothing to complain about" "" "$(dmesg | grep -E 'BUG:|WARNING:|Oops|soft lockup|rcu.*stall|blocked for more than|refcost: an object' || true)"
rm -r $ko
tap_done
