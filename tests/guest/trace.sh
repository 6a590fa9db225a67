#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# refcost trace on modules that this project did not write: run inside the guest, as root.
# tests/guest/trace.sh DIR: DIR is writable and survives.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh

dir=$1
mkdir -p "$dir"
refcost=${REFCOST_BIN:-$PWD/build/bin/refcost}
slow=40 # block devices that loop has: its exit takes their number of grace periods
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# column FILE NAME: one value a row
column() { awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { print $c }' "$1"; }
total() { awk '{ s += $1 } END { printf "%.0f", s }'; }
# calls FILE: number, module, result and total of each call, from rows of phases
calls() { awk -F, 'NR > 1 && !seen[$2]++ { print $2, $5, $9, $11 }' "$1"; }
# wrong_sums FILE: calls whose phases do not add up to their total
wrong_sums() { awk -F, 'NR > 1 { sum[$2] += $14; of[$2] = $11 } END { for (c in sum) if (sum[c] != of[c]) print c }' "$1"; }

# wrong_sleeps FILE: phases off the CPU for a millisecond whose stacks do not add up to that time, within 1 %
wrong_sleeps() {
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		{ phase = $at["call"] " " $at["phase"]; off[phase] += $at["off_ns"]; slept[phase] += $at["slept_ns"] }
		END { for (p in off) if (off[p] > 1e6 && (slept[p] > off[p] * 1.01 || slept[p] < off[p] * .99)) print p ": " slept[p] " of " off[p] }' "$1"
}

# uncompressed FILE: a module as init_module(2) takes it
uncompressed() {
	case $1 in
	*.xz) xz -dc "$1" ;;
	*.zst) zstd -dcq "$1" ;;
	*.gz) gzip -dc "$1" ;;
	*) cat "$1" ;;
	esac
}

# modprobe is slow over 9p: modules that need no other are loaded from memory.
for module in nls_utf8 crc_itu_t dummy loop nls_cp437; do
	uncompressed "$(modinfo -n $module)" >"$tmp/$module.ko"
done
load() { insmod "$tmp/$1.ko" "${@:2}"; }
loaded() { grep -q "^$1 " /proc/modules; }

# QEMU may lose a CPU that runs while kernel code is patched. refcost knows; what others patch is kept from it.
quietly() {
	local cpu code=0
	for cpu in /sys/devices/system/cpu/cpu[1-9]*; do echo 0 >"$cpu/online"; done
	"$@" || code=$?
	for cpu in /sys/devices/system/cpu/cpu[1-9]*; do echo 1 >"$cpu/online"; done
	return $code
}

attached() { bpftool prog show | grep -cE 'name (syscall_enter|syscall_exit|sched_switch|contention_|fentry_|fexit_|kprobe_|kretprobe_)' || true; }


# begin NAME ARGS...: a tracer in the background, in $tracer; $tmp/NAME and $tmp/NAME.err have its output
begin() {
	local name=$1
	shift
	env --default-signal=INT "$refcost" trace "$@" >"$tmp/$name" 2>"$tmp/$name.err" &
	tracer=$!
	eventually 30 grep -q 'Ctrl-C ends it' "$tmp/$name.err"
}

# end_with SIGNAL: sets status and took (ms)
end_with() {
	local start
	start=$(date +%s%3N)
	status=0
	[ "$1" = none ] || kill -s "$1" "$tracer"
	wait "$tracer" || status=$?
	took=$(($(date +%s%3N) - start))
}

# of MODULE: what the table in $stdout says of its unload
of() {
	awk -v m="$1" '/^[^ ]/ { on = $2 == m || $1 == m } /^Summary/ { exit } on' <<<"$stdout"
}

commands_of_others() {
	local out=$tmp/one.csv script="rmmod nls_utf8; rmmod crc_itu_t; rmmod dummy" ext4='' sites
	load nls_utf8
	load crc_itu_t
	sites=$(grep -c '\[crc_itu_t\]' /sys/kernel/tracing/available_filter_functions || true) # lib/ used to be built without
	load dummy numdummies=100
	load loop
	if command -v mkfs.ext4 >/dev/null && modprobe ext4; then # a mount alone would look for it in the initramfs
		ext4=1
		script+="; modprobe -r ext4"
		dd if=/dev/zero of="$tmp/image" bs=1M count=16 status=none
		mkfs.ext4 -q "$tmp/image"
		mkdir "$tmp/mnt"
		mount -o loop "$tmp/image" "$tmp/mnt"
		umount "$tmp/mnt"
		rm "$tmp/image"
	fi
	run_cmd "$refcost" trace -T --stacks --strict -H -o "$out" --tag 'a,b' -- sh -c "$script; rmmod loop"
	printf '%s\n' "$stdout" >"$dir/trace-table.txt"
	cp "$out" "$dir/trace-table.csv"
	is "what a command unloads: exit 0, strictly" 0 "$status"
	ok "a row says that nls_utf8 is gone" grep -Eq '^[0-9:.]+ nls_utf8 +[0-9]+ rmmod +gone' <<<"$stdout"
	ok "... its two grace periods are phases" test "$(of nls_utf8 | grep -c 'grace period .*|.*-.*|')" = 2
	ok "... and it is in the summary" grep -Eq '^nls_utf8 +1 ' <<<"$stdout"
	ok "... which has histograms" grep -q 'distribution' <<<"$stdout"
	is "no line is longer than 79 columns but for timestamps" "" \
		"$(sed 's/^[0-9][0-9]:[0-9][0-9]:[0-9.]* //; s/^TIME  *//' <<<"$stdout" | grep -Ev 'distribution| -> ' | awk 'length > 79')"
	ok "the account" grep -Eq '[0-9]+ reported; 0 dropped, 0 lost, 0 missed, 0 unpaired, 0 unmatched, 0 in flight$' <<<"$stderr"
	sed -i 's/^"a,b",/tagged,/' "$out"
	is "-o: the tag is in every row" "tagged" "$(column "$out" tag | sort -u)"
	is "-o: phases of each call add up to its total" "" "$(wrong_sums "$out")"
	is "... and what each slept for to its time off the CPU" "" "$(wrong_sleeps "$out")"
	is "crc_itu_t has $sites trace sites: $((1 + (sites > 0))) grace periods" $((1 + (sites > 0))) \
		"$(of crc_itu_t | grep -c 'grace period .*|.*-.*|')"
	ok "dummy: exit() waits for rcu_barrier, which is named" grep -q 'rcu_barrier' <(of dummy | grep -A 16 '^  exit()')
	ok "dummy: who waits for the grace period" grep -Eq 'synchronize_rcu(_normal)? < free_module' <(of dummy | grep -A 5 '^  grace period')
	ok "loop: where exit() sleeps, with the module's own frame" grep -q '\[loop\]' <(of loop | grep -A 12 '^  exit()')
	if [ $ext4 ]; then
		ok "ext4 after an unmount, and what it needed" grep -Eq '^[0-9:.]+ ext4 .* gone ' <<<"$stdout"
		is "... one row per module" "$(grep -c ' gone ' <<<"$stdout")" "$(sed -n 's/.* \([0-9]*\) reported.*/\1/p' <<<"$stderr")"
	else
		tap_skip "ext4 after an unmount" "no mkfs.ext4 or no ext4 here"
	fi
}

