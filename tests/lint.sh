#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# How the sources are kept: formatting, shellcheck, SPDX lines. tests/kernel-style.sh has the kernel's own checks.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/tap.sh

# In a checkout only what is tracked counts; an exported tree has nothing else.
sources() {
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files -- "$@"
	else
		find . -path ./build -prune -o -path ./results -prune -o -type f -print | sed 's|^\./||' |
			grep -E "$(printf '%s|' "$@" | sed 's/\*\./\\./g; s/|$//; s/|/$|/g; s/$/$/')"
	fi
}

mapfile -t c < <(sources '*.c' '*.h')
mapfile -t sh < <(sources '*.sh' '.ci/run' 'guest/init' 'completions/refcost')

ok "C is formatted (make format)" clang-format --dry-run -Werror "${c[@]}"
ok "shellcheck has nothing to say" shellcheck -S warning -x "${sh[@]}"
is "every C file begins with its licence" "" "$(for f in "${c[@]}"; do
	head -n 1 "$f" | grep -q SPDX-License-Identifier || echo "$f"
done)"

tap_done
