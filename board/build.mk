# SPDX-License-Identifier: GPL-2.0-or-later
# Boards: a folder each, with its defconfig.

boards := $(notdir $(patsubst %/defconfig,%,$(wildcard board/*/defconfig)))
kconfigs := Kconfig $(wildcard board/Kconfig rootfs/Kconfig rootfs/package/*/Kconfig)
kconfiglib = /usr/bin/python3 -m

# Symbols that are new since the configuration was made take their defaults.
.config: $(kconfigs) | build/.setup
	$(Q)if [ -e $@ ]; then $(kconfiglib) olddefconfig >/dev/null; \
	else $(kconfiglib) defconfig board/qemu-x86_64/defconfig >/dev/null; fi
	@touch $@

##@ <board>_defconfig: take the configuration of a board (board/<board>/defconfig)
$(addsuffix _defconfig,$(boards)): %_defconfig: build/.setup
	$(Q)$(kconfiglib) defconfig board/$*/defconfig >/dev/null
	$(call say,config,$*)

##@ menuconfig: choose the board and what the image holds
menuconfig: build/.setup
	$(Q)$(kconfiglib) menuconfig

.PHONY: menuconfig $(addsuffix _defconfig,$(boards))

image := $(board-build)/cumulet.img
$(image): $(board-build)/rootfs.squashfs $(wildcard board/common/* board/$(BOARD)/*) $(stages-image-y)
	$(call say,image,$@)
	$(Q)board/common/disk $(version)

##@ image: build the disk image, build/<board>/cumulet.img (and .zst), all that it needs first
image: $(image)
	@stat -c '%n %s bytes' $(board-build)/cumulet.img.zst

.PHONY: image
