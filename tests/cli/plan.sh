#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# bench.sh --dry-run names what bench.sh does: the same commands with the same options, on this machine and in a guest,
# and all their times in one sum; before a build, by experience. A report stays in its results directory unless
# RESULTS.md is to be updated. In a tree of its own, whose commands note what they are called with.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tree=$dir/tree
refcost=$PWD/build/bin/refcost
export NOTES=$dir/notes REFCOST=$refcost
mkdir -p "$tree"/{bin,build/bin,build/guest,guest,tools,kmod_bench,plots/figures}
cp bench.sh "$tree/"
cp tools/plan.sh tools/tune.sh "$tree/tools/"
cp -r kmod_bench/schemes "$tree/kmod_bench/"
echo "boot tcg" >"$tree/build/guest/accel"

# stub FILE LINE...: a command of the tree
stub() {
	local file=$tree/$1
	shift
	{
		echo '#!/usr/bin/env bash'
		printf '%s\n' "$@"
	} >"$file"
	chmod +x "$file"
}

# What measures notes it; what only plans is the real thing.
# shellcheck disable=SC2016 # for the stub
note='echo "${0##*/} $*" >>"$NOTES"'
dry='[[ " $* " == *" --dry-run "* ]]'
# shellcheck disable=SC2016
stub build/bin/refcost 'case $1 in list | report) exec "$REFCOST" "$@" ;; doctor) exit ;; esac' "$note" "! $dry || exec \"\$REFCOST\" \"\$@\""
for tool in measure-unloads perf-sessions; do
	stub tools/$tool.sh "$note" "! $dry || exec '$PWD/tools/$tool.sh' \"\$@\""
done
# shellcheck disable=SC2016
stub guest/boot.sh 'echo "boot.sh $(grep -o -e --icount <<<"$*" || true)" >>"$NOTES"' 'while [ "$1" != -- ]; do shift; done' 'shift' 'exec "$@"'
for tool in tools/deps.sh tools/kernel-release.sh guest/fetch.sh bin/make; do stub $tool 'exit 0'; done
stub bin/id 'echo 0'
# shellcheck disable=SC2016
stub plots/render.sh 'mkdir -p "$2"' 'for dat in "$1"/*.dat; do echo "<svg/>" >"$2/$(basename "$dat" .dat).svg"; done'
mkdir -p "$dir/sysroot/proc"
touch "$dir/sysroot/proc/"{modules,cmdline}

bench() { env REFCOST_SYSROOT="$dir/sysroot" PATH="$tree/bin:$PATH" "$tree/bench.sh" "$@"; }

# commands OPTION...: what bench.sh calls, without where results go
commands() {
	: >"$NOTES"
	bench "$@" >"$dir/out" 2>&1 || { cat "$dir/out"; return; }
	# before it measures it plans, too
	[[ " $* " == *" --dry-run "* ]] || sed -i '/--dry-run/d' "$NOTES"
	sed -E "s/ --dry-run//; s/ -o [^ ]*//; s, $dir/[^ ]*,,g; s/ +\$//" "$NOTES"
}

# same WHAT PARTS OPTION...: as many parts in the sum, and the same commands in the same order
same() {
	local what=$1 parts=$2 measured planned
	shift 2
	measured=$(commands --no-report --output "$dir/results" "$@")
	planned=$(commands --dry-run "$@")
	is "$what: what is planned is what is done" "$(grep -v '^boot.sh' <<<"$measured")" "$planned"
	ok "... something" grep -q . <<<"$planned"
	is "... as many guests" "$(grep '^boot.sh' <<<"$measured")" "$(sed -n 's/^  a guest that counts instructions .*/boot.sh --icount/p; s/^  a guest .*/boot.sh/p' "$dir/out")"
	is "... and all of it is in the sum" "$parts" "$(sed -n 's/^\([0-9]*\) parts\{0,1\}; takes about .*/\1/p' "$dir/out")"
	is "... a line each" "$parts" "$(sed -n '/^in all:/,$p' "$dir/out" | grep -c '^  ')"
}

same "a guest" 8 --guest
same "a quick guest" 7 --guest --quick
same "this machine" 4 --host --quick
same "this machine, in full" 6 --host --full
same "this machine, a scheme in full" 4 --host --full -s kref
same "this machine, a floor in full" 2 --host --full -s empty
same "instructions" 2 --guest --instructions
same "some schemes" 7 --guest --quick -s kref,percpu_live,empty
same "a scheme without loads" 6 --guest --quick -s kref
same "a floor" 5 --guest --quick -s empty
same "placements" 6 --guest --placement packed,cores --layout own,pair -s kref --blocks 2 --cycles 3
same "perf" 2 --guest --perf -s kref,rwsem
same "perf c2c on this machine" 1 --host --perf --c2c -s kref

# promised OPTION...: seconds that it says it takes before anything else
promised() {
	(. tools/plan.sh && seconds "$(bench -n "$@" 2>&1 | sed -n 's/^bench.sh: takes about \([^,]*\),.*/\1/p')")
}

built=()
for size in --quick --cpus\ 2 --full; do
	# shellcheck disable=SC2086 # words
	built+=("$(promised --guest $size)")
done
mv "$tree/build/bin/refcost" "$dir/away"
for size in --quick --cpus\ 2 --full; do
	# shellcheck disable=SC2086 # words
	about=$(promised --guest $size)
	ok "before a build, $size: about what the plan comes to ($about s, ${built[0]} s)" \
		test $((2 * about)) -ge "${built[0]}" -a "$about" -le $((2 * built[0]))
	built=("${built[@]:1}")
done
run_cmd bench --dry-run --guest
is "before a build: exits 0" 0 "$status"
is "... and says what, for how long, and what it changes" "all schemes|takes about|installs nothing; writes build/" \
	"$(grep -oE 'all schemes|takes about|installs nothing; writes build/' <<<"$stdout" | paste -sd'|')"
mv "$dir/away" "$tree/build/bin/refcost"

cp -r tests/data/run "$dir/mine"
run_cmd bench --host --quick --resume "$dir/mine"
is "a report: exits 0" 0 "$status"
ok "... in the results directory" test -s "$dir/mine/report/RESULTS.md" -a -s "$dir/mine/report.html" -a -s "$dir/mine/figures/tradeoff.svg"
is "... whose figures are there" "" "$(grep -o '(\.\./figures/[a-z]*\.svg)' "$dir/mine/report/RESULTS.md" | tr -d '()' |
	while read -r figure; do [ -s "$dir/mine/report/$figure" ] || echo "$figure"; done)"
is "... and the tree is as it was" "" "$(find "$tree" "$tree/plots/figures" -maxdepth 1 -name '*.md' -o -name '*.svg')"
run_cmd bench --host --quick --resume "$dir/mine" --update
is "--update: exits 0" 0 "$status"
is "... RESULTS.md and its figures" "" "$(grep -o '(plots/figures/[a-z]*\.svg)' "$tree/RESULTS.md" | tr -d '()' |
	while read -r figure; do [ -s "$tree/$figure" ] || echo "$figure"; done)"
is "... and its data are kept, whole" "" "$(mkdir "$dir/kept" && tar -xJf "$tree/results/reference.tar.xz" -C "$dir/kept" &&
	diff -r -x attempts.csv -x report -x report.html -x figures -x tables.txt "$dir/mine" "$dir/kept")"
is "... and no other" "" "$(grep -o '(\.\./figures/[a-z]*\.svg)' "$tree/RESULTS.md" || true)"

tap_done
