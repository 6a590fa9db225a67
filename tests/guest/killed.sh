#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A command that is killed leaves nothing, or nothing that the next one does not put right: tests/guest/killed.sh DIR,
# in an emulated guest, as root, with 4 CPUs. STEP and LAST (ms) say when each of them is killed.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/lib.sh

step=${STEP:-400} last=${LAST:-2000}
dir=$dir/killed
mkdir -p "$dir"
online=/sys/devices/system/cpu/online
record=/run/refcost

all_back() { [ "$(cat $online)" = 0-2 ] && ! pgrep -x refcost-cpus >/dev/null; }

# killed_at MS ARGS...: sets pid; what the command had said is in $dir/log
killed_at() {
	local at=$1
	shift
	"$refcost" "$@" >"$dir/log" 2>&1 &
	pid=$!
	sleep "$(printf '%d.%03d' $((at / 1000)) $((at % 1000)))"
	kill -KILL $pid
	wait $pid 2>/dev/null || true
}

# One CPU was offline before: it stays so.
echo 0 >/sys/devices/system/cpu/cpu3/online

# swept WHAT ARGS...
swept() {
	local what=$1 at wrong='' missing='' left='' n=0 taken=0 loaded=0
	shift
	for ((at = 100; at <= last; at += step)); do
		killed_at $at "$@"
		n=$((n + 1))
		[ "$(cat $online)" = 0-2 ] || taken=$((taken + 1))
		eventually 10 all_back || wrong+=" $at:$(cat $online)"
		if [ -n "$(loaded)" ]; then
			loaded=$((loaded + 1))
			"$refcost" doctor --repair >/dev/null 2>"$dir/next"
			grep -q '^refcost.*: put right: .* modules loaded; unloaded them' "$dir/next" || missing+=" $at:$(cat "$dir/next")"
			[ "$(grep -vc ' left in /tmp$' "$dir/next")" = 1 ] || missing+=" $at:$(cat "$dir/next")"
			[ -z "$(loaded)" ] || left+=" $at:$(loaded)"
		fi
	done
	is "SIGKILL of $what at $n moments: CPUs are back, but for the one that was offline ($taken times they were not at once)" "" "$wrong"
	is "... what was loaded ($loaded times) is unloaded by doctor --repair" "" "$left"
	is "... which says so in one line" "" "$missing"
}

sweeps() {
	swept trace trace
	swept unload unload -s kref -n 50 --arms idle
	swept "run --counters" run -s kref -c 1 -b 50 --window 50ms --counters
}

# Who keeps the CPUs offline is killed as well: nothing but its record is left.
both_killed() {
	local how
	for how in list doctor; do
		"$refcost" trace >/dev/null 2>&1 &
		pid=$!
		eventually 20 sh -c "[ \$(cat $online) = 0 ]"
		pkill -KILL -x refcost-cpus
		kill -KILL $pid
		wait $pid 2>/dev/null || true
		is "both killed: CPUs are offline" 0 "$(cat $online)"
		run_cmd "$refcost" doctor
		ok "... the doctor sees it" grep -q '^  warn  *left over .*refcost doctor --repair' <<<"$stdout"
		is "... and changes nothing unasked" 0 "$(cat $online)"
		if [ $how = list ]; then run_cmd "$refcost" list; else run_cmd "$refcost" doctor --repair; fi
		is "... $how puts it right" "0 0-2" "$status $(cat $online)"
		is "... and says so in one line" "refcost: put right what a killed refcost left: CPUs online again: 1 2" \
			"$stderr"
	done
	run_cmd "$refcost" doctor --repair
	is "nothing is left over: exit 0" "0 refcost: nothing is left over" "$status $stderr"
}

# In its own words: what somebody uses, or has loaded on purpose, is left alone.
not_ours() {
	"$refcost" run -k -s kref -c 1 -b 1 --window 1ms >/dev/null 2>&1
	run_cmd "$refcost" list
	is "what --keep keeps stays loaded" 2 "$(loaded | wc -l)"
	run_cmd "$refcost" doctor --repair
	is "... until a repair is asked for" "0 0" "$status $(loaded | wc -l)"
	"$refcost" run -s kref -c 1 -b 100 --window 50ms >"$dir/log" 2>&1 &
	pid=$!
	if ! eventually 60 grep -q ^refcost_victim /proc/modules; then
		tap_result 1 "a run loads its modules" "$(cat "$dir/log")"
		return
	fi
	run_cmd "$refcost" list
	is "what a running refcost has loaded is no leftover" "" "$stderr"
	run_cmd "$refcost" doctor --repair
	is "... for --repair neither" 1 "$status"
	ok "... which says why" grep -q 'another refcost is measuring' <<<"$stderr"
	kill -INT $pid
	wait $pid || true
	is "... which unloads it itself" "" "$(loaded)"
}

parts sweeps both_killed not_ours
echo 1 >/sys/devices/system/cpu/cpu3/online
is "the kernel has nothing to complain about" "" "$(dmesg | grep -E 'BUG|WARNING|Oops|soft lockup|rcu.*stall' || true)"
is "no record says anything" "" "$(cat $record/*)"
tap_done
