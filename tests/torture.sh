#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The campaign of tests/guest/torture.sh on the kernel with its debugging nets on, which is built unless it is
# there. tests/torture.sh [HOURS [SEED]]; HOURS may be 0.1. Writes the last part of docs/reliability.md, and ends
# with "N passed, N failed". REFCOST_STOCK=1: on the kernel that `make` builds for, to try the campaign itself.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/suite.sh

hours=${1:-1} seed=${2:-$((SRANDOM % 32768))}
cpus=2 doc=docs/reliability.md
[[ $hours =~ ^[0-9]+(\.[0-9]+)?$ ]] || {
	echo "tests/torture.sh: HOURS is a number such as 1 or 0.1, not '$hours'" >&2
	exit 64
}
seconds=$(awk -v h="$hours" 'BEGIN { printf "%d", h * 3600 }')

unset MAKEFLAGS MAKEOVERRIDES MAKELEVEL
tools/deps.sh build guest
if [ -n "${REFCOST_STOCK:-}" ]; then
	release=$(tools/kernel-release.sh)
	make -j"$(nproc)" KRELEASE="$release" refcost kmod
	boot=(--release "$release")
else
	kernel=$(guest/debug-kernel.sh)
	tree=${kernel%/arch/x86/boot/bzImage}
	release=$(<"$tree/include/config/kernel.release")
	make -j"$(nproc)" KRELEASE="$release" KDIR="$tree" refcost kmod
	# KASAN reports every fault, not the first alone.
	boot=(--kernel "$kernel" --append kasan_multi_shot)
fi
mkdir -p build/tests/guest
for program in fuzz torture; do
	${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -Ikmod_bench "tests/guest/$program.c" \
		-o "build/tests/guest/$program" -pthread
done

dir=$PWD/build/tests/torture
deadline=$((seconds * 3 / 2 + 1800))
rm -rf "$dir"
mkdir -p "$dir"
echo "seed $seed, $seconds s"
suite torture $((deadline + 60)) guest/boot.sh "${boot[@]}" --cpus $cpus --mem 2048 --deadline $deadline \
	--share "$dir" --log "$dir/console.log" -- tests/guest/torture.sh "$dir" "$seconds" "$seed"

# table: what was survived how often
table() {
	echo "$(date -u +%F), Linux $release ($(nets)), $cpus vCPUs, $hours h, seed $seed, refcost" \
		"$(sed -n 's/#define REFCOST_VERSION "\(.*\)"/\1/p' build/version.h): $passed checks passed, $failed failed."
	echo
	awk -F, 'NR == 1 { printf "| arm |"; for (i = 2; i <= NF; i++) printf " %s |", $i; printf "\n|---|"
			for (i = 2; i <= NF; i++) printf "---:|"; print ""; next }
		{ printf "| %s |", $1; for (i = 2; i <= NF; i++) printf " %s |", $i; print "" }' "$dir/torture.csv"
}
nets() {
	if [ -n "${REFCOST_STOCK:-}" ]; then
		echo "stock"
	else
		sed -n 's/^CONFIG_\(KASAN\|PROVE_LOCKING\|DEBUG_OBJECTS\|DEBUG_KMEMLEAK\|FAILSLAB\)=y/\1/p' "$tree/.config" |
			paste -sd ' '
	fi
}
if [ ! -s "$dir/torture.csv" ]; then
	echo "no arm had its turn: see $logs/torture.log"
	suites_done
fi
table | tee "$dir/table.md"
# The kernel that the campaign is for has its table kept.
[ -n "${REFCOST_STOCK:-}" ] || awk -v table="$dir/table.md" '/<!-- end of the table -->/ { inside = 0 }
	!inside { print }
	/<!-- tests\/torture.sh writes this -->/ { inside = 1; print ""
		while ((getline line < table) > 0) print line
		print "" }' "$doc" >"$dir/doc.md"
[ ! -s "$dir/doc.md" ] || cp "$dir/doc.md" "$doc"
suites_done
