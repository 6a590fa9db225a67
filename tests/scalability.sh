#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The scalability law in the report: made-up points that follow known curves come back as these, and where
# there is no fit the report says why.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/tap.sh
. tests/run-json.sh

sample=tests/data/run
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# points NAME CPUS HOST: a run of six blocks whose throughput, in million a second, follows laws; kref has
# one point that does not. More workers than HOST share CPUs, and do no more.
points() {
	mkdir -p "$dir/$1"
	cp "$sample/run.json" "$sample/schemes.csv" "$dir/$1"
	sed -i "s/\"host_cpus\":4/\"host_cpus\":$3/" "$dir/$1/run.json"
	partial "$dir/$1" run
	awk -v list="$2" -v host="$3" '
		function row(scheme, l, s, k, n) {
			m = n > host ? host : n
			mops = l * m / (1 + s * (m - 1) + k * m * (m - 1)) * (scheme == "kref" && n == 4 ? 2 : 1)
			for (block = 0; block < 6; block++)
				for (cpu = 0; cpu < n; cpu++)
					printf "%d,%s,getput,%d,0,cores,own,%d,0,%d,0,0,0,%.0f,1000000000,0,0,0,0,1,1,%.9f\n",
						block, scheme, n, scheme == "empty", cpu, 1e12 * n / mops, 1000 * n / mops
		}
		BEGIN {
			print "block,scheme,mode,cpus,hold_ns,placement,layout,floor,counter_offset,cpu,arrive_ns,go_ns," \
				"start_ns,end_ns,ops,failed,total,gap_ns,gaps,batch,batches,batch_p5_ns"
			last = split(list, cpus, " ")
			for (i = 1; i <= last; i++) {
				row("empty", 1000, 0, 0, cpus[i])
				row("percpu_live", 250, 0.02, -1e-9, cpus[i]) # rounding is no peak
				row("try_module_get", 20, 0.3, 0.02, cpus[i])
				row("kref", 50, 0.5, 0.01, cpus[i])
				row("rwsem", 10, 0.1, 0.0001, cpus[i])
			}
		}' >"$dir/$1/workers.csv"
	ok "$1: the report reads it" build/bin/refcost report "$dir/$1" -o "$dir/$1/report"
	ok "$1: the figure is drawn" plots/render.sh "$dir/$1/report" "$dir/$1/svg"
}

# law NAME SCHEME: its row of the table
law() {
	awk -v scheme="\`$2\`" '/^##/ { inside = /^### Scalability/ } inside && $2 == scheme' "$dir/$1/report/RESULTS-tables.md"
}
says() { ok "$1: RESULTS.md says $2" grep -Eq -- "$2" "$dir/$1/report/RESULTS-tables.md"; }
# fitted NAME: schemes with a law in the figure's data
fitted() {
	awk 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = NF - i; next }
		$(NF - at["fit_l"]) != "?" { print $1 }' "$dir/$1/report/throughput.dat" | uniq | xargs
}

points eight "1 2 3 4 6 8" 8
is "linear" '| `empty` | 1000 | 0.000 | 0.0000 | none | 0.0 % |' "$(law eight empty)"
is "Amdahl" '| `percpu_live` | 250 | 0.020 | 0.0000 | none | 0.0 % |' "$(law eight percpu_live)"
is "with a peak" '| `try_module_get` | 20.0 | 0.300 | 0.0200 | 5.9 | 0.0 % |' "$(law eight try_module_get)"
is "with a peak far away" '| `rwsem` | 10.0 | 0.100 | 0.0001 | beyond 80 | 0.0 % |' "$(law eight rwsem)"
ok "a point beside the curve: no fit, and by how much" grep -Eq '^\| `kref` \| - \| - \| - \| - \| no fit: misses by [0-9]+ % \|$' <<<"$(law eight kref)"
is "the figure's data have four laws" "empty percpu_live rwsem try_module_get" "$(fitted eight | tr ' ' '\n' | sort | xargs)"
ok "... and it says what the thin line is" grep -q 'Thin line, not from point to point' "$dir/eight/svg/throughput.svg"

# With two CPUs for eight workers even the empty loop would seem to stop scaling at two.
points shared "1 2 3 4 6 8" 2
says shared '^No fit: .* at least 4 numbers of CPUs.* this run has 2 of them\. Those beyond the host.s 2 CPUs are left out'
is "shared: no table" "" "$(law shared empty)"
is "shared: no law is drawn" "" "$(fitted shared)"
ok "... and the figure speaks of none" bash -c "! grep -q 'Thin line' '$dir/shared/svg/throughput.svg'"

points part "1 2 3 4 6 8" 4
is "points that share CPUs are left out" '| `try_module_get` | 20.0 | 0.300 | 0.0200 | 5.9 | 0.0 % |' "$(law part try_module_get)"
says part 'Points with more workers than CPUs are left out'

points three "1 2 4" 4
says three '^No fit: .* this run has 3 of them\. On a machine'

tap_done
