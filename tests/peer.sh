#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Does refcost say of the kernel's primitives what the kernel's own refscale says? refscale comes out of the
# distribution's source of Linux 6.1 and is built under build/peer, for this alone. Both run in turns in one guest, and
# once more where the clock counts instructions. Ends with "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/suite.sh

unset MAKEFLAGS MAKEOVERRIDES MAKELEVEL
tools/deps.sh build headers guest peer
release=${KRELEASE:-$(tools/kernel-release.sh)}
case $release in
6.1.*) ;;
*)
	echo "refscale is that of Linux 6.1, and these headers are of $release: give a KRELEASE that is" >&2
	exit 4
	;;
esac
make -j"$(nproc)" KRELEASE="$release" refcost kmod
guest/fetch.sh "$release"

dir=$PWD/build/peer
rm -rf "$dir"
mkdir -p "$dir/refscale" "$dir/results"
tar -xJf /usr/src/linux-source-6.1.tar.xz -C "$dir/refscale" --strip-components=2 \
	linux-source-6.1/kernel/{torture.c,rcu/refscale.c,rcu/rcu.h}
cat >"$dir/refscale/Kbuild" <<'END'
obj-m := refscale.o
refscale-y := rcu/refscale.o torture.o
ccflags-y := -I$(src)
END
make -s -C "/lib/modules/$release/build" M="$dir/refscale" CONFIG_DEBUG_INFO_BTF_MODULES= modules

# peers NAME OPTION...: in a guest of this kind
peers() {
	suite "$1" 960 guest/boot.sh --release "$release" "${@:2}" --deadline 900 --share "$dir/results" \
		--log "$dir/$1.console" -- tests/guest/peer.sh "$dir/results" "$1" "$dir/refscale/refscale.ko"
	grep '^# ' "$logs/$1.log" || true
}
peers peer-instructions --icount
peers peer-times --cpus 2
suites_done
