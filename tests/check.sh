#!/usr/bin/env bash
# check.sh PRESET...: builds and tests each preset; ends with the sum of their "N passed, N failed".
# A preset that does not build counts as one failed.
set -uo pipefail
cd "$(dirname "$0")/.."
passed=0 failed=0

for preset in "$@"; do
	echo "== $preset"
	if ! tools/build.sh "$preset"; then
		failed=$((failed + 1))
		continue
	fi
	while IFS= read -r line; do
		echo "$line"
		last=$line
	done < <(tests/run.sh "build/$preset")
	read -r p _ f _ <<<"$last"
	passed=$((passed + p)) failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
