#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# refcost doctor on made-up machines, and bench.sh --tune and --strict on them: what it turns it turns back,
# however it ends. Needs no root and touches no knob of this machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh

refcost=$PWD/build/bin/refcost
dir=$(mktemp -d)
trap 'rm -rf "${dir:?}"' EXIT
export REFCOST_SYSROOT=$dir/machine

cpu=sys/devices/system/cpu
clock=sys/devices/system/clocksource/clocksource0
release=$(uname -r)

# put FILE TEXT
put() {
	local file=$REFCOST_SYSROOT/$1
	[ -d "${file%/*}" ] || mkdir -p "${file%/*}"
	printf '%s\n' "$2" >"$file"
}

# A machine that nothing is wrong with, and that has every knob.
good_machine() {
	rm -rf "${REFCOST_SYSROOT:?}"
	if [ -d "$dir/good" ]; then
		cp -r "$dir/good" "$REFCOST_SYSROOT"
		return
	fi
	put proc/modules ''
	put proc/cmdline 'quiet'
	put proc/loadavg '0.00 0.00 0.00 1/100 1000'
	put proc/stat 'cpu  1000 0 1000 100000 0 0 0 0 0 0'
	put proc/cpuinfo 'flags		: fpu tsc'
	put proc/kallsyms 'ffffffff81000000 T __bpf_tramp_exit'
	put proc/sys/kernel/numa_balancing 0
	put proc/sys/kernel/nmi_watchdog 0
	put "boot/config-$release" 'CONFIG_SMP=y'
	put "lib/modules/$release/build/Makefile" ''
	put sys/kernel/btf/vmlinux ''
	put sys/kernel/rcu_expedited 0
	put sys/kernel/security/lockdown '[none] integrity confidentiality'
	put sys/bus/event_source/devices/cpu/type 4
	put $clock/current_clocksource tsc
	put $clock/available_clocksource 'tsc hpet'
	put $cpu/cpufreq/policy0/scaling_governor performance
	put $cpu/cpufreq/policy1/scaling_governor performance
	put $cpu/cpufreq/boost 0
	put $cpu/intel_pstate/no_turbo 1
	put $cpu/smt/control off
	put $cpu/isolated ''
	cp -r "$REFCOST_SYSROOT" "$dir/good"
}

# One as it comes, whose second governor alone is wrong.
stock_machine() {
	good_machine
	put proc/sys/kernel/numa_balancing 1
	put proc/sys/kernel/nmi_watchdog 1
	put $cpu/cpufreq/policy1/scaling_governor powersave
	put $cpu/cpufreq/boost 1
	put $cpu/intel_pstate/no_turbo 0
}

all_knobs() { (cd "$REFCOST_SYSROOT" && grep -r . . | LC_ALL=C sort); }

# found VERDICT WHAT FILE TEXT: the doctor says so of a machine that is good but for this
found() {
	good_machine
	put "$3" "$4"
	run_cmd "$refcost" doctor
	ok "doctor: $2 $1" grep -Eq "^  $1 +$2 +[^ ]" <<<"$stdout"
	[ "$1" != warn ] || ok "... with a command, or what to do" \
		grep -Eq "^  $1 +$2 .*: (echo .* [|] sudo tee /|use |quote |take |boot |wait |others )" <<<"$stdout"
}

