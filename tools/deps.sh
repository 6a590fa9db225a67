#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Install what is missing, after naming it: tools/deps.sh [--no-install] SET...
# Sets: build (the command and the modules), headers (of any kernel), host-headers (of the running one),
# rt-headers (of a real-time kernel; never chosen where there are others),
# plot, perf, guest, test, browser (tests of report.html), tracers (what refcost trace is compared with),
# models (what `make check-models` needs), debug-kernel (what `make check-debug` builds one with), peer (what
# `make check-peer` compares with), style (what `make lint LINT=full` looks with). Knows apt; elsewhere it names what is wanted and fails.
set -euo pipefail

packages_of() {
	case $1 in
	build) echo gcc make libc6-dev pkg-config git libjson-c-dev libgsl-dev libhwloc-dev libkmod-dev \
		libmd4c-dev libbpf-dev libelf-dev zlib1g-dev clang bpftool ;;
	headers) have_headers || echo "linux-headers-$(dpkg --print-architecture)" ;;
	host-headers) [ -e "/lib/modules/$(uname -r)/build/Makefile" ] || echo "linux-headers-$(uname -r)" ;;
	rt-headers) [ -n "$("$(dirname "$0")/kernel-release.sh" rt)" ] || echo "linux-headers-rt-$(dpkg --print-architecture)" ;;
	plot) echo gnuplot-nox ;;
	tracers) echo bpftrace libbpf-tools ;;
	debug-kernel) echo gcc make libc6-dev linux-source-6.1 flex bison bc perl libelf-dev libssl-dev \
		xz-utils kmod cpio ;;
	style) echo linux-source-6.1 xz-utils perl sparse ;;
	models) echo spin gcc libc6-dev ;;
	peer) echo linux-source-6.1 xz-utils ;;
	perf) echo linux-perf ;;
	guest) echo qemu-system-x86 busybox-static cpio kmod ;;
	browser) echo chromium fonts-dejavu-core python3 ;;
	test) echo libcmocka-dev binutils groff-base mandoc librsvg2-bin libxml2-utils shellcheck clang-format util-linux linux-perf \
		strace libbpf-tools python3-jsonschema iproute2 e2fsprogs xfsprogs nftables iptables ;;
	*)
		echo "deps.sh: no set '$1'" >&2
		exit 64
		;;
	esac
}

have_headers() {
	[ -n "$("$(dirname "$0")/kernel-release.sh")" ]
}

# not_installed PACKAGE...: those of them
not_installed() {
	dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null | sed -n 's/ installed$//p' |
		grep -vxFf - <(printf '%s\n' "$@" | awk '!seen[$0]++') || true
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install=1
if [ "${1:-}" = --no-install ]; then
	install=0
	shift
fi
wanted=()
for set in "$@"; do
	mapfile -t -O "${#wanted[@]}" wanted < <(packages_of "$set" | tr ' ' '\n' | sed '/^$/d')
done
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "deps.sh: no apt here; make sure that you have what these Debian packages hold: ${wanted[*]}" >&2
	exit 0
fi
[ ${#wanted[@]} -gt 0 ] || exit 0
mapfile -t missing < <(not_installed "${wanted[@]}")
[ ${#missing[@]} -gt 0 ] || exit 0
if [ $install = 0 ]; then
	echo "missing packages: ${missing[*]}: apt-get install ${missing[*]}" >&2
	exit 4
fi
echo "installing missing packages: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
if ! { as_root apt-get -qq update && as_root apt-get -qq install -y --no-install-recommends "${missing[@]}"; } \
	>&2 </dev/null; then
	echo "deps.sh: could not install ${missing[*]}: install them by hand, then go on with --no-install" >&2
	exit 4
fi
