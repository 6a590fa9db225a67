# SPDX-License-Identifier: GPL-2.0
# What one get+put costs each CPU, as CPUs are added.
columns = "scheme floor cpus ns ns_lo ns_hi oversubscribed"
if (!exists("dir")) dir = ARG0[1:strlen(ARG0) - strlen("scaling.gp")]."."
load dir."/style.gp"
title = "Cost of one get+put, by number of CPUs doing it"
set ylabel "ns per get+put, on each CPU (log scale)"
value = "ns"
ideal = 0
load dir."/curves.inc"
