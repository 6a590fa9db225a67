#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Results directories while they are written: what a dry run promises, progress, going on where a run was cut
# off, full disks. Run inside the guest, as root: tests/guest/results.sh DIR
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/lib.sh

dir=$1/results
small=/tmp/small-disk
mkdir -p "$dir"

lines() { wc -l <<<"$stderr"; }

# promised ARGS..: seconds that a dry run tells
promised() {
	"$refcost" "$@" --dry-run | awk '/^seed/ { sub(/.*about /, ""); sub(/,.*/, ""); s = 0
		for (i = 1; i < NF; i += 2) s += $i * ($(i + 1) ~ /^h/ ? 3600 : $(i + 1) ~ /^min/ ? 60 : 1); print s }'
}

# near PER_CENT ARGS..: neither of the time taken and the one promised is more than that of the other
near() {
	local most=$1 want start took
	shift
	want=$(promised "$@")
	start=${EPOCHREALTIME/./}
	"$refcost" "$@" >"$dir/out" 2>"$dir/err"
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
	ok "$1: takes what a dry run tells, to within $((most - 100)) % ($want s promised, $took ms taken)" \
		test $((100 * took)) -le $((most * want * 1000)) -a $((100 * want * 1000)) -le $((most * took))
}

takes_what_it_says() {
	run_cmd "$refcost" run --dry-run -s kref,empty -c 1,2 -b 3 -o "$dir/none"
	is "a dry run: exit 0" 0 "$status"
	is "... one row per cell, under a heading" 5 "$(grep -c . <<<"$(sed '/^estimated/,$d' <<<"$stdout")")"
	ok "... what the estimate rests on" grep -Eq '^estimated for this machine \((emulated|virtual|bare metal)\): [0-9]+ ms beside each window' <<<"$stdout"
	ok "... the seed, how many, how long" grep -Eq '^seed 1: 4 cells, 12 windows; takes about [0-9]+ s$' <<<"$stdout"
	ok "... nothing is made" test ! -e "$dir/none"
	is "... nothing is loaded" "" "$(loaded)"
	is "... in the order of the first block" \
		"$("$refcost" run -s kref,empty -c 1,2 -b 1 --window 1ms --warmup 0 -o "$dir/order" >/dev/null && windows "$dir/order" scheme cpus)" \
		"$(sed -n '2,5s/^\([a-z]*\), getput, \([0-9]\) .*/\1 \2/p' <<<"$stdout")"
	near 125 run -s kref,rwsem,empty -c 1,2,4 --mode getput,lookup -b 6 --window 100ms --warmup 20ms
	ok "progress outside a terminal: plain lines" grep -Eq '^refcost: cell [0-9]+/90, [0-9]+ s left$' "$dir/err"
	ok "... but few" test "$(wc -l <"$dir/err")" -le 20
	# most of it is work, which takes longer in an emulator whose host has other work, too
	near 200 unload -s kref,rwsem,percpu_live -n 7
	near 200 unload -s kref,percpu_live --arms loaded --hold 1us --timeout 300ms --no-trace -n 7
	near 200 init -n 7
	script -qec "$refcost run -s kref -c 1,2 -b 8 --window 50ms --warmup 1ms" /dev/null >"$dir/tty" </dev/null
	ok "progress on a terminal: one line, written over" \
		awk 'BEGIN { RS = "\r" } /^cell [0-9]+\/16, [0-9]+ s left/ { n++ } /^cell [0-9]+\/16/ { all++ } END { exit !(n > 10 && all == 16) }' "$dir/tty"
}

