# SPDX-License-Identifier: GPL-2.0
# What every figure shares: looks, and small helpers. A figure loads this first, reads its rows,
# sets its ranges, and ends with `eval canvas(W, H)` and one plot.
#
# In:  data (the .dat file), out (the .svg), label (how it was measured), columns (of the data),
# Out: n_rows, and the functions below

set encoding utf8
set decimalsign "."

# Colour-blind safe (podo), without its yellow.
set colorsequence podo
array COLOUR = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"]
# The same hues, darker where small letters would be pale.
array INK = ["#0072b2", "#b84f00", "#008562", "#a85585", "#a87200", "#2a86bb", "#000000"]
array POINT = [7, 5, 9, 13, 11]
array DASH = [1, 4, 2, 5]
colour(k) = COLOUR[(k - 1) % |COLOUR| + 1]
ink(k) = INK[(k - 1) % |INK| + 1]
point(k) = POINT[(k - 1) % |POINT| + 1]
dash(k) = DASH[((k - 1) / |COLOUR|) % |DASH| + 1]
grey = "#808080"
small = "sans-serif,12"

set border 3 lc rgb "#404040"
set tics nomirror out scale 0.6, 0.3
set grid lc rgb "#e4e4e4" lt 1 lw 0.6
# An interval: a bar with caps, used as @interval.
interval = "with vectors heads size screen 0.004,90 fixed lw 1"
set boxwidth 0.8
unset key

# Long labels are folded at a blank, at most 250 times deep (gnuplot's own limit on recursion).
cut_at(s, i) = i < 2 ? 0 : (s[i:i] eq " " ? i : cut_at(s, i - 1))
fold(s, w) = strlen(s) <= w || cut_at(s, w) == 0 ? s : \
	s[1:cut_at(s, w) - 1]."\n".fold(s[cut_at(s, w) + 1:strlen(s)], w)

# canvas(w, h): terminal, output, title, label and the note at the foot, for a figure w by h pixels.
note = ""
canvas(w, h) = sprintf("set terminal svg noenhanced background 'white' font 'sans-serif,13' ". \
	"size %d,%d; set output out; ", w, h). \
	"if (exists('claim')) { title = claim }; ". \
	"set label 9001 title at screen 0, screen 1 offset character 1.5, -1.3 font 'sans-serif,16'; ". \
	sprintf("set label 9002 fold(label, %d) at screen 0, screen 1 ", w / 6.9). \
	"offset character 1.5, -2.6 font small tc rgb '#505050'; ". \
	sprintf("set label 9003 fold(note, %d) at screen 0, screen 0 ", w / 6.9). \
	sprintf("offset character 1.5, %g font small tc rgb '#505050'; ", \
	strlen(note) > w / 6.9 ? 1.9 : 0.9)

# Lists are strings of words without blanks inside.
with_word(l, s) = strstrt(l." ", " ".s." ") ? l : l." ".s
place_of(l, s) = sum [k_ = 1:words(l)] (word(l, k_) eq s ? k_ : 0)
# Arms of an experiment: idle, then loaded, then any other, whichever came first in the file.
arm_order(l) = (o_ = "", sum [a_ = 1:words(l) + 2] (w_ = word("idle loaded ".l, a_), \
	place_of(l, w_) ? (o_ = with_word(o_, w_), 0) : 0), o_)
# The smallest number of the list that is above x (1e300: none).
above(l, x) = (m_ = 1e300, sum [k_ = 1:words(l)] (v_ = word(l, k_) + 0, \
	v_ > x && v_ < m_ ? (m_ = v_, 0) : 0), m_)
# "a b c" as " Not available here: a, b, c.", six names at most.
some(l) = (o_ = "", sum [k_ = 1:lesser(words(l), 6)] \
	(o_ = o_.(k_ > 1 ? ", " : "").word(l, k_), 0), o_)
lacking(l) = words(l) == 0 ? "" : " Not available here: ".some(l). \
	(words(l) > 6 ? sprintf(" and %d more", words(l) - 6) : "")."."

