#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Print build/version.h: which sources and which tools a build was made of.
set -euo pipefail

first_line() {
	"$@" 2>/dev/null | head -n 1 || true
}

revision=$(git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)
printf '#define REFCOST_VERSION "%s"\n' "$revision"
printf '#define REFCOST_TOOLS "%s"\n' \
	"$(first_line "${CC:-gcc}" --version); $(first_line "${CLANG:-clang}" --version); libbpf $(first_line pkg-config --modversion libbpf)"
