#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# RESULTS.md and RESULTS-tables.md of directories that lack a part or a scheme: it says what is there, and nothing of what is not.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/run-json.sh
. tests/workers.sh

refcost=build/bin/refcost
sample=tests/data/run
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# reported NAME: $dir/NAME is
reported() { ok "$1: reported" "$refcost" report "$dir/$1"; }
says() { ok "$1: says '$2'" grep -qF -- "$2" "$dir/$1"/report/RESULTS{,-tables}.md; }
says_not() { is "$1: does not say '$2'" "" "$(grep -hF -- "$2" "$dir/$1"/report/RESULTS{,-tables}.md || true)"; }

# kept NAME SCHEME..: the sample, of these schemes alone, unfinished
kept() {
	local name=$1 file
	cp -r "$sample" "$dir/$name"
	shift
	partial "$dir/$name" run unload instructions
	for file in workers unload phases instructions; do
		awk -F, -v names="$*" 'BEGIN { n = split(names, name, " "); for (i = 1; i <= n; i++) keep[name[i]] = 1 }
			NR == 1 { for (i = 1; i <= NF; i++) if ($i == "scheme") at = i; print; next }
			$at in keep' "$sample/$file.csv" >"$dir/$name/$file.csv"
	done
	rm -f "$dir/$name"/traced.csv
}

# edit NAME PYTHON: change run.json, whose document is d
edit() {
	python3 -c 'import json, sys
path = sys.argv[1] + "/run.json"
d = json.load(open(path))
exec(sys.argv[2])
json.dump(d, open(path, "w"))' "$dir/$1" "$2"
}

loads_alone() {
	mkdir "$dir/loads"
	cp "$sample"/{run.json,schemes.csv} "$dir/loads"
	edit loads 'for part in "run", "unload", "instructions": d.pop(part, None)
d["loading"] = {"status": "complete", "command": "refcost init -s percpu_live -n 1 -o DIR", "starved": 0,
	"refused_in_two_phases": 0, "plan": {"schemes": ["percpu_live"], "phases": ["one", "two"], "workers": 3, "cycles": 1, "seed": 1}}'
	cat >"$dir/loads/loading.csv" <<-EOF2
	cycle,scheme,phases,workers,window_ns,refused,load_ns,ops,violations
	0,percpu_live,one,3,5000,2,7000000,100,0
	0,percpu_live,two,3,0,0,7000000,100,0
	EOF2
	run_cmd "$refcost" report "$dir/loads"
	is "loads alone: reported" 0 "$status"
	ok "... as a table" grep -Eq '^percpu_live +one +1 +5[.]0 ' <<<"$stdout"
	says loads "## Two-phase initialisation"
	says loads "refcost init -s percpu_live -n 1 -o DIR"
	is "loads alone: no number that is none" "" "$(grep -hw nan "$dir"/loads/report/RESULTS{,-tables}.md || true)"
	says_not loads "Each of"
	ok "loads alone: a page" "$refcost" report --html "$dir/loads" -o "$dir/loads.html"
}

# Two schemes with known costs, one of them lost in noise: bytes and counts from the first cycle, times from the others.
objects_alone() {
	local cycle
	mkdir "$dir/objects"
	cp "$sample"/{run.json,schemes.csv} "$dir/objects"
	edit objects 'for part in "run", "unload", "instructions": d.pop(part, None)
d["objects"] = {"status": "complete", "command": "refcost objects -s kref,srcu_object -o DIR", "possible_cpus": 4,
	"plan": {"schemes": ["kref", "srcu_object"], "objects": [1, 101], "cycles": 7, "seed": 1}}'
	{
		echo cycle,scheme,nr_objects,create_ns,gate_ns,destroy_ns,delete_ns,success_ns,slab_bytes,percpu_bytes,waits,callbacks
		echo 0,kref,1,,,,,,536,0,2,5
		echo 0,kref,101,,,,,,528,0,2,4
		echo 0,srcu_object,1,,,,,,1000,1500,3,4
		echo 0,srcu_object,101,,,,,,51200,151500,103,5
		for cycle in 1 2 3 4 5 6; do
			echo "$cycle,kref,1,1000,20000,500,7000000,7500000,,,,"
			echo "$cycle,kref,101,3000,$((19900 + cycle * 40)),10500,7000000,8000000,,,,"
			echo "$cycle,srcu_object,1,2000,10000,600,7000000,7500000,,,,"
			echo "$cycle,srcu_object,101,102000,2010000,90600,7000000,9500000,,,,"
		done
	} >"$dir/objects/objects.csv"
	run_cmd "$refcost" report "$dir/objects"
	is "objects alone: reported" 0 "$status"
	ok "... as a table" grep -Eq '^srcu_object +101 +7 +51200 +151500 +103 +5 ' <<<"$stdout"
	says objects "## Per object"
	says objects "refcost objects -s kref,srcu_object -o DIR"
	says objects '| `srcu_object` | 502 | 1500 | 6502 | 1000 | 20000 | 900 | 3 | 1 | 0 | 7.50 | 9.50 |'
	says objects '| `kref` | 0 | 0 | 0 | 20.0 | - | 100 | 2 | 0 | 0 | 7.50 | 8.00 |'
	ok "objects alone: a page" "$refcost" report --html "$dir/objects" -o "$dir/objects.html"
	sed -i '/^3,kref,101/d' "$dir/objects/objects.csv"
	exits "... a row that is gone is missed" 1 "objects.csv has 6 of 7 samples of" "$refcost" report "$dir/objects"
}

