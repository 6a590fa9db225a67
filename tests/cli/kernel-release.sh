#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Which kernel the modules are built for, of those that a made-up machine has headers of.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export REFCOST_SYSROOT=$dir/machine PATH=$dir/bin:$PATH
mkdir "$dir/bin"

# machine RUNNING RELEASE...: one that runs the first and has headers of the others
machine() {
	local release
	printf '#!/bin/sh\necho %s\n' "$1" >"$dir/bin/uname"
	chmod +x "$dir/bin/uname"
	rm -rf "${REFCOST_SYSROOT:?}"
	for release in "${@:2}"; do
		mkdir -p "$REFCOST_SYSROOT/lib/modules/$release/build"
		touch "$REFCOST_SYSROOT/lib/modules/$release/build/Makefile"
	done
}

# chooses WHAT WANT [FLAVOUR]
chooses() {
	is "$1" "$2" "$(tools/kernel-release.sh "${@:3}")"
	[ $# -gt 2 ] || is "... and so do guests" "$2" "$(. guest/lib.sh && default_release)"
}

machine 6.1.0-9-amd64
chooses "no headers at all: nothing" ""
chooses "... of a flavour neither" "" rt
mkdir -p "$REFCOST_SYSROOT/lib/modules/6.1.0-9-amd64/kernel"
chooses "modules without headers: nothing" ""

machine 6.1.0-9-amd64 6.1.0-9-amd64 6.1.0-56-amd64 6.1.0-56-rt-amd64
chooses "the running kernel is first" 6.1.0-9-amd64
machine 6.1.0-9-rt-amd64 6.1.0-9-rt-amd64 6.1.0-56-amd64
chooses "... whatever its flavour" 6.1.0-9-rt-amd64

machine 6.6.1 6.1.0-9-amd64 6.1.0-56-amd64 6.1.0-56-rt-amd64 6.1.0-57-cloud-amd64
chooses "the newest plain one, not a newer of another flavour" 6.1.0-56-amd64
chooses "the newest real-time one, if asked for" 6.1.0-56-rt-amd64 rt
machine 6.6.1 6.12.117+deb12-amd64 6.12.117+deb12-rt-amd64 6.1.0-56-amd64 6.9.10+bpo-cloud-amd64
chooses "numbers are compared as such" 6.12.117+deb12-amd64
machine 6.6.1 6.1.0-56-arm64 6.1.0-57-rt-arm64 6.1.0-57-cloud-arm64
chooses "on another architecture" 6.1.0-56-arm64
machine 6.6.1 6.1.90-rt30 6.1.88-rc3 5.15.0-91-generic 5.15.0-92-lowlatency
chooses "a candidate for a release is no flavour" 6.1.88-rc3
chooses "a numbered flavour is one" 6.1.90-rt30 rt

machine 6.6.1 6.1.0-56-rt-amd64 6.1.0-57-cloud-amd64
chooses "flavours are better than nothing" 6.1.0-57-cloud-amd64

tap_done