good_machine
run_cmd "$refcost" doctor
is "a good machine: nothing distorts" "" "$(grep '^  warn' <<<"$stdout")"
is "... no part of the kernel is missing" "" "$(grep -E '^  missing .optional. +(loadable|kernel|BTF|lockdown)' <<<"$stdout")"
is "... there is nothing to turn" "" "$("$refcost" doctor --knobs)"
run_cmd "$refcost" doctor --strict
ok "... --strict does not mind" test "$status" != 2
found warn 'frequency governor' $cpu/cpufreq/policy1/scaling_governor powersave
found warn turbo $cpu/intel_pstate/no_turbo 0
found warn boost $cpu/cpufreq/boost 1
found warn 'NUMA balancing' proc/sys/kernel/numa_balancing 2
found warn 'NMI watchdog' proc/sys/kernel/nmi_watchdog 1
found warn SMT $cpu/smt/control on
found ok SMT $cpu/smt/control notsupported
found warn rcu_expedited sys/kernel/rcu_expedited 1
found warn rcu_normal sys/kernel/rcu_normal 1
put sys/kernel/rcu_expedited 1
run_cmd "$refcost" doctor
ok "doctor: rcu_normal overrules rcu_expedited" grep -q '^  ok  *rcu_expedited .*without effect: rcu_normal is 1' <<<"$stdout"
put "boot/config-$release" $'CONFIG_SMP=y\nCONFIG_PREEMPT_RT=y'
run_cmd "$refcost" doctor
ok "doctor: PREEMPT_RT has it so" grep -q '^  ok  *rcu_normal .*rcu_expedited has no effect' <<<"$stdout"
good_machine
run_cmd env HWLOC_XMLFILE="$PWD/tests/data/hybrid.xml" "$refcost" doctor
ok "doctor: fast and efficient cores" grep -q '^  warn  *kinds of CPUs .*measure on one kind alone: --cpu-list 0-3' <<<"$stdout"
found warn clocksource $clock/current_clocksource hpet
found ok isolcpus $cpu/isolated 2-7
found warn 'debug options' "boot/config-$release" $'CONFIG_SMP=y\nCONFIG_PROVE_LOCKING=y'
found warn mitigations proc/cmdline 'quiet mitigations=off'
found warn hypervisor proc/cpuinfo 'flags		: fpu hypervisor'
found warn steal proc/stat 'cpu  1000 0 1000 100000 0 0 0 900 0 0'
found warn 'load average' proc/loadavg '9999.00 0.00 0.00 1/100 1000'
found "missing [(]optional[)]" lockdown sys/kernel/security/lockdown 'none [integrity] confidentiality'
found "missing [(]optional[)]" 'module signing' sys/module/module/parameters/sig_enforce Y
found ok 'module signing' sys/module/module/parameters/sig_enforce N
without() { PATH=$dir/no-qemu "$refcost" doctor; }
mkdir "$dir/no-qemu"
for part in proc/modules lib sys/kernel/btf; do
	good_machine
	rm -r "${REFCOST_SYSROOT:?}/$part"
	run_cmd "$refcost" doctor
	ok "doctor: without $part something is missing" grep -Eq '^  missing .optional. +(loadable modules|kernel headers|BTF) +[^ ]' <<<"$stdout"
	[ $part = proc/modules ] || is "... and the rest can be measured" "0 " "$status $stderr"
done
if [ "$(uname -m)" = x86_64 ] && command -v qemu-system-x86_64 >/dev/null; then
	rm -r "${REFCOST_SYSROOT:?}/proc/modules"
	run_cmd "$refcost" doctor
	is "doctor: a guest can be measured" "0 " "$status $stderr"
fi
good_machine
run_cmd without
is "doctor: without programs this machine can be measured" "0 " "$status $stderr"
ok "... which are missing" grep -Eq '^  missing .optional. +gnuplot .*apt-get install' <<<"$stdout"
rm -r "${REFCOST_SYSROOT:?}/proc/modules"
exits "doctor: nor a kernel that loads modules" 4 "nothing can be measured here: .*no modules.*no QEMU" without
good_machine
put sys/kernel/security/lockdown 'none integrity [confidentiality]'
exits "doctor: nor one that can be watched" 4 "nothing can be measured here: .*locked down.*no QEMU" without
good_machine
rm -r "${REFCOST_SYSROOT:?}/sys/kernel/btf"
put $cpu/smt/control on
exits "--strict: what distorts comes first" 2 "1 things distort" "$refcost" doctor --strict
found warn fentry proc/kallsyms 'ffffffff81000000 T free_module'
stock_machine
is "what can be turned" 5 "$("$refcost" doctor --knobs | wc -l)"
is "... the governors that are wrong" "/$cpu/cpufreq/policy1/scaling_governor performance" \
	"$("$refcost" doctor --knobs | grep governor)"

