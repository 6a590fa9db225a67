#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Print the release of the kernel that the modules are to be built for: the running one if its headers
# are here, else the newest one whose headers are; nothing if there is none.
set -euo pipefail

running=$(uname -r)
if [ -e "/lib/modules/$running/build/Makefile" ]; then
	echo "$running"
	exit
fi
for build in /lib/modules/*/build/Makefile; do
	[ ! -e "$build" ] || basename "${build%/build/Makefile}"
done | sort -V | tail -n 1
