#!/bin/sh
# skip-cxx.sh - stands for the C++ test where there is no C++ compiler
# SPDX-License-Identifier: MIT
echo 'SKIP: no C++ compiler: the C++ test was not built'
exit 77
