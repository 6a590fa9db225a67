#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What is installed: a man page and completions for every command and option, put there and taken away
# again by make, and packed by make dist.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/tap.sh

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
refcost=$PWD/build/bin/refcost
release=$(tools/kernel-release.sh)

# What --help says, by other means than the completion's.
commands=$("$refcost" --help | awk '/^Examples/ { exit } /^  [a-z]/ { print $1 }')
options() { "$refcost" "$1" --help | grep -oE '^ {2,6}(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '--?[a-zA-Z][a-z-]*'; }

# the words of a page, dashes as they are printed
plain() { sed 's/\\f[BIRP]//g; s/\\-/-/g' "$1"; }

# complete WORD..: what the last word can become
complete_words() {
	# shellcheck disable=SC2016 # for the other shell
	bash -c '. completions/refcost; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _refcost; printf "%s\n" "${COMPREPLY[@]}"' - \
		"$refcost" "$@" 2>/dev/null
}
completes() { is "completion: $1" "$2" "$(complete_words "${@:3}" | LC_ALL=C sort | paste -sd' ')"; }

for command in $commands; do
	page=$(find docs -name "refcost-$command.[18]")
	ok "$command has a man page" test -s "$page"
	[ -n "$page" ] || continue
	ok "refcost(1) names it" grep -q "refcost\\\\-$command (${page##*.})" docs/refcost.1
	text=$(plain "$page")
	is "its man page has every option" "" "$(for option in $(options "$command"); do
		grep -qE -e "(^|[^-a-z])$option([^-a-z]|\$)" <<<"$text" || echo "$option"
	done)"
	is "its completion has every option" "" "$(LC_ALL=C comm -23 <(options "$command" | LC_ALL=C sort) \
		<(complete_words "$command" - | sed 's/=$//' | LC_ALL=C sort))"
done
if command -v groff >/dev/null; then
	for page in docs/*.[18]; do
		is "$page is what groff takes" "" "$(groff -man -Tutf8 -ww -z "$page" 2>&1)"
	done
else
	tap_skip "man pages are what groff takes" "there is no groff"
fi
if command -v mandoc >/dev/null; then
	is "man pages are what mandoc takes" "" "$(mandoc -T lint -W warning docs/*.[18] 2>&1 || true)"
else
	tap_skip "man pages are what mandoc takes" "there is no mandoc"
fi
for page in docs/*.[18]; do
	# a prompt, and under it what the command printed
	ok "$page has an example with its output" awk '/^\.SH/ { inside = /EXAMPLES/ } /^\.nf/ { seen = 0 } /^\.fi/ { seen = 0 }
		inside && seen && /^ *[^ #$.]/ { found = 1 } inside && /^ *[#$] refcost/ { seen = 1 } END { exit !found }' "$page"
	ok "... and says how to report bugs" grep -q '^\.SH REPORTING BUGS' "$page"
done
is "pages refer to pages that are there" "" "$(for page in docs/*.[18]; do
	plain "$page" | sed 's/^\.[A-Z]* //' | grep -oE 'refcost-[a-z]+ ?\([0-9]\)' | tr -d ' ' | while IFS='(' read -r name section; do
		[ -e "docs/$name.${section%)}" ] || echo "$page: $name($section"
	done
done)"
is "so do bench.sh and the documents" "" "$(grep -ohE 'refcost-[a-z]+\([0-9]\)' bench.sh README.md docs/*.md docs/*.json userspace -r |
	while IFS='(' read -r name section; do [ -e "docs/$name.${section%)}" ] || echo "$name($section"; done)"

is "completion: commands" "$(printf '%s\n' $commands --help --version | LC_ALL=C sort)" "$(complete_words '' | LC_ALL=C sort)"
is "completion: schemes" "$("$refcost" list --names | LC_ALL=C sort)" "$(complete_words run -s '' | LC_ALL=C sort)"
completes "more schemes" "kref,rwlock kref,rwsem" run -s kref,rw
completes "each scheme once" "kref,refcount" unload --schemes = kref,refc
completes "modes" "getput,lookup" run --mode = getput,
completes "events" "cycles,cache-misses cycles,cache-references" run --counters = cycles,cache
completes "events of a comparison" "cycles,cache-misses cycles,cache-references" compare --counters = cycles,cache
completes "what to compare" "times,unloads" compare --only times,u
completes "no event without an equals sign" "" run --counters cyc
completes "a value that nobody knows" "" run -b ''
completes "a long option that takes a value" "--timeout=" unload --tim
completes "a results directory" "docs" report doc
completes "no directory where none is taken" "" list doc
ok "completion: a command to trace" grep -qx true <<<"$(complete_words trace -- tru)"

root=$dir/root
files() { find "$root" ! -type d -printf '%P\n' | LC_ALL=C sort; }
mkdir -p "$root/usr/share/man/man1"
echo "of an earlier release" >"$root/usr/share/man/man1/refcost-run.1"
ok "make install" make -s install DESTDIR="$root" prefix=/usr KRELEASE="$release"
is "it installs the command, the modules, man pages, completion and plots" \
	"$({
		printf '%s\n' usr/bin/refcost usr/share/bash-completion/completions/refcost \
			"lib/modules/$release/extra/refcost.ko" "lib/modules/$release/extra/refcost_victim.ko"
		printf 'usr/share/refcost/%s\n' plots/render.sh plots/*.gp plots/*.inc
		for page in docs/*.[18]; do echo "usr/share/man/man${page##*.}/$(basename "$page")"; done
	} | LC_ALL=C sort)" "$(files)"
ok "what is installed runs" "$root/usr/bin/refcost" --version
ok "make uninstall" make -s uninstall DESTDIR="$root" prefix=/usr KRELEASE="$release"
is "it leaves nothing" "" "$(files)"

if git rev-parse HEAD >/dev/null 2>&1; then
	revision=$(git rev-parse --short=12 HEAD)
	ball=build/refcost-$revision.tar.gz
	ok "make dist" make -s dist
	cp "$ball" "$dir/first.tar.gz"
	make -s dist
	ok "it packs the same again" cmp "$ball" "$dir/first.tar.gz"
	tar -xzf "$ball" -C "$dir"
	is "it packs what git has" "$(git ls-tree -r --name-only HEAD | LC_ALL=C sort)" \
		"$(cd "$dir/refcost-$revision" && find . -type f -printf '%P\n' | LC_ALL=C sort)"
	# Objects of the same sources are there already: what names the revision is compiled, and all is linked.
	mkdir "$dir/refcost-$revision/build"
	cp -r build/userspace build/bpf "$dir/refcost-$revision/build/"
	ok "what it packs builds" make -s -C "$dir/refcost-$revision" refcost
	is "... and knows its revision" "refcost $revision" "$("$dir/refcost-$revision/build/bin/refcost" --version)"
else
	tap_skip "make dist" "this is no checkout"
fi

tap_done
