#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Draws every figure whose data are there. A figure that cannot be drawn leaves no file behind.
set -euo pipefail
export LC_ALL=C.UTF-8

plots=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tmp=
made=

usage()
{
	cat <<-EOF
	usage: render.sh DATDIR OUTDIR
	Draws OUTDIR/NAME.svg from DATDIR/NAME.dat by each plots/NAME.gp; prints what it wrote.
	The first line of DATDIR/label.txt says under every title how it was measured;
	a line "NAME TITLE" of DATDIR/titles.txt is the figure's title.
	EOF
}

fail()
{
	echo "render.sh: $1" >&2
	exit "${2:-1}"
}

# A gnuplot string in single quotes.
quote()
{
	printf "'%s'" "${1//\'/\'\'}"
}

# reason LOG DATA: the one line of gnuplot's chatter that says what was wrong; the figure's own
# verdict on its data goes before gnuplot's.
reason()
{
	grep -a -m1 -F "$2: " "$1" || grep -a -v 'warning: ' "$1" | grep -m1 -E 'line [0-9]+: ' ||
		grep -a -m1 . "$1" || echo "gnuplot failed without a word"
}

# Whole, and with at least one drawn point. xmllint looks closer where it is installed.
check_svg()
{
	[[ $(grep . "$1" | tail -n 1) == "</svg>" ]] || { echo "the SVG is cut short"; return 1; }
	if command -v xmllint >/dev/null && ! xmllint --noout "$1" 2>/dev/null; then
		echo "the SVG is not well-formed"
		return 1
	fi
	grep -q "<use xlink:href='#gpPt" "$1" || { echo "no point was drawn"; return 1; }
}

# describe SVG TITLE: gnuplot names every figure "Gnuplot"
describe()
{
	local title=${2//&/&amp;}

	title=${title//</&lt;}
	TITLE=$title awk '!done && sub("<title>[^<]*</title>", "") {
			print "<title>" ENVIRON["TITLE"] "</title>"; done = 1; next } 1' "$1" >"$1.named"
	mv "$1.named" "$1"
}

# draw NAME DATDIR OUTDIR LABEL
draw()
{
	local name=$1 new=$tmp/$1.svg log=$tmp/$1.log args why claim

	claim=$(sed -n "s/^$name //p" "$2/titles.txt" 2>/dev/null || true)
	args="dir=$(quote "$plots"); data=$(quote "$2/$name.dat"); out=$(quote "$new"); "
	args+="label=$(quote "$4")"
	[[ -z $claim ]] || args+="; claim=$(quote "$claim")"
	if ! gnuplot -d -e "$args" "$plots/$name.gp" >"$log" 2>&1 </dev/null; then
		why=$(reason "$log" "$2/$name.dat")
	elif why=$(check_svg "$new"); then
		describe "$new" "${claim:-$name}"
		mv "$new" "$3/$name.svg"
		echo "$3/$name.svg"
		return 0
	fi
	# An older figure beside newer data would mislead.
	rm -f "$3/$name.svg"
	echo "render.sh: $name.svg not drawn: $why" >&2
	return 1
}

# The figures whose data are in the directory.
figures()
{
	local script name

	for script in "$plots"/*.gp; do
		name=$(basename "$script" .gp)
		[[ $name == style || ! -e $1/$name.dat ]] || echo "$name"
	done
}

clean_up()
{
	[[ -z $tmp ]] || rm -rf "$tmp"
	[[ -z $made ]] || rmdir "$made" 2>/dev/null || true
}

main()
{
	local datdir outdir label names name failed=0

	case "${1:-}" in -h | --help) usage; exit 0 ;; esac
	[[ $# -eq 2 ]] || { usage >&2; exit 64; }
	datdir=$1 outdir=$2
	command -v gnuplot >/dev/null ||
		fail "gnuplot is missing: install the package gnuplot-nox" 4
	[[ -d $datdir ]] || fail "$datdir is not a directory: give the one with the .dat files"
	[[ -s $datdir/label.txt ]] ||
		fail "$datdir/label.txt is missing or empty: it tells how this was measured"
	names=$(figures "$datdir")
	[[ $names ]] || fail "$datdir has no figure's data: make them with 'refcost report' first"
	label=$(head -n 1 "$datdir/label.txt")

	trap clean_up EXIT
	if [[ ! -e $outdir ]]; then
		mkdir -p "$outdir" 2>/dev/null || fail "cannot make $outdir: give another directory"
		made=$outdir
	fi
	# On the same file system, so that a figure appears whole or not at all.
	tmp=$(mktemp -d -p "$outdir" 2>/dev/null) ||
		fail "cannot write to $outdir: give another directory"
	for name in $names; do
		draw "$name" "$datdir" "$outdir" "$label" || failed=1
	done
	return $failed
}

main "$@"
