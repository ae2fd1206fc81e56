# plain-c.awk - C without its comments, and with strings emptied; every line
# stays on its number, so that what is found in it can be pointed at.
# SPDX-License-Identifier: MIT
{
    out = ""
    line = $0
    while (line != "") {
        if (comment) {
            end = index(line, "*/")
            if (end == 0)
                break
            line = substr(line, end + 2)
            comment = 0
            continue
        }
        if (match(line, /^"([^"\\]|\\.)*"/)) {
            # #include "port.h" keeps its name
            out = out (out ~ /^ *# *include/ ? substr(line, 1, RLENGTH) : "\"\"")
            line = substr(line, RLENGTH + 1)
        } else if (match(line, /^'([^'\\]|\\.)*'/)) {
            out = out "'x'"
            line = substr(line, RLENGTH + 1)
        } else if (substr(line, 1, 2) == "//") {
            break
        } else if (substr(line, 1, 2) == "/*") {
            comment = 1
            out = out " "
            line = substr(line, 3)
        } else {
            out = out substr(line, 1, 1)
            line = substr(line, 2)
        }
    }
    print out
}
