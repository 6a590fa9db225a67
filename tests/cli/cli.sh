#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The command line, as anybody may use it: help, errors, exit codes. Loads nothing, needs no root.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh

refcost=build/bin/refcost
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# What needs root is tried without it.
unprivileged() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}

ok "help" "$refcost" --help
ok "version" "$refcost" --version
for command in list run unload init objects cycle report compare doctor; do
	run_cmd "$refcost" $command --help
	is "$command --help exits 0" 0 "$status"
	ok "$command --help ends with examples" grep -q Examples: <<<"$stdout"
done

# A count is of calls in trace, and of cycles elsewhere.
is "a letter means the same in all commands" "n: count cycles" \
	"$(for command in list run unload init trace refs cycle report compare doctor; do "$refcost" $command --help; done |
		sed -n 's/^  -\([a-zA-Z]\), --\([a-z-]*\).*/\1 \2/p' | LC_ALL=C sort -u |
		awk '{ all[$1] = all[$1] " " $2; n[$1]++ } END { for (letter in n) if (n[letter] > 1) print letter ":" all[letter] }')"

# What every kernel has; the others are listed, and need a later Linux than 6.1.
later="rcuref file_ref srcu_fast"
expected="empty percpu_inc atomic_private atomic_shared state_test percpu_live percpu_atomic percpu_array
	percpu_alloc speculative_get trylock_percpu percpu_rcu percpu_ref try_module_get module_get global_lock interface_count
	module_rwsem kref object_exit1 object_exit2 refcount kref_unless_zero kobject lockref release_wait
	release_count_before release_count_after active_ref active_rwsem revocable exit_release external_release
	rwsem rwlock percpu_rwsem srcu srcu_object rcu hazptr hazptr_ipi"
sorted() { tr -s '[:space:]' '\n' | sed '/^$/d' | LC_ALL=C sort; }

# listed SCHEME: its part of the list, whose lines of text are indented below its name
listed() {
	awk -v name="$1" '$1 == name && /^  [^ ]/ { inside = 1; print; next } /^ ? ?[^ ]/ || /^$/ { inside = 0 } inside' <<<"$table"
}
has_field() { listed "$1" | grep -Eq "^ +$2: .*[a-z]"; }
csv_field() { awk -F, -v name="$1" -v n="$2" '$1 == name { print $n }' <<<"$fields"; }

