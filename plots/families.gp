# SPDX-License-Identifier: GPL-2.0
# The per-CPU counts side by side: time on the left, instructions on the right.
columns = "scheme family rank slot cpus_1 ns_1 ns_1_lo ns_1_hi cpus_n ns_n ns_n_lo ns_n_hi oversubscribed instructions"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("families.gp")]."."
load dir."/style.gp"
title = "Per-CPU counts side by side: one get+put"

array NAME[n_rows]
array RANK[n_rows]
array FAMILY[n_rows]
array ONE[n_rows]
array ONE_LO[n_rows]
array ONE_HI[n_rows]
array ALL[n_rows]
array ALL_LO[n_rows]
array ALL_HI[n_rows]
array COUNT[n_rows]
i = 0
over = 0
stats data using (i = i + 1, NAME[i] = strcol("scheme"), FAMILY[i] = strcol("family"), \
	RANK[i] = int(column("rank")), low = column("cpus_1"), high = column("cpus_n"), \
	ONE[i] = column("ns_1"), ONE_LO[i] = column("ns_1_lo"), ONE_HI[i] = column("ns_1_hi"), \
	ALL[i] = column("ns_n"), ALL_LO[i] = column("ns_n_lo"), ALL_HI[i] = column("ns_n_hi"), \
	COUNT[i] = column("instructions"), over = greater(over, column("oversubscribed")), 0) nooutput
unset datafile

xmin = 1e300
xmax = 0
most = 0
do for [i = 1:n_rows] {
	if (ONE[i] > 0) {
		xmin = lesser(xmin, end_of(ONE_LO[i], ONE[i], ONE[i]))
		xmax = greater(xmax, end_of(ONE_HI[i], ONE[i], ONE[i]))
	}
	if (ALL[i] > 0) {
		xmin = lesser(xmin, end_of(ALL_LO[i], ALL[i], ALL[i]))
		xmax = greater(xmax, end_of(ALL_HI[i], ALL[i], ALL[i]))
	}
	if (COUNT[i] > 0) { most = greater(most, COUNT[i]) }
}
if (xmax == 0) { eval refuse("no row with ns above 0") }
x0 = log_lo(xmin, xmax)
x1 = log_hi(xmin, xmax)
load dir."/rows.inc"

# $TIMES: row, then value lo hi twice; $COUNTS: row instructions
gap = low == high ? 0 : 0.14
set print $TIMES
do for [i = 1:n_rows] {
	print AT[i], ONE[i], end_of(ONE_LO[i], ONE[i], x0), end_of(ONE_HI[i], ONE[i], x0), \
		ALL[i], end_of(ALL_LO[i], ALL[i], x0), end_of(ALL_HI[i], ALL[i], x0), \
		RANK[i] > 0, COUNT[i]
}
unset print

row = 28
width = 940
height = lines * row + 214
right = 24.0
mid = most > 0 ? left + (width - left - right) * 0.62 : width - right
set tmargin at screen 1 - 96.0 / height
set bmargin at screen 118.0 / height
set lmargin at screen left / width
set rmargin at screen 1.0 * mid / width
set logscale x
set xrange [x0:x1]
set yrange [lines + 0.6:0.2]
set xlabel "ns per get+put, on each CPU (log scale)"
eval log_tics("x", x0, x1)
few = colour(1)
all = colour(2)
set key at screen 1.0 * mid / width, screen 1 - 84.0 / height right bottom horizontal samplen 1 font small
note = "Dot: median. Bar: its confidence interval.". \
	(over > 0 ? sprintf(" White centre: more vCPUs than host CPUs, at %d.", high) : ""). \
	(most > 0 ? " Instructions hold the loop's own (empty)." : " Instructions were not counted in this run.")
eval canvas(width, height)
if (most > 0) { set multiplot }
cpus(c) = sprintf("%d CPU%s", c, c > 1 ? "s" : "")
plot $TIMES using 3:($1 - gap):($4 - $3):(0) @interval lc rgb few notitle, \
	$TIMES using (low == high ? NaN : $6):($1 + gap):($7 - $6):(0) @interval lc rgb all notitle, \
	$TIMES using 2:($1 - gap) with points pt 7 ps 0.8 lc rgb few notitle, \
	$TIMES using (low == high ? NaN : $5):($1 + gap) with points pt 5 ps 0.7 lc rgb all notitle, \
	$TIMES using (low == high || over <= 0 ? NaN : $5):($1 + gap) with points pt 5 ps 0.35 lc rgb "white" notitle, \
	NaN with points pt 7 ps 0.8 lc rgb few title cpus(low), \
	NaN with points pt 5 ps 0.7 lc rgb all title (low == high ? "" : cpus(high))
if (most > 0) {
	unset label
	unset key
	set lmargin at screen (mid + 28.0) / width
	set rmargin at screen 1 - right / width
	unset logscale x
	set xrange [0:most * 1.22]
	set xtics autofreq
	set xlabel "instructions per get+put (linear)"
	unset ytics
	set style fill solid 1 noborder
	do for [i = 1:n_rows] {
		if (COUNT[i] > 0) {
			set label i sprintf("%.2f", COUNT[i]) at COUNT[i], AT[i] left offset 0.5, 0 font small
		} else {
			set label i "not counted" at 0, AT[i] left offset 0.5, 0 font small tc rgb grey
		}
	}
	plot $TIMES using ($9 > 0 ? 0 : NaN):1:(0):9:($1 - 0.26):($1 + 0.26) with boxxyerror \
			lc rgb "#9a9a9a" notitle, \
		$TIMES using 9:1 with points pt 7 ps 0.01 lc rgb "#9a9a9a" notitle
	unset multiplot
}
