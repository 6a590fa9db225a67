#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# refcost compare on stored data: the same twice, with a scheme made slower or faster, and everything that
# may be wrong with a directory. Needs no root.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/run-json.sh
. tests/counted.sh
. tests/workers.sh

refcost=build/bin/refcost
a=tests/data/run
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# altered NAME FILE AWK: a copy of the stored run as $dir/NAME, with each row of FILE through AWK, where
# at["COLUMN"] is a column's number
altered() {
	[ -d "$dir/$1" ] || cp -r "$a" "$dir/$1"
	awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print; next }
		'"$3"' { print }' "$dir/$1/$2" >"$dir/new"
	cp "$dir/new" "$dir/$1/$2"
}

# timed NAME AWK: a copy with other times of its workers, see tests/workers.sh
timed() {
	[ -d "$dir/$1" ] || cp -r "$a" "$dir/$1"
	workers "$dir/$1" "$2"
}

# described NAME SED: a copy whose run.json is changed
described() {
	[ -d "$dir/$1" ] || cp -r "$a" "$dir/$1"
	sed -i "$2" "$dir/$1/run.json"
}

compare() { run_cmd "$refcost" compare "$@"; }
row() { grep -E "$1" <<<"$stdout"; }

# field SCHEME WHAT MODE COLUMN: from CSV, of the cell at the first place
field() {
	awk -F, -v scheme="$1" -v what="$2" -v mode="$3" -v name="$4" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["scheme"] == scheme && $at["what"] == what && $at["mode"] == mode { print $at[name]; exit }' <<<"$stdout"
}

compare "$a" "$a"
is "the same twice: exits 0" 0 "$status"
ok "... nothing is slower or faster" bash -c '! grep -Eq "[.][.][0-9.]+ +(slower|faster)" <<<"$1"' - "$stdout"
ok "... and that is summed up" grep -q '52 cells judged: 0 slower, 0 faster, 52 no difference detected' <<<"$stdout"
ok "... with what chance alone would do" grep -q 'By chance alone up to about 0.5 of 52 would differ' <<<"$stdout"
ok "... and the seed" grep -q 'bootstrap, 9999 resamples, seed 1' <<<"$stdout"
is "the table is under 80 columns" "" "$(awk 'length >= 80' <<<"$stdout")"
first=$stdout
compare "$a" "$a" --seed 1
is "the same seed gives the same" "$first" "$stdout"

timed slow '$at["scheme"] == "percpu_live" && $at["mode"] == "getput" { times(1.5) }'
compare "$a" "$dir/slow"
is "half as much again: exits 3" 3 "$status"
ok "... the row says so, and regressed" row '^percpu_live +1 .* 1\.500 .* slower +\*'
ok "... three cells did" row 'Regressed .*: 3\.'
is "... the table is under 80 columns" "" "$(awk 'length >= 80' <<<"$stdout")"
compare --different "$a" "$dir/slow"
is "--different: only cells that differ" "percpu_live percpu_live percpu_live" \
	"$(sed -n '/difference$/,/^$/p' <<<"$stdout" | awk '/slower|faster|none/ { print $1 }' | xargs)"
compare --threshold 60 "$a" "$dir/slow"
is "within the threshold: exits 0" 0 "$status"
ok "... and still says slower" row '^percpu_live +1 .* slower'
compare "$dir/slow" "$a"
is "the other way round: exits 0" 0 "$status"
ok "... the row says faster" row '^percpu_live +1 .* 0\.667 .* faster$'

# What a sample is has to be the same: another percentile of the batches, or more windows in one.
described mean '/"percentile":5/d; s/"gaps":"long",/"gaps":"long"/'
exits "a run from before percentiles" 1 "unlike environments: run.plan.percentile .not recorded | 5." "$refcost" compare "$dir/mean" "$a"
described long 's/"blocks":10/"blocks":20/'
awk -F, -v OFS=, 'NR > 1 { $1 += 10; print }' "$a/workers.csv" >>"$dir/long/workers.csv"
exits "a run whose samples are of three windows" 1 "unlike environments: windows in a sample on one CPU .1 | 3." "$refcost" compare "$a" "$dir/long"
compare "$dir/long" "$dir/long"
is "... against its like: exits 0" 0 "$status"

