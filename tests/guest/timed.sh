#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Users that stay, signals and faults, whose outcome depends on when something happens:
# tests/guest/timed.sh DIR, in a guest, as root. What schemes.sh left beside DIR is needed.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/lib.sh

cpus=$(nproc)
last=$((cpus - 1)) # CPU that comes and goes
online=/sys/devices/system/cpu/cpu$last/online

# What an unload that finds users does, and how long it may take.
busy_and_starved() {
	local out=$dir/holds
	# users that are always inside: an unload may slip between them, but not every time
	run_cmd "$refcost" unload -s object_exit2,try_module_get,exit_release,interface_count,object_exit1,kref,active_ref \
		--arms loaded -n 1 --hold 10ms --timeout 400ms --no-bystander -o "$out"
	is "a steady stream of users: exit 0" 0 "$status"
	ok "some schemes starve" grep -Eq "(object_exit2|try_module_get|exit_release|interface_count), loaded.*starved: busy in all [0-9]+ attempts in" <<<"$stderr"
	is "... and each that did is said to have" "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		!$c["gone"] { print $c["scheme"] }' "$out/unload.csv" | sort)" "$(sed -n 's/^refcost: \([a-z_0-9]*\), loaded.*starved.*/\1/p' <<<"$stderr" | sort)"
	is "object_exit1, kref and active_ref always finish" "active_ref 1,kref 1,object_exit1 1" "$(awk -F, '
		NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		$c["scheme"] ~ /^(object_exit1|kref|active_ref)$/ { print $c["scheme"], $c["gone"] }' "$out/unload.csv" | sort | paste -sd,)"
	is "the errno of a busy victim is the one that was promised" \
		"exit_release 11,interface_count 16,object_exit1 16,object_exit2 16,try_module_get 11" "$(awk -F, '
		NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		$c["errno"] != 0 { print $c["scheme"], $c["errno"] }' "$out/attempts.csv" | sort -u | paste -sd,)"
	# users that let the scheduler in while they hold are found by a stopped machine, too
	run_cmd "$refcost" unload -s percpu_live,percpu_array,percpu_alloc,percpu_atomic,speculative_get,trylock_percpu,module_rwsem,global_lock \
		--arms loaded -n 11 --hold 2ms --pause 3ms --timeout 2s -o "$dir/think"
	is "users that come and go: exit 0" 0 "$status"
	is "... each scheme unloads in the end" 8 "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		$c["gone"] { print $c["scheme"] }' "$dir/think/unload.csv" | sort -u | wc -l)"
	is "... after having been refused, each scheme as it promised" "global_lock 16,module_rwsem 11,percpu_alloc 11,percpu_array 11,percpu_atomic 11,percpu_live 11,speculative_get 11,trylock_percpu 11" \
		"$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		$c["errno"] != 0 { print $c["scheme"], $c["errno"] }' "$dir/think/attempts.csv" | sort -u | paste -sd,)"
	is "bystanders are never refused" 0 "$(column "$dir/think/unload.csv" bystander_failed | paste -sd+ | bc_sum)"
	ok "... and were there" test "$(column "$dir/think/unload.csv" bystander_ops | sort -n | head -n 1)" -gt 0
	nothing_left "busy and starved"
}

two_phases() {
	local out=$dir/loading
	ok "the victim is loaded under load" "$refcost" init -n 7 -o "$out"
	ok "one phase: users are refused between listed and live" awk -F, '
		NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		$c["phases"] == "one" { n++; w += $c["window_ns"] > 0; r += $c["refused"] } END { exit !(n == 7 && w == 7 && r > 0) }' "$out/loading.csv"
	ok "two phases: nobody is" awk -F, '
		NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		$c["phases"] == "two" { n++; r += $c["refused"] } END { exit !(n == 7 && r == 0) }' "$out/loading.csv"
	nothing_left "two phases"
}

other_tracers() {
	local out mechanism
	for mechanism in kprobe tracepoints; do
		out=$dir/unload-$mechanism
		ok "$mechanism: 5 unloads, strictly" "$refcost" unload -s kref -n 5 --mechanism $mechanism --strict -o "$out"
		is "$mechanism: 10 records" 10 "$(json "$out/run.json" records)"
	done
	ok "merged phases are said to be merged" grep -q ',1$' "$dir/unload-tracepoints/phases.csv"
	ok "without the tracer" "$refcost" unload -s kref -n 2 --no-trace --arms idle
	ok "a schedule" "$refcost" unload -s kref -n 5 --rate 20 --arms idle -o "$dir/rate"
	is "... gives response times" 0 "$(column "$dir/rate/unload.csv" response_ns | grep -c '^$' || true)"
	nothing_left "other tracers"
}

