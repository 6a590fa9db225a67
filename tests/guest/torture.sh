#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A campaign against the modules and the command: unloads under load, drawn ioctls, signals to the command, CPUs
# that come and go, allocations that fail. tests/guest/torture.sh DIR SECONDS SEED: as root in a guest; DIR is
# writable. DIR/torture.csv says what was survived how often; it is written after each arm's turn, so that a
# kernel that dies leaves what was done before.
# shellcheck disable=SC2154 # what run_cmd sets
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/lib.sh "$1"

seconds=$2 seed=$3
RANDOM=$seed
cpus=$(nproc)
kmemleak=/sys/kernel/debug/kmemleak
patience=120 # seconds after which a command counts as hung
arms=(unloads ioctls signals hotplug failures)
mapfile -t schemes < <("$refcost" list --csv | awk -F, 'NR > 1 && $3 != "floor" && $3 != "absent" { print $1 }')

# What was counted, by arm and outcome. refused: ended with a word, or by the signal; repaired: what it left was
# put right by the next command; left: it was not; hung: did not end; crashed: ended in another way; splats: of
# the kernel.
outcomes=(times well refused repaired left hung crashed splats)
declare -A count
count() { count[$1,$2]=$((${count[$1,$2]:-0} + ${3:-1})); }
write_counts() {
	local arm outcome
	{
		(IFS=, && echo "arm,${outcomes[*]}")
		for arm in "${arms[@]}"; do
			printf %s "$arm"
			for outcome in "${outcomes[@]}"; do
				printf ,%d "${count[$arm,$outcome]:-0}"
			done
			echo
		done
	} >"$dir/torture.csv"
}

# --- what is looked at ----------------------------------------------------------------------------------

splat='(^|[^A-Z])BUG[: ]|WARNING:|Oops|KASAN: |INFO: |ODEBUG|general protection|inconsistent lock|unlock balance'
splat+='|possible (circular|recursive|irq)|suspicious RCU|sleeping function called|scheduling while atomic'
splat+='|list_(add|del) corruption|refcount_t: |suspected memory leak|blocked for more|stall|refcost: an object'

# splats ARM: count the kernel's complaints since the last call, and keep them
splats() {
	local found
	dmesg -c >"$dir/dmesg.new" || true
	found=$(grep -cE "$splat" "$dir/dmesg.new" || true)
	[ "$found" = 0 ] || cp "$dir/dmesg.new" "$dir/splat-$1-$(date +%s).log"
	count "$1" splats "$found"
}

threads() { grep -hE '^refcost/' /proc/[0-9]*/comm 2>/dev/null || true; }
offline() { grep -l 0 /sys/devices/system/cpu/cpu*/online 2>/dev/null || true; }
left() { echo "$(loaded)$(threads)$(offline)$(ls -d /tmp/refcost.* 2>/dev/null || true)"; }

repair=
! "$refcost" doctor --help | grep -q -- --repair || repair=1
# tidy ARM: nothing may be left of a command; if something is, the next one has to put it right
tidy() {
	local was found cpu
	was=$(left)
	[ -n "$was" ] || return 0
	if [ -n "$repair" ]; then
		"$refcost" doctor --repair >/dev/null 2>&1 || true
	else
		"$refcost" run -s kref -c 1 -b 1 --window 1ms >/dev/null 2>&1 || true
	fi
	found=$(left)
	if [ -z "$found" ]; then
		count "$1" repaired
		return
	fi
	count "$1" left
	echo "# $1: left over and not put right: ${found//$'\n'/ }"
	for cpu in $(offline); do
		echo 1 >"$cpu" || true
	done
	rmmod refcost_victim 2>/dev/null || true
	rmmod refcost 2>/dev/null || true
	rm -rf /tmp/refcost.*
}

# --- the command, and what happens to it ----------------------------------------------------------------

signal='' # that the command was sent
scheme() { echo "${schemes[RANDOM % ${#schemes[@]}]}"; }