# A guest with twice as many CPUs as its host: what shared one is shown, and not judged.
described crowded 's/"host_cpus":4/"host_cpus":2/'
timed crowded '$at["cpus"] > 2 { times(1.5) }'
altered crowded unload.csv '{ $at["success_ns"] *= 1.5 }'
compare --force "$a" "$dir/crowded"
is "more workers than CPUs: slower or not, exits 0" 0 "$status"
ok "... the row is marked" row '^percpu_live +4 .* 1\.500 .* not judged +o$'
ok "... what had a CPU for each is judged" row '^percpu_live +2 .* 1\.000 .* none detected$'
ok "... what the mark means is said" row 'o more workers than CPUs'
compare --force --csv "$a" "$dir/crowded"
is "... no unload is judged" "not judged 1" "$(awk -F, '$1 == "success_ms" { print $16, $18 }' <<<"$stdout" | sort -u)"

compare --csv "$a" "$dir/slow"
is "--csv: exits 3 too" 3 "$status"
is "--csv: a header and one row per cell" 67 "$(wc -l <<<"$stdout")"
is "--csv: every row is as long as the header" 1 "$(awk -F, '{ print NF }' <<<"$stdout" | sort -u | wc -l)"
is "--csv: ratio" 1.5 "$(field percpu_live ns_per_op getput ratio)"
is "--csv: verdict" slower "$(field percpu_live ns_per_op getput verdict)"
is "--csv: regressed" 1 "$(field percpu_live ns_per_op getput regressed)"
is "--csv: another verdict" "no difference detected" "$(field kref ns_per_op getput verdict)"
ok "--csv: the summary is on standard error" grep -q '^Regressed' <<<"$stderr"

altered late unload.csv '$at["scheme"] == "kref" && $at["arm"] == "idle" { $at["success_ns"] *= 2 }'
compare --csv "$a" "$dir/late"
is "unloads that take twice as long: exits 3" 3 "$status"
is "... ratio" 2 "$(field kref success_ms idle ratio)"
is "... those under load are left alone" "no difference detected" "$(field kref success_ms loaded verdict)"

altered starved unload.csv '$at["scheme"] == "kref" && $at["arm"] == "loaded" { $at["gone"] = 0; $at["success_ns"] = 0 }'
compare "$a" "$dir/starved"
is "unloads that starve: exits 3" 3 "$status"
ok "... and are slower than any that do not" row '^kref +0 +[0-9.]+ starved +inf +inf..inf slower +\*'
compare "$dir/starved" "$dir/starved"
is "starved in both: exits 0" 0 "$status"
ok "... and is not judged" row '^kref +0 starved starved .*not judged'

altered longer instructions.csv '$at["scheme"] == "kref" && $at["mode"] == "getput" { $at["instructions"] += 1 }'
compare "$a" "$dir/longer"
is "an instruction more of 15.75: exits 3" 3 "$status"
ok "... and is printed exactly" row '^kref +15\.75 +16\.75 +\+1\.00 +more +\*'
ok "... one count of 14 differs" row '14 counts compared: 1 more, 0 fewer, 13 equal'
compare --threshold 10 "$a" "$dir/longer"
is "... within the threshold: exits 0" 0 "$status"

compare --only instructions "$a" "$dir/slow"
is "--only instructions: slower times do not count" 0 "$status"
is "... two tables" 2 "$(grep -c 'difference$' <<<"$stdout")"
ok "... and no bootstrap" bash -c '! grep -q "cells judged" <<<"$1"' - "$stdout"
compare --only instructions,times "$a" "$dir/longer"
is "--only instructions,times: exits 3" 3 "$status"
is "... four tables" 4 "$(grep -c 'difference$' <<<"$stdout")"
compare -s kref,rwsem "$a" "$dir/slow"
is "-s: another scheme does not count" 0 "$status"
is "... rows of these" "kref rwsem" "$(sed -n '/difference$/,/^$/p' <<<"$stdout" | awk '/none/ { print $1 }' | sort -u | xargs)"
compare -s kref,percpu_live "$a" "$dir/slow"
is "-s: one of these does" 3 "$status"
exits "-s of what is not there" 64 "no scheme 'frob' in" "$refcost" compare -s kref,frob "$a" "$a"
exits "-s twice the same" 64 "schemes" "$refcost" compare -s kref,kref "$a" "$a"
exits "--only of nothing known" 64 "--only 'frob': use times, unloads, instructions or counters" "$refcost" compare --only frob "$a" "$a"
exits "--only of nothing" 64 "only" "$refcost" compare --only '' "$a" "$a"

