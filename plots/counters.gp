# SPDX-License-Identifier: GPL-2.0
# What the kernel counted of one get+put, at the least and the most CPUs: a panel an event.
columns = "scheme family rank slot mode event unit cpus_1 count_1 count_1_lo count_1_hi share_1 cpus_n count_n count_n_lo count_n_hi share_n oversubscribed why"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("counters.gp")]."."
load dir."/style.gp"

array SCHEME[n_rows]
array KIN[n_rows]
array PLACE[n_rows]
array EVENT[n_rows]
array UNIT[n_rows]
array WHY[n_rows]
array ONE[n_rows]
array ONE_LO[n_rows]
array ONE_HI[n_rows]
array ONE_SHARE[n_rows]
array ALL[n_rows]
array ALL_LO[n_rows]
array ALL_HI[n_rows]
array ALL_SHARE[n_rows]
array OVER[n_rows]
i = 0
stats data using (i = i + 1, SCHEME[i] = strcol("scheme"), KIN[i] = strcol("family"), \
	PLACE[i] = int(column("rank")), mode = strcol("mode"), EVENT[i] = strcol("event"), \
	UNIT[i] = strcol("unit"), WHY[i] = strcol("why"), ONE[i] = column("count_1"), \
	ONE_LO[i] = column("count_1_lo"), ONE_HI[i] = column("count_1_hi"), \
	ONE_SHARE[i] = column("share_1"), ALL[i] = column("count_n"), ALL_LO[i] = column("count_n_lo"), \
	ALL_HI[i] = column("count_n_hi"), ALL_SHARE[i] = column("share_n"), \
	OVER[i] = column("oversubscribed"), \
	WHY[i] eq "-" ? (low = column("cpus_1"), high = column("cpus_n")) : 0, 0) nooutput
unset datafile
title = "What was counted of one get+put".(mode eq "lookup" ? " with the lookup" : "")

# Schemes are rows, events panels. An event that was not counted has a reason, and no scheme.
names = ""
events = ""
refused = ""
over = 0
do for [i = 1:n_rows] {
	if (WHY[i] eq "-") {
		names = with_word(names, SCHEME[i])
		if (ONE[i] >= 0 || ALL[i] >= 0) { events = with_word(events, EVENT[i]) }
		if (OVER[i] > 0) { over = 1 }
	} else {
		refused = refused.(strlen(refused) ? "; " : "Not available: ").EVENT[i].": ".WHY[i]
	}
}
n_panels = words(events)
if (n_panels == 0) { eval refuse("no row with a count") }
n_counts = n_rows
n_rows = words(names)
array NAME[n_rows]
array FAMILY[n_rows]
array RANK[n_rows]
do for [i = 1:n_counts] {
	if (WHY[i] eq "-") {
		s = place_of(names, SCHEME[i])
		NAME[s] = SCHEME[i]
		FAMILY[s] = KIN[i]
		RANK[s] = PLACE[i]
	}
}
load dir."/rows.inc"

# Each event has its own axis. On a log axis 0 stands left of what is least, if it is there at all.
array FROM[n_panels]
array TO[n_panels]
array TIC[n_panels]
array ZERO[n_panels]
array MOST[n_panels]
array MEASURE[n_panels]
least(a, v) = v > 0 ? lesser(a, v) : a
is_zero(v) = v <= 0 ? 1 : 0
half = low == high ? 0 : 0.2
shared = 0
# $DOTS, a block a panel: row count lo hi ring at the least CPUs, the same at the most, oversubscribed
set print $DOTS
do for [p = 1:n_panels] {
	lo = 1e300
	hi = 0
	zeros = 0
	do for [i = 1:n_counts] {
		if (EVENT[i] eq word(events, p)) {
			lo = least(least(least(least(lo, ONE[i]), ONE_LO[i]), ALL[i]), ALL_LO[i])
			hi = greater(hi, ONE_HI[i] > 0 ? ONE_HI[i] : 0)
			hi = greater(hi, ALL_HI[i] > 0 ? ALL_HI[i] : 0)
			zeros = zeros + is_zero(ONE[i]) + is_zero(ONE_LO[i]) + is_zero(ALL[i]) + is_zero(ALL_LO[i])
			MEASURE[p] = UNIT[i] eq "-" ? "" : UNIT[i]." "
		}
	}
	MOST[p] = hi
	if (hi == 0) { lo = 1; hi = 1 }
	FROM[p] = log_lo(lo, hi)
	TO[p] = log_hi(lo, hi)
	TIC[p] = FROM[p]
	ZERO[p] = zeros ? FROM[p] / (TO[p] / FROM[p]) ** 0.13 : 0
	if (zeros) { FROM[p] = ZERO[p] / (TO[p] / FROM[p]) ** 0.05 }
	at_of(v) = v > 0 ? v : (v == 0 ? ZERO[p] : NaN)
	do for [i = 1:n_counts] {
		if (EVENT[i] eq word(events, p) && WHY[i] eq "-") {
			at = AT[place_of(names, SCHEME[i])]
			if (ONE_SHARE[i] < 1 || ALL_SHARE[i] < 1) { shared = 1 }
			print at - half, at_of(ONE[i]), at_of(ONE_LO[i]), at_of(ONE_HI[i]), ONE_SHARE[i] < 1, \
				at + half, at_of(ALL[i]), at_of(ALL_LO[i]), at_of(ALL_HI[i]), ALL_SHARE[i] < 1, \
				OVER[i] > 0
		}
	}
	print ""
	print ""
}
unset print

