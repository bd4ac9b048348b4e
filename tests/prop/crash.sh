#!/usr/bin/env bash
# crash.sh ENGINE PROGRAM [ROUNDS]: kills a writer (and with `postgres` also the server) at random points, as SIGKILL does, and
# looks whether all that was acknowledged is there. PROGRAM is prop_crash.
set -uo pipefail
engine=$1 program=$2 rounds=${3-20}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d /tmp/outrider-crash-XXXXXX)
writer=''
finish() {
	[ -z "$writer" ] || kill -KILL "$writer" 2>/dev/null
	[ "$engine" = sqlite ] || pg_stop
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

if [ "$engine" = postgres ]; then
	. "$here/../postgres.sh"
	pg_start || exit
else
	export OUTRIDER_STORE=sqlite:$work/crash.db
fi

passed=0 failed=0
for round in $(seq "$rounds"); do
	"$program" write "$work/log" "r$round" &
	writer=$!
	sleep "0.$((RANDOM % 60 + 10))"
	# the server, the writer, or first one and then the other
	if [ "$engine" = postgres ] && [ $((round % 2)) -eq 0 ]; then
		pg_kill
		[ $((round % 4)) -eq 0 ] || sleep "0.$((RANDOM % 9))"
	fi
	kill -KILL "$writer"
	wait "$writer" 2>/dev/null
	writer=''
	if [ "$engine" = postgres ] && [ $((round % 2)) -eq 0 ]; then
		pg_run || exit 1
	fi
	if "$program" check "$work/log" >"$work/said" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		cat "$work/said"
	fi
done
# the server comes back under a living writer, which goes on by itself
if [ "$engine" = postgres ]; then
	"$program" write "$work/log" again &
	writer=$!
	for _ in $(seq 200); do
		grep -q 'delivered again-' "$work/log" && break
		sleep 0.05
	done
	pg_kill
	pg_run || exit 1
	before=$(wc -l <"$work/log")
	for _ in $(seq 200); do
		[ "$(wc -l <"$work/log")" -gt $((before + 50)) ] && break
		sleep 0.05
	done
	if [ "$(wc -l <"$work/log")" -gt $((before + 50)) ] && kill -0 "$writer"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo 'the writer does not go on after the server came back'
	fi
	kill -KILL "$writer"
	wait "$writer" 2>/dev/null
	writer=''
	"$program" check "$work/log" >"$work/said" 2>&1 || failed=$((failed + 1))
fi
# a writer that never wrote was not tested
read -r acknowledged _ <"$work/said"
echo "$(cat "$work/said")"
[ "${acknowledged:-0}" -gt "$rounds" ] || failed=$((failed + 1))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
