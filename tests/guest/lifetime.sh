#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Every scheme's life and end on the kernel that runs here, stock or with its debugging nets on: unloads
# idle, under load and in a rush, runs, then what is left of modules, threads and memory, and what the
# kernel reports. tests/guest/lifetime.sh DIR [CYCLES [SCHEME...]]: as root; DIR is writable; CYCLES (5)
# unloads a scheme, arm and hold; all schemes unless some are named.
#
# REFCOST_NETS="KASAN PROVE_LOCKING ...": fail unless these nets of the kernel are at work. Without it a
# kernel that looks for nothing would pass. With nets all sequences of REFCOST_STATES (4) operations on a load and its
# victim are tried, too.
# shellcheck disable=SC2154 # what run_cmd sets
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh

dir=$1/lifetime
cycles=${2:-5}
names=("${@:3}")
refcost=$PWD/build/bin/refcost
modules=${REFCOST_MODULES:-$PWD/build/kmod/$(uname -r)}
nets=${REFCOST_NETS:-}
kmemleak=/sys/kernel/debug/kmemleak
expedited=/sys/kernel/rcu_expedited
# With users that stay inside some schemes refuse for good; that is no error, but takes its time.
attempts=20
length=${REFCOST_STATES:-4}
tested=0

loaded() { grep -E '^refcost' /proc/modules || true; }
module_names() { cut -d ' ' -f 1 /proc/modules | sort; }
threads() { grep -hE '^refcost' /proc/[0-9]*/comm 2>/dev/null || true; }
rows() { echo $(($(wc -l <"$1") - 1)); }
# sum FILE NAME: of a column
sum() { awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { s += $c } END { print s + 0 }' "$1"; }

# --- what the kernel says -------------------------------------------------------------------------------

# From here on the log is about $1; on the console too.
mark() { echo "<4>lifetime: $1" >/dev/kmsg; }

# The kernel's log from the last mark on, or all of it. Core code has data races that KCSAN finds: a report
# of one counts only if refcost is in it.
kernel_log() {
	dmesg | awk -v from="${1:-}" '
		index($0, "==================================================================") {
			block = block $0 "\n"
			if (inside && (block !~ /BUG: KCSAN/ || block ~ /\[refcost/))
				text = text block
			if (inside)
				block = ""
			inside = !inside
			next
		}
		inside { block = block $0 "\n"; next }
		from != "" && index($0, "lifetime: " from) { text = ""; next }
		{ text = text $0 "\n" }
		END { printf "%s", text block }'
}

# reports [MARK]: the first report in the log and what stands around it; nothing if there is none
reports() {
	kernel_log "${1:-}" | awk '
		/(^|[^A-Z])BUG[: ]|WARNING:|Oops|KASAN: |KCSAN: |INFO: |ODEBUG|general protection/ { bad = 1 }
		/possible (circular|recursive|irq)|inconsistent lock|bad unlock balance|lock held|held lock/ { bad = 1 }
		/suspicious RCU|sleeping function called|scheduling while atomic|list_(add|del) corruption/ { bad = 1 }
		/refcount_t: |new suspected memory leak|blocked for more than|soft lockup|rcu.*stall/ { bad = 1 }
		/Call Trace|refcost: an object/ { bad = 1 }
		bad && n++ < 60 { print; next }
		!bad { last = $0 }
		END { if (bad) print "(before it: " last ")" }'
}

quiet() { is "$1: the kernel reports nothing" "" "$(reports "${2:-}")"; }

# A net that is at work leaves a sign; being configured is less. Some give up after a report, or without memory.
net_sign() {
	case $1 in
	KASAN) log_has 'KernelAddressSanitizer initialized' ;;
	KCSAN) grep -qx 'enabled: *1' /sys/kernel/debug/kcsan ;;
	PROVE_LOCKING) grep -q 'debug_locks: *1$' /proc/lockdep_stats ;;
	PROVE_RCU) log_has 'RCU lockdep checking is enabled' ;;
	DEBUG_OBJECTS) test -e /sys/kernel/debug/debug_objects/stats && ! log_has 'ODEBUG disabled' ;;
	DEBUG_KMEMLEAK) test -w $kmemleak && ! log_has 'kmemleak.*disabled' ;;
	DEBUG_ATOMIC_SLEEP) has_symbol __might_sleep ;;
	DEBUG_LIST) has_symbol __list_add_valid ;;
	DEBUG_PREEMPT) has_symbol debug_smp_processor_id ;;
	DETECT_HUNG_TASK) test -e /proc/sys/kernel/hung_task_timeout_secs ;;
	SOFTLOCKUP_DETECTOR) test -e /proc/sys/kernel/soft_watchdog ;;
	*) false ;;
	esac
}
log_has() { dmesg | grep "$1" >/dev/null; }
has_symbol() { grep " $1\$" /proc/kallsyms >/dev/null; }