timed few '$at["block"] > 4 { next }'
described few 's/"blocks":10/"blocks":5/'
compare "$a" "$dir/few"
is "five blocks: exits 0" 0 "$status"
ok "... too few to judge" row 'Not judged: 42 cells'
timed part '$at["block"] > 7 { next }'
described part '/"run":/,/"plan"/s/"complete"/"partial"/'
compare "$a" "$dir/part"
is "a run that was interrupted: exits 0" 0 "$status"
ok "... and is called partial" row '^B: .*, partial$'

compare --figure "$dir/ratio.svg" "$a" "$dir/slow"
is "--figure: exits 3 all the same" 3 "$status"
ok "... the figure can be drawn" rsvg-convert -o "$dir/ratio.png" "$dir/ratio.svg"
ok "... it names a scheme" grep -q percpu_live "$dir/ratio.svg"
is "... one row per cell that was timed beside it" 53 "$(wc -l <"$dir/ratio.dat")"
is "... nothing is left over" "ratio.dat ratio.png ratio.svg" "$(cd "$dir" && echo ratio.*)"
exits "--figure without .svg" 64 "ends with .svg" "$refcost" compare --figure ratio.png "$a" "$a"
exits "--figure where nothing can be written" 1 "cannot write $dir/none/r.svg" "$refcost" compare --figure "$dir/none/r.svg" "$a" "$a"

# Only what makes runs unlike is held against them.
described other 's/"loadavg":"[^"]*"/"loadavg":"9.00 8.00 7.00"/; s/"refcost":"[^"]*"/"refcost":"0123456789ab"/; s/"host":"guest"/"host":"elsewhere"/'
compare "$a" "$dir/other"
is "other sources, load and host name: exits 0" 0 "$status"
described kernel 's/"release":"[^"]*"/"release":"6.12.0"/'
exits "another kernel" 1 "unlike environments: kernel.release \(6.1.0-56-amd64 \| 6.12.0\):.*--force" "$refcost" compare "$a" "$dir/kernel"
compare --force "$a" "$dir/kernel"
is "... with --force: exits 0" 0 "$status"
ok "... and says so" row 'Unlike environments, compared all the same: kernel.release'
# unlike NAME SED REGEX: what differs is named
unlike() {
	described "unlike-$1" "$2"
	exits "unlike: $1" 1 "unlike environments: .*$3" "$refcost" compare "$a" "$dir/unlike-$1"
}
unlike cpu 's/"model":"[^"]*"/"model":"Z80"/' 'cpu.model \(QEMU.* \| Z80\)'
unlike kind 's/"kind":"emulated"/"kind":"virtual"/' 'machine.kind \(emulated \| virtual\)'
unlike vcpus 's/"online":4/"online":8/' 'cpu.online \(4 \| 8\)'
unlike hz 's/"CONFIG_HZ":"250"/"CONFIG_HZ":"1000"/' 'kernel.config.CONFIG_HZ \(250 \| 1000\)'
unlike preempt 's/"preempt":"[^"]*"/"preempt":"none voluntary (full) "/' 'kernel.preempt'
unlike debug 's/"debug_options":"none"/"debug_options":"CONFIG_KASAN"/' 'kernel.debug_options \(none \| CONFIG_KASAN\)'
unlike rcu 's/"rcu_expedited":"0"/"rcu_expedited":"1"/' 'kernel.rcu_expedited \(0 \| 1\)'
unlike compiler 's/"built_with":"gcc/"built_with":"clang/' 'built_with'
unlike governor 's/"clocksource":/"governor":"powersave","clocksource":/' 'cpu.governor \(not recorded \| powersave\)'
unlike workers 's/"workers":3/"workers":2/' 'unload.plan.workers \(3 \| 2\)'
unlike hold '0,/"hold_ns":0/s//"hold_ns":1000/' 'run.plan.hold_ns \(0 \| 1000\)'
unlike cpus 's/"mitigations":{/"mitigations":{"new":"Vulnerable",/' 'cpu.mitigations.new \(not recorded \| Vulnerable\)'
unlike none '/"environment":/s/environment/elsewhere/' 'machine .*not recorded'

