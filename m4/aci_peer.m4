# aci_peer.m4 - is a peer that bench/ measures here?
# SPDX-License-Identifier: MIT
#
# Each macro defines an Automake conditional PEER_NAME and adds the name to
# $aci_peers.  What is not here is left out: none of this is an error.

# ACI_PEER(NAME, yes|no): it is known already
AC_DEFUN([ACI_PEER], [
AM_CONDITIONAL([PEER_$1], [test "x$2" = xyes])
AS_IF([test "x$2" = xyes],
  [aci_peers="$aci_peers m4_tolower([$1])"])
])

# ACI_PEER_MODULES(NAME, MODULES [, CONDITION]): by pkg-config, and only where
# the shell's CONDITION holds; sets NAME_CFLAGS, NAME_LIBS
AC_DEFUN([ACI_PEER_MODULES], [
PKG_CHECK_MODULES([$1], [$2], [aci_peer=yes], [aci_peer=no])
m4_ifval([$3], [AS_IF([$3], [], [aci_peer=no])])
ACI_PEER([$1], [$aci_peer])
])

# ACI_PEER_HEADER(NAME, HEADERS): the first of them, for #include NAME_HEADER of a
# C++ program
AC_DEFUN([ACI_PEER_HEADER], [
AC_CACHE_CHECK([for the header of m4_tolower([$1])], [aci_cv_header_$1], [
aci_cv_header_$1=no
AS_IF([test "x$aci_cv_cxx" = xyes], [
for aci_header in m4_normalize([$2]); do
  AC_PREPROC_IFELSE([AC_LANG_SOURCE([[#include <$aci_header>]])],
    [aci_cv_header_$1=$aci_header; break])
done])
])
AS_IF([test "x$aci_cv_header_$1" = xno], [aci_peer=no], [aci_peer=yes
AC_DEFINE_UNQUOTED([$1_HEADER], [<$aci_cv_header_$1>],
  [Define to the header that bench/ is to include.])])
ACI_PEER([$1], [$aci_peer])
])

# ACI_PEER_DISPATCH: libdispatch; sets DISPATCH_LIBS
AC_DEFUN([ACI_PEER_DISPATCH], [
aci_peer=no
aci_peer_LIBS=$LIBS
AC_CHECK_HEADER([dispatch/dispatch.h],
  [AC_SEARCH_LIBS([dispatch_async_f], [dispatch], [aci_peer=yes])])
LIBS=$aci_peer_LIBS
AS_CASE([$ac_cv_search_dispatch_async_f], [-l*],
  [DISPATCH_LIBS=$ac_cv_search_dispatch_async_f])
AC_SUBST([DISPATCH_LIBS])
ACI_PEER([DISPATCH], [$aci_peer])
])

# ACI_PEER_TOOLS(NAME, PROGRAMS): all of them; sets the path of each
AC_DEFUN([ACI_PEER_TOOLS], [
aci_peer=yes
m4_foreach_w([aci_tool], [$2],
  [AC_PATH_PROG(m4_toupper(aci_tool), aci_tool)
AS_IF([test -z "$]m4_toupper(aci_tool)["], [aci_peer=no])
])
ACI_PEER([$1], [$aci_peer])
])
