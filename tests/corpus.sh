#!/usr/bin/env bash
# corpus.sh BIN >docs/sandbox-corpus.md: the escape corpus on this host as root, and the score as a plain user and in containers. BIN is the folder
# of a build's programs. Needs root, bubblewrap, and control groups of version 1; takes five minutes.
set -euo pipefail
bin=$(realpath --relative-to="$PWD" "$1") here=$(dirname "$0")
selftest=("$bin/outrider" sandbox selftest --compare)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 777 "$work"
. "$here/flow/sandbox_lib.sh"

# score FILE COMMAND...: the report of a run that may find no walls
score() { "${@:2}" --format json >"$work/$1" || [ -s "$work/$1" ]; }
score host-root.json "${selftest[@]}"
leave_work() { rm -rf "$work"; }
if make_user; then
	HOME=/tmp TMPDIR=/tmp score host-user.json "${as_user[@]}" "${selftest[@]}"
	leave_user
fi
for kind in plain-root: plain-user:--user open-root:--open open-user:--open\ --user; do
	# shellcheck disable=SC2086
	score "${kind%%:*}.json" "$here/container.sh" ${kind#*:} "$bin/sandbox_lack" "${selftest[@]}"
done

"${selftest[@]}" --format markdown >"$work/page" || true
sed '/^## Every trick$/,$d' "$work/page"
node "$here/corpus_table.mjs" "$work"
echo
sed -n '/^## Every trick$/,$p' "$work/page"
