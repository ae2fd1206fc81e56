#!/bin/sh
# check-man.sh - the manual says what the header and the examples say, and
# mandoc, groff and lexgrog have nothing to say about it
# SPDX-License-Identifier: MIT
#
# What can be told without those tools is always checked; where one is missing
# its part is left out, and where all are missing the test counts as skipped.

: "${srcdir:=.}"
man=$srcdir/man
header=$srcdir/include/ascompleted.h
LC_ALL=C
export LC_ALL
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
rc=0

fail() {
    echo "check-man: $*"
    rc=1
}

# same A B WHAT: the same lines, or say which differ
same() {
    if ! diff "$work/$1" "$work/$2" >"$work/diff"; then
        fail "$3 (< $1, > $2):"
        grep '^[<>]' "$work/diff"
    fi
}

# section NAME PAGE: the lines of one section
section() {
    awk -v want="$1" '
        /^\.SH/ { sub(/^\.SH /, ""); on = ($0 == want); next }
        on { print }' "$2"
}

# names PAGE: what its NAME section documents
names() {
    section NAME "$1" | sed 's/\\-.*//' | tr -c 'a-zA-Z0-9_' '\n' | grep .
}

# statements: C on one line for each, blanks folded, "extern" braces dropped
statements() {
    grep -v '^ *#' | sed 's/extern "" {//' | awk '
        { text = text " " $0 }
        END {
            gsub(/[ \t]+/, " ", text)
            n = length(text)
            for (i = 1; i <= n; i++) {
                c = substr(text, i, 1)
                depth += (c == "{") - (c == "}")
                line = line c
                if (c == ";" && depth == 0) {
                    sub(/^ /, "", line)
                    print line
                    line = ""
                }
            }
        }'
}

# A table in a page is no C; what the macros .B and .BI set in the SYNOPSIS is.
# Their arguments are joined, and a quoted one keeps its blanks.
synopsis() {
    section SYNOPSIS "$1" | awk '
        !/^\.BI? / { next }
        {
            sub(/^\.BI? /, "")
            out = ""
            while ($0 != "") {
                if (match($0, /^"[^"]*"/))
                    out = out substr($0, 2, RLENGTH - 2)
                else if (match($0, /^[^ ]+/))
                    out = out substr($0, 1, RLENGTH)
                else
                    match($0, /^ +/)
                $0 = substr($0, RLENGTH + 1)
            }
            print out
        }' | grep -v '^#include <ascompleted.h>$' | statements
}

# unescape: what update-examples.sh has done to a program, undone
unescape() {
    sed -e 's/^\\&//' -e 's/\\-/-/g' -e "s/\\\\(aq/'/g" -e 's/\\(ga/`/g' \
        -e 's/\\(ha/^/g' -e 's/\\(ti/~/g' -e 's/\\e/\\/g'
}

# type_names: what these typedefs define
type_names() {
    sed -n -e 's/^typedef [^(]*[ *]\(ac_[a-z_]*_fn\)(.*/\1/p' \
        -e 's/^typedef .*[ *]\(ac_[a-z_]*\);$/\1/p'
}

# ---- Prototypes, NAME entries, aliases --------------------------------------

# The header without comments, and without what a page leaves out.
awk -f "$srcdir/tests/plain-c.awk" "$header" | statements |
    sed -e 's/ AC_NOTHROW;$/;/' -e 's/^} //' >"$work/declarations"
sed -n 's/^AC_API //p' "$work/declarations" | sort >"$work/header"
sed 's/^AC_API //' "$work/declarations" | sort >"$work/all"
[ -s "$work/header" ] || fail "no function found in $header"

for page in "$man"/*.[37]; do
    base=${page##*/}
    synopsis "$page" >"$work/synopsis"
    grep -v '^typedef ' "$work/synopsis" >>"$work/manual-as-found"
    grep '^typedef ' "$work/synopsis" | sort >"$work/types"
    comm -23 "$work/types" "$work/all" >"$work/strange"
    [ -s "$work/strange" ] &&
        fail "$base: not in the header: $(cat "$work/strange")"
    sed -n 's/^[^(]*[ *]\(ac_[a-z0-9_]*\)(.*/\1/p' "$work/synopsis" |
        grep -v '_fn$' | sort >"$work/shown"
    names "$page" | grep '^ac_' | sort >"$work/named"
    same named shown "$base: NAME and SYNOPSIS differ"
    names "$page" | sed "s/^/${base##*.} /" >>"$work/all-names"
    type_names <"$work/types" >"$work/defined"
    cat "$work/defined" >>"$work/all-defined"
    names "$page" | grep -vx "${base%.*}" | cat - "$work/defined" |
        sed "s/.*/&.${base##*.} $base/" >>"$work/links-as-found"
    names "$page" | sed 1q | grep -qx "${base%.*}" ||
        fail "$base: its own name is not the first"
