# SPDX-License-Identifier: GPL-2.0
# How long an unload takes while users hold the object longer and longer.
columns = "scheme family rank slot hold_us ms ms_lo ms_hi cycles starved given_ms"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("attempts.gp")]."."
load dir."/style.gp"
title = "Unload under load: time to success, by how long users hold the object"
y_label = "first attempt to gone, ms (log scale)"
x = "hold_us"
value = "ms"
unit = " ms"
ideal = 0
crosses = 1
over_note = ""
extra_note = " Cross: unloads given up as starved, at the time they were given."
load dir."/holds.inc"
load dir."/curves.inc"
