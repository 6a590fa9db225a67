#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Print build/version.h: which sources and which tools a build was made of.
set -euo pipefail

first_line() {
	"$@" 2>/dev/null | head -n 1 || true
}

# `make dist` writes the revision in here; a checkout asks git.
archived='$Format:%H$'
case $archived in
'$'*) revision=$(git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown) ;;
*) revision=${archived:0:12} ;;
esac
printf '#define REFCOST_VERSION "%s"\n' "$revision"
printf '#define REFCOST_TOOLS "%s"\n' \
	"$(first_line "${CC:-gcc}" --version); $(first_line "${CLANG:-clang}" --version); libbpf $(first_line pkg-config --modversion libbpf)"
