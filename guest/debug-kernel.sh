#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build Debian's linux-source-6.1 with the kernel's debugging nets on, for guest/boot.sh --kernel. Kept
# under build/debug-kernel; builds again where an option in the fragments or the package's version changes.

# shellcheck disable=SC2154 # what lib.sh sets
set -euo pipefail
# shellcheck source=guest/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage()
{
	cat <<-EOF
	Usage: guest/debug-kernel.sh [--kcsan] [--no-install]
	Build a Linux 6.1 with KASAN, lockdep and their like, and what modules for it need; print the path
	of its bzImage. Messages and progress go to stderr, the compiler's to build/debug-kernel/build.log.

	  --kcsan        with KCSAN in place of KASAN; exit code 4 if \$CC cannot do it
	  --no-install   name missing packages rather than install them

	  CC=gcc         the compiler; modules for the kernel want the same
	EOF
}

package=linux-source-6.1
out=${guest_out%/*}/debug-kernel
log=$out/build.log
cc=${CC:-gcc}
kind=kasan
deps=()

while (($#)); do
	case $1 in
	--kcsan) kind=kcsan ;;
	--no-install) deps=(--no-install) ;;
	-h | --help)
		usage
		exit 0
		;;
	*) usage_error "unknown option '$1'" ;;
	esac
	shift
done
tree=$out/$kind
image=$tree/arch/x86/boot/bzImage
fragments=("$guest_src/debug.config" "$guest_src/debug-$kind.config")

# can_kcsan: it needs a compiler that can tell volatile accesses apart (gcc 11, clang 11)
can_kcsan()
{
	local flags

	for flags in "--param tsan-distinguish-volatile=1" "-mllvm -tsan-distinguish-volatile=1"; do
		# shellcheck disable=SC2086 # two words each
		echo | "$cc" -Werror -fsanitize=thread $flags -x c -S -o "$tmp/tsan.s" - 2>/dev/null &&
			return
	done
	return 1
}

# step WHAT COMMAND...: say it, do it into the log, end with the log's last words if it fails
step()
{
	say "$1"
	shift
	"$@" >>"$log" 2>&1 </dev/null && return
	tail -n 20 "$log" >&2
	die "that failed; all of it is in $log"
}

build()
{
	make -C "$out/source" O="$tree" CC="$cc" LOCALVERSION= -j"$(nproc)" "$@"
}

# unpack_source VERSION: trees of another version are of no use to what comes after
unpack_source()
{
	local tarball=/usr/src/$package.tar.xz

	[[ -r $tarball ]] || die "$package should have $tarball, but that cannot be read"
	rm -rf "$out/source" "$out/source.version" "$out/kasan" "$out/kcsan"
	mkdir "$tmp/source"
	step "unpacking $package $1" tar -C "$tmp/source" --strip-components=1 -xJf "$tarball"
	mv -T "$tmp/source" "$out/source"
	echo "$1" >"$out/source.version"
}

configure()
{
	local missing

	cat "${fragments[@]}" >"$tmp/fragment"
	step "configuring" build KCONFIG_ALLCONFIG="$tmp/fragment" allnoconfig
	missing=$(sed -n '/^CONFIG_/p' "$tmp/fragment" | grep -Fvx -f "$tree/.config" || true)
	[[ -z $missing ]] || die "kconfig dropped ${missing//$'\n'/ }: what they depend on is not in" \
		"${fragments[*]##*/}"
}

"$guest_src/../tools/deps.sh" ${deps[@]+"${deps[@]}"} debug-kernel
# What an outer make passes on is meant for this project, not for the kernel.
unset MAKEFLAGS MAKEOVERRIDES MAKELEVEL MFLAGS

mkdir -p "$out"
exec {lock}>"$out/.lock"
flock "$lock"
tmp=$(mktemp -d "$out/tmp.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [[ $kind == kcsan ]] && ! can_kcsan; then
	say "$cc cannot build KCSAN: it takes gcc 11 or clang 11, or newer (CC=...)"
	exit 4
fi
version=$(dpkg-query -W -f '${Version}' "$package")
# What was built, and from what, comments left out; written last.
stamp="$version $(sed -n '/^CONFIG_/p' "${fragments[@]}" | sha256sum)"
if [[ ! -e $image || ! -e $tree/stamp || $(<"$tree/stamp") != "$stamp" ]]; then
	: >"$log"
	[[ -e $out/source.version && $(<"$out/source.version") == "$version" ]] || unpack_source "$version"
	mkdir -p "$tree"
	rm -f "$tree/stamp"
	configure
	start=$SECONDS
	step "building with $kind, some minutes (tail -f $log)" build bzImage modules
	say "built $(<"$tree/include/config/kernel.release") in $((SECONDS - start)) s"
	echo "$stamp" >"$tree/stamp"
fi
# Builds of modules find the source by the path that it had. A checkout that was moved has another now.
[[ $tree/source -ef $out/source ]] || step "telling the built tree where its source is" build outputmakefile
echo "$image"
