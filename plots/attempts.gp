# SPDX-License-Identifier: GPL-2.0
# How long an unload takes while users hold the object longer and longer.
columns = "scheme family rank slot hold_us ms ms_lo ms_hi cycles starved given_ms"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("attempts.gp")]."."
load dir."/style.gp"
title = "Unload under load: time to success, by how long users hold the object"
y_label = "first attempt to gone, ms (log scale)"
x_label = "hold (log scale, but for 0)"
x = "hold_us"
# 0 stands a decade left of the shortest hold.
shortest = 1e300
stats data using (column("hold_us") > 0 ? (shortest = lesser(shortest, column("hold_us")), 0) : 0) \
	nooutput
x_at(h) = h > 0 ? h : shortest / 10
x_text(h) = h >= 1e6 ? sprintf("%g s", h / 1e6) : (h >= 1e3 ? sprintf("%g ms", h / 1e3) : \
	(h > 0 ? sprintf("%g µs", h) : "0"))
value = "ms"
unit = " ms"
ideal = 0
crosses = 1
over_note = ""
extra_note = " Cross: unloads given up as starved, at the time they were given."
load dir."/curves.inc"
