#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Damaged results directories, read by a build that AddressSanitizer (with its look for leaks) and
# UndefinedBehaviorSanitizer watch, which end it where something is wrong: those of tests/cli/bad-input.sh, and drawn
# ones beside those that tests/mutations.py draws for the build without them. DAMAGES is how many, JOBS how many at
# once, and SEED what they are drawn from, else chance.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/tap.sh

build=build/sanitized
seed=${SEED:-$SRANDOM}
export UBSAN_OPTIONS=print_stacktrace=1
unset MAKEFLAGS MAKEOVERRIDES MAKELEVEL

ok "a build with sanitizers" make -s refcost $build/tests/forked B=$build \
	CFLAGS="-O1 -g1 -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=undefined"
REFCOST=$build/bin/refcost ok "damage that has a name" tests/cli/bad-input.sh
ok "${DAMAGES:=100} damages drawn from seed $seed" tests/mutations.py --n "$DAMAGES" --seed "$seed" --jobs "${JOBS:-1}" \
	--seconds 10 $build/tests/forked

tap_done
