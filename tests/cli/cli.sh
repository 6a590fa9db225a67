#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The command line, as anybody may use it: help, errors, exit codes. Loads nothing, needs no root.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh

refcost=build/bin/refcost
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# What needs root is tried without it.
unprivileged() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}

ok "help" "$refcost" --help
ok "version" "$refcost" --version
for command in list run unload report doctor; do
	run_cmd "$refcost" $command --help
	is "$command --help exits 0" 0 "$status"
	case $command in
	doctor) ;;
	*) ok "$command --help ends with examples" grep -q Examples: <<<"$stdout" ;;
	esac
done

run_cmd "$refcost" list
is "list exits 0 without root" 0 "$status"
for scheme in empty percpu_inc atomic_private atomic_shared try_module_get percpu_live kref rwsem \
	global_lock interface_count object_exit1 object_exit2 module_rwsem active_ref refcount kobject \
	lockref percpu_ref rwlock percpu_rwsem srcu rcu; do
	ok "list has $scheme" grep -q "^$scheme " <<<"$stdout"
done
is "list -n prints names alone" "$(sed 1d <<<"$stdout" | cut -d' ' -f1)" "$("$refcost" list -n)"

exits "no command" 64 'Usage' "$refcost"
exits "unknown command" 64 "no command 'frob'.*use" "$refcost" frob
exits "unknown option" 64 'unrecognized' "$refcost" run --frob
exits "stray argument" 64 "know what to do with 'frob'" "$refcost" run frob
exits "unknown scheme lists the valid ones" 64 "no scheme 'frob'.*kref.*module_rwsem" \
	"$refcost" run -s kref,frob
exits "unload knows no floors" 64 "no scheme 'empty'.*try_module_get" "$refcost" unload -s empty
exits "a scheme twice" 64 "kref,kref" "$refcost" run -s kref,kref
exits "unknown mode" 64 "no mode 'frob'" "$refcost" run --mode frob
exits "floors have no lookup" 64 "floors" "$refcost" run -s empty --mode lookup
for value in 0 -1 huge 99999999999999999999 1.5 '' 3x; do
	exits "run -b '$value'" 64 "blocks" "$refcost" run -b "$value"
	exits "run --window '$value'" 64 "window" "$refcost" run --window "$value"
	exits "run -c '$value'" 64 "cpus" "$refcost" run -c "$value"
	exits "unload -n '$value'" 64 "cycles" "$refcost" unload -n "$value"
done
exits "more CPUs than there are" 64 "only [0-9]+ CPUs" "$refcost" run -c 4000
exits "an absent CPU" 64 "CPU 4000 is absent" "$refcost" run --cpu-list 4000
exits "hold too long" 64 "hold" "$refcost" run --hold 1s
exits "objects out of range" 64 "objects" "$refcost" run --objects 5000
exits "rate zero" 64 "rate" "$refcost" unload --rate 0
exits "unknown arm" 64 "no arm" "$refcost" unload --arms frob
exits "unknown mechanism" 64 "no mechanism" "$refcost" unload --mechanism frob

chmod 755 "$dir"
cp "$refcost" "$dir/refcost"
export REFCOST_MODULES
REFCOST_MODULES=$PWD/build/kmod/$(tools/kernel-release.sh)
cp "$REFCOST_MODULES/refcost.ko" "$dir/"
REFCOST_MODULES=$dir
exits "run without root" 1 "needs root: sudo" unprivileged "$dir/refcost" run
exits "unload without root" 1 "needs root: sudo" unprivileged "$dir/refcost" unload
REFCOST_MODULES=$dir/none exits "no modules built" 4 "run make" "$refcost" list
unset REFCOST_MODULES

exits "report without a directory" 64 "results directory" "$refcost" report
exits "report on what is none" 1 "not a results directory" "$refcost" report "$dir"
echo '{"schema": 1, "run"' >"$dir/run.json"
exits "report on a torn run.json" 1 "not JSON" "$refcost" report "$dir"
echo '{"schema": 99}' >"$dir/run.json"
exits "report on another schema" 1 "schema" "$refcost" report "$dir"
echo '{"schema": 1}' >"$dir/run.json"
exits "report on nothing measured" 1 "no sample" "$refcost" report "$dir"

run_cmd "$refcost" doctor
ok "doctor exits 0 or 4" test "$status" = 0 -o "$status" = 4
ok "doctor names a command for everything that lacks" \
	awk '/^  lacks/ && !/apt-get|make|bench.sh|CONFIG/ { bad = 1 } END { exit bad }' <<<"$stdout"

exits "bench.sh: unknown option" 64 "no option '--frob'.*--help" ./bench.sh --frob
exits "bench.sh: bad number" 64 "cpus 'x'" ./bench.sh --cpus x
exits "bench.sh: --resume of nothing" 64 "no results directory" ./bench.sh --resume "$dir/none"
exits "bench.sh: --instructions on the host" 64 "needs a guest" ./bench.sh --host --instructions
exits "bench.sh --host without root" 1 "needs root" unprivileged ./bench.sh --host
ok "bench.sh --help" ./bench.sh --help

tap_done
