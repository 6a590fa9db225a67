#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Print the release of the kernel that the modules are to be built for, of those whose headers are here: the
# running one, else the newest that is of no special flavour (a plain -amd64, not -rt-amd64 or -cloud-amd64),
# else the newest; nothing if there is none. kernel-release.sh FLAVOUR: the newest of that flavour (rt, ...).
# REFCOST_SYSROOT holds the tree, for tests.
set -euo pipefail

modules=${REFCOST_SYSROOT:-}/lib/modules
flavours='rt|cloud|lowlatency|debug|dbg'

# of_flavour FLAVOURS GREP-OPTION...: the releases that name one of them as a word, of those on stdin
of_flavour() {
	grep "${@:2}" -E -- "[-+.]($1)[0-9]*([-+.]|\$)" || true
}

releases=$(for build in "$modules"/*/build/Makefile; do
	[ ! -e "$build" ] || basename "${build%/build/Makefile}"
done | sort -V)
if [ $# -gt 0 ]; then
	releases=$(of_flavour "$1" <<<"$releases")
elif [ -e "$modules/$(uname -r)/build/Makefile" ]; then
	releases=$(uname -r)
else
	plain=$(of_flavour "$flavours" -v <<<"$releases")
	releases=${plain:-$releases}
fi
[ -z "$releases" ] || tail -n 1 <<<"$releases"