# Races of core code that are by design, under refcost's stack: the clock's readers and its writer share two
# copies, and read again if theirs changed.
kcsan_filter() {
	[ ! -w /sys/kernel/debug/kcsan ] || echo '!ktime_get_mono_fast_ns' >/sys/kernel/debug/kcsan
}

nets_at_work() {
	local net
	for net in $nets; do
		ok "$1: $net is at work" net_sign "$net"
	done
}

# --- memory ---------------------------------------------------------------------------------------------

meminfo() { awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo; }

# What may wait to be freed goes: caches, callbacks of RCU.
settle() {
	for _ in 1 2; do
		sync
		echo 3 >/proc/sys/vm/drop_caches
		sleep 1
	done
}

# Objects in use of each kmalloc cache, a line each. A slab that a CPU allocates from counts as full, and
# KASAN keeps what was freed for a while: shrinking ends both until the next allocation. So shrink and read
# at once, without a new process, and take the least of several.
active() {
	local name n cache
	local -A least=()
	[ -r /proc/slabinfo ] || return 0
	for _ in 1 2 3 4 5 6 7 8; do
		for cache in /sys/kernel/slab/kmalloc-*/shrink; do
			[ ! -w "$cache" ] || echo 1 >"$cache"
		done
		while read -r name n _; do
			# Names of files and 9p's handles of them are of these sizes, and come and go.
			[[ $name == kmalloc-[0-9]* && $name != kmalloc-8 && $name != kmalloc-16 && $name != kmalloc-96 ]] || continue
			[ "${least[$name]:-$n}" -lt "$n" ] || least[$name]=$n
		done </proc/slabinfo
	done
	for name in "${!least[@]}"; do
		echo "$name ${least[$name]}"
	done | sort -V
}

memory_before() {
	settle
	before_modules=$(module_names)
	before_percpu=$(meminfo Percpu)
	before_slab=$(meminfo Slab)
	before_active=$(active)
	[ ! -w $kmemleak ] || echo clear >$kmemleak
}

memory_after() {
	local after grown
	settle
	after=$(active)
	is "the modules loaded are those from before" "$before_modules" "$(module_names)"
	ok "per-CPU memory: $(meminfo Percpu) KiB after, $before_percpu before" \
		test "$(meminfo Percpu)" -le "$before_percpu"
	if [ -n "$before_active" ]; then
		# One scheme that loses an object at each unload loses six times the cycles; the kernel's own
		# use has been seen to differ by 16 after a thousand unloads.
		grown=$(awk -v slack=$((16 + cycles * 2)) 'NR == FNR { n[$1] = $2; next } $2 - n[$1] >= slack {
			print $1 ": " $2 " objects, " n[$1] " before" }' <(echo "$before_active") <(echo "$after"))
		is "kmalloc caches hold what they held" "" "$grown"
		echo "# $(awk 'NR == FNR { n[$1] = $2; next } { printf "%s %+d; ", $1, $2 - n[$1] }' \
			<(echo "$before_active") <(echo "$after"))"
	else
		ok "slab: $(meminfo Slab) KiB after, $before_slab before" \
			test "$(meminfo Slab)" -le $((before_slab + 1024))
	fi
	leaks
}

# The detector reports what two scans did not find a pointer to, if it is some seconds old. Frames of a
# module that is gone have no name any more: such a leak is ours too.
leaks() {
	local found
	[ -w $kmemleak ] || return 0
	for _ in 1 2; do
		sleep 6
		echo scan >$kmemleak || true # refused where it has given up
	done
	found=$(awk 'function flush() { if (ours) printf "%s", text; text = ""; ours = 0 }
		/^unreferenced object/ { flush() }
		{ text = text $0 "\n" }
		/refcost|\] 0x[0-9a-f]+$/ { ours = 1 }
		END { flush() }' $kmemleak)
	is "no memory of refcost is lost" "" "$(head -n 60 <<<"$found")"
	echo "# lost by all: $(grep -c '^unreferenced object' $kmemleak || true) objects, of refcost:" \
		"$(grep -c '^unreferenced object' <<<"$found" || true)"
}

# --- schemes --------------------------------------------------------------------------------------------

# refused_scheme SCHEME: was the last command refused because of the scheme? Floors are not unloaded, and a
# kernel may lack what a scheme needs; only the latter is worth a line.
refused_scheme() {
	case $status in
	64) grep -q "no scheme '$1'" <<<"$stderr" ;;
	4) tap_skip "$1" "$(head -n 1 <<<"$stderr")" ;;
	*) false ;;
	esac
}

