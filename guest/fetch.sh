#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Make build/guest/RELEASE: a stock Debian kernel, its modules, and an initramfs that mounts the
# host's root over 9p. Or the same with a kernel that was built here. Nothing is installed. Does
# nothing when all is there.

# shellcheck disable=SC2154 # what lib.sh sets
set -euo pipefail
# shellcheck source=guest/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage()
{
	cat <<-EOF
	Usage: guest/fetch.sh [RELEASE] | --kernel BZIMAGE
	Unpack Debian's linux-image-RELEASE under build/guest/RELEASE and make an initramfs for it.
	RELEASE is as uname -r prints it; default: what tools/kernel-release.sh prints.
	BZIMAGE is used as it is; it has what a 9p root needs built in.

	  REFCOST_KERNEL_DEB='FILE..'   unpack these packages rather than download them; newer
	                                releases need linux-base-*, -binary-*, -modules-*
	EOF
}

need()
{
	local tool

	for tool; do
		command -v "$tool" >/dev/null ||
			die "$tool not found; install it (${need_hint[$tool]})"
	done
}

declare -A need_hint=([dpkg-deb]="apt-get install dpkg" [cpio]="apt-get install cpio"
	[depmod]="apt-get install kmod" [busybox]="apt-get install busybox-static"
	[apt-get]="or give the package in REFCOST_KERNEL_DEB")

# fetch PACKAGE...: into $tmp
fetch()
{
	say "downloading $*"
	if ! (cd "$tmp" && apt-get -q download "$@" >apt.log 2>&1); then
		grep '^E:' "$tmp/apt.log" | head -n 1 >&2 || true
		die "cannot get $1: run 'apt-get update', or give REFCOST_KERNEL_DEB=FILE.deb"
	fi
}

# download: get the package into $tmp, and what newer releases split off from it
download()
{
	local parts

	need apt-get
	fetch "linux-image-$release"
	mapfile -t parts < <(dpkg-deb -f "$tmp"/linux-image-*.deb Depends | tr -s ', ' '\n' |
		grep -Ex "linux-(base|binary|modules)-${release//[.+]/[&]}")
	[[ -z ${parts[*]} ]] || fetch "${parts[@]}"
}