run_cmd "$refcost" list
is "list exits 0" 0 "$status"
table=$stdout
fields=$("$refcost" list --csv)
is "list --csv names its columns" "scheme,family,kind,needs,what,from,busy,roles,floors" "$(head -n 1 <<<"$fields")"
is "list --names prints the schemes that this kernel has" "$(sorted <<<"$expected")" \
	"$("$refcost" list --names | grep -vxE "${later// /|}" | sorted)"
is "list has these and the others" "$(sorted <<<"$expected $later")" \
	"$(sed -n 's/^  \([^ ][^ ]*\) .*/\1/p' <<<"$table" | sorted)"
is "list --csv has these and the others" "$(sorted <<<"$expected $later")" "$(sed 1d <<<"$fields" | cut -d, -f1 | sorted)"
is "list prints each family once" "$(sed 1d <<<"$fields" | cut -d, -f2 | uniq)" \
	"$(sed -n 's/^\([^ ].*\):$/\1/p' <<<"$table")"
is "families are together" "" "$(sed 1d <<<"$fields" | cut -d, -f2 | uniq | LC_ALL=C sort | uniq -d)"
for scheme in $("$refcost" list --names); do
	ok "$scheme: what it is" bash -c '[[ $1 =~ ^"  "[a-z_0-9]+" "+[a-zA-Z] ]]' - "$(listed "$scheme")"
	ok "$scheme: what it is, in --csv" grep -Eq "^$scheme,[a-z]+,(floor|kernel|gate),[^,]*,\"[^\"]+\",\"[^\"]*\",\"[^\"]*\",[a-z ]*,[a-z_ ]*\$" <<<"$fields"
	[ "$(csv_field "$scheme" 3)" = floor ] && continue
	ok "$scheme: where it is from" has_field "$scheme" from
	ok "$scheme: what busy means" has_field "$scheme" busy
	ok "$scheme: here" has_field "$scheme" "here"
	ok "$scheme: is here" grep -q "here: yes" <<<"$(listed "$scheme")"
done

exits "no command" 64 'Usage' "$refcost"
exits "unknown command" 64 "no command 'frob'.*use" "$refcost" frob
# called_now NEW ARGS..: an old name ends with a line that says the new one
called_now() {
	exits "refcost ${*:2}" 64 "^refcost: [^ ]+ is now called $1\$" "$refcost" "${@:2}"
	is "... in one line" 1 "$(wc -l <<<"$stderr")"
}
called_now "refcost init" load -n 3
called_now "refcost report --html" html tests/data/run
called_now --names list -n
called_now --dry-run run -n -s kref
called_now --different compare -d tests/data/run tests/data/run
called_now --max-blocks run -s kref --stop-after=1 -o "$dir/none"
called_now --timeout unload --patience 1s
called_now --pause unload -s kref --think 1s
exits "unknown option" 64 'unrecognized' "$refcost" run --frob
exits "stray argument" 64 "know what to do with 'frob'" "$refcost" run frob
exits "unknown scheme lists the valid ones" 64 "no scheme 'frob'.*module_rwsem.*kref" \
	"$refcost" run -s kref,frob
exits "unload knows no floors" 64 "no scheme 'empty'.*try_module_get" "$refcost" unload -s empty
exits "a scheme twice" 64 "kref,kref" "$refcost" run -s kref,kref
is "run --mode both" "$("$refcost" run --dry-run -s kref --mode getput,lookup)" "$("$refcost" run --dry-run -s kref --mode both)"
is "unload --arms both" "$("$refcost" unload --dry-run -s kref --arms idle,loaded)" "$("$refcost" unload --dry-run -s kref --arms both)"
is "init --phases both" "$("$refcost" init --dry-run --phases one,two)" "$("$refcost" init --dry-run --phases both)"
exits "both, and one of them" 64 "no mode 'both'" "$refcost" run --mode both,getput
exits "of five there is no both" 64 "no placement 'both'" "$refcost" run --placement both
exits "unknown mode" 64 "no mode 'frob'" "$refcost" run --mode frob
for scheme in $(awk -F, '$3 == "floor" { print $1 }' <<<"$fields"); do
	exits "$scheme has no lookup" 64 "$scheme has no mode lookup: floors" "$refcost" run -s "$scheme" --mode lookup
	exits "... nor beside another" 64 "$scheme has no mode lookup" "$refcost" run -s "kref,$scheme" --mode lookup
	exits "$scheme is not unloaded" 64 "no scheme '$scheme'" "$refcost" unload -s "$scheme"
	exits "$scheme is not loaded" 64 "no scheme '$scheme'" "$refcost" init -s "$scheme"
	exits "$scheme has no objects" 64 "no scheme '$scheme'" "$refcost" objects -s "$scheme"
done
for value in 0 -1 huge 99999999999999999999 1.5 '' 3x; do
	exits "run -b '$value'" 64 "blocks" "$refcost" run -b "$value"
	exits "run --window '$value'" 64 "window" "$refcost" run --window "$value"
	exits "run -c '$value'" 64 "cpus" "$refcost" run -c "$value"
	exits "unload -n '$value'" 64 "cycles" "$refcost" unload -n "$value"
	exits "unload --hold-cycles '$value'" 64 "hold-cycles" "$refcost" unload --hold-cycles "$value"
	exits "unload --timeout '$value'" 64 "timeout" "$refcost" unload --timeout "$value"
	exits "init -n '$value'" 64 "cycles" "$refcost" init -n "$value"
	exits "init -l '$value'" 64 "load" "$refcost" init -l "$value"
done
exits "more CPUs than there are" 64 "only [0-9]+ CPUs" "$refcost" run -c 4000
exits "an absent CPU" 64 "CPU 4000 is absent" "$refcost" run --cpu-list 4000
exits "unknown placement" 64 "no placement 'frob': use cores, packed, smt, local, remote" "$refcost" run --placement frob
exits "a placement twice" 64 "given twice" "$refcost" run --placement cores,cores
exits "CPUs and a placement" 64 "--cpu-list and --placement both" "$refcost" run --placement cores --cpu-list 0
exits "unknown layout" 64 "no layout 'frob': use own, readmostly, pair" "$refcost" run --layout frob
exits "a layout of what has no count in the object" 64 "rwsem: no count in the object.*refcost list" "$refcost" run -s kref,rwsem --layout pair
exits "nothing is read by a bare get and put" 64 "add --mode lookup or a --hold" "$refcost" run -s kref --layout readmostly
exits "one victim is kept" 64 "give one --layout" "$refcost" run -k --layout own,pair
for option in placement=cores layout=own; do
	exits "--instructions --$option" 64 "leave --placement and --layout out" "$refcost" run --instructions --$option
done
# machines that hwloc makes up
HWLOC_SYNTHETIC="core:2 pu:1" exits "no SMT" 4 "no core here has a second thread: use cores or packed" "$refcost" run --placement cores,smt
HWLOC_SYNTHETIC="core:2 pu:1" exits "no other node" 4 "needs two NUMA nodes" "$refcost" run --placement local,remote
is "... in one line" 1 "$(wc -l <<<"$stderr")"
HWLOC_SYNTHETIC="pu:2" exits "no topology" 4 "smt needs the topology, and hwloc sees none" "$refcost" run --placement smt
is "... in one line" 1 "$(wc -l <<<"$stderr")"
HWLOC_FSROOT=$dir exits "no topology in /sys" 64 "^refcost: --cpus 4000: only" "$refcost" run -c 4000
ok "... hwloc is quiet" bash -c '! grep -q hwloc/ <<<"$1"' - "$stderr"
HWLOC_SYNTHETIC="pack:2 [numa] core:2 pu:2" exits "more CPUs than any placement has" 64 "only 4 CPUs" "$refcost" run --placement local,remote -c 5
is "list names the layouts of what has some" "active_ref atomic_shared kref kref_unless_zero lockref object_exit1 object_exit2 refcount release_count_after release_count_before release_wait" \
	"$(awk '/^  [a-z]/ { name = $1 } /layouts: own, readmostly, pair/ && name != "rcuref" { print name }' <<<"$table" | LC_ALL=C sort | paste -sd' ')"
exits "hold too long" 64 "hold" "$refcost" run --hold 1s
exits "run: holds that do not ascend" 64 "ascending" "$refcost" run --hold 1us,0
exits "run: holds of instructions" 64 "takes one --hold" "$refcost" run --instructions --hold 0,1us
exits "run: no such scheme to hold" 64 "no_such" "$refcost" run --hold 0,1us --hold-schemes no_such
exits "run: no such event" 64 "no event 'cycels'; near it: cycles" "$refcost" run --counters=cycels
is "... in one line" 1 "$(wc -l <<<"$stderr")"
exits "run: no such event and none near" 64 "no event 'frob' .perf list" "$refcost" run --counters=frob
exits "run: an event by two names" 64 "cpu-cycles is given twice" "$refcost" run --counters=cycles,cpu-cycles
exits "run: no event" 64 "malformed or empty" "$refcost" run --counters=
exits "run: 17 events" 64 "too many" "$refcost" run --counters="$(seq -s, -f r%g 17)"
for value in -1 1h 61s ''; do
	exits "run --warmup '$value'" 64 "warmup" "$refcost" run --warmup "$value"
done
exits "run: gaps of instruction mode" 64 "has none of" "$refcost" run --instructions --gaps known
for value in frob known,long ''; do
	exits "run --gaps '$value'" 64 "gaps" "$refcost" run --gaps "$value"
done
exits "run: parts that nothing keeps" 64 "give -o DIR" "$refcost" run --max-blocks 1
for value in -1 0 x ''; do
	exits "run --max-blocks '$value'" 64 "max-blocks" "$refcost" run --max-blocks "$value" -o build/tests/nowhere
done
exits "run: counters of instruction mode" 64 "counts in windows" "$refcost" run --instructions --counters
for value in '' ',' '1us,' 0,,1 -1 1us,101ms 1.5ms 1us,huge; do
	exits "unload --hold '$value'" 64 "--hold '$value': (malformed|out of range)" "$refcost" unload --hold "$value"
done
exits "a hold twice" 64 "given twice" "$refcost" unload --hold 0,1ms,1000us
exits "17 holds" 64 "too many" "$refcost" unload --hold "$(seq -s, 17)"
exits "more users than CPUs: unload" 64 "only [0-9]+ CPUs" "$refcost" unload -l 4000
exits "more users than CPUs: init" 64 "only [0-9]+ CPUs" "$refcost" init -l 4000
for value in '' three 'one,' one,one one,two,one; do
	exits "init --phases '$value'" 64 "phases" "$refcost" init --phases "$value"
done
exits "objects out of range" 64 "objects" "$refcost" run --objects 5000
for value in 0 5000 1,1 x ''; do
	exits "objects --objects '$value'" 64 "--objects '$value'" "$refcost" objects --objects "$value"
done
exits "objects: one cycle is not enough to count and to time" 64 "cycles" "$refcost" objects -n 1
exits "rate zero" 64 "rate" "$refcost" unload --rate 0
exits "unknown arm" 64 "no arm" "$refcost" unload --arms frob
exits "unknown mechanism" 64 "no mechanism" "$refcost" unload --mechanism frob
exits "refs of no module" 64 "refcost refs MODULE" "$refcost" refs
exits "its older form" 64 "refcost refs MODULE" "$refcost" trace --refs
exits "refs of calls" 64 "option.*'n'" "$refcost" refs dummy -n 1
exits "trace --top" 64 "option.*--top" "$refcost" trace --top 3
exits "refs --top 0" 64 "top" "$refcost" refs dummy --top 0
exits "refs of a command that is not there" 127 "not found" "$refcost" refs dummy -- /no/such

chmod 755 "$dir"
cp "$refcost" "$dir/refcost"
export REFCOST_MODULES
REFCOST_MODULES=$PWD/build/kmod/$(tools/kernel-release.sh)
cp "$REFCOST_MODULES/refcost.ko" "$dir/"
REFCOST_MODULES=$dir
for command in $("$refcost" --help | sed -n '/^Examples/q; s/^  \([a-z]*\) .*/\1/p'); do
	# of those that want a module, with one
	refused=$(for module in "" dummy; do unprivileged "$dir/refcost" $command $module 2>&1 >/dev/null </dev/null || true; done)
	is "the man page of $command: in section 8 if it needs root" "$(case $refused in *needs\ root*) echo 8 ;; *) echo 1 ;; esac)" \
		"$(find docs -name "refcost-$command.*" | sed 's/.*\.//')"
done
ok "list without root" unprivileged "$dir/refcost" list
exits "run without root" 1 "needs root: sudo" unprivileged "$dir/refcost" run
exits "unload without root" 1 "needs root: sudo" unprivileged "$dir/refcost" unload
exits "init without root" 1 "needs root: sudo" unprivileged "$dir/refcost" init
exits "refs without root" 1 "needs root: sudo" unprivileged "$dir/refcost" refs dummy
for command in run unload init; do
	if [ "$(csv_field rcuref 3)" != absent ]; then
		tap_skip "$command of a scheme that this kernel lacks" "it lacks none"
		continue
	fi
	exits "$command of a scheme that this kernel lacks" 4 "rcuref is not available: needs Linux 6.4" \
		unprivileged "$dir/refcost" $command -s rcuref
	exits "... beside one that it has: goes on without" 1 "needs root" unprivileged "$dir/refcost" $command -s rcuref,kref
	ok "... and says so" grep -q "rcuref is not available: needs Linux 6.4" <<<"$stderr"
done
if [ "$(csv_field rcuref 3)" = absent ]; then
	ok "a scheme that this kernel lacks is listed as such" grep -q "here: not available: needs Linux 6.4" <<<"$(listed rcuref)"
fi
for command in "run --dry-run" "unload --dry-run" "init --dry-run"; do
	# shellcheck disable=SC2086 # words
	run_cmd unprivileged "$dir/refcost" $command
	is "$command without root: exits 0" 0 "$status"
	ok "... the seed, how many, how long" grep -Eq '^seed 1: [0-9]+ cells, [0-9]+ .*; takes about [0-9]+ (h|min|s)' <<<"$stdout"
done
# promised ARGS..: what a dry run on two CPUs comes to, words apart by commas
promised() { HWLOC_SYNTHETIC="core:2 pu:1" "$refcost" "$@" --dry-run | sed -n 's/^seed \([0-9]*\): \([0-9]*\) cells, \([0-9]*\) .* about \(.*\)$/\1,\2,\3/p'; }
is "run: schemes x modes x CPUs, and blocks" 7,8,80 "$(promised run -s kref,rwsem -c 1,2 --mode getput,lookup -b 10 --seed 7)"
is "run: longer holds, of one scheme, in two blocks" 1,6,44 "$(promised run -s kref,rwsem -c 1,2 -b 10 --hold 0,1us --hold-schemes kref --hold-blocks 2)"
is "unload: idle once, loaded with each hold" 1,6,96 "$(promised unload -s kref,rwsem -n 23 --hold 0,1us --hold-cycles 2)"
is "init: both forms" 1,2,14 "$(promised init -n 7)"
order() { HWLOC_SYNTHETIC="core:2 pu:1" "$refcost" run --dry-run --seed "$1" | sed '1d; /^estimated/,$d; s/  .*//' | paste -sd+; }
is "the same seed, the same order" "$(order 5)" "$(order 5)"
ok "another seed, another order" test "$(order 5)" != "$(order 6)"
is "... of the same cells" "$(order 5 | tr + '\n' | LC_ALL=C sort)" "$(order 6 | tr + '\n' | LC_ALL=C sort)"
REFCOST_MODULES=$dir/none exits "no modules built" 4 "run make" "$refcost" list
unset REFCOST_MODULES

exits "report without a directory" 64 "results directory" "$refcost" report
exits "report on what is none" 1 "not a results directory" "$refcost" report "$dir"
echo '{"schema": 2, "run"' >"$dir/run.json"
exits "report on a torn run.json" 1 "not JSON" "$refcost" report "$dir"
echo '{"schema": 99}' >"$dir/run.json"
exits "report on another schema" 1 "schema" "$refcost" report "$dir"
echo '{"schema": 2}' >"$dir/run.json"
exits "report on nothing measured" 1 "no sample" "$refcost" report "$dir"

mkdir -p "$dir/machine/sys/bus/event_source/devices/cpu_core"
ok "doctor says how to count cycles, with a PMU" grep -Eq "^  ok +PMU +cycles can be counted: refcost run --counters" \
	<(REFCOST_SYSROOT=$dir/machine "$refcost" doctor 2>/dev/null)
rmdir "$dir/machine/sys/bus/event_source/devices/cpu_core"
ok "doctor says that there is no PMU" grep -Eq "^  ok +PMU +none" <(REFCOST_SYSROOT=$dir/machine "$refcost" doctor 2>/dev/null)

run_cmd "$refcost" doctor
ok "doctor exits 0 or 4" test "$status" = 0 -o "$status" = 4
is "doctor has three words" "" "$(grep '^  ' <<<"$stdout" | grep -vE '^  (ok  |warn  |missing \(optional\) )')"
ok "doctor names a command for everything that is missing" \
	awk '/^  missing/ && !/apt-get|make|bench.sh|CONFIG/ { bad = 1 } END { exit bad }' <<<"$stdout"

exits "bench.sh: unknown option" 64 "no option '--frob'.*--help" ./bench.sh --frob
exits "bench.sh: -n, which counts elsewhere" 64 "^bench.sh: -n is now called --dry-run$" ./bench.sh -n
exits "bench.sh: bad number" 64 "cpus 'x'" ./bench.sh --cpus x
exits "bench.sh: no placement" 64 "placement wants names" ./bench.sh --placement
exits "bench.sh: --resume of nothing" 64 "no results directory" ./bench.sh --resume "$dir/none"
exits "bench.sh: --resume of a file" 64 "no results directory" ./bench.sh --resume README.md
exits "bench.sh: --instructions on the host" 64 "needs a guest" ./bench.sh --host --instructions
exits "bench.sh: --c2c without --perf" 64 "give --perf" ./bench.sh --c2c
exits "perf-sessions.sh: unknown option" 64 "no option '--frob'" tools/perf-sessions.sh --frob
exits "bench.sh --host without root" 1 "needs root" unprivileged ./bench.sh --host
ok "bench.sh --help" ./bench.sh --help
for where in --guest --host; do
	run_cmd unprivileged ./bench.sh --dry-run $where --quick -s kref,percpu_live,empty
	is "bench.sh --dry-run $where: exits 0" 0 "$status"
	ok "... says what it would measure" grep -q "measuring" <<<"$stdout"
	ok "... plans runs, unloads and loads" bash -c '[[ "$1" == *windows*unloads*loads* ]]' - "$stdout"
done
ok "bench.sh --dry-run --cpus: of the guest, not of this machine" grep -q 'kref, getput, 16 CPUs' <<<"$(./bench.sh --dry-run --guest --cpus 16 -s kref)"
exits "bench.sh --dry-run --resume of another plan" 1 "another plan .*blocks 24 instead of 10" ./bench.sh --dry-run --guest --resume tests/data/run

tap_done
