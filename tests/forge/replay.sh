#!/usr/bin/env bash
# replay.sh BUILD OUTRIDER DRIVE PULLS REPOSITORY...: comments on PULLS pull requests of each repository (refs/pull/*/head; without them
# commits of its history) through the anchor rules of each forge: none may be refused. Exit 77: node or npm is not there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1

"$here/../parity/install.sh" "$build"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
shift
# the packages are found from there
cd "$build/peers"
mkdir "$work/code"
cp "$here"/*.mjs "$work/code/"
node "$work/code/replay.mjs" "$work" "$@"