# end_of PID: wait for it, print how long that took in ms
end_of() {
	local start
	start=$(date +%s%3N)
	status=0
	wait "$1" || status=$?
	took=$(($(date +%s%3N) - start))
}

# more_rows FILE N: waits until FILE has more than N rows, 12 s at most.
more_rows() {
	local tries
	for ((tries = 0; tries < 120; tries++)); do
		[ ! -e "$1" ] || [ "$(rows "$1")" -le "$2" ] || break
		sleep 0.1
	done
}

interrupted_runs() {
	local signal out command file n tries
	for command in run unload; do
		for signal in INT TERM; do
			out=$dir/$command-$signal
			case $command in
			run) file=workers.csv && set -- run -s kref,rwsem -c "$cpus" -b 50 --window 100ms -o "$out" ;;
			unload) file=unload.csv && set -- unload -s percpu_live,module_rwsem -n 50 -o "$out" ;;
			esac
			# An asynchronous command of a script ignores SIGINT: env puts that right.
			env --default-signal=INT "$refcost" "$@" >"$out.log" 2>&1 &
			more_rows "$out/$file" 0 # in the middle of measuring, not of attaching
			kill -s $signal $!
			end_of $!
			is "$command, SIG$signal: exit 1" 1 "$status"
			ok "$command, SIG$signal: over within 2 s ($took ms)" test $took -lt 2000
			ok "$command, SIG$signal: says what was kept" grep -q "interrupted.*marked partial" "$out.log"
			is "$command, SIG$signal: marked partial" partial "$(json "$out/run.json" status)"
			nothing_left "$command, SIG$signal"
		done
	done
	n=$(rows "$dir/run-INT/workers.csv")
	ok "what was measured is kept" test "$n" -gt 0
	"$refcost" run -s kref,rwsem -c "$cpus" -b 50 --window 100ms -o "$dir/run-INT" >/dev/null 2>&1 &
	more_rows "$dir/run-INT/workers.csv" "$n"
	# Stopped, it cannot be reloading them between two blocks.
	for ((tries = 0; tries < 50; tries++)); do
		kill -STOP $!
		sleep 0.1
		! grep -q '^State:.*stopped' /proc/$!/status || [ "$(grep -c '^refcost.* Live ' /proc/modules)" != 2 ] || break
		kill -CONT $!
		sleep 0.1
	done
	kill -KILL $!
	wait $! 2>/dev/null || true
	ok "a run goes on where it stopped" test "$(rows "$dir/run-INT/workers.csv")" -gt "$n"
	is "... and measures no cell twice" "" "$(cut -d, -f1-7,11 "$dir/run-INT/workers.csv" | sort | uniq -d)"
	# SIGKILL gives no chance to unload: the next command does.
	exits "after SIGKILL the next command goes on" 0 "put right: .*unloaded them" "$refcost" unload -s kref -n 1 --no-trace
	nothing_left "SIGKILL"
	killed_at_any_moment
}

# Whatever is left, the next command is not held up by it.
killed_at_any_moment() {
	local n command next=("run -s kref -b 1 --window 5ms" "unload -s release_wait -n 1 --no-trace" "init -n 1")
	for n in 0 2 4; do
		for command in "run -s kref -b 50 --window 50ms" "unload -s percpu_live,module_rwsem,kref --no-trace --hold 1ms" "init -n 50"; do
			# shellcheck disable=SC2086 # words
			"$refcost" $command -o "$dir/killed-$n-${command%% *}" >/dev/null 2>&1 &
			sleep 0.$((n + 2))
			kill -KILL $!
			wait $! 2>/dev/null || true
			# shellcheck disable=SC2086 # words
			run_cmd "$refcost" ${next[n / 2]}
			[ "$status" = 0 ] || tap_result 1 "${next[n / 2]%% *} after SIGKILL of ${command%% *}" "$stderr"
			[ "$status" != 0 ] || tap_result 0 "${next[n / 2]%% *} after SIGKILL of ${command%% *}"
		done
	done
	"$refcost" run -s kref -b 50 --window 100ms -o "$dir/killed" >/dev/null 2>&1 &
	sleep 1
	exits "beside a command that lives: refused" 1 "another refcost is measuring: wait" "$refcost" unload -s kref
	kill -TERM $!
	wait $! 2>/dev/null || true
	nothing_left "killed"
}

