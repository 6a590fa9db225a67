#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What schemes do on a kernel that loads modules, whatever else the host does: tests/guest/schemes.sh DIR, in a
# guest, as root.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/lib.sh

cpus=$(nproc)
host_cpus=$(sed 's/.*refcost.hostcpus=\([0-9]*\).*/\1/' /proc/cmdline)
mapfile -t schemes < <("$refcost" list --csv | awk -F, 'NR > 1 && $3 != "floor" && $3 != "absent" { print $1 }')
mapfile -t all < <("$refcost" list --names)

load_and_unload() {
	local command
	ok "both modules load" bash -c "insmod '$modules/refcost.ko' && insmod '$modules/refcost_victim.ko' objects=4"
	ok "refcost.ko takes at most 256 KiB" test "$(cat /sys/module/refcost/coresize)" -le 262144
	ok "the interface holds its promises" run_tap build/tests/guest/abi_test
	exec 7<>/dev/refcost
	run_cmd "$refcost" run -b 1
	is "a module that is used: exit 1" 1 "$status"
	ok "... says what to do" grep -q "loaded already.*end that.*rmmod" <<<"$stderr"
	ok "... stays" test -e /sys/module/refcost_victim
	exec 7>&-
	for command in "run -s kref -b 1 --window 5ms" "unload -s kref -n 1 --no-trace" "init -n 1"; do
		# shellcheck disable=SC2086 # words
		run_cmd "$refcost" $command
		is "modules that nobody uses: ${command%% *} goes on" 0 "$status"
		ok "... and says so, in one line" grep -q "put right: .*unloaded them" <<<"$stderr"
		nothing_left "${command%% *}"
		insmod "$modules/refcost.ko"
		insmod "$modules/refcost_victim.ko"
	done
	ok "the victim unloads" rmmod refcost_victim
	ok "no objects: refused" bash -c "! insmod '$modules/refcost_victim.ko' objects=0"
	ok "too many objects: refused" bash -c "! insmod '$modules/refcost_victim.ko' objects=4097"
	ok "refcost unloads" rmmod refcost
	nothing_left "by hand"
}