# medians DIR SCHEME: the median of three windows' figures, on one CPU and on two
medians() {
	for at in '1 batch_p5_ns batch' '2 ns'; do
		windows "$1" scheme cpus ${at#* } | awk -v s="$2" -v n="${at%% *}" '$1 == s && $2 == n { print $3 / ($4 ? $4 : 1) }' |
			sort -g | sed -n 2p
	done | paste -sd' '
}

# A run in parts, and what a window on one CPU says of its batches.
batches() {
	local out=$dir/parts
	set -- run -s kref,empty -c 1,2 -b 3 --window 10ms --warmup 1ms -o "$out"
	run_cmd "$refcost" "$@" --max-blocks 1
	is "a block for now: exit 0, partial, so many cells" "0 partial 4" \
		"$status $(json "$out/run.json" status) $(nr_windows "$out")"
	ok "... says how to go on" grep -q "stopped after 4 of 12 cells.*the same command goes on in $out" <<<"$stderr"
	"$refcost" "$@" --max-blocks 1 >/dev/null 2>&1 || true
	is "... and then the next" 8 "$(nr_windows "$out")"
	run_cmd "$refcost" "$@"
	is "... all that is left: exit 0, complete" "0 complete 12" \
		"$status $(json "$out/run.json" status) $(nr_windows "$out")"
	is "batches: quantiles ascend, and are as many as operations say" "18 0" "$(awk -F, '
		NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		{ n++; last = 0; for (i = c["batch_min_ns"]; i <= c["batch_p99_ns"]; i++) { bad += $i < last || $i <= 0; last = $i } }
		$c["batch"] * $c["batches"] != $c["ops"] { bad++ } END { print n, bad + 0 }' "$out/workers.csv")"
	"$refcost" report "$out" -o "$dir/parts-report" >/dev/null
	is "... on one CPU the median of 5th percentiles is the figure, on two of means, gaps taken out" \
		"$(medians "$out" kref)" "$(awk '$1 == "kref" { printf "%s%.6g", n++ ? " " : "", $(NF - 3) }' "$dir/parts-report/scaling.dat")"
	ok "... RESULTS.md says so" grep -Eq '^- batches: the figure of a window on one CPU is the 5th percentile .* is -?[0-9.]+ % above that in half of the cells' "$dir/parts-report/RESULTS-tables.md"
}

# cut_off FILE N COMMAND..: interrupt it once FILE has that many rows
cut_off() {
	local file=$1 n=$2 tries
	shift 2
	env --default-signal=INT "$@" >"$dir/out" 2>"$dir/err" &
	for ((tries = 0; tries < 300; tries++)); do
		[ ! -e "$file" ] || [ "$(rows "$file")" -lt "$n" ] || break
		sleep 0.05
	done
	kill -INT $!
	wait $! || true
}

# refused WHAT REGEX COMMAND..: one line, and the rows are left as they are
refused() {
	local what=$1 regex=$2 before
	shift 2
	before=$(cat "$out"/*.csv | md5sum)
	exits "$what is refused" 1 "$regex" "$@"
	is "... in one line" 1 "$(lines)"
	is "... rows stay as they are" "$before" "$(cat "$out"/*.csv | md5sum)"
}

goes_on() {
	local out=$dir/cut n cell=(-s "kref,rwsem" -c "1,2" -b 6 --window 100ms --warmup 1ms) left
	cut_off "$out/workers.csv" 13 "$refcost" run "${cell[@]}" -o "$out"
	n=$(nr_windows "$out")
	ok "a run is cut off in the middle of a block ($n of 24 cells)" test "$n" -gt 4 -a "$n" -lt 24
	is "... and marked partial" partial "$(json "$out/run.json" status)"
	run_cmd "$refcost" run "${cell[@]}" -o "$out" --dry-run
	ok "a dry run tells what is done" grep -q "24 windows, $n of them done" <<<"$stdout"
	refused "another plan" "another plan .blocks 7 instead of 6" "$refcost" run "${cell[@]}" -b 7 -o "$out"
	refused "... also by a dry run" "another plan" "$refcost" run "${cell[@]}" -b 7 -o "$out" --dry-run
	REFCOST_MODULES=$fault refused "another build of the modules" "another machine, kernel or build .modules" "$refcost" run "${cell[@]}" -o "$out"
	sed -i.kept 's/"host": *"[^"]*"/"host": "elsewhere"/' "$out/run.json"
	refused "another machine" "another machine.*host .*instead of .elsewhere" "$refcost" run "${cell[@]}" -o "$out"
	mv "$out/run.json.kept" "$out/run.json"
	left=$(tail -n 1 "$out/workers.csv")
	printf '5,kref,getput,2,0,cores,own,0,0,,0,1,1,1,2,1,0,1,0,0,1,1,1,1,1,1,1\n%s' "${left:0:20}" >>"$out/workers.csv" # as a crash leaves it
	ok "the same command goes on" "$refcost" run "${cell[@]}" -o "$out"
	is "... to the end" "24 complete" "$(nr_windows "$out") $(json "$out/run.json" status)"
	is "... no cell twice" "" "$(windows "$out" block scheme mode cpus | sort | uniq -d)"
	is "... one row per worker, none twice" "36 0" "$(rows "$out/workers.csv") $(column "$out/workers.csv" block scheme cpus cpu | sort | uniq -d | wc -l)"
	"$refcost" run "${cell[@]}" --window 1ms -o "$dir/whole" >/dev/null
	is "... in the order of a run that is not cut off" "$(windows "$dir/whole" block scheme cpus)" "$(windows "$out" block scheme cpus)"
}

unloads_go_on() {
	local out=$dir/cut-unload cell=(-s "kref,module_rwsem" -n 5 --hold "0,100us" --timeout 300ms)
	cut_off "$out/unload.csv" 11 "$refcost" unload "${cell[@]}" -o "$out"
	ok "unloads are cut off ($(rows "$out/unload.csv") of 30)" test "$(rows "$out/unload.csv")" -lt 30
	refused "another plan of unloads" "another plan .workers 2 instead of 3" "$refcost" unload "${cell[@]}" -l 2 -o "$out"
	printf '9,kref,loaded,0,1,0,0,11\n' >>"$out/attempts.csv"
	ok "the same command goes on: unloads" "$refcost" unload "${cell[@]}" -o "$out"
	is "... to the end" "30 complete" "$(rows "$out/unload.csv") $(json "$out/run.json" status)"
	is "... no attempt twice" "" "$(column "$out/attempts.csv" cycle scheme arm hold_ns attempt | sort | uniq -d)"
	is "... attempts are those that were made" "$(column "$out/unload.csv" attempts | awk '{ n += $1 } END { print n }')" "$(rows "$out/attempts.csv")"
	is "... no phase twice" "" "$(column "$out/phases.csv" cycle scheme arm hold_ns index | sort | uniq -d)"
	is "... in the order of the seed, whatever the gaps were" \
		"$("$refcost" unload "${cell[@]}" --dry-run | sed -n '2,7s/\([a-z_]*\), \([a-z]*\), .*/\1 \2/p')" \
		"$(column "$out/unload.csv" scheme arm | head -n 6)"
}

full_disk() {
	local run=(run -s "kref,rwsem,lockref,srcu,percpu_live" -c "1,2" --mode "getput,lookup" -b 10 --window 1ms --warmup 0 -o "$small/run") before
	mkdir -p $small
	mount -t tmpfs -o size=24k tmpfs $small
	exits "a full disk" 1 "cannot write rows.*what was written before is kept" "$refcost" "${run[@]}"
	ok "... in few lines" test "$(grep -vc ' left$' <<<"$stderr")" -le 2
	is "... nothing is left loaded" "" "$(loaded)"
	ok "... what was written can be read" "$refcost" report "$small/run" -o "$dir/full-report"
	ok "... some of it" test "$(nr_windows "$small/run")" -gt 20
	mount -o remount,size=4m $small
	ok "with room again the same command goes on" "$refcost" "${run[@]}"
	is "... to the end, no cell twice" "200 0" "$(nr_windows "$small/run") $(windows "$small/run" block scheme mode cpus | sort | uniq -d | wc -l)"

	"$refcost" report "$dir/cut" -o $small/report >/dev/null
	"$refcost" report --html "$dir/cut" -o $small/report.html >/dev/null 2>&1
	before=$(cat $small/report/* $small/report.html | md5sum)
	dd if=/dev/zero of=$small/filler bs=4k 2>/dev/null || true
	exits "report: a full disk" 1 "cannot write $small/report/" "$refcost" report "$dir/cut-unload" -o $small/report
	exits "html: a full disk" 1 "cannot write $small/report.html" "$refcost" report --html "$dir/cut" -o $small/report.html
	is "... older ones stay as they were, and nothing else" "$before" "$(cat $small/report/* $small/report.html | md5sum)"
	exits "no room to begin" 1 "cannot (make|write)" "$refcost" unload -s kref -n 1 -o $small/more
	umount $small
}

trace_to_full() {
	exits "trace -o: a full disk" 1 "cannot write /dev/full" "$refcost" trace -o /dev/full -- "$refcost" cycle -n 2 nls_utf8
	exits "trace -o: no directory" 1 "cannot write /nowhere/x: No such" "$refcost" trace -o /nowhere/x -- true
	# shellcheck disable=SC2016 # for the other shell
	exits "trace --csv: a full disk" 1 "cannot write" bash -c '"$1" trace --csv -- "$1" cycle -n 2 nls_utf8 >/dev/full' - "$refcost"
	# shellcheck disable=SC2016
	exits "trace --json: a full disk" 1 "cannot write" bash -c '"$1" trace --json -- "$1" cycle -n 2 nls_utf8 >/dev/full' - "$refcost"
}

parts takes_what_it_says batches goes_on unloads_go_on full_disk trace_to_full
is "nothing is left loaded" "" "$(loaded)"
tap_done
