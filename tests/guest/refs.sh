#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# refcost refs: run inside the guest, as root.
# tests/guest/refs.sh DIR: DIR is writable and survives.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh

dir=$1
mkdir -p "$dir"
refcost=${REFCOST_BIN:-$PWD/build/bin/refcost}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

for module in dummy loop nls_utf8; do
	cp "$(modinfo -n $module)" "$tmp/$module.ko"
done
load() { insmod "$tmp/$1.ko" "${@:2}"; }

refs() { "$refcost" refs "$@"; }
attached() { bpftool prog show | grep -cE 'name on_(get|put|load|free|delete|deleted) ' || true; }
# flat: the last report of JSON on stdin, a line a field, a line a row: perl takes a second to begin
flat() {
	perl -MJSON::PP -e 'my $last; $last = $_ while <>; my $o = decode_json($last);
		for (sort keys %$o) { print "$_\t", defined $o->{$_} ? $o->{$_} : "null", "\n" unless ref $o->{$_} eq "ARRAY" }
		print join("\t", "row", @$_{qw(command site gets puts)}), "\n" for @{$o->{rows}}'
}
# fields FILE NAME...: their values
fields() {
	local file=$1 name
	shift
	for name in "$@"; do awk -F'\t' -v n="$name" '$1 == n { print $2 }' "$file"; done | paste -sd' '
}
# sums FILE COMMAND SITE: gets and puts in the rows that match both
sums() { awk -F'\t' -v c="$2" -v s="$3" '$1 == "row" && $2 ~ c && $3 ~ s { g += $4; p += $5 } END { printf "%d %d", g, p }' "$1"; }

