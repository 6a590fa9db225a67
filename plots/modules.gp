# SPDX-License-Identifier: GPL-2.0
# How long delete_module takes for each module that was traced, every call a dot.
columns = "module expedited ms"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("modules.gp")]."."
load dir."/style.gp"
title = "Unload latency by module"

array WHO[n_rows]
array MS[n_rows]
i = 0
who(name, expedited) = name.(expedited > 0 ? "/expedited" : "/")
stats data using (i = i + 1, WHO[i] = who(strcol("module"), column("expedited")), \
	MS[i] = column("ms"), 0) nooutput
names = ""
xmin = 1e300
xmax = 0
longest = 0
do for [i = 1:n_rows] {
	names = with_word(names, WHO[i])
	longest = greater(longest, strlen(WHO[i]) + (WHO[i][strlen(WHO[i]):] eq "/" ? 0 : 9))
	if (MS[i] > 0) { xmin = lesser(xmin, MS[i]); xmax = greater(xmax, MS[i]) }
}
if (xmax == 0) { eval refuse("no row with ms above 0") }
n = words(names)
x0 = log_lo(xmin, xmax)
x1 = log_hi(xmin, xmax)

# The golden ratio spreads dots without chance.
jitter(j) = (j * 0.618034 - floor(j * 0.618034) - 0.5) * 0.5
array DONE[n]
do for [k = 1:n] { DONE[k] = 0 }
set print $DOTS
do for [i = 1:n_rows] {
	k = place_of(names, WHO[i])
	DONE[k] = DONE[k] + 1
	print k + jitter(DONE[k]), MS[i]
}
unset print
few = 1e300
many = 0
set print $MEDIANS
do for [k = 1:n] {
	stats data using (who(strcol("module"), column("expedited")) eq word(names, k) ? \
		column("ms") : NaN) nooutput
	print k, STATS_median
	few = lesser(few, DONE[k])
	many = greater(many, DONE[k])
	set label k short(STATS_median) at graph 1, first k right offset 5.4, 0 font "sans-serif,12"
}
unset print
unset datafile

row = 34
width = 830
height = n * row + 214
set lmargin at screen (longest * 7.0 + 16) / width
set rmargin at screen 1 - 66.0 / width
set tmargin at screen 1 - 84.0 / height
set bmargin at screen 118.0 / height
set logscale x
set xrange [x0:x1]
set yrange [n + 0.6:0.4]
set ytics scale 0 ()
do for [k = 1:n] {
	t = word(names, k)
	cut = strstrt(t, "/")
	set ytics add (t[1:cut - 1].(cut < strlen(t) ? ", rcu_expedited=1" : "") k)
}
set grid noytics
set xlabel "delete_module, ms (log scale)"
eval log_tics("x", x0, x1)
note = sprintf("Dot: one call (%s each). Bar, and figure at the right: median, ms. ". \
	"Shifts up and down only keep dots apart.", \
	few == many ? sprintf("%d", few) : sprintf("%d to %d", few, many))
eval canvas(width, height)
plot $DOTS using 2:1 with points pt 7 ps 0.5 lc rgb "#70".substr(colour(1), 2, 7) notitle, \
	$MEDIANS using 2:($1 - 0.36):(0):(0.72) with vectors nohead lw 2.5 lc rgb "#202020" notitle