# stopped_often NAME FILE ROWS ARGS..: Ctrl-Z and fg, again and again: the command goes on, and all it measures counts once
stopped_often() {
	local out=$dir/stopped-$1 file=$2 want=$3 n=0 key=1-6
	[ "$file" != workers.csv ] || key=1-7,11
	shift 3
	"$refcost" "$@" -o "$out" >"$out.log" 2>&1 &
	more_rows "$out/$file" 0
	while kill -TSTP $! 2>/dev/null && [ $n -lt 8 ]; do
		sleep 0.4
		kill -CONT $! 2>/dev/null || break
		n=$((n + 1))
		sleep 0.15
	done
	kill -CONT $! 2>/dev/null || true
	end_of $!
	is "$1, stopped $n times: exit 0" 0 "$status"
	[ "$status" = 0 ] || sed 's/^/# /' "$out.log"
	ok "... which was while it measured" test $n -ge 3
	is "... every row is there" "$want" "$(rows "$out/$file")"
	is "... once" "" "$(cut -d, -f"$key" "$out/$file" | sort | uniq -d)"
	is "... and the run is complete" complete "$(json "$out/run.json" status)"
	nothing_left "$1, stopped"
}

stopped_and_continued() {
	local out=$dir/stopped-unload
	stopped_often run workers.csv $((36 * cpus)) run -s kref,rwsem,percpu_live -c "$cpus" -b 12 --window 100ms
	stopped_often unload unload.csv 24 unload -s kref,release_wait,module_rwsem --arms loaded -n 8 --hold 10ms --timeout 1s
	# a stop is 0.4 s, and what the tracer saw of the call and the gate's own clock hold none
	ok "... no time holds a stop" awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		$c["attempts"] == 1 && $c["success_ns"] - $c["gate_ns"] - $c["trace_ns"] > 200e6 { bad = 1; print }
		END { exit bad }' "$out/unload.csv"
	is "... a record each" "$(column "$out/unload.csv" gone | grep -c 1)" "$(column "$out/unload.csv" records | paste -sd+ | bc_sum)"
	stopped_often init loading.csv 28 init -s percpu_live -n 14
}

cpu_offline() {
	"$refcost" run -s kref -c "$cpus" -b 1 --window 4s -o "$dir/offline" >"$dir/offline.log" 2>&1 &
	sleep 1.5
	echo 0 >$online
	end_of $!
	is "a CPU goes offline: exit 1" 1 "$status"
	ok "... at once" test $took -lt 2000
	ok "... and is named" grep -q "CPU $last is offline or went offline" "$dir/offline.log"
	ok "... with what to do" grep -q "echo 1 | sudo tee $online" "$dir/offline.log"
	exits "more CPUs than are online: says which is not" 64 "only $last CPUs? online.*CPU $last is offline .echo 1" "$refcost" run -c "$cpus"
	exits "... of users, too" 64 "only $last CPUs? online: CPU $last is offline .echo 1" "$refcost" unload -l "$cpus"
	exits "an offline CPU is refused" 64 "CPU $last is absent or offline" "$refcost" run --cpu-list "0,$last" -c 2
	ok "the CPUs left are enough" "$refcost" run -s kref -b 1 --window 5ms
	exits "going on with fewer CPUs" 1 "another number of CPUs online .*CPU $last is offline .echo 1" \
		"$refcost" run -s kref -c "$last" -b 1 --window 4s -o "$dir/offline"
	echo 1 >$online
	nothing_left "offline"
	offline_again_and_again
}

# A CPU comes and goes while each command makes its directory and measures: whatever it says, it names that CPU.
offline_again_and_again() {
	local n command hotplug said
	while :; do
		for n in 0 1; do
			echo $n >$online
			sleep 0.1
		done
	done &
	hotplug=$!
	for n in 1 2 3; do
		for command in "run -s kref -c $cpus -b 3 --window 100ms" "unload -s kref --no-trace --arms loaded -l $cpus -n 5" "init -l $cpus -n 5"; do
			# shellcheck disable=SC2086 # words
			run_cmd "$refcost" $command -o "$dir/hotplug-${command%% *}-$n"
			said=$(grep -v '^refcost: percpu' <<<"$stderr" | head -n 1 || true)
			[ "$status" != 0 ] || continue
			ok "${command%% *} while a CPU comes and goes: $said" grep -Eq "CPU $last is offline or went offline|only $last CPUs? online" <<<"$stderr"
			is "... nothing loaded" "" "$(loaded)"
		done
	done
	kill $hotplug
	wait $hotplug 2>/dev/null || true
	echo 1 2>/dev/null >$online || true
	nothing_left "a CPU that comes and goes"
}

