# SPDX-License-Identifier: GPL-2.0
# refcost: `make help` lists the targets. Everything generated lies under build/.

prefix	?= /usr/local
DESTDIR	?=
CC	?= gcc
CLANG	?= clang
BPFTOOL	?= $(or $(shell command -v bpftool 2>/dev/null),/usr/sbin/bpftool)

# The kernel that the modules are for.
KRELEASE ?= $(shell tools/kernel-release.sh)
KDIR	 ?= /lib/modules/$(KRELEASE)/build

# One that clang built takes no modules of gcc's. LLVM= on the command line wins, see the kernel's kbuild/llvm.rst.
LLVM ?= $(if $(shell grep -s '^CONFIG_CC_IS_CLANG=y' $(KDIR)/.config $(KDIR)/include/config/auto.conf),1)
llvm-tools := $(if $(filter 1,$(LLVM)),clang ld.lld)

B := build
# Not for the command line: an empty one would be the kernel's own tree.
override KMOD := $(B)/kmod/$(KRELEASE)

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s%s\n'
MAKEFLAGS += --no-print-directory
endif

CFLAGS	?= -O2 -g
WARN	:= -Wall -Wextra -Wvla -Werror
CPPFLAGS += -D_GNU_SOURCE -Ikmod_bench -Iuserspace -iquote . -iquote $(B)
ALL_CFLAGS = -std=gnu11 $(WARN) $(CFLAGS) $(CPPFLAGS)
LDLIBS	:= -ljson-c -lgsl -lgslcblas -lhwloc -lkmod -lmd4c -lbpf -lelf -lz -lm

SKEL := $(patsubst bpf/%.bpf.c,$(B)/bpf/%.skel.h,$(wildcard bpf/*.bpf.c))

SRCS := $(wildcard userspace/*.c userspace/*/*.c userspace/*/*/*.c)
OBJS := $(SRCS:%.c=$(B)/%.o)
TESTED := $(filter-out $(B)/userspace/main.o,$(OBJS))
UNIT := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))

.DELETE_ON_ERROR:
.PHONY: all results kmod kmod-fault refcost unit test check check-debug check-torture check-rt check-models check-damage check-peer check-instructions check-precision bench-trace lint format install uninstall dist clean help FORCE

all: refcost kmod results/reference

# What RESULTS.md was made of, where refcost compare and report find it.
results/reference: $(wildcard results/reference.tar.xz)
	$(Q)rm -rf $@ && mkdir -p $@
	$(Q)$(if $<,tar -xJf $< -C $@)

## results: RESULTS.md and its figures of the same data again, after a change of the report
results: refcost results/reference
	$(Q)$(B)/bin/refcost report results/reference -o $(B)/report --figures plots/figures >/dev/null
	$(Q)plots/render.sh $(B)/report plots/figures
	$(Q)cp $(B)/report/RESULTS*.md .

refcost: $(B)/bin/refcost
kmod: $(KMOD)/refcost.ko
# Builds that are wrong on purpose, for the tests, which no debugger reads: what is wrong, a + between two things.
FAULTS := LOSE_ONE SLOW SLOW_EXIT OOPS SPIN WIDE NO_STATE_TEST+WIDE NO_STOP+WIDE SIGNAL_INSIDE+WIDE
kmod-fault: $(FAULTS:%=$(B)/kmod-fault/%/$(KRELEASE)/refcost.ko)

# --- kernel modules: sources are mirrored, since kbuild writes beside them --------------------------

