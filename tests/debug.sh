#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Every scheme's life and end on a kernel with its debugging nets on: build that kernel unless it is there,
# boot it, run tests/guest/lifetime.sh in it. tests/debug.sh [--kcsan] [CYCLES [SCHEME...]]; REFCOST_STATES=3 ends
# sequences of states one operation earlier. Ends with "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/suite.sh

kind=kasan nets="KASAN" append="kasan_multi_shot"
if [ "${1:-}" = --kcsan ]; then
	# The log in the guest says whose race it is; the console is not to judge those of core code.
	kind=kcsan nets="KCSAN" append="loglevel=3"
	shift
fi
cycles=${1:-5}
nets+=" PROVE_LOCKING PROVE_RCU DEBUG_ATOMIC_SLEEP DEBUG_OBJECTS DEBUG_LIST DEBUG_PREEMPT DEBUG_KMEMLEAK"
nets+=" DETECT_HUNG_TASK SOFTLOCKUP_DETECTOR"

unset MAKEFLAGS MAKEOVERRIDES MAKELEVEL
tools/deps.sh build guest
if [ $kind = kcsan ]; then
	kernel=$(guest/debug-kernel.sh --kcsan)
else
	kernel=$(guest/debug-kernel.sh)
fi
tree=${kernel%/arch/x86/boot/bzImage}
release=$(<"$tree/include/config/kernel.release")
make -j"$(nproc)" KRELEASE="$release" KDIR="$tree" refcost kmod "build/kmod-fault/SLOW_EXIT/$release/refcost.ko"
mkdir -p build/tests/guest
${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -Ikmod_bench tests/guest/rush.c \
	-o build/tests/guest/rush
${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -Ikmod_bench tests/guest/states.c \
	-o build/tests/guest/states

dir=$PWD/build/tests/debug-$kind
deadline=$((7200 + cycles * 60))
rm -rf "$dir"
mkdir -p "$dir"
REFCOST_NETS=$nets suite "lifetime-$kind" $((deadline + 60)) guest/boot.sh --kernel "$kernel" --append "$append" \
	--cpus 2 --mem 4096 --deadline $deadline --share "$dir" --log "$dir/console.log" -- \
	tests/guest/lifetime.sh "$dir" "$cycles" "${@:2}"
suites_done