compare --only instructions "$a" "$dir/unlike-vcpus"
is "instructions do not mind how many vCPUs there are" 0 "$status"
described clang 's/clang version [0-9]*/clang version 99/'
compare --only instructions "$a" "$dir/clang"
is "... nor which clang made the tracer" 0 "$status"
exits "... but another gcc" 1 "unlike environments: built_with" "$refcost" compare --only instructions "$a" "$dir/unlike-compiler"
exits "... but times do" 1 "unlike environments: built_with" "$refcost" compare "$a" "$dir/clang"
exits "... but another kernel" 1 "unlike environments: kernel.release" "$refcost" compare --only instructions "$a" "$dir/kernel"

# One line each, and no table.
# bad WHAT REGEX NAME: comparing with $dir/NAME fails for this reason, whichever comes first
bad() {
	exits "$1" 1 "$2" "$refcost" compare "$a" "$dir/$3"
	is "... in one line" 1 "$(wc -l <<<"$stderr")"
	is "... and nothing else" "" "$stdout"
	exits "... as the first one, too" 1 "$2" "$refcost" compare "$dir/$3" "$a"
}
mkdir "$dir/empty"
bad "no run" "empty is not a results directory" empty
bad "no directory" "nowhere is not a results directory: .*No such file" nowhere
described newer 's/"schema":2/"schema":3/'
bad "a newer schema" "newer/run.json has schema 3, not 2: measure again, or use the refcost that wrote it" newer
described words 's/"schema":2/"schema":"2"/'
bad "a schema that is no number" "run.json does not say its schema" words
cp -r "$a" "$dir/torn"
head -c 900 "$a/run.json" >"$dir/torn/run.json"
bad "run.json cut short" "run.json is not JSON" torn
cp -r "$a" "$dir/cut"
head -c 20000 "$a/workers.csv" >"$dir/cut/workers.csv"
bad "workers.csv cut within a line" "workers.csv has [0-9] of 10 samples of .*: was it cut short or edited" cut
cp -r "$a" "$dir/lines"
head -n 400 "$a/workers.csv" >"$dir/lines/workers.csv"
bad "workers.csv cut at a line" "workers.csv has [0-9] of 10 samples of" lines
cp -r "$a" "$dir/gone"
rm "$dir/gone/workers.csv"
bad "workers.csv is gone" "workers.csv is gone: run.json has a part .run." gone
cp -r "$a" "$dir/blank"
: >"$dir/blank/workers.csv"
bad "workers.csv is empty" "cannot read $dir/blank/workers.csv" blank
cp -r "$a" "$dir/unloads"
head -n 200 "$a/unload.csv" >"$dir/unloads/unload.csv"
bad "unload.csv cut at a line" "unload.csv has [0-9]+ of 23 samples of" unloads
cp -r "$a" "$dir/counts"
head -n 20 "$a/instructions.csv" | grep -v '^0,rwsem' >"$dir/counts/instructions.csv"
bad "instructions.csv with a scheme taken out" "instructions.csv has 0 of 1 samples of rwsem" counts
cp -r "$a" "$dir/long"
sed -i '7s/$/,1/' "$dir/long/workers.csv"
bad "a row with a field too many" "workers.csv, line 7 is no row of this table" long
timed word 'NR == 5 { $at["batch_p5_ns"] = "fast" }'
bad "a word for a number" "workers.csv, line 5: batch_p5_ns is .fast., not a number" word
timed zero 'NR == 5 { $at["batch_p5_ns"] = 0 }'
bad "a time of 0" "workers.csv, line 5: batch_p5_ns is .0., under 1" zero
altered minus unload.csv 'NR == 5 { $at["success_ns"] = -3 }'
bad "a negative time" "unload.csv, line 5: success_ns is .-3., under 0" minus
timed infinite 'NR == 5 { $at["batch_p5_ns"] = "inf" }'
bad "an infinite time" "workers.csv, line 5: batch_p5_ns is .inf., not a number" infinite
described text 's/"schemes":\[/"schemes":"kref","others":[/'
bad "a plan of text where a list belongs" "run.json does not say what 'run' was" text
described null 's/"kref"/null/'
bad "a scheme that is null" "cut short or edited" null
timed others '{ $at["scheme"] = "x_" $at["scheme"] }'
partial "$dir/others" run
rm "$dir/others/unload.csv" "$dir/others/instructions.csv"
bad "no cell in common" "have no cell in common" others