KSRC := $(wildcard kmod_bench/*.[ch] kmod_bench/schemes/*.c) kmod_bench/Kbuild

# $(1): directory, $(2): variables for kbuild
define build_kmod
	$(Q)test -e $(KDIR)/Makefile || { \
		echo "no headers for kernel $(KRELEASE): install linux-headers-$(KRELEASE) or set KDIR" >&2; exit 1; }
	$(Q)for tool in $(llvm-tools); do command -v $$tool >/dev/null || { \
		echo "no $$tool, and kernel $(KRELEASE) was built with LLVM: install clang and lld, or give LLVM=" >&2; exit 1; }; done
	$(Q)mkdir -p $(1)/schemes
	$(Q)cp -u $(filter-out kmod_bench/schemes/%,$(KSRC)) $(1)/
	$(Q)cp -u $(filter kmod_bench/schemes/%,$(KSRC)) $(1)/schemes/
	$(Q)+$(MAKE) -s -C $(KDIR) M=$(abspath $(1)) CONFIG_DEBUG_INFO_BTF_MODULES= $(if $(LLVM),LLVM=$(LLVM)) $(2) modules
	$(Q)touch $(1)/refcost.ko
endef

$(KMOD)/refcost.ko: $(KSRC)
	$(say) KMOD $@
	$(call build_kmod,$(KMOD))

fault-all := $(B)/kmod-fault/all/$(KRELEASE)
$(fault-all)/refcost.ko: $(KSRC)
	$(say) KMOD $@
	$(call build_kmod,$(@D),CONFIG_DEBUG_INFO= REFCOST_FAULTS=y)

$(B)/kmod-fault/SLOW/$(KRELEASE)/refcost.ko: $(KSRC)
	$(say) KMOD $@
	$(call build_kmod,$(@D),CONFIG_DEBUG_INFO= REFCOST_SLOW=y REFCOST_ONLY='empty percpu_live kref')

# In the order of enum in core.h; a fault that it has is a 1.
fault-names := LOSE_ONE SLOW_EXIT SLOW_TENTH OOPS SPIN WIDE NO_STATE_TEST NO_STOP SIGNAL_INSIDE
$(B)/kmod-fault/%/$(KRELEASE)/refcost.ko: $(fault-all)/refcost.ko
	$(say) FAULT $@
	$(if $(filter-out $(fault-names),$(subst +, ,$*)),$(error no such fault in '$*': give some of $(fault-names), a + between two))
	$(Q)mkdir -p $(@D)
	$(Q)printf '%s' $(foreach f,$(fault-names),$(if $(filter $f,$(subst +, ,$*)),1,0)) >$(@D)/faults
	$(Q)for module in refcost_victim refcost; do \
		objcopy --update-section .refcost_faults=$(@D)/faults $(fault-all)/$$module.ko $(@D)/$$module.ko || exit; done

# --- tracer -----------------------------------------------------------------------------------------

BPF_ARCH := $(subst x86_64,x86,$(subst aarch64,arm64,$(shell uname -m)))

$(B)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h)
	$(say) BPF $@
	$(Q)command -v $(CLANG) >/dev/null || { \
		echo "no $(CLANG), which builds the tracer's programs: install clang, or give CLANG=" >&2; exit 1; }
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -g -O2 -target bpf -D__TARGET_ARCH_$(BPF_ARCH) -I/usr/include/$(shell uname -m)-linux-gnu \
		-Wall -Werror -c $< -o $@.new
	$(Q)$(BPFTOOL) gen object $@ $@.new # without DWARF, which nothing reads
	$(Q)rm $@.new

.SECONDARY: $(SKEL:.skel.h=.bpf.o)
$(B)/bpf/%.skel.h: $(B)/bpf/%.bpf.o
	$(say) SKEL $@
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

# --- the command ------------------------------------------------------------------------------------

$(B)/version.h: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)tools/version.sh > $@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(B)/userspace/main.o $(B)/userspace/machine/env.o: $(B)/version.h
$(B)/userspace/trace/attach.o $(B)/userspace/refs/attach.o: $(SKEL)
$(B)/userspace/report/html_page.o: userspace/report/html_page.html
$(B)/userspace/results/schema.o: docs/results-schema.json

$(B)/userspace/%.o: userspace/%.c
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# The list of objects: a removed source leaves no newer file behind, and yet the command has to be linked again.
$(B)/objects: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo $(OBJS) > $@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(B)/bin/refcost: $(OBJS) $(B)/objects
	$(say) LD $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(OBJS) $(LDLIBS) -o $@

-include $(OBJS:.o=.d)

# --- tests ------------------------------------------------------------------------------------------

# Unit tests link the whole command but its main().
$(B)/tests/%: tests/unit/%.c $(TESTED) $(B)/objects
	$(say) TEST $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $< $(TESTED) -lcmocka $(LDLIBS) -o $@

# The command for those who run it thousands of times.
$(B)/tests/forked: tests/forked.c userspace/main.c $(TESTED) $(B)/objects
	$(say) TEST $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $< $(TESTED) $(LDLIBS) -o $@

unit: $(UNIT) $(B)/tests/forked

## test: install what is missing, build, run all tests
test:
	$(Q)tests/run.sh

## check: what of the tests needs no guest
check:
	$(Q)tests/run.sh check

## check-debug: every scheme's lifetime on a kernel built with its debugging nets on
check-debug:
	$(Q)tests/debug.sh $(if $(filter 1,$(KCSAN)),--kcsan) $(or $(CYCLES),5) $(SCHEMES)

## check-torture: a campaign against the modules and the command on that kernel
check-torture:
	$(Q)tests/torture.sh $(or $(HOURS),1) $(SEED)

## check-rt: every scheme's lifetime on Debian's real-time kernel
check-rt:
	$(Q)tests/rt.sh $(CYCLES)

## check-models: the ordering of gets without a lock, in models of every state that a run could be in
check-models:
	$(Q)tools/deps.sh models
	$(Q)bash -c '. tests/suite.sh; suite models 3600 tests/models.sh; suites_done'

## check-damage: damaged results directories, read by a build that sanitizers watch. make test looks for leaks,
## which takes as long as the rest, after the few that it draws.
DAMAGES ?= 10000
check-damage:
	$(Q)tools/deps.sh build headers test
	$(Q)$(MAKE) kmod
	$(Q)ASAN_OPTIONS=detect_leaks=0 DAMAGES=$(DAMAGES) SEED=$(SEED) JOBS=$$(nproc) \
		bash -c '. tests/suite.sh; suite damage 36000 tests/sanitized.sh; suites_done'

## check-instructions: exact counts against those stored for this kernel and compiler
check-instructions:
	$(Q)tests/check-instructions.sh $(if $(STORE),--store)

## check-peer: do refcost and the kernel's own refscale agree?
check-peer:
	$(Q)KRELEASE=$(KRELEASE) tests/peer.sh

## check-precision: does the same build measure the same, and is one that is a tenth slower found?
check-precision:
	$(Q)tests/precision.sh

## bench-trace: what watching an unload costs, in instructions and in time; docs/refcost-trace.8 has the tables
bench-trace: all
	$(Q)tools/deps.sh guest tracers
	$(Q)guest/fetch.sh $(KRELEASE)
	$(Q)tools/bench-trace.sh

lint:
	$(Q)tests/lint.sh
	$(Q)$(if $(filter full,$(LINT)),tests/kernel-style.sh)

format:
	$(Q)clang-format -i $$(git ls-files '*.[ch]')

# --- installation -----------------------------------------------------------------------------------

MAN = $(DESTDIR)$(prefix)/share/man

# Pages that were in another section once are taken away, too.
install: all
	rm -f $(MAN)/man1/refcost-*.1
	install -D -m 755 $(B)/bin/refcost $(DESTDIR)$(prefix)/bin/refcost
	install -d $(MAN)/man1 $(MAN)/man8
	install -m 644 docs/*.1 $(MAN)/man1/
	install -m 644 docs/*.8 $(MAN)/man8/
	install -D -m 755 -t $(DESTDIR)$(prefix)/share/refcost/plots plots/render.sh
	install -m 644 -t $(DESTDIR)$(prefix)/share/refcost/plots plots/*.gp plots/*.inc
	install -D -m 644 completions/refcost $(DESTDIR)$(prefix)/share/bash-completion/completions/refcost
	install -D -m 644 $(KMOD)/refcost.ko $(DESTDIR)/lib/modules/$(KRELEASE)/extra/refcost.ko
	install -D -m 644 $(KMOD)/refcost_victim.ko $(DESTDIR)/lib/modules/$(KRELEASE)/extra/refcost_victim.ko
	$(if $(DESTDIR),,depmod $(KRELEASE))

uninstall:
	rm -f $(DESTDIR)$(prefix)/bin/refcost $(DESTDIR)$(prefix)/share/bash-completion/completions/refcost
	rm -f $(addprefix $(DESTDIR)/lib/modules/$(KRELEASE)/extra/,refcost.ko refcost_victim.ko)
	rm -rf $(DESTDIR)$(prefix)/share/refcost
	rm -f $(MAN)/man1/refcost.1 $(MAN)/man1/refcost-*.1 $(MAN)/man8/refcost-*.8
	$(if $(DESTDIR),,depmod $(KRELEASE))

# What HEAD holds, the same byte for byte wherever it is packed: git archive dates all by the commit.
DIST = refcost-$(shell git rev-parse --short=12 HEAD)
dist:
	$(Q)mkdir -p $(B)
	$(Q)git archive --prefix=$(DIST)/ HEAD | gzip -9n >$(B)/$(DIST).tar.gz
	$(say) DIST $(B)/$(DIST).tar.gz

clean:
	$(Q)rm -rf $(B)/kmod $(B)/kmod-fault $(B)/bpf $(B)/userspace $(B)/bin $(B)/tests $(B)/sanitized $(B)/models $(B)/report $(B)/version.h $(B)/objects $(B)/refcost-*.tar.gz

help:
	@echo 'all        the refcost command and the modules for one kernel (default)'
	@echo 'refcost    the command alone         kmod  the modules alone'
	@echo 'test       install what is missing, build, run all tests; ends with "N passed, N failed"'
	@echo 'check      the part of it that needs no guest, a test per CPU: some minutes'
	@echo 'check-debug  build a kernel with KASAN, lockdep and their like, unless it is there, and run'
	@echo '           every scheme in it, or SCHEMES="kref rcu"; KCSAN=1 looks for data races instead; CYCLES=5'
	@echo '           unloads each'
	@echo 'check-torture  HOURS=1 (or 0.1) of unloads under load, drawn ioctls, signals, CPUs that come and go'
	@echo '           and failing allocations on it; what was survived goes into docs/reliability.md; SEED=N'
	@echo 'check-rt   the same on the real-time kernel of Debian (PREEMPT_RT), whose headers are installed'
	@echo 'check-models  the ordering of gets without a lock, by spin: every state of tests/models/*.pml'
	@echo 'check-damage  DAMAGES=10000 damaged results directories, drawn from SEED, under ASan and UBSan'
	@echo 'check-precision  the same build twice, and one that is a tenth slower ten times: ten minutes'
	@echo 'check-instructions  count instructions in a guest and compare with those stored for this kernel'
	@echo '           and compiler in tests/baselines/; STORE=1 stores them'
	@echo 'check-peer  the same primitives by refscale of the distribution'"'"'s kernel source and by refcost, in turns'
	@echo 'bench-trace  what watching an unload costs, by refcost trace, bpftrace and funclatency'
	@echo 'results    RESULTS.md and plots/figures of results/reference again: after a change of the report'
	@echo 'unit       build the unit tests      lint  formatting, shellcheck (LINT=full: checkpatch, kernel-doc, sparse)'
	@echo 'format     clang-format in place     clean all that was built (guest kernels stay)'
	@echo 'install    to $$DESTDIR$$prefix (now $(prefix)) and /lib/modules; uninstall takes it back'
	@echo 'dist       what HEAD holds as build/refcost-REVISION.tar.gz, the same wherever it is made'
	@echo
	@echo 'Variables: V=1 shows commands; KRELEASE=$(KRELEASE) KDIR=$(KDIR)'
	@echo '           CC CFLAGS CLANG BPFTOOL prefix DESTDIR; LLVM=1 as in the kernel, and by itself where clang built it'
	@echo
	@echo './bench.sh builds, measures, plots and reports into results/NAME: see ./bench.sh --help'
