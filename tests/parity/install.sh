#!/usr/bin/env bash
# install.sh BUILD: ast-grep and the other peers into BUILD/peers, the packages of packages.tsv into
# BUILD/parity/node_modules. Does nothing, and quickly, when neither list changed. Exit 77: npm or node is not there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1

command -v npm >/dev/null && command -v node >/dev/null || {
	echo "skipped: node and npm are not there"
	exit 77
}

stamped() { # FOLDER STATE
	[ "$(cat "$1/stamp" 2>/dev/null)" = "$2" ]
}

peers() {
	local to=$build/peers inputs=("$here"/../peers/package.json "$here"/../peers/package-lock.json "$here"/../peers/.npmrc)
	local state

	state=$(cat "${inputs[@]}" | sha256sum)
	stamped "$to" "$state" && return
	mkdir -p "$to"
	cp "${inputs[@]}" "$to/"
	(cd "$to" && npm ci --no-progress --loglevel=error)
	echo "$state" >"$to/stamp"
}

# An archive alone, without what it depends on: nothing of it is run, but for the reader of YAML, which needs nothing.
package() { # FOLDER NAME VERSION INTEGRITY
	local to=$1/node_modules/$2 archive hash

	(cd "$1" && npm pack --silent --ignore-scripts "$2@$3" >archive.name)
	archive=$1/$(cat "$1/archive.name")
	hash=sha512-$(openssl dgst -sha512 -binary "$archive" | openssl base64 -A)
	if [ "$hash" != "$4" ]; then
		echo "$2@$3 is $hash, not $4" >&2
		return 1
	fi
	mkdir -p "$to"
	tar xzf "$archive" -C "$to" --strip-components=1 --no-same-owner
	rm -f "$archive" "$1/archive.name"
}

packages() {
	local to=$build/parity state

	state=$(sha256sum <"$here/packages.tsv")
	stamped "$to" "$state" && return
	rm -rf "$to"
	mkdir -p "$to"
	cp "$here/../peers/.npmrc" "$to/"
	while IFS=$'\t' read -r name version integrity _; do
		[ "${name#\#}" = "$name" ] && package "$to" "$name" "$version" "$integrity"
	done <"$here/packages.tsv"
	echo "$state" >"$to/stamp"
}

mkdir -p "$build"
exec 9>"$build/peers.lock"
flock 9 # tests run side by side
peers
packages