faults() {
	mkdir -p /tmp/small /tmp/foreign
	mount -t tmpfs -o size=20k tmpfs /tmp/small
	exits "a full disk" 1 "cannot write" "$refcost" run -b 3000 --window 1ms --warmup 0 -o /tmp/small/run
	is "... nothing loaded" "" "$(loaded)"
	umount /tmp/small
	exits "a read-only directory" 1 "cannot (make|write)" "$refcost" run -s kref -o "$PWD/nowhere"
	# the release alone is not looked at where symbols have versions
	sed "s/vermagic=$release SMP/vermagic=$release UMP/" "$modules/refcost.ko" >/tmp/foreign/refcost.ko
	REFCOST_MODULES=/tmp/foreign exits "built for another kernel" 4 "another kernel" "$refcost" run -s kref
	run_cmd "$refcost" unload -s try_module_get --arms loaded -n 2 --hold 50ms --attempts 3 -o "$dir/busy"
	is "a victim that stays busy is no error" 0 "$status"
	ok "... but is said to be busy" grep -q "busy in all 3 attempts" <<<"$stderr"
	ok "... and counted as such" grep -Eq '^[01],try_module_get,loaded,50000000,[0-9]+,0,3,11,' "$dir/busy/unload.csv"
	nothing_left "faults"
	rm -rf /tmp/small /tmp/foreign
}

memory() {
	local peak=0 now
	"$refcost" unload -s kref -n 3 >/dev/null 2>&1 &
	while now=$(awk '/VmHWM/ { print $2 }' /proc/$!/status 2>/dev/null) && [ -n "$now" ]; do
		peak=$now
		sleep 0.05
	done
	wait $!
	ok "userspace stays under 64 MiB ($peak KiB)" test "$peak" -gt 0 -a "$peak" -lt 65536
}

# Nothing lifts it before the next boot: the last part.
locked_down() {
	local lockdown=/sys/kernel/security/lockdown
	[ -e $lockdown ] || mount -t securityfs none /sys/kernel/security 2>/dev/null || true
	if ! echo confidentiality 2>/dev/null >$lockdown; then
		tap_skip "a kernel that is locked down" "this one cannot be"
		return
	fi
	exits "locked down: trace" 4 "lockdown .confidentiality. forbids tracing" "$refcost" trace -d 1
	is "... in one line" 1 "$(wc -l <<<"$stderr")"
	exits "locked down: refs" 4 "lockdown" "$refcost" refs loop -d 1
	is "... in one line" 1 "$(wc -l <<<"$stderr")"
	exits "locked down: run" 4 "refused.*lockdown or module signing" "$refcost" run -s kref -b 1
}

# planned_unloads: of the dry run's table
planned_unloads() { awk '/^(grace|unloads at)/ { printf "%s%d", n++ ? " " : "", substr($0, 50, 9) }' <<<"$plan"; }

