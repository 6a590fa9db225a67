# SPDX-License-Identifier: GPL-2.0
# A get and put less the loop, on one CPU and on all: all schemes, the cheapest on all CPUs first.
columns = "scheme family rank slot cpus_1 ns_1 ns_1_lo ns_1_hi cpus_n ns_n ns_n_lo ns_n_hi"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("cost.gp")]."."
load dir."/style.gp"
title = "A get and put, less the loop"

array NAME[n_rows]
array RANK[n_rows]
array ONE[n_rows]
array ONE_LO[n_rows]
array ONE_HI[n_rows]
array ALL[n_rows]
array ALL_LO[n_rows]
array ALL_HI[n_rows]
i = 0
stats data using (i = i + 1, NAME[i] = strcol("scheme"), RANK[i] = int(column("rank")), \
	low = column("cpus_1"), high = column("cpus_n"), \
	ONE[i] = column("ns_1"), ONE_LO[i] = column("ns_1_lo"), ONE_HI[i] = column("ns_1_hi"), \
	ALL[i] = column("ns_n"), ALL_LO[i] = column("ns_n_lo"), ALL_HI[i] = column("ns_n_hi"), 0) nooutput
unset datafile

xmin = 1e300
xmax = 0
longest = 0
missing = ""
do for [i = 1:n_rows] {
	longest = greater(longest, strlen(NAME[i]))
	if (ONE[i] > 0) { xmin = lesser(xmin, ONE[i]); xmax = greater(xmax, ONE_HI[i]) }
	if (ALL[i] > 0) { xmin = lesser(xmin, ALL[i]); xmax = greater(xmax, ALL_HI[i]) }
	if (!(ONE[i] > 0) && !(ALL[i] > 0)) { missing = with_word(missing, NAME[i]) }
}
if (xmax == 0) { eval refuse("no row with ns above 0") }
x0 = log_lo(xmin, xmax)
x1 = log_hi(xmin, xmax)

# The cheapest stands at the top; AT[i] is the place of row i.
array AT[n_rows]
do for [i = 1:n_rows] {
	AT[i] = 1
	do for [k = 1:n_rows] {
		if (ALL[k] < ALL[i] || (ALL[k] == ALL[i] && k < i)) { AT[i] = AT[i] + 1 }
	}
}
set print $TIMES
do for [i = 1:n_rows] {
	print AT[i], ONE[i], end_of(ONE_LO[i], ONE[i], x0), end_of(ONE_HI[i], ONE[i], x0), \
		ALL[i], end_of(ALL_LO[i], ALL[i], x0), end_of(ALL_HI[i], ALL[i], x0)
}
unset print

row = 19
width = 830
height = n_rows * row + 220
gap = low == high ? 0 : 0.16
set tmargin at screen 1 - 112.0 / height
set bmargin at screen 100.0 / height
set lmargin at screen (longest * 7.4 + 20) / width
set rmargin at screen 1 - 28.0 / width
set logscale x
set xrange [x0:x1]
set yrange [n_rows + 0.7:0.3]
set ytics scale 0 font small
set ytics ()
do for [i = 1:n_rows] { set ytics add ((RANK[i] > 0 ? NAME[i] : "(".NAME[i].")") AT[i]) }
set xlabel "ns per get+put less the loop, on each CPU (log scale)"
eval log_tics("x", x0, x1)
cpus(c) = sprintf("%d CPU%s", c, c > 1 ? "s" : "")
set key at screen 1 - 28.0 / width, screen 1 - 96.0 / height right bottom horizontal samplen 1 font small
note = "Dot: median. Bar: its interval. In brackets: floors, which protect nothing.".lacking(missing)
eval canvas(width, height)
plot $TIMES using 3:($1 - gap):($4 - $3):(0) @interval lc rgb colour(1) notitle, \
	$TIMES using (low == high ? NaN : $6):($1 + gap):($7 - $6):(0) @interval lc rgb colour(2) notitle, \
	$TIMES using ($2 > 0 ? $2 : NaN):($1 - gap) with points pt 7 ps 0.8 lc rgb colour(1) notitle, \
	$TIMES using (low == high || $5 <= 0 ? NaN : $5):($1 + gap) with points pt 5 ps 0.7 lc rgb colour(2) notitle, \
	NaN with points pt 7 ps 0.8 lc rgb colour(1) title cpus(low), \
	NaN with points pt 5 ps 0.7 lc rgb colour(2) title (low == high ? "" : cpus(high))