# placed NAME FACTOR CPUS: a copy with a second placement on CPUS, in which all takes FACTOR times as long
placed() {
	cp -r "$a" "$dir/$1"
	workers "$dir/$1" '{ times('"$2"'); $at["placement"] = "packed" }'
	{ cat "$a/workers.csv" && tail -n +2 "$dir/$1/workers.csv"; } >"$dir/new"
	mv "$dir/new" "$dir/$1/workers.csv"
	described "$1" '0,/"blocks":/s//"placements":[{"name":"cores","cpus":[0,1,2,3]},{"name":"packed","cpus":['"$3"']}],"blocks":/'
}
placed two 1 0,2,1,3
placed slower 10 0,2,1,3
placed moved 1 2,0,1,3
ok "two placements are what the schema says" tests/schema.py "$dir/two"
compare "$dir/two" "$dir/slower"
is "one placement of two is more expensive: exits 3" 3 "$status"
is "... it has tables of its own" "getput getput, cores, own getput, packed, own lookup lookup, cores, own lookup, packed, own" \
	"$(sed -n 's/^\([gl][eo][to][^:]*\): .*/\1/p' <<<"$stdout" | LC_ALL=C sort | paste -sd' ')"
is "... no cell of the other differs" 0 "$(sed -n '/^getput, cores/,/^$/p' <<<"$stdout" | grep -c slower)"
is "... all of its own do" 42 "$(sed -n '/, packed, own/,/^$/p' <<<"$stdout" | grep -Ec 'slower +\*')"
compare --csv "$dir/two" "$dir/slower"
is "--csv: every row says which" "cores own packed own" "$(awk -F, '$1 == "ns_per_op" { print $20, $21 }' <<<"$stdout" | sort -u | paste -sd' ')"
compare "$a" "$dir/two"
is "against a run with one of them: exits 0" 0 "$status"
ok "... which is all they have in common" row 'In one run alone: 0 cells of A, 42 of B'
exits "a placement of other CPUs" 1 "unlike environments: packed .* 2, 0, 1, 3" "$refcost" compare "$dir/two" "$dir/moved"
cp -r "$a" "$dir/pair"
sed -i 's/,cores,own,/,cores,pair,/' "$dir/pair/workers.csv"
described pair '0,/"blocks":/s//"layouts":["pair"],"blocks":/'
exits "another layout" 1 "unlike environments: run.plan.layouts .not recorded | . \"pair\" .." "$refcost" compare "$a" "$dir/pair"
sed -i '$d' "$dir/two/workers.csv"
exits "a placement cut short" 1 "workers.csv has 9 of 10 samples of .*packed, own" "$refcost" compare "$dir/two" "$dir/slower"

# Counts: made up, four cycles an operation and half as many again in one of the two.
cp -r "$a" "$dir/counted"
counted "$dir/counted"
cp -r "$dir/counted" "$dir/hotter"
altered hotter counters.csv '$at["scheme"] == "kref" && $at["mode"] == "getput" && $at["event"] == "cycles" { $at["count"] *= 1.5 }'
tables() { sed -n '/difference$/,/^$/p' <<<"$stdout"; }
of_event() { awk -F, -v event="$1" '$22 == event' <<<"$stdout"; }
compare "$dir/counted" "$dir/hotter"
is "half as many cycles again: exits 0, for times are as they were" 0 "$status"
ok "... the table says so" row '^kref +1 +4\.00 +6\.00 +1\.500 +1\.500\.\.1\.500 +more$'
ok "... under a heading of its own" row '^getput: cycles per operation$'
ok "... what was multiplexed is marked" \
	row '^kref +2 +0\.00024 +0\.00024 +1\.000 +1\.000\.\.1\.000 +none detected +m$'
