# SPDX-License-Identifier: GPL-2.0
# The two costs of a reference against each other, a point a scheme.
columns = "scheme cpus ns ns_lo ns_hi unload_ms unload_lo unload_hi oversubscribed"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("tradeoff.gp")]."."
load dir."/style.gp"
set ylabel "time to a successful unload under load, median, ms (log scale)"

array NAME[n_rows]
array CPUS[n_rows]
array OVER[n_rows]
array X[n_rows]
array XLO[n_rows]
array XHI[n_rows]
array Y[n_rows]
array YLO[n_rows]
array YHI[n_rows]
i = 0
stats data using (i = i + 1, NAME[i] = strcol("scheme"), CPUS[i] = column("cpus"), \
	OVER[i] = column("oversubscribed"), X[i] = column("ns"), XLO[i] = column("ns_lo"), \
	XHI[i] = column("ns_hi"), Y[i] = column("unload_ms"), YLO[i] = column("unload_lo"), \
	YHI[i] = column("unload_hi"), 0) nooutput

# A scheme's row at its largest CPU count stands for it.
names = ""
missing = ""
most = 0
array ROW[n_rows]
do for [i = 1:n_rows] {
	ROW[i] = 0
	schemes = with_word(schemes, NAME[i])
	if (X[i] > 0 && Y[i] > 0) { names = with_word(names, NAME[i]) }
}
n = words(names)
if (n == 0) { eval refuse("no row with ns and unload_ms above 0") }
do for [i = 1:n_rows] {
	k = place_of(names, NAME[i])
	if (k == 0) {
		missing = with_word(missing, NAME[i])
	} else {
		if (X[i] > 0 && Y[i] > 0) {
			best = 0
			if (ROW[k] > 0) { best = CPUS[ROW[k]] }
			if (CPUS[i] > best) { ROW[k] = i; most = greater(most, CPUS[i]) }
		}
	}
}

xmin = 1e300
ymin = 1e300
xmax = 0
ymax = 0
over = 0
do for [k = 1:n] {
	i = ROW[k]
	xmin = lesser(xmin, XLO[i] > 0 ? XLO[i] : X[i])
	xmax = greater(xmax, XHI[i] > 0 ? XHI[i] : X[i])
	ymin = lesser(ymin, YLO[i] > 0 ? YLO[i] : Y[i])
	ymax = greater(ymax, YHI[i] > 0 ? YHI[i] : Y[i])
	over = greater(over, OVER[i] > 0)
}
# Room for names at the sides, and for the good corner.
x0 = log_lo(xmin, xmax) / (xmax / xmin) ** 0.06
x1 = log_hi(xmin, xmax) * (xmax / xmin) ** 0.06
y0 = log_lo(ymin, ymax) / (ymax / ymin) ** 0.1
y1 = log_hi(ymin, ymax)

width = 940
height = 642
left = 82.0
right = 24.0
top = 88.0
bottom = 108.0
wide = width - left - right
high = height - top - bottom

# Names are placed one by one where they cover least: boxes in pixels, with what covering one costs.
array BX0[4 * n + 1]
array BX1[4 * n + 1]
array BY0[4 * n + 1]
array BY1[4 * n + 1]
array PX[n]
array PY[n]
boxes = 0
box(x, xx, y, yy) = (boxes = boxes + 1, BX0[boxes] = x, BX1[boxes] = xx, BY0[boxes] = y, \
	BY1[boxes] = yy, 0)
at_x(x) = log10(x / x0) / log10(x1 / x0) * wide
at_y(y) = log10(y / y0) / log10(y1 / y0) * high
covers(x, xx, y, yy) = sum [b_ = 1:boxes] \
	(x < BX1[b_] && xx > BX0[b_] && y < BY1[b_] && yy > BY0[b_])
outside(x, xx, y, yy) = (x < 3) + (xx > wide) + (y < 3) + (yy > high)

