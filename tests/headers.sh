#!/usr/bin/env bash
# headers.sh INCLUDE COMPILER [option...]: each header below INCLUDE must compile with nothing before it.
set -uo pipefail
include=$1 compiler=$2
shift 2
passed=0 failed=0

while IFS= read -r header; do
	if echo "#include \"$header\"" | "$compiler" -std=c17 -D_GNU_SOURCE -fsyntax-only -Wall -Wextra \
		-Werror -I "$include" "$@" -x c -; then
		passed=$((passed + 1))
	else
		echo "$header does not compile alone with $compiler"
		failed=$((failed + 1))
	fi
done < <(cd "$include" && find . -name '*.h' -printf '%P\n' | sort)

echo "$passed headers compile alone with $compiler, $failed do not"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