ok "... which is explained" row '^m multiplexed: '
ok "... counts are summed up" row '^Counters: 84 cells judged: 3 more, 0 fewer, 81 no difference detected\.$'
ok "... apart from times" row '^Times: 52 cells judged: 0 slower, 0 faster, 52 no difference detected\.$'
ok "... and none regressed" row '^Regressed \(slower or more, by over 5 %; counters apart\): 0\.$'
is "... the table is under 80 columns" "" "$(tables | awk 'length >= 80')"
compare --different "$dir/counted" "$dir/hotter"
is "... --different: only these" "kref kref kref" "$(tables | awk '/more|fewer|slower|faster|none/ { print $1 }' | xargs)"
compare --counters "$dir/counted" "$dir/hotter"
is "--counters: they count: exits 3" 3 "$status"
ok "... the rows say so" row '^kref +2 +4\.00 +6\.00 +1\.500 .* more +\*$'
ok "... three cells did" row '^Regressed .*: 3\.$'
is "... the table is under 80 columns" "" "$(tables | awk 'length >= 80')"
compare --counters --threshold 60 "$dir/counted" "$dir/hotter"
is "... within the threshold: exits 0" 0 "$status"
compare --counters "$dir/hotter" "$dir/counted"
is "... the other way round: exits 0" 0 "$status"
ok "... the row says fewer" row '^kref +1 +6\.00 +4\.00 +0\.667 .* fewer$'
compare --counters=cache-misses "$dir/counted" "$dir/hotter"
is "--counters=EVENT: the other one does not count: exits 0" 0 "$status"
is "... and has no table" 0 "$(grep -c ': cycles' <<<"$stdout")"
compare --counters=Cpu-Cycles,cycles "$dir/counted" "$dir/hotter"
is "--counters=EVENT twice the same: exits 64" 64 "$status"
compare --only counters "$dir/counted" "$dir/hotter"
is "--only counters: exits 3" 3 "$status"
is "... four tables" 4 "$(grep -c 'difference$' <<<"$stdout")"
compare --only times,instructions "$dir/counted" "$dir/hotter"
is "--only times,instructions: no word of counters" 0 "$(grep -c 'ounters' <<<"$stdout")"
compare -s rwsem --counters "$dir/counted" "$dir/hotter"
is "-s: counters of another scheme do not count" 0 "$status"

compare --csv --counters "$dir/counted" "$dir/hotter"
is "--csv: one row per count, under its event" "84 42" "$(awk -F, '$1 == "counter"' <<<"$stdout" | wc -l) $(of_event cycles | wc -l)"
is "--csv: ratio" 1.5 "$(of_event cycles | awk -F, '$2 == "kref" && $4 == "getput" { print $13; exit }')"
is "--csv: verdict, and that it regressed" "more,1" "$(of_event cycles | awk -F, '$2 == "kref" && $4 == "getput" { print $16 "," $17; exit }')"
is "--csv: CPUs" "1 2 4" "$(of_event cycles | cut -d, -f5 | sort -u | paste -sd' ')"
is "--csv: what was multiplexed" "cache-misses 1 cycles 0" "$(awk -F, '$1 == "counter" { print $22, $23 }' <<<"$stdout" | sort -u | paste -sd' ')"
is "--csv: every row is as long as the header" 1 "$(awk -F, '{ print NF }' <<<"$stdout" | sort -u | wc -l)"
compare --csv "$dir/counted" "$dir/hotter"
is "--csv: unasked it did not regress" "more,0" "$(of_event cycles | awk -F, '$2 == "kref" && $4 == "getput" { print $16 "," $17; exit }')"

