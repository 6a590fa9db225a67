#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Each measuring loop, disassembled, holds the instruction that it is about, as often as an operation has it,
# and no floor calls anything.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/tap.sh

module=build/kmod/$(tools/kernel-release.sh)/refcost.ko
code=$(objdump -dr --no-show-raw-insn "$module")

# loop NAME: its instructions and relocations
loop() {
	awk -v name="<refcost_loop_$1>:" '$2 == name { on = 1; next } /^$/ { on = 0 } on' <<<"$code"
}

# holds SCHEME TIMES REGEX
holds() {
	local n
	n=$(loop "$1" | grep -Ec -- "$3" || true)
	is "refcost_loop_$1 holds $3 $2 times" "$2" "$n"
}

# The call of the tracer's hook at the entry is patched out at load.
calls() {
	loop "$1" | grep -E 'R_X86_64_(PLT32|PC32)' | grep -Ev '__fentry__|__x86_return_thunk|\.rodata|\.data|\.bss|refcost_|pcpu' || true
}

# A loop begins at a quarter of a page and is no longer than that.
is "no loop crosses a page" "" "$(nm -S "$module" | awk '$4 ~ /^refcost_loop_/ {
	n++; if (substr($1, length($1) - 2) !~ /^[048c]00$/ || $2 !~ /^0*([0-3]..|400|..?)$/) print $4, $1, $2 } END { if (n < 90) print n " loops" }')"

holds empty 0 'lock|%gs'
holds percpu_inc 1 'inc[ql]? +%gs:'
holds percpu_inc 1 'dec[ql]? +%gs:'
holds atomic_private 1 'lock incl'
holds atomic_private 1 'lock decl'
holds atomic_shared 1 'lock incl'
holds atomic_shared 1 'lock decl'
holds try_module_get 1 'R_X86_64_PLT32.*try_module_get-'
holds try_module_get 1 'R_X86_64_PLT32.*module_put-'
holds module_get 1 'R_X86_64_PLT32.*__module_get-'
holds module_get 1 'R_X86_64_PLT32.*module_put-'
holds percpu_live 2 'incq +%gs:(0x[0-9a-f]+)?\('
holds percpu_rcu 2 'incq +%gs:(0x[0-9a-f]+)?\('
holds kref 2 'lock xadd'
holds rwsem 1 'R_X86_64_PLT32.*down_read-'
holds rwsem 1 'R_X86_64_PLT32.*up_read-'
holds module_rwsem 2 'R_X86_64_PLT32.*down_read-'
holds module_rwsem 2 'R_X86_64_PLT32.*up_read-'
holds module_rwsem 1 'lock incl'
holds module_rwsem 1 'lock decl'
holds global_lock 1 'R_X86_64_PLT32.*_raw_spin_lock-'
holds global_lock 1 'lock incl'
holds global_lock 1 'lock decl'
holds interface_count 2 'R_X86_64_PLT32.*_raw_spin_lock-'
holds object_exit1 1 'lock incl'
holds object_exit2 1 'lock decl'
holds active_ref 1 'lock cmpxchg'
holds active_ref 1 'lock xadd'
holds refcount 2 'lock xadd'
holds kref_unless_zero 1 'lock cmpxchg'
holds kref_unless_zero 1 'lock xadd'
holds kobject 1 'R_X86_64_PLT32.*kobject_get-'
holds kobject 1 'R_X86_64_PLT32.*kobject_put-'
holds lockref 1 'R_X86_64_PLT32.*lockref_get_not_dead-'
holds lockref 1 'R_X86_64_PLT32.*lockref_put_or_lock-'
holds percpu_ref 1 'incq +%gs:\('
holds percpu_ref 1 'decq +%gs:\('
holds rwlock 1 'R_X86_64_PLT32.*_raw_read_lock-'
holds percpu_rwsem 1 'incl +%gs:\('
holds percpu_rwsem 2 'decl +%gs:\(' # fast and slow path
holds srcu 1 'R_X86_64_PLT32.*__srcu_read_lock-'
holds srcu 1 'R_X86_64_PLT32.*__srcu_read_unlock-'
holds srcu_object 1 'R_X86_64_PLT32.*__srcu_read_lock-'
holds srcu_object 1 'R_X86_64_PLT32.*__srcu_read_unlock-'
holds revocable 1 'R_X86_64_PLT32.*__srcu_read_lock-'
holds rcu 1 'R_X86_64_PLT32.*__rcu_read_lock-'
holds rcu 0 'lock '
holds hazptr 1 'lock cmpxchg'
holds hazptr 1 'lock '
holds hazptr_ipi 0 'lock '
# Users of module counts find the object under the list's lock, whatever the count is.
for scheme in percpu_live percpu_atomic percpu_array percpu_alloc speculative_get trylock_percpu percpu_rcu global_lock try_module_get; do
	holds ${scheme}_lookup 1 'R_X86_64_PLT32.*_raw_read_lock-'
done
holds rwsem_lookup 1 'R_X86_64_PLT32.*down_read-'
holds try_module_get_lookup 1 'R_X86_64_PLT32.*try_module_get-'
holds kref_lookup 2 'lock xadd'
for floor in empty percpu_inc atomic_private atomic_shared; do
	is "refcost_loop_$floor calls nothing" "" "$(calls $floor)"
done
holds percpu_live 0 'lock '
holds percpu_rcu 0 'lock '
# waits FILE...: what these objects call that waits for a grace period, or stops the machine
waits() { (cd "${module%/*}"; nm -u "$@") | sed -En 's/^ *U ((synchronize|stop_machine|rcu_barrier|call_rcu|poll_state)[a-z_]*)$/\1/p'; }
is "hazard pointers wait for no grace period" "" "$(waits hazptr.o schemes/hazptr{,_ipi}.o)"
is "percpu_rcu waits for one, and stops no CPU" synchronize_rcu "$(waits schemes/percpu_rcu.o)"
for scheme in $(build/bin/refcost list --names); do
	ok "$scheme has a loop that perf can name" grep -q "<refcost_loop_$scheme>:" <<<"$code"
done

tap_done
