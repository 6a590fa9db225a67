#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Which CPUs and whose memory, on two NUMA nodes of two cores of two threads; and a machine with one CPU.
# tests/guest/placement.sh DIR: DIR is writable and survives. Inside the guest, as root.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/guest/lib.sh

quick=(--window 3ms --warmup 1ms -b 1)
all=cores,packed,smt,local,remote

# distinct FILE 'EXPRESSION': what awk prints of each row, columns by name as $c["..."], once each
distinct() {
	awk -F, "NR == 1 { for (i = 1; i <= NF; i++) c[\$i] = i; next } { print $2 }" "$1" | LC_ALL=C sort -u | paste -sd' '
}
# cpus_of PLACEMENT: those of the four workers
cpus_of() { distinct "$dir/placed/workers.csv" "\$c[\"placement\"] == \"$1\" && \$c[\"cpus\"] == 4 ? \$c[\"cpu\"] : \"\""; }
nodes_of() { distinct "$dir/placed/workers.csv" "\$c[\"scheme\"] == \"$1\" ? \$c[\"placement\"] \":\" \$c[\"counter_node\"] : \"\""; }

topology() {
	is "two nodes" "0-3 4-7" "$(cat /sys/devices/system/node/node[01]/cpulist | paste -sd' ')"
	is "two threads a core" "0-1" "$(cat /sys/devices/system/cpu/cpu1/topology/thread_siblings_list)"
}

placements() {
	local out=$dir/placed n
	for n in measures "goes on and measures nothing twice:"; do
		run_cmd "$refcost" run --placement $all -s kref,try_module_get,percpu_live -c 1,4 "${quick[@]}" -o "$out"
		is "five placements: $n exit 0" 0 "$status"
		is "... one row per cell" 30 "$(nr_windows "$out")"
	done
	is "cores: a thread of each" " 0 2 4 6" "$(cpus_of cores)"
	is "packed: all threads of one, then the next" " 0 1 2 3" "$(cpus_of packed)"
	is "smt: the same here" " 0 1 2 3" "$(cpus_of smt)"
	is "local: the first node" " 0 1 2 3" "$(cpus_of local)"
	is "remote: the other" " 4 5 6 7" "$(cpus_of remote)"
	is "the count in the object lies on one node, for all users" " cores:0 local:0 packed:0 remote:0 smt:0" "$(nodes_of kref)"
	is "... and so does the module's" " cores:0 local:0 packed:0 remote:0 smt:0" "$(nodes_of try_module_get)"
	is "... a per-CPU count where its CPU is" " cores:0 local:0 packed:0 remote:1 smt:0" "$(nodes_of percpu_live)"
	ok "the plan says so" grep -Eq '"memory_node": ?0' "$out/run.json"
	ok "the report has a table of it" bash -c "'$refcost' report '$out' -o '$out/report' >/dev/null && grep -q '^| .kref. | getput |.*| 0 |\$' '$out/report/RESULTS-tables.md'"
	ok "compare knows them" bash -c "'$refcost' compare '$out' '$out' | grep -q '^getput, remote, own: '"
	run_cmd "$refcost" run --placement cores,remote -s empty -c 2,5 "${quick[@]}" -o "$dir/five"
	is "more CPUs than one of them has: exit 0" 0 "$status"
	is "... says where they are left out" "refcost: placement remote has 4 CPUs: nothing is measured there with more" "$stderr"
	is "... and leaves them out" "cores:2 cores:5 remote:2" "$(distinct "$dir/five/workers.csv" '$c["placement"] ":" $c["cpus"]')"
	is "a node's cores go first" "4 6" "$(distinct "$dir/five/workers.csv" '$c["placement"] == "remote" ? $c["cpu"] : 4')"
	exits "more CPUs than any has" 64 "only 4 CPUs" "$refcost" run --placement local,remote -c 5
}

# What is on the wrong node is found out.
wrong_node() {
	ok "a victim on the other node" bash -c "insmod '$modules/refcost.ko' && insmod '$modules/refcost_victim.ko' node=1"
	exits "... is noticed" 1 "lie on NUMA node 1, not on node 0" "$refcost" run -k --placement local -s kref -c 1 "${quick[@]}"
	rmmod refcost_victim
	ok "no such node: refused" bash -c "! insmod '$modules/refcost_victim.ko' node=7"
	ok "no such layout: refused" bash -c "! insmod '$modules/refcost_victim.ko' layout=3"
	ok "a victim with pairs" insmod "$modules/refcost_victim.ko" objects=3 layout=2
	exits "... is noticed" 1 "has layout pair" "$refcost" run -k -s kref -c 1 "${quick[@]}"
	ok "... can be used as such" "$refcost" run -k --layout pair -s kref -c 2 "${quick[@]}"
	ok "... and goes" rmmod refcost_victim refcost
}

