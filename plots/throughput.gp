# SPDX-License-Identifier: GPL-2.0
# What all CPUs get done together, as CPUs are added.
columns = "scheme family rank slot cpus mops mops_lo mops_hi oversubscribed fit_l fit_s fit_k fit_to"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("throughput.gp")]."."
load dir."/style.gp"
title = "Get+put pairs per second, all CPUs together"
y_label = "million get+put per second (log scale)"
x_label = "CPUs at once (log scale)"
x = "cpus"
x_at(c) = c
x_text(c) = sprintf("%d", c)
value = "mops"
unit = ""
ideal = 1
crosses = 0
fits = 1
over_note = " White centre: more vCPUs than host CPUs."
extra_note = " Dotted: the best of the panel, times CPUs."
fit_note = " Thin line, not from point to point: the scalability law, where it fits."
load dir."/curves.inc"
