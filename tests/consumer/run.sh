#!/bin/sh
# run.sh - make installcheck: build consumer.c against what was installed, by
# pkg-config alone, as C and as C++, shared and static, and run it
# SPDX-License-Identifier: MIT
#
# Environment: srcdir, libdir, DESTDIR, VERSION, CC, CXX, PKG_CONFIG.

: "${srcdir:=.}" "${libdir:=/usr/local/lib}" "${CC:=cc}" "${CXX:=c++}"
: "${PKG_CONFIG:=pkg-config}"
if ! $PKG_CONFIG --version >/dev/null 2>&1; then
    echo 'SKIP: pkg-config is not installed: no program was built'
    exit 0
fi
if [ -n "${INSTR_FLAGS-}" ]; then
    echo 'SKIP: an instrumented library is not for consumers'
    exit 0
fi

lib=${DESTDIR-}$libdir
PKG_CONFIG_PATH=$lib/pkgconfig
export PKG_CONFIG_PATH
if [ -n "${DESTDIR-}" ]; then
    PKG_CONFIG_SYSROOT_DIR=$DESTDIR
    export PKG_CONFIG_SYSROOT_DIR
fi
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cp "$srcdir/tests/consumer/consumer.c" "$work/consumer.c" &&
    cp "$work/consumer.c" "$work/consumer.cc" && cd "$work" || exit 99
failed=0

# try WHAT COMMAND...: says how it went
try() {
    label=$1
    shift
    if "$@" >log 2>&1; then
        echo "ok   $label"
    else
        echo "FAIL $label: $*"
        sed 's/^/     /' log
        failed=$((failed + 1))
    fi
}

# build_and_run WHAT COMPILER SOURCE LIBRARIES...; $CC may be several words
build_and_run() {
    what=$1 compiler=$2 source=$3
    shift 3
    # shellcheck disable=SC2046,SC2086
    try "$what: build" $compiler -Wall -Wextra -Wpedantic -Werror -o consumer \
        $($PKG_CONFIG --cflags ascompleted) "$source" "$@"
    try "$what: run" env LD_LIBRARY_PATH="$lib" ./consumer
    rm -f consumer
}

# kinds LANGUAGE COMPILER SOURCE
kinds() {
    # shellcheck disable=SC2046
    if [ -f "$lib/libascompleted.so" ] || [ -f "$lib/libascompleted.dylib" ]
    then
        build_and_run "$1, shared" "$2" "$3" \
            $($PKG_CONFIG --libs ascompleted)
    fi
    # shellcheck disable=SC2046
    if [ -f "$lib/libascompleted.a" ]; then
        build_and_run "$1, static" "$2" "$3" -Wl,-Bstatic \
            $($PKG_CONFIG --static --libs ascompleted) -Wl,-Bdynamic
        build_and_run "$1, all static" "$2" "$3" -static \
            $($PKG_CONFIG --static --libs ascompleted)
    fi
}

try "pkg-config: exists" $PKG_CONFIG --exists --print-errors ascompleted
try "pkg-config: valid" $PKG_CONFIG --validate ascompleted
try "pkg-config: version" \
    test "$($PKG_CONFIG --modversion ascompleted)" = "${VERSION-0}"
kinds C "$CC" consumer.c
if echo 'int main() { return 0; }' >probe.cc &&
    $CXX -o probe probe.cc >/dev/null 2>&1; then
    kinds C++ "$CXX" consumer.cc
else
    echo 'SKIP: no C++ compiler'
fi
# A user starts from the installed examples and their makefile.
examples=${DESTDIR-}${docdir-}/examples
if [ -n "${docdir-}" ] && [ -f "$examples/Makefile" ]; then
    cp -R "$examples" examples && chmod -R u+w examples
    # With DESTDIR pkg-config looks for all libraries below it.
    set --
    [ -z "${DESTDIR-}" ] || set -- LOOPS=
    try "installed examples: make" \
        ${MAKE:-make} -C examples CC="$CC" PKG_CONFIG="$PKG_CONFIG" "$@"
    if [ -z "${DESTDIR-}" ] &&
        $PKG_CONFIG --exists 'libmicrohttpd >= 0.9.71' 'libcurl >= 7.68'; then
        try "installed examples: make gateway/gateway" \
            ${MAKE:-make} -C examples CC="$CC" PKG_CONFIG="$PKG_CONFIG" \
            gateway/gateway gateway/toy_backend
    fi
fi
[ $failed -eq 0 ]
