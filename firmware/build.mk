# SPDX-License-Identifier: GPL-2.0-or-later
, := ,
# Our own code: one static binary (board), the same under sanitizers (host), and for the fuzzers.
# Sources are found by wildcard; folders named test hold unit tests and fuzz targets.

source-dirs += firmware/lib firmware/init firmware/console firmware/fetch
source-dirs += $(filter-out %/test,$(patsubst %/,%,$(wildcard firmware/cloud/ firmware/cloud/*/)))
sources := $(sort $(wildcard $(addsuffix /*.c,$(source-dirs))))
main-source := firmware/init/main.c
linked-libraries := mbedtls mbedx509 mbedcrypto nettle lmdb yyjson argon2 seccomp

warnings := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wimplicit-fallthrough -Wformat=2 -Werror
common-cflags := -std=gnu17 -D_GNU_SOURCE $(warnings) -g -pthread -I. -Ibuild/include \
	-fno-omit-frame-pointer

# The version that the binary tells; written only when it changes.
version := $(shell cat VERSION 2>/dev/null || git describe --tags --always --dirty 2>/dev/null || echo unknown)
build/include/cumulet_version.h: FORCE
	@mkdir -p $(@D)
	@echo '#define CUMULET_VERSION "$(version)"' | cmp -s - $@ || \
		echo '#define CUMULET_VERSION "$(version)"' >$@

# variant: name, compiler, flags, linker flags, prefix of the libraries, tree of the output
define variant
$(1)-objects := $$(sources:%.c=$(6)/obj/%.o)
$(1)-lwip := $$(lwip-src:%.c=$(6)/obj/lwip/%.o)
$(1)-archive := $(6)/obj/cumulet.a

# lwIP's own warnings are not ours to fix.
$$($(1)-lwip): $(6)/obj/lwip/%.o: $(5)/lwip/%.c netstack/svc/lwipopts.h
	$$(call say,cc ($(1)),lwip/$$*.c)
	@mkdir -p $$(@D)
	$$(Q)ccache $(2) $$(common-cflags) $(3) -w $$(call lwip-includes,$(5)) -MMD -MP -c $$< -o $$@
$(5)/lwip/%.c: | $$(deps) ;

$(6)/obj/%.o: %.c Makefile firmware/build.mk netstack/build.mk | $$(deps) build/include/cumulet_version.h
	$$(call say,cc ($(1)),$$<)
	@mkdir -p $$(@D)
	$$(Q)ccache $(2) $$(common-cflags) $(3) -isystem $(5)/include \
		$$(if $$(filter netstack/svc/%,$$<),$$(call lwip-includes,$(5))) -MMD -MP -c $$< -o $$@

$$($(1)-archive): $$(filter-out %/$$(main-source:.c=.o),$$($(1)-objects)) $$($(1)-lwip)
	@rm -f $$@
	$$(Q)ar rcsD $$@ $$^

$(1)-link = $(2) $(3) $(4) -pthread -L$(5)/lib
$(1)-libraries = $$(foreach l,$$(linked-libraries),$$(if $$(wildcard $(5)/lib/lib$$(l).a),-l$$(l)))
-include $$(shell find $(6)/obj -name '*.d' 2>/dev/null)
endef

board-cc = $(board-build)/sysroot/bin/musl-gcc
board-cflags := -O2 -fPIE -ffunction-sections -fdata-sections -fstack-protector-strong
sanitize := -fsanitize=address,undefined -fno-sanitize-recover=undefined
$(eval $(call variant,board,$(board-cc),$(board-cflags),-static-pie -Wl$(,)--gc-sections -Wl$(,)-z$(,)relro$(,)-z$(,)now$(,)-z$(,)pack-relative-relocs,$(board-build)/sysroot,$(board-build)))
$(eval $(call variant,host,gcc,-O1 $(sanitize),,build/host,build/host))
$(eval $(call variant,fuzz,clang,-O1 $(sanitize) -fsanitize=fuzzer-no-link,,build/host,build/fuzz))

# Of objects, not of an archive: sections.ld tells them by their folders.
$(board-build)/cumulet.debug: $(board-objects) $(board-lwip) firmware/sections.ld
	$(call say,link,$@)
	$(Q)$(board-link) -Wl,-T,firmware/sections.ld -o $@ $(filter %.o,$^) $(board-libraries)

$(board-build)/cumulet: $(board-build)/cumulet.debug
	$(Q)objcopy --strip-all $< $@

build/host/cumulet: build/host/obj/$(main-source:.c=.o) $(host-archive)
	$(call say,link,$@)
	$(Q)$(host-link) -o $@ $(filter %.o %.a,$^) $(host-libraries)

##@ cumulet: the static binary of the box, stripped, and cumulet.debug beside it
cumulet: $(board-build)/cumulet
	@stat -c '%n %s bytes' $<

##@ host: the same binary for this machine, under address and undefined-behaviour sanitizers
host: build/host/cumulet

.PHONY: cumulet host FORCE
FORCE:
