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

# --- the root file system: skeleton, selected packages, our binary
root-packages = $(patsubst %.root,%,$(notdir $(filter %.root,$(stages-image-y))))
skeleton := $(shell find rootfs/skeleton -type f 2>/dev/null)
# Every time stamp in the image: when the sources were last committed.
export SOURCE_DATE_EPOCH := $(shell git log -1 --format=%ct 2>/dev/null || echo 1)

$(board-build)/.rootfs: $(board-build)/cumulet $(filter %.root,$(stages-image-y)) $(skeleton) rootfs/scripts/assemble .config
	$(call say,rootfs,$(board-build)/rootfs)
	$(Q)rootfs/scripts/assemble $(version) $(root-packages)
	@touch $@

$(board-build)/rootfs.squashfs: $(board-build)/.rootfs rootfs/scripts/squash
	$(call say,squashfs,$@)
	$(Q)rootfs/scripts/squash

##@ rootfs: stage the root file system that hosted runs start from (build/<board>/rootfs)
rootfs: $(board-build)/.rootfs

# --- the tiny guest: see rootfs/guest/README.md
guest-image := build/guest/tiny.qcow2
$(guest-image): $(stages-guest) $(shell find rootfs/guest -type f)
	$(call say,guest,$@)
	$(Q)rootfs/guest/make-image build/guest/package/{linux-guest/vmlinuz,busybox,dropbear} $@

##@ guest: build a tiny bootable image for first steps and tests, build/guest/tiny.qcow2
guest: $(guest-image)
	@stat -c '%n %s bytes' $<

.PHONY: rootfs guest
