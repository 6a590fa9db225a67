#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Which kernel the modules are built for, of those that a made-up machine has headers of; and with which compiler.
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

# What kbuild of a made-up kernel is asked for.
unset MAKEFLAGS MAKEOVERRIDES MAKELEVEL
tree=$dir/tree
mkdir -p "$tree/include/config"
# shellcheck disable=SC2016 # for make
printf 'modules:\n\t@echo "LLVM is $(or $(LLVM),not set)"\n' >"$tree/Makefile"
build_for() {
	rm -rf "$dir/build"
	make -s kmod KDIR="$tree" B="$dir/build" "$@" 2>&1 | grep -v '^  KMOD' || true
}
echo CONFIG_CC_IS_GCC=y >"$tree/include/config/auto.conf"
is "a kernel that gcc built" "LLVM is not set" "$(build_for)"
echo CONFIG_CC_IS_CLANG=y >"$tree/include/config/auto.conf"
printf '#!/bin/sh\n' >"$dir/bin/ld.lld"
chmod +x "$dir/bin/ld.lld"
is "one that clang built" "LLVM is 1" "$(build_for)"
is "... LLVM= of the command line wins" "LLVM is -16" "$(build_for LLVM=-16)"
is "... also an empty one" "LLVM is not set" "$(build_for LLVM=)"
rm "$dir/bin/ld.lld"
mkdir "$dir/few"
for tool in sh env make cp rm printf grep mkdir touch cmp mv uname cat dirname basename sort tail clang; do
	ln -s "$(type -P $tool)" "$dir/few/"
done
is "... and no linker of its kind" "no ld.lld, and kernel 6.6.6 was built with LLVM: install clang and lld, or give LLVM=" \
	"$(PATH=$dir/bin:$dir/few build_for KRELEASE=6.6.6 | head -n 1)"

tap_done
