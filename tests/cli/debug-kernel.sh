#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# When guest/debug-kernel.sh builds, and what: in a checkout whose make only says what it was asked for.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export PATH=$dir/bin:$PATH MADE=$dir/made
checkout=$dir/checkout
mkdir -p "$dir/bin" "$checkout/tools" "$checkout/build/debug-kernel/source"
cp -r guest "$checkout"
printf '#!/bin/sh\n' >"$checkout/tools/deps.sh"
printf '#!/bin/sh\necho 6.1-1\n' >"$dir/bin/dpkg-query"
cat >"$dir/bin/make" <<'END'
#!/bin/bash
for word; do
	case $word in
	O=*) tree=${word#O=} ;;
	KCONFIG_ALLCONFIG=*) fragment=${word#*=} ;;
	esac
done
echo "${@: -1}" >>"$MADE"
mkdir -p "$tree"/{arch/x86/boot,include/config}
ln -sfn "$2" "$tree/source"
case ${*: -1} in
allnoconfig) cp "$fragment" "$tree/.config" ;;
modules)
	touch "$tree/arch/x86/boot/bzImage"
	echo 6.1-refcost >"$tree/include/config/kernel.release"
	;;
esac
END
chmod +x "$dir"/bin/* "$checkout/tools/deps.sh"
echo 6.1-1 >"$checkout/build/debug-kernel/source.version"

# builds WHAT WANT: the last target of each make that it runs
builds() {
	: >"$MADE"
	run_cmd "$checkout/guest/debug-kernel.sh"
	is "$1" "$2, prints $checkout/build/debug-kernel/kasan/arch/x86/boot/bzImage" \
		"$(paste -sd ' ' "$MADE"), prints $stdout"
}

builds "it configures and builds" "allnoconfig modules"
builds "... once" ""
sed -i 's/^# /# Say it in other words: /' "$checkout/guest/debug.config"
builds "not again for a comment" ""
echo CONFIG_KPROBES=y >>"$checkout/guest/debug.config"
builds "an option is worth another build" "allnoconfig modules"
mv "$checkout" "$dir/elsewhere"
checkout=$dir/elsewhere
builds "a checkout that was moved keeps its kernel, and finds the source" "outputmakefile"
ok "... which is here" test "$checkout/build/debug-kernel/kasan/source" -ef "$checkout/build/debug-kernel/source"

tap_done