layouts() {
	local schemes out=$dir/layouts
	schemes=$("$refcost" list | awk '/^  [a-z]/ { name = $1 } /layouts: / { printf "%s%s", n++ ? "," : "", name }')
	for objects in 1 percpu; do
		run_cmd "$refcost" run --layout own,readmostly,pair --mode getput,lookup --objects $objects -s "$schemes,rwsem" -c 3 "${quick[@]}" -o "$out-$objects"
		is "each scheme with layouts, objects $objects: exit 0" 0 "$status"
		is "... where the first count lies in its line" "own:16 pair:0 readmostly:56" \
			"$(distinct "$out-$objects/workers.csv" '$c["scheme"] == "rwsem" ? "own:16" : $c["layout"] ":" $c["counter_offset"]')"
		is "... what is measured" "getput:own getput:pair lookup:own lookup:pair lookup:readmostly" \
			"$(distinct "$out-$objects/workers.csv" '$c["mode"] ":" $c["layout"]')"
		is "... of a scheme without a count in the object" "own" \
			"$(distinct "$out-$objects/workers.csv" '$c["scheme"] == "rwsem" ? $c["layout"] : "own"')"
		ok "... which a line says" grep -q "^refcost: rwsem: no count in the object: measured in layout own alone" <<<"$stderr"
		is "... every get succeeded" 0 "$(distinct "$out-$objects/workers.csv" '$c["failed"]')"
	done
	ok "the report has a table of it" bash -c "'$refcost' report '$out-1' -o '$out-1/report' >/dev/null && grep -q '^## Layout' '$out-1/report/RESULTS-tables.md'"
}

# hwloc, told by its environment, sees no cores.
no_topology() {
	HWLOC_COMPONENTS=no_os,stop run_cmd "$refcost" run -s kref -c 2 "${quick[@]}"
	is "hwloc sees no cores: exit 0" 0 "$status"
	is "... one line says so" "refcost: hwloc sees no cores here (a container?): CPUs are taken by their numbers" "$stderr"
	HWLOC_COMPONENTS=no_os,stop exits "... nor nodes" 4 "remote needs the topology" "$refcost" run --placement remote
	is "... in one line" 1 "$(wc -l <<<"$stderr")"
}

one_cpu() {
	local out=$dir/one cpu
	for cpu in 1 2 3 4 5 6 7; do
		echo 0 >/sys/devices/system/cpu/cpu$cpu/online
	done
	run_cmd "$refcost" run -s empty,kref,percpu_live,try_module_get --mode getput,lookup "${quick[@]}" -o "$out"
	is "one CPU: run: exit 0" 0 "$status"
	is "... it alone" "1" "$(distinct "$out/workers.csv" '$c["cpus"]')"
	exits "one CPU: two are asked for" 64 "only 1 CPU online" "$refcost" run -c 2
	exits "one CPU: no siblings" 4 "no core here has a second thread" "$refcost" run --placement smt
	exits "one CPU: no other node" 4 "needs two NUMA nodes with CPUs" "$refcost" run --placement remote
	is "... in one line" 1 "$(wc -l <<<"$stderr")"
	run_cmd "$refcost" unload --no-trace -s kref,try_module_get -n 1 --timeout 300ms -o "$out"
	is "one CPU: unload: exit 0" 0 "$status"
	run_cmd "$refcost" init -n 1 -o "$out"
	is "one CPU: load: exit 0" 0 "$status"
	run_cmd "$refcost" doctor
	is "one CPU: doctor: exit 0" 0 "$status"
	ok "one CPU: report" bash -c "'$refcost' report '$out' -o '$out/report' >'$out/tables.txt'"
	is "... no figure that is none" "" "$(grep -Eiw 'nan|-nan|inf|-inf' "$out/report/RESULTS-tables.md" "$out/tables.txt" "$out"/report/*.dat || true)"
	is "... nothing grows from one CPU to one" "" "$(grep -E 'from 1 to 1|1[.]0x' "$out/report/RESULTS-tables.md" || true)"
	is "nothing is left loaded" "" "$(loaded)"
}

parts topology placements wrong_node layouts no_topology one_cpu
is "the kernel has nothing to complain about" "" "$(dmesg | grep -E 'BUG|WARNING|Oops|soft lockup|rcu.*stall|refcost: an object' || true)"
tap_done
