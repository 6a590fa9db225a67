# SPDX-License-Identifier: GPL-2.0
# The two costs of a reference against each other, a point a scheme, coloured by family; those that
# no other scheme beats at both stand on a line.
columns = "scheme family rank slot front cpus ns ns_lo ns_hi unload_ms unload_lo unload_hi oversubscribed"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("tradeoff.gp")]."."
load dir."/style.gp"
set ylabel "time to a successful unload under load, median, ms (log scale)"

array NAME[n_rows]
array FAMILY[n_rows]
array RANK[n_rows]
array FRONT[n_rows]
array CPUS[n_rows]
array OVER[n_rows]
array X[n_rows]
array XLO[n_rows]
array XHI[n_rows]
array Y[n_rows]
array YLO[n_rows]
array YHI[n_rows]
i = 0
stats data using (i = i + 1, NAME[i] = strcol("scheme"), FAMILY[i] = strcol("family"), \
	RANK[i] = int(column("rank")), FRONT[i] = column("front"), CPUS[i] = column("cpus"), \
	OVER[i] = column("oversubscribed"), X[i] = column("ns"), XLO[i] = column("ns_lo"), \
	XHI[i] = column("ns_hi"), Y[i] = column("unload_ms"), YLO[i] = column("unload_lo"), \
	YHI[i] = column("unload_hi"), 0) nooutput

# ROW[1..n]: the rows that can be drawn, the front first, so that its names find room first.
missing = ""
ranks = ""
most = 0
over = 0
n = 0
xmin = 1e300
ymin = 1e300
xmax = 0
ymax = 0
array ROW[n_rows]
do for [pass = 0:1] {
	do for [i = 1:n_rows] {
		if (X[i] > 0 && Y[i] > 0 && (FRONT[i] > 0) == (pass == 0)) {
			n = n + 1
			ROW[n] = i
			ranks = with_word(ranks, sprintf("%d", RANK[i]))
			most = greater(most, CPUS[i])
			over = greater(over, OVER[i] > 0)
			xmin = lesser(xmin, XLO[i] > 0 ? XLO[i] : X[i])
			xmax = greater(xmax, XHI[i] > 0 ? XHI[i] : X[i])
			ymin = lesser(ymin, YLO[i] > 0 ? YLO[i] : Y[i])
			ymax = greater(ymax, YHI[i] > 0 ? YHI[i] : Y[i])
		}
		if (pass == 0 && !(X[i] > 0 && Y[i] > 0)) { missing = with_word(missing, NAME[i]) }
	}
}
if (n == 0) { eval refuse("no row with ns and unload_ms above 0") }
# Room for names at the sides, and for the good corner.
x0 = log_lo(xmin, xmax) / (xmax / xmin) ** 0.06
x1 = log_hi(xmin, xmax) * (xmax / xmin) ** 0.06
y0 = log_lo(ymin, ymax) / (ymax / ymin) ** 0.1
y1 = log_hi(ymin, ymax)

# Families in the order of their ranks, each with its hue and its kind of point.
families = ""
c = -1
do for [k = 1:words(ranks)] { c = above(ranks, c); families = with_word(families, sprintf("%d", c)) }
array TITLE[words(families)]
do for [k = 1:n] { TITLE[place_of(families, sprintf("%d", RANK[ROW[k]]))] = FAMILY[ROW[k]] }
longest = 0
do for [k = 1:words(families)] { longest = greater(longest, strlen(TITLE[k])) }

key_w = longest * 6.6 + 30
left = 82.0
right = 24.0
width = 980
key_cols = within(floor((width - 20) / key_w), 1, words(families))
key_rows = (words(families) + key_cols - 1) / key_cols
top = 80.0 + 18 * key_rows
bottom = 108.0
height = 640 + 18 * key_rows
wide = width - left - right
high = height - top - bottom

# Names are placed one by one where they cover least: boxes in pixels, with what covering one costs.
array BX0[6 * n + 2]
array BX1[6 * n + 2]
array BY0[6 * n + 2]
array BY1[6 * n + 2]
array COST[6 * n + 2]
array PX[n]
array PY[n]
boxes = 0
box(x, xx, y, yy, cost) = (boxes = boxes + 1, BX0[boxes] = x, BX1[boxes] = xx, BY0[boxes] = y, \
	BY1[boxes] = yy, COST[boxes] = cost, 0)
at_x(x) = log10(x / x0) / log10(x1 / x0) * wide
at_y(y) = log10(y / y0) / log10(y1 / y0) * high
covers(x, xx, y, yy) = sum [b_ = 1:boxes] \
	(x < BX1[b_] && xx > BX0[b_] && y < BY1[b_] && yy > BY0[b_] ? COST[b_] : 0)
outside(x, xx, y, yy) = (x < 3) + (xx > wide) + (y < 3) + (yy > high)

