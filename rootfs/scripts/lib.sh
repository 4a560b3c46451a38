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
# Depend mode: a miss costs one run of the compiler, not two.
export CCACHE_COMPILERCHECK=content CCACHE_DEPEND=1

fail() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

# Reads a package's recipe; see rootfs/README.md for what it may set.
recipe_load() {
	package=$1
	recipe=$packages/$package
	source_name=$package version='' suite=trixie files='' licence=''
	targets='' needs='' linked='' inputs='' takes='' out_of_tree='' config='' tools=''
	[ -r "$recipe/recipe" ] || fail "no recipe for '$package'"
	# shellcheck disable=SC1090,SC1091
	. "$recipe/recipe"
}

# The version as people know it: without the archive's epoch and revision.
upstream_version() {
	local plain=${version#*:}
	plain=${plain%-*}
	plain=${plain##*really}
	plain=${plain#0\~}
	echo "${plain%%[+~]*}"
}

# The prefix into which a stage is unpacked.
stage_prefix() { # package target
	case $2 in
	host) echo "$host" ;;
	tool) echo "$build/tool" ;;
	sysroot) echo "$sysroot" ;;
	root | boot) echo "$build/$BOARD/package/$1" ;;
	guest) echo "$build/guest/package/$1" ;;
	*) fail "$1: unknown target '$2'" ;;
	esac
}

stage_stamp() { # package target
	case $2 in
	host | tool | guest) echo "$build/$2/.stage/$1" ;;
	*) echo "$build/$BOARD/.stage/$1.$2" ;;
	esac
}

# The stamps of all that a target of the package needs: libraries live in the prefix that the target
# is built against, tools of the build in their own; programs of the box need its tool chain.
recipe_needs() { # target
	local need kind=sysroot chain=
	[ "$1" != host ] || kind=host
	case $1:$package in
	sysroot:linux-headers | sysroot:musl) ;;
	sysroot:* | root:* | guest:*) chain=musl ;;
	esac
	for need in $chain $needs; do stage_stamp "$need" $kind; done
	for need in $tools; do stage_stamp "$need" tool; done
}

# The mirror of this machine's own main archive (the suite that it runs, not its updates).
mirror_uri() {
	local codename
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' |
		awk -v release="$codename" '$1 == release && $2 == "main" { print $3; exit }'
}
