# SPDX-License-Identifier: GPL-2.0
# The two costs of a reference: time of a get and put, and how often an unload waits for a grace
# period or stops the machine. Schemes of the core carry their names; the rest is grey.
columns = "scheme family rank slot core cpus ns ns_lo ns_hi waits gate"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("tradeoff.gp")]."."
load dir."/style.gp"
title = "The two costs of a reference"

array NAME[n_rows]
array CORE[n_rows]
array X[n_rows]
array XLO[n_rows]
array XHI[n_rows]
array WAITS[n_rows]
array GATE[n_rows]
i = 0
stats data using (i = i + 1, NAME[i] = strcol("scheme"), CORE[i] = column("core"), \
	most = column("cpus"), X[i] = column("ns"), XLO[i] = column("ns_lo"), XHI[i] = column("ns_hi"), \
	WAITS[i] = column("waits"), GATE[i] = column("gate"), 0) nooutput
unset datafile

# Schemes with the same count stand in a band, one line each, the cheapest first.
xmin = 1e300
xmax = 0
wmin = 1e300
wmax = 0
do for [i = 1:n_rows] {
	if (X[i] > 0) {
		xmin = lesser(xmin, end_of(XLO[i], X[i], X[i]))
		xmax = greater(xmax, end_of(XHI[i], X[i], X[i]))
	}
	wmin = lesser(wmin, WAITS[i])
	wmax = greater(wmax, WAITS[i])
}
if (xmax == 0) { eval refuse("no row with ns above 0") }
x0 = log_lo(xmin, xmax)
x1 = log_hi(xmin, xmax) * (xmax / xmin) ** 0.25
array BEFORE[n_rows]
array SAME[n_rows]
deepest = 1
do for [i = 1:n_rows] {
	BEFORE[i] = 0
	SAME[i] = 0
	do for [k = 1:n_rows] {
		if (WAITS[k] == WAITS[i]) {
			SAME[i] = SAME[i] + 1
			if (X[k] < X[i] || (X[k] == X[i] && k < i)) { BEFORE[i] = BEFORE[i] + 1 }
		}
	}
	deepest = greater(deepest, SAME[i])
}
y(i) = WAITS[i] + 0.42 - 0.84 * (BEFORE[i] + 0.5) / SAME[i]

set print $POINTS
do for [i = 1:n_rows] {
	print X[i], y(i), end_of(XLO[i], X[i], x0), end_of(XHI[i], X[i], x0), CORE[i], GATE[i]
	if (CORE[i] > 0) {
		set label i NAME[i] at end_of(XHI[i], X[i], X[i]), y(i) left offset 0.8, 0 font small \
			tc rgb ink(1)
	}
}
unset print

width = 830
bands = int(ceil(wmax) - floor(wmin)) + 1
height = 190 + bands * within(deepest * 15, 120, 420)
set tmargin at screen 1 - 84.0 / height
set bmargin at screen 108.0 / height
set lmargin at screen 70.0 / width
set rmargin at screen 1 - 28.0 / width
set logscale x
set xrange [x0:x1]
set yrange [floor(wmin) - 0.5:ceil(wmax) + 0.5]
set ytics 1
set grid noytics
do for [b = 0:bands] {
	set arrow 700 + b from graph 0, first floor(wmin) - 0.5 + b to graph 1, first floor(wmin) - 0.5 + b \
		nohead lc rgb "#c8c8c8" lw 0.8
}
set xlabel sprintf("ns per get+put, on %s (log scale)", most > 1 ? sprintf("each of %d CPUs", most) : "one CPU")
set ylabel "grace periods and machine stops per unload"
eval log_tics("x", x0, x1)
note = "Dot: median. Bar: its interval. Hollow: what the scheme's gate waits for was not recorded and is not counted."
eval canvas(width, height)
shade(core) = core > 0 ? 0x0072b2 : 0xa0a0a0
plot $POINTS using 3:2:($4 - $3):(0):(shade($5)) with vectors nohead lw 1 lc rgb variable notitle, \
	$POINTS using 1:2:(shade($5)) with points pt 7 ps 0.9 lc rgb variable notitle, \
	$POINTS using ($6 > 0 ? NaN : $1):2 with points pt 7 ps 0.45 lc rgb "white" notitle
