# SPDX-License-Identifier: GPL-2.0
# Where an unload's time goes. Left, means stacked, so that they add up; right, medians on a log
# axis, so that short phases show.
columns = "scheme arm index phase mean_ms median_us min_us max_us n"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("phases.gp")]."."
load dir."/style.gp"
title = "Where an unload's time goes, phase by phase"

array NAME[n_rows]
array ARM[n_rows]
array IDX[n_rows]
array PHASE[n_rows]
array MEAN[n_rows]
array MED[n_rows]
array LO[n_rows]
array HI[n_rows]
i = 0
stats data using (i = i + 1, NAME[i] = strcol("scheme"), ARM[i] = strcol("arm"), \
	IDX[i] = column("index"), PHASE[i] = strcol("phase"), MEAN[i] = column("mean_ms"), \
	MED[i] = column("median_us"), LO[i] = column("min_us"), HI[i] = column("max_us"), 0) \
	nooutput
unset datafile

# A bar a (scheme, arm), in the order of the file; phases in the order of their index.
bars = ""
arms = ""
indices = ""
xmin = 1e300
xmax = 0
do for [i = 1:n_rows] {
	if (IDX[i] >= 0 && (MEAN[i] >= 0 || MED[i] >= 0)) {
		bars = with_word(bars, NAME[i]."/".ARM[i])
		arms = with_word(arms, ARM[i])
		indices = with_word(indices, sprintf("%d", IDX[i]))
		if (MED[i] > 0) {
			xmin = lesser(xmin, LO[i] > 0 ? LO[i] : MED[i])
			xmax = greater(xmax, HI[i] > 0 ? HI[i] : MED[i])
		}
	}
}
arms = arm_order(arms)
n_bars = words(bars)
n = words(indices)
if (xmax == 0) { eval refuse("no row with an index and median_us above 0") }
sorted = ""
v = -1
do for [p = 1:n] { v = above(indices, v); sorted = with_word(sorted, sprintf("%d", v)) }
array TITLE[n]
array SHARE[n]
array TOTAL[n_bars]
do for [b = 1:n_bars] { TOTAL[b] = 0 }
do for [p = 1:n] { SHARE[p] = 0 }
do for [i = 1:n_rows] {
	b = place_of(bars, NAME[i]."/".ARM[i])
	if (b && MEAN[i] > 0) { TOTAL[b] = TOTAL[b] + MEAN[i] }
}
do for [i = 1:n_rows] {
	b = place_of(bars, NAME[i]."/".ARM[i])
	p = place_of(sorted, sprintf("%d", IDX[i]))
	if (b && p) { TITLE[p] = PHASE[i] }
	if (b && p && MEAN[i] > 0) { SHARE[p] = greater(SHARE[p], MEAN[i] / TOTAL[b]) }
}

# As many colours as can be told apart, for the phases that are largest anywhere and are 1 % or
# more of some bar. The others share a grey at the end of the bar.
larger(p) = sum [q_ = 1:n] (SHARE[q_] > SHARE[p] || (SHARE[q_] == SHARE[p] && q_ < p))
array SLOT[n]
slots = 0
others = 0
do for [p = 1:n] {
	SLOT[p] = 0
	if (SHARE[p] >= 0.01 && (n <= |COLOUR| || larger(p) < |COLOUR|)) {
		slots = slots + 1
		SLOT[p] = slots
	} else {
		others = others + 1
	}
}
rest = "#a0a0a0"
tint(p) = SLOT[p] ? colour(SLOT[p]) : rest

# $STACK: one block a colour, the grey last: bar from to
# $DOTS: one block a phase: us row lo hi arm
array EDGE[n_bars]
do for [b = 1:n_bars] { EDGE[b] = 0 }
widest = 0
do for [b = 1:n_bars] { widest = greater(widest, TOTAL[b]) }
set print $STACK
do for [c = 1:slots + 1] {
	do for [b = 1:n_bars] {
		start = EDGE[b]
		do for [i = 1:n_rows] {
			p = place_of(sorted, sprintf("%d", IDX[i]))
			if (p && place_of(bars, NAME[i]."/".ARM[i]) == b && MEAN[i] > 0) {
				if (SLOT[p] == c % (slots + 1)) { EDGE[b] = EDGE[b] + MEAN[i] }
			}
		}
		print b, start, EDGE[b]
	}
	print ""
	print ""
}
unset print

