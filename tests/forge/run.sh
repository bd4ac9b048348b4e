#!/usr/bin/env bash
# run.sh BUILD DRIVE DIALECT: our forge code against the fake forge; GitHub's and Gitea's through Prism. Exit 77: node or npm is not there.
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
if [ "$dialect" = gitea ] && command -v go >/dev/null; then
	# the description is in Gitea's source, which the Go module proxy has, with a checksum
	version=v1.26.0 sum=h1:fJP9dqLbzKrKWUVnCVTfVersZdVDuyJQLEDzCAOmKKA=
	go=$(GOPATH=$work/go GOFLAGS=-modcacherw go mod download -json "code.gitea.io/gitea@$version")
	[ "$(node -p 'JSON.parse(process.argv[1]).Sum' "$go")" = "$sum" ]
	node "$work/code/prune_gitea.mjs" "$(node -p 'JSON.parse(process.argv[1]).Dir' "$go")/templates/swagger/v1_json.tmpl" "$work/gitea.json"
	prism=("$PWD/node_modules/.bin/prism" "$work/gitea.json")
elif [ "$dialect" = gitea ]; then
	echo "without go: not held against Gitea's description"
fi
node "$work/code/check.mjs" "$dialect" "$drive" "$work" "${prism[@]}"
