#!/usr/bin/env bash
# run.sh BUILD [ctest options]: runs all tests of a build. Says what failed; the last line is
# "N passed, N failed", counted in single cases, not in programs.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1
shift

log=$build/Testing/Temporary/LastTest.log
rm -f "$log"
export ASAN_OPTIONS=${ASAN_OPTIONS-abort_on_error=0:detect_leaks=1:allocator_may_return_null=1}
export TSAN_OPTIONS=${TSAN_OPTIONS-suppressions=$here/tsan.supp}
export UBSAN_OPTIONS=${UBSAN_OPTIONS-print_stacktrace=1}

# Secrets of our own environment: no test may have them come out (tests/flow/lib.sh), nor its log.
. "$here/canaries.sh"
screen=$(mktemp)
OUTRIDER_CANARIES=$(mktemp)
trap 'rm -f "$screen" "$OUTRIDER_CANARIES"' EXIT
for name in OUTRIDER_CANARY AWS_SECRET_ACCESS_KEY OPENAI_API_KEY NPM_TOKEN; do
	export "$name=$(canary_new)"
	canary_forms "${!name}" >>"$OUTRIDER_CANARIES"
done
export OUTRIDER_CANARIES
ctest --test-dir "$build" --output-on-failure --parallel "$(nproc)" --no-tests=error \
	--test-output-size-passed 10000000 --test-output-size-failed 10000000 "$@" </dev/null 2>&1 |
	tee "$screen"
status=${PIPESTATUS[0]}
if [ ! -f "$log" ]; then
	echo "0 passed, 1 failed"
	exit 1
fi
leaks=$(canary_search "$OUTRIDER_CANARIES" "$build/Testing" "$screen")
[ -z "$leaks" ] || { printf 'a secret of our environment is in:\n%s\n' "$leaks"; status=1; }
# to ctest's log a skipped test is one that passed
skipped=$(grep -c '[*][*][*]Skipped' "$screen")
awk -v ctest_status="$status" -v skipped="$skipped" -f "$here/count.awk" "$log"
