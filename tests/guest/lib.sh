# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
# What tests in a guest share: source it with DIR, which is writable and survives, as $1.
. tests/tap.sh

dir=$1
release=$(uname -r)
refcost=$PWD/build/bin/refcost

# in_memory DIR: the modules there, without debugging information and in memory: they are loaded hundreds of times
in_memory() {
	local to=/tmp/modules/${1//\//-} module
	if [ ! -d "$to" ]; then
		mkdir -p "$to"
		for module in "$1"/*.ko; do
			strip -g -o "$to/${module##*/}" "$module"
		done
	fi
	echo "$to"
}
modules=$(in_memory "${REFCOST_MODULES:-$PWD/build/kmod/$release}")
fault=$PWD/build/kmod-fault/LOSE_ONE/$release
export REFCOST_MODULES=$modules

loaded() { grep -E '^refcost' /proc/modules || true; }
nothing_left() {
	is "$1: nothing is left loaded" "" "$(loaded)"
	ok "$1: nothing is left in /tmp" bash -c '! ls -d /tmp/refcost.* 2>/dev/null'
}
rows() { echo $(($(wc -l <"$1") - 1)); }
# column FILE NAME..: these of every row
column() {
	awk -F, -v names="${*:2}" 'NR == 1 { n = split(names, name, " "); for (i = 1; i <= NF; i++) at[$i] = i; next }
		{ for (i = 1; i <= n; i++) printf "%s%s", $at[name[i]], i < n ? " " : "\n" }' "$1"
}
# windows DIR NAME..: the same of every window of its workers.csv, as the last worker's row has them; ops and failed are
# of all workers, and ns is what an operation took, on average and gaps taken out
windows() {
	awk -F, -v names="${*:2}" 'NR == 1 { n = split(names, name, " "); for (i = 1; i <= NF; i++) at[$i] = i; next }
		{ rate += $at["ops"] / ($at["end_ns"] - $at["start_ns"] - $at["gap_ns"]); ops += $at["ops"]; failed += $at["failed"] }
		++workers < $at["cpus"] { next }
		{ $at["ops"] = sprintf("%.0f", ops); $at["failed"] = failed; at["ns"] = NF + 1; $at["ns"] = workers / rate
			for (i = 1; i <= n; i++) printf "%s%s", $at[name[i]], i < n ? " " : "\n"
			rate = ops = failed = workers = 0 }' "$1/workers.csv"
}
nr_windows() { windows "$1" block | wc -l; }
# json FILE NAME: its first member of that name; a python takes seconds in an emulated guest
json() { sed -n "/^ *\"$2\":/{s/.*: *//;s/[\",]//g;p;q}" "$1"; }
bc_sum() { awk -F+ '{ for (i = 1; i <= NF; i++) s += $i; print s + 0 }'; }

# A TAP producer inside: its lines are comments here, its failures are ours.
run_tap() {
	"$@" | tee /dev/stderr | awk '/^not ok/ { bad = 1 } /^1\.\./ { plan = 1 } END { exit bad || !plan }'
}

# A whole TAP script inside: its results are ours, one by one.
run_tap_here() {
	local log=$dir/${1##*/}.log
	"$@" >"$log" 2>&1 || true
	while IFS= read -r line; do
		case $line in
		"ok "*SKIP*) tap_skip "${line#* - }" "" ;;
		"ok "*) tap_result 0 "${line#* - }" ;;
		"not ok "*) tap_result 1 "${line#* - }" ;;
		"#"*) echo "$line" ;;
		esac
	done <"$log"
	ok "${1##*/} ran to its end" grep -q '^1\.\.' "$log"
}