# bench.sh in a tree of its own, whose refcost does not measure: tests/cli/tune-refcost.sh stands for it.
bench=$dir/tree
mkdir -p "$bench/build/bin" "$bench/tools" "$bench/bin" "$bench/kmod_bench"
cp bench.sh "$bench/"
cp tools/tune.sh tools/plan.sh "$bench/tools/"
cp -r kmod_bench/schemes "$bench/kmod_bench/"
cp tests/cli/tune-refcost.sh "$bench/build/bin/refcost"
printf '#!/bin/sh\necho 0\n' >"$bench/bin/id"
chmod +x "$bench/bin/id"
measure=(env REFCOST_IN_GUEST=1 PATH="$bench/bin:$PATH" DOCTOR="$refcost" NOTES="$dir"
	"$bench/bench.sh" --host --no-report -s kref --output "$dir/out")

# tunes WHAT CODE ACT [SIGNAL]: all knobs were turned while it measured, and are as they were
tunes() {
	local what=$1 code=$2 act=$3 signal=${4:-} before pid status=0
	stock_machine
	before=$(all_knobs)
	rm -f "$dir/left" "$dir/ready"
	# with job control, since a background job ignores SIGINT without it
	set -m
	ACT=$act "${measure[@]}" --tune >"$dir/log" 2>&1 &
	pid=$!
	set +m
	if [ -n "$signal" ]; then
		timeout 10 sh -c "until [ -e '$dir/ready' ]; do sleep 0.1; done" || true
		kill -"$signal" "$pid"
	fi
	wait "$pid" || status=$?
	is "$what: exits $code" "$code" "$status"
	is "... all was tuned meanwhile" "there: " "$([ ! -e "$dir/left" ] || echo "there: $(cat "$dir/left")")"
	is "... and is as it was" "$before" "$(all_knobs)"
	is "... which it says of each" 5 "$(grep -c '^tune: .* again$' "$dir/log")"
}

tunes "--tune" 0 pass
tunes "--tune, and measuring fails" 1 fail
tunes "--tune, and SIGTERM" 130 wait TERM
tunes "--tune, and SIGHUP" 130 wait HUP
tunes "--tune, and SIGINT" 130 wait INT

# Nothing can be turned back by who is killed: the next command does.
stock_machine
before=$(all_knobs)
rm -f "$dir/ready"
set -m
env ACT=wait "${measure[@]}" --tune >"$dir/log" 2>&1 &
pid=$!
set +m
timeout 10 sh -c "until [ -e '$dir/ready' ]; do sleep 0.1; done" || true
run_cmd "$refcost" list
is "while all is tuned no other command minds" "0 " "$status $stderr"
kill -KILL -- "-$pid"
wait "$pid" 2>/dev/null || true
run_cmd "$refcost" doctor
ok "--tune, and SIGKILL: the doctor sees what is left" grep -Eq '^  warn +left over .*: use refcost doctor --repair' <<<"$stdout"
run_cmd "$refcost" list
is "... the next command turns all back" "$before" "$(all_knobs)"
is "... and says so in one line" "1 5" "$(wc -l <<<"$stderr") $(grep '^refcost: put right .* turned back: ' <<<"$stderr" | grep -o '/[^ ]* [^,]*' | wc -l)"
run_cmd "$refcost" list
is "... once" "" "$stderr"

good_machine
run_cmd "${measure[@]}" --tune
is "nothing to tune: exits 0" 0 "$status"
is "... and says so" "tune: nothing to tune" "$stdout"
run_cmd "${measure[@]}" --strict
is "--strict on a good machine: exits 0" 0 "$status"
stock_machine
rm -f "$dir/left"
exits "--strict on another" 2 "warn +frequency governor" "${measure[@]}" --strict
ok "... nothing was measured" test ! -e "$dir/left"
run_cmd "${measure[@]}" --strict --tune
is "--strict where tuning is all it takes: exits 0" 0 "$status"
put $cpu/smt/control on
before=$(all_knobs)
exits "--strict --tune where it is not" 2 "warn +SMT" "${measure[@]}" --strict --tune
is "... all is as it was" "$before" "$(all_knobs)"
exits "--strict of a guest" 2 "a guest's times are distorted" ./bench.sh --guest --strict

tap_done
