#!/usr/bin/env bash
# run.sh BUILD DRIVE OUTRIDER [SANITIZER]: a real Gerrit reviewed. Exit 77: what it needs is not there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

for program in node git ssh ssh-keygen; do
	command -v "$program" >/dev/null || {
		echo "skipped: $program is not there"
		exit 77
	}
done
"$here/install.sh" "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 HOME=$work XDG_CONFIG_HOME=$work/.config
node "$here/check.mjs" "$work" "$1/gerrit" "$2" "$3" "${4-}"