# What is counted is what the engine did: all CPUs as fast as they can.
exact() {
	local run ours
	run="run -k -s try_module_get -c $(nproc) -b 2 --window 150ms"
	"$refcost" run -k -s empty -c 1 -b 1 --window 1ms >/dev/null 2>&1
	# shellcheck disable=SC2086 # words
	run_cmd refs -m refcost-victim --json --strict --tag 'a "b"' -o "$dir/exact.csv" -- "$refcost" $run -o "$dir/exact"
	grep '^{' <<<"$stdout" | tee "$dir/exact.json" | flat >"$dir/exact.flat"
	is "the highest rate of all CPUs, strictly: exit 0" 0 "$status"
	ours=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } { n += $c["total"]; f += $c["failed"] }
		END { printf "%d %d", n - f, n - f }' "$dir/exact/workers.csv")
	is "gets and puts are the engine's own, exactly" "$ours" "$(sums "$dir/exact.flat" '^refcost/[0-3]$' '^refcost_loop_try_module_get[+]0x[0-9a-f]+ [[]refcost[]]$')"
	ok "... ${ours% *} each" test "${ours% *}" -gt 100000
	is "... the rest is the reference that each run takes" "2 2" "$(sums "$dir/exact.flat" '^refcost$' '^refcost_run[+]')"
	is "... there is nothing else" "$(($(fields "$dir/exact.flat" gets) - 2))" "${ours% *}"
	is "0 lost, 0 missed, the kernel's own count agrees" "0 0 1 1" \
		"$(fields "$dir/exact.flat" lost missed adds_up complete)"
	is "CSV has the same rows" "$(grep -c '^row' "$dir/exact.flat")" "$(($(wc -l <"$dir/exact.csv") - 1))"
	is "... and the same gets" "$(fields "$dir/exact.flat" gets)" "$(awk -F, 'NR > 1 { n += $(NF - 1) } END { printf "%d", n }' "$dir/exact.csv")"
	is "... whose fields are as many as the header's" "" "$(sed 's/^"a ""b"""/tag/' "$dir/exact.csv" | awk -F, 'NR == 1 { n = NF } NF != n')"
	is "the tag" 'a "b"' "$(fields "$dir/exact.flat" tag)"
	# shellcheck disable=SC2086 # words
	run_cmd refs -m refcost_victim -v --rows 3 --strict -- "$refcost" $run -b 1 -o "$dir/full"
	is "more call sites and threads than there is room: exit 2 with --strict" 2 "$status"
	ok "... what was lost is counted" grep -Eq ' counted; [1-9][0-9]* lost, 0 missed: incomplete$' <<<"$stderr"
	ok "... and is in the sums, which add up" grep -q "own count is 0: it adds up" <<<"$stdout"
	ok "-v says what the programs cost" grep -Eq '^on_get +module_get +[1-9][0-9]+ +[1-9]' <<<"$stderr"
	rmmod refcost_victim refcost
}

# Who holds loop: an open of its device.
holder() {
	local opener='blk[a-z0-9_.]*'
	! grep -q ' bdev_open$' /proc/kallsyms || opener=bdev_open
	cat >"$tmp/hold" <<-END
		exec 9</dev/loop0
		busybox rmmod loop
		sleep 0.5
		exec 9<&-
		busybox rmmod loop
		insmod $tmp/loop.ko max_loop=1
		exec 9</dev/loop0
		exec 9<&-
	END
	load loop max_loop=1
	run_cmd refs loop -- sh "$tmp/hold"
	printf '%s\n' "$stdout" >"$dir/holder.txt"
	is "loop is held, let go, unloaded, loaded again: exit 0" 0 "$status"
	ok "the refusal is reported, with who was refused" grep -Eq '^  delete_module\(2\) refused busybox/[0-9]+, ' <<<"$stdout"
	ok "... who holds it, and where that was taken" grep -Eq '^sh/[0-9]+ +\+1  '"$opener"' \+1$' <<<"$stdout"
	ok "... as a sum" grep -Eq '^References: 0 before the trace \+ [0-9]+ gets - [0-9]+ puts = 1$' <<<"$stdout"
	ok "at the end it is not held, and the count adds up" grep -A 1 -E '^References: 0 before the trace \+ 1 by loading it \+ .* = 0$' <<<"$stdout"
	ok "... says the kernel's own" grep -q "own count is 0: it adds up" <<<"$stdout"
	ok "... and nobody is said to hold it" grep -q '^Nobody holds one' <<<"$stdout"
	is "no line is longer than 79 columns" "" "$(awk 'length > 79' <<<"$stdout")"
	rmmod loop
}

# Refused by int 0x80, where 32-bit programs come in; and in a PID namespace, where threads have other numbers.
elsewhere() {
	local call=build/tests/guest/compat
	if ! grep -q ' __ia32_sys_delete_module$' /proc/kallsyms || ! [ -x $call ]; then
		tap_skip "a 32-bit caller is refused" "this kernel has none, or tests/guest/compat.c is not built"
		return
	fi
	load loop max_loop=1
	run_cmd unshare -pf --mount-proc "$refcost" refs loop --json -- sh -c "
		exec 9</dev/loop0; $call delete loop; exec 9<&-; true"
	ok "a 32-bit caller is refused: that is reported" grep -q '"reason":"busy"' <<<"$stdout"
	ok "in a PID namespace nobody is said to have ended" bash -c 'grep -q "\"ended\":false" <<<"$1" && ! grep -q "\"ended\":true" <<<"$1"' . "$stdout"
	rmmod loop
}

# begin NAME ARGS...: a counter in the background, in $tracer; $tmp/NAME and $tmp/NAME.err have its output
begin() {
	local name=$1
	shift
	env --default-signal=INT --default-signal=QUIT "$refcost" refs "$@" >"$tmp/$name" 2>"$tmp/$name.err" &
	tracer=$!
	until grep -q 'Ctrl-C ends it' "$tmp/$name.err"; do sleep 0.1; done
}
# end_with SIGNAL: sets status
end_with() {
	status=0
	kill -s "$1" "$tracer"
	wait "$tracer" 2>/dev/null || status=$?
}
cpus() {
	local cpu
	for cpu in /sys/devices/system/cpu/cpu[1-9]*; do echo "$1" >"$cpu/online"; done
}

# What was taken before is not known but for modules; SIGQUIT asks; a signal ends.
signals() {
	modprobe nf_nat
	begin before -m nf_conntrack
	modprobe nft_ct
	kill -QUIT "$tracer"
	until grep -q '^nf_conntrack, so far' "$tmp/before"; do sleep 0.1; done
	modprobe -r nft_ct
	end_with INT
	is "SIGINT: exit 0" 0 "$status"
	ok "... with the counts" grep -q '^CALL SITE' "$tmp/before"
	ok "SIGQUIT: how they stand, with what was taken before" grep -q '^References: 1 before the trace + 1 gets - 0 puts = 2$' "$tmp/before"
	ok "... modules that depend on it are named" grep -Eq '^module nft_ct, which depends on it +1  sure$' "$tmp/before"
	ok "at the end it adds up" grep -q "own count is 1: it adds up" "$tmp/before"
	modprobe -r nf_nat
	sysctl -q kernel.kptr_restrict=2
	# without BTF only a kernel whose configuration can be read is known to shuffle nothing
	[ ! -r "/lib/modules/$(uname -r)/build/.config" ] || mount -t tmpfs none /sys/kernel/btf
	begin hidden -m dummy --csv
	load dummy
	rmmod dummy
	end_with TERM
	sysctl -q kernel.kptr_restrict=0
	! mountpoint -q /sys/kernel/btf || umount /sys/kernel/btf
	is "SIGTERM, and no BTF: exit 0" 0 "$status"
	ok "addresses are hidden: says so" grep -q 'call sites will be numbers: the kernel hides its addresses' "$tmp/hidden.err"
	ok "... and prints numbers" grep -Eq '^,dummy,1,end,[0-9]+,0x[0-9a-f]{16},[0-9]+,[0-9]+,insmod,1,0,1$' "$tmp/hidden"
	begin killed -m dummy
	cpus 0 # QEMU may lose a CPU that runs while kernel code is patched
	end_with KILL
	sleep 0.5
	cpus 1
	is "SIGKILL: nothing stays attached" 0 "$(attached)"
}

# Loaded while it is counted, twice: the reference that loading takes has no tracepoint.
loads() {
	run_cmd refs -m dummy --json -- sh -c "insmod $tmp/dummy.ko; rmmod dummy; insmod $tmp/dummy.ko; rmmod dummy; insmod $tmp/nls_utf8.ko; rmmod nls_utf8"
	flat <<<"$stdout" >"$tmp/loads"
	ok "a module that is not loaded is waited for" grep -q 'dummy is not loaded: waiting' <<<"$stderr"
	is "it is loaded twice, and adds up" "2 1 0" \
		"$(fields "$tmp/loads" loads adds_up refcnt_end)"
	is "... each time, do_init_module() puts what loading took" "0 2" "$(sums "$tmp/loads" . '^do_init_module')"
}

# finds MODULE REGEX: what holds it already is found, and is all; leaves out in $found
finds() {
	found=$(refs "$1" -d 1 2>&1)
	ok "$1: what holds it is found: $2" grep -Eq "^$2" <<<"$found"
	ok "... and is all that is counted" grep -q '^That explains ' <<<"$found"
}
# lacks COMMAND: it is not installed, so a test is left out
lacks() {
	! command -v "$1" >/dev/null || return 1
	tap_skip "$2" "there is no $1"
}

# Mounted before anybody looked: the type, the loop device and its file.
mounts() {
	local type=ext4
	lacks mkfs.xfs "a mounted xfs" || type=xfs
	modprobe -a loop $type
	truncate -s 320M "$tmp/image"
	mkfs.$type -q "$tmp/image"
	mkdir "$tmp/mnt"
	mount -o loop "$tmp/image" "$tmp/mnt"
	finds $type "$type mounted on $tmp/mnt \\(/dev/loop[0-9]\\) +1  sure$"
	finds loop "/dev/loop[0-9], mounted on $tmp/mnt \\($type\\) +1  sure$"
	ok "... and the file of the loop device" grep -Eq "^loop[0-9] has the file $tmp/image +1  sure$" <<<"$found"
	# what is taken from now on is seen beside what was found
	exec 9<"/dev/$(losetup -j "$tmp/image" | sed 's|/dev/\([a-z0-9]*\):.*|\1|')"
	finds loop "bash/$$ has /dev/loop[0-9] open as 9 +1  sure$"
	exec 9<&-
	umount "$tmp/mnt"
	modprobe -r $type loop
}

# Of the network, here and in another namespace.
nets() {
	modprobe -a sch_fq dummy
	tc qdisc add dev lo root fq
	finds sch_fq "qdisc fq on lo +1  sure$"
	tc qdisc del dev lo root
	unshare -n sh -c 'ip link set lo up; tc qdisc add dev lo root fq; echo up; exec sleep 60' >"$tmp/there" &
	until grep -qs up "$tmp/there"; do sleep 0.1; done
	finds sch_fq "qdisc fq on lo of sleep/[0-9]+ +1  sure$"
	kill $!
	wait $! 2>/dev/null || true
	ip link add dummy7 type dummy
	run_cmd refs dummy -d 1
	ok "a network device is no holder" grep -Eq '^network device dummy7 +0  uses it, holds none$' <<<"$stdout"
	modprobe -r dummy
	modprobe tun
	ip tuntap add tap0 mode tap
	exec 9<>/dev/net/tun
	finds tun "bash/$$ has /dev/net/tun open as 9 +1-2  sure$"
	ok "... and the device that stays" grep -Eq '^persistent network device tap0 +1  sure$' <<<"$found"
	exec 9<&-
	ip tuntap del tap0 mode tap
	modprobe -r tun sch_fq
}

# What kmod refuses by itself, on an open disk whose driver is not the module that is held.
disks() {
	modprobe -a sd_mod scsi_debug
	until [ -b /dev/sda ]; do sleep 0.1; done
	exec 9</dev/sda
	finds scsi_debug "bash/$$ has /dev/sda open as 9 +1  likely$"
	finds sd_mod "bash/$$ has /dev/sda open as 9 +1  sure$"
	run_cmd refs scsi_debug -- modprobe -r scsi_debug
	is "modprobe -r gives up: its exit code" 1 "$status"
	ok "... it is seen to read the count" grep -Eq '^  modprobe/[0-9]+ read its count, .* kmod gives up$' <<<"$stdout"
	ok "... with who holds it" grep -Eq "^bash/$$ has /dev/sda open as 9 " <<<"$(sed -n '/read its count/,$p' <<<"$stdout")"
	is "... once" 1 "$(grep -c 'read its count' <<<"$stdout")"
	run_cmd refs scsi_debug --json -- modprobe -r scsi_debug
	grep '^{' <<<"$stdout" >"$dir/held.json"
	run_cmd "$refcost" trace -- modprobe -r scsi_debug
	ok "a trace of that says why it saw no call" grep -q 'saw no call.*scsi_debug.*refcost refs scsi_debug' <<<"$stderr"
	exec 9<&-
	modprobe -r scsi_debug
}

# Its exit() waits for a grace period a device: what is inside is found though it began before.
going() {
	insmod "$tmp/loop.ko" max_loop=200
	rmmod loop &
	until [ "$(cat /sys/module/loop/initstate 2>/dev/null)" != live ]; do :; done
	run_cmd refs loop -d 1
	wait $!
	ok "an unload that was under way is found, with who is inside" grep -Eq '^loop is being unloaded, by rmmod/[0-9]+, for .* at the most:$' <<<"$stdout"
	ok "... and that nobody holds it is not said of it then" bash -c '! sed -n "1,/is being unloaded/p" <<<"$1" | grep -q "^Nobody"' . "$stdout"
}

# Rules of packet filters.
filters() {
	lacks nft "an nftables rule" || {
		modprobe -a nf_tables nft_ct
		nft add table ip t
		nft add chain ip t c
		nft add rule ip t c ct state new accept
		finds nft_ct 'nft: ct in a rule of t c +1  sure$'
		nft flush ruleset
	}
	lacks iptables-legacy "an iptables rule" || {
		modprobe -a iptable_filter xt_mark
		iptables-legacy -A INPUT -m mark --mark 1 -j DROP
		finds xt_mark 'iptables: match mark in a rule of table filter +1  sure$'
		iptables-legacy -F
	}
}

# What leaves no trace: the tool says so.
unknown() {
	modprobe -a md4 algif_hash
	perl -e 'socket(my $s, 38, 5, 0) or die; bind($s, pack("S a14 L L a64", 38, "hash", 0, 0, "md4")) or die;
		$| = 1; print "up\n"; sleep 60' >"$tmp/hash" &
	until grep -qs up "$tmp/hash"; do sleep 0.1; done
	finds md4 '[1-9] users? of the algorithm md4-generic +[1-9]  sure$'
	run_cmd refs algif_hash -d 1
	ok "a socket that has no protocol of its own: not found, says so" grep -q '^1 of 1 not found: what holds it' <<<"$stdout"
	kill $!
	wait $! 2>/dev/null || true
}

bad_input() {
	exits "a module that is built in" 1 "built into this kernel" "$refcost" trace --refs -m "$(sed -n '1s|.*/\(.*\)\.ko.*|\1|p' "/lib/modules/$(uname -r)/modules.builtin")"
	exits "a full disk" 1 "cannot write /dev/full" "$refcost" refs dummy -o /dev/full -d 1
	exits "no memory" 1 "smaller --rows" sh -c "ulimit -v 100000; exec $refcost refs dummy --rows 1000000 -d 1"
}

parts exact holder elsewhere signals loads mounts nets disks going filters unknown bad_input
is "nothing is attached at the end" 0 "$(attached)"
is "the kernel has nothing to complain about" "" "$(dmesg | grep -E 'BUG|WARNING|Oops|soft lockup|rcu.*stall' || true)"
tap_done
