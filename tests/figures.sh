#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Stored sample data from a real run: the report reads it, and every script draws a figure from it. Then
# the same data with parts taken away, as older directories lack them, and with starved unloads.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/tap.sh
. tests/run-json.sh
. tests/counted.sh

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sample=tests/data/run

# with COLUMN=VALUE.. <IN >OUT: set columns of a CSV file without quotes, new ones at the end
with() {
	awk -F, -v OFS=, -v sets="$*" '
		BEGIN { n = split(sets, set, " "); for (i = 1; i <= n; i++) split(set[i], part, "="); }
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i
			for (i = 1; i <= n; i++) { split(set[i], part, "=")
				if (!(part[1] in at)) { at[part[1]] = NF + 1; $(NF + 1) = part[1] } }
			print; next }
		{ for (i = 1; i <= n; i++) { split(set[i], part, "="); $(at[part[1]]) = part[2] } print }'
}

# without COLUMN.. <IN >OUT: leave columns of a CSV file without quotes out
without() {
	awk -F, -v names="$*" '
		NR == 1 { n = split(names, name, " "); for (i = 1; i <= n; i++) gone[name[i]] = 1
			for (i = 1; i <= NF; i++) if ($i in gone) skip[i] = 1 }
		{ line = ""; sep = ""
			for (i = 1; i <= NF; i++) if (!(i in skip)) { line = line sep $i; sep = "," }
			print line }'
}

# rows COLUMN VALUE <IN >OUT: the rows of a CSV file without quotes that have this value, no header
rows() {
	awk -F, -v name="$1" -v value="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) col = i; next }
		$col == value'
}

