#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Print "kvm", or "tcg" and why. That /dev/kvm opens is no proof: on some machines a KVM guest
# never leaves the firmware. So one is booted, and the answer kept until this machine reboots.

# shellcheck disable=SC2154 # what lib.sh sets
set -euo pipefail
# shellcheck source=guest/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

limit=5 # seconds; where KVM works user space is up in about one

stop_probe()
{
	{
		[[ -z $pid ]] || kill -KILL "$pid" || true
		wait
	} 2>/dev/null
	rm -rf "$probe"
}

# probe_kvm RELEASE: does a guest's init run under KVM? If not, say why in $why
probe_kvm()
{
	local end

	qemu_base "$1" kvm 1 256 "$probe/console"
	qemu_share guest "$probe"
	"${qemu[@]}" -append "$qemu_append" </dev/null >"$probe/qemu.log" 2>&1 &
	pid=$!
	end=$((SECONDS + limit))
	while kill -0 "$pid" && ((SECONDS < end)); do
		[[ ! -e $probe/up ]] || return 0
		sleep 0.1
	done 2>/dev/null
	if kill -0 "$pid" 2>/dev/null; then
		why="KVM did not reach user space in $limit s"
	else
		why=$(sed -n '1s/^[^ ]*: error: //p' "$probe/qemu.log")
		why="KVM failed: ${why:-its guest went down}"
	fi
	return 1
}

if [[ ${1:-} == --help || ${1:-} == -h ]]; then
	echo "Usage: guest/accel.sh [RELEASE]   print kvm, or tcg and why KVM will not do"
	exit 0
fi
release=${1:-$(default_release)}
check_release "$release"
[[ -e $guest_out/$release/initramfs.cpio.gz ]] || die "run guest/fetch.sh $release first"

boot_id=$(</proc/sys/kernel/random/boot_id)
read -r known answer 2>/dev/null <"$guest_out/accel" || known=
if [[ $known != "$boot_id" ]]; then
	pid=
	probe=$(mktemp -d "${TMPDIR:-/tmp}/refcost-probe.XXXXXX")
	trap stop_probe EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	if [[ ! -e /dev/kvm ]]; then
		answer="tcg there is no /dev/kvm"
	elif [[ ! -r /dev/kvm || ! -w /dev/kvm ]]; then
		answer="tcg no permission to open /dev/kvm"
	elif probe_kvm "$release"; then
		answer=kvm
	else
		answer="tcg $why"
	fi
	printf '%s %s\n' "$boot_id" "$answer" >"$probe/answer"
	mv "$probe/answer" "$guest_out/accel"
fi
echo "$answer"
