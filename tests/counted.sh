# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Counts of events for a stored run that has none: source it.

# counted DIR: as if the kernel had counted in its windows: cycles all the time, cache misses in turns with
# something else and not at all in block 0, branches never. Made up: 4 cycles and 1/4096 misses an operation.
counted() {
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i
			print "block,scheme,mode,cpus,hold_ns,placement,layout,event,count,ops,share"; next }
		{ ops += $at["ops"] }
		++workers == $at["cpus"] { row = $at["block"] "," $at["scheme"] "," $at["mode"] "," $at["cpus"] ","
			printf "%s0,cores,own,cycles,%.0f,%d,1.0000\n", row, 4 * ops, ops
			printf "%s0,packed,own,cycles,%.0f,%d,1.0000\n", row, 7 * ops, ops
			printf "%s0,cores,pair,cycles,%.0f,%d,1.0000\n", row, 8 * ops, ops
			printf "%s1000,cores,own,cycles,%.0f,%d,0.1000\n", row, 9 * ops, ops
			if ($at["block"] == 0) printf "%s0,cores,own,cache-misses,,%d,0.0000\n", row, ops
			else printf "%s0,cores,own,cache-misses,%.0f,%d,0.5000\n", row, ops / 4096, ops
			ops = workers = 0 }' "$1/workers.csv" >"$1/counters.csv"
	sed -i '/^  "run":/,/^  }/ { s/"modes":/"counters":["cycles","cache-misses","branches"],\n&/
		s/"measuring_ns":/"counters":{"cycles":"counted","cache-misses":"counted","branches":"somebody else has the PMU (EBUSY)"},\n&/ }' \
		"$1/run.json"
}