# start COMMAND...: in the background, with the signals of a command in the foreground; sets $pid
start() {
	env --default-signal=INT,QUIT,HUP,TERM "$@" >"$dir/out" 2>"$dir/err" &
	pid=$!
}

# draw_command: sets $command
draw_command() {
	case $((RANDOM % 4)) in
	0) command=("$refcost" run -s "$(scheme)" -c "1-$cpus" -b 2 --mode lookup --window 5ms) ;;
	1) command=("$refcost" init -s percpu_live -n 3) ;;
	2) command=("$refcost" unload --no-trace -s "$(scheme)" -n 3 --hold 3ms --pause 200us --attempts 20) ;;
	3) command=("$refcost" unload --no-trace -s "$(scheme)" -n 5 --arms loaded --attempts 20) ;;
	esac
}

# pause MS: up to so long
pause() { sleep "$(printf '0.%03d' $((RANDOM % $1)))"; }

# ended ARM: wait for $pid and count how it ended
ended() {
	local code=0 first='' watchdog
	sleep $patience &
	watchdog=$!
	wait -n -p first "$pid" $watchdog || code=$?
	count "$1" times
	if [ "$first" = $watchdog ]; then
		count "$1" hung
		echo "# $1: hung: ${command[*]}"
		echo w >/proc/sysrq-trigger
		kill -KILL "$pid"
		wait "$pid" || true
	else
		kill $watchdog
		wait $watchdog || true
		ended_with "$1" $code
	fi 2>/dev/null
	tidy "$1"
}

# ended_with ARM CODE: above 128 is a signal's number, which it may have been sent. A stop and a continue change
# nothing.
ended_with() {
	case $2 in
	0) count "$1" well ;;
	129 | 130 | 131 | 137 | 143) count "$1" refused ;;
	*)
		if [ "$2" -lt 126 ] && [ -s "$dir/err" ] && [ "$signal" != STOP ]; then
			count "$1" refused
		else
			count "$1" crashed
			echo "# $1: exit code $2: ${command[*]}: $(tail -n 1 "$dir/err")"
		fi
		;;
	esac
}

