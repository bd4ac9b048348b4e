#!/usr/bin/env bash
# grammars.sh: fetches the grammar packages and compiles them into build/grammars/libgrammars.a,
# once for all builds. Does nothing, and quickly, when neither the lock nor the profiles changed.
set -euo pipefail
cd "$(dirname "$0")/.."

out=${OUTRIDER_GRAMMARS:-build/grammars}
npm=$out/npm
inputs=(grammars/package.json grammars/package-lock.json grammars/.npmrc)

mkdir -p "$npm"
exec 9>"$out/lock"
flock 9 # two makes in one tree take turns

# What the library is made of: of a profile only the lines that name sources.
state() {
	cat "${inputs[@]}" grammars/CMakeLists.txt grammars/scanner_heap.h grammars/runtime/*.h
	grep -E '^(package|source|symbol): ' grammars/*/profile.yml
	gcc --version
}

fetch() {
	echo "Fetching the grammar packages ..." >&2
	rm -rf "$npm" "$out/src" # the copies of old packages must not outlive them
	mkdir -p "$npm"
	cp "${inputs[@]}" "$npm/"
	(cd "$npm" && npm ci --no-progress --loglevel=error) >&2
	# binaries for Node and browsers; we compile from source
	find "$npm/node_modules" \( -name prebuilds -o -name '*.wasm' \) -prune -exec rm -rf {} +
	echo "$1" >"$npm/stamp"
}

# The largest parsers take 1 GB to compile.
jobs() {
	local fit

	fit=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo)
	fit=$((fit < 1 ? 1 : fit))
	echo $((fit < $(nproc) ? fit : $(nproc)))
}

packages=$(cat "${inputs[@]}" | sha256sum)
everything=$(state | sha256sum)
if [ -f "$out/libgrammars.a" ] && [ "$(cat "$out/stamp" 2>/dev/null)" = "$everything" ]; then
	exit 0
fi
[ "$(cat "$npm/stamp" 2>/dev/null)" = "$packages" ] || fetch "$packages"

echo "Compiling the grammars (once, a few minutes) ..." >&2
cmake -S grammars -B "$out" -G Ninja -DCMAKE_BUILD_TYPE=Release --log-level=WARNING >&2
cmake --build "$out" --parallel "$(jobs)" >&2
echo "$everything" >"$out/stamp"