counts_alone() {
	cp -r "$sample" "$dir/counts"
	partial "$dir/counts" instructions
	rm -f "$dir"/counts/{workers,unload,phases,traced}.csv
	reported counts
	says counts "## Instructions"
}

without_empty() {
	kept no-empty percpu_live try_module_get kref
	reported no-empty
	says_not no-empty "were not counted"
	says no-empty "In instructions, with those of the loop"
	says no-empty '`empty`, which is the harness alone, was not counted'
	says_not no-empty 'taken out of the second'
	kept one-of-two percpu_live try_module_get empty
	sed -i '/,try_module_get,/d' "$dir/one-of-two/instructions.csv"
	reported one-of-two
	says one-of-two "Instructions of both were not counted in this run"
	rm "$dir/one-of-two/instructions.csv"
	partial "$dir/one-of-two" run unload
	reported one-of-two
	says one-of-two "Instructions were not counted in this run"
	kept idle-alone percpu_live try_module_get empty
	sed -i '/,loaded,/d' "$dir"/idle-alone/{unload,phases}.csv
	reported idle-alone
	says idle-alone "time to success, idle, median ms"
	says_not idle-alone "in exchange was not measured"
	says idle-alone "Under load, this run did not measure both"
}

reproduce() {
	kept how percpu_live try_module_get
	edit how 'd["bench"] = "./bench.sh --guest --quick -s percpu_live,try_module_get --cpus 2"'
	reported how
	says how "./bench.sh --guest --quick -s percpu_live,try_module_get --cpus 2"
	edit how 'd.pop("bench")
d["run"]["command"] = "refcost run -s percpu_live,try_module_get -b 3 -o DIR"'
	reported how
	says how "refcost run -s percpu_live,try_module_get -b 3 -o DIR"
	edit how 'd["run"].pop("command")'
	reported how
	says how "which were not recorded"
}

marks() { grep '`kref`' "$dir/drifts/report/RESULTS-tables.md" | grep -o '[*]drift[*]' | wc -l; }

# An interval is not called exact where the run drifted.
drifted() {
	kept drifts kref empty
	reported drifts
	local before
	before=$(marks)
	workers "$dir/drifts" '$at["scheme"] == "kref" && $at["block"] >= 5 { times(2) }'
	reported drifts
	ok "kref drifts: marked" test "$(marks)" -gt "$before"
	says drifts "which is exact for samples that do not depend on each other"
	says_not drifts "exact interval"
}

# What is in the mean of all batches and not in the figure is said, with the cell in which it is most.
slow_batches() {
	kept batches kref empty
	workers "$dir/batches" '$at["cpus"] == 1 {
		$at["batch_p5_ns"] /= $at["scheme"] == "kref" && $at["mode"] == "lookup" ? 21 : 1.05 }'
	reported batches
	says batches "the 5th percentile of what its batches took; their mean, gaps taken out, is 5.0 % above that in half of the cells, 2000 % in \`kref\` lookup."
	says batches "on one CPU a low percentile of the window's batches"
	ok "... as the schema has it" tests/schema.py "$dir/batches"
}

# Fast and efficient cores in one curve are marked where workers were on both.
hybrid() {
	kept mixed kref empty
	reported mixed
	says_not mixed "*mixed*"
	edit mixed 'd["run"]["kinds"] = {"cores 4": 2}
d["environment"]["cpu"]["kinds"] = ["4-7", "0-3"]'
	run_cmd "$refcost" report "$dir/mixed"
	is "hybrid CPUs: the table marks 4 CPUs alone" "4" \
		"$(awk '$1 == "kref" && /mixed/ { print $3 }' <<<"$stdout" | sort -u)"
	says mixed "*mixed*"
	says mixed "**hybrid CPUs**"
	ok "... as the schema has it" tests/schema.py "$dir/mixed"
}

overruled() {
	cp -r "$sample" "$dir/normal"
	edit normal 'd["environment"]["kernel"]["rcu_normal"] = "1"'
	reported normal
	says normal '`rcu_normal` was 1, which overrules `rcu_expedited`'
	cp -r "$sample" "$dir/plain"
	reported plain
	says_not plain 'was 1, which overrules'
	says plain 'There was no bystander'
}

parts loads_alone objects_alone counts_alone without_empty reproduce drifted slow_batches hybrid overruled
tap_done