refused() {
	local script="busybox rmmod nf_conntrack; busybox rmmod no_such; busybox rmmod libblake2s_x86_64; modprobe -r nf_nat"
	modprobe nf_nat
	modprobe libblake2s_x86_64 || true
	load nls_utf8
	run_cmd "$refcost" trace --mechanism tracepoints -- sh -c "$script; busybox rmmod nls_utf8 & busybox rmmod nls_utf8 & wait; exit 7"
	is "the command's exit code" 7 "$status"
	ok "nf_conntrack under nf_nat is busy" grep -Eq '^nf_conntrack +[0-9]+ busybox +busy ' <<<"$stdout"
	ok "... and counted as such" grep -q 'did not go: 1 busy' <<<"$stdout"
	ok "modprobe -r nf_nat: it and what it needed, in this order" \
		grep -q '^nf_nat nf_conntrack' <<<"$(awk '/^nf.* gone / { print $1 }' <<<"$stdout" | paste -sd' ')"
	ok "what is not loaded" grep -Eq '^no_such +[0-9]+ busybox +not loaded ' <<<"$stdout"
	if grep -q '^libblake2s_x86_64 .*permanent' /proc/modules; then
		ok "what has no exit()" grep -Eq '^libblake2s_x86_64 +[0-9]+ busybox +dying or permanent ' <<<"$stdout"
	else
		tap_skip "what has no exit()" "libblake2s_x86_64 is not loaded, or not permanent"
	fi
	is "two at one module: both are reported, one unloads it" "2 1" \
		"$(awk '$1 == "nls_utf8" && $3 == "busybox" { n++; g += $4 == "gone" } END { print n, g }' <<<"$stdout")"
	load nls_utf8
	run_cmd "$refcost" trace --json --tag 'say "hi"' --mechanism tracepoints -- sh -c 'busybox rmmod no_such; rmmod nls_utf8'
	is "JSON: a line a call, the summary last" "unload unload summary" \
		"$(sed -n 's/^{"type":"\([a-z]*\)",.*}$/\1/p' <<<"$stdout" | paste -sd' ')"
	is "... the tag is in every line" 3 "$(grep -c '"tag":"say \\"hi\\""' <<<"$stdout")"
	ok "... phases are an array" grep -q '"result":"gone".*"phases":\[{"phase":.*"mechanism":"tracepoint","merged":true}' <<<"$stdout"
}

# cycles N DEVICES: a script that loads and unloads four modules in turn, in $tmp/cycles
cycles() {
	cat >"$tmp/cycles" <<-END
		i=0
		while [ \$i -lt $1 ]; do
			options=
			case \$((i % 4)) in
			0) m=nls_utf8 ;; 1) m=crc_itu_t ;; 2) m=dummy ;; *) m=loop options=max_loop=$2 ;;
			esac
			insmod $tmp/\$m.ko \$options
			busybox rmmod \$m
			i=\$((i + 1))
		done
	END
}

# What others say of the same calls: strace of each, funclatency of all.
agree() {
	local n=23 fun count strace_us ours_us low high
	cycles $n 24
	fun=
	if command -v funclatency >/dev/null; then
		count_calls() {
			stdbuf -oL funclatency -u __x64_sys_delete_module >"$tmp/fun" 2>&1 &
			fun=$!
			eventually 20 grep -q Tracing "$tmp/fun"
			sleep 0.5
		}
		quietly count_calls
	fi
	run_cmd "$refcost" trace --csv --strict -- strace -f --seccomp-bpf -T -qq -e trace=delete_module -e signal=none -o "$tmp/strace" sh "$tmp/cycles"
	is "$n unloads, strictly: exit 0" 0 "$status"
	printf '%s\n' "$stdout" >"$tmp/23.csv"
	if [ -n "$fun" ]; then
		quietly kill -INT $fun
		wait $fun || true
		cp "$tmp/fun" "$dir/trace-funclatency.txt"
	fi
	cp "$tmp/strace" "$dir/trace-strace.txt"
	cp "$tmp/23.csv" "$dir/trace-23.csv"
	is "$n unloads: $n calls, all gone" "$n $n" "$(calls "$tmp/23.csv" | awk '{ n++; g += $3 == "gone" } END { print n, g }')"
	is "phases of each add up to its total" "" "$(wrong_sums "$tmp/23.csv")"
	is "strace counts as many" $n "$(grep -c 'delete_module(.*) = 0 ' "$tmp/strace")"
	strace_us=$(sed -n 's/.*delete_module(.*<\([0-9.]*\)>$/\1/p' "$tmp/strace" | awk '{ s += $1 * 1e6 } END { printf "%.0f", s }')
	ours_us=$(($(calls "$tmp/23.csv" | cut -d' ' -f4 | total) / 1000))
	ok "its sum, $strace_us us, is within 5 % of ours, $ours_us us" \
		test $((100 * (strace_us - ours_us))) -lt $((5 * strace_us)) -a $ours_us -le "$strace_us"
	if [ -z "$fun" ]; then
		tap_skip "funclatency agrees" "no funclatency here (libbpf-tools)"
		return
	fi
	read -r count low high < <(awk '$2 == "->" { n += $5; l += $1 * $5; h += ($3 + 1) * $5 } END { print n, l, h }' "$tmp/fun")
	is "funclatency counts as many" $n "$count"
	ok "our sum is within its buckets, $low to $high us" test $ours_us -ge "$low" -a $ours_us -le $((high + high / 20))
}

