#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Stands for refcost in tests/cli/tune.sh: `doctor` is $DOCTOR's; `run` notes in $NOTES/left which knobs are
# still to be turned, and then does as $ACT says.
case $1 in
doctor) exec "$DOCTOR" "$@" ;;
run)
	"$DOCTOR" doctor --knobs >"$NOTES/left"
	case ${ACT:-pass} in
	fail) exit 1 ;;
	wait)
		trap 'exit 130' TERM INT HUP
		: >"$NOTES/ready"
		while :; do sleep 0.1; done
		;;
	esac
	;;
esac
