#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# docs/results-schema.json against the stored run, and whether it finds what is wrong with one.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/tap.sh

sample=tests/data/run
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# wrong WHAT FILE SED REGEX: with FILE changed there is a problem
wrong() {
	rm -rf "$dir/run"
	cp -r "$sample" "$dir/run"
	sed -i "$3" "$dir/run/$2"
	run_cmd tests/schema.py "$dir/run"
	is "$1: exits 1" 1 "$status"
	ok "... $4" grep -Eq "$2: .*$4" <<<"$stdout"
}

ok "the schema is one, and everything in it is described" tests/schema.py
ok "the stored run is what it says" tests/schema.py "$sample"

wrong "another schema" run.json 's/"schema":2/"schema":1/' 'schema: 2 was expected'
wrong "no environment" run.json 's/"environment"/"surroundings"/' "'environment' is a required property"
wrong "an unknown status" run.json 's/"complete"/"nearly"/' "run.status: 'nearly' is not one of"
wrong "a number as text" run.json 's/"online":4/"online":"4"/' "environment.cpu.online: '4' is not of type 'integer'"
wrong "an undescribed member" run.json 's/"steal_ticks"/"stolen"/' "environment.machine: Additional properties .*stolen"
wrong "an undescribed column" workers.csv '1s/$/,more/; 2,$s/$/,0/' "columns .*more.* are not"
wrong "columns in another order" instructions.csv '1s/block,scheme/scheme,block/' "columns .* are not"
wrong "a word for a number" workers.csv '2s/,own,0,/,own,all,/' "line 2: .*'all' is not one of"
wrong "a time of 0" instructions.csv '2s/[0-9.]*$/0/' "line 2: instructions: 0 is less than or equal to the minimum"
wrong "no such mode" workers.csv '2s/getput/putget/' "line 2: mode: 'putget' is not one of"
wrong "a cell twice" workers.csv 3p "line 4: it is of the same cell as line 3"
run_cmd tests/schema.py "$dir"
is "no run: exits 1" 1 "$status"
ok "... and says so in a line" grep -Eq '^[^ ]*/run.json: .*No such file' <<<"$stdout"
cp "$sample/workers.csv" "$dir/run/more.csv"
cp "$sample/workers.csv" "$dir/run/workers.csv"
run_cmd tests/schema.py "$dir/run"
is "an unknown table: exits 1" 1 "$status"
is "... and nothing else is wrong" "$dir/run/more.csv: a table that the schema does not know" "$stdout"

tap_done