# syscalls_us FILE CALLS: what the kernel's own trace of system calls says CALLS took in sum
syscalls_us() {
	awk -v calls="$2" '
		match($0, /[0-9]+\.[0-9]+: sys_[a-z_]+/) {
			split(substr($0, RSTART, RLENGTH), part, ": sys_")
			if (part[2] !~ calls) next
			n = split($1, task, "-")
			if (/ -> /) sum += part[1] - since[task[n]]; else since[task[n]] = part[1]
		}
		END { printf "%.0f", sum * 1e6 }' "$1"
}

# digest: each call of a table with --load in a line: what of which module by whom = result: phase; <what it waited for> ...
digest() {
	awk '
		function cut(from, n) { s = substr($0, from, n); sub(/ +$/, "", s); return s }
		/^Summary/ { exit }
		/^(un)?load / { printf "%s%s %s by %s = %s:", end, $1, $2, $4, cut(50, 18); end = "\n" }
		/^  [^ ]/ && !/^  phase / && !/^  failed in: / { printf " %s;", cut(3, 22) }
		sub(/^ .*waiting for /, "") || sub(/^ .*was held by /, "") { printf " <%s>", $0 }
		END { print "" }'
}

# --load: whole cycles, loads that fail at each stage, and what strace and the kernel itself say of them.
loads() {
	local n=4 own=/sys/kernel/tracing/instances/refcost-test kind theirs ours merged
	cycles $n 4
	head -c 5000 /dev/urandom >"$tmp/garbage.ko"
	# init_module(2) of FILE, again and again while rmmod MODULE runs
	cat >"$tmp/init" <<-'END'
		use POSIX ":sys_wait_h";
		local $/; open(my $f, "<", shift) or die; my $image = <$f>; my $options = ""; my $rmmod = shift;
		my $pid = $rmmod && fork; exec("rmmod", $rmmod) if $rmmod && !$pid;
		do { syscall(175, $image, length $image, $options) } while ($rmmod && !waitpid($pid, WNOHANG));
	END
	cat >"$tmp/stages" <<-END
		sh $tmp/cycles
		insmod $tmp/dummy.ko numdummies=1; insmod $tmp/dummy.ko
		insmod $tmp/garbage.ko; insmod $tmp/crc_itu_t.ko
		insmod $tmp/loop.ko max_loop=zz; insmod $tmp/loop.ko max_part=1000
		perl $tmp/init $tmp/nls_utf8.ko
		perl $tmp/init $tmp/nls_utf8.ko crc_itu_t
		for i in 1 2 3; do insmod $tmp/crc_itu_t.ko; perl $tmp/init $tmp/nls_utf8.ko crc_itu_t; done
		rmmod nls_utf8; rmmod dummy
	END
	record_calls() {
		mkdir "$own"
		echo mono >"$own/trace_clock"
		for kind in {enter,exit}_{finit,init,delete}_module; do echo 1 >"$own/events/syscalls/sys_$kind/enable"; done
	}
	quietly record_calls
	run_cmd "$refcost" trace --load --stacks --strict -o "$tmp/loads.csv" -- strace -f --seccomp-bpf -qq \
		-e trace=finit_module,init_module,delete_module -e signal=none -o "$tmp/strace" sh "$tmp/stages"
	cp "$own/trace" "$dir/trace-loads.events"
	quietly rmdir "$own"
	printf '%s\n' "$stdout" >"$dir/trace-loads.txt"
	cp "$tmp/loads.csv" "$dir/trace-loads.csv"
	is "cycles and failing loads, strictly: exit 0" 0 "$status"
	ok "the account is of both" grep -Eq '[1-9][0-9]+ reported; 0 dropped, 0 lost, 0 missed, 0 unpaired, 0 unmatched, 0 in flight$' <<<"$stderr"
	digest <<<"$stdout" >"$tmp/digest"
	is "$n loads, $n unloads, in turn" "$(yes "load unload" | head -n $n)" \
		"$(head -n $((2 * n)) "$tmp/digest" | grep -E ' = (loaded|gone):' | cut -d' ' -f1 | paste -d' ' - -)"
	is "phases of each add up to its total" "" "$(wrong_sums "$tmp/loads.csv")"
	is "... and what each slept for to its time off the CPU" "" "$(wrong_sleeps "$tmp/loads.csv")"
	merged=() # newer kernels have inlined what ends the checks
	grep -q '^check_modstruct_version$' /sys/kernel/tracing/available_filter_functions || merged=("ELF checks")
	is "merged: ${merged[*]:-none}" "${merged[*]}" \
		"$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } $at["merged"] { print $at["phase"] }' "$tmp/loads.csv" | sed 's/\.\..*//' | sort -u)"
	for kind in 'load init_module' 'unload delete_module'; do
		grep -E "^tag,|,${kind% *}\$" "$tmp/loads.csv" >"$tmp/kind.csv"
		calls "$tmp/kind.csv" >"$tmp/calls"
		ours=$(($(awk '{ print $NF }' "$tmp/calls" | total) / 1000))
		theirs=$(syscalls_us "$dir/trace-loads.events" "${kind#* }")
		is "strace counts as many ${kind% *}s" "$(wc -l <"$tmp/calls")" "$(grep -c "${kind#* }(" "$tmp/strace")"
		ok "the kernel's own sum of ${kind% *}s, $theirs us, is within 5 % of ours, $ours us" \
			test $((100 * (theirs - ours))) -le $((5 * theirs)) -a $((100 * (ours - theirs))) -le $((5 * theirs))
	done
	is "no line is longer than 79 columns" "" "$(awk 'length > 79' <<<"$stdout")"
	ok "dummy: its init() is a phase" grep -Eq '^load dummy by insmod = loaded: read; .* init\(\); .* return;' "$tmp/digest"
	ok "loop: so is its" grep -Eq '^load loop by insmod = loaded: read; .* init\(\);.* return;' "$tmp/digest"
	ok "crc_itu_t has none, and no phase for it" grep -Eq '^load crc_itu_t by insmod = loaded: read; .* file copy; notifiers LIVE;' "$tmp/digest"
	ok "init_module(2): its image is copied" grep -Eq '^load nls_utf8 by perl = loaded: copy; signature;' "$tmp/digest"
	ok "EEXIST: with its name" grep -Eq '^load dummy by insmod = already loaded: .* undo;$' "$tmp/digest"
	ok "ENOEXEC: no name yet" grep -Eq '^load - by insmod = ENOEXEC: read; .*undo;$' "$tmp/digest"
	is "loads that fail name the step" "ELF checks,init(),notifiers COMING or parameters" \
		"$(sed -n 's/^  failed in: //p' <<<"$stdout" | sort -u | paste -sd,)"
	ok "a bad parameter: what undoing it waits for" \
		grep -Eq '^load loop by insmod = EINVAL: .* notifiers COMING;[^;]* undo; .*<a grace period:>' "$tmp/digest"
	ok "init() that fails: as well" grep -Eq '^load loop by insmod = EINVAL: .* init\(\);[^;]* undo; .*<a grace period:>' "$tmp/digest"
	ok "a load waits for module_mutex, held by who unloads" \
		grep -Eq '^load nls_utf8 by perl = .* lock wait[^;]*; <rmmod/[0-9]+ \(crc_itu_t\)>' "$tmp/digest"
	ok "the summary has both" test "$(grep -cE '^MODULE +(UN)?LOADS ' <<<"$stdout")" = 2
	ok "... and what did not load" grep -Eq '^  did not load: [1-9][0-9]* already loaded' <<<"$stdout"

	run_cmd "$refcost" trace --load --json --strict --mechanism tracepoints -m nls-utf8 -- sh -c "
		for m in nls_utf8 crc_itu_t garbage; do insmod $tmp/\$m.ko; done; rmmod crc_itu_t; rmmod nls_utf8"
	is "-m, JSON: a line a call on it whose name was known" "load unload summary" \
		"$(sed -n 's/^{"type":"\([a-z]*\)",.*}$/\1/p' <<<"$stdout" | paste -sd' ')"
	ok "... tracepoints alone: to init() and beyond" \
		grep -q '^{"type":"load".*"phase":"read..file copy".*"phase":"init()..return"' <<<"$stdout"
	begin without --mechanism tracepoints
	is "without --load no load is watched" 0 "$(bpftool prog show | grep -c 'name syscall_enter_f' || true)"
	end_with INT
}

whose_calls() {
	local pid
	load nls_utf8
	load crc_itu_t
	begin others --mechanism tracepoints
	"$refcost" trace --mechanism tracepoints -- sh -c 'sh -c "sleep 2; rmmod nls_utf8" & wait' >"$tmp/tree" 2>"$tmp/tree.err" &
	pid=$!
	sleep 1
	rmmod crc_itu_t
	wait $pid
	ok "a grandchild's unload is reported" grep -q '^nls_utf8 .*gone' "$tmp/tree"
	ok "... and nobody else's" bash -c "! grep -q crc_itu_t '$tmp/tree'"
	end_with INT
	is "two tracers at once: the other has both, Ctrl-C: exit 0" "0 2" "$status $(grep -c ' gone ' "$tmp/others")"
	ok "... and a summary" grep -q '^Summary' "$tmp/others"
	load nls_utf8
	load crc_itu_t
	sh -c "until test -e $tmp/now; do sleep 0.2; done; exec rmmod nls_utf8" &
	pid=$!
	begin pid --mechanism tracepoints -p $pid -n 1
	rmmod crc_itu_t
	touch "$tmp/now"
	end_with none
	is "-p, -n 1: that process alone" "0 nls_utf8" "$status $(awk '/gone/ { print $1 }' "$tmp/pid" | paste -sd' ')"
	rm "$tmp/now"
	wait
	load nls_utf8
	load crc_itu_t
	begin module --mechanism tracepoints -m nls-utf8 -n 1
	rmmod crc_itu_t
	rmmod nls_utf8
	end_with none
	is "-m: that module alone, however its name is spelt" "0 nls_utf8" "$status $(awk '/gone/ { print $1 }' "$tmp/module" | paste -sd' ')"
	run_cmd "$refcost" trace --mechanism tracepoints --strict -m 'no_such,nls-cp43[6-8]' -m 'crc*' -- sh -c "
		for m in nls_utf8 nls_cp437 crc_itu_t; do insmod $tmp/\$m.ko; rmmod \$m; done"
	is "-m: names and patterns, also of modules that are not installed, in order" "0 nls_cp437 crc_itu_t" \
		"$status $(awk '/gone/ { print $1 }' <<<"$stdout" | paste -sd' ')"
}

# Where processes have other numbers than in the first namespace: a command, and -p, also one that is further inside.
namespaces() {
	local inside="unshare -pf --mount-proc" pid
	load nls_utf8
	load crc_itu_t
	begin others --mechanism tracepoints
	# shellcheck disable=SC2086 # words
	run_cmd $inside "$refcost" trace --strict -- sh -c 'sh -c "rmmod nls_utf8"; true'
	is "a command in a PID namespace: its call alone, strictly" "0 nls_utf8" "$status $(awk '/ gone / { print $1 }' <<<"$stdout" | paste -sd' ')"
	rm -f "$tmp/now"
	{ eventually 30 test -e "$tmp/now" && rmmod crc_itu_t; } &
	run_cmd $inside "$refcost" trace --mechanism tracepoints -d 30 -- sh -c "
		touch $tmp/now; while grep -q ^crc_itu_t /proc/modules; do sleep 0.2; done"
	is "... and nobody else's" "" "$(grep ' gone ' <<<"$stdout" || true)"
	end_with INT
	is "... whom a tracer outside sees" 2 "$(grep -c ' gone ' "$tmp/others")"
	load nls_utf8
	load crc_itu_t
	rm -f "$tmp/now"
	cat >"$tmp/inside" <<-END
		sh -c 'until test -e $tmp/now; do sleep 0.2; done; rmmod crc_itu_t' &
		unshare -pf sh -c 'while grep -q ^crc_itu_t /proc/modules; do sleep 0.2; done; exec rmmod nls_utf8' &
		until pgrep -P \$! >/dev/null; do sleep 0.1; done
		exec "$refcost" trace --strict --mechanism tracepoints -n 1 -d 20 -p \$(pgrep -P \$!)
	END
	$inside sh "$tmp/inside" >"$tmp/inner" 2>"$tmp/inner.err" &
	pid=$!
	eventually 30 grep -q 'Ctrl-C ends it' "$tmp/inner.err"
	touch "$tmp/now"
	status=0
	wait $pid || status=$?
	is "-p of a process further inside" "0 nls_utf8" "$status $(awk '/gone/ { print $1 }' "$tmp/inner" | paste -sd' ')"
	bad "/proc of another namespace" 4 "/proc is another PID namespace's" unshare -pf "$refcost" trace -p 1 -d 1
	rm -f "$tmp/now"
}

# 32-bit callers, whom the system calls' tracepoints leave out: by whatever calls are watched.
compat() {
	local mechanism call=build/tests/guest/compat kprobes=/sys/kernel/debug/kprobes/enabled
	if ! grep -q ' __ia32_sys_delete_module$' /proc/kallsyms || ! [ -x $call ]; then
		tap_skip "32-bit callers" "this kernel has none, or tests/guest/compat.c is not built"
		return
	fi
	cat >"$tmp/calls" <<-END
		$call finit $tmp/nls_utf8.ko; $call delete nls_utf8; $call init $tmp/nls_utf8.ko; $call delete nls_utf8
		insmod $tmp/nls_utf8.ko; $call delete no_such; rmmod nls_utf8
	END
	for mechanism in auto kprobe tracepoints; do
		run_cmd "$refcost" trace --load --csv --strict --mechanism $mechanism -- sh "$tmp/calls"
		printf '%s\n' "$stdout" >"$tmp/compat.csv"
		is "$mechanism: calls by int 0x80 and by rmmod, in turn" \
			"0 load compat loaded,unload compat gone,load compat loaded,unload compat gone,load insmod loaded,unload compat not loaded,unload rmmod gone" \
			"$status $(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } !seen[$2]++ { print $NF, $at["command"], $at["result"] }' "$tmp/compat.csv" | paste -sd,)"
		is "... phases of each add up to its total" "" "$(wrong_sums "$tmp/compat.csv")"
		# as if the kernel refused these probes
		load nls_utf8
		echo 0 >$kprobes
		run_cmd "$refcost" trace --strict --mechanism $mechanism -- $call delete nls_utf8
		is "... not seen: exit 2 with --strict" 2 "$status"
		ok "... and counted" grep -q ' 1 unmatched.*: incomplete' <<<"$stderr"
		load nls_utf8
		run_cmd "$refcost" trace --strict --mechanism $mechanism -m nls_utf8 -- $call delete nls_utf8
		ok "... also with -m" grep -q ' 1 unmatched.*: incomplete' <<<"$stderr"
		load nls_utf8
		run_cmd "$refcost" trace --strict --mechanism $mechanism -m dummy -- $call delete nls_utf8
		ok "... of that module alone" grep -q ' 0 unmatched' <<<"$stderr"
		echo 1 >$kprobes
	done
}

# Ctrl-C while probes are being attached: as if nothing had been.
catches_int() { [ $((0x$(awk '/^SigCgt/ { print $2 }' "/proc/$1/status") & 2)) != 0 ]; }
early_end() {
	env --default-signal=INT "$refcost" trace -- touch "$tmp/ran" >"$tmp/early" 2>&1 &
	tracer=$!
	eventually 20 catches_int $tracer
	sleep 0.4
	end_with INT
	is "Ctrl-C during the start: runs nothing, leaves nothing, exit 130" "130 0" "$status $(attached)"
	is "... says nothing" "" "$(cat "$tmp/early")"
	ok "... the command did not run" test ! -e "$tmp/ran"
}

# In flight, or begun before: loop takes its time to go.
cut_off() {
	load loop max_loop=$slow
	begin killed
	rmmod loop &
	sleep 0.7
	quietly end_with KILL
	is "SIGKILL in the middle of an unload: nothing stays attached" 0 "$(sleep 0.5; attached)"
	wait
	ok "... and the unload ends as usual" eval '! loaded loop'
	load loop max_loop=$slow
	begin early --strict --mechanism tracepoints
	rmmod loop &
	sleep 0.5
	end_with TERM
	is "SIGTERM in the middle of an unload, --strict: exit 2" 2 "$status"
	ok "... over within 3 s ($took ms)" test $took -lt 3000
	ok "... says that a call was in flight" grep -q '1 in flight: incomplete' "$tmp/early.err"
	wait
	load loop max_loop=$((4 * slow)) # longer than attaching takes
	rmmod loop &
	sleep 0.2
	begin late --strict --mechanism tracepoints
	eventually 20 eval '! loaded loop'
	end_with INT
	is "a call that began before the trace, --strict: exit 2" 2 "$status"
	ok "... is counted" grep -q ' 1 unmatched.*: incomplete' "$tmp/late.err"
	is "... nothing stays attached" 0 "$(attached)"
	load loop max_loop=$((10 * slow)) # longer than attaching takes
	rmmod loop &
	sleep 0.2
	begin late --strict
	eventually 20 eval '! loaded loop'
	end_with INT
	is "the same with all probes, --strict: exit 2" 2 "$status"
	ok "... is counted" grep -q ' 1 unmatched.*: incomplete' "$tmp/late.err"
}

# in_flight FILE: what JSON tells of calls in flight: why, what call, phase, state
in_flight() { sed -n 's/^{"type":"in_flight",.*"reason":"\([a-z]*\)",.*"call":"\([a-z]*\)",.*"phase":\([^,]*\),.*"state":"\(.\)".*/\1 \2 \3 \4/p' "$1" | tr -d '"'; }

# One sleep that is long, and many that are short and far longer in all: that is why it is slow.
sums() {
	local ko share
	ko=build/kmod-fault/all/$(uname -r)/refcost_hang.ko
	if ! [ -e "$ko" ]; then
		tap_skip "what exit() sleeps for in all" "make kmod-fault makes no modules for this kernel"
		return
	fi
	insmod "$ko" out=graces
	run_cmd "$refcost" trace --stacks --json --strict -o "$tmp/sums.csv" -- rmmod refcost_hang
	printf '%s\n' "$stdout" >"$dir/trace-sums.json"
	cp "$tmp/sums.csv" "$dir/trace-sums.csv"
	is "60 grace periods and a sleep of 60 ms: exit 0, strictly" 0 "$status"
	ok "... exit() waits for grace periods" grep -Eq '"phase":"exit\(\)"[^}]*"why":"a grace period"' <<<"$stdout"
	ok "... and for a timer, once" grep -Eq '"n":1,"longest_ns":[0-9]+,"ns":[0-9]+,"why":"a timer"' <<<"$stdout"
	share=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } $at["phase"] != "exit()" { next }
		{ all += $at["slept_ns"]; n += $at["sleeps"] * ($at["why"] == "a grace period"); grace += $at["slept_ns"] * ($at["why"] == "a grace period") }
		END { print (n >= 60) * int(100 * grace / all) }' "$tmp/sums.csv")
	ok "... sixty times or more, $share % of it" test "$share" -gt 80
	is "... what phases slept for adds up to their time off the CPU" "" "$(wrong_sleeps "$tmp/sums.csv")"
	is "... and each phase is in the sum once" "" "$(wrong_sums "$tmp/sums.csv")"
}

