# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Turn the knobs that distort and can be turned without harm (refcost doctor --knobs), and turn them back:
# source it, call tune_apply, call tune_restore on EXIT. REFCOST_SYSROOT holds the tree, for tests.

tuned=()

tune_apply() {
	local knobs knob path value was
	mapfile -t knobs < <(build/bin/refcost doctor --knobs)
	if [ ${#knobs[@]} = 0 ]; then
		echo "tune: nothing to tune"
		return
	fi
	for knob in "${knobs[@]}"; do
		path=${knob%% *} value=${knob#* }
		was=$(<"${REFCOST_SYSROOT:-}$path")
		# remembered first: a signal may come between
		tuned+=("$path $was")
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
}