done
sort "$work/manual-as-found" >"$work/manual"
same header manual "prototypes of header and manual differ"
# What an opaque type is, its page says without showing it.
type_names <"$work/all" | sort -u >"$work/header-types"
sort "$work/all-defined" | comm -23 "$work/header-types" - | while read -r name; do
    grep "^$name\.3 " "$man/aliases" || echo "$name.3 PAGE"
done >>"$work/links-as-found"
sort "$work/links-as-found" >"$work/names"
sort "$man/aliases" >"$work/aliases"
same names aliases "names that need a link, and man/aliases, differ"

# ---- Sections, title, tables, references ------------------------------------

version=$(sed -n 's/^#define AC_VERSION "\(.*\)"$/\1/p' "$header")
order='NAME LIBRARY SYNOPSIS DESCRIPTION RETURN_VALUE ERRORS ATTRIBUTES
    HISTORY NOTES CAVEATS EXAMPLES SEE_ALSO'
for page in "$man"/*.[37]; do
    base=${page##*/}
    [ "$(sed 1q "$page")" = "'\\\" t" ] || fail "$base: no request for tbl"
    title=$(echo "${base%.*}" | tr a-z A-Z)
    grep -Eq "^\.TH $title ${base##*.} 2[0-9-]* \"ascompleted $version\"( |\$)" \
        "$page" || fail "$base: the title is not of this page and version"
    grep -oE '(\.BR (ac_[a-z0-9_]*|ascompleted[a-z_]*) |\\fB[a-z0-9_]*\\fR)\([37]\)' \
        "$page" | sed 's/^.BR //; s/ //; s/\\f[BR]//g; s/(/ /; s/)//' |
        while read -r name section; do
            grep -qx "$section $name" "$work/all-names" ||
                echo "$base: $name($section) is no page of ours"
        done >"$work/dangling"
    [ -s "$work/dangling" ] && fail "$(cat "$work/dangling")"
    sed '/^\.TH/d' "$page" | grep -oE 'AC_[A-Z_]+' | sort -u | while read -r word; do
        grep -qw "$word" "$header" || echo "$base: no $word in the header"
    done >"$work/unknown"
    [ -s "$work/unknown" ] && fail "$(cat "$work/unknown")"
done
for page in "$man"/*.[37]; do
    base=${page##*/}
    [ "$base" = ascompleted.7 ] ||
        grep -q "\\\\fB${base%.*}\\\\fR(${base##*.})" "$man/ascompleted.7" ||
        fail "$base: not in the index of ascompleted(7)"
done
for page in "$man"/*.3; do
    base=${page##*/}
    sed -n 's/^\.SH //p' "$page" | tr ' ' '_' >"$work/has"
    for name in $order; do
        case $name in
        NOTES | CAVEATS) grep -x "$name" "$work/has" ;;
        *) echo "$name" ;;
        esac
    done >"$work/should-have"
    same has should-have "$base: sections"
    section ATTRIBUTES "$page" | sed -n 's/^\\fB\(ac_.*\)\\fR().*/\1/p' |
        sort >"$work/in-table"
    names "$page" | sort >"$work/named"
    same named in-table "$base: NAME and ATTRIBUTES differ"
    section ERRORS "$page" | sed -n 's/^\.B \(AC_E[A-Z]*\)$/\1/p' >"$work/codes"
    sort "$work/codes" >"$work/sorted"
    same codes sorted "$base: ERRORS are not alphabetical"