# Calls that do not return for long, or at all: by a module that does it on purpose.
hangs() {
	local ko parameters=/sys/module/refcost_hang/parameters pid
	ko=build/kmod-fault/all/$(uname -r)/refcost_hang.ko
	if ! [ -e "$ko" ]; then
		tap_skip "calls that do not return" "make kmod-fault makes no modules for this kernel"
		return
	fi
	cp "$ko" "$tmp/refcost_hang.ko"
	begin hang.json --load --json --strict --slow-after 700ms -o "$tmp/hang.csv"
	load refcost_hang in=wait out=sleep ms=1500 &
	eventually 20 grep -q '"reason":"slow".*"call":"load"' "$tmp/hang.json"
	kill -QUIT "$tracer"
	eventually 20 grep -q '"reason":"asked"' "$tmp/hang.json"
	echo 1 >$parameters/let_go
	wait $!
	rmmod refcost_hang
	load refcost_hang out=spin ms=1500
	rmmod refcost_hang
	load refcost_hang out=wait
	rmmod refcost_hang &
	pid=$!
	eventually 20 grep -q '"reason":"slow".*"pid":'$pid, "$tmp/hang.json"
	end_with INT
	is "init() that waits for what never comes, on time and when asked; exit() that sleeps, spins, waits so, at the end as well" \
		"slow load init() D,asked load init() D,slow unload exit() D,slow unload exit() R,slow unload exit() D,end unload exit() D" \
		"$(in_flight "$tmp/hang.json" | paste -sd,)"
	is "... --strict: exit 2" 2 "$status"
	ok "... whose, and where it sleeps, by name" \
		grep -Eq '"reason":"end".*"module":"refcost_hang","pid":'$pid',.*"command":"rmmod".*"stack":\["hang_wait \[refcost_hang\]"' "$tmp/hang.json"
	is "... CSV has a row of each" "load init() D,load init() D,unload exit() D,unload exit() R,unload exit() D,unload exit() D" \
		"$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
			$at["result"] == "in flight" && $at["errno"] == 115 { print $at["type"], $at["phase"], $at["state"] }' "$tmp/hang.csv" | paste -sd,)"
	cp "$tmp/hang.json" "$dir/trace-hang.json"
	cp "$tmp/hang.csv" "$dir/trace-hang.csv"
	begin before --strict -n 1
	end_with INT
	cp "$tmp/before" "$dir/trace-before.txt"
	ok "who hung before the trace began is found, with since when at the most" \
		grep -Eq "^refcost_hang is being unloaded, by rmmod/$pid, for [0-9.]+ s at the most:\$" "$tmp/before"
	ok "... in what phase, and asleep" grep -A 1 '^  in exit()$' "$tmp/before"
	ok "... in what functions" grep -Eq '^    hang_wait \[refcost_hang\] < ' "$tmp/before"
	is "... it is in flight at the end: exit 2" 2 "$status"
	ok "... and counted" grep -q ' 1 in flight: incomplete' "$tmp/before.err"
	is "no line is longer than 79 columns" "" "$(awk 'length > 79' "$tmp/before")"
	echo 1 >$parameters/let_go
	wait $pid
}

