# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# run.json for tests whose rows are made up: source it.

# partial DIR PART..: leave DIR/run.json these parts alone, as if they had been interrupted
partial() {
	python3 - "$@" <<-'EOF'
	import json, sys
	path = sys.argv[1] + "/run.json"
	run = json.load(open(path))
	for part in "run", "unload", "loading", "instructions":
	    if part not in sys.argv[2:]:
	        run.pop(part, None)
	    elif part in run:
	        run[part]["status"] = "partial"
	json.dump(run, open(path, "w"))
	EOF
}
