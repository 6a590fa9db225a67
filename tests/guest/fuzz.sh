#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Drawn calls of the device, see tests/guest/fuzz.c. tests/guest/fuzz.sh DIR [OPTION...]: as root in a guest;
# options are the fuzzer's, by default 60 seconds of it.
set -euo pipefail
cd "$(dirname "$0")/../.."

shift
# A floor has no unload side: less often than the others.
schemes=$(build/bin/refcost list --csv | awk -F, 'NR > 1 { for (i = $3 == "floor" ? 2 : 0; i < 3; i++)
	printf "%s%s", n++ ? "," : "", $1 }')
exec build/tests/guest/fuzz --modules "${REFCOST_MODULES:-build/kmod/$(uname -r)}" \
	--schemes "$schemes" "$@"
