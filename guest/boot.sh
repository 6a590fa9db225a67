#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run one command in a QEMU guest: a stock kernel or one built here, the host's root over 9p
# (read-only), the same working directory, the command's own output and exit code.

# shellcheck disable=SC2154 # what lib.sh sets
set -euo pipefail
# shellcheck source=guest/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage()
{
	cat <<-EOF
	Usage: guest/boot.sh [OPTION...] -- COMMAND [ARG...]
	Run COMMAND as root in a guest that sees this host's files, read-only.

	  --cpus N            vCPUs, may exceed the host's CPUs (as many as it has)
	  --mem MIB           memory (2048)
	  --threads N         hardware threads a core (1)
	  --numa N            NUMA nodes, a socket each, which share vCPUs and memory evenly (1)
	  --share DIR         mount DIR read-write over the same path; may be repeated
	  --deadline SECONDS  kill a guest that takes longer, boot included (600)
	  --icount            instruction mode: one vCPU, its clock advances 1 ns an instruction
	  --release R         kernel (what tools/kernel-release.sh prints)
	  --kernel BZIMAGE    this kernel, with what a 9p root needs built in (guest/debug-kernel.sh)
	  --log FILE          the guest's console (build/guest/console.log)
	  --accel A           auto, kvm or tcg (auto)
	  --append PARAMS     more kernel parameters

	PATH, TERM and REFCOST_* are passed in. /tmp, /run and /dev are the guest's own.
	Exit code: COMMAND's; 1 guest died; 3 COMMAND was fine but the kernel complained;
	64 usage; 124 deadline; 130, 143 interrupted.

	Example: guest/boot.sh --cpus 16 --share \$PWD/results -- ./bench.sh --host
	EOF
}

number()
{
	[[ $2 =~ ^[1-9][0-9]{0,8}$ ]] && (($2 >= $3 && $2 <= $4)) ||
		usage_error "$1 takes a number from $3 to $4, not '$2'"
}

