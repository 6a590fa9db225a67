#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# All tests: set up, build, unit, command line, loops, figures, guest. tests/run.sh check: those that need no
# guest, as many at once as there are CPUs. Ends with "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/suite.sh

# Each stands alone; the long ones go first, so that the CPUs are done at about the same time.
checks() {
	local test
	queue sanitized 400 tests/sanitized.sh
	queue mutations 240 tests/mutations.py
	queue figures 240 tests/figures.sh
	queue compare 240 tests/cli/compare.sh
	queue report 240 tests/cli/report.sh
	queue cli 120 tests/cli/cli.sh
	queue html 120 tests/html.sh
	queue install 120 tests/install.sh
	queue lint 120 tests/lint.sh
	queue includes 30 tests/includes.py
	queue scalability 60 tests/scalability.sh
	queue check-instructions 60 tests/cli/check-instructions.sh
	queue tune 120 tests/cli/tune.sh
	queue plan 240 tests/cli/plan.sh
	queue findings 60 tests/cli/findings.sh
	queue kernel-release 30 tests/cli/kernel-release.sh
	queue debug-kernel 30 tests/cli/debug-kernel.sh
	queue loops 60 tests/loops.sh
	queue schema 60 tests/schema.sh
	queue claims 60 tests/claims.sh
	for test in build/tests/test_*; do
		[ ! -x "$test" ] || [ -d "$test" ] || queue "$(basename "$test")" 60 "$test"
	done
	queue_end
}

only=${1:-}
[[ $only =~ ^(|check)$ ]] || { echo "Usage: tests/run.sh [check]" >&2; exit 64; }
sets=(build headers plot test)
[ -n "$only" ] || sets+=(guest tracers)
tools/deps.sh "${sets[@]}"
tools/deps.sh browser || echo "no browser: report.html is tested without one"
release=$(tools/kernel-release.sh)
make -j"$(nproc)" KRELEASE="$release" all unit

if [ -n "$only" ]; then
	at_once=$(nproc)
	checks
	suites_done
	exit
fi

make -j"$(nproc)" KRELEASE="$release" kmod-fault
guest/fetch.sh "$release"
guest/accel.sh "$release" >/dev/null # before guests look for it at once

# Little of their outcomes depends on when something happens, and they wait for grace periods much of the time: two
# of them leave a part of two CPUs, which the checks take.
guests_of_schemes() {
	suite guest-schemes 1200 tests/guest/boot.sh schemes
	suite guest-fuzz 430 tests/guest/boot.sh fuzz
}
other_guests() {
	suite guest-tracers 900 tests/guest/boot.sh tracers
	suite guest-killed 330 tests/guest/boot.sh killed
	suite guest-other 1200 tests/guest/boot.sh other
}
beside schemes guests_of_schemes
beside others other_guests
checks
joined others
joined schemes
suite guest-timed 1500 tests/guest/boot.sh timed
suites_done
