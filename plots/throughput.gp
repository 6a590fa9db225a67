# SPDX-License-Identifier: GPL-2.0
# What all CPUs get done together, as CPUs are added.
columns = "scheme floor cpus mops mops_lo mops_hi oversubscribed"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("throughput.gp")]."."
load dir."/style.gp"
title = "Get+put pairs per second, all CPUs together"
set ylabel "million get+put per second (log scale)"
value = "mops"
ideal = 1
load dir."/curves.inc"
