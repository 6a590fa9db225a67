#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Results directories that are damaged, and disks that are full, one way after the other: each is one line
# that names the file and says what to do, an exit code of 1, and leaves what was there as it was. Dry runs
# stand in for runs that would go on with such a directory. tests/mutations.py tries what nobody thought of.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
. tests/run-json.sh

refcost=$(realpath "${REFCOST:-build/bin/refcost}")
sample=tests/data/run
dir=$(mktemp -d)
trap 'chmod -R u+rwX "$dir"; rm -rf "$dir"' EXIT
chmod 755 "$dir"
cp "$refcost" "build/kmod/$(tools/kernel-release.sh)/refcost.ko" "$dir"
export REFCOST_MODULES=$dir
mkdir -m 777 "$dir/out"

# What root may do anyway is tried without it.
unprivileged() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}

# The plan of the stored run, on whatever machine this is.
same_plan=(run --dry-run -b 10 --mode "getput,lookup" -c "1,2,4" --window 120ms --warmup 20ms --gaps long
	-s "empty,percpu_inc,atomic_private,atomic_shared,try_module_get,percpu_live,kref,rwsem,module_rwsem")
planned() { HWLOC_SYNTHETIC="core:4 pu:1" unprivileged "$dir/refcost" "${same_plan[@]}" "$@"; }

# one_line WHAT REGEX COMMAND..: exit code 1 and one line
one_line() {
	exits "$1" 1 "$2" "${@:3}"
	is "... in one line" 1 "$(wc -l <<<"$stderr")"
	is "... and no table" "" "$stdout"
}

