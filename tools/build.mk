# SPDX-License-Identifier: GPL-2.0-or-later
# What people and CI run.

# --- unit tests: test/<x>_test.c is a program of its own, linked with all of our code
unit-sources := $(sort $(wildcard $(addsuffix /test/*_test.c,$(source-dirs))))
unit-programs := $(unit-sources:%.c=build/host/%)
# T=firmware/lib: only those below a folder (or one file).
chosen = $(if $(T),$(filter $(1)/$(T) $(1)/$(T)/%,$(2)),$(2))

$(unit-programs): build/host/%: build/host/obj/%.o $(host-archive)
	$(call say,link,$@)
	@mkdir -p $(@D)
	$(Q)$(host-link) -o $@ $(filter %.o %.a,$^) $(host-libraries) -lcmocka

##@ unit: run the unit tests under sanitizers; T=firmware/lib only those below a folder
unit: $(call chosen,build/host,$(unit-programs))
	$(Q)tools/unit $^

# --- fuzz targets: test/fuzz_<x>.c
fuzz-sources := $(sort $(wildcard $(addsuffix /test/fuzz_*.c,$(source-dirs))))
fuzz-programs := $(fuzz-sources:%.c=build/fuzz/%)

$(fuzz-programs): build/fuzz/%: build/fuzz/obj/%.o $(fuzz-archive)
	$(call say,link,$@)
	@mkdir -p $(@D)
	$(Q)$(fuzz-link) -fsanitize=fuzzer -o $@ $(filter %.o %.a,$^) $(fuzz-libraries) -lcmocka

##@ fuzz: run the fuzz targets; T=folder to choose, SECONDS=60 for each (default 10)
fuzz: $(call chosen,build/fuzz,$(fuzz-programs))
	$(Q)tools/fuzz $(or $(SECONDS),10) $^

##@ lint: check the spacing and the directions of includes; SINCE=main only what changed since
lint: build/.setup
	$(Q)tools/lint $(SINCE)

##@ format: let clang-format lay out all of our code; SINCE=main only what changed since
format: build/.setup
	$(Q)tools/lint --format $(SINCE)

##@ check: lint and unit tests
check: lint unit

##@ run: boot the image in QEMU, its serial console in this terminal
run: image
	$(Q)tools/run

##@ test: everything that CI runs
test:
	$(Q)tools/test

##@ bench: measure and compare
bench: image
	$(Q)tools/bench

##@ budgets: measure against the budgets and fail when one is exceeded
budgets: image
	$(Q)tools/budgets

##@ sbom: list what the image is made of, with versions, licences and hashes (SPDX 2.3)
sbom: .config
	$(Q)mkdir -p $(board-build)
	$(Q)tools/sbom $(version) $(board-build)/cumulet.spdx.json

##@ clean: remove what was built (the cache outside of the work tree stays)
clean:
	$(Q)rm -rf build

##@ help: this list
help:
	@echo 'make <target>; V=1 shows the commands, BOARD is what .config says (see menuconfig)'
	@sed -n 's/^##@ \([^:]*\): \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | sort | expand -t 22

.PHONY: unit fuzz lint format check run test bench budgets sbom clean help
