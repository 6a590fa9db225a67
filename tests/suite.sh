# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Run TAP producers one after another and count: source it, call suite, end with suites_done.

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
	grep -E '^# [a-z_]+: [0-9]{2,} s$' "$log" | sed 's/^#/  /' || true
	echo "   $ok passed, $bad failed, $SECONDS s"
	passed=$((passed + ok))
	failed=$((failed + bad))
}

# beside FUNCTION: run the suites that it runs while others run, which joined waits for
beside() {
	rm -f "$logs/$1.counts"
	(
		passed=0 failed=0
		"$1"
		echo "$passed $failed" >"$logs/$1.counts"
	) >"$logs/$1.out" 2>&1 &
}

# joined FUNCTION: what it said, and count it
joined() {
	local ok=0 bad=1
	wait || true
	cat "$logs/$1.out"
	read -r ok bad <"$logs/$1.counts" || true
	passed=$((passed + ok))
	failed=$((failed + bad))
}

suites_done() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
}
