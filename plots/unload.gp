# SPDX-License-Identifier: GPL-2.0
# How long an unload takes to succeed, every cycle a dot.
columns = "scheme family rank slot median_ms arm cycle ms"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("unload.gp")]."."
load dir."/style.gp"
title = "Unload latency: from the first attempt to success"

array NAME[n_rows]
array FAMILY[n_rows]
array RANK[n_rows]
array ARM[n_rows]
array MS[n_rows]
array MEDIAN[n_rows]
i = 0
stats data using (i = i + 1, NAME[i] = strcol("scheme"), FAMILY[i] = strcol("family"), \
	RANK[i] = int(column("rank")), ARM[i] = strcol("arm"), MS[i] = column("ms"), \
	MEDIAN[i] = column("median_ms"), 0) nooutput

names = ""
arms_seen = ""
xmin = 1e300
xmax = 0
do for [i = 1:n_rows] {
	names = with_word(names, NAME[i])
	if (MS[i] > 0) {
		arms_seen = with_word(arms_seen, ARM[i])
		xmin = lesser(xmin, MS[i])
		xmax = greater(xmax, MS[i])
	}
}
if (xmax == 0) { eval refuse("no row with ms above 0") }
arms = arm_order(arms_seen)
n = words(names)
n_arms = words(arms)
x0 = log_lo(xmin, xmax)
x1 = log_hi(xmin, xmax)
load dir."/rows.inc"

# A row a scheme; in it, a stripe an arm. The golden ratio spreads dots without chance.
centre(at, a) = at + (a - (n_arms + 1) / 2.0) * 0.84 / n_arms
jitter(j) = (j * 0.618034 - floor(j * 0.618034) - 0.5) * 0.5 / n_arms
half = 0.32 / n_arms
array DONE[n * n_arms]
array ROW_AT[n]
array MIDDLE[n * n_arms]
do for [c = 1:n * n_arms] { DONE[c] = 0 }
set print $DOTS
do for [i = 1:n_rows] {
	s = place_of(names, NAME[i])
	ROW_AT[s] = AT[i]
	if (MS[i] > 0) {
		a = place_of(arms, ARM[i])
		c = (s - 1) * n_arms + a
		DONE[c] = DONE[c] + 1
		MIDDLE[c] = MEDIAN[i]
		print centre(AT[i], a) + jitter(DONE[c]), MS[i], a
	}
}
unset print
few = 1e300
many = 0
set print $MEDIANS
do for [c = 1:n * n_arms] {
	s = (c - 1) / n_arms + 1
	a = (c - 1) % n_arms + 1
	if (DONE[c]) {
		print centre(ROW_AT[s], a) - half, MIDDLE[c], 2 * half
		few = lesser(few, DONE[c])
		many = greater(many, DONE[c])
		figure = MIDDLE[c] > 0 ? short(MIDDLE[c]) : "starved"
		set label c figure at graph 1, first centre(ROW_AT[s], a) right \
			offset 5.2, 0 font "sans-serif,12" tc rgb ink(a)
	}
}
unset print
unset datafile

row = 15 * n_arms
width = 940
height = lines * row + 214
set lmargin at screen left / width
set rmargin at screen 1 - 62.0 / width
set tmargin at screen 1 - 94.0 / height
set bmargin at screen 118.0 / height
set logscale x
set xrange [x0:x1]
set yrange [lines + 0.6:0.2]
set xlabel "unload, time to success, ms (log scale)"
eval log_tics("x", x0, x1)
set key at graph 1, screen 1 - 82.0 / height right bottom horizontal samplen 1 font small
note = sprintf("Dot: one cycle (%s in each stripe). Bar, and figure at the right: median, starved unloads included. ". \
	"Shifts up and down only keep dots apart.", \
	few == many ? sprintf("%d", few) : sprintf("%d to %d", few, many))
eval canvas(width, height)
plot for [a = 1:n_arms] $DOTS using 2:($3 == a ? $1 : NaN) with points pt 7 \
		ps (n > 10 ? 0.35 : 0.5) lc rgb "#70".substr(colour(a), 2, 7) notitle, \
	$MEDIANS using 2:1:(0):3 with vectors nohead lw 2.5 lc rgb "#202020" notitle, \
	for [a = 1:n_arms] NaN with points pt 7 ps 0.8 lc rgb colour(a) title word(arms, a)
