#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Instruction mode as a regression gate: count in the guest, hold the counts against the stored ones of
# this kernel and compiler, name what differs. See --help.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
	cat <<'END'
Usage: tests/check-instructions.sh [--store] [--measured DIR] [-s SCHEME,..] | --name
Exact instructions per operation against tests/baselines/, which has a directory for each kernel and
compiler of the modules.

  --store         keep what was counted as the baseline of this kernel and compiler
  --measured DIR  do not count: take this results directory
  -s SCHEME,..    only these
  --name          print what the baseline of this kernel and compiler is called
  --help          this

REFCOST_MODULES names other modules than those of this tree.
Exit codes: 0 all as stored, 1 failed, 3 something differs, 4 no baseline, 64 usage.
END
}

die() {
	echo "check-instructions: $2" >&2
	exit "$1"
}

store='' measured='' schemes='' ask=''
while [ $# -gt 0 ]; do
	case $1 in
	--store) store=1 ;;
	--name) ask=1 ;;
	--measured | -s)
		[ $# -gt 1 ] || die 64 "$1 wants an argument: see --help"
		if [ "$1" = -s ]; then schemes=$2; else measured=$2; fi
		shift
		;;
	--help)
		usage
		exit
		;;
	*) die 64 "no option '$1': see --help" ;;
	esac
	shift
done
[ -z "$store" ] || [ -z "$schemes" ] || die 64 "a baseline has all schemes: --store goes without -s"

# count DIR: two blocks, which have to agree
count() {
	guest/fetch.sh "$release"
	rm -rf "$1"
	mkdir -p "$1"
	guest/boot.sh --release "$release" --icount --share "$1" --deadline 300 -- \
		build/bin/refcost run --instructions ${schemes:+-s "$schemes"} -b 2 --mode getput,lookup -o "$1" >"$1/run.log" ||
		die 1 "counting failed: see above"
}

# The modules' own compiler, as it left its name in them; kbuild need not take $CC.
compiler_of() {
	readelf -p .comment "$1" | sed -n 's/.*GCC: .* \([0-9][0-9.]*\)$/gcc-\1/p; s/.*clang version \([0-9.]*\).*/clang-\1/p' | head -n 1
}

# differing BASELINE DIR: a line for each count that is another one; fails if they cannot be compared
differing() {
	local status=0 csv
	csv=$(build/bin/refcost compare --only instructions ${schemes:+-s "$schemes"} --threshold 0 --different --csv "$1" "$2" \
		2>"$log") || status=$?
	[ $status = 0 ] || [ $status = 3 ] || return $status
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		{ a = $at["median_a"]; b = $at["median_b"]
		  printf "%-20s %-7s %8.2f %8.2f %+7.2f\n", $at["scheme"], $at["mode"], a, b, b - a }' <<<"$csv"
}

# cells DIR: scheme and mode of each count
cells() {
	awk -F, -v only="$schemes" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		only == "" || index("," only ",", "," $at["scheme"] ",") { print $at["scheme"], $at["mode"] }' \
		"$1/instructions.csv" | LC_ALL=C sort -u
}

release=$(tools/kernel-release.sh)
[ -n "$measured$ask" ] || tools/deps.sh build headers guest
modules=${REFCOST_MODULES:-build/kmod/$release}
[ -n "$measured$ask" ] || make -j"$(nproc)" KRELEASE="$release" all >&2 || die 1 "the build failed: see above"
[ -e "$modules/refcost.ko" ] || die 1 "no $modules/refcost.ko: run make"
name=$release-$(compiler_of "$modules/refcost.ko")
baseline=tests/baselines/$name
if [ -n "$ask" ]; then
	echo "$name"
	exit
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

if [ ! -d "$baseline" ] && [ -z "$store" ]; then
	die 4 "no baseline for $name, only for: $(ls tests/baselines 2>/dev/null | paste -sd' '); make check-instructions STORE=1 stores one"
fi
if [ -z "$measured" ]; then
	measured=build/check-instructions
	count "$measured"
fi
if [ -n "$store" ]; then
	mkdir -p "$baseline"
	cp "$measured/run.json" "$measured/instructions.csv" "$baseline/"
	echo "stored $(($(cells "$baseline" | wc -l))) counts in $baseline: commit it"
	exit
fi

if ! rows=$(differing "$baseline" "$measured"); then
	grep -q 'unlike environments' "$log" || die 1 "$(cat "$log")"
	die 4 "$(sed 's/^refcost: //; s/: measure again, or compare.*//' "$log"): make check-instructions STORE=1 stores a new baseline"
fi
missing=$(LC_ALL=C comm -23 <(cells "$baseline") <(cells "$measured") | paste -sd,)
added=$(LC_ALL=C comm -13 <(cells "$baseline") <(cells "$measured") | paste -sd,)
[ -z "$added" ] || echo "not in the baseline: $added: make check-instructions STORE=1 adds them"
if [ -n "$rows" ]; then
	printf '%-20s %-7s %8s %8s %7s\n' scheme mode stored now change
	echo "$rows"
fi
[ -z "$missing" ] || echo "in the baseline, not counted: $missing"
[ -z "$rows$missing" ] ||
	die 3 "counts differ from $baseline; if that is meant, make check-instructions STORE=1 stores them"
echo "$(LC_ALL=C comm -12 <(cells "$baseline") <(cells "$measured") | wc -l) counts as in $baseline"
