#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Damaged results directories again, read by a build that AddressSanitizer (with its look for leaks) and
# UndefinedBehaviorSanitizer watch, which end it where something is wrong.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/tap.sh

build=build/sanitized
export UBSAN_OPTIONS=print_stacktrace=1

ok "a build with sanitizers" make -s refcost B=$build \
	CFLAGS="-O1 -g -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=undefined"
REFCOST=$build/bin/refcost ok "damage that has a name" tests/cli/bad-input.sh
ok "damage drawn from a seed" tests/mutations.py --n 100 --seed 2 --seconds 10 $build/bin/refcost

tap_done
