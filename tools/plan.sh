# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What a plan comes to: source it, call part or part_takes for each part in turn, end with parts_end.

parts=()
about_all=0 most_all=0

# By experience, seconds: a guest up and down again; what is made of the results.
guest_takes() {
	case $1 in
	icount) echo 26 ;;
	tcg) echo 11 ;;
	*) echo 6 ;;
	esac
}
# shellcheck disable=SC2034 # for bench.sh
report_takes=10

# by_experience SIZE WHERE: seconds that bench.sh takes, with two CPUs; where there is no KVM a guest is emulated
by_experience() {
	local emulated=''
	[ "$2" = host ] || [ -w /dev/kvm ] || emulated=1
	case $1 in
	quick) echo $((emulated ? 120 : 60)) ;;
	default) echo $((emulated ? 500 : 300)) ;;
	full) echo $((emulated ? 2700 : 2400)) ;;
	esac
}

# duration SECONDS: as refcost tells it
duration() {
	if [ "$1" -lt 60 ]; then
		echo "$1 s"
	elif [ "$1" -lt 3600 ]; then
		echo "$(($1 / 60)) min $(($1 % 60)) s"
	else
		echo "$(($1 / 3600)) h $(($1 % 3600 / 60)) min"
	fi
}

# seconds TEXT: the other way round
seconds() {
	awk '{ for (i = 1; i < NF; i += 2) s += $i * ($(i + 1) == "h" ? 3600 : $(i + 1) == "min" ? 60 : 1); print s + 0 }' <<<"$1"
}

# part_takes WHAT SECONDS [MOST]
part_takes() {
	local most=${3:-$2}
	parts+=("$(printf '  %-48s %12s' "$1" "$(duration "$2")")")
	[ "$most" = "$2" ] || parts[-1]+=", up to $(duration "$most")"
	about_all=$((about_all + $2))
	most_all=$((most_all + most))
}

# part WHAT COMMAND...: a dry run; how long it takes is the last that it says
part() {
	local what=$1 out about most=''
	shift
	out=$("$@") || return
	printf '%s\n' "$out"
	about=${out##*takes about }
	[[ $about != *', and up to '* ]] || most=${about#*, and up to }
	part_takes "$what" "$(seconds "${about%%,*}")" ${most:+"$(seconds "${most%% if *}")"}
}

# parts_end: a line a part, and a last one with the sum
parts_end() {
	printf '%s\n' "in all:" "${parts[@]}"
	printf '%d part%s; takes about %s' ${#parts[@]} "$([ ${#parts[@]} = 1 ] || echo s)" "$(duration $about_all)"
	[ $most_all = $about_all ] || printf ', and up to %s if users starve every unload' "$(duration $most_all)"
	echo
}