# unloads SCHEME,... ARM,... HOLD [OPTION]
unloads() {
	local schemes=$1 arms=$2 hold=$3 think=0 out=$dir/${1%%,*}-$3${4:-} n
	[ "$hold" = 0 ] || think=200us # or most would be busy for good
	run_cmd "$refcost" unload -s "$schemes" -n "$cycles" --arms "$arms" --no-trace --hold "$hold" --pause "$think" \
		--attempts $attempts -o "$out" "${@:4}"
	! refused_scheme "$schemes" || return
	tap_result "$status" "$schemes: $cycles unloads $arms, hold $hold ${*:4}: exit 0" "exit $status
$stderr$stdout"
	[ "$status" = 0 ] || return 0
	n=$(($(tr , '\n' <<<"$schemes" | wc -l) * $(tr , '\n' <<<"$arms" | wc -l) * cycles))
	is "... $n rows, no use of text given up" "$n 0" "$(rows "$out/unload.csv") $(sum "$out/unload.csv" violations)"
	[ "$(sum "$out/unload.csv" gone)" = $n ] ||
		echo "# gone in $(sum "$out/unload.csv" gone) of $n cycles, the others stayed busy"
}

# Both modules gone at once, again and again: nothing may be left behind that needs them.
rushes() {
	local n=$((cycles * 2)) done=0 out=
	if [ ! -x build/tests/guest/rush ]; then
		tap_skip "$1: gate and unload in a rush" "no build/tests/guest/rush"
		return
	fi
	while [ $done -lt $n ] && out=$(insmod "$modules/refcost.ko" 2>&1 &&
		insmod "$modules/refcost_victim.ko" 2>&1 && build/tests/guest/rush "$1" 2>&1); do
		done=$((done + 1))
	done
	is "$1: $n gates and unloads in a rush" $n "$done$out"
	[ $done = $n ] || rmmod refcost_victim refcost 2>/dev/null || true
}

lifetime() {
	local scheme=$1 begin=$SECONDS hold
	mark "$scheme"
	for hold in 0 100us; do
		unloads "$scheme" idle,loaded $hold || return 0
	done
	unloads "$scheme" loaded 0 --objects=4096 # what a gate or exit() does for each, it does 4096 times
	run_cmd "$refcost" run -s "$scheme" -c "1-$(nproc)" -b 1 --mode getput,lookup --window 20ms -o "$dir/$scheme-run"
	tap_result "$status" "$scheme: a run on 1..$(nproc) CPUs, both modes: exit 0" "exit $status
$stderr$stdout"
	rushes "$scheme"
	is "$scheme: nothing is left loaded" "" "$(loaded)$(threads)"
	quiet "$scheme" "$scheme"
	tested=$((tested + 1))
	echo "# $scheme took $((SECONDS - begin)) s"
}

# Where nothing looks for what they do wrong, runs and rushes only take time; schemes.sh has runs of its own. It does
# not matter there whose report it is, so that one command unloads them all.
lifetimes_without_nets() {
	unloads "$1" idle,loaded 0
	unloads "$1" loaded 100us
	is "nothing is left loaded" "" "$(loaded)$(threads)"
	tested=$(tr , '\n' <<<"$1" | wc -l)
}

# states [SCHEME...]: all states of a load and its victim, and signals in gates, see states.sh
states() {
	local log=$dir/states.log
	if [ ! -x build/tests/guest/states ]; then
		tap_skip "states" "no build/tests/guest/states"
		return
	fi
	mark "states"
	REFCOST_MODULES=$modules tests/guest/states.sh long "$length" "$(IFS=,; echo "${*:-}")" >"$log" 2>&1 || true
	is "states: all that was tried is as documented" "" "$(grep -A 9 '^not ok' "$log" || true)"
	ok "... $(grep -c '^ok' "$log" || true) times, to the end" grep -q '^1\.\.' "$log"
	quiet "states" "states"
}

rm -rf "$dir"
mkdir -p "$dir"
if [ -w $expedited ]; then
	echo "# $expedited: 1 until the end, so that grace periods are short"
	trap 'echo '"$(<$expedited)"' >'$expedited EXIT
	echo 1 >$expedited
fi
nets_at_work "before"
kcsan_filter
if [ ${#names[@]} = 0 ]; then
	mapfile -t names < <("$refcost" list --csv | awk -F, 'NR > 1 && $3 != "floor" && $3 != "absent" { print $1 }')
fi
# Caches that grow at first use have had it before memory is looked at.
"$refcost" run -c 1 -b 1 --mode getput,lookup --window 5ms --warmup 0 >/dev/null 2>&1 || true
[ -z "$nets" ] || "$refcost" unload -n 1 --arms idle --no-trace --objects=4096 >/dev/null 2>&1 || true
memory_before
if [ -n "$nets" ]; then
	for name in "${names[@]}"; do
		lifetime "$name"
	done
	states "${@:3}"
else
	lifetimes_without_nets "$(IFS=,; echo "${names[*]}")"
fi
ok "there was something to test: $tested schemes" test $tested -gt 0
mark "memory"
memory_after
nets_at_work "after"
quiet "from boot to end"
dmesg >"$dir/dmesg"
tap_done
