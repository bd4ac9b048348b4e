#!/usr/bin/env bash
# tidy.sh [file...]: clang-tidy with the list in .clang-tidy (default: all of src but what runs in the kernel). A finding is a
# failure.
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || mapfile -t files < <(find src -name '*.c' ! -name '*.bpf.c' | sort)
[ $# -eq 0 ] || files=("$@")
cmake --preset clang --log-level=WARNING >/dev/null

tidy_one() {
	if ! clang-tidy -p build/clang --quiet --warnings-as-errors='*' "$1" 2>/dev/null; then
		echo "tidy: not clean: $1"
	fi
}
export -f tidy_one

printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c 'tidy_one "$1"' tidy |
	awk -v files=${#files[@]} '
		{ print }
		/^tidy: not clean: / { failed++ }
		END { printf "%d files are clean, %d are not\n", files - failed, failed; exit failed > 0 }'
