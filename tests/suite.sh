# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Run TAP producers one after another, or several at once, and count: source it, call suite or queue, end
# with suites_done.

logs=build/tests/logs
mkdir -p "$logs"
passed=0 failed=0
suites_began=${EPOCHREALTIME/./}

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

# beside NAME COMMAND...: run the suites that COMMAND runs while others run, until joined waits for them
declare -A beside
beside() {
	local name=$1
	shift
	rm -f "$logs/$name.counts"
	(
		passed=0 failed=0
		"$@"
		echo "$passed $failed" >"$logs/$name.counts"
	) >"$logs/$name.out" 2>&1 &
	beside[$name]=$!
}

# joined NAME: what they said, and count it
joined() {
	local ok=0 bad=1
	wait "${beside[$1]}" || true
	cat "$logs/$1.out"
	read -r ok bad <"$logs/$1.counts" || true
	passed=$((passed + ok))
	failed=$((failed + bad))
	unset "beside[$1]"
}

# queue NAME SECONDS COMMAND...: a suite of its own, beside others of the queue, at most $at_once of them
at_once=1
queued=()
queue() {
	while [ ${#queued[@]} -ge $at_once ]; do
		queue_next
	done
	beside "$1" suite "$@"
	queued+=("$1")
}

# The first of the queue to end is done with.
queue_next() {
	local name ended='' left=() pids=()
	for name in "${queued[@]}"; do pids+=("${beside[$name]}"); done
	wait -n -p ended "${pids[@]}" || true
	for name in "${queued[@]}"; do
		if [ "${beside[$name]}" = "$ended" ]; then joined "$name"; else left+=("$name"); fi
	done
	queued=("${left[@]}")
}

queue_end() {
	while [ ${#queued[@]} -gt 0 ]; do
		queue_next
	done
}

suites_done() {
	echo "took $(((${EPOCHREALTIME/./} - suites_began) / 1000000)) s"
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
}
