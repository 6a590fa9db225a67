# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the guest scripts share: messages, where things lie, the QEMU command line. Sourced.
#
# shellcheck disable=SC2034 # what is set here is used there

guest_src=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
guest_out=${guest_src%/*}/build/guest
qemu_bin="qemu-system-x86_64"

say()
{
	printf 'guest: %s\n' "$*" >&2
}

die()
{
	say "$@"
	exit 1
}

usage_error()
{
	say "$* (see --help)"
	exit 64
}

# default_release: print the release that the modules are built for, if there are headers of any
default_release()
{
	"$guest_src/../tools/kernel-release.sh"
}

# check_release RELEASE: it becomes a path and a package name, so it must look like one
check_release()
{
	[[ $1 =~ ^[0-9][A-Za-z0-9.+~_-]*$ ]] ||
		usage_error "'$1' is no kernel release; give one like 6.1.0-56-amd64"
}

# image_release BZIMAGE: print the release that a kernel image names in its header
image_release()
{
	local at word

	[[ -r $1 ]] || die "$1 cannot be read"
	[[ $(dd if="$1" bs=1 skip=514 count=4 status=none) == HdrS ]] || die "$1 is no bzImage"
	at=$(od -An -tu2 -j 526 -N 2 "$1")
	word=$(dd if="$1" bs=1 skip=$((at + 512)) count=128 status=none | tr '\0 ' '\n\n')
	printf '%s\n' "${word%%$'\n'*}"
}

# qemu_base RELEASE ACCEL CPUS MIB CONSOLE [THREADS NODES]: start the array qemu, a command line to add
# shares to
#
# Under emulation:
# - tsc=reliable (HPET off): QEMU does not advertise a constant TSC though it has one, and every
#   clock read would else be a device access under QEMU's global lock.
# - la57=off: a fifth level of page tables makes every TLB miss more expensive for nothing.
# - norandmaps: code is translated again at each address it runs at, which takes half of a short command's time.
# - vmlinux, where fetch.sh could unpack it.
# - no_timer_check: with more vCPUs than CPUs the kernel's test of the timer can fail by chance.
# - vendor: threads of a core are told by Intel's leaf of CPUID, which the kernel does not read on AMD.
#   monitor=off then: MWAIT does not wait in an emulator, and Intel's idle and offline CPUs would spin in it.
# Always:
# - setpriv: QEMU must not outlive the script, even if that is killed with SIGKILL.
qemu_base()
{
	local release=$1 accel=$2 cpus=$3 mib=$4 console=$5 threads=${6:-1} nodes=${7:-1} model i
	local kernel=$guest_out/$release/vmlinuz
	local append="console=ttyS0 loglevel=5 panic=-1 oops=panic softlockup_panic=1 random.trust_cpu=on"
	local emulated=" tsc=reliable norandmaps no_timer_check"

	append+=" refcost.accel=$accel refcost.hostcpus=$(nproc)"
	[[ $accel == kvm || ! -e $guest_out/$release/vmlinux ]] || kernel=$guest_out/$release/vmlinux
	qemu=(setpriv --pdeathsig KILL "$qemu_bin" -nodefaults -no-user-config -display none
		-no-reboot -machine "pc,hpet=off" -m "$mib"
		-smp "cpus=$cpus,sockets=$nodes,cores=$((cpus / nodes / threads)),threads=$threads"
		-kernel "$kernel"
		-initrd "$guest_out/$release/initramfs.cpio.gz"
		-chardev "file,id=console,path=${console//,/,,}" -serial chardev:console)
	for ((i = 0; nodes > 1 && i < nodes; i++)); do
		qemu+=(-object "memory-backend-ram,id=memory$i,size=$((mib / nodes))M"
			-numa "node,nodeid=$i,memdev=memory$i" -numa "cpu,node-id=$i,socket-id=$i")
	done
	model=max,la57=off
	((threads == 1)) || model+=,vendor=GenuineIntel,monitor=off
	case $accel in
	kvm)
		qemu+=(-accel kvm -cpu host)
		;;
	tcg)
		append+=$emulated
		qemu+=(-accel "tcg,thread=multi" -cpu "$model")
		;;
	icount)
		# The TSC ticks once a virtual nanosecond. Say so, and take away the timer against
		# which the kernel would refine it: a part in a million shows in a count.
		# sleep=off: idle time ends at the next timer instead of lasting its real length,
		# so that sleeps repeat too. (The clock runs ahead while the guest waits for 9p.)
		append+="$emulated tsc_early_khz=1000000 pmtmr=0"
		qemu+=(-accel "tcg,thread=single" -cpu "$model" -rtc "base=utc,clock=vm"
			-icount "shift=0,sleep=off")
		;;
	esac
	qemu_append=$append
}

# qemu_share TAG DIR [OPTION]: add a 9p share; OPTION may be readonly=on
qemu_share()
{
	local fsdev="local,id=$1,path=${2//,/,,},security_model=none,multidevs=remap${3:+,$3}"

	qemu+=(-fsdev "$fsdev" -device "virtio-9p-pci,fsdev=$1,mount_tag=$1")
}