every_scheme_runs() {
	local out=$dir/run
	run_cmd "$refcost" run -c "1-$cpus" -b 1 --mode getput,lookup --window 20ms --warmup 5ms -o "$out"
	is "every scheme, both modes, 1..$cpus CPUs: exit 0" 0 "$status"
	is "... one row per cell" $(((${#all[@]} + ${#schemes[@]}) * cpus)) "$(nr_windows "$out")"
	is "... one row per worker" $(((${#all[@]} + ${#schemes[@]}) * cpus * (cpus + 1) / 2)) "$(rows "$out/workers.csv")"
	is "... every get succeeded" 0 "$(windows "$out" failed | paste -sd+ | bc_sum)"
	is "... every counter begins its cache line's part at a multiple of 4" "" \
		"$(windows "$out" counter_offset | awk '$1 % 4 || $1 > 63')"
	is "... the run says that it is complete" complete "$(json "$out/run.json" status)"
	is "... points beyond the host's CPUs are marked, and only they" "" "$(awk -v host="$host_cpus" '
		$2 ~ /^(getput|lookup)$/ && /oversubscribed/ != ($3 > host)' <<<"$stdout")"
	run_cmd "$refcost" run -c "1-$cpus" -b 1 --mode getput,lookup --window 20ms --warmup 5ms -o "$out"
	is "the same again measures nothing again" "$(((${#all[@]} + ${#schemes[@]}) * cpus))" "$(nr_windows "$out")"
	exits "another plan in the same directory" 1 "another plan" "$refcost" run -b 2 -o "$out"
	for objects in percpu 64; do
		ok "objects: $objects" "$refcost" run -s kref,try_module_get -c "$cpus" -b 1 --objects $objects --window 10ms
	done
	sweep_of_holds
	counted_runs
	ok "hold time" "$refcost" run -s kref,rwsem,percpu_live -c 2 -b 1 --hold 20us --window 10ms
	nothing_left "runs"
}

# The first hold of everything, longer ones of what was asked for: one CPU, half and all.
sweep_of_holds() {
	local out=$dir/holds-run again counts
	counts=$(printf '%s\n' 1 $(((cpus + 1) / 2)) "$cpus" | sort -u | wc -l)

	for again in measures "goes on and measures nothing twice:"; do
		run_cmd "$refcost" run -s kref,rwsem,empty -c "1-$cpus" -b 3 --mode getput,lookup --hold 0,1us,20us --hold-schemes empty,kref \
			--hold-blocks 2 --window 10ms --warmup 1ms -o "$out"
		is "a sweep of holds $again exit 0" 0 "$status"
		is "... samples by hold" "0 $((15 * cpus)),1000 $((4 * counts)),20000 $((4 * counts))" "$(windows "$out" hold_ns | sort -g | uniq -c |
			awk '{ print $2, $1 }' | paste -sd,)"
	done
	is "... longer ones have no lookup" "empty getput,kref getput" "$(windows "$out" hold_ns scheme mode | awk '$1 > 0 { print $2, $3 }' | sort -u | paste -sd,)"
	is "... no operation is shorter than its hold" "" "$(windows "$out" ns hold_ns | awk '$1 < $2')"
}

# The CPUs of an emulated guest count nothing, and the kernel does: the time of a task on its CPU.
counted_runs() {
	local out=$dir/counted again
	run_cmd "$refcost" run -s empty,kref -c 1,2 -b 2 --window 100ms --warmup 50ms --counters=task-clock,context-switches -o "$out"
	is "counting task-clock and context-switches: exit 0" 0 "$status"
	is "... one row per sample and event" 16 "$(rows "$out/counters.csv")"
	ok "... on one CPU the time of the task is the time of the window, within 10 %" awk -F, '
		FNR == 1 { for (i = 1; i <= NF; i++) c[FILENAME, $i] = i; next }
		FILENAME ~ /workers/ { if ($4 == 1) inside[$1 $2] = $c[FILENAME, "end_ns"] - $c[FILENAME, "start_ns"]; next }
		$c[FILENAME, "cpus"] == 1 && $c[FILENAME, "event"] == "task-clock" {
			n++; of = $c[FILENAME, "count"] / inside[$1 $2]
			if (of < 0.9 || of > 1.1) { bad = 1; print $0 ": " of " of the window" } }
		END { exit bad || n != 4 }' "$out/workers.csv" "$out/counters.csv"
	is "... of as many operations as the samples have" "$(windows "$out" block scheme cpus ops | sort)" \
		"$(column "$out/counters.csv" event block scheme cpus ops | sed -n 's/^task-clock //p' | sort)"
	ok "... and run.json says that they were" grep -q '"task-clock": *"counted"' "$out/run.json"
	cp "$out/counters.csv" "$out/before"
	"$refcost" run -s empty,kref -c 1,2 -b 2 --window 100ms --warmup 50ms --counters=task-clock,context-switches -o "$out" >/dev/null 2>&1 || true
	ok "... the same again counts nothing again" cmp "$out/before" "$out/counters.csv"
	rm "$out/before"
	exits "... other events are another plan" 1 "another plan" "$refcost" run -s empty,kref -c 1,2 -b 2 --window 100ms \
		--warmup 50ms --counters -o "$out"
	ok "... the report has them" grep -Eq '^\| `kref` \| [0-9.]+ \|' <("$refcost" report "$out" >/dev/null; sed -n '/^## Hardware/,/^## Val/p' "$out/report/RESULTS-tables.md")
	ok "... and so does the figure" grep -Eq '^kref .* getput task-clock ns 1 [0-9.]+ .* 2 [0-9.]+ .* "-"$' "$out/report/counters.dat"
	ok "... compare knows them" grep -q '^getput: task-clock (ns) per operation$' \
		<("$refcost" compare --counters=task-clock "$out" "$out")
	for again in "" "again "; do
		run_cmd "$refcost" run -s kref -c 1 -b 2 --window 10ms --warmup 1ms --strict --counters -o "$dir/hardware"
		is "hardware counters ${again}do no harm: exit 0" 0 "$status"
		is "... every sample is there" 2 "$(nr_windows "$dir/hardware")"
		[ -z "$again" ] || continue
		if "$refcost" doctor 2>/dev/null | grep -q 'PMU  *cycles can be counted'; then
			ok "... cycles were counted" awk -F, '$8 == "cycles" && $9 > 0 { n++ } END { exit n != 2 }' "$dir/hardware/counters.csv"
		else
			is "... once it says that there is no PMU" "refcost: counters: not available: no PMU (ENOENT)" "$stderr"
			is "... no count, and no 0, is written" 0 "$(rows "$dir/hardware/counters.csv")"
			"$refcost" report "$dir/hardware" >/dev/null
			is "... RESULTS.md says so, in one line" "Not available: no PMU (ENOENT)." \
				"$(sed -n '/^## Hardware counters/,/^## Val/p' "$dir/hardware/report/RESULTS-tables.md" | sed '1d;$d;/^$/d')"
			ok "... and so does report.html" bash -c "'$refcost' report --html '$dir/hardware' >/dev/null && grep -q 'Not available: no PMU' '$dir/hardware/report.html'"
			ok "... a figure there is not" test ! -e "$dir/hardware/report/counters.dat"
		fi
	done
}

every_scheme_unloads() {
	local out=$dir/unload n=$((${#schemes[@]} * 2 * 23)) scheme arm
	# Users think, or a scheme that is refused while it has one may find it inside each time.
	run_cmd "$refcost" unload -n 23 --pause 20us --strict -o "$out"
	is "23 unloads of each scheme, idle and loaded: exit 0, strictly" 0 "$status"
	[ "$status" = 0 ] || sed 's/^/# /' <<<"$stderr$stdout"
	for scheme in "${schemes[@]}"; do
		for arm in idle loaded; do
			is "$scheme, $arm: 23 unloads, 23 gone, 23 records" "23 23 23" "$(awk -F, -v s="$scheme" -v a="$arm" '
				NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
				$c["scheme"] == s && $c["arm"] == a { n++; g += $c["gone"]; r += $c["records"] }
				END { print n, g, r }' "$out/unload.csv")"
		done
	done
	is "no use of text given up" 0 "$(column "$out/unload.csv" violations | paste -sd+ | bc_sum)"
	is "records" $n "$(json "$out/run.json" records)"
	is "phases that do not add up" 0 "$(json "$out/run.json" sums_wrong)"
	is "phases in the rows add up to the total of each record" "" "$(awk -F, '
		FNR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		FILENAME ~ /phases/ { sum[$c["scheme"] $c["arm"] $c["cycle"]] += $c["ns"]; next }
		sum[$c["scheme"] $c["arm"] $c["cycle"]] != $c["trace_ns"] { print }' "$out/phases.csv" "$out/unload.csv")"
	is "traced time is within the time around the call" "" "$(awk -F, '
		NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		$c["trace_ns"] > $c["delete_ns"] || $c["trace_ns"] < $c["delete_ns"] / 2' "$out/unload.csv")"
	is "entries and exits" "$(json "$out/run.json" entries)" "$(json "$out/run.json" exits)"
	is "dropped, lost, missed" "0 0 0" "$(json "$out/run.json" dropped) $(json "$out/run.json" lost) $(json "$out/run.json" missed)"
	nothing_left "unloads"
}

# The build that loses one reference must not pass.
lost_count_is_caught() {
	local scheme mode losing
	losing=$(in_memory "$fault")
	for scheme in "${schemes[@]}"; do
		for mode in getput lookup; do
			REFCOST_MODULES=$losing exits "$scheme, $mode: a lost reference is caught" 1 "not conserved" \
				"$refcost" run -s "$scheme" -c 2 -b 1 --mode $mode --window 5ms --warmup 0
			is "... and nothing stays loaded" "" "$(loaded)"
		done
	done
}

perf_session() {
	if ! command -v perf >/dev/null; then
		tap_skip "perf names the loops" "no perf here"
		return
	fi
	ok "run -k leaves the modules for perf" "$refcost" run -k -s kref -c 1 -b 1 --window 5ms
	ok "perf record of a run" perf record -q -a -B -N -F 997 -e cpu-clock -o /tmp/perf.data -- \
		"$refcost" run -k -s kref,atomic_shared -c 2 -b 2 --window 100ms
	ok "perf names the loops" bash -c 'perf report -i /tmp/perf.data --stdio 2>/dev/null | grep -q refcost_loop_kref'
	ok "they can be unloaded" rmmod refcost_victim refcost
	rm -f /tmp/perf.data
	perf_sessions
}

# A session of a scheme and CPU count: samples of windows alone, most of them in the loop.
perf_sessions() {
	local out=$dir/perf cell
	run_cmd tools/perf-sessions.sh --quick --c2c "$out" kref
	is "perf sessions: exit 0, whether there is c2c or not" 0 "$status"
	[ "$status" = 0 ] || sed "s,^,# ," <<<"$stderr"
	for cell in "$out/perf/kref-1" "$out/perf/kref-$cpus"; do
		ok "${cell##*/}: perf.data names the loop" grep -aq refcost_loop_kref "$cell/folded.txt"
		ok "... and is not empty" test -s "$cell/perf.data"
		ok "... its loop is annotated, a locked instruction in it" grep -q 'lock ' "$cell/annotate.txt"
		ok "... most samples lie in the loop" awk '{ n += $NF } /refcost_loop_kref/ { in_loop += $NF }
			END { exit !(n > 20 && in_loop > n / 2) }' "$cell/folded.txt"
		is "... every stack has its number of samples" "" "$(grep -Ev '^[^;]+(;[^;]+)+ [0-9]+$' "$cell/folded.txt")"
	done
	c2c_sessions "$out"
	exits "no fifo for perf" 1 "is no fifo" "$refcost" run -s kref --perf-control /nowhere,/nowhere
	mkfifo /tmp/ctl /tmp/ack
	exits "a fifo that no perf reads" 1 "no perf record" "$refcost" run -s kref --perf-control /tmp/ctl,/tmp/ack
	exits "one fifo for perf" 64 "two fifos" "$refcost" run -s kref --perf-control /tmp/ctl
	rm /tmp/ctl /tmp/ack
	mkdir /tmp/no-perf
	printf '#!/bin/sh\nexit 127\n' >/tmp/no-perf/perf
	chmod +x /tmp/no-perf/perf
	PATH=/tmp/no-perf:$PATH exits "no perf" 4 "perf is missing" tools/perf-sessions.sh "$out" kref
	rm -r /tmp/no-perf
	nothing_left "perf sessions"
}

# A perf that is said to know loads and stores: it logs how it was called, and records the clock instead.
c2c_sessions() {
	local out=$1
	if perf c2c record -- -q -a -o /tmp/c2c.data -- true >/dev/null 2>&1; then
		tap_skip "perf c2c is said not to be available" "it is"
	else
		is "... that there is none is said in a line, with why" 1 "$(grep -c 'perf c2c is not available: failed: memory events not supported' <<<"$stderr")"
		ok "... nothing is left of it" bash -c "! ls '$out'/perf/*/c2c* 2>/dev/null"
	fi
	mkdir /tmp/c2c-perf
	cat >/tmp/c2c-perf/perf <<-EOF
	#!/bin/sh
	[ "\$1" = c2c ] || exec $(command -v perf) "\$@"
	echo "\$*" >>/tmp/c2c-perf/log
	case \$2 in
	record) shift 3; exec $(command -v perf) record -e cpu-clock "\$@" ;;
	report) $(command -v perf) report --stdio -i "\$9" 2>/dev/null ;;
	esac
	EOF
	chmod +x /tmp/c2c-perf/perf
	PATH=/tmp/c2c-perf:$PATH run_cmd tools/perf-sessions.sh --quick --c2c "$out" kref
	is "perf c2c: exit 0" 0 "$status"
	ok "... its report of all CPUs is kept, and names the loop" grep -q refcost_loop_kref "$out/perf/kref-$cpus/c2c.txt"
	is "... and nothing else of it" "" "$(find "$out/perf" -name 'c2c*' ! -path "$out/perf/kref-$cpus/c2c.txt")"
	is "... tried, recorded, reported" "record record report" "$(awk '{ printf "%s%s", n++ ? " " : "", $2 }' /tmp/c2c-perf/log)"
	ok "... of windows alone, on all CPUs" grep -Eq -e '^c2c record -- -q -a .*-D -1 --control=fifo:[^ ]*,[^ ]* .*refcost run -k -s kref -c '"$cpus"' .*--perf-control' /tmp/c2c-perf/log
	ok "... as text, a row an instruction" grep -Eq -e '^c2c report --stdio .*-c iaddr -i [^ ]*c2c.data$' /tmp/c2c-perf/log
	rm -r /tmp/c2c-perf
}

# The path that bare metal takes.
bench_host() {
	ok "bench.sh --host measures this machine" ./bench.sh --host --quick -s empty,kref,percpu_live --blocks 1 --cycles 1 --no-report --output "$dir/bench"
	ok "... fast path and unload" bash -c "test -s '$dir/bench/workers.csv' -a -s '$dir/bench/unload.csv'"
	ok "... and it can be reported on" "$refcost" report "$dir/bench" -o "$dir/bench/report"
	ok "... what the CPUs count is in it, or why not" grep -A 2 '^## Hardware counters' "$dir/bench/report/RESULTS-tables.md"
	nothing_left "bench.sh --host"
}

lifetimes() { run_tap_here tests/guest/lifetime.sh "$dir/lifetime" 6; }

states() { run_tap_here tests/guest/states.sh quick; }

parts load_and_unload states every_scheme_runs every_scheme_unloads lifetimes lost_count_is_caught perf_session \
	bench_host
is "the kernel has nothing to complain about" "" "$(dmesg | grep -E 'BUG|WARNING|Oops|soft lockup|rcu.*stall|refcost: an object' || true)"
tap_done