parse()
{
	while (($#)) && [[ $1 != -- ]]; do
		case $1 in
		-h | --help)
			usage
			exit 0
			;;
		--icount)
			icount=1
			shift
			continue
			;;
		--cpus | --mem | --threads | --numa | --share | --deadline | --release | --kernel | --log | --accel | --append) ;;
		*) usage_error "unknown option '$1'; the command goes after --" ;;
		esac
		(($# >= 2)) || usage_error "$1 needs an argument"
		case $1 in
		--cpus) cpus=$2 ;;
		--mem) mem=$2 ;;
		--threads) threads=$2 ;;
		--numa) numa=$2 ;;
		--share) shares+=("$2") ;;
		--deadline) deadline=$2 ;;
		--release) release=$2 ;;
		--kernel) kernel=$2 ;;
		--log) log=$2 ;;
		--accel) accel=$2 ;;
		--append) append=$2 ;;
		esac
		shift 2
	done
	[[ ${1:-} == -- ]] && shift
	(($#)) || usage_error "no command given"
	argv=("$@")
}

check_shares()
{
	local i

	for i in "${!shares[@]}"; do
		[[ -d ${shares[i]} && -w ${shares[i]} ]] ||
			die "--share ${shares[i]} is no writable directory; make it first"
		shares[i]=$(realpath "${shares[i]}")
		[[ ${shares[i]} != *$'\n'* ]] || die "--share: no newline in a path, please"
		[[ ${shares[i]} != / ]] || die "--share / would let the guest write everywhere"
	done
	# A share inside another must be mounted after it.
	((${#shares[@]} == 0)) || mapfile -t shares < <(printf '%s\n' "${shares[@]}" | sort -u)
}

# hidden_dirs: where the guest has its own /tmp and /run, what of the host's it still has to see there
hidden_dirs()
{
	local dir

	for dir in "$(pwd -P)" "$(realpath "$guest_src/..")"; do
		case $dir/ in
		/tmp/?* | /run/?*) printf '%s\n' "$dir" ;;
		esac
	done | sort -u
}

check()
{
	local free

	[[ $(uname -m) == x86_64 ]] || die "guests run on x86_64 hosts only"
	command -v "$qemu_bin" >/dev/null ||
		die "$qemu_bin not found; apt-get install qemu-system-x86"
	number --deadline "$deadline" 1 999999
	patience=${REFCOST_GUEST_PATIENCE:-$((deadline < 180 ? 60 : deadline / 3))}
	number --mem "$mem" 256 999999
	[[ $accel =~ ^(auto|kvm|tcg)$ ]] ||
		usage_error "--accel takes auto, kvm or tcg, not '$accel'"
	if [[ -n $icount ]]; then
		[[ ${cpus:-1} == 1 ]] || usage_error "--icount has one vCPU; leave out --cpus $cpus"
		[[ $accel != kvm ]] || usage_error "--icount needs emulation; leave out --accel kvm"
		cpus=1
	fi
	cpus=${cpus:-$(nproc)}
	number --cpus "$cpus" 1 255
	number --threads "$threads" 1 8
	number --numa "$numa" 1 8
	((cpus % (threads * numa) == 0)) ||
		usage_error "--cpus $cpus does not make $numa sockets with cores of $threads threads"
	if [[ -n $kernel ]]; then
		[[ -z $release ]] || usage_error "--kernel names its release; leave out --release"
		release=$(image_release "$kernel")
	fi
	[[ -n $release ]] || release=$(default_release)
	[[ -n $release ]] ||
		die "no kernel headers on this host; apt-get install linux-headers-amd64"
	check_release "$release"
	free=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
	((mem < free)) || die "--mem $mem: the host has only $free MiB to spare"
	[[ -d $(dirname "$log") && ! -d $log ]] || die "--log $log: no such directory"
	check_shares
}

choose_accel()
{
	local answer stock=$release

	why=
	if [[ -n $icount ]]; then
		accel=icount
	elif [[ $accel == auto ]]; then
		# A kernel with debugging on may be too slow for the probe.
		if [[ -n $kernel && -n $(default_release) ]]; then
			stock=$(default_release)
			"$guest_src/fetch.sh" "$stock"
		fi
		answer=$("$guest_src/accel.sh" "$stock")
		accel=${answer%% *}
		[[ $answer == "$accel" ]] || why=" (${answer#* })"
	fi
}

# write_config: what init is to mount, and the command; both as shell source
write_config()
{
	local i name dir tree=$guest_out/$release/root

	mkdir "$run/guest"
	{
		while read -r dir; do
			printf 'show %q\n' "$dir"
		done < <(hidden_dirs)
		printf 'mount_modules %q %q\n' "$release" "$tree/lib/modules/$release"
		for i in "${!shares[@]}"; do
			printf 'share share%d %q\n' "$i" "${shares[i]}"
		done
	} >"$run/guest/config"
	{
		printf 'export PATH=%q HOME=/tmp TERM=%q LC_ALL=C.UTF-8\n' "$PATH" "${TERM:-dumb}"
		for name in $(compgen -A export REFCOST_); do
			printf 'export %s=%q\n' "$name" "${!name}"
		done
		printf 'cd %q || exit 126\n' "$PWD"
		printf 'exec --'
		printf ' %q' "${argv[@]}"
		echo
	} >"$run/guest/command"
	: >"$run/guest/out"
	: >"$run/guest/err"
}

# background COMMAND...: start it so that it ends with this script; its id is in $!
background()
{
	setpriv --pdeathsig KILL "$@" &
	helpers+=($!)
}

# watch_boot: say when the guest is up. With more vCPUs than CPUs an emulated kernel may stop in its boot, before
# anything of ours runs: kill the first that is silent for so long.
watch_boot()
{
	local us size=0 now silent=$SECONDS

	until [[ -e $run/guest/up ]]; do
		kill -0 "$pid" 2>/dev/null || return 0
		now=$(stat -c %s "$console" 2>/dev/null || echo 0)
		[[ $now == "$size" ]] || silent=$SECONDS
		size=$now
		if [[ ! -e $run/stuck ]] && ((SECONDS - silent >= patience)); then
			: >"$run/stuck"
			kill -KILL "$pid"
			return 0
		fi
		sleep 0.1
	done
	us=$((${EPOCHREALTIME/[.,]/} - ${start/[.,]/}))
	say "up in $((us / 1000000)).$((us / 100000 % 10)) s"
}

start_guest()
{
	local i

	qemu_base "$release" "$accel" "$cpus" "$mem" "$console" "$threads" "$numa"
	qemu_share root / readonly=on
	qemu_share guest "$run/guest"
	for i in "${!shares[@]}"; do
		qemu_share "share$i" "${shares[i]}"
	done
	start=$EPOCHREALTIME
	"${qemu[@]}" -append "$qemu_append $append" </dev/null >"$run/qemu.log" 2>&1 &
	pid=$!
	background tail -n +1 -s 0.1 --pid="$pid" -f "$run/guest/out"
	tails=($!)
	background tail -n +1 -s 0.1 --pid="$pid" -f "$run/guest/err" >&2
	tails+=($!)
	watch_boot &
	helpers+=($!)
}

# stop_guest: kill QEMU; the shell's own word about a killed job is not wanted
stop_guest()
{
	[[ -n $pid ]] || return 0
	{
		kill -KILL "$pid" && wait "$pid"
	} 2>/dev/null || true
}

cleanup()
{
	local code=$?

	trap '' INT TERM
	stop_guest
	{
		kill -KILL "${helpers[@]}"
		wait "${helpers[@]}"
	} 2>/dev/null || true
	[[ ! -e $console ]] || mv -f "$console" "$log"
	rm -rf "$run"
	exit "$code"
}

# wait_guest: until the guest is down; stops it at the deadline, or when nobody reads its output
wait_guest()
{
	local ended=

	wait -n -p ended "$pid" "$timer" "${tails[@]}" 2>/dev/null || true
	[[ $ended != "$timer" ]] || late=1
	if [[ $ended != "$pid" ]]; then
		# A tail that ends on its own was cut off, or has just seen the guest go.
		[[ -n $late ]] || sleep 0.5
		if kill -0 "$pid" 2>/dev/null; then
			stop_guest
			[[ -n $late ]] || exit 141
		fi
	fi
	wait "${tails[@]}" || true
}

console_tail()
{
	if [[ ! -s $console ]]; then
		say "its console is empty"
		return
	fi
	say "the end of its console:"
	tail -n 25 "$console" | tr -d '\r' >&2
}

# complaints PATTERN: print the first lines of the console that match; fails if none does
complaints()
{
	grep -aE -m 20 "$1" "$console" | tr -d '\r'
}

# verdict: the exit code, and one clear line if the guest did not end well
verdict()
{
	local code found
	local wrong='BUG:|kernel BUG at|\[#[0-9]+\]|WARNING:|Oops|Kernel panic|rcu.*stall|blocked for more than'

	if [[ -n $late ]]; then
		say "not done after $deadline s, killed; give a longer --deadline, or see why"
		console_tail
		exit 124
	fi
	if [[ ! -s $run/guest/exit ]]; then
		if [[ ! -s $console && -s $run/qemu.log ]]; then
			found=$(grep -v warning: "$run/qemu.log" || cat "$run/qemu.log")
			die "QEMU did not start: $(head -n 1 <<<"$found")"
		fi
		found=$(complaints 'Kernel panic' | head -n 1) || true
		say "the guest died before the command ended: ${found:-no panic on its console}"
		console_tail
		exit 1
	fi
	code=$(<"$run/guest/exit")
	if found=$(complaints "$wrong"); then
		say "the kernel complained (console: $log):"
		printf '%s\n' "$found" >&2
		((code)) || code=3
	fi
	exit "$code"
}

main()
{
	local s=

	parse "$@"
	mkdir -p "$guest_out"
	check
	if [[ -n $kernel ]]; then
		"$guest_src/fetch.sh" --kernel "$kernel"
	else
		"$guest_src/fetch.sh" "$release"
	fi
	choose_accel

	console=$log.$$
	run=$(mktemp -d "${TMPDIR:-/tmp}/refcost-guest.XXXXXX")
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	write_config
	((cpus == 1)) || s=s
	say "Linux $release, $cpus vCPU$s on $(nproc) host CPUs, accel $accel$why"
	background sleep "$deadline"
	timer=$!
	start_guest
	wait_guest
	if [[ -e $run/stuck && -z $late ]]; then
		say "its kernel stopped in its boot and was silent for $patience s; started once more"
		start_guest
		wait_guest
	fi
	verdict
}

cpus='' mem=2048 threads=1 numa=1 deadline=600 icount='' release='' kernel='' log=$guest_out/console.log accel=auto append=''
shares=() argv=() helpers=() tails=() pid='' late=''
main "$@"
