#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What docs/schemes.md and README.md say of figures, against the committed RESULTS-tables.md. One that was written
# again here, on whatever machine this is, is not what the documentation speaks of. And these files against the data
# that they were made of.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/tap.sh

results=RESULTS-tables.md
[ $# = 0 ] || results=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
if [ $# = 0 ] && git rev-parse --git-dir >/dev/null 2>&1; then
	results=$dir/committed.md
	git show HEAD:RESULTS-tables.md >"$results"
fi

# cell SECTION SCHEME COLUMN: of the first table with that scheme under that heading
cell() {
	awk -F'|' -v section="$1" -v scheme="\`$2\`" -v column="$3" '
		/^##/ { inside = index($0, "# " section) == 2 || index($0, "# " section) == 3 }
		inside && $2 ~ "^ *" scheme " *$" { gsub(/[ x]/, "", $(column + 1)); sub(/\(.*/, "", $(column + 1))
			if ($(column + 1) ~ /^[0-9.]+$/) print $(column + 1)
			exit }' "$results"
}
insn() { cell Instructions "$1" 2; }
growth() { cell "All schemes" "$1" 6; }
gate_idle() { cell Unloading "$1" 2; }

# holds WHAT EXPRESSION: of awk; numbers that are missing do not pass
holds() {
	local status=0
	awk "BEGIN { exit !($2) }" </dev/null 2>/dev/null || status=1
	tap_result $status "$1" "$2"
}

flat="percpu_live percpu_atomic percpu_array percpu_alloc speculative_get percpu_ref percpu_rwsem srcu rcu"
live=$(insn percpu_live) kref=$(insn kref) tmg=$(insn try_module_get) empty=$(insn empty)

holds "percpu_live: three instructions over percpu_inc and the state test" \
	"$live - $(insn percpu_inc) - ($(insn state_test) - $empty) == 3"
holds "percpu_live: at most four, as was set out to reach" "$live - $(insn percpu_inc) - ($(insn state_test) - $empty) <= 4"
for scheme in $flat; do
	holds "$scheme is flat" "$(growth "$scheme") <= 1.5"
done
holds "percpu_live: of the counts, the most expensive gate when idle" "$(gate_idle percpu_live) > 3 * $(gate_idle kref) && $(gate_idle percpu_live) > 3 * $(gate_idle global_lock)"
holds "percpu_alloc: as many instructions as percpu_live" "$(insn percpu_alloc) == $live"
holds "an array takes more" "$(insn percpu_array) > $live && $(insn percpu_atomic) > $live"
holds "speculative_get: four more than percpu_live" "$(insn speculative_get) - $live == 4"
holds "speculative_get: a far cheaper gate when idle" "$(gate_idle speculative_get) * 10 < $(gate_idle percpu_live)"
holds "trylock_percpu: more than try_module_get" "$(insn trylock_percpu) > $tmg"
holds "percpu_ref: three times percpu_live" "$(insn percpu_ref) / $live > 2.5 && $(insn percpu_ref) / $live < 3.5"
holds "try_module_get: over three times percpu_live" "$tmg > 3 * $live"
holds "global_lock: fewer than try_module_get" "$(insn global_lock) < $tmg"
holds "interface_count: fewer than try_module_get" "$(insn interface_count) < $tmg"
for scheme in $(awk -F'|' '/^## Instructions/ { inside = 1; next } /^## / { inside = 0 } inside && $2 ~ /`/ { gsub(/[ `]/, "", $2); print $2 }' "$results"); do
	[ "$scheme" = module_rwsem ] || holds "module_rwsem takes more than $scheme" "$(insn module_rwsem) > $(insn "$scheme")"
done
holds "kref: as many as refcount" "$kref == $(insn refcount)"
holds "kref: eleven more than atomic_shared" "int($kref - $(insn atomic_shared)) == 11"
holds "object_exit1: as many as atomic_shared" "$(insn object_exit1) == $(insn atomic_shared) && $(insn object_exit2) == $(insn atomic_shared)"
holds "kobject and lockref: more than kref" "$(insn kobject) > $kref && $(insn lockref) > $kref"
holds "the ways of waiting cost what kref costs" "$(insn release_wait) == $kref && $(insn release_count_before) == $kref && $(insn release_count_after) == $kref"
holds "active_ref: fewer than kref" "$(insn active_ref) < $kref"
holds "active_rwsem: over three times active_ref" "$(insn active_rwsem) > 3 * $(insn active_ref)"
holds "exit_release: kref and try_module_get, added" "$(insn exit_release) - ($kref + $tmg - $empty) < 2 && $(insn exit_release) - ($kref + $tmg - $empty) > -2"
holds "external_release: kref and active_ref, added" "$(insn external_release) == $kref + $(insn active_ref) - $empty"
holds "percpu_rwsem: about half of rwsem" "$(insn percpu_rwsem) < .6 * $(insn rwsem)"

rows=0
while IFS='|' read -r _ name net one two _; do
	name=${name#*\`} name=${name%%\`*} rows=$((rows + 1))
	is "README: $name" "$(awk "BEGIN { print $(insn "$name") - $empty }") $(cell "All schemes" "$name" 3) $(cell "All schemes" "$name" 5)" \
		"${net// /} ${one// /} ${two// /}"
done < <(grep '^| `' README.md | sed -n '/ns |$/d; /^| `[a-z_]*`.*| [0-9]* | [0-9.]* | [0-9.]* |$/p')
is "README: rows" 5 "$rows"

ok "results/reference is reported on" build/bin/refcost report results/reference -o "$dir/report" --figures plots/figures
for file in RESULTS.md RESULTS-tables.md; do
	ok "$file is made of it (after a change of the report: make results)" diff "$file" "$dir/report/$file"
done
ok "refcost compare takes it" build/bin/refcost compare results/reference results/reference
ok "... packed in 2 MiB at most" test "$(stat -c %s results/reference.tar.xz)" -le $((2 << 20))

tap_done