lost() {
	begin flood --mechanism tracepoints --csv --strict
	kill -STOP $tracer
	perl -e 'for (1..4000) { my $name = "no_such"; syscall(176, $name, 2048) }'
	kill -CONT $tracer
	sleep 1
	end_with INT
	is "nobody reads for 4000 calls: exit 2 with --strict" 2 "$status"
	ok "... and says so" grep -Eq '[1-9][0-9]* dropped.*: incomplete' "$tmp/flood.err"
	is "... none is unaccounted for" 4000 \
		"$(sed -n 's/refcost: \([0-9]*\) reported; \([0-9]*\) dropped.*/\1 \2/p' "$tmp/flood.err" | awk '{ print $1 + $2 }')"
	is "... what was reported is whole" "$(sed -n 's/refcost: \([0-9]*\) reported.*/\1/p' "$tmp/flood.err")" "$(calls "$tmp/flood" | wc -l)"
}

# As many unloads as four tasks can make: none is lost, and both sides count the same.
four_loops() {
	local i pids=() modules=("build/kmod/$(uname -r)"/refcost_plain[1-4].ko)
	# a kernel without headers here has its own alone
	[ -e "${modules[0]}" ] || modules=("$tmp"/{nls_utf8,crc_itu_t,dummy,nls_cp437}.ko)
	begin loops --csv --strict
	for i in 1 2 3 4; do
		"$refcost" cycle --csv --gap 0 -d 5 "${modules[i - 1]}" >"$tmp/loop$i" &
		pids+=($!)
	done
	wait "${pids[@]}"
	sleep 0.5
	end_with INT
	is "four loops of unloads, --strict: exit 0" 0 "$status"
	ok "... nothing lost, nothing missed" grep -q '; 0 dropped, 0 lost, 0 missed, 0 unpaired, 0 unmatched, 0 in flight$' "$tmp/loops.err"
	cat "$tmp"/loop[1-4] | grep -v ^tag >"$tmp/cycles"
	is "... $(wc -l <"$tmp/cycles") unloads on both sides" "$(wc -l <"$tmp/cycles")" "$(calls "$tmp/loops" | wc -l)"
	is "... of each module as many" "$(cut -d, -f3 "$tmp/cycles" | sort | uniq -c)" "$(calls "$tmp/loops" | cut -d' ' -f2 | sort | uniq -c)"
}

