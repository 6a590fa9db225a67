#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Kernel style of kmod_bench/ and bpf/: checkpatch and kernel-doc of the distribution's kernel source, and sparse.
# make lint LINT=full calls it.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/tap.sh

tools/deps.sh build headers style
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tar -xJf /usr/src/linux-source-6.1.tar.xz -C "$dir" --strip-components=2 \
	linux-source-6.1/scripts/{checkpatch.pl,spelling.txt,const_structs.checkpatch,kernel-doc}

# What checkpatch says for a reason that does not hold here.
exceptions=(
	# loops of schemes and rows of tables are made by macros, and clang-format aligns them with spaces
	MACRO_ARG_REUSE MACRO_ARG_PRECEDENCE MACRO_WITH_FLOW_CONTROL COMPLEX_MACRO MULTISTATEMENT_MACRO_USE_DO_WHILE
	TRAILING_SEMICOLON CODE_INDENT LEADING_SPACE SPACING ASSIGN_IN_IF LINE_SPACING
	# one source for several kernels
	LINUX_VERSION_CODE CONSTANT_COMPARISON
	# each barrier is explained at the top of its scheme, or of the pair's other half
	MEMORY_BARRIER
	# what a verifier or a Makefile fills in after compiling
	VOLATILE
	# clang-format breaks lines so
	OPEN_ENDED_LINE
	# a word of the sentence is the name of the file
	EMBEDDED_FILENAME
	# numbers of bits, not bits
	BIT_MACRO
	# the fault that is asked for, in a build for the tests
	AVOID_BUG
	# what the field protects stands in the kernel-doc of its struct
	UNCOMMENTED_DEFINITION
	# all are 0 at the beginning, in the order of the struct
	MULTIPLE_ASSIGNMENTS
	# a hold that must not sleep
	USLEEP_RANGE
	# C11's
	CAMELCASE
)

is "checkpatch has nothing to say" "" "$(perl "$dir/checkpatch.pl" --strict --no-tree --max-line-length=100 --terse \
	--no-summary --show-types --ignore "$(IFS=,; echo "${exceptions[*]}")" \
	-f kmod_bench/*.[ch] kmod_bench/schemes/*.c bpf/*.[ch] 2>&1)"
rm -f .checkpatch-camelcase.*
is "kernel-doc is whole" "" "$(perl "$dir/kernel-doc" -none kmod_bench/*.[ch] kmod_bench/schemes/*.c bpf/*.[ch] \
	userspace/*/*.h userspace/*/*/*.h 2>&1)"
# Sparse cannot follow a lock that is taken or not.
run_cmd make -s B="$dir/build" C=2 CF=-Wno-context kmod
is "sparse looks, and has nothing to say" "0 " "$status $stderr"

tap_done
