#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Every scheme's life and end on PREEMPT_RT, where spinlocks sleep: build for Debian's real-time kernel, boot it,
# run tests/guest/lifetime.sh in it. tests/rt.sh [CYCLES]; ends with "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/suite.sh

cycles=${1:-5}
unset MAKEFLAGS MAKEOVERRIDES MAKELEVEL
tools/deps.sh build guest rt-headers
release=$(tools/kernel-release.sh rt)
[ -n "$release" ] || { echo "no headers of a real-time kernel: install linux-headers-rt-amd64" >&2; exit 4; }
make -j"$(nproc)" KRELEASE="$release" refcost kmod
guest/fetch.sh "$release"
mkdir -p build/tests/guest
${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -Ikmod_bench tests/guest/rush.c \
	-o build/tests/guest/rush

dir=$PWD/build/tests/rt
deadline=$((1800 + cycles * 60))
rm -rf "$dir"
mkdir -p "$dir"
# What a stock kernel looks for by itself; sleeping with preemption off is among it.
REFCOST_NETS="DETECT_HUNG_TASK SOFTLOCKUP_DETECTOR" suite lifetime-rt $((deadline + 60)) guest/boot.sh --release "$release" \
	--deadline $deadline --share "$dir" --log "$dir/console.log" -- tests/guest/lifetime.sh "$dir" "$cycles"
suites_done
