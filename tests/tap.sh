# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# TAP for shell tests: source it, call the functions, end with tap_done.

tap_n=0
tap_failed=0

# A script that set -e ends says where, and who called.
set -E
trap '[ $BASH_SUBSHELL != 0 ] || [ "${FUNCNAME[0]:-}" = tap_done ] || echo "# ${FUNCNAME[*]:-} (${BASH_SOURCE[0]##*/}:$LINENO): $BASH_COMMAND"' ERR

# tap_result STATUS WHAT [DETAILS]
tap_result() {
	tap_n=$((tap_n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_n - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_n - $2"
		[ -z "${3:-}" ] || sed 's/^/# /' <<<"$3"
	fi
}

# tap_skip WHAT WHY
tap_skip() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

# ok WHAT COMMAND...: the command succeeds
ok() {
	local what=$1 out status=0
	shift
	out=$("$@" 2>&1) || status=$?
	tap_result $status "$what" "$out"
}

# is WHAT WANT GOT
is() {
	local status=0
	[ "$2" = "$3" ] || status=1
	tap_result $status "$1" "want $2
got  $3"
}

# A file without a name takes what commands write to stderr: to make and remove one each time costs three processes.
tap_file=$(mktemp)
exec {tap_err}<>"$tap_file"
rm "$tap_file"

# run_cmd COMMAND...: sets $status, $stdout, $stderr
run_cmd() {
	status=0
	# shellcheck disable=SC2034 # for the caller
	stdout=$("$@" 2>"/proc/self/fd/$tap_err") || status=$?
	stderr=$(<"/proc/self/fd/$tap_err")
}

# exits WHAT CODE REGEX COMMAND...: exit code, and a line on stderr that matches
exits() {
	local what=$1 code=$2 regex=$3 bad=0
	shift 3
	run_cmd "$@"
	[ "$status" = "$code" ] || bad=1
	grep -Eq -- "$regex" <<<"$stderr" || bad=1
	tap_result $bad "$what" "$* exited $status (want $code), stderr (want $regex):
$stderr"
}

# eventually SECONDS COMMAND...: it succeeds within them
eventually() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

# parts FUNCTION...: run them, and say how long each took
parts() {
	local part begin
	for part; do
		begin=$SECONDS
		"$part"
		echo "# $part: $((SECONDS - begin)) s"
	done
}

tap_done() {
	echo "1..$tap_n"
	[ "$tap_failed" = 0 ]
}
