#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The gate of instruction counts, held against copies of the stored ones: what it says and how it exits.
# Counts nothing, needs no root.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh

check=tests/check-instructions.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

exits "an unknown option" 64 "no option '--frob'" $check --frob
exits "a part of the schemes is no baseline" 64 "without -s" $check --store -s kref
exits "no modules" 1 "run make" env REFCOST_MODULES="$dir" $check --measured "$dir"

name=$($check --name)
baseline=tests/baselines/$name
if [ ! -d "$baseline" ]; then
	exits "no baseline" 4 "no baseline for $name.*STORE=1" $check --measured "$dir"
	tap_skip "the gate itself" "no baseline for $name"
	tap_done
	exit
fi

# changed NAME FILE SED: a copy of the baseline with FILE changed
changed() {
	cp -r "$baseline" "$dir/$1"
	sed -i "$3" "$dir/$1/$2"
}

changed same run.json ''
run_cmd $check --measured "$dir/same"
is "the same counts: exits 0" 0 "$status"
ok "... and says how many" grep -q '^[0-9]* counts as in ' <<<"$stdout"
changed fewer instructions.csv 's/^\(.,rwlock,lookup,0\),.*/\1,1.00/'
run_cmd $check --measured "$dir/fewer"
is "fewer instructions differ, too: exits 3" 3 "$status"
ok "... scheme, mode, both counts and the difference" grep -Eq '^rwlock +lookup +[0-9.]+ +1[.]00 +-[0-9.]+$' <<<"$stdout"
is "... and no other" 2 "$(wc -l <<<"$stdout")"
run_cmd $check --measured "$dir/fewer" -s kref
is "... not asked for: exits 0" 0 "$status"
changed missing instructions.csv '/,rwlock,/d'
sed -i '/"rwlock"/d' "$dir/missing/run.json"
run_cmd $check --measured "$dir/missing"
is "a scheme that is gone: exits 3" 3 "$status"
ok "... and is named" grep -q 'not counted: rwlock getput,rwlock lookup' <<<"$stdout"
changed new instructions.csv '$a1,brandnew,getput,0,2.00'
run_cmd $check --measured "$dir/new"
is "a scheme that is new: exits 0" 0 "$status"
ok "... and says so" grep -q 'not in the baseline: brandnew getput: .*STORE=1' <<<"$stdout"
changed other run.json 's/"version":"#1/"version":"#9/'
exits "another kernel of that name" 4 "unlike environments: kernel.version.*STORE=1" $check --measured "$dir/other"
changed cut instructions.csv '20,$d'
exits "counts that were cut short" 1 "cut short" $check --measured "$dir/cut"
exits "no counts" 1 "not a results directory" $check --measured "$dir/none"

tap_done