set print $POINTS
do for [k = 1:n] {
	i = ROW[k]
	PX[k] = at_x(X[i])
	PY[k] = at_y(Y[i])
	xl = end_of(XLO[i], X[i], x0)
	xh = end_of(XHI[i], X[i], x0)
	yl = end_of(YLO[i], Y[i], y0)
	yh = end_of(YHI[i], Y[i], y0)
	dummy = box(PX[k] - 6, PX[k] + 6, PY[k] - 6, PY[k] + 6) + \
		box(at_x(xl) - 5, at_x(xh) + 5, PY[k] - 3, PY[k] + 3) + \
		box(PX[k] - 3, PX[k] + 3, at_y(yl) - 3, at_y(yh) + 3)
	print X[i], Y[i], xl, xh, yl, yh, OVER[i] > 0
}
unset print
unset datafile
dummy = box(0, 300, 0, 34)

style(k) = place_of(schemes, word(names, k))
text_of(k) = word(names, k).(CPUS[ROW[k]] < most ? sprintf(" at %d", CPUS[ROW[k]]) : "")
right_of = "1 -1 1 1 -1 -1 0 0"
above_of = "0 0 1 -1 1 -1 1 -1"
do for [k = 1:n] {
	w = strlen(text_of(k)) * 7.1
	least = 1e300
	do for [ring = 0:7] {
		do for [d = 1:8] {
			u = int(word(right_of, d))
			v = int(word(above_of, d))
			tx = PX[k] + u * (v == 0 ? 9 + 14 * ring : 5 + 4 * ring) + (u - 1) * w / 2
			ty = PY[k] + v * (13 + 11 * ring)
			cost = 4 * covers(tx, tx + w, ty - 7, ty + 7) + 0.7 * ring + 0.05 * d + \
				30 * outside(tx, tx + w, ty - 7, ty + 7)
			if (cost < least) { least = cost; lx = tx; ly = ty; far = ring; side = u }
		}
	}
	dummy = box(lx, lx + w, ly - 7, ly + 7)
	set label k text_of(k) at graph lx / wide, graph ly / high left font small \
		tc rgb ink(style(k))
	if (side < 0) { set label k at graph (lx + w) / wide, graph ly / high right }
	if (far > 0) {
		set arrow k from X[ROW[k]], Y[ROW[k]] to graph within(PX[k], lx, lx + w) / wide, \
			graph (ly + (ly > PY[k] ? -7 : (ly < PY[k] ? 7 : 0))) / high nohead \
			lc rgb colour(style(k)) lw 0.6 dt 3
	}
}
good = "#00704f"
set arrow n + 1 from graph 34 / wide, graph 32 / high to graph 6 / wide, graph 6 / high \
	size screen 0.012,25 filled lc rgb good lw 1.6
set label n + 1 "better: cheap to hold, quick to unload" at graph 38 / wide, graph 18 / high \
	font small tc rgb good

title = sprintf("The two costs of a reference: get+put at %d CPU%s, and unload under load", \
	most, most > 1 ? "s" : "")
set xlabel "ns per get+put, on ".(most > 1 ? sprintf("each of %d CPUs", most) : "one CPU"). \
	" (log scale)"
set logscale xy
set xrange [x0:x1]
set yrange [y0:y1]
eval log_tics("x", x0, x1)
eval log_tics("y", y0, y1)
set lmargin at screen left / width
set rmargin at screen 1 - right / width
set tmargin at screen 1 - top / height
set bmargin at screen bottom / height
note = "Point: medians. Bars: their confidence intervals.". \
	(over ? " White centre: more vCPUs than host CPUs." : ""). \
	lacking(missing)
eval canvas(width, height)
plot for [k = 1:n] $POINTS every ::(k - 1)::(k - 1) using 3:2:($4 - $3):(0) @interval \
		lc rgb colour(style(k)) title word(names, k), \
	for [k = 1:n] $POINTS every ::(k - 1)::(k - 1) using 1:5:(0):($6 - $5) @interval \
		lc rgb colour(style(k)) title word(names, k), \
	for [k = 1:n] $POINTS every ::(k - 1)::(k - 1) using 1:2 with points \
		lc rgb colour(style(k)) pt point(style(k)) ps 1 title word(names, k), \
	for [k = 1:n] $POINTS every ::(k - 1)::(k - 1) using 1:($7 > 0 ? $2 : NaN) with points \
		lc rgb "white" pt point(style(k)) ps 0.55 title word(names, k)