# figures NAME: the figures of a directory under $dir, as words
figures() {
	local svg

	for svg in "$dir/$1"/svg/*.svg; do basename "$svg" .svg; done | tr '\n' ' ' | sed 's/ $//'
}

# times NAME: scheme, arm and time of every unload in its figure
times() {
	awk 'NR > 1 { print $1, $(NF - 2), $NF }' "$dir/$1/report/unload.dat" | sort
}

# costs NAME: scheme, CPUs and cost of every point in its figure
costs() {
	awk 'NR > 1 { print $1, $(NF - 4), $(NF - 3) }' "$dir/$1/report/scaling.dat" | sort
}

# counts NAME EVENT: scheme and the medians of a get and put at the least and the most CPUs, as drawn
counts() {
	sed 's/"[^"]*"/-/g' "$dir/$1/report/counters.dat" |
		awk -v event="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
			$at["event"] == event { print $at["scheme"], $at["count_1"], $at["count_n"] }'
}

# reported NAME: $dir/NAME is reported on and drawn
reported() {
	ok "$1: the report reads it" build/bin/refcost report "$dir/$1" -o "$dir/$1/report"
	ok "$1: plots/render.sh draws it" plots/render.sh "$dir/$1/report" "$dir/$1/svg"
}

# shows NAME: every figure that the RESULTS.md of $dir/NAME shows is there
shows() {
	local svg

	for svg in $(sed -n "s/^!\\[.*\\](figures\\/\\(.*\\))$/\\1/p" "$dir/$1"/report/RESULTS{,-tables}.md); do
		ok "$1: RESULTS.md shows $svg, which is there" test -s "$dir/$1/svg/$svg"
	done
}

says() { ok "$1: the tables say $2" grep -q -- "$2" "$dir/$1/report/RESULTS-tables.md"; }
says_not() { ok "$1: the tables have no $2" bash -c "! grep -q -- '$2' '$dir/$1/report/RESULTS-tables.md'"; }

# The sample with whatever an older refcost did not write taken away.
make_bare() {
	cp -r "$sample" "$dir/bare"
	rm -f "$dir"/bare/{schemes,loading,instructions,traced}.csv
	partial "$dir/bare" run unload
	without refused bystanders bystander_ops bystander_failed bystander_calm_ns bystander_unload_ns \
		tried_ns <"$sample/unload.csv" >"$dir/bare.csv"
	{ head -n 1 "$dir/bare.csv"; rows hold_ns 0 <"$dir/bare.csv"; } >"$dir/bare/unload.csv"
	if head -n 1 "$sample/phases.csv" | grep -q hold_ns; then
		{ head -n 1 "$sample/phases.csv"; rows hold_ns 0 <"$sample/phases.csv"; } >"$dir/bare/phases.csv"
	fi
}

# hold_for NS <WORKERS: rows of some schemes as they would be if every user stayed for so long, no header
hold_for() {
	awk -F, -v OFS=, -v ns="$1" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["mode"] == "getput" && $at["scheme"] ~ /^(empty|kref|try_module_get|rwsem)$/ {
			$at["hold_ns"] = ns; $at["batch_p5_ns"] += ns * $at["batch"]
			$at["end_ns"] = sprintf("%.0f", $at["end_ns"] + ns * $at["ops"]); print }'
}

# On top of that, all there can be: a bystander, sweeps of holds, starved unloads (of the longer hold
# half of those of kref and all of try_module_get), loads with users waiting. Made up, for the reader's sake alone.
make_swept() {
	local hold bystander=(refused=7 bystanders=1 bystander_ops=1000 bystander_failed=3 bystander_calm_ns=2000000
		bystander_unload_ns=9000000 tried_ns=0)

	cp -r "$dir/bare" "$dir/swept"
	rm -rf "$dir/swept/report" "$dir/swept/svg"
	cp "$sample"/{schemes,instructions}.csv "$dir/swept"
	with "${bystander[@]}" <"$dir/bare/unload.csv" >"$dir/first.csv"
	{ head -n 1 "$dir/first.csv"; rows arm loaded <"$dir/first.csv"; } | with hold_ns=100000 >"$dir/held.csv"
	with gone=0 success_ns=0 attempts=1000 tried_ns=2000000000 <"$dir/held.csv" >"$dir/starved.csv"
	{
		cat "$dir/first.csv"
		rows scheme percpu_live <"$dir/held.csv"
		rows scheme try_module_get <"$dir/starved.csv"
		rows scheme kref <"$dir/held.csv" | awk 'NR <= 12'
		rows scheme kref <"$dir/starved.csv" | awk 'NR > 12'
	} >"$dir/swept/unload.csv"
	with hold_ns=0 <"$dir/bare/phases.csv" >"$dir/phases.csv"
	{
		cat "$dir/phases.csv"
		with hold_ns=100000 ns=3600000000000 <"$dir/phases.csv" | tail -n +2
	} >"$dir/swept/phases.csv"
	for hold in 1000 20000; do hold_for $hold <"$dir/bare/workers.csv"; done >>"$dir/swept/workers.csv"
	cat >"$dir/swept/loading.csv" <<-EOF
	cycle,scheme,phases,workers,window_ns,refused,load_ns,ops,violations
	0,percpu_live,one,3,5000,2,7000000,100,0
	0,percpu_live,two,3,0,0,7000000,100,0
	EOF
}

cp -r "$sample" "$dir/sample"
reported sample
build/bin/refcost report "$sample" -o "$dir/again" >/dev/null
plots/render.sh "$dir/again" "$dir/again/svg" >/dev/null
for dat in "$dir"/sample/report/*.dat; do
	name=$(basename "$dat" .dat)
	svg=$dir/sample/svg/$name.svg
	ok "$name.svg is there" test -s "$svg"
	ok "$name.svg is well-formed and can be drawn" rsvg-convert -o "$dir/$name.png" "$svg"
	ok "$name.svg has a white background" grep -qi 'fill *[:=] *"\?\(white\|#ffffff\|rgb(255, *255, *255)\)' "$svg"
	case $name in
	modules | waterfall) ok "$name.svg names a module" grep -q 'refcost_victim_notrace' "$svg" ;;
	parallel) ok "$name.svg names a phase" grep -q 'wait for module_mutex' "$svg" ;;
	*) ok "$name.svg names a scheme" grep -q 'try_module_get' "$svg" ;;
	esac
	ok "$name.svg comes out the same again" cmp "$svg" "$dir/again/svg/$name.svg"
	ok "$name.dat comes out the same again" cmp "$dat" "$dir/again/$name.dat"
done
ok "RESULTS.md comes out the same again" cmp "$dir/sample/report/RESULTS.md" "$dir/again/RESULTS.md"
ok "RESULTS-tables.md comes out the same again" cmp "$dir/sample/report/RESULTS-tables.md" "$dir/again/RESULTS-tables.md"
for section in 'All schemes' 'Is the slowdown in the noise?' Scaling 'Per-CPU variants' Instructions Unloading \
	'Unload under load' 'Where an unload' Validity Environment Method Limits; do
	ok "RESULTS-tables.md has a section $section" grep -q "^## $section" "$dir/sample/report/RESULTS-tables.md"
done
ok "RESULTS.md says in its first lines that it is emulated" \
	bash -c "head -6 '$dir/sample/report/RESULTS-tables.md' | grep -q 'emulated machine'"
ok "a family has its line in the tables" grep -q '^| \*per-CPU counts\* |' "$dir/sample/report/RESULTS-tables.md"

# Of ten values the interval of the median goes from the second to the ninth.
precise=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
	$at["cpus"] == 1 { print $at["scheme"] "," $at["mode"] "," $at["batch_p5_ns"] / $at["batch"] }' "$dir/sample/workers.csv" | sort -t, -k1,2 -k3,3g |
	awk -F, '{ cell = $1 "," $2; v[cell, ++n[cell]] = $3 } END { for (c in n) { cells++
		precise += v[c, 9] - v[c, 2] <= 0.05 * (v[c, 5] + v[c, 6]) }; print precise " of " cells }')
ok "RESULTS.md counts the precise cells: $precise" grep -q "^- precision: .* in $precise one-CPU cells" "$dir/sample/report/RESULTS-tables.md"

shows sample

# The same from a guest with twice as many CPUs as its host: shown, marked, and in no comparison.
cp -r "$sample" "$dir/crowded"
sed -i 's/"host_cpus":4/"host_cpus":2/' "$dir/crowded/run.json"
says sample '^What the unload gained in exchange:$'
reported crowded
says crowded '^| 4 (oversubscribed) | .* | - | - | - |$'
says crowded '^What the unload gained in exchange is not told from this run: 4 virtual CPUs shared 2,'
says crowded '^The unloads are \*\*oversubscribed\*\*'
says crowded '^\*\*Oversubscribed:\*\* 4 virtual CPUs shared 2\.$'
says_not crowded '1 to 4 CPUs'
says_not crowded '| 4 CPUs: median (interval) |'
shows crowded
is "crowded: no figure has the time of its unloads against its gets" "cost phases scaling stall throughput tradeoff unload" \
	"$(figures crowded | tr ' ' '\n' | grep -vxE 'waterfall|parallel|modules|hold|attempts|counters' | xargs)"
is "crowded: variants are shown at 2 CPUs" 2 "$(awk 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = NF - i; next }
	{ print $(NF - at["cpus_n"]) }' "$dir/crowded/report/cost.dat" | sort -u)"

# As two CPUs allow: one user, nobody beside.
cp -r "$sample" "$dir/two"
sed -i '/^  "unload":/,/^  }/ s/"workers":3/"workers":1/' "$dir/two/run.json"
awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR > 1 && $at["workers"] { $at["workers"] = 1 } { print }' \
	"$sample/unload.csv" >"$dir/two/unload.csv"
ok "two: the report reads it" build/bin/refcost report "$dir/two" -o "$dir/two/report"
says two 'With two CPUs one unloads and the other has the one user'
says_not sample 'With two CPUs'

make_bare
reported bare
is "bare: these figures are drawn" "phases scaling stall throughput tradeoff unload" "$(figures bare)"
shows bare
says bare '^| \*schemes\* |'
says_not bare '^## Instructions'
says_not bare '^## Two-phase'
says_not bare '(figures/attempts.svg)'
says_not bare '^## When the choice'

make_swept
reported swept
is "swept: these figures are drawn" "attempts cost hold phases scaling stall starvation throughput tradeoff unload" "$(figures swept)"
ok "swept: the attempts figure says who starved" grep -q 'try_module_get  starved' "$dir/swept/svg/attempts.svg"
ok "swept: half starved still has a median" grep -q 'kref  [0-9.]* ms' "$dir/swept/svg/attempts.svg"
ok "swept: the figure of holds has a panel a number of CPUs" grep -q '2 CPUs' "$dir/swept/svg/hold.svg"
ok "swept: ... and names who is how far from the cheapest" grep -q 'rwsem  1.00×' "$dir/swept/svg/hold.svg"
says swept '^| 1 | 1 us | `kref` .* `rwsem` .* no |$'
says swept '^| 1 | 20 us | `kref` .* `rwsem` .* yes |$'
says swept 'On 1 CPU all 3 schemes measured are within 5 % from a hold of 20 us on'
cp -r "$dir/swept" "$dir/lone"
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR == 1 || !($at["hold_ns"] > 0) || $at["scheme"] ~ /^(empty|kref)$/' \
	"$dir/swept/workers.csv" >"$dir/lone/workers.csv"
rm -r "$dir"/lone/{report,svg}
reported lone
is "lone: one scheme with holds is no choice, and no figure" "" "$(ls "$dir/lone/svg/hold.svg" 2>/dev/null)"
says_not lone '^## When the choice'
is "swept: the fast path's figures are of the least hold" "$(costs bare)" "$(costs swept)"
shows swept
says swept 'starved 23/23'
says swept 'starved 11/23'
says swept '34 did, in 2 cells'
says swept '^## Two-phase initialisation'
says swept 'One phase: 1 of 1 loads refused somebody, 2 gets in all. Two phases: 0 of 1'
says swept 'bystanders .* got no reference: .*`kref` 69'
is "swept: unloads in the figure are those of the least hold" "$(times bare)" "$(times swept)"
is "swept: so are its phases" "$(sort "$dir/bare/report/phases.dat")" "$(sort "$dir/swept/report/phases.dat")"

cp -r "$sample" "$dir/counted"
counted "$dir/counted"
ok "counted: is what the schema says" tests/schema.py "$dir/counted"
reported counted
says counted '^| scheme | 1 CPU: cycles | 1 CPU: cache-misses | 4 CPUs: cycles | 4 CPUs: cache-misses |$'
says counted '^| `kref` | 4.00 (4.00..4.00) | 0.00024 (0.00024..0.00024) | 4.00 .*| 0.00024'
says counted '^\*\*Multiplexed:\*\* .* 50 % at the least'
says counted 'In [1-9][0-9]* windows .* no counter at all'
says counted '^`branches` is not available: somebody else has the PMU (EBUSY)\.$'
is "counted: its table is printed" "4.00 (4.00..4.00)" "$(build/bin/refcost report "$dir/counted" -o "$dir/counted/report" |
	sed -n 's/^kref  *getput  *4  cycles  *[0-9]*  \([^ ]* [^ ]*\).*/\1/p')"
shows counted
ok "counted: the figure has a panel for each event that was" grep -q '>cache-misses<' "$dir/counted/svg/counters.svg"
ok "... and names who had no counter all the time" grep -q 'Ring: multiplexed' "$dir/counted/svg/counters.svg"
ok "... and why another event is not there" grep -q 'Not available: branches: somebody else has the PMU (EBUSY)\.' \
	"$dir/counted/svg/counters.svg"
ok "... which has no panel" bash -c '! grep -q ">branches<" "$1"' - "$dir/counted/svg/counters.svg"
is "... a ring a multiplexed count, on one CPU and on all" $((2 * $(counts counted cache-misses | wc -l))) \
	"$(grep -c "xlink:href='#gpPt5' transform" "$dir/counted/svg/counters.svg")"
is "... schemes stand in the order of the table" "$(sed -n '/^## Hardware counters/,/^## Unl/s/^| `\([a-z_0-9]*\)` |.*/\1/p' \
	"$dir/counted/report/RESULTS-tables.md")" "$(counts counted cycles | cut -d' ' -f1)"
is "... with its medians" "4 4" "$(counts counted cycles | cut -d' ' -f2,3 | sort -u)"

# counted_as NAME AWK: a directory like it whose counts went through AWK, reported and drawn
counted_as() {
	mkdir "$dir/$1"
	cp "$dir"/counted/*.csv "$dir/counted/run.json" "$dir/$1"
	awk -F, -v OFS=, 'NR == 1 { print; next } '"$2"' { print }' "$dir/counted/counters.csv" >"$dir/$1/counters.csv"
	reported "$1"
}
counted_as rare '$8 == "cache-misses" && $4 < 4 { $9 = 0 }'
ok "an event that does not happen stands at 0, beside a log axis" grep -q 'per get+put (log scale, but for 0)' "$dir/rare/svg/counters.svg"
is "... on one CPU every scheme does" 0 "$(counts rare cache-misses | cut -d' ' -f2 | sort -u)"
counted_as zero '$8 == "cache-misses" { $9 = 0 }'
ok "an event that never happens has an axis with 0 alone" grep -q '>per get+put<' "$dir/zero/svg/counters.svg"
is "... and every scheme stands there" "0 0" "$(counts zero cache-misses | cut -d' ' -f2,3 | sort -u)"
counted_as starving '$8 == "cache-misses" { $9 = ""; $11 = 0 }'
ok "an event that never got a counter has no panel" bash -c '! grep -q ">cache-misses<" "$1"' - "$dir/starving/svg/counters.svg"
ok "... but a reason" grep -q 'Not available: cache-misses: it never got a counter; branches: somebody' "$dir/starving/svg/counters.svg"
says starving '`cache-misses` is not available: it never got a counter; `branches` is not available'
rm -r "$dir/counted/svg" "$dir/counted/counters.csv"
sed -i 's/"counted"/"no PMU (ENOENT)"/; s/"counted"/"no PMU (ENOENT)"/; s/somebody else has the PMU (EBUSY)/no PMU (ENOENT)/' "$dir/counted/run.json"
reported counted
is "counted: without a PMU it says so in a line" "Not available: no PMU (ENOENT)." \
	"$(sed -n '/^## Hardware counters/,/^## Unl/p' "$dir/counted/report/RESULTS-tables.md" | sed '1d;$d;/^$/d')"
ok "... and draws no figure" test ! -e "$dir/counted/svg/counters.svg" -a ! -e "$dir/counted/report/counters.dat"
says_not counted 'figures/counters.svg'
says_not sample '^## Hardware counters'
ok "nobody asked: no figure" test ! -e "$dir/sample/report/counters.dat"

# Nothing but starved unloads under load: no time to success, so no point in the two figures of both.
cp -r "$dir/bare" "$dir/starved"
rm -r "$dir/starved/report" "$dir/starved/svg"
{
	head -n 1 "$dir/bare/unload.csv"
	rows arm loaded <"$dir/bare/unload.csv"
} | with gone=0 success_ns=0 tried_ns=5000000000 >"$dir/starved/unload.csv"
reported starved
is "starved: these figures are drawn" "phases scaling stall throughput" "$(figures starved)"
shows starved
says_not starved 'Pareto'

# Eleven of 23: the figure's median counts them, as the table's does.
cp -r "$dir/bare" "$dir/some"
rm -r "$dir/some/report" "$dir/some/svg"
with tried_ns=0 <"$dir/bare/unload.csv" | awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print; next }
	$at["scheme"] == "try_module_get" && $at["arm"] == "loaded" && $at["cycle"] < 11 {
		$at["gone"] = $at["success_ns"] = 0; $at["attempts"] = 1000; $at["tried_ns"] = 5000000000 }
	{ print }' >"$dir/some/unload.csv"
reported some
says some 'starved 11/23'
median=$(sed -n 's/^| `try_module_get` .* | \([0-9.]*\) | starved 11\/23 |$/\1/p' "$dir/some/report/RESULTS-tables.md")
is "some: the median of the unload figure is the table's" "$median" "$(sed 's/"[^"]*"/-/g' "$dir/some/report/unload.dat" | awk '
	NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
	$at["scheme"] == "try_module_get" && $at["arm"] == "loaded" { printf "%.3g", $at["median_ms"]; exit }')"
ok "some: ... and is drawn" grep -q ">$median<" "$dir/some/svg/unload.svg"

cp "$dir/sample/report/label.txt" "$dir/label.txt"
head -n 1 "$dir/sample/report/scaling.dat" >"$dir/scaling.dat"
run_cmd plots/render.sh "$dir" "$dir/none"
ok "a figure without data is an error" test "$status" != 0
ok "... and leaves no file" test ! -e "$dir/none/scaling.svg"

tap_done
