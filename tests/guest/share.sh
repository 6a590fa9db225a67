#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A share of the guest: files come out whole however they were appended to, and programs run from it.
# tests/guest/share.sh DIR: run inside the guest, DIR is the share's
# tests/guest/share.sh --look DIR: what came out of it, on the host
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh

n=200
ways="opened kept blocks cut"

# wanted WAY: what the file of that name is to hold
wanted() {
	case $1 in
	kept) seq -f 'row %.0f of one' $n && seq -f 'row %.0f of another' $n ;;
	*) seq -f 'row %.0f, longer by and by' $n | awk '{ printf "%s %.*s\n", $0, NR % 97, sprintf("%97s", "") }' ;;
	esac
}

# Each row by one who opens the file for it alone.
append_opened() {
	local row
	wanted opened | while IFS= read -r row; do printf '%s\n' "$row" >>"$dir/opened"; done
}

# Two who keep it open, at once.
append_kept() {
	local who pids=()
	for who in one another; do
		seq -f "row %.0f of $who" $n | awk '{ print; fflush() }' >>"$dir/kept" &
		pids+=($!)
	done
	wait "${pids[@]}"
}

# Blocks that end anywhere, each by another process.
append_blocks() {
	local i
	for ((i = 0; i < n; i += 40)); do
		wanted blocks | sed -n "$((i + 1)),$((i + 40))p" >>"$dir/blocks"
	done
}

# As a results file is gone on with: it is read, half a row is cut off, more is added to what stays open
# while the system writes back.
append_cut() {
	wanted cut | sed -n "1,$((n / 2))p" >"$dir/cut"
	printf 'half a r' >>"$dir/cut"
	# shellcheck disable=SC2016 # for perl
	wanted cut | tail -n +$((n / 2 + 1)) | perl -MIO::Handle -e '
		open(my $f, "+>>", shift) or die;
		$f->autoflush;
		seek($f, 0, 0);
		while (<$f>) { $whole += length if /\n$/ }
		truncate($f, $whole);
		while (<STDIN>) { print $f $_; system("sync") if $. % 40 == 0 }' "$dir/cut"
}

# ordered WAY: rows of those who write at once come in any order
ordered() {
	if [ "$1" = kept ]; then sort; else cat; fi
}

look() {
	local way
	for way in $ways; do
		is "$way: what was appended is whole, $1" "$(wanted $way | ordered $way | cksum)" "$(ordered $way <"$dir/$way" | cksum)"
	done
}

if [ "$1" = --look ]; then
	dir=$2
	look "on the host"
	tap_done
	exit
fi
dir=$1
mkdir -p "$dir"
for way in $ways; do
	rm -f "$dir/$way"
	append_$way
done
look "in the guest"
cp build/bin/refcost "$dir/program"
ok "a program of the share runs" "$dir/program" --version
tap_done