# unpack: the packages into $dst/root; appears whole or not at all
unpack()
{
	local debs deb new=$tmp/$release tree=$tmp/$release/root image

	[[ -e $dst/vmlinuz ]] && return
	read -ra debs <<<"${REFCOST_KERNEL_DEB:-}"
	if [[ -z ${debs[*]} ]]; then
		download
		debs=("$tmp"/*.deb)
	fi
	mkdir -p "$tree"
	for deb in "${debs[@]}"; do
		[[ -r $deb ]] || die "REFCOST_KERNEL_DEB: $deb cannot be read"
		dpkg-deb -x "$deb" "$tree" 2>"$tmp/dpkg.log" ||
			die "cannot unpack $deb: $(tail -n 1 "$tmp/dpkg.log")"
	done
	# Where /usr is merged the package has usr/lib/modules only; kmod looks in lib/modules.
	[[ -e $tree/lib || ! -d $tree/usr/lib/modules ]] || ln -s usr/lib "$tree/lib"
	image=$tree/boot/vmlinuz-$release
	[[ -e $image ]] || image=$tree/lib/modules/$release/vmlinuz
	[[ -e $image && -d $tree/lib/modules/$release/kernel ]] || die "${debs[*]}: no kernel $release"
	depmod -b "$tree" "$release"
	ln "$image" "$new/vmlinuz"
	bare "$image" "$new/vmlinux" || say "$release is started as the package has it, which takes longer"
	rm -rf "$dst"
	mv -T "$new" "$dst"
}

# bare BZIMAGE TO: the kernel in it, where QEMU can start that by its PVH entry (an ELF note): unpacking itself takes
# an emulated kernel as long as half of its boot. What it was packed by but gzip is followed by its length.
bare()
{
	local setup at length unpacked=$tmp/vmlinux packed=$tmp/packed

	setup=$(od -An -tu1 -j 497 -N 1 "$1")
	read -r at length < <(od -An -tu4 -j 584 -N 8 "$1")
	tail -c +$(((setup + 1) * 512 + at + 1)) "$1" | head -c "$length" >"$packed"
	case $(od -An -tx1 -N 4 "$packed" | tr -d ' ') in
	fd377a58) head -c -4 "$packed" | xz -dc >"$unpacked" ;;
	28b52ffd) head -c -4 "$packed" | zstd -dcq >"$unpacked" ;;
	1f8b*) gzip -dc "$packed" >"$unpacked" ;;
	*) false ;;
	esac && readelf -n "$unpacked" 2>/dev/null | grep -q 'Xen .*0x00000012' && mv "$unpacked" "$2"
}

# adopt: the image at $kernel, for what it names as its release
adopt()
{
	[[ ! -e $dst/root ]] || die "$release is a stock kernel here: give $kernel another name"
	mkdir -p "$dst"
	cmp -s "$kernel" "$dst/vmlinuz" && return
	cp "$kernel" "$tmp/vmlinuz"
	mv "$tmp/vmlinuz" "$dst/vmlinuz"
}

# module_files: print the modules that a 9p root needs, each after what it depends on; what is
# built in is left out
module_files()
{
	local name list

	[[ -z $kernel ]] || return 0
	for name in virtio_pci 9pnet_virtio 9p; do
		list=$(modprobe -C /dev/null -d "$dst/root" -S "$release" --show-depends "$name" \
			2>/dev/null) ||
			die "kernel $release has no $name, and a guest's root is mounted over 9p:" \
				"install the headers of a plain kernel (linux-headers-amd64), and give its KRELEASE"
		sed -n 's/^insmod \([^ ].*[^ ]\) *$/\1/p' <<<"$list"
	done | awk '!seen[$0]++'
}

# copy_module FILE TO: uncompressed, as busybox and older kernels want it
copy_module()
{
	case $1 in
	*.ko.xz) xz -dc "$1" >"$2" ;;
	*.ko.zst) zstd -dcq "$1" >"$2" ;;
	*.ko.gz) gzip -dc "$1" >"$2" ;;
	*) cp "$1" "$2" ;;
	esac
}

initramfs()
{
	local image=$dst/initramfs.cpio.gz tree=$tmp/initramfs files file name n=10

	[[ $image -nt $guest_src/init && $image -nt $guest_src/fetch.sh ]] && return
	mkdir -p "$tree"/{bin,modules}
	cp "$(command -v busybox)" "$tree/bin/busybox"
	if readelf -l "$tree/bin/busybox" 2>/dev/null | grep -q INTERP; then
		die "busybox is not static; apt-get install busybox-static"
	fi
	install -m 755 "$guest_src/init" "$tree/init"
	files=$(module_files)
	while read -r file; do
		[[ -n $file ]] || continue
		name=${file##*/}
		copy_module "$file" "$tree/modules/$((n++))-${name%%.ko*}.ko"
	done <<<"$files"
	(cd "$tree" && find . | sort | cpio -o -H newc -R 0:0 --quiet) | gzip -9n >"$tmp/image"
	mv "$tmp/image" "$image"
}

kernel='' release=''
case ${1:-} in
-h | --help)
	usage
	exit 0
	;;
--kernel)
	(($# == 2)) || usage_error "--kernel needs one BZIMAGE"
	kernel=$2
	release=$(image_release "$kernel")
	;;
*)
	(($# <= 1)) || usage_error "one RELEASE at most"
	release=${1:-$(default_release)}
	;;
esac
[[ -n $release ]] || die "no kernel headers on this host; name a RELEASE"
check_release "$release"
dst=$guest_out/$release

need dpkg-deb cpio depmod busybox
mkdir -p "$guest_out"
exec {lock}>"$guest_out/.lock"
flock "$lock"
tmp=$(mktemp -d "$guest_out/fetch.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [[ -n $kernel ]]; then adopt; else unpack; fi
initramfs
