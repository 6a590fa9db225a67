# SPDX-License-Identifier: GPL-2.0
# Two runs: every cell's ratio of medians, B over A, a panel each for what was timed or counted.
columns = "scheme family rank slot mode event at ratio ratio_lo ratio_hi verdict oversubscribed"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("compare.gp")]."."
load dir."/style.gp"
title = "B over A: what takes longer in B stands to the right"

array NAME[n_rows]
array FAMILY[n_rows]
array RANK[n_rows]
array PANEL[n_rows]
array RATIO[n_rows]
array LO[n_rows]
array HI[n_rows]
array VERDICT[n_rows]
array OVER[n_rows]
# Idle and loaded unloads share a panel; each event has its own. A scheme's rows come together, those of
# a panel too.
panel_of(mode, event) = event ne "-" ? event."@".mode : \
	(mode eq "idle" || mode eq "loaded" ? "unload" : mode)
mode_title(m) = m eq "getput" ? "get and put" : (m eq "lookup" ? "with the lookup" : \
	"unload, time to success")
panel_title(p) = (at = strstrt(p, "@"), at ? p[1:at - 1].", ".mode_title(p[at + 1:strlen(p)]) : \
	mode_title(p))
i = 0
stats data using (i = i + 1, NAME[i] = strcol("scheme"), FAMILY[i] = strcol("family"), \
	RANK[i] = int(column("rank")), PANEL[i] = panel_of(strcol("mode"), strcol("event")), \
	RATIO[i] = column("ratio"), LO[i] = column("ratio_lo"), HI[i] = column("ratio_hi"), \
	VERDICT[i] = int(column("verdict")), OVER[i] = column("oversubscribed"), 0) nooutput
unset datafile

same(i, k) = NAME[i] eq NAME[k] && PANEL[i] eq PANEL[k]

xmin = 1
xmax = 1
over = 0
few = 0
most = 1
times = ""
counts = ""
endless = ""
array SUB[n_rows]
array SUBS[n_rows]
do for [i = 1:n_rows] {
	SUB[i] = 1
	if (i > 1) { if (same(i, i - 1)) { SUB[i] = SUB[i - 1] + 1 } }
	most = greater(most, SUB[i])
	if (RATIO[i] > 0) {
		if (strstrt(PANEL[i], "@")) { counts = with_word(counts, PANEL[i]) } \
		else { times = with_word(times, PANEL[i]) }
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
panels = times." ".counts
n_panels = words(panels)
counted = words(counts) > 0
if (n_panels == 0) { eval refuse("no row with a ratio above 0") }
x0 = log_lo(xmin, xmax)
x1 = log_hi(xmin, xmax)
load dir."/rows.inc"

# $DOTS, a block a panel: ratio row lo hi verdict oversubscribed
set print $DOTS
do for [p in panels] {
	do for [i = 1:n_rows] {
		if (PANEL[i] eq p && RATIO[i] > 0) {
			print RATIO[i], AT[i] + (SUB[i] - (SUBS[i] + 1) / 2.0) * 0.84 / most, \
				end_of(LO[i], RATIO[i], x0), HI[i] > 0 ? HI[i] : (LO[i] >= 0 ? x1 : RATIO[i]), \
				VERDICT[i], OVER[i] > 0
		}
	}
	print ""
	print ""
}
unset print

row = 9 + 5 * most
cols = lesser(n_panels, 3)
rows = (n_panels + cols - 1) / cols
panel_w = cols == 1 ? 520.0 : (cols == 2 ? 360.0 : 270.0)
panel_h = lines * row - 16.0
gap = 18.0
between = 106.0
width = left + cols * (panel_w + gap) + 12
height = 112 + rows * (panel_h + between) + 12
array COLOURS = [grey, colour(1), colour(2), grey]
array POINTS = [7, 7, 5, 6]
array SIZES = [0.45, 0.7, 0.65, 0.6]
array WORDS = ["no difference detected", "faster in B", "slower in B", "too few samples to judge"]
if (counted) {
	title = "B over A: what takes longer in B, or more of an event, stands to the right"
	WORDS[2] = "faster, or fewer in B"
	WORDS[3] = "slower, or more in B"
}
set logscale x
set xrange [x0:x1]
set yrange [lines + 0.6:0.2]
eval log_tics("x", x0, x1)
set xtics font small
set key at screen 1 - 12.0 / width, screen 1 - 84.0 / height right bottom horizontal samplen 1 font small
note = "Dot: ratio of medians. Bar: its 99 % bootstrap interval. In a row from top to bottom: 1 CPU to all; ". \
	"unload idle, then loaded by hold.".(over > 0 ? " White centre: more vCPUs than host CPUs." : ""). \
	(words(endless) ? " Without a ratio, for starving".(counted ? " or counts of 0" : "").": ".some(endless)."." : "")
eval canvas(width, height)
set multiplot
do for [p = 1:n_panels] {
	px = left + (p - 1) % cols * (panel_w + gap)
	py = height - 112 - (p - 1) / cols * (panel_h + between)
	set lmargin at screen px / width
	set rmargin at screen (px + panel_w) / width
	set tmargin at screen py / height
	set bmargin at screen (py - panel_h) / height
	if (p > 1) {
		unset label
		unset key
		named = (p - 1) % cols == 0
		load dir."/names.inc"
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
