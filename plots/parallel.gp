# SPDX-License-Identifier: GPL-2.0
# Modules unloaded at the same moment: where the time of one call goes, and when the last is gone.
columns = "at_once part title mean_ms call_ms last_ms last_lo last_hi rounds"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("parallel.gp")]."."
load dir."/style.gp"
title = "Different modules unloaded at once: where the time of a call goes"

array AT_ONCE[n_rows]
array PART[n_rows]
array TITLE[n_rows]
array MEAN[n_rows]
array LAST[n_rows]
array LAST_LO[n_rows]
array LAST_HI[n_rows]
i = 0
rounds = 0
stats data using (i = i + 1, AT_ONCE[i] = column("at_once"), PART[i] = column("part") + 1, \
	TITLE[i] = strcol("title"), MEAN[i] = column("mean_ms"), LAST[i] = column("last_ms"), \
	LAST_LO[i] = column("last_lo"), LAST_HI[i] = column("last_hi"), \
	rounds = greater(rounds, column("rounds")), 0) nooutput
unset datafile

bars = ""
parts = 0
top = 0
do for [i = 1:n_rows] {
	bars = with_word(bars, sprintf("%d", AT_ONCE[i]))
	parts = greater(parts, PART[i])
	top = greater(top, end_of(LAST_HI[i], LAST[i], LAST[i]))
}
n = words(bars)
array NAME[parts]
array EDGE[n]
do for [b = 1:n] { EDGE[b] = 0 }

# $STACK: one block a part: bar from to; $LAST: bar median lo hi
set print $STACK
do for [p = 1:parts] {
	do for [i = 1:n_rows] {
		if (PART[i] == p) {
			NAME[p] = TITLE[i]
			b = place_of(bars, sprintf("%d", AT_ONCE[i]))
			print b, EDGE[b], EDGE[b] + MEAN[i]
			EDGE[b] = EDGE[b] + MEAN[i]
		}
	}
	print ""
	print ""
}
unset print
set print $LAST
do for [i = 1:n_rows] {
	if (PART[i] == 1) {
		print place_of(bars, sprintf("%d", AT_ONCE[i])), LAST[i], \
			end_of(LAST_LO[i], LAST[i], LAST[i]), end_of(LAST_HI[i], LAST[i], LAST[i])
	}
}
unset print
do for [b = 1:n] {
	top = greater(top, EDGE[b])
	set label b short(EDGE[b])." ms" at b - 0.2, EDGE[b] center offset 0, 0.6 font small
}

width = 830
height = 534
hue(p) = p == parts ? "#a0a0a0" : colour(p == 1 ? 2 : p == 2 ? 6 : 1)
set lmargin at screen 90.0 / width
set rmargin at screen 1 - 24.0 / width
set tmargin at screen 1 - 130.0 / height
set bmargin at screen 118.0 / height
set style fill solid 1 noborder
set xrange [0.5:n + 0.5]
set yrange [0:top * 1.08]
set xtics ()
do for [b = 1:n] { set xtics add (word(bars, b) b) }
set grid noxtics
set xlabel "modules unloaded at once"
set ylabel "ms (linear)"
set key at screen 1 - 24.0 / width, screen 1 - 128.0 / height right bottom horizontal samplen 1 font small
note = sprintf("Bars: means over the calls of %d rounds, which add up to the mean total above them. ". \
	"Dot and whisker: the slowest call of a round, median and interval.", rounds)
eval canvas(width, height)
plot for [p = 1:parts] $STACK index p - 1 using ($1 - 0.2):2:($1 - 0.38):($1 - 0.02):2:3 \
		with boxxyerror lc rgb hue(p) notitle, \
	$LAST using ($1 + 0.2):3:(0):($4 - $3) @interval lc rgb "#202020" notitle, \
	$LAST using ($1 + 0.2):2 with points pt 7 ps 0.9 lc rgb "#202020" notitle, \
	for [p = 1:parts] NaN with points pt 5 ps 0.9 lc rgb hue(p) title NAME[p], \
	NaN with points pt 7 ps 0.8 lc rgb "#202020" title "slowest of a round"
