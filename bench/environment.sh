#!/usr/bin/env bash
# environment.sh PROGRAM [COUNT]: milliseconds from `outrider env run` to the first command inside, medians of COUNT in turns, in a clone of this
# repository whose set-up makes a PostgreSQL cluster: cold (root of this host, nothing kept), warm (set-up on the shelf, a new checkout), pool
# (a ready checkout of the base), moved (a ready checkout, brought to another commit), and the same command in `sandbox run` on a checkout that
# stands already.
set -euo pipefail
program=$(realpath "$1") count=${2-20}
root=$(cd "$(dirname "$0")/.." && pwd)
pg=$(dirname "$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -rV | head -n 1)")
[ -x "$pg/initdb" ] || { echo 'there is no PostgreSQL server' >&2; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=bench GIT_AUTHOR_EMAIL=bench@localhost GIT_COMMITTER_NAME=bench GIT_COMMITTER_EMAIL=bench@localhost

git clone -q "file://$root" "$work/repo"
cd "$work/repo"
printf 'environment:\n  env: { PATH: "%s:/usr/bin:/bin" }\n  setup: ["initdb --no-sync -D ~/pg >/dev/null"]\n' "$pg" >.outrider.yml
git add -A && git commit -qm base
echo change >>README.md && git commit -qam change
for n in 0 1; do printf 'store: %s/store%d\npool: %d\n' "$work" $n $n >"$work/$n.yml"; done
for n in 0 1; do "$program" env build -q -b HEAD~1 --host "$work/$n.yml" >/dev/null; done

# first NAME ARGUMENTS: from here to the clock inside
first() {
	local name=$1 began=$EPOCHREALTIME at

	shift
	at=$("$program" "$@" -- date +%s%N 2>/dev/null)
	echo $((at / 1000 - ${began/./})) >>"$work/$name"
}

for ((i = 0; i < count; i++)); do
	[ $((i % 5)) -ne 0 ] || { rm -rf "$work/cold"; printf 'store: %s/cold\n' "$work" >"$work/cold.yml"; first cold.us env run -q -b HEAD~1 --host "$work/cold.yml"; }
	first warm.us env run -q -b HEAD~1 --host "$work/0.yml"
	first pool.us env run -q -b HEAD~1 --host "$work/1.yml"
	first moved.us env run -q -b HEAD~1 --rev HEAD --host "$work/1.yml"
	first sandbox.us sandbox run -q -C "$work/repo"
done
echo "$(git ls-files | wc -l) files, $(du -sh --exclude=.git . | cut -f 1)"
for name in cold warm pool moved sandbox; do
	sort -n "$work/$name.us" | awk -v name=$name '{ a[NR] = $1 } END { printf "%-8s median %8.1f ms, least %8.1f, most %8.1f (%d)\n", name, a[int((NR + 1) / 2)] / 1000, a[1] / 1000, a[NR] / 1000, NR }'
done
