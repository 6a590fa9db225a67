# SPDX-License-Identifier: GPL-2.0
# Two runs: every cell's ratio of medians, B over A, a panel each for what was timed.
columns = "scheme family rank slot mode at ratio ratio_lo ratio_hi verdict oversubscribed"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("compare.gp")]."."
load dir."/style.gp"
title = "B over A: what takes longer in B stands to the right"

array NAME[n_rows]
array FAMILY[n_rows]
array RANK[n_rows]
array MODE[n_rows]
array PLACE[n_rows]
array RATIO[n_rows]
array LO[n_rows]
array HI[n_rows]
array VERDICT[n_rows]
array OVER[n_rows]
i = 0
stats data using (i = i + 1, NAME[i] = strcol("scheme"), FAMILY[i] = strcol("family"), \
	RANK[i] = int(column("rank")), MODE[i] = strcol("mode"), PLACE[i] = column("at"), \
	RATIO[i] = column("ratio"), LO[i] = column("ratio_lo"), HI[i] = column("ratio_hi"), \
	VERDICT[i] = int(column("verdict")), OVER[i] = column("oversubscribed"), 0) nooutput
unset datafile

# Idle and loaded unloads share a panel. A scheme's rows come together, those of a panel too.
panel_of(mode) = mode eq "idle" || mode eq "loaded" ? "unload" : mode
panel_title(p) = p eq "getput" ? "get and put" : (p eq "lookup" ? "with the lookup" : \
	"unload, time to success")
same(i, k) = NAME[i] eq NAME[k] && panel_of(MODE[i]) eq panel_of(MODE[k])

xmin = 1
xmax = 1
over = 0
few = 0
most = 1
panels = ""
endless = ""
array SUB[n_rows]
array SUBS[n_rows]
do for [i = 1:n_rows] {
	SUB[i] = 1
	if (i > 1) { if (same(i, i - 1)) { SUB[i] = SUB[i - 1] + 1 } }
	most = greater(most, SUB[i])
	if (RATIO[i] > 0) {
		panels = with_word(panels, panel_of(MODE[i]))
		xmin = lesser(xmin, end_of(LO[i], RATIO[i], RATIO[i]))
		xmax = greater(xmax, end_of(HI[i], RATIO[i], RATIO[i]))
		if (OVER[i] > 0) { over = 1 }
		if (VERDICT[i] == 3) { few = 1 }
	} else {
		endless = with_word(endless, NAME[i])
	}
}
do for [k = 1:n_rows] {
	i = n_rows + 1 - k
	SUBS[i] = SUB[i]
	if (i < n_rows) { if (same(i, i + 1)) { SUBS[i] = SUBS[i + 1] } }
}
n_panels = words(panels)
if (n_panels == 0) { eval refuse("no row with a ratio above 0") }
x0 = log_lo(xmin, xmax)
x1 = log_hi(xmin, xmax)
load dir."/rows.inc"

# $DOTS, a block a panel: ratio row lo hi verdict oversubscribed
set print $DOTS
do for [p in panels] {
	do for [i = 1:n_rows] {
		if (panel_of(MODE[i]) eq p && RATIO[i] > 0) {
			print RATIO[i], AT[i] + (SUB[i] - (SUBS[i] + 1) / 2.0) * 0.84 / most, \
				end_of(LO[i], RATIO[i], x0), HI[i] > 0 ? HI[i] : (LO[i] > 0 ? x1 : RATIO[i]), \
				VERDICT[i], OVER[i] > 0
		}
	}
	print ""
	print ""
}
unset print

row = 9 + 5 * most
panel_w = n_panels == 1 ? 520.0 : (n_panels == 2 ? 360.0 : 270.0)
gap = 18.0
width = left + n_panels * (panel_w + gap) + 12
height = lines * row + 214
array COLOURS = [grey, colour(1), colour(2), grey]
array POINTS = [7, 7, 5, 6]
array SIZES = [0.45, 0.7, 0.65, 0.6]
array WORDS = ["no difference detected", "faster in B", "slower in B", "too few samples to judge"]
set tmargin at screen 1 - 112.0 / height
set bmargin at screen 118.0 / height
set logscale x
set xrange [x0:x1]
set yrange [lines + 0.6:0.2]
eval log_tics("x", x0, x1)
set xtics font small
set key at screen 1 - 12.0 / width, screen 1 - 84.0 / height right bottom horizontal samplen 1 font small
note = "Dot: ratio of medians. Bar: its 95 % bootstrap interval. In a row from top to bottom: 1 CPU to all; ". \
	"unload idle, then loaded by hold.".(over > 0 ? " White centre: more vCPUs than host CPUs." : ""). \
	(words(endless) ? " Without a ratio, for starving: ".some(endless)."." : "")
eval canvas(width, height)
set multiplot
do for [p = 1:n_panels] {
	px = left + (p - 1) * (panel_w + gap)
	set lmargin at screen 1.0 * px / width
	set rmargin at screen 1.0 * (px + panel_w) / width
	if (p > 1) {
		unset label
		unset key
		set ytics format ""
		do for [i = 1:n_rows] { set ytics add ("" AT[i]) }
	}
	set label 1 panel_title(word(panels, p)) at graph 0, graph 1 offset 0, 0.7
	set arrow 1 from 1, graph 0 to 1, graph 1 nohead back lc rgb "#404040" lw 1
	set xlabel "B / A (log scale)"
	plot for [v = 0:3] $DOTS index p - 1 using ($5 == v ? $3 : NaN):2:($4 - $3):(0) \
			with vectors nohead lw (v == 0 ? 0.8 : 1.4) lc rgb COLOURS[v + 1] notitle, \
		for [v = 0:3] $DOTS index p - 1 using ($5 == v ? $1 : NaN):2 with points \
			pt POINTS[v + 1] ps SIZES[v + 1] lc rgb COLOURS[v + 1] notitle, \
		$DOTS index p - 1 using ($6 > 0 ? $1 : NaN):2 with points pt 7 ps 0.2 lc rgb "white" notitle, \
		for [v in few ? "2 1 0 3" : "2 1 0"] NaN with points pt POINTS[v + 1] ps SIZES[v + 1] \
			lc rgb COLOURS[v + 1] title WORDS[v + 1]
}
unset multiplot