done

# ---- EXAMPLES are the programs ----------------------------------------------

for program in "$man"/examples/*.c; do
    name=${program##*/}
    page=$(grep -l "^\.\\\\\" EXAMPLE $name\$" "$man"/*.[37])
    if [ ! -f "$page" ]; then
        fail "$name must be the EXAMPLE of one page, is that of: $page"
        continue
    fi
    awk -v name="$name" '
        /^\.\\" EXAMPLE / { on = ($3 == name); next }
        /^\.\\" END/ { on = 0 }
        on && !/^\.(in|EX|EE)/ { print }' "$page" | unescape >"$work/shown"
    cmp -s "$work/shown" "$program" ||
        fail "${page##*/}: not $name (run man/update-examples.sh)"
done
for page in "$man"/*.[37]; do
    grep -q '^\.\\" EXAMPLE ' "$page" || fail "${page##*/}: no EXAMPLE"
done

# ---- README shows the header's own example, and no other functions ----------

sed -n '/ Overview /,/^ \*\//s/^ \*      //p' "$header" >"$work/overview"
awk '/^```$/ { exit } on { print } /^```c$/ { on = 1 }' \
    "$srcdir/README.md" >"$work/readme"
same overview readme "the examples of header and README.md differ"
grep -oE 'ac_[a-z_]+\(' "$srcdir/README.md" | sort -u |
    while read -r call; do
        grep -qF "$call" "$work/header" || echo "README.md: no $call)"
    done >"$work/unknown"
[ -s "$work/unknown" ] && fail "$(cat "$work/unknown")"

# ---- What the tools say -----------------------------------------------------

# rendered TOOL PAGE: as on a terminal of 80 columns, in plain text
rendered() {
    case $1 in
    mandoc) mandoc -Tascii -O width=78 "$2" | sed "s/.$(printf '\b')//g" ;;
    groff) groff -t -man -Tascii -rLL=78n -P-cbou "$2" ;;
    esac
}

tools=
for tool in mandoc groff lexgrog; do
    command -v $tool >/dev/null 2>&1 && tools="$tools $tool"
done
for page in "$man"/*.[37]; do
    for tool in $tools; do
        case $tool in
        mandoc) mandoc -Tlint -W warning "$page" ;;
        # A terminal may be narrower.
        groff) groff -t -man -Tutf8 -ww -z -rLL=70n "$page" ;;
        lexgrog) lexgrog "$page" | grep -v ' - ' ;;
        esac >"$work/said" 2>&1
        [ -s "$work/said" ] && fail "$tool: $(cat "$work/said")"
        [ "$tool" != lexgrog ] || continue
        rendered "$tool" "$page" >"$work/text"
        awk 'length($0) > 80' "$work/text" >"$work/wide"
        [ -s "$work/wide" ] &&
            fail "$tool: ${page##*/}: over 80 columns: $(cat "$work/wide")"
        base=${page##*/}
        title="$(echo "${base%.*}" | tr a-z A-Z)(${base##*.})"
        grep . "$work/text" | sed 1q | grep -q "^$title .* $title\$" ||
            fail "$tool: $base: its title has no room for itself"
    done
done
for tool in mandoc groff lexgrog; do
    case "$tools " in
    *" $tool "*) ;;
    *) echo "check-man: no $tool: its part is left out" ;;
    esac
done
if [ $rc -eq 0 ]; then
    [ -n "$tools" ] || exit 77
    echo "check-man: $(wc -l <"$work/header") prototypes, in order"
fi
exit $rc
