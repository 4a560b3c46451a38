# SPDX-License-Identifier: GPL-2.0-or-later
# Third-party packages: one stamp for each recipe and target; see rootfs/README.md.

recipes := $(wildcard rootfs/package/*/recipe)
rules := build/$(BOARD).rules.mk

$(rules): $(recipes) rootfs/scripts/rules rootfs/scripts/lib.sh
	@mkdir -p build
	@rootfs/scripts/rules >$@.part && mv $@.part $@

ifneq ($(filter-out $(goals-alone),$(or $(MAKECMDGOALS),help)),)
include $(rules)
endif

# The machine's own packages, again whenever the list changes.
build/.setup: tools/packages.debian tools/setup
	@mkdir -p build
	$(Q)tools/setup
	@touch $@

##@ setup: install the Debian packages that building and testing need
setup: build/.setup

##@ deps: build the libraries that our own code is linked with, for this machine and for the box
deps: $(deps)

.PHONY: setup deps
