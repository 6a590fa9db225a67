#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What wants a CPU for each thread: what is taken out of a window's time, which is what the worker did not run, and
# not what took long while it ran; and that nobody's module has to wait for ours.
# Run by tests/guest/boot.sh in a guest of two CPUs: tests/guest/gaps.sh DIR
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/lib.sh

# One put of 1024 takes 2 ms: 1953 ns an operation. The length tells only where batches are shorter than that,
# which they are in most blocks.
rare_and_long() {
	local rule
	for rule in known long; do
		REFCOST_MODULES=$PWD/build/kmod-fault/SPIN/$release ok "SPIN, gaps as they are $rule" \
			"$refcost" run -s kref -c 1 -b 6 --gaps $rule -o "$dir/spin-$rule"
		is "... which run.json says" "$rule" "$(json "$dir/spin-$rule/run.json" gaps)"
	done
	ok "a put that takes long now and then shows in the mean" \
		awk '$1 >= 1950 { ok = 1 } END { exit !ok }' <<<"$(windows "$dir/spin-known" ns)"
	ok "... but not where the length alone tells" \
		awk '$1 < 500 { ok = 1 } END { exit !ok }' <<<"$(windows "$dir/spin-long" ns)"
}

# The scheduler's own limit for such tasks leaves the worker a part of that second.
taken_away() {
	"$refcost" run -s kref -c 1 --cpu-list 1 -b 1 --window 3s --warmup 100ms --gaps known -o "$dir/taken" >/dev/null &
	until [ -e "$dir/taken/workers.csv" ]; do sleep 0.05; done
	sleep 1.5
	timeout 1 taskset -c 1 chrt -f 1 sh -c 'while :; do :; done' || true
	wait $!
	ok "what another task took is a gap ($(column "$dir/taken/workers.csv" gap_ns) ns)" \
		awk '$1 >= 200e6 && $1 < 3e9 { ok = 1 } END { exit !ok }' <<<"$(column "$dir/taken/workers.csv" gap_ns)"
}

beside_others() { run_tap_here tests/guest/states.sh beside; }

parts rare_and_long taken_away beside_others
nothing_left "gaps"
tap_done
