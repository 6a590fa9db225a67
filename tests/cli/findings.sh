#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Findings follow from what was measured: made-up results with the opposite outcome say the opposite.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/workers.sh

sample=tests/data/run
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# made NAME FILE AWK: the sample, whose FILE.csv went through awk with at[COLUMN]; reported
made() {
	cp -r "$sample" "$dir/$1"
	awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print; next } '"$3"' 1' "$sample/$2.csv" >"$dir/$1/$2.csv"
	reported "$1"
}
reported() {
	ok "$1: reported" build/bin/refcost report "$dir/$1"
	tr '\n' ' ' <"$dir/$1/report/RESULTS.md" | sed 's/  */ /g' >"$dir/$1/words"
}
# timed NAME AWK: the same of workers' times
timed() {
	cp -r "$sample" "$dir/$1"
	workers "$dir/$1" "$2"
	reported "$1"
}
says() { ok "$1: says '$2'" grep -qE -- "$2" "$dir/$1/words"; }
says_not() { is "$1: does not say '$2'" "" "$(grep -oE -- "$2" "$dir/$1/words" || true)"; }

# Two schemes in each other's place.
swap='{ s = $at["scheme"]; if (s == "percpu_live") $at["scheme"] = "try_module_get"; if (s == "try_module_get") $at["scheme"] = "percpu_live" }'

fast_path() {
	timed plain ''
	says plain '\[ratio\] On 4 CPUs a get and put of `try_module_get` costs [0-9.]+ .* times that of `percpu_live`'
	says plain 'Verdict: there is a slowdown'
	timed swapped "$swap"
	says swapped '\[ratio\] On 4 CPUs a get and put of `percpu_live` costs [0-9.]+ .* times that of `try_module_get`'
	says swapped 'Verdict: the atomic count is the cheaper one'
	timed alike '$at["scheme"] == "try_module_get" || $at["scheme"] == "percpu_live" { takes(50 + ($at["block"] * 7 + ($at["scheme"] == "percpu_live") * 3) % 10) }'
	says alike '\[not distinguishable\] On 4 CPUs'
	says alike 'a slowdown is not distinguishable from none'
	says_not alike 'there is a slowdown'
}

growth() {
	says plain 'From 1 to 4 CPUs [0-4] of 5 schemes stays? flat, .*`kref` costs [0-9.]+ times'
	timed flat '{ takes(20 + $at["block"] / 10) }'
	says flat 'From 1 to 4 CPUs 5 of 5 schemes stay flat \('
	says_not flat '`kref` costs'
	timed unsure '{ takes(20 + $at["block"] / 10) } $at["scheme"] == "kref" && $at["cpus"] > 1 { takes(20 + 200 * ($at["block"] % 2)) }'
	says unsure 'From 1 to 4 CPUs 4 of 5 schemes stay flat, 1 is not distinguishable'
	says unsure '!\[From 1 to 4 CPUs 4 of 5 schemes stay flat, 1 unclear\]'
}

counts() {
	says plain '\[exact\] A get and its put take [0-9]+ instructions with `try_module_get` and [0-9]+ with `percpu_live`'
	made fewer instructions "$swap"
	says fewer '\[exact\] A get and its put take [0-9]+ instructions with `percpu_live` and [0-9]+ with `try_module_get`'
}

unloads() {
	made slower unload '$at["scheme"] == "try_module_get" { $at["success_ns"] *= 10 }'
	says slower '\[ratio\] Unloading under load takes [0-9.]+ times as long with `try_module_get`'
	made quicker unload '$at["scheme"] == "percpu_live" { $at["success_ns"] *= 10 }'
	says quicker '\[ratio\] Unloading under load takes [0-9.]+ times as long with `percpu_live`'
	made level unload '{ $at["success_ns"] = 30000000 + $at["cycle"] * 1000 }'
	says level '\[not distinguishable\] Unloading under load'
	says plain 'None of 5 schemes starves'
	made starve unload '$at["scheme"] == "kref" && $at["arm"] == "loaded" && $at["cycle"] > 11 { $at["gone"] = 0; $at["success_ns"] = 0 }'
	says starve '1 of 5 schemes starves? while users stay'
}

# Each call four times, for intervals.
often='{ for (k = 1; k < 4; k++) { print; $at["call"] += 1000 } }'

grace() {
	says plain 'waits for 2 grace periods, .* for 1\.'
	says plain 'for that moment was measured too rarely to say'
	made short traced "$often"
	says short 'for that moment makes the unload [0-9.]+ times as fast'
	made lasting traced '$at["tag"] ~ /^grace-1/ { $at["total_ns"] = sprintf("%.0f", $at["total_ns"] * 1000) } '"$often"
	says lasting 'for that moment makes the unload [0-9.]+ times as slow'
}

form() {
	ok "RESULTS.md has at most 150 lines" test "$(wc -l <"$dir/plain/report/RESULTS.md")" -le 150
	is "no line to quote is wider than 72 columns" "" \
		"$(awk '/^## To quote/ { inside = 1 } /^## How/ { inside = 0 } inside && length > 72' "$dir/plain/report/RESULTS.md")"
	is "prose wraps at 80 columns" "" "$(awk '!/^[|!<]/ && length > 80 && !/^emulated/' "$dir/plain/report/RESULTS.md")"
	says plain '2f35c41f58a9 and e513cc1c07e2, merged by d790be3863b2'
	says plain 'gate not recorded'
}

parts fast_path growth counts unloads grace form
tap_done