lesser(a, b) = a < b ? a : b
greater(a, b) = a > b ? a : b
within(x, lo, hi) = x < lo ? lo : (x > hi ? hi : x)
# Three digits, without exponents.
short(x) = sprintf(x >= 100 ? "%.0f" : x >= 10 ? "%.1f" : x >= 1 ? "%.2f" : "%.3f", x)

# Interval ends for a log axis: a missing end falls back to the value, one not above 0 to the edge.
end_of(x, value, edge) = x > 0 ? x : (x <= 0 ? edge : value)

# A log range around lo..hi: padded, and at least a factor of 4 wide, so that noise looks it.
log_pad(lo, hi) = greater(log10(hi / lo) * 0.06, (log10(4) - log10(hi / lo)) / 2)
log_lo(lo, hi) = lo / 10 ** log_pad(lo, hi)
log_hi(lo, hi) = hi * 10 ** log_pad(lo, hi)
# Tics for it, for `eval log_tics("y", lo, hi)`: decades on wide ranges, more steps on narrow ones.
# A figure may define tic_steps() and plain(), how a tic is written, again.
tic_steps(r) = r > 1e4 ? "1" : (r > 30 ? "1 2 5" : "1 1.5 2 3 4 5 7")
log_tics(axis, lo, hi) = (t_ = "", s_ = tic_steps(hi / lo), \
	sum [d_ = int(floor(log10(lo))):int(ceil(log10(hi)))] (sum [k_ = 1:words(s_)] \
	(v_ = word(s_, k_) * 10.0 ** d_, v_ < lo || v_ > hi ? 0 : \
	(t_ = t_.sprintf("%s'%s' %.10g", strlen(t_) ? ", " : "", plain(v_), v_), 0))), \
	"set ".axis."tics (".t_.")")
plain(x) = x >= 1e6 ? sprintf("%g", x) : (x >= 1 ? gprintf("%.10g", x) : sprintf("%g", x))

# The same places without a word, for an axis that shares its neighbour's.
blank_tics(axis, lo, hi) = (t_ = "", s_ = tic_steps(hi / lo), \
	sum [d_ = int(floor(log10(lo))):int(ceil(log10(hi)))] (sum [k_ = 1:words(s_)] \
	(v_ = word(s_, k_) * 10.0 ** d_, v_ < lo || v_ > hi ? 0 : \
	(t_ = t_.sprintf("%s'' %.10g", strlen(t_) ? ", " : "", v_), 0))), \
	"set ".axis."tics (".t_.")")

# spread(n, gap): L[1..n] (heights, 0..1) are moved as little as needed to stand gap apart.
# The order is by height, then by place; it relaxes neighbours and keeps both ends inside.
# (gnuplot parses an assignment to an array only after it has seen the array.)
array L[1]
array R_[1]
rank_of(i, n) = 1 + sum [j_ = 1:n] (L[j_] < L[i] || (L[j_] == L[i] && j_ < i))
nudge(a, b, gap) = (d_ = gap - (L[b] - L[a]), \
	d_ > 1e-6 ? (L[a] = L[a] - d_ / 2, L[b] = L[b] + d_ / 2, 0) : 0)
spread(n, gap) = (g_ = n > 1 ? lesser(gap, 1.0 / (n - 1)) : gap, \
	sum [i_ = 1:n] (R_[rank_of(i_, n)] = i_, 0), \
	sum [t_ = 1:400] (sum [i_ = 2:n] nudge(R_[i_ - 1], R_[i_], g_), \
	L[R_[1]] = greater(L[R_[1]], 0), L[R_[n]] = lesser(L[R_[n]], 1), 0))

# `eval refuse(why)` ends the run with one line, for data that cannot be drawn.
refuse(why) = sprintf('set print "-"; print data.": %s"; exit status 1', why)

# Every file opens with the names of its columns.
header = ""
stats data every ::0::0 using (sum [k_ = 1:words(columns)] (header = header." ".strcol(k_), 0), 0) \
	nooutput
do for [c in columns] {
	if (!place_of(header, c)) { eval refuse("no column ".c."; it should have: ".columns) }
}
set datafile columnheaders
n_rows = 0
stats data using (n_rows = n_rows + 1, 0) nooutput
if (n_rows == 0) { eval refuse("it has a header and no rows") }
