# SPDX-License-Identifier: GPL-2.0
# What one get+put costs each CPU, as CPUs are added.
columns = "scheme family rank slot cpus ns ns_lo ns_hi oversubscribed"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("scaling.gp")]."."
load dir."/style.gp"
title = "Cost of one get+put, by number of CPUs doing it"
y_label = "ns per get+put, on each CPU (log scale)"
x_label = "CPUs at once (log scale)"
x = "cpus"
x_at(c) = c
x_text(c) = sprintf("%d", c)
value = "ns"
unit = ""
ideal = 0
crosses = 0
over_note = " White centre: more vCPUs than host CPUs."
extra_note = ""
load dir."/curves.inc"