row = 25
cols = n_panels <= 4 ? n_panels : (n_panels == 5 || n_panels == 6 || n_panels == 9 ? 3 : 4)
rows = (n_panels + cols - 1) / cols
panel_w = cols == 1 ? 620.0 : (cols == 2 ? 370.0 : 250.0)
plot_h = lines * row - 16.0
gap = 20.0
between = 106.0
width = left + cols * (panel_w + gap) + 12
note = "Dot: median. Bar: its confidence interval (the range of fewer than six samples). The loop is in it (empty).". \
	(over ? sprintf(" White centre: more vCPUs than host CPUs, at %d.", high) : ""). \
	(shared ? " Ring: multiplexed, counted for a part of the time and scaled up." : "")
# Below the note, as many lines as the reasons take.
refused = strlen(refused) ? fold(refused.".", width / 6.4) : ""
foot = strlen(refused) ? 4 + 15.0 * (1 + sum [k = 1:strlen(refused)] (refused[k:k] eq "\n")) : 0
height = 112 + rows * (plot_h + between) + 12 + foot
few = colour(1)
all = colour(2)
cpus(c) = sprintf("%d CPU%s", c, c > 1 ? "s" : "")
# Panels are narrow: of many decades every second or third has its tic written.
tic_steps(r) = r > 300 ? "1" : (r > 12 ? "1 3" : "1 1.5 2 3 5")
decades = 1
plain(x) = int(floor(log10(x) + 0.5)) % decades ? "" : sprintf("%g", x)
set logscale x
set xtics font small offset 0, 0.3
set yrange [lines + 0.6:0.2]
set key at screen 1 - 12.0 / width, screen 1 - 84.0 / height right bottom horizontal samplen 1 font small
eval canvas(width, height)
set label 9003 at screen 0, screen foot / height
if (foot) {
	set label 9004 refused at screen 0, screen foot / height offset character 1.5, -0.1 \
		font small tc rgb "#505050"
}
set multiplot
do for [p = 1:n_panels] {
	px = left + (p - 1) % cols * (panel_w + gap)
	py = height - 112 - (p - 1) / cols * (plot_h + between)
	set lmargin at screen px / width
	set rmargin at screen (px + panel_w) / width
	set tmargin at screen py / height
	set bmargin at screen (py - plot_h) / height
	if (p > 1) {
		unset key
		do for [k = 9001:9004] { unset label k }
	}
	named = (p - 1) % cols == 0
	load dir."/names.inc"
	set xrange [FROM[p]:TO[p]]
	decades = 1 + int(floor(log10(TO[p] / FROM[p]) * 40 / panel_w))
	set xtics ()
	if (MOST[p] > 0) { eval log_tics("x", TIC[p], TO[p]) }
	if (ZERO[p] > 0) { set xtics add ("0" ZERO[p]) }
	set label 1 word(events, p) at graph 0, graph 1 offset 0, 0.7
	set xlabel MEASURE[p]."per get+put".(MOST[p] == 0 ? "" : " (log scale".(ZERO[p] > 0 ? ", but for 0)" : ")"))
	plot $DOTS index p - 1 using 3:1:($4 - $3):(0) @interval lc rgb few notitle, \
		$DOTS index p - 1 using (low == high ? NaN : $8):6:($9 - $8):(0) @interval lc rgb all notitle, \
		$DOTS index p - 1 using 2:1 with points pt 7 ps 0.6 lc rgb few notitle, \
		$DOTS index p - 1 using (low == high ? NaN : $7):6 with points pt 5 ps 0.52 lc rgb all notitle, \
		$DOTS index p - 1 using ($11 > 0 ? $7 : NaN):6 with points pt 5 ps 0.26 lc rgb "white" notitle, \
		$DOTS index p - 1 using ($5 > 0 ? $2 : NaN):1 with points pt 6 ps 0.95 lc rgb "#202020" notitle, \
		$DOTS index p - 1 using (low < high && $10 > 0 ? $7 : NaN):6 with points pt 6 ps 0.95 \
			lc rgb "#202020" notitle, \
		NaN with points pt 7 ps 0.8 lc rgb few title cpus(low), \
		NaN with points pt 5 ps 0.7 lc rgb all title (low == high ? "" : cpus(high))
}
unset multiplot