arm_signals() {
	local signals=(INT TERM HUP QUIT KILL STOP)
	draw_command
	start "${command[@]}"
	signal=${signals[RANDOM % ${#signals[@]}]}
	[ $((RANDOM % 2)) = 0 ] || sleep $((RANDOM % 3))
	pause 1000
	kill -"$signal" "$pid" 2>/dev/null || true
	if [ "$signal" = STOP ]; then
		pause 1000
		kill -CONT "$pid" 2>/dev/null || true
	fi
	ended signals
	signal=''
}

arm_hotplug() {
	local cpu until
	draw_command
	start "${command[@]}"
	until=$((SECONDS + patience))
	while kill -0 "$pid" 2>/dev/null && [ $SECONDS -lt $until ]; do
		cpu=/sys/devices/system/cpu/cpu$((1 + RANDOM % (cpus - 1)))/online
		echo 0 >"$cpu" || true
		pause 300
		echo 1 >"$cpu" || true
		pause 300
	done
	ended hotplug
}

fail=/sys/kernel/debug/failslab
# Allocations of the command and of what it has the kernel do fail, one in some hundred to some ten thousand. Not
# from its very start: until exec() and the loader are done it is not ours.
arm_failures() {
	local of
	for of in failslab fail_page_alloc; do
		echo 1 >/sys/kernel/debug/$of/probability # per cent of every
		echo $((1 + RANDOM % 300)) >/sys/kernel/debug/$of/interval
	done
	draw_command
	start "${command[@]}"
	sleep 0.5
	pause 1000
	echo 1 >"/proc/$pid/make-it-fail" 2>/dev/null || true
	ended failures
}

prepare_failures() {
	local of
	for of in failslab fail_page_alloc; do
		echo Y >/sys/kernel/debug/$of/task-filter
		echo N >/sys/kernel/debug/$of/ignore-gfp-wait
		echo -1 >/sys/kernel/debug/$of/times
		echo 0 >/sys/kernel/debug/$of/verbose
	done
	echo 0 >/sys/kernel/debug/fail_page_alloc/min-order
}

# for_seconds N ARM: its turns for so long
for_seconds() {
	local until=$((SECONDS + $1))
	while [ $SECONDS -lt $until ]; do
		"arm_$2"
	done
}

unloads_for() {
	local out gone=0 busy=0 failed=0 code=0
	insmod "$modules/refcost.ko"
	out=$(build/tests/guest/torture "$modules" "$(IFS=,; echo "${schemes[*]}")" "$1" $RANDOM) || code=$?
	echo "$out" | grep '^#' || true
	read -r gone busy failed <<<"$(tail -n 1 <<<"$out")" || true
	rmmod refcost || true
	count unloads times $((gone + busy))
	count unloads well "$gone"
	count unloads refused "$busy"
	count unloads left "$failed"
	[ $code -lt 2 ] || count unloads crashed
	tidy unloads
}

ioctls_for() {
	local draws=$RANDOM log=$dir/fuzz.log code=0
	tests/guest/fuzz.sh "$dir" --seconds "$1" --burst 30 --seed $draws --patience $patience >"$log" 2>&1 || code=$?
	count ioctls times "$(awk '/^# .* calls, .* accepted;/ { n += $3 } END { print n + 0 }' "$log")"
	count ioctls well "$(awk '/^# .* calls, .* accepted;/ { n += $5 } END { print n + 0 }' "$log")"
	count ioctls refused "$(awk '/^# .* calls, .* accepted;/ { n += $3 - $5 } END { print n + 0 }' "$log")"
	count ioctls left "$(grep -cE '^not ok .*(unload|thread)' "$log" || true)"
	count ioctls hung "$(grep -c '^not ok .*all returned' "$log" || true)"
	[ $code = 0 ] || cp "$log" "$dir/fuzz-$draws.log"
	grep '^not ok' "$log" | sed 's/^/# ioctls: /' || true
	grep -q '^1\.\.' "$log" || count ioctls crashed
	tidy ioctls
}

# Memory of ours that nothing points to any more: the detector reports what two scans some seconds apart saw.
# Frames of a module that is gone have no name.
leaks() {
	[ -w $kmemleak ] || return 0
	for _ in 1 2; do
		sleep 6
		echo scan >$kmemleak || true
	done
	grep -E 'refcost|\] 0x[0-9a-f]+$' $kmemleak || true
}

# turn SHARE ARM: so many hundredths of the round
turn() {
	local s=$((round * $1 / 100))
	case $2 in
	unloads | ioctls) "$2_for" $((s > 5 ? s : 5)) ;;
	*) for_seconds $s "$2" ;;
	esac
	splats "$2"
	write_counts
}

dmesg -n 4
dmesg -c >"$dir/dmesg.boot" || true
[ ! -d $fail ] || prepare_failures
[ ! -w $kmemleak ] || echo clear >$kmemleak
# An arm has a turn in each round; a round takes ten minutes, or all of a short campaign.
round=$((seconds < 600 ? seconds : 600))
until [ $SECONDS -ge "$seconds" ]; do
	turn 45 unloads
	turn 15 ioctls
	turn 15 signals
	turn 10 hotplug
	[ ! -d $fail ] || turn 15 failures
done
for arm in "${arms[@]}"; do
	if [ "$arm" = failures ] && [ ! -d $fail ]; then
		tap_skip "$arm" "this kernel cannot inject failures"
		continue
	fi
	ok "$arm: ${count[$arm,times]} times" test "${count[$arm,times]}" -gt 0
	for outcome in left hung crashed splats; do
		is "$arm: none $outcome" 0 "${count[$arm,$outcome]:-0}"
	done
done
is "no memory of refcost is lost" "" "$(leaks | head -n 40)"
tap_done