holders() {
	local again="for i in 1 2 3 4 5; do"
	# what a reader of /proc/modules holds while it reads
	cat >"$tmp/reader" <<-'END'
		open(my $f, "<", "/proc/modules");
		while (1) { sysseek($f, 0, 0); while (sysread($f, my $text, 65536)) { } }
	END
	cat >"$tmp/unloads" <<-END
		load() { insmod $tmp/\$1.ko; }
		$again load nls_utf8; load crc_itu_t; load dummy
		rmmod nls_utf8 & rmmod crc_itu_t & rmmod dummy & wait; done
		perl $tmp/reader & reader=\$!
		$again load nls_utf8; rmmod nls_utf8; done
		kill \$reader
	END
	run_cmd "$refcost" trace --stacks -- sh "$tmp/unloads"
	printf '%s\n' "$stdout" >"$dir/trace-holders.txt"
	ok "three unloads at once: who held module_mutex, and to unload what" \
		grep -Eq 'module_mutex was held by rmmod/[0-9]+ \((nls_utf8|crc_itu_t|dummy)\)$' <<<"$stdout"
	ok "... that is what the stack says, too" grep -q 'waiting for module_mutex' <<<"$stdout"
	ok "... also who does not unload" grep -Eq 'module_mutex was held by perl/[0-9]+$' <<<"$stdout"
	is "... no line is longer than 79 columns" "" "$(awk 'length > 79' <<<"$stdout")"
}

