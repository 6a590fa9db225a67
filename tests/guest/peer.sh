#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Run by tests/peer.sh in a guest: tests/guest/peer.sh DIR peer-instructions|peer-times REFSCALE.KO
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/lib.sh

refscale=$3
declare -A peer=([atomic_shared]=refcnt [rwsem]=rwsem [rcu]=rcu [srcu]=srcu [rwlock]=rwlock)
rounds=8

# refscale_ns TYPE: of a get and put, a line a run; its log is the only place where it says so
refscale_ns() {
	local tries
	dmesg -C
	insmod "$refscale" scale_type="$1" nreaders=1 nruns=30 loops=10000
	for ((tries = 0; tries < 100; tries++)); do
		! dmesg | grep -q 'Runs.*Time(ns)' || break
		sleep 0.1
	done
	sleep 0.1
	rmmod refscale
	dmesg | awk '{ sub(/^\[[^]]*\] */, "") } /^Runs/ { on = 1; next } on && NF == 2 { print $2 }'
}

refcost_ns() {
	"$refcost" run -k -s "$1" -c 1 -b 30 --window 1ms --warmup 1ms -o "$dir/$1.$2" >/dev/null
	windows "$dir/$1.$2" batch_p5_ns batch | awk '{ print $1 / $2 }'
	rmmod refcost_victim refcost
}

least() { sort -g "$1" | head -n 1; }
# within MOST EXPRESSION: of awk
within() { awk "BEGIN { d = $2; exit !(-$1 <= d && d <= $1) }" </dev/null; }

times() {
	local scheme round a b
	for ((round = 0; round < rounds; round++)); do
		for scheme in "${!peer[@]}"; do
			refscale_ns "${peer[$scheme]}" >>"$dir/$scheme.refscale"
			refcost_ns "$scheme" $round >>"$dir/$scheme.refcost"
		done
	done
	for scheme in "${!peer[@]}"; do
		a=$(least "$dir/$scheme.refscale") b=$(least "$dir/$scheme.refcost")
		ok "$scheme: refscale $a ns, refcost $b ns: within 5 %" within 0.05 "$b / $a - 1"
	done
}

# Three instructions of an operation are refcost's loop, two are refscale's.
instructions() {
	local scheme a b
	"$refcost" run --instructions -b 1 -s "$(IFS=, && echo "${!peer[*]}")" -o "$dir/instructions" >/dev/null
	for scheme in "${!peer[@]}"; do
		a=$(refscale_ns "${peer[$scheme]}" | sort -g | head -n 1)
		b=$(awk -F, -v s="$scheme" '$2 == s { print $5 }' "$dir/instructions/instructions.csv")
		ok "$scheme: refscale $a instructions, refcost $b: as many, but for two of the loop" within 2 "$b - $a"
	done
}

parts "${2#peer-}"
tap_done
