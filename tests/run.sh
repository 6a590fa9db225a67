#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# All tests: set up, build, unit, command line, loops, figures, guest. Ends with "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."

tools/deps.sh build headers plot guest test
release=$(tools/kernel-release.sh)
make -j"$(nproc)" KRELEASE="$release" all kmod-fault unit
guest/fetch.sh "$release"

logs=build/tests/logs
mkdir -p "$logs"
passed=0 failed=0

# suite NAME SECONDS COMMAND...: run a TAP producer under a deadline and count
suite() {
	local name=$1 seconds=$2 status=0 log=$logs/$1.log ok bad
	shift 2
	echo "== $name"
	SECONDS=0
	timeout -k 10 "$seconds" "$@" >"$log" 2>&1 </dev/null || status=$?
	ok=$(grep -c '^ok ' "$log" || true)
	bad=$(grep -c '^not ok ' "$log" || true)
	# A producer that dies early has failed, whatever it printed before.
	if ! grep -q '^1\.\.' "$log" || { [ $status != 0 ] && [ "$bad" = 0 ]; }; then
		bad=$((bad + 1))
		echo "not ok - $name ended early with status $status; the end of $log:"
		tail -n 25 "$log"
	fi
	grep -A 25 '^not ok ' "$log" | grep -E '^(not ok|#)' || true
	grep '# SKIP' "$log" || true
	echo "   $ok passed, $bad failed, $SECONDS s"
	passed=$((passed + ok))
	failed=$((failed + bad))
}

for test in build/tests/test_*; do
	[ ! -x "$test" ] || [ -d "$test" ] || suite "$(basename "$test")" 60 "$test"
done
suite lint 120 tests/lint.sh
suite cli 120 tests/cli/cli.sh
suite loops 60 tests/loops.sh
suite figures 120 tests/figures.sh
suite guest 900 tests/guest/boot.sh
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
