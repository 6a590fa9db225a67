# SPDX-License-Identifier: GPL-2.0
# Who starves: a row a scheme, a column a hold; the colour is the median time to success, a cross
# says that unloads were given up.
columns = "scheme family rank slot hold_us ms cycles starved"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("starvation.gp")]."."
load dir."/style.gp"
title = "Who starves, by the time that users stay"
load dir."/holds.inc"

array NAME[n_rows]
array HOLD[n_rows]
array MS[n_rows]
array CYCLES[n_rows]
array STARVED[n_rows]
i = 0
stats data using (i = i + 1, NAME[i] = strcol("scheme"), HOLD[i] = column("hold_us"), MS[i] = column("ms"), \
	CYCLES[i] = column("cycles"), STARVED[i] = column("starved"), 0) nooutput
unset datafile
names = ""
holds = ""
lo = 1e300
hi = 0
longest = 0
do for [i = 1:n_rows] {
	names = with_word(names, NAME[i])
	holds = with_word(holds, sprintf("%.10g", HOLD[i]))
	longest = greater(longest, strlen(NAME[i]))
	if (MS[i] > 0) { lo = lesser(lo, MS[i]); hi = greater(hi, MS[i]) }
}
if (hi == 0) { lo = 1; hi = 10 }
hi = greater(hi, lo * 4)
n = words(names)
# Schemes that starve most stand at the top, others as they come; holds ascend.
array LOST[n]
do for [k = 1:n] { LOST[k] = 0 }
do for [i = 1:n_rows] {
	k = place_of(names, NAME[i])
	LOST[k] = LOST[k] + STARVED[i] / (CYCLES[i] > 0 ? CYCLES[i] : 1)
}
array AT[n]
do for [k = 1:n] {
	AT[k] = 1
	do for [j = 1:n] { if (LOST[j] > LOST[k] || (LOST[j] == LOST[k] && j < k)) { AT[k] = AT[k] + 1 } }
}
column_of(h) = 1 + sum [k_ = 1:words(holds)] (word(holds, k_) + 0 < h)
set print $BOXES
do for [i = 1:n_rows] {
	print column_of(HOLD[i]), AT[place_of(names, NAME[i])], MS[i] > 0 ? MS[i] : -1, STARVED[i]
}
unset print

row = 18
width = 830
height = n * row + 204
set tmargin at screen 1 - 84.0 / height
set bmargin at screen 106.0 / height
set lmargin at screen (longest * 7.4 + 20) / width
set rmargin at screen 1 - 110.0 / width
set xrange [0.5:words(holds) + 0.5]
set yrange [n + 0.5:0.5]
set grid nox noy
set xtics scale 0 ()
do for [k = 1:words(holds)] {
	h = word(holds, k) + 0
	t = x_text(h)
	c = column_of(h)
	set xtics add (t c)
}
set ytics scale 0 font small
set ytics ()
do for [k = 1:n] { set ytics add (word(names, k) AT[k]) }
set xlabel "users stay for"
do for [i = 1:n_rows] {
	if (STARVED[i] > 0) {
		set label 1000 + i sprintf("× %d of %d starved", STARVED[i], CYCLES[i]) \
			at column_of(HOLD[i]), AT[place_of(names, NAME[i])] center front font small \
			tc rgb "#202020"
	} else {
		set label 1000 + i short(MS[i])." ms" at column_of(HOLD[i]), AT[place_of(names, NAME[i])] \
			center front font small tc rgb (log10(MS[i] / lo) / log10(hi / lo) > 0.6 ? "white" : "#202020")
	}
}
set palette defined (0 "#e8f1f8", 0.5 "#7db3d8", 1 "#0b4f83")
set logscale cb
set cbrange [lo:hi]
unset colorbox
note = "Colour and number: median ms until the module is gone. Orange, with a cross: unloads given up."
set style fill solid 1 noborder
eval canvas(width, height)
plot $BOXES using 1:2:($1 - 0.49):($1 + 0.49):($2 - 0.47):($2 + 0.47):($4 > 0 || $3 < 0 ? NaN : $3) \
		with boxxyerror lc palette notitle, \
	$BOXES using ($4 > 0 ? $1 : NaN):2:($1 - 0.49):($1 + 0.49):($2 - 0.47):($2 + 0.47) \
		with boxxyerror lc rgb "#f0b088" notitle, \
	$BOXES using 1:2 with points pt 7 ps 0.01 lc rgb "#808080" notitle