cp -r "$dir/hotter" "$dir/never"
altered never counters.csv '$at["event"] == "cache-misses" && $at["share"] > 0 { $at["count"] = 0 }'
compare --counters=cache-misses "$dir/never" "$dir/never"
is "nothing in both: exits 0" 0 "$status"
ok "... and no difference" row '^kref +1 +0 +0 +1\.000 +1\.000\.\.1\.000 +none detected m$'
compare --counters=cache-misses "$dir/never" "$dir/counted"
is "something where there was nothing: exits 3" 3 "$status"
ok "... is more than any ratio" row '^kref +1 +0 +0\.00024 +inf +inf\.\.inf +more +\*m$'
is "... the table is under 80 columns" "" "$(tables | awk 'length >= 80')"

cp -r "$dir/counted" "$dir/other-events"
sed -i 's/cache-misses/LLC-loads/' "$dir/other-events/counters.csv" "$dir/other-events/run.json"
ok "other events are what the schema says" tests/schema.py "$dir/other-events"
compare "$dir/counted" "$dir/other-events"
is "an event in one run alone: exits 0" 0 "$status"
is "... a line names it, and why" "Counted in one run alone: cache-misses (B: not asked for); LLC-loads (A: not asked for)." \
	"$(grep 'in one run alone' <<<"$stdout")"
is "... no table has it" 0 "$(grep -Ec '^[a-z]+: (LLC-loads|cache-misses)' <<<"$stdout")"
exits "... asked for by name it is an error" 1 "$dir/other-events has no count of cache-misses: not asked for" \
	"$refcost" compare --counters=cycles,cache-misses "$dir/counted" "$dir/other-events"
exits "... so is one that was refused" 1 "$dir/counted has no count of branches: somebody else has the PMU \(EBUSY\)" \
	"$refcost" compare --counters=branches "$dir/counted" "$dir/hotter"
compare "$a" "$dir/counted"
is "counters in one run alone: exits 0" 0 "$status"
is "... a line names them" "Counted in one run alone: cycles (A: not asked for); cache-misses (A: not asked for)." \
	"$(grep 'in one run alone' <<<"$stdout")"
for how in --counters "--only counters"; do
	# shellcheck disable=SC2086 # two words
	exits "$how of a run without them is an error, for git bisect to skip" 1 "no counts of the same event: .*--counters" \
		"$refcost" compare $how "$a" "$dir/counted"
done
exits "--counters of what is no event" 64 "no event 'cycels'; near it: cycles" "$refcost" compare --counters=cycels "$a" "$a"
exits "--counters of nothing" 64 "malformed or empty" "$refcost" compare --counters= "$a" "$a"
exits "--counters that --only leaves out" 64 "--counters: --only leaves them out" "$refcost" compare --only times --counters "$a" "$a"
exits "counters are no instructions: they depend on the machine" 1 "unlike environments: cpu.online" bash -c '
	cp -r "$2" "$2-vcpus" && sed -i "s/\"online\":4/\"online\":8/" "$2-vcpus/run.json" && "$1" compare --only counters,instructions "$2" "$2-vcpus"' \
	- "$refcost" "$dir/counted"

compare --figure "$dir/counts.svg" "$dir/counted" "$dir/hotter"
is "--figure with counters: exits 0" 0 "$status"
ok "... it can be drawn" rsvg-convert -o "$dir/counts.png" "$dir/counts.svg"
ok "... with a panel for each event and mode" grep -q '>cycles, get and put<' "$dir/counts.svg"
is "... one row per cell that has an interval" $((53 + 84)) "$(wc -l <"$dir/counts.dat")"
ok "... and says that more is more expensive" grep -q 'slower, or more in B' "$dir/counts.svg"
ok "... which it does not without counters" bash -c '! grep -q "or more" "$1"' - "$dir/ratio.svg"

exits "no directory given" 64 "give two results directories" "$refcost" compare
exits "one directory given" 64 "give two results directories" "$refcost" compare "$a"
exits "three directories given" 64 "takes two results directories" "$refcost" compare "$a" "$a" "$a"
for value in '' -1 x 5% 1e3 nan inf 1.2.3; do
	exits "--threshold '$value'" 64 "threshold '$value': give per cent|unrecognized|invalid" "$refcost" compare --threshold "$value" "$a" "$a"
done
for value in '' -1 x 99999999999; do
	exits "--seed '$value'" 64 "seed" "$refcost" compare --seed "$value" "$a" "$a"
done

tap_done
