# SPDX-License-Identifier: GPL-2.0-or-later
# What the scripts here share; sourced, with 'set -euo pipefail' in force.
# From the Makefile: BOARD, ARCH (as gcc says it), JOBS.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${BOARD:=qemu-x86_64}" "${ARCH:=x86_64}"
jobs=${JOBS:-$(nproc)}
cache=${CUMULET_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/cumulet}
build=$top/build
host=$build/host
sysroot=$build/$BOARD/sysroot
packages=$top/rootfs/package
mkdir -p "$cache"/{source,stage,lock,ccache} "$build/log"

export LC_ALL=C.UTF-8 TZ=UTC
export CCACHE_DIR=$cache/ccache CCACHE_BASEDIR=$top CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-6G}
export CCACHE_COMPILERCHECK=content

fail() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

# Reads a package's recipe; see rootfs/README.md for what it may set.
recipe_load() {
	package=$1
	recipe=$packages/$package
	source_name=$package version='' suite=trixie files='' licence=''
	targets='' needs='' linked='' inputs='' takes='' out_of_tree='' optional='' config=''
	[ -r "$recipe/recipe" ] || fail "no recipe for '$package'"
	# shellcheck disable=SC1090,SC1091
	. "$recipe/recipe"
}

# The version as people know it: without the archive's epoch and revision.
upstream_version() {
	local plain=${version#*:}
	plain=${plain%-*}
	plain=${plain##*really}
	echo "${plain%%[+~]*}"
}

# The prefix into which a stage is unpacked.
stage_prefix() { # package target
	case $2 in
	host) echo "$host" ;;
	sysroot) echo "$sysroot" ;;
	root | boot) echo "$build/$BOARD/package/$1" ;;
	*) fail "$1: unknown target '$2'" ;;
	esac
}

stage_stamp() { # package target
	case $2 in
	host) echo "$host/.stage/$1" ;;
	*) echo "$build/$BOARD/.stage/$1.$2" ;;
	esac
}

# The target in which the needs of a target live.
needs_target() {
	[ "$1" = host ] && echo host || echo sysroot
}

# Everything that a target needs: a package for the box is built by the box's tool chain.
recipe_needs() { # target
	[ "$1" = host ] || case $package in
	linux-headers | linux | firmware-* | systemd-boot | meson) ;;
	musl) echo linux-headers ;;
	*) echo musl ;;
	esac
	echo "$needs"
}