# refused WHAT REGEX: of $dir/bad, by each command that reads it
refused() {
	local before
	before=$(cat "$dir"/out/*)
	one_line "$1: report" "$2" unprivileged "$dir/refcost" report "$dir/bad" -o "$dir/out"
	one_line "$1: html" "$2" unprivileged "$dir/refcost" report --html "$dir/bad" -o "$dir/out/page.html"
	one_line "$1: compare" "$2" unprivileged "$dir/refcost" compare "$dir/bad" "$dir/bad"
	is "... an older report stays as it was" "$before" "$(cat "$dir"/out/*)"
}
fresh() {
	chmod -R u+rwX "$dir/bad" 2>/dev/null || true
	rm -rf "$dir/bad"
	cp -r "$sample" "$dir/bad"
}

# wrong WHAT FILE SED REGEX: with FILE changed
wrong() {
	fresh
	sed -i "$3" "$dir/bad/$2"
	refused "$1" "$4"
}
# goes_not_on WHAT REGEX: a run would not go on with it
goes_not_on() { one_line "$1: no run goes on" "$2" planned -o "$dir/bad"; }

# What is fine, before the damage: quick, without root, the same again.
cp -r "$sample" "$dir/good"
SECONDS=0
ok "report: without root" unprivileged "$dir/refcost" report "$dir/good" -o "$dir/out"
ok "... it takes 10 s at the most ($SECONDS s)" test $SECONDS -le 10
mkdir -m 777 "$dir/again"
first=$("$refcost" report "$dir/good" -o "$dir/out")
is "... its tables are the same again" "$first" "$(LC_ALL=C TZ=UTC-5 "$refcost" report "$dir/good" -o "$dir/again")"
is "... so are its files" "" "$(diff -r "$dir/out" "$dir/again")"
chmod -R a+rwX "$dir/out"
ok "html: without root" unprivileged "$dir/refcost" report --html "$dir/good" -o "$dir/out/page.html"
ok "run --dry-run: without root" planned -o "$dir/good"
ok "... and all of it is done" grep -q "420 windows, 420 of them done; takes about 0 s" <<<"$(planned -o "$dir/good")"
ok "... and all counts" grep -q "14 cells, 28 counts, 28 of them done" <<<"$(HWLOC_SYNTHETIC="core:1 pu:1" unprivileged "$dir/refcost" \
	run --dry-run --instructions -b 2 --mode getput,lookup --window 150ms --warmup 30ms -o "$dir/good" \
	-s empty,percpu_inc,atomic_private,atomic_shared,try_module_get,percpu_live,kref,rwsem,module_rwsem)"

mend="restore it, or measure again"
wrong "a newer schema" run.json 's/"schema":2/"schema":3/' "bad/run.json has schema 3, not 2: measure again, or use the refcost that wrote it, which is newer"
goes_not_on "a newer schema" "has schema 3, not 2"
wrong "an older schema" run.json 's/"schema":2/"schema":1/' "has schema 1, not 2: measure again, or use the refcost that wrote it$"
goes_not_on "an older schema" "has schema 1, not 2: measure again, or use the refcost that wrote it$"
wrong "no schema" run.json 's/"schema":2,//' "bad/run.json does not say its schema.*$mend"
wrong "a schema that is a word" run.json 's/"schema":2/"schema":"two"/' "does not say its schema"
wrong "a schema beyond all numbers" run.json 's/"schema":2/"schema":99999999999999999999/' "has schema 9223372036854775807, not 2"
for what in empty cut binary array; do
	fresh
	case $what in
	empty) : >"$dir/bad/run.json" ;;
	cut) head -c 900 "$sample/run.json" >"$dir/bad/run.json" ;;
	binary) head -c 4000 "$refcost" >"$dir/bad/run.json" ;;
	array) echo '[1, 2]' >"$dir/bad/run.json" ;;
	esac
	refused "run.json: $what" "bad/run.json is not JSON of a results directory: .*$mend"
	goes_not_on "run.json: $what" "bad/run.json is not JSON"
done
fresh
rm "$dir/bad/run.json"
refused "no run.json" "bad is not a results directory: cannot read run.json: No such file"
fresh
mkdir "$dir/bad/run.json.new"
rm "$dir/bad/run.json"
mkdir "$dir/bad/run.json"
refused "run.json is a directory" "bad is not a results directory: run.json is no file"
fresh
ln -sf run.json "$dir/bad/run.json"
refused "run.json is a loop of links" "cannot read run.json: Too many levels"
rm -rf "$dir/bad"
cp "$sample/run.json" "$dir/bad"
refused "a file instead of a directory" "bad is not a results directory: .*Not a directory"
goes_not_on "a file instead of a directory" "bad is not a results directory: .*Not a directory"
fresh
chmod 0 "$dir/bad"
refused "a directory that cannot be read" "bad is not a results directory: .*Permission denied"

rows="was it cut short or edited\? $mend"
wrong "a column that is missing" workers.csv '1s/,batch_p5_ns/,batch_p4_ns/' "bad/workers.csv, line 1: there is no column 'batch_p5_ns': $rows"
goes_not_on "a column that is missing" "workers.csv, line 1: there is no column"
wrong "columns that changed places" workers.csv '1s/mode,cpus/cpus,mode/' "workers.csv, line 2: cpus is '[a-z]+', not a number: $rows"
wrong "a column twice" workers.csv '1s/scheme,mode/scheme,scheme/' "workers.csv, line 1 is no row of this table: $rows"
wrong "a field too many" unload.csv '7s/$/,1/' "unload.csv, line 7 is no row of this table: $rows"
wrong "no number" workers.csv '3s/put,[0-9]*,/put,nan,/; 3s/lookup,[0-9]*,/lookup,nan,/' "workers.csv, line 3: cpus is 'nan', not a number: $rows"
wrong "a negative number" unload.csv '4s/,[0-9]*$/,-5/' "unload.csv, line 4: trace_ns is '-5', under 0: $rows"
wrong "a number beyond all numbers" unload.csv '4s/,[0-9]*$/,1e400/' "unload.csv, line 4: trace_ns is '1e400', not a number"
wrong "a number that overflows" unload.csv '4s/,[0-9]*$/,99999999999999999999999/' "line 4: trace_ns is '9*', beyond all that can be measured"
wrong "a part of a call" traced.csv '4s/,[0-9]*,/,1.5,/' "traced.csv, line 4: call is '1.5', not a whole number: $rows"
wrong "an unknown mode" workers.csv '9s/getput/putget/; 9s/lookup/putget/' "workers.csv, line 9: mode is 'putget', none of what it can be"
wrong "a name that is none" unload.csv '5s/,[a-z_]*,/,Kref "7",/' "unload.csv, line 5: scheme is 'Kref \"7\"', not of the right form"
wrong "an empty field" instructions.csv '5s/,[0-9.]*$/,/' "instructions.csv, line 5: instructions is empty, though it cannot be"
wrong "a row twice" workers.csv '8p' "workers.csv, line 9: it is of the same cell as line 8: $rows"
goes_not_on "a row twice" "workers.csv, line 9: it is of the same cell"
wrong "a window that is gone" workers.csv '/^3,kref,getput,2,/d' "workers.csv has 9 of 10 samples of kref, getput, 2 CPUs: $rows"
wrong "a worker that is gone" workers.csv '0,/^3,kref,getput,2,/{//d}' "workers.csv, line [0-9]+: its cell has 1 of 2 rows: $rows"
goes_not_on "a worker that is gone" "workers.csv, line [0-9]+: its cell has 1 of 2 rows"
wrong "a word that is no text" phases.csv '20s/kref/k\x00ef/; 20s/[a-z]*live/\x00/; 20s/rwsem/\x00/; 20s/try/\x00/' "cannot read .*phases.csv: it is no table: $rows"
wrong "no plan" run.json '/"plan":/s/"plan"/"plane"/' "run.json does not say what '[a-z]+' was: $rows"
for file in workers unload instructions phases; do
	fresh
	rm "$dir/bad/$file.csv"
	refused "$file.csv is lost" "bad/$file.csv is gone: run.json has a part '[a-z]+', whose rows it held: $mend"
	fresh
	: >"$dir/bad/$file.csv"
	refused "$file.csv is empty" "cannot read $dir/bad/$file.csv: it is without a whole line: $rows"
done
fresh
rm "$dir/bad/unload.csv"
mkfifo "$dir/bad/unload.csv"
refused "unload.csv is a fifo" "cannot read .*unload.csv: it is no table"
fresh
chmod 0 "$dir/bad/workers.csv"
refused "workers.csv cannot be read" "cannot read $dir/bad/workers.csv: Permission denied"

# What a crash leaves is no damage, and neither is another system's end of line.
fresh
partial "$dir/bad" run unload instructions
sed -i '$s/,[^,]*$//' "$dir/bad/workers.csv"
truncate -s -1 "$dir/bad/workers.csv"
ok "half a last line: the others are read" "$refcost" report "$dir/bad" -o "$dir/again"
ok "... a run goes on with the cell that it was of" grep -q "420 windows, 419 of them done" <<<"$(planned -o "$dir/bad")"
fresh
sed -i 's/$/\r/' "$dir/bad/workers.csv"
ok "CRLF" "$refcost" report "$dir/bad" -o "$dir/again"
is "... the report is the same" "" "$(diff -r "$dir/out" "$dir/again" | grep -v 'Only in .*page.html' || true)"

one_line "another plan" "bad holds a 'run' of another plan .blocks 11 instead of 10.: give another directory with -o DIR" planned -b 11 -o "$dir/bad"
one_line "... of other schemes" "another plan .schemes .*instead of" planned -s kref -o "$dir/bad"
is "a dry run leaves the directory as it was" "" "$(diff -rq "$sample" "$dir/bad" | grep -v workers.csv || true)"

# full COMMAND..: no file may grow beyond its first 8 KiB
full() { (ulimit -f 8 && unprivileged "$@"); }
before=$(cat "$dir"/out/*)
one_line "report: no room" "cannot write $dir/out/RESULTS(-tables)?.md: " full "$dir/refcost" report "$dir/good" -o "$dir/out"
exits "html: no room" 1 "cannot write $dir/out/page.html: " full "$dir/refcost" report --html "$dir/good" -o "$dir/out/page.html"
is "... what was there stays" "$before" "$(cat "$dir"/out/*)"
is "... and nothing else" "" "$(find "$dir/out" -name '*.new')"
one_line "report into a directory that nobody may write to" "cannot (make|write) .*Permission denied" \
	unprivileged "$dir/refcost" report "$dir/good" -o "$dir/good"
# shellcheck disable=SC2016 # for the other shell
for command in 'list' 'list --csv' 'run --dry-run' 'unload --dry-run' "report $dir/good -o $dir/again" "compare $dir/good $dir/good"; do
	exits "$command: a full disk" 1 "cannot write.*No space left" bash -c '"$0" $1 >/dev/full' "$refcost" "$command"
done
ok "a reader that has seen enough is no error" bash -o pipefail -c "'$refcost' list | head -n 1"

tap_done
