#!/bin/sh
# check-checksum: examples/checksum prints what sha256sum does, and says what
# it could not do
#
# SPDX-License-Identifier: MIT

checksum=${top_builddir:-.}/examples/checksum
case $checksum in
/*) ;;
*) checksum=$(pwd)/$checksum ;;
esac
LC_ALL=C
export LC_ALL

if [ ! -x "$checksum" ]; then
    echo "SKIP: examples/checksum is not built (it needs libgcrypt)"
    exit 77
fi
if ! sha256sum </dev/null >/dev/null 2>&1; then
    echo "SKIP: there is no sha256sum to compare with"
    exit 77
fi

tmp=$(mktemp -d "${TMPDIR:-/tmp}/check-checksum.XXXXXX") || exit 99
trap 'chmod -R u+rwx "$tmp"; rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT PIPE TERM
cd "$tmp" || exit 99
failures=0

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# run STATUS [ARG...]: output sorted in "out", standard error in "err".
run()
{
    expected=$1
    shift
    "$checksum" "$@" >raw 2>err
    status=$?
    sort raw >out
    [ $status -eq "$expected" ] ||
        fail "checksum $*: exit status $status, not $expected"
}

# said TEXT: the last run said so on standard error.
said()
{
    grep -e "$1" err >/dev/null || {
        fail "does not say \"$1\" but:"
        cat err
    }
}

# same [ARG...]: what sha256sum says of the regular files there.
same()
{
    find "$@" -type f -exec sha256sum -- {} + | sort >expected.out
    cmp expected.out out || {
        fail "not as sha256sum: $* (< sha256sum, > checksum)"
        diff expected.out out
    }
}

# ---- A tree with all that is awkward --------------------------------------

mkdir tree tree/sub "tree/a dir" tree/empty
cr=$(printf '\r')
tab=$(printf '\t')
nl='
'
for name in plain 'two  words' ' leading' 'trailing ' -dash --jobs 'back\slash' \
    '\start' '\n' "new${nl}line" "$nl" "cr${cr}cr" "tab${tab}tab" '*' \
    "$(printf 'not\377utf8')" .hidden ...; do
    echo "$name" >"tree/$name"
    echo "sub $name" >"tree/sub/$name"
done
mkdir "tree/dir${nl}\\"
echo inside >"tree/dir${nl}\\/file"
# around the blocks of SHA-256, and those of the reads
for size in 0 1 55 56 63 64 65 119 128 4096 65535 65536 65537 1048579; do
    dd if=/dev/zero of="tree/a dir/$size" bs=$size count=1 2>dd.err ||
        : >"tree/a dir/$size"
done
ln -s plain tree/link
ln -s sub tree/dirlink
ln -s .. tree/sub/loop
ln -s nowhere tree/dangling
mkfifo tree/fifo tree/sub/fifo || exit 99
(cd tree/sub && i=0 && while [ "$i" -lt 100 ]; do
    mkdir d && cd d && echo "$i" >f && i=$((i + 1)) || exit 99
done) || exit 99

for jobs in 1 2 8; do
    run 0 --jobs $jobs tree
    same tree
    said "0 failed, 0 not finished"
done
run 0 --timeout 1000000 -- tree/
same tree/
run 0 tree//sub tree/plain 'tree/a dir' tree/plain
same tree//sub tree/plain 'tree/a dir' tree/plain
run 0 tree/empty
same tree/empty
run 0 tree/dirlink/
same tree/dirlink/
(cd tree && "$checksum" --jobs 2 -- -dash --jobs 2>../err | sort >../out)
(cd tree && sha256sum -- -dash --jobs | sort >../expected.out)
cmp expected.out out || fail "names that start with a dash"

# ---- A path that is longer than the system takes --------------------------

name=a_name_of_fifty_bytes_or_so_to_make_a_path_too_long
mkdir deep
if (cd deep && i=0 && while [ "$i" -lt 120 ]; do
    mkdir $name && cd -P $name || exit 1
    i=$((i + 1))
done && echo deep >file) 2>mkdir.err; then
    run 0 deep
    [ "$(cut -c 1-64 out)" = "$(echo deep | sha256sum | cut -c 1-64)" ] ||
        fail "a deep file is not hashed"
else
    echo "note: this shell makes no tree that deep: not tested"
fi

# ---- More files than may be out at a time ---------------------------------

mkdir many
i=0
while [ "$i" -lt 1000 ]; do
    echo "$i" >many/$i
    i=$((i + 1))
done
run 0 many
same many
said "1000 files, 3890 bytes"

# ---- Failures -------------------------------------------------------------

run 1 tree/plain missing tree/sub
same tree/plain tree/sub
said "checksum: missing: No such file or directory"
said "1 failed, 0 not finished"

# What is passed over below a directory is not when it is named.
run 1 tree/plain tree/link tree/dirlink tree/dangling tree/fifo /dev/null
same tree/plain
for link in link dirlink dangling; do
    said "checksum: tree/$link: Symbolic links are not followed"
done
for other in tree/fifo /dev/null; do
    said "checksum: $other: Not a regular file or a directory"
done
said "5 failed, 0 not finished"

if [ "$(id -u)" -ne 0 ]; then
    mkdir locked locked/dir
    echo a >locked/file
    echo b >locked/other
    chmod a-r locked/file locked/dir
    run 1 --jobs 2 locked
    same locked/other
    said "locked/file: Permission denied"
    said "locked/dir: Permission denied"
    said "2 failed, 0 not finished"
else
    echo "note: root reads everything: unreadable files are not tested"
fi

run 1 --timeout 0 tree
[ ! -s out ] || fail "--timeout 0 hashed something"
said "gave up after timeout"
said "0 files, 0 bytes, .* not finished"

if [ -c /dev/full ]; then
    "$checksum" tree >/dev/full 2>err
    [ $? -eq 1 ] || fail "a write error does not fail"
    said "write error"
fi

# ---- The command line -----------------------------------------------------

run 0 --help
grep '^usage: checksum' raw >/dev/null || fail "--help does not help"
grep 'from 1 to 1024$' raw >/dev/null || fail "--help gives no maximum"
run 2
said "usage: checksum"
for option in --jobs=0 --jobs=x --jobs=-1 --jobs=1025 --jobs= --timeout=-1 \
    --timeout=x --timeout=nan --timeout=; do
    run 2 "$option" tree
    said "^checksum: ${option%=*}: \"${option#*=}\" is no number"
    said "^Try .checksum --help"
done
run 2 --unknown tree
said "unknown"
said "^Try .checksum --help"

[ $failures -eq 0 ] && echo "ok"
