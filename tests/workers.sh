# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Other times for a stored run, in its raw rows: source it.

# workers DIR AWK: each row of DIR/workers.csv goes through AWK, where at["COLUMN"] is a column's number, and
# takes(NS) and times(FACTOR) have its worker take so long for an operation, or so many times as long; next drops it.
workers() {
	awk -F, -v OFS=, '
		function inside() { return $at["end_ns"] - $at["start_ns"] - $at["gap_ns"] }
		function takes(ns) { times(ns * ($at["cpus"] > 1 ? $at["ops"] / inside() : $at["batch"] / $at["batch_p5_ns"])) }
		function times(factor) {
			$at["batch_p5_ns"] = sprintf("%.6f", $at["batch_p5_ns"] * factor)
			$at["ops"] = sprintf("%.0f", $at["ops"] / factor)
		}
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print; next }
		'"$2"' { print }' "$1/workers.csv" >"$1/workers.new"
	mv "$1/workers.new" "$1/workers.csv"
}
