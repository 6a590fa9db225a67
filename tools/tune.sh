# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Turn the knobs that distort and can be turned without harm (refcost doctor --knobs), and turn them back:
# source it, call tune_apply, call tune_restore on EXIT. REFCOST_SYSROOT holds the tree, for tests.

tuned=()
tune_record=/dev/null

# tune_hold: what has to be turned back is written down, and is ours as long as this shell or what it runs lives.
# After SIGKILL the next refcost command turns it back, see userspace/machine/leftover.h.
tune_hold() {
	local dir=${REFCOST_SYSROOT:-}/run/refcost lock
	{ mkdir -p "$dir" && : >>"$dir/knobs"; } 2>/dev/null || return 0
	tune_record=$dir/knobs
	exec {lock}>>"$tune_record"
	if flock -n "$lock"; then tune_held=1; fi
}

# tune_note PATH WAS: before it is turned
tune_note() { echo "$1 $2" >>"$tune_record"; }

# tune_forget: all is turned back
tune_forget() { [ -z "${tune_held:-}" ] || : >"$tune_record"; }

tune_apply() {
	local knobs knob path value was
	mapfile -t knobs < <(build/bin/refcost doctor --knobs)
	if [ ${#knobs[@]} = 0 ]; then
		echo "tune: nothing to tune"
		return
	fi
	tune_hold
	for knob in "${knobs[@]}"; do
		path=${knob%% *} value=${knob#* }
		was=$(<"${REFCOST_SYSROOT:-}$path")
		# remembered first: a signal may come between
		tuned+=("$path $was")
		tune_note "$path" "$was"
		if { echo "$value" >"${REFCOST_SYSROOT:-}$path"; } 2>/dev/null; then
			echo "tune: $path: $value (was $was)"
		else
			unset 'tuned[-1]'
			echo "tune: $path stays $was: the kernel does not take $value" >&2
		fi
	done
}

# The last first, undisturbed by signals; what cannot be turned back is named.
tune_restore() {
	local i path was
	trap '' INT TERM HUP
	for ((i = ${#tuned[@]} - 1; i >= 0; i--)); do
		path=${tuned[i]%% *} was=${tuned[i]#* }
		if { echo "$was" >"${REFCOST_SYSROOT:-}$path"; } 2>/dev/null; then
			echo "tune: $path: $was again"
		else
			echo "tune: cannot restore $path: echo $was | sudo tee $path" >&2
		fi
	done
	tuned=()
	tune_forget
}
