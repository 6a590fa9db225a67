#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# report.html: one page, from stored results with made-up counts, the same every time, that a browser shows without a fault.
# tests/html.sh [RESULTS] takes another results directory than the sample, with its figures drawn.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/tap.sh
. tests/counted.sh

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
results=$dir/results
cp -r "${1:-tests/data/run}" "$results"
page=$results/report.html
md=$dir/all.md

[ -n "${1:-}" ] || counted "$results"
build/bin/refcost report "$results" >/dev/null
cat "$results"/report/RESULTS{,-tables}.md >"$md"
[ -n "${1:-}" ] || plots/render.sh "$results/report" "$results/figures" >/dev/null

# Nobody but the owner of the files is needed.
unprivileged() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}

# words <IN: markdown or HTML without its marks
words() { sed 's/<[^>]*>//g; s/[`*]//g; s/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&amp;/\&/g' | LC_ALL=C sort; }

# numbers <IN: every number with its interval, once
numbers() { grep -oE '[0-9.]+ \([0-9.]+\.\.[0-9.]+\)' | LC_ALL=C sort -u; }

SECONDS=0
ok "refcost report --html" build/bin/refcost report --html "$results"
ok "it takes 10 s at the most ($SECONDS s)" test $SECONDS -le 10
chmod -R a+rX "$dir"
mkdir -m 777 "$dir/others"
cp build/bin/refcost "$dir/refcost"
ok "refcost report --html without root" unprivileged "$dir/refcost" report --html "$results" -o "$dir/others/again.html"
ok "the page comes out the same again" cmp "$page" "$dir/others/again.html"
ok "it is well-formed" xmllint --noout "$page"
is "it fetches nothing" "" "$(grep -nEo '(src|href|data|action)="?(https?:)?//[^"]*|url\([^#)]*\)|@import' "$page" || true)"
is "every figure is in it" "$(find "$results/figures" -name '*.svg' -printf '%f\n' | sed 's/\.svg$//' | LC_ALL=C sort)" \
	"$(sed -n 's/^<figure class="plot" id="figure-\(.*\)">$/\1/p' "$page" | LC_ALL=C sort)"
is "every median of RESULTS.md is in it" "" "$(LC_ALL=C comm -23 <(numbers <"$md") <(numbers <"$page"))"
is "so is every heading" "$(sed -n 's/^##* //p' "$md" | words)" \
	"$(sed 's/<h[12]>/\n&/' "$page" | sed -n 's/^<h[1-3]>\(.*\)<\/h[1-3]>$/\1/p' |
		grep -vx -e Contents -e Explore -e 'Further figures' | words)"
ok "so is the environment" grep -q '"mitigations' <(sed 's/&quot;/"/g' "$page")

exits "html of no directory" 64 "give a results directory" build/bin/refcost report --html
exits "html of nothing" 1 "not a results directory" build/bin/refcost report --html "$dir/none"
exits "html where nothing can be written" 1 "cannot write $dir/none/x.html.new: No such" \
	build/bin/refcost report --html "$results" -o "$dir/none/x.html"
cp -r "$results" "$dir/bare"
rm "$dir"/bare/figures/scaling.svg
sed 's/unload/another/' "$results/figures/unload.svg" >"$dir/bare/figures/another.svg"
exits "a figure that is lacking is named" 0 "figures/scaling.svg is not there: .*render.sh" build/bin/refcost report --html "$dir/bare"
ok "... on the page as well" grep -q 'The figure scaling was not drawn' "$dir/bare/report.html"
ok "a figure that RESULTS.md does not know is shown too" grep -q '<figure class="plot" id="figure-another">' "$dir/bare/report.html"

if command -v chromium >/dev/null && command -v python3 >/dev/null; then
	tests/browser.py "$page" ${PICTURES:+"$PICTURES"} >"$dir/browser" || true
	cat "$dir/browser"
	lines=$(grep -cE '^(not )?ok ' "$dir/browser" || true)
	bad=$(grep -c '^not ok ' "$dir/browser" || true)
	tap_n=$((tap_n + lines)) tap_failed=$((tap_failed + bad))
	ok "the browser got to the end" grep -q 'nothing on the console' "$dir/browser"
else
	tap_skip "the page in a browser" "there is no chromium: tools/deps.sh browser installs it"
fi

tap_done
