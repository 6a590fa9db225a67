#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The ordering of gets without a lock, checked by spin: every model in tests/models/ as it is, in all of its states,
# and with each thing wrong in it that would let an unload go by a user, which spin must find.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/tap.sh

export build=$PWD/build/models

# cases VERDICT: a line each, the model and what is defined in it
cases() {
	case $1 in
	right) cat <<-'END' ;;
		speculative_get
		speculative_get WEAK
		speculative_get NOT_RELEASED
		speculative_get GETS_FIRST
		speculative_get ONE_COUNT
		speculative_get NO_LOCK
		percpu_live
		percpu_live WEAK
		percpu_live ONE_COUNT
		percpu_rcu
		percpu_rcu WEAK
		percpu_rcu GETS_FIRST
		trylock_percpu
		trylock_percpu WEAK
		trylock_percpu GETS_FIRST
		active_ref
		active_ref WEAK
		refcount
		refcount WEAK
		hazptr
		hazptr WEAK
		hazptr IPI
		hazptr IPI WEAK
		revocable
		revocable WEAK
		revocable LISTED
		revocable LISTED WEAK
	END
	wrong) cat <<-'END' ;;
		speculative_get NO_GET_BARRIER
		speculative_get NO_CHECK_BARRIER
		speculative_get NO_STATE_TEST
		speculative_get SLOW_GETS
		speculative_get STATE_LATE
		speculative_get NO_LOCK GETS_FIRST
		speculative_get NO_LOCK ONE_COUNT
		speculative_get WEAK NOT_RELEASED
		percpu_live NO_STATE_TEST
		percpu_live NO_STOP
		percpu_live STOP_INSIDE
		percpu_live STOP_UNDRAINED
		percpu_live PREEMPTIBLE
		percpu_rcu NO_STATE_TEST
		percpu_rcu NO_GRACE_PERIOD
		percpu_rcu PREEMPTIBLE
		percpu_rcu NOT_CLOSED
		percpu_rcu CLOSED_LATE
		percpu_rcu WEAK NOT_RELEASED
		trylock_percpu NO_TRYLOCK
		trylock_percpu IGNORED
		trylock_percpu COUNT_LATE
		trylock_percpu SUM_UNLOCKED
		trylock_percpu LET_GO_EARLY
		trylock_percpu WEAK NOT_RELEASED
		active_ref NO_BIAS_TEST
		active_ref TEST_APART
		active_ref NO_WAIT
		active_ref STORED
		active_ref WEAK NOT_RELEASED
		refcount NO_GRACE_PERIOD
		refcount GRACE_FIRST
		refcount GRACE_LAST
		refcount NO_SECTION
		refcount NO_COUNT
		refcount NO_WAIT
		refcount SIGNAL_INSIDE
		refcount WEAK NOT_RELEASED
		hazptr NO_SECOND_LOOK
		hazptr NO_CHECK_BARRIER
		hazptr NO_WAIT
		hazptr WEAK NOT_RELEASED
		hazptr IPI NO_INTERRUPT
		hazptr IPI PREEMPTIBLE
		revocable POINTER_LATE
		revocable NO_POINTER_TEST
		revocable NO_GRACE_PERIOD
		revocable NO_CHECK_BARRIER
		revocable NO_GET_BARRIER
		revocable GETS_FIRST
		revocable WEAK NO_PUT_BARRIER
		revocable LISTED POINTER_LATE
		revocable LISTED NO_GRACE_PERIOD
		revocable LISTED NO_LOCK
		revocable LISTED WEAK NO_PUT_BARRIER
	END
	esac
}

# search MODEL DEFINED...: what spin's verifier says, in a file. It looks for assertions that do not hold and for
# processes that wait forever; where something is wrong on purpose, for the former alone.
search() {
	local name=$* model=$PWD/tests/models/$1.pml dir options=()
	dir=$build/${name// /-}
	shift
	[ "$verdict" = right ] || options=(-E)
	rm -rf "$dir"
	mkdir -p "$dir"
	cd "$dir"
	{
		spin -a "${@/#/-D}" "$model" && gcc -DSAFETY -o pan pan.c &&
			timeout 900 ./pan -m100000 "${options[@]}"
	} >log 2>&1 || true
	rm -f pan pan.[a-z]
}
export -f search

# What is wrong with a search of all states that should have found nothing.
not_right() {
	grep -q 'errors: 0$' "$1" || echo "no end without errors: $(grep -m 1 -E '^pan:1|rror' "$1")"
	grep -E '^(Warning|error): |not completed' "$1" || true
	# An assertion, or an unload that succeeded, in a place that was never reached.
	sed -n '/^unreached/,$p' "$1" | grep -E 'assert\(|gone = ' || true
}

not_wrong() {
	grep -q '^pan:1: assertion violated' "$1" || grep -m 1 -E 'errors: |rror' "$1" || echo "no search"
}

is "every model is checked as it is" "$(basename -s .pml -a tests/models/*.pml | grep -v '^machine$')" \
	"$(cases right | sed 's/ .*//' | sort -u)"
for verdict in right wrong; do
	export verdict
	# shellcheck disable=SC2016 # for the inner shell
	cases $verdict | xargs -P "$(nproc)" -I{} bash -c 'set -- {}; search "$@"'
	while read -r model defined; do
		log="$build/$model${defined:+ $defined}"
		log=${log// /-}/log
		is "$model${defined:+ with $defined} is $verdict" "" "$(not_$verdict "$log")"
		sed -n 's/^ *\([0-9]*\) states, stored.*/# \1 states/p' "$log"
	done < <(cases $verdict)
done

tap_done
