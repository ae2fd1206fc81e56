#!/bin/sh
# update-examples.sh - copy man/examples/*.c into the EXAMPLES of the pages
#
# SPDX-License-Identifier: MIT
#
# A page names its program between two comments:
#
#     .\" EXAMPLE NAME.c
#     ...                  replaced by the program, escaped
#     .\" END
#
# Run it from anywhere after a program has changed; tests/check-man.sh fails
# as long as a page and its program differ.
set -eu

man=$(cd "$(dirname "$0")" && pwd)
for page in "$man"/*.[37]; do
    awk -v dir="$man/examples" '
        /^\.\\" EXAMPLE / {
            print
            file = dir "/" $3
            print ".EX"
            while ((got = (getline line < file)) > 0) {
                gsub(/\\/, "\\e", line)
                gsub(/-/, "\\-", line)
                gsub(/\047/, "\\(aq", line)
                gsub(/`/, "\\(ga", line)
                gsub(/\^/, "\\(ha", line)
                gsub(/~/, "\\(ti", line)
                if (line ~ /^\./)
                    line = "\\&" line
                print line
            }
            if (got < 0) {
                print "cannot read " file > "/dev/stderr"
                exit 1
            }
            close(file)
            print ".EE"
            skip = 1
        }
        /^\.\\" END/ { skip = 0 }
        !skip { print }
    ' "$page" >"$page.new"
    if cmp -s "$page" "$page.new"; then
        rm "$page.new"
    else
        mv "$page.new" "$page"
    fi
done