# $POINTS: x y xlo xhi ylo yhi oversubscribed; $FRONT: the steps, from the top to the right edge
set print $POINTS
do for [k = 1:n] {
	i = ROW[k]
	PX[k] = at_x(X[i])
	PY[k] = at_y(Y[i])
	xl = end_of(XLO[i], X[i], x0)
	xh = end_of(XHI[i], X[i], x0)
	yl = end_of(YLO[i], Y[i], y0)
	yh = end_of(YHI[i], Y[i], y0)
	dummy = box(PX[k] - 6, PX[k] + 6, PY[k] - 6, PY[k] + 6, 8) + \
		box(at_x(xl) - 2, at_x(xh) + 2, PY[k] - 1, PY[k] + 1, 2) + \
		box(PX[k] - 1, PX[k] + 1, at_y(yl) - 2, at_y(yh) + 2, 2)
	print X[i], Y[i], xl, xh, yl, yh, OVER[i] > 0
}
unset print
unset datafile
n_front = 0
last = 0
top_y = y1
set print $FRONT
do for [step = 1:n] {
	next = 1e300
	do for [k = 1:n] {
		if (FRONT[ROW[k]] > 0 && X[ROW[k]] > last && X[ROW[k]] < next) {
			next = X[ROW[k]]
			next_y = Y[ROW[k]]
		}
	}
	if (next < 1e300) {
		if (n_front == 0) { print next, y1 } else {
			print next, top_y
			dummy = box(at_x(last), at_x(next), at_y(top_y) - 2, at_y(top_y) + 2, 6)
		}
		print next, next_y
		dummy = box(at_x(next) - 2, at_x(next) + 2, at_y(next_y), at_y(top_y), 6)
		n_front = n_front + 1
		last = next
		top_y = next_y
	}
}
if (n_front) {
	print x1, top_y
	dummy = box(at_x(last), wide, at_y(top_y) - 2, at_y(top_y) + 2, 6)
} else {
	print NaN, NaN
}
unset print
dummy = box(0, 300, 0, 34, 20)

hue(k) = RANK[ROW[k]] > 0 ? colour(RANK[ROW[k]]) : grey
tint(k) = RANK[ROW[k]] > 0 ? ink(RANK[ROW[k]]) : "#606060"
shape(k) = point(RANK[ROW[k]] > 0 ? RANK[ROW[k]] : 1)
pale(k) = on_front(k) ? hue(k) : "#80".substr(hue(k), 2, 7)
on_front(k) = FRONT[ROW[k]] > 0
tiny = "sans-serif,10"
right_of = "1 -1 1 1 -1 -1 0 0"
above_of = "0 0 1 -1 1 -1 1 -1"
text_of(k) = NAME[ROW[k]].(CPUS[ROW[k]] < most ? sprintf(" at %d", CPUS[ROW[k]]) : "")
do for [k = 1:n] {
	w = strlen(text_of(k)) * (on_front(k) ? 7.6 : 6.0)
	h = on_front(k) ? 8 : 6
	least = 1e300
	do for [ring = 0:9] {
		do for [d = 1:8] {
			u = int(word(right_of, d))
			v = int(word(above_of, d))
			tx = PX[k] + u * (v == 0 ? 9 + 14 * ring : 5 + 5 * ring) + (u - 1) * w / 2
			ty = PY[k] + v * (12 + 10 * ring)
			cost = covers(tx, tx + w, ty - h, ty + h) + 0.8 * ring + 0.05 * d + \
				60 * outside(tx, tx + w, ty - h, ty + h)
			if (cost < least) { least = cost; lx = tx; ly = ty; far = ring; side = u }
		}
	}
	dummy = box(lx, lx + w, ly - h, ly + h, 12)
	set label k text_of(k) at graph lx / wide, graph ly / high left \
		font (on_front(k) ? "sans-serif,13" : tiny) tc rgb tint(k)
	if (side < 0) { set label k at graph (lx + w) / wide, graph ly / high right }
	if (far > 0) {
		set arrow k from X[ROW[k]], Y[ROW[k]] to graph within(PX[k], lx, lx + w) / wide, \
			graph (ly + (ly > PY[k] ? -h : (ly < PY[k] ? h : 0))) / high nohead \
			lc rgb hue(k) lw 0.6 dt 3
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
	(n_front ? " Line, large names: no other scheme is cheaper in both." : ""). \
	lacking(missing)
# The key: a point and a family's name, in rows above the panel.
do for [k = 1:words(families)] {
	r = int(word(families, k))
	kx = 20.0 + (k - 1) % key_cols * key_w
	ky = height - 72.0 - 18 * ((k - 1) / key_cols)
	set label n + 2 * k "" at screen kx / width, screen ky / height \
		point pt point(r > 0 ? r : 1) ps 0.8 lc rgb (r > 0 ? colour(r) : grey)
	set label n + 2 * k + 1 TITLE[k] at screen (kx + 12) / width, screen ky / height left \
		font small tc rgb (r > 0 ? ink(r) : "#606060")
}
eval canvas(width, height)
plot $FRONT using 1:2 with lines lc rgb "#b0b0b0" lw 2.5 title "front", \
	for [k = 1:n] $POINTS every ::(k - 1)::(k - 1) using 3:2:($4 - $3):(0) with vectors nohead \
		lw (on_front(k) ? 1.4 : 0.7) lc rgb pale(k) title text_of(k), \
	for [k = 1:n] $POINTS every ::(k - 1)::(k - 1) using 1:5:(0):($6 - $5) with vectors nohead \
		lw (on_front(k) ? 1.4 : 0.7) lc rgb pale(k) title text_of(k), \
	for [k = 1:n] $POINTS every ::(k - 1)::(k - 1) using 1:2 with points \
		lc rgb hue(k) pt shape(k) ps (on_front(k) ? 1.2 : 0.85) title text_of(k), \
	for [k = 1:n] $POINTS every ::(k - 1)::(k - 1) using 1:($7 > 0 ? $2 : NaN) with points \
		lc rgb "white" pt shape(k) ps (on_front(k) ? 0.65 : 0.42) title text_of(k)
