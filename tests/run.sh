#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# All tests: set up, build, unit, command line, loops, figures, guest. Ends with "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/suite.sh

tools/deps.sh build headers plot guest test tracers
tools/deps.sh browser || echo "no browser: report.html is tested without one"
release=$(tools/kernel-release.sh)
make -j"$(nproc)" KRELEASE="$release" all kmod-fault unit
guest/fetch.sh "$release"
guest/accel.sh "$release" >/dev/null # before guests look for it at once

for test in build/tests/test_*; do
	[ ! -x "$test" ] || [ -d "$test" ] || suite "$(basename "$test")" 60 "$test"
done
# Its guest waits for grace periods much of the time, and none of its outcomes depends on when something happens.
schemes() { suite guest-schemes 960 tests/guest/boot.sh schemes; }
beside schemes
suite mutations 240 tests/mutations.py
suite sanitized 400 tests/sanitized.sh
suite lint 120 tests/lint.sh
suite cli 120 tests/cli/cli.sh
suite compare 120 tests/cli/compare.sh
suite report 240 tests/cli/report.sh
suite bad-input 120 tests/cli/bad-input.sh
suite check-instructions 60 tests/cli/check-instructions.sh
suite tune 60 tests/cli/tune.sh
suite plan 60 tests/cli/plan.sh
suite kernel-release 30 tests/cli/kernel-release.sh
suite install 120 tests/install.sh
suite loops 60 tests/loops.sh
suite schema 60 tests/schema.sh
suite scalability 60 tests/scalability.sh
suite figures 120 tests/figures.sh
suite html 120 tests/html.sh
suite claims 60 tests/claims.sh
joined schemes
suite guest-other 600 tests/guest/boot.sh other
suite guest-timed 900 tests/guest/boot.sh timed
suites_done
