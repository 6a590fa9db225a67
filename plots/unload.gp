# SPDX-License-Identifier: GPL-2.0
# How long an unload takes to succeed, every cycle a dot.
columns = "scheme arm cycle ms"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("unload.gp")]."."
load dir."/style.gp"
title = "Unload latency: from the first attempt to success"
set ylabel "unload, time to success, ms (log scale)"

array NAME[n_rows]
array ARM[n_rows]
array MS[n_rows]
i = 0
stats data using (i = i + 1, NAME[i] = strcol("scheme"), ARM[i] = strcol("arm"), \
	MS[i] = column("ms"), 0) nooutput

names = ""
arms_seen = ""
ymin = 1e300
ymax = 0
do for [i = 1:n_rows] {
	names = with_word(names, NAME[i])
	if (MS[i] > 0) {
		arms_seen = with_word(arms_seen, ARM[i])
		ymin = lesser(ymin, MS[i])
		ymax = greater(ymax, MS[i])
	}
}
if (ymax == 0) { eval refuse("no row with ms above 0") }
arms = arm_order(arms_seen)
n = words(names)
n_arms = words(arms)
y0 = log_lo(ymin, ymax)
y1 = log_hi(ymin, ymax)

# A column a scheme; inside it, a stripe an arm. The golden ratio spreads dots without chance.
centre(s, a) = s + (a - (n_arms + 1) / 2.0) * 0.8 / n_arms
jitter(j) = (j * 0.618034 - floor(j * 0.618034) - 0.5) * 0.56 / n_arms
half = 0.34 / n_arms
array DONE[n * n_arms]
do for [c = 1:n * n_arms] { DONE[c] = 0 }
set print $DOTS
do for [i = 1:n_rows] {
	if (MS[i] > 0) {
		s = place_of(names, NAME[i])
		a = place_of(arms, ARM[i])
		c = (s - 1) * n_arms + a
		DONE[c] = DONE[c] + 1
		print centre(s, a) + jitter(DONE[c]), MS[i], a
	}
}
unset print
array MEDIAN[n * n_arms]
few = 1e300
many = 0
do for [c = 1:n * n_arms] {
	if (DONE[c]) {
		s = (c - 1) / n_arms + 1
		a = (c - 1) % n_arms + 1
		stats data using (strcol("scheme") eq word(names, s) && \
			strcol("arm") eq word(arms, a) && column("ms") > 0 ? \
			column("ms") : NaN) nooutput
		MEDIAN[c] = STATS_median
		few = lesser(few, DONE[c])
		many = greater(many, DONE[c])
	}
}
unset datafile
set print $MEDIANS
do for [c = 1:n * n_arms] {
	if (DONE[c]) {
		s = (c - 1) / n_arms + 1
		a = (c - 1) % n_arms + 1
		print centre(s, a) - half, MEDIAN[c], 2 * half
		if (n <= 10) {
			set label c short(MEDIAN[c]) at centre(s, a), graph 0 center \
				offset 0, -0.9 font small tc rgb ink(a)
		}
	}
}
unset print

width = 940
height = 588
tilt = n > 7
longest = 0
set xtics ()
do for [s = 1:n] {
	longest = greater(longest, strlen(word(names, s)))
	none = 0 == sum [a = 1:n_arms] DONE[(s - 1) * n_arms + a]
	set xtics add (word(names, s) s)
	if (none) {
		set label n * n_arms + s "not available" at s, graph 0.5 center rotate by 90 \
			font small tc rgb grey
	}
}
set xtics scale 0
if (n <= 10) { set xtics offset 0, -1 }
if (tilt) { set xtics rotate by 40 right }
set grid noxtics
set logscale y
set xrange [0.4:n + 0.6]
set yrange [y0:y1]
eval log_tics("y", y0, y1)
set lmargin at screen 0.09
set rmargin at screen 0.98
set tmargin at screen 1 - 100.0 / height
set bmargin at screen (tilt ? 74.0 + longest * 5.2 : 84.0) / height
set key at graph 1, graph 1.02 right bottom horizontal samplen 1
note = sprintf("Dot: one cycle (%s in each stripe). Bar%s: median. ". \
	"Shifts to the side only keep dots apart.", \
	few == many ? sprintf("%d", few) : sprintf("%d to %d", few, many), \
	n <= 10 ? " and figure at the foot" : "")
eval canvas(width, height)
plot for [a = 1:n_arms] $DOTS using 1:($3 == a ? $2 : NaN) with points pt 7 \
		ps (n > 10 ? 0.35 : 0.5) lc rgb "#70".substr(colour(a), 2, 7) notitle, \
	$MEDIANS using 1:2:3:(0) with vectors nohead lw 2.5 lc rgb "#202020" notitle, \
	for [a = 1:n_arms] NaN with points pt 7 ps 0.8 lc rgb colour(a) title word(arms, a)
