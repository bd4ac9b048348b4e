#!/usr/bin/env bash
# needed.sh PROGRAM LIBRARY...: the program starts with these shared libraries and no others; what it needs later is loaded then
# (cmake/late.cmake). The C library's own and those of sanitizers are always let through.
set -euo pipefail
program=$1
shift

allowed=" libc ld-linux-x86-64 ld-linux-aarch64 libasan libubsan libtsan libgcc_s $* "
needed=$(readelf -d "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p')
[ -n "$needed" ] || { echo "$program: no library at all"; exit 1; }
status=0
for name in $needed; do
	if [[ $allowed != *" ${name%%.so*} "* ]]; then
		echo "$program starts with $name: load it when it is needed, or say in tests/CMakeLists.txt why each start pays for it"
		status=1
	fi
done
exit $status
