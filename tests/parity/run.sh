#!/usr/bin/env bash
# run.sh BUILD OUTRIDER semantics|builtin|dense|others: one comparison with ast-grep; BUILD is where install.sh puts
# what it needs. `others` takes the rules of a project of yours, OUTRIDER_PARITY_RULES, over the folders in
# OUTRIDER_PARITY_CORPORA (separated by spaces). Exit 77: skipped.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1 outrider=$2 what=$3
packages=$build/parity/node_modules

"$here/install.sh" "$build"
case $what in
semantics)
	exec node "$here/semantics.mjs" "$build" "$outrider"
	;;
builtin)
	exec node "$here/parity.mjs" "$build" "$outrider" builtin effect="$packages/effect/src" grpc="$packages/grpc" \
		pyright="$packages/pyright/dist/typeshed-fallback" react-native="$packages/react-native" \
		theia="$packages/@theia/core" three-src="$packages/three/src" three-examples="$packages/three/examples/jsm"
	;;
dense) # a tenth of the files: the rules fire some thirty times in each
	PARITY_FILES=200 exec node "$here/parity.mjs" "$build" "$outrider" "$here/dense" effect="$packages/effect/src" \
		grpc="$packages/grpc" pyright="$packages/pyright/dist/typeshed-fallback" \
		android="$packages/react-native/ReactAndroid" common="$packages/react-native/ReactCommon" three-src="$packages/three/src"
	;;
others)
	if [ -z "${OUTRIDER_PARITY_RULES:-}" ] || [ -z "${OUTRIDER_PARITY_CORPORA:-}" ]; then
		echo "skipped: OUTRIDER_PARITY_RULES and OUTRIDER_PARITY_CORPORA name no rules and files"
		exit 77
	fi
	# shellcheck disable=SC2086 # a list
	exec node "$here/parity.mjs" "$build" "$outrider" "$OUTRIDER_PARITY_RULES" $OUTRIDER_PARITY_CORPORA
	;;
*)
	echo "usage: run.sh BUILD OUTRIDER semantics|builtin|dense|others" >&2
	exit 2
	;;
esac
