#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Stored sample data from a real run: the report reads it, and every script draws a figure from it.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/tap.sh

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

ok "report reads the sample run" build/bin/refcost report tests/data/run -o "$dir/report"
ok "plots/render.sh draws it" plots/render.sh "$dir/report" "$dir/svg"
for script in plots/*.gp; do
	name=$(basename "$script" .gp)
	[ "$name" != style ] || continue
	svg=$dir/svg/$name.svg
	ok "$name.svg is there" test -s "$svg"
	ok "$name.svg is well-formed and can be drawn" rsvg-convert -o "$dir/$name.png" "$svg"
	ok "$name.svg has a white background" grep -qi 'fill *[:=] *"\?\(white\|#ffffff\|rgb(255, *255, *255)\)' "$svg"
	ok "$name.svg names a scheme" grep -q 'module_rwsem' "$svg"
	first=$(md5sum <"$svg")
	plots/render.sh "$dir/report" "$dir/svg" >/dev/null 2>&1 || true
	is "$name.svg comes out the same again" "$first" "$(md5sum <"$svg")"
done
for section in Headline Figures 'With the lookup' Unloading Validity Environment Method Limits Reproduce; do
	ok "RESULTS.md has a section $section" grep -q "^## $section" "$dir/report/RESULTS.md"
done
ok "RESULTS.md says in its first lines that it is emulated" \
	bash -c "head -6 '$dir/report/RESULTS.md' | grep -q 'emulated machine'"

cp "$dir/report/label.txt" "$dir/label.txt"
echo 'scheme floor cpus ns ns_lo ns_hi oversubscribed' >"$dir/scaling.dat"
run_cmd plots/render.sh "$dir" "$dir/none"
ok "a figure without data is an error" test "$status" != 0
ok "... and leaves no file" test ! -e "$dir/none/scaling.svg"

tap_done