x0 = log_lo(xmin, xmax)
x1 = log_hi(xmin, xmax)
# Few bars get a row each within their phase; many share one row an arm.
own_row = n_bars <= 8
lanes = own_row ? n_bars : words(arms)
set print $DOTS
do for [p = 1:n] {
	do for [i = 1:n_rows] {
		b = place_of(bars, NAME[i]."/".ARM[i])
		if (b && sprintf("%d", IDX[i]) eq word(sorted, p) && MED[i] >= 0) {
			a = place_of(arms, ARM[i])
			lane = own_row ? b : a
			print end_of(MED[i], x0, x0), \
				p + (lane - (lanes + 1) / 2.0) * 0.72 / lanes, \
				end_of(LO[i], MED[i], x0), end_of(HI[i], MED[i], x0), a
		}
	}
	print NaN, NaN, NaN, NaN, 0
	print ""
	print ""
}
unset print

longest_bar = 0
do for [b = 1:n_bars] { longest_bar = greater(longest_bar, strlen(word(bars, b)) + 1) }
longest = 0
do for [p = 1:n] { longest = greater(longest, strlen(TITLE[p])) }
width = 1080
key_rows = (slots + (others > 0) + 3) / 4
row = own_row ? greater(26, lanes * 7 + 8) : 26
height = greater(greater(n * row, n_bars * 20), 220) + 200 + 18 * key_rows
high = height - 200.0 - 18 * key_rows
thick = lesser(0.36, 16.0 / (high / n_bars))
mid = 0.5 * width
note = "Left: means, which add up to the mean total at the bar's end. ". \
	"Right: medians; whisker: min to max; ". \
	(words(arms) > 1 ? "white centre: ".word(arms, 1)."; solid: ".word(arms, 2)."; " : ""). \
	(own_row ? "rows in the order of the bars." : "one dot for each bar.")
eval canvas(width, height)

set multiplot
set tmargin at screen 1 - 90.0 / height
set bmargin at screen (110.0 + 18 * key_rows) / height
set lmargin at screen (longest_bar * 7.0 + 20) / width
set rmargin at screen (mid - 40) / width
set xrange [0:widest * 1.2]
set yrange [n_bars + 0.5:0.5]
set xlabel "mean, ms (linear)"
set ytics scale 0 font small
set ytics ()
do for [b = 1:n_bars] {
	t = word(bars, b)
	cut = strstrt(t, "/")
	set ytics add (t[1:cut - 1]."  ".t[cut + 1:strlen(t)] b)
	set label b short(TOTAL[b])." ms" at TOTAL[b], b left offset 0.5, 0 font small
}
set grid noytics
set style fill solid 1 noborder
array WHO[slots + 1]
do for [p = 1:n] { if (SLOT[p]) { WHO[SLOT[p]] = TITLE[p] } }
WHO[slots + 1] = sprintf("%d other phase%s", others, others > 1 ? "s" : "")
hue(c) = c > slots ? rest : colour(c)
do for [c = 1:slots + (others > 0)] {
	kx = 16.0 + (c - 1) % 4 * (width - 20) / 4
	ky = 30.0 + 18 * (key_rows - (c - 1) / 4)
	set object c rectangle from screen kx / width, screen (ky - 5) / height \
		to screen (kx + 14) / width, screen (ky + 5) / height fc rgb hue(c) fs noborder
	set label n_bars + c WHO[c] at screen (kx + 20) / width, screen ky / height left font small
}
plot for [c = 1:slots + (others > 0)] $STACK index c - 1 \
	using 3:1:2:3:($1 - thick):($1 + thick) with boxxyerror lc rgb hue(c) title WHO[c]

unset object
unset label
set lmargin at screen (mid + longest * 6.8 + 20) / width
set rmargin at screen 1 - 36.0 / width
set logscale x
set xrange [x0:x1]
set yrange [n + 0.5:0.5]
set xlabel "median (log scale)"
plain(us) = us < 1e3 ? sprintf("%g µs", us) : \
	(us < 1e6 ? sprintf("%g ms", us / 1e3) : sprintf("%g s", us / 1e6))
tic_steps(r) = r > 300 ? "1" : (r > 10 ? "1 3" : "1 2 3 5")
eval log_tics("x", x0, x1)
set ytics scale 0 font small
set ytics ()
do for [p = 1:n] { set ytics add (TITLE[p] p) }
do for [p = 1:n - 1] {
	set arrow p from graph 0, first p + 0.5 to graph 1, first p + 0.5 nohead \
		lc rgb "#e4e4e4" lw 0.6
}
plot for [p = 1:n] $DOTS index p - 1 using 3:2:($4 - $3):(0) with vectors nohead \
		lw (own_row ? 1 : 0.6) lc rgb tint(p) title TITLE[p], \
	for [p = 1:n] $DOTS index p - 1 using 1:2 with points pt 7 ps 0.5 lc rgb tint(p) \
		title TITLE[p], \
	for [p = 1:n] $DOTS index p - 1 using ($5 == 1 && words(arms) > 1 ? $1 : NaN):2 \
		with points pt 7 ps 0.28 lc rgb "white" title TITLE[p]
unset multiplot