mechanisms() {
	local mechanism
	for mechanism in kprobe tracepoints; do
		run_cmd "$refcost" trace -v --load --strict --csv --mechanism $mechanism -- sh -c "insmod $tmp/nls_utf8.ko; rmmod nls_utf8"
		is "$mechanism: exit 0, strictly" 0 "$status"
		printf '%s\n' "$stdout" >"$tmp/$mechanism.csv"
		is "$mechanism: a load and an unload, whose phases add up" "2 " "$(calls "$tmp/$mechanism.csv" | wc -l) $(wrong_sums "$tmp/$mechanism.csv")"
	done
	ok "kprobe is recorded, fentry is not" bash -c "grep -q ',kretprobe,' '$tmp/kprobe.csv' && ! grep -q fentry '$tmp/kprobe.csv'"
	is "tracepoints alone: two phases each, all merged" "1 1 1 1" "$(column "$tmp/tracepoints.csv" merged | paste -sd' ')"
	ok "... and -v says why" grep -q 'merged .*tracepoints alone were asked for' <<<"$stderr"
	load nls_utf8
	mount -t tmpfs none /sys/kernel/btf
	run_cmd "$refcost" trace --csv -- rmmod nls_utf8
	umount /sys/kernel/btf
	is "no BTF: exit 0" 0 "$status"
	ok "... says so, in one line" grep -q 'no BTF of this kernel.*kprobes instead' <<<"$stderr"
	ok "... kprobes do it" grep -q ',kretprobe,' <<<"$stdout"
	# as with a kernel before 5.12
	grep -v __bpf_tramp_exit /proc/kallsyms >"$tmp/kallsyms"
	load nls_utf8
	mount --bind "$tmp/kallsyms" /proc/kallsyms
	run_cmd "$refcost" trace -v --csv --strict -- sh -c "rmmod nls_utf8; insmod $tmp/nls_utf8.ko; rmmod nls_utf8"
	umount /proc/kallsyms
	is "trampolines that are not safe: exit 0, strictly" 0 "$status"
	ok "... says so, in one line" grep -q 'no __bpf_tramp_exit in this kernel.*kprobes instead of fentry' <<<"$stderr"
	ok "... no boundary is watched by fentry" bash -c '! grep -Eq "f(entry|exit) " <<<"$1"' . "$stderr"
	ok "... kprobes do it" grep -q ',kretprobe,' <<<"$stdout"
	printf '%s\n' "$stdout" >"$tmp/kprobes.csv"
	phases() { awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } $at["phase"] !~ /lock wait|teardown/ { print $at["phase"] }' "$1" | sort -u; }
	load nls_utf8
	"$refcost" trace --csv --strict -- rmmod nls_utf8 >"$tmp/fentry.csv"
	is "... and the phases are the same, but for waits" "$(phases "$tmp/fentry.csv")" "$(phases "$tmp/kprobes.csv")"
	sysctl -q kernel.bpf_stats_enabled=1
	load nls_utf8
	run_cmd "$refcost" trace -v -- rmmod nls_utf8
	sysctl -q kernel.bpf_stats_enabled=0
	ok "-v names mechanism and function" grep -Eq '^checks +fexit +find_module_all' <<<"$stderr"
	if [ -e /sys/kernel/tracing/events/lock ]; then
		ok "... waits are the kernel's tracepoints" grep -Eq '^lock wait +tracepoint +contention_end' <<<"$stderr"
		is "... with which no mutex is probed" "" "$(grep -E '^f(entry|exit)_.* mutex_' <<<"$stderr" || true)"
	else
		ok "... waits are returns of the lock's functions" grep -Eq '^lock wait +fexit +mutex_lock_interruptible' <<<"$stderr"
	fi
	ok "-v with kernel.bpf_stats_enabled: what the programs cost" grep -Eq '^fexit_delete_module +__x64_sys_delete_module +1 +[1-9]' <<<"$stderr"
	load nls_utf8
	sysctl -q kernel.kptr_restrict=2
	run_cmd "$refcost" trace -v --csv -- rmmod nls_utf8
	sysctl -q kernel.kptr_restrict=0
	ok "where the lock's address is hidden, it is learnt" grep -Eq '^lock wait +fexit +mutex_lock_interruptible' <<<"$stderr"
	is "... and taking it is a phase" "lock wait" "$(column - phase <<<"$stdout" | head -n 1)"
}

