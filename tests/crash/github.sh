#!/usr/bin/env bash
# github.sh BUILD PROGRAM [OPTIONS of crash.mjs]: the crash test against the fake GitHub. Exit code 77: node or npm is not there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
"$here/../parity/install.sh" "$1"
exec node "$here/crash.mjs" "$2" --github "$1/peers" "${@:3}"
