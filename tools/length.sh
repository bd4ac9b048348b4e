#!/usr/bin/env bash
# length.sh [folder...]: fails on a function over 60 lines and on a file over 500 (default: src include).
# Counts from the opening to the closing brace, which stand in column 1 in our style.
set -euo pipefail
export MAX_FUNCTION=60 MAX_FILE=500

[ $# -gt 0 ] || set -- src include
mapfile -t files < <(find "$@" -name '*.[ch]' | sort)
[ ${#files[@]} -gt 0 ] || { echo "length: no files in $*" >&2; exit 1; }

awk '
FNR == 1 { total_files++ }
FNR == ENVIRON["MAX_FILE"] + 1 {
	printf "%s: more than %d lines\n", FILENAME, ENVIRON["MAX_FILE"]
	failed++
}
/^\{/ { start = FNR; name = previous }
/^\}/ && start {
	functions++
	if (FNR - start + 1 > ENVIRON["MAX_FUNCTION"]) {
		printf "%s:%d: %d lines, more than %d: %s\n", FILENAME, start, FNR - start + 1,
			ENVIRON["MAX_FUNCTION"], name
		failed++
	}
	start = 0
}
{ previous = $0 }
END {
	printf "%d functions in %d files, %d too long\n", functions, total_files, failed
	exit failed > 0
}' "${files[@]}"
