#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# How far the numbers carry: measure the same build twice, and a build that is a tenth slower ten times over,
# in one guest. Wants a machine that does nothing else. tests/precision.sh [same_twice] [tenth_slower]: one of the two alone. Ends with "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/suite.sh

unset MAKEFLAGS MAKEOVERRIDES MAKELEVEL
tools/deps.sh build headers guest
release=$(tools/kernel-release.sh)
make -j"$(nproc)" KRELEASE="$release" FAULTS=SLOW_TENTH refcost kmod kmod-fault
guest/fetch.sh "$release"

asked=("$@")
[ $# -gt 0 ] || asked=(same_twice tenth_slower)
dir=$PWD/build/tests/precision
rm -rf "$dir"
mkdir -p "$dir"
suite precision 4000 guest/boot.sh --release "$release" --cpus 4 --deadline 3900 --share "$dir" --log "$dir/console.log" -- \
	tests/guest/precision.sh "$dir" "${asked[@]}"
grep '^#' "$logs/precision.log" || true
suites_done