# As exits; says so in one line.
bad() {
	exits "$@"
	is "... in one line" 1 "$(wc -l <<<"$stderr")"
}

bad_input() {
	local builtin
	builtin=$(sed -n '1s|.*/\(.*\)\.ko.*|\1|p' "/lib/modules/$(uname -r)/modules.builtin")
	bad "a module's name for a command" 127 'nls_utf8: command not found.*refcost trace -m nls_utf8' "$refcost" trace nls_utf8
	ok "-h is help" grep -q '^  -m, --module=NAMES' <("$refcost" trace -h)
	bad "a module that is built in" 1 "built into this kernel" "$refcost" trace -m "$builtin"
	bad "an alias" 1 "alias: try -m ext4" "$refcost" trace -m ext3
	bad "a path is no module" 1 "no module's name" "$refcost" trace -m /lib/x.ko
	bad "a command that is not found" 127 "command not found" "$refcost" trace -- no_such_command
	bad "a command that cannot be run" 126 "cannot be run" "$refcost" trace -- /etc/passwd
	bad "an output file that cannot be written" 1 "cannot write /proc/nowhere" "$refcost" trace -o /proc/nowhere
	cp "$refcost" "$tmp/refcost"
	chmod 755 "$tmp" "$tmp/refcost"
	bad "not root" 1 "needs root: sudo" setpriv --reuid=65534 --regid=65534 --clear-groups "$tmp/refcost" trace
	is "... nothing is attached" 0 "$(attached)"
	exits "a time without a number" 64 "duration 'ms'" "$refcost" trace -d ms
	exits "names without one" 64 "module 'a,,b'" "$refcost" trace -m a,,b
	exits "a count of 0" 64 "count" "$refcost" trace -n 0
	exits "a negative duration" 64 "duration" "$refcost" trace -d -1
	exits "a process 0" 64 "pid" "$refcost" trace -p 0
	exits "CSV and JSON" 64 "not both" "$refcost" trace --csv --json
	exits "an unknown mechanism" 64 "no mechanism" "$refcost" trace --mechanism magic
	exits "a full disk" 1 "cannot write /dev/full" "$refcost" trace -o /dev/full -d 1
	run_cmd "$refcost" trace --mechanism tracepoints -m dummy,nls_utf9 -d 500ms
	is "modules that are not loaded are waited for: exit 0" 0 "$status"
	ok "... with a warning" grep -q 'dummy is not loaded: waiting' <<<"$stderr"
	ok "... and near names, if none is installed" grep -q "no module 'nls_utf9'.*near it: .*nls_utf8.*: waiting" <<<"$stderr"
	run_cmd "$refcost" trace --mechanism tracepoints -d 1 -- sh -c 'sleep 2; exit 5'
	is "a command that outlives -d: its exit code" 5 "$status"
	run_cmd "$refcost" trace --mechanism tracepoints -- sh -c 'kill -TERM $$'
	is "a command that was killed" 143 "$status"
}

modest() {
	local before after
	begin idle --stacks
	sleep 1
	before=$(awk '{ print $14 + $15 }' /proc/$tracer/stat)
	sleep 5
	after=$(awk '{ print $14 + $15 }' /proc/$tracer/stat)
	ok "idle for 5 s: $((after - before)) ticks of CPU" test $((after - before)) -le 5
	rss=$(awk '/VmHWM/ { print $2 }' /proc/$tracer/status)
	ok "at most $rss KiB of memory, below 32 MiB" test "$rss" -lt 32768
	end_with TERM
	is "SIGTERM: exit 0" 0 "$status"
	ok "... within 3 s ($took ms)" test $took -lt 3000
	run_cmd timeout 30 "$refcost" trace --mechanism tracepoints -d 1
	is "-d 1: exit 0" 0 "$status"
}

parts commands_of_others refused agree loads whose_calls namespaces compat early_end cut_off hangs sums lost four_loops holders mechanisms bad_input modest
is "nothing is attached at the end" 0 "$(attached)"
is "the kernel has nothing to complain about" "" "$(dmesg | grep -E 'BUG|WARNING|Oops|soft lockup|rcu.*stall' || true)"
tap_done