# traced_calls TAG: unloads under one
traced_calls() { awk -F, -v tag="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
	$at["tag"] ~ tag && !seen[$at["tag"], $at["call"]]++ { n++ } END { print n + 0 }' "$dir/tracer/traced.csv"; }

# Enough to see that each part is measured, and that the report takes it.
unloads_traced() {
	local plan start took want
	cp -r "$dir/../schemes/bench" "$dir/tracer"
	plan=$(tools/measure-unloads.sh --dry-run -n 3)
	want=$(. tools/plan.sh && seconds "${plan##*takes about }")
	start=${EPOCHREALTIME/./}
	ok "unloads apart from schemes are traced" tools/measure-unloads.sh -n 3 "$dir/tracer"
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
	is "... as many as its dry run tells" "$(planned_unloads)" "$(traced_calls '^grace') $(traced_calls '^parallel')"
	ok "... in what that tells, to within a factor of two ($want s promised, $took ms taken)" \
		test $took -le $((2 * want * 1000)) -a $((want * 1000)) -le $((2 * took))
	is "... rcu_expedited is what it was" 0 "$(cat /sys/kernel/rcu_expedited)"
	ok "... the report" "$refcost" report "$dir/tracer" -o "$dir/tracer/report"
	ok "... tells of grace periods: two with calls of ftrace, one without" \
		grep -q 'waits for 2.00 grace periods an unload, without for 1.00' "$dir/tracer/report/RESULTS-tables.md"
	nothing_left "unloads apart from schemes"
}

# What watching costs is in the tables that make bench-trace prints.
watching_measured() {
	run_cmd env BLOCKS=1 UNLOADS=3 ARMS="tracepoints all" TOOLS=refcost tools/bench-trace.sh times
	is "what watching costs: exit 0" 0 "$status"
	is "... a line per arm and tool" "all refcost tracepoints" \
		"$(awk '$3 ~ /^\(/ { print $1 }' <<<"$stdout" | sort | paste -sd' ')"
	is "... rcu_expedited is what it was" 0 "$(cat /sys/kernel/rcu_expedited)"
	nothing_left "what watching costs"
}

# What one object more costs is exact where it is counted: SRCU's memory and a wait for each, nothing of a hazard
# pointer, a callback of a percpu_ref.
per_object() {
	local out=$dir/objects schemes=kref,percpu_rcu,percpu_ref,revocable,srcu,hazptr
	[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing
	run_cmd "$refcost" objects -s $schemes --objects 1,101 -n 7 -o "$out"
	is "objects: exit 0" "0 " "$status $(grep -v ' objects [0-9]*/' <<<"$stderr" | grep -v '^$' || true)"
	is "... a row an unload" 84 "$(rows "$out/objects.csv")"
	is "... of which the first has counts, the others times" "12 12 12 72 72 0" "$(awk -F, 'NR > 1 {
		counts += !$1 && $9 != "" && $10 != ""; waits += !$1 && $11 != "" && $12 != ""; first += !$1
		times += $1 && $4 != "" && $8 > 0; others += !!$1; both += $4 != "" && $9 != "" }
		END { print counts, waits, first, times, others, both + 0 }' "$out/objects.csv")"
	# more NAME: of 100 objects more, in each scheme
	more() {
		awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
			!$1 { n[$2 "," $3] = $at[name]; seen[$2] } END { for (s in seen) print s, n[s ",101"] - n[s ",1"] }' \
			"$out/objects.csv" | sort
	}
	is "... waits for grace periods of 100 objects more" "hazptr 0,kref 0,percpu_rcu 0,percpu_ref 0,revocable 100,srcu 0" \
		"$(more waits | paste -sd,)"
	is "... of one: delete_module's, and the gate's where it has one" "hazptr 0,kref 0,percpu_rcu 1,percpu_ref 1,revocable 1,srcu 1" \
		"$(awk -F, '!$1 && $3 == 1 { n[$2] = $11 } END { for (s in n) print s, n[s] - n["kref"] }' "$out/objects.csv" | sort | paste -sd,)"
	is "... callbacks of each of them" "hazptr 0,kref 0,percpu_rcu 0,percpu_ref 1,revocable 0,srcu 0" \
		"$(more callbacks | awk '{ print $1, int(($2 + 50) / 100) }' | paste -sd,)"
	is "... per-CPU memory: a count of 8 bytes, or an srcu_data" "hazptr 0,kref 0,percpu_rcu 0,percpu_ref 800,revocable more,srcu 0" \
		"$(more percpu_bytes | awk '{ print $1, ($2 > 12800 ? "more" : $2) }' | paste -sd,)"
	is "... memory of slabs" "hazptr no,kref no,percpu_rcu no,percpu_ref yes,revocable yes,srcu no" \
		"$(more slab_bytes | awk '{ print $1, ($2 >= 1600 ? "yes" : $2 < 100 ? "no" : $2) }' | paste -sd,)"
	ok "... the same command has nothing left to do" "$refcost" objects -s $schemes --objects 1,101 -n 7 -o "$out"
	is "... no row more" 84 "$(rows "$out/objects.csv")"
	ok "... the report" "$refcost" report "$out" -o "$out/report"
	ok "... has them in a table" grep -Eq '^\| `revocable` \| [0-9]+ \| [0-9]+ \| [0-9]+ \|.* \| 3 \| 1 \| 0 \|' "$out/report/RESULTS-tables.md"
	nothing_left "objects"
}

shares() { run_tap_here tests/guest/share.sh "$dir/share"; }

parts busy_and_starved two_phases per_object shares other_tracers interrupted_runs stopped_and_continued cpu_offline faults memory unloads_traced watching_measured
is "the kernel has nothing to complain about" "" "$(dmesg | grep -E 'BUG|WARNING|Oops|soft lockup|rcu.*stall|refcost: an object' || true)"
locked_down
tap_done
