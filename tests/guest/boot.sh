#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Boot what the guest tests need:
# tests/guest/boot.sh schemes: a guest for what schemes do
# tests/guest/boot.sh other: guests that differ in their machine: one with NUMA nodes and SMT, some that count
#	instructions; whose modules are wrong on purpose; that end badly
# tests/guest/boot.sh fuzz: a guest whose device is called with drawn arguments
# tests/guest/boot.sh killed: a guest whose commands are killed
# tests/guest/boot.sh tracers: guests for refcost trace, and for refcost refs, of modules that are not ours
# tests/guest/boot.sh timed: guests for signals, faults and results, one whose CPU is taken away, one with
#	far more CPUs than the host: they want the host for themselves, after the others
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh

release=$(tools/kernel-release.sh)
dir=$PWD/build/tests/guest-results/${1:?schemes, other, fuzz, killed, tracers or timed}
rm -rf "$dir"
mkdir -p "$dir"

boot() {
	guest/boot.sh --release "$release" --share "$dir" "$@"
}

# tests_in NAME OPTION...: boot a guest for tests/guest/NAME.sh; its TAP becomes ours.
tests_in() {
	local name=$1 log=$dir/$1.log status=0
	shift
	REFCOST_IN_GUEST=1 boot "$@" -- "tests/guest/$name.sh" "$dir" >"$log" 2>"$dir/$name-boot.log" || status=$?
	grep -E '^(ok|not ok|#)' "$log" || true
	tap_n=$((tap_n + $(grep -c '^ok ' "$log" || true) + $(grep -c '^not ok ' "$log" || true)))
	tap_result "$status" "$name.sh: the guest ran its tests to the end" "$(tail -n 12 "$log"; tail -n 8 "$dir/$name-boot.log")"
}

