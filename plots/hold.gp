# SPDX-License-Identifier: GPL-2.0
# How long a user must stay for the choice of scheme not to matter, a panel a number of CPUs.
columns = "scheme slot cpus hold_us ratio ratio_lo ratio_hi ns oversubscribed"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("hold.gp")]."."
load dir."/style.gp"
title = "Time of get, hold and put, over that of the cheapest scheme"
y_label = "times the cheapest (log scale)"
x = "hold_us"
value = "ratio"
unit = "×"
ideal = 0
crosses = 0
panels = "cpus"
panel_title(c) = sprintf("%d CPU%s", c, c == 1 ? "" : "s")
guide = 1.05
over_note = " White centre: more vCPUs than host CPUs."
extra_note = " Dotted: 5 % above the cheapest."
load dir."/holds.inc"
x_label = "hold, µs (log scale, but for 0)"
x_text(h) = sprintf("%g", h)
load dir."/curves.inc"
