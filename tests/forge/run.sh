#!/usr/bin/env bash
# run.sh BUILD DRIVE DIALECT: our forge code against the fake forge; GitHub's through Prism. Exit 77: node or npm is not there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1 drive=$2 dialect=$3

"$here/../parity/install.sh" "$build"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
cd "$build/peers"
mkdir -p "$work/code"
cp "$here"/*.mjs "$here"/*.py "$work/code/"
prism=()
if [ "$dialect" = github ]; then
	node "$work/code/prune.mjs" "$work/github.json"
	prism=("$PWD/node_modules/.bin/prism" "$work/github.json")
fi
node "$work/code/check.mjs" "$dialect" "$drive" "$work" "${prism[@]}"
