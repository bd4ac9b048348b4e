#!/usr/bin/env bash
# builds.sh PROGRAM POLICY NAME=CHECKOUT...: builds and tests of public projects (tests/data/builds.tsv), outside and inside, as a
# Markdown table. POLICY has the routes to the package registries in its fetch phase, and the limits. By hand: it takes an hour.
# Outside first: what fails there says nothing about the sandbox, and is not counted.
set -uo pipefail
[ $# -ge 3 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
program=$(realpath "$1") policy=$(realpath "$2")
shift 2
table=$(dirname "$(realpath "$0")")/data/builds.tsv
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export RUSTUP_HOME=${RUSTUP_HOME-$HOME/.rustup} LC_ALL=C.UTF-8 CI=true
failed=0

now() { echo "${EPOCHREALTIME/./}"; }
seconds() { awk -v us="$1" 'BEGIN { printf "%.1f", us / 1e6 }'; }

# count FILE: tests that passed, as the runners say it. "FAIL" lines are told by the exit code.
count() {
	awk '
	/^ok [0-9]/ { tap++ }                                                      # bats
	/^ *--- PASS/ { go++ }
	/^test result: ok/ { rust += $4 }
	/tests passed, .* out of/ { ctest += $NF }
	/^\[ok\]:/ { tcl++ }                                                       # redis
	/test OK \*\*\*/ { plain++ }                                               # zlib
	/Ran .*[0-9]+.* tests?\./ { gsub(/\033\[[0-9;]*m/, ""); shunit += $2 }
	/[0-9]+ passed/ && !/^test result/ { for (i = 2; i <= NF; i++) if ($i ~ /^passed/) pytest = $(i - 1) }
	/[0-9]+ passing/ { mocha += $1 }
	/^(ℹ|#) pass [0-9]+/ { node += $3 }
	/Tests run: / { sub(/.*Tests run: /, ""); last = $0 + 0; java = last > java ? last : java }
	END { print shunit + tap + go + rust + ctest + tcl + plain + pytest + mocha + node + java }' "$1"
}

# Root may read and write what nobody else may, and tests notice: outside is without its rights, too.
as=()
[ "$(id -u)" -ne 0 ] || as=(unshare --user --map-user=1000 --map-group=1000 --)

# outside CHECKOUT FETCH BUILD: in a copy, with a home of its own; as the profiles set what matters.
outside() {
	rm -rf "$work/out" && mkdir -p "$work/out/home/tmp" && cp -a "$1" "$work/out/tree" || return
	(
		export HOME=$work/out/home TMPDIR=$work/out/home/tmp GOTMPDIR=$work/out/home/tmp
		# colours hide what is counted
		export TERM=dumb
		export PIP_BREAK_SYSTEM_PACKAGES=1 PYTHONDONTWRITEBYTECODE=1 GOFLAGS=-buildvcs=false
		export JAVA_TOOL_OPTIONS="-Duser.home=$HOME -Djava.io.tmpdir=$TMPDIR" PATH=$PATH:$HOME/.local/bin
		cd "$work/out/tree" || exit
		[ "$2" = - ] || "${as[@]}" sh -c "$2" >"$work/out/log" 2>&1 || exit
		now >"$work/out/began"
		"${as[@]}" sh -c "$3" >"$work/out/log" 2>&1 </dev/null
	)
}

# receipt KEY: a number of the last receipt.
receipt() { node -p "const r = JSON.parse(require('fs').readFileSync('$work/receipt')); $1"; }

one() {
	local name=$1 from=$2 profile=$3 fetch=$5 build=$6 inputs=() home=() took_out took_fetch=- began status=0 commit input

	commit=$(git -C "$from" rev-parse --short=10 HEAD)
	outside "$from" "$fetch" "$build" || { echo "| $name | $commit | $profile | - | - | fails outside too | - | - | - | - |"; tail -n 5 "$work/out/log" >&2; return; }
	took_out=$(seconds $(($(now) - $(cat "$work/out/began"))))
	if [ "$fetch" != - ]; then
		for input in $4; do inputs+=(--input "$input"); done
		began=$(now)
		home=(--home "$("$program" sandbox fetch -q --policy "$policy" --profile "$profile" --cache "$work/cache" -C "$from" "${inputs[@]}" -- sh -c "$fetch" 2>"$work/log")") || status=$?
		took_fetch=$(seconds $(($(now) - began)))
	fi
	[ "$status" -ne 0 ] || "$program" sandbox run -q --policy "$policy" --profile "$profile" -C "$from" "${home[@]}" --receipt "$work/receipt" -- sh -c "$build" >"$work/log" 2>&1 || status=$?
	if [ "$status" -ne 0 ]; then
		failed=$((failed + 1))
		cp "$work/log" "${TMPDIR-/tmp}/builds-$name.log"
		echo "| $name | $commit | $profile | $took_fetch | $(count "$work/out/log") | **fails inside: $status** | $took_out | - | - | - |"
		return
	fi
	echo "| $name | $commit | $profile | $took_fetch | $(count "$work/out/log") | $(count "$work/log") | $took_out | $(seconds "$(receipt r.wall_us)") | $(receipt 'r.execs.reduce((n, e) => n + e.count, 0)') | $(receipt 'r.denials.reduce((n, d) => n + d.count, 0)') |"
}

echo '| project | commit | profile | fetch, s | tests outside | tests inside | outside, s | inside, s | programs run | refused |'
echo '|---|---|---|---:|---:|---:|---:|---:|---:|---:|'
for pair; do
	name=${pair%%=*} from=$(realpath "${pair#*=}")
	row=$(awk -F'\t' -v name="$name" '$1 == name' "$table")
	[ -n "$row" ] || { echo "builds.sh: no row '$name' in $table" >&2; exit 2; }
	IFS=$'\t' read -r name profile inputs fetch build <<<"$row"
	one "$name" "$from" "$profile" "$inputs" "$fetch" "$build"
done
[ "$failed" -eq 0 ]
