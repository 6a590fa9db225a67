# SPDX-License-Identifier: GPL-2.0
# One unload of each kind, phase by phase against time: a panel per module and kind of grace period.
# Panels beside each other have one time axis.
columns = "module expedited total_ms phase start_ms on_ms off_ms"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("waterfall.gp")]."."
load dir."/style.gp"
title = "One unload, phase by phase"

array PANEL[n_rows]
array PHASE[n_rows]
array TOTAL[n_rows]
array START[n_rows]
array ON[n_rows]
array OFF[n_rows]
i = 0
stats data using (i = i + 1, PANEL[i] = sprintf("%s/%d", strcol("module"), column("expedited")), \
	PHASE[i] = strcol("phase"), TOTAL[i] = column("total_ms"), START[i] = column("start_ms"), \
	ON[i] = column("on_ms"), OFF[i] = column("off_ms"), 0) nooutput
unset datafile

# A row a phase, the same in all panels: the first panel's in its order, then what only others have.
array ROW[n_rows]
array LABEL[n_rows]
n = 0
panels = ""
longest = 0
do for [i = 1:n_rows] {
	panels = with_word(panels, PANEL[i])
	ROW[i] = 0
	do for [k = 1:n] { if (LABEL[k] eq PHASE[i]) { ROW[i] = k } }
	if (!ROW[i]) {
		n = n + 1
		LABEL[n] = PHASE[i]
		ROW[i] = n
		longest = greater(longest, strlen(PHASE[i]))
	}
}
n_panels = words(panels)

# $BARS: one block a panel: row from to, of the CPU; row from to, off it
array WIDEST[n_panels]
do for [p = 1:n_panels] { WIDEST[p] = 0 }
set print $BARS
do for [p = 1:n_panels] {
	do for [i = 1:n_rows] {
		if (PANEL[i] eq word(panels, p)) {
			WIDEST[p] = TOTAL[i]
			print ROW[i], START[i], START[i] + ON[i], START[i] + ON[i] + OFF[i]
		}
	}
	print ""
	print ""
}
unset print

across = n_panels > 1 ? 2 : 1
down = (n_panels + across - 1) / across
row = 17
high = n * row + 30.0
width = 830
gap = 66.0
height = down * (high + gap) + 178
left = longest * 7.2 + 24
wide = (width - left - 30.0 - (across - 1) * 26) / across
on = colour(1)
off = colour(5)
panel_title(s) = s[1:strstrt(s, "/") - 1].(s[strstrt(s, "/") + 1:strlen(s)] + 0 ? \
	", rcu_expedited=1" : ", grace periods as usual")
note = "Of each kind the unload whose total is the median. In a phase, time on the CPU is drawn first. Rows of panels have axes of their own."
eval canvas(width, height)
set multiplot
set style fill solid 1 noborder
set grid x noy
set yrange [n + 0.7:0.3]
set ytics scale 0 font small
do for [p = 1:n_panels] {
	c = (p - 1) % across
	r = (p - 1) / across
	top = 128.0 + r * (high + gap)
	set tmargin at screen 1 - top / height
	set bmargin at screen 1 - (top + high) / height
	set lmargin at screen (left + c * (wide + 26)) / width
	set rmargin at screen (left + c * (wide + 26) + wide) / width
	set label 1 sprintf("%s: %s ms", panel_title(word(panels, p)), short(WIDEST[p])) \
		at graph 0, graph 1 offset 0, 0.6 font "sans-serif,12" tc rgb "#202020"
	set ytics ()
	do for [k = 1:n] { set ytics add ((c == 0 ? LABEL[k] : "") k) }
	shared = 0
	do for [q = 1:n_panels] {
		if ((q - 1) / across == r) { shared = greater(shared, WIDEST[q]) }
	}
	set xrange [0:shared * 1.02]
	set xlabel (r == down - 1 ? "ms since the call began (linear)" : "") font small
	if (p == 1) {
		set key at screen 1 - 30.0 / width, screen 1 - 100.0 / height right bottom \
			horizontal samplen 1 font small
	} else {
		unset key
	}
	plot $BARS index p - 1 using 2:1:2:3:($1 - 0.38):($1 + 0.38) with boxxyerror lc rgb on notitle, \
		$BARS index p - 1 using 3:1:3:4:($1 - 0.38):($1 + 0.38) with boxxyerror lc rgb off notitle, \
		$BARS index p - 1 using 2:1 with points pt 7 ps 0.25 lc rgb on notitle, \
		NaN with points pt 5 ps 0.9 lc rgb on title "on the CPU", \
		NaN with points pt 5 ps 0.9 lc rgb off title "off it: asleep, or waiting for a CPU"
	if (p == 1) { unset label 9001; unset label 9002; unset label 9003 }
}
unset multiplot
