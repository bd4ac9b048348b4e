#!/usr/bin/env bash
# run.sh BUILD SECONDS [noun...]: libFuzzer on each harness of the build, from the seeds in corpus/ and
# what earlier runs found, which is kept in build/corpus. An input that fails is left in build/crashes.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1 seconds=$2
shift 2
passed=0 failed=0

export ASAN_OPTIONS=${ASAN_OPTIONS-allocator_may_return_null=1}
for harness in "$build"/bin/fuzz_*; do
	noun=${harness##*/fuzz_}
	found=$(dirname "$build")/corpus/$noun
	crashes=$(dirname "$build")/crashes/$noun
	if [ $# -gt 0 ] && [[ " $* " != *" $noun "* ]]; then
		continue
	fi
	mkdir -p "$found" "$crashes"
	echo "== $noun, $seconds s"
	if "$harness" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=65536 \
		-print_final_stats=0 -verbosity=0 -artifact_prefix="$crashes/" \
		"$found" "$here/corpus/$noun" </dev/null; then
		passed=$((passed + 1))
	else
		echo "$noun failed; when it is mended, keep the input from $crashes in $here/corpus/$noun"
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