schemes_guest() {
	mkdir -p build/tests/guest
	${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -Ikmod_bench tests/guest/abi_test.c \
		-o build/tests/guest/abi_test -lcmocka
	${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -Ikmod_bench tests/guest/rush.c \
		-o build/tests/guest/rush
	build_states
	tests_in schemes --cpus 2 --deadline 1500
}
build_states() {
	mkdir -p build/tests/guest
	${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -Ikmod_bench tests/guest/states.c \
		-o build/tests/guest/states
}
trace_guest() {
	mkdir -p build/tests/guest
	${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 tests/guest/compat.c -o build/tests/guest/compat
	tests_in trace --cpus 2 --deadline 600
	ok "rows of calls in flight are what docs/results-schema.json says" tests/schema.py --as trace.csv "$dir/trace-hang.csv"
	ok "... and so are objects" tests/schema.py --as trace.json "$dir/trace-hang.json"
	ok "... rows of calls" tests/schema.py --as trace.csv "$dir/trace-loads.csv"
	ok "... objects with stacks" tests/schema.py --as trace.json "$dir/trace-sums.json"
}
refs_guest() {
	local report
	tests_in refs --cpus 2 --deadline 400
	ok "rows of refs are what docs/results-schema.json says" tests/schema.py --as refs.csv "$dir/exact.csv"
	for report in exact held; do
		ok "... and so are its reports: $report" tests/schema.py --as refs.json "$dir/$report.json"
	done
}
timed_guest() {
	local up
	tests_in timed --cpus 3 --deadline 1100
	up=$(sed -n 's/.*up in \([0-9]*\).*/\1/p' "$dir/timed-boot.log")
	ok "the guest was up within 10 s (${up:-?} s)" test "${up:-99}" -lt 10
}
killed_guest() { tests_in killed --cpus 4 --deadline 300; }
results_guest() { tests_in results --cpus 4 --deadline 250; }
placement_guest() { tests_in placement --cpus 8 --threads 2 --numa 2 --deadline 150; }

# shown SEED N: calls N - 20 to N of a thread
shown() { build/tests/guest/fuzz --schemes kref,srcu --cpus 4 --seed "$1" --show "1/$2"; }

fuzz_guest() {
	mkdir -p build/tests/guest
	${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -Ikmod_bench tests/guest/fuzz.c \
		-o build/tests/guest/fuzz -pthread
	is "calls are drawn from seed, thread and number alone" "$(shown 7 20 | tail -n 11)" "$(shown 7 30 | head -n 11)"
	ok "another seed draws others" test "$(shown 7 20)" != "$(shown 8 20)"
	# little memory, so that one process can take it all
	tests_in fuzz --cpus 2 --mem 768 --deadline 400
}

declare -A counting
# count_in NAME COMMAND...: boot a guest that counts, beside others: its clock does not depend on the host's load
count_in() {
	local name=$1
	shift
	boot --icount --deadline 300 --log "$dir/$name.console" -- "$@" >"$dir/$name.log" 2>&1 &
	counting[$name]=$!
}

# counted NAME WHAT
counted() {
	local status=0
	wait "${counting[$1]}" || status=$?
	tap_result $status "$2" "$(tail -n 20 "$dir/$1.log")"
}

instruction_guests_begin() {
	local count="build/bin/refcost run --instructions -b 2 --mode getput,lookup"
	# shellcheck disable=SC2086 # words
	count_in icount1 $count -o "$dir/icount1"
	count_in icount2 sh -c "$count -o '$dir/icount2' &&
		REFCOST_MODULES='$PWD/build/kmod-fault/SLOW/$release' $count -s kref,percpu_live -o '$dir/slow' &&
		ARMS='none tracepoints all' tools/bench-trace.sh counts >'$dir/watching'"
}

instruction_guests() {
	counted icount1 "instruction mode"
	counted icount2 "instruction mode, another boot"
	is "two boots agree to the digit" "$(cat "$dir/icount1/instructions.csv")" "$(cat "$dir/icount2/instructions.csv")"
	is "two blocks agree to the digit" "$(grep '^0,' "$dir/icount1/instructions.csv" | cut -d, -f2-  | sort)" \
		"$(grep '^1,' "$dir/icount1/instructions.csv" | cut -d, -f2- | sort)"
	ok "what was counted is what docs/results-schema.json says" tests/schema.py "$dir/icount1"
	ok "the harness takes at most 3 instructions" \
		awk -F, '$2 == "empty" && $5 > 3 { bad = 1 } $2 == "empty" { n++ } END { exit bad || !n }' "$dir/icount1/instructions.csv"
	is "percpu_inc is two instructions more than empty" 2.00 "$(awk -F, '$1 == 0 && $2 == "empty" { e = $5 }
		$1 == 0 && $2 == "percpu_inc" { p = $5 } END { printf "%.2f", p - e }' "$dir/icount1/instructions.csv")"
	# counts that a get and put cannot do without, and what they add
	ok "percpu_live: at most 4 instructions over percpu_inc and the state test" awk -F, '$1 == 0 && $3 == "getput" { v[$2] = $5 }
		END { exit !(v["percpu_live"] - v["percpu_inc"] - (v["state_test"] - v["empty"]) <= 4) }' "$dir/icount1/instructions.csv"
	ok "percpu_rcu: as many as percpu_live" awk -F, '$1 == 0 { v[$2 $3] = $5 }
		END { exit !v["percpu_live" "getput"] || v["percpu_rcu" "getput"] != v["percpu_live" "getput"] ||
			v["percpu_rcu" "lookup"] != v["percpu_live" "lookup"] }' "$dir/icount1/instructions.csv"
	ok "hazptr: at most 12 instructions over the loop" awk -F, '$1 == 0 && $3 == "getput" { v[$2] = $5 }
		END { exit !v["hazptr"] || v["hazptr"] - v["empty"] > 12 }' "$dir/icount1/instructions.csv"
	ok "object_exit1: as many as the bare locked adds" awk -F, '$1 == 0 && $3 == "getput" { v[$2] = $5 }
		END { exit v["object_exit1"] != v["atomic_shared"] }' "$dir/icount1/instructions.csv"
	ok "kref: as many as the refcount_t it is made of" awk -F, '$1 == 0 && $3 == "getput" { v[$2] = $5 }
		END { exit v["kref"] != v["refcount"] }' "$dir/icount1/instructions.csv"
	ok "try_module_get takes more than kref" awk -F, '$3 == "getput" { v[$2] = $5 }
		END { exit !(v["try_module_get"] > v["kref"]) }' "$dir/icount1/instructions.csv"
	# of an empty module's 77,000, of which up to two thousand are there or not, with what else the kernel does
	ok "watching an unload adds at most 4000 instructions by tracepoints, 6000 by all probes" awk '
		$1 == "tracepoints" && $3 <= 4000 || $1 == "all" && $3 <= 6000 { n++ } END { exit n != 2 }' "$dir/watching"
}

# counts_as WHAT CODE REGEX ARGS...: the check of counts against the stored ones says so
counts_as() {
	local what=$1 code=$2 regex=$3
	shift 3
	run_cmd tests/check-instructions.sh "$@"
	if [ "$status" = 4 ]; then
		tap_skip "$what" "$stderr"
	elif [ "$status" = "$code" ] && grep -Eq -- "$regex" <<<"$stdout"; then
		tap_result 0 "$what"
	else
		tap_result 1 "$what" "exit $status: $stdout$stderr"
	fi
}

# Counts are as they were, and a build whose kref takes one instruction more is found by comparing.
stored_counts() {
	counts_as "instructions as stored" 0 'counts as in' --measured "$dir/icount1"
	local -x REFCOST_MODULES=$PWD/build/kmod-fault/SLOW/$release
	ok "counting in a build that is slower" test -s "$dir/slow/instructions.csv"
	counts_as "SLOW is found" 3 '^kref +getput .* [+]1[.]00$' --measured "$dir/slow" -s kref,percpu_live
	[ "$status" = 4 ] || is "... and that is all" "kref getput +1.00,kref lookup +1.00" \
		"$(awk '$5 ~ /^[+-]/ { printf "%s%s %s %s", n++ ? "," : "", $1, $2, $5 }' <<<"$stdout")"
}

# caught FAULT ARGS...: a build that is wrong on purpose is found out, by the canary or by the kernel's log
caught() {
	local fault=$1 status=0 log=$dir/fault-$1.log
	shift
	REFCOST_MODULES=$PWD/build/kmod-fault/$fault/$release boot --cpus 4 --deadline 90 --log "$log.console" -- \
		build/bin/refcost unload --no-trace --arms loaded "$@" >"$log" 2>&1 || status=$?
	if [ $status != 0 ] && grep -Eq 'calls into a module that was given up|Oops|BUG:|general protection' "$log" "$log.console"; then
		tap_result 0 "$fault is caught: $(grep -Eho 'calls into a module that was given up|Oops|BUG:.*|general protection' "$log" "$log.console" | head -n 1)"
	else
		tap_result 1 "$fault is caught" "exit $status: $(cat "$log")"
	fi
}

# Wide gaps alone do no harm; what is wrong, with the same users and the same gaps, is found within seconds.
broken_guests() {
	# Users hardly rest: one that is not counted yet is about to be, and then stays inside until after exit().
	local stop="-s percpu_live -l 1 --hold 10ms --pause 20us --timeout 1s"
	local calm="-s percpu_live -l 1 -n 12 --hold 3ms --pause 200us --timeout 1s"
	local test="-s percpu_live -l 3 --hold 100ms --pause 90ms --timeout 3s --no-bystander"
	local signal="-s kref -l 3 --hold 1ms --no-bystander"
	# shellcheck disable=SC2086 # words
	{
		REFCOST_MODULES=$PWD/build/kmod-fault/WIDE/$release ok "wide gaps alone are safe" boot --cpus 4 --deadline 120 -- \
			sh -ec "for users in '$stop -n 4' '$calm' '$test -n 12' '$signal -n 12'; do
				build/bin/refcost unload --no-trace --arms loaded \$users
			done"
		caught NO_STATE_TEST+WIDE $test -n 30
		caught NO_STOP+WIDE $stop -n 40
		caught SIGNAL_INSIDE+WIDE $signal -n 60
	}
}

# A task that dies in a call leaves the rest of the machine alone: other modules come and go, ours say why they stay.
dying_call() {
	export REFCOST_MODULES=$PWD/build/kmod-fault/OOPS/$release
	exits "a call that dies in the kernel harms nobody else" 3 "kernel complained" boot --cpus 2 --deadline 60 -- sh -c '
		echo 0 >/proc/sys/kernel/panic_on_oops
		build/bin/refcost unload -s kref -n 1 --no-trace --arms idle
		set -e
		timeout 5 modprobe dummy
		timeout 5 rmmod dummy
		! timeout 5 rmmod refcost_victim
		! timeout 5 rmmod refcost
		! timeout 5 build/bin/refcost run -s kref -c 1 -b 1'
	ok "... and a later command says so" grep -q "until the next boot" <<<"$stderr"
	unset REFCOST_MODULES
}

gaps_guest() {
	build_states
	tests_in gaps --cpus 2 --deadline 300
}

crowded_guest() {
	ok "16 CPUs, whatever the host has: a run over 1..16" boot --cpus 16 --deadline 200 -- \
		build/bin/refcost run -s atomic_shared,percpu_live,rwsem,try_module_get -c 1-16 -b 1 --window 20ms --warmup 5ms -o "$dir/crowded"
	run_cmd build/bin/refcost report "$dir/crowded"
	is "... every cell measured" 64 "$(grep -c ' getput ' <<<"$stdout")"
	is "... points beyond the host's CPUs are marked, and only they" "" \
		"$(awk -v host="$(nproc)" '$2 == "getput" && /oversubscribed/ != ($3 > host)' <<<"$stdout")"
}

# What the guests wrote is on the host as they saw it; also under newer kernels, if some were fetched.
shares() {
	local kernel
	ok "appended files are whole on the host" tests/guest/share.sh --look "$dir/share"
	for kernel in build/guest/*.*/; do
		kernel=$(basename "$kernel")
		[ "$kernel" != "$release" ] || continue
		rm -rf "$dir/share"
		mkdir "$dir/share"
		ok "$kernel: appended files are whole in the guest" boot --release "$kernel" --cpus 2 --deadline 90 -- \
			tests/guest/share.sh "$dir/share"
		ok "... and on the host" tests/guest/share.sh --look "$dir/share"
	done
}

# stop_first NAME: stop QEMU as an emulated kernel does that hangs in its boot
stop_first() {
	local pid
	eventually 20 pgrep -f "[q]emu-system.*$1" >/dev/null
	pid=$(pgrep -f "[q]emu-system.*$1")
	kill -STOP "$pid"
}

# The boot script itself: what a guest may do wrong.
bad_guests() {
	stop_first "$dir/stopped.console" &
	REFCOST_GUEST_PATIENCE=5 exits "a command that fails, though its kernel stopped in its boot" 7 "stopped in its boot.*once more" \
		boot --cpus 1 --deadline 60 --log "$dir/stopped.console" -- sh -c 'exit 7'
	wait $!
	exits "vCPUs that make no such topology" 64 "does not make 2 sockets" boot --cpus 6 --numa 2 --threads 2 -- true
	exits "a guest that panics" 1 "[Pp]anic" boot --cpus 1 --deadline 60 -- sh -c 'echo c >/proc/sysrq-trigger; sleep 20'
	exits "a guest that hangs" 124 "deadline" boot --cpus 1 --deadline 12 -- sleep 100
	ok "no guest is left over" bash -c "! pgrep -f '[q]emu-system.*$dir' >/dev/null"
}

as_the_schema_says() {
	local wrote
	for wrote; do
		ok "what the guest wrote in $wrote is what docs/results-schema.json says" tests/schema.py "$dir/$wrote"
	done
}

case $1 in
schemes)
	parts schemes_guest
	as_the_schema_says run bench counted hardware
	;;
other)
	parts broken_guests dying_call instruction_guests_begin placement_guest instruction_guests stored_counts bad_guests
	as_the_schema_says placed layouts-1 one
	;;
fuzz)
	parts fuzz_guest
	;;
killed)
	parts killed_guest
	;;
tracers)
	parts trace_guest refs_guest
	;;
timed)
	parts timed_guest results_guest gaps_guest crowded_guest shares
	as_the_schema_says holds think loading objects busy rate unload-tracepoints run-INT tracer results/cut results/cut-unload results/parts
	;;
esac
tap_done
