# SPDX-License-Identifier: GPL-2.0-or-later
# Only sources its children: what is built stands in the build.mk of each folder.

# The machine's own tools, whatever else a person has put first.
export PATH := /usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL := C.UTF-8
# Every clone shares what was compiled: sources and flags are relative to its top.
export CCACHE_DIR := $(or $(CUMULET_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/cumulet)/ccache
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
export CCACHE_MAXSIZE ?= 6G
unexport CDPATH
MAKEFLAGS += --no-builtin-rules --no-builtin-variables --no-print-directory
# As many jobs as there are processors, unless somebody says otherwise.
ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := help

V ?= 0
Q := $(if $(filter 0,$(V)),@,)
say = $(if $(filter 0,$(V)),@printf '%-9s %s\n' '$(1)' '$(2)',@:)
unquote = $(patsubst "%",%,$(1))

# Everything but these needs to know the configuration.
goals-alone := help clean setup menuconfig %_defconfig lint format
ifneq ($(filter-out $(goals-alone),$(or $(MAKECMDGOALS),help)),)
-include .config
endif
export BOARD := $(or $(call unquote,$(CONFIG_BOARD)),qemu-x86_64)
export ARCH := $(or $(call unquote,$(CONFIG_ARCH)),x86_64)
board-build := build/$(BOARD)

include rootfs/build.mk
include board/build.mk
include hypervisor/build.mk
include netstack/build.mk
include firmware/build.mk
include tools/build.mk
