# SPDX-License-Identifier: GPL-2.0
# How long a lookup stands still while a module is unloaded: the module's own users, and one
# that uses another module of the same subsystem.
columns = "scheme family rank slot calm_ms stall_ms stall_max_ms bystander_calm_ms bystander_ms bystander_max_ms n"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("stall.gp")]."."
load dir."/style.gp"
title = "The longest stall of a lookup while a module is unloaded"

array NAME[n_rows]
array FAMILY[n_rows]
array RANK[n_rows]
array CALM[n_rows]
array MID[n_rows]
array MOST[n_rows]
array B_CALM[n_rows]
array B_MID[n_rows]
array B_MOST[n_rows]
array N[n_rows]
i = 0
stats data using (i = i + 1, NAME[i] = strcol("scheme"), FAMILY[i] = strcol("family"), \
	RANK[i] = int(column("rank")), CALM[i] = column("calm_ms"), MID[i] = column("stall_ms"), \
	MOST[i] = column("stall_max_ms"), B_CALM[i] = column("bystander_calm_ms"), \
	B_MID[i] = column("bystander_ms"), B_MOST[i] = column("bystander_max_ms"), \
	N[i] = column("n"), 0) nooutput
unset datafile

# Log axis: what is not above 0 is not there.
seen(v) = v > 0 ? v : NaN
xmin = 1e300
xmax = 0
widen(v) = v > 0 ? (xmin = lesser(xmin, v), xmax = greater(xmax, v), 0) : 0
few = 1e300
many = 0
bystanders = 0
missing = ""
do for [i = 1:n_rows] {
	dummy = widen(CALM[i]) + widen(MID[i]) + widen(MOST[i]) + \
		widen(B_CALM[i]) + widen(B_MID[i]) + widen(B_MOST[i])
	if (MID[i] > 0) { few = lesser(few, N[i]); many = greater(many, N[i]) }
	if (B_MID[i] > 0) { bystanders = 1 } else { missing = with_word(missing, NAME[i]) }
}
if (xmax == 0) { eval refuse("no row with a stall above 0") }
x0 = log_lo(xmin, xmax)
x1 = log_hi(xmin, xmax)
half = bystanders ? 0.17 : 0

# $USERS, $OTHERS: row median worst calm
load dir."/rows.inc"
set print $USERS
do for [i = 1:n_rows] { print AT[i] - half, seen(MID[i]), seen(MOST[i]), seen(CALM[i]) }
unset print
set print $OTHERS
do for [i = 1:n_rows] { print AT[i] + half, seen(B_MID[i]), seen(B_MOST[i]), seen(B_CALM[i]) }
unset print

row = 25
width = 940
height = lines * row + 214
set lmargin at screen left / width
set rmargin at screen 1 - 30.0 / width
set tmargin at screen 1 - 94.0 / height
set bmargin at screen 118.0 / height
set logscale x
set xrange [x0:x1]
set yrange [lines + 0.6:0.2]
set xlabel "longest time between two finished lookups, ms (log scale)"
eval log_tics("x", x0, x1)
user = colour(2)
other = colour(1)
set key at graph 1, screen 1 - 82.0 / height right bottom horizontal samplen 1 font small
note = sprintf("Dot: median of %s unloads; bar: to the worst of them. Tick: median of the same ". \
	"lookups' longest stall before the unload.", \
	few == many ? sprintf("%d", few) : sprintf("%d to %d", few, many)). \
	(bystanders ? lacking(missing) : " There was no bystander in this run.")
eval canvas(width, height)
plot $USERS using 2:1:($3 - $2):(0) with vectors nohead lc rgb user lw 1.5 notitle, \
	$OTHERS using 2:1:($3 - $2):(0) with vectors nohead lc rgb other lw 1.5 notitle, \
	$USERS using 4:($1 - 0.16):(0):(0.32) with vectors nohead lc rgb user lw 1.5 notitle, \
	$OTHERS using 4:($1 - 0.16):(0):(0.32) with vectors nohead lc rgb other lw 1.5 notitle, \
	$USERS using 2:1 with points pt 7 ps 0.7 lc rgb user notitle, \
	$OTHERS using 2:1 with points pt 5 ps 0.6 lc rgb other notitle, \
	NaN with points pt 7 ps 0.8 lc rgb user title "users of the module that goes", \
	NaN with points pt 5 ps 0.7 lc rgb other title (bystanders ? "user of another module in the subsystem" : "")
