#!/usr/bin/env bash
# run.sh BUILD OUTRIDER TEST_RENDER: what we render is valid against the official schemas: SARIF 2.1.0, and GitHub's
# description of "create a review". The samples of the unit test, hostile ones among them, and a review of the demo's change.
# Exit 77: skipped, node or npm is not there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1 outrider=$2 samples_of=$3

"$here/../parity/install.sh" "$build"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
OUTRIDER_SAMPLES=$work "$samples_of" >/dev/null 2>&1

# a real review: this folder's rules over a change made here
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git init -q "$work/repo"
cd "$work/repo"
git config user.name test
git config user.email test@example.invalid
printf 'x = 1\n' >a.py
git add . && git commit -qm base
printf 'def f(a=[], *, b={}):\n    return eval(a)\n# \360\237\230\200 caf\303\251 <!-- @someone -->\nassert (1, "x")\n' >>a.py
git add . && git commit -qm head
for format in sarif github; do
	"$outrider" review --base HEAD~1 --fail-on never -f $format -o "$work/review.$format"
done

# modules are found from the folder that the script stands in
cp "$here/validate.mjs" "$build/peers/validate.mjs"
cd "$build/peers"
passed=0 failed=0
for format in sarif github; do
	for file in "$work"/*."$format"; do
		if node validate.mjs "$format" "$file"; then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
			echo "not valid: $(basename "$file")"
		fi
	done
done
# and it can tell: a broken one is refused
echo '{"version": "2.1.0", "runs": [{"tool": {}}]}' >"$work/broken.sarif"
if node validate.mjs sarif "$work/broken.sarif" >/dev/null 2>&1; then
	failed=$((failed + 1))
else
	passed=$((passed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 4 ]
