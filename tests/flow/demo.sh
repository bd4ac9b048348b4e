#!/usr/bin/env bash
# demo.sh PROGRAM [SANITIZER]: `make demo` in a pipe, on a terminal, and as another user.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
script=$(realpath "$here/../../tools/demo.sh")
unset CI KEEP
export OUTRIDER=$program TMPDIR=$work/tmp
mkdir "$TMPDIR"

# demo COMMAND...: the demo, started by this command; what is left of it is in $left
demo() {
	status=0
	timeout $((60 * slow)) "$@" "$script" </dev/null >"$out" 2>"$err" || status=$?
	left=$(ls -A "$TMPDIR"; pgrep -f "$TMPDIR/outrider-demo" || true)
}
leaves_nothing() { [ -z "$left" ] || { echo "# left: $left"; false; }; }

demo env
if grep -q 'cannot seal' "$err"; then
	cat "$err"
	echo 'skipped: reviews cannot be confined on this kernel'
	exit 77
fi
check 'the local review' all exits 0 -- shows '7 errors, 1 warning in 8 files' -- shows '1 suppressed' -- not shows python-mutable-default
check 'comments as posted' all shows 'shop/orders.py:16' -- shows '`NotImplemented` is a value for binary operators' -- \
	shows 'suggestion: raise NotImplementedError("an order on its way cannot be cancelled")' -- shows 'tests/cart.test.js:8-10'
check 'fixed, moved, new and open threads' all shows 'fixed  shop/orders.py:15 python-is-literal: resolved' -- \
	shows 'moved  shop/orders.py:11 python-sql-injection: now in line 13' -- \
	shows 'new    shop/orders.py:28 python-assert-tuple' -- shows 'open   web/cart.ts:8' -- \
	shows '1 new, 4 still there, 2 moved, 2 fixed.'
check 'the page' grep -qE '^Its page: http://127\.0\.0\.1:[0-9]+/pulls/local/1/team/shop' "$out"
check 'nothing is said on standard error' not test -s "$err"
check 'nothing is left' leaves_nothing

# a terminal: it waits for Enter, and the page is there meanwhile
if command -v script >/dev/null && command -v curl >/dev/null; then
	mkfifo "$work/keys"
	timeout $((60 * slow)) script -qec "$script" /dev/null <"$work/keys" >"$work/screen" 2>&1 &
	terminal=$!
	exec 9>"$work/keys"
	for ((i = 0; i < 500 * slow; i++)); do
		grep -q 'press Enter' "$work/screen" && break
		sleep 0.1
	done
	url=$(tr -d '\r' <"$work/screen" | sed -nE 's/^Its page: ([^ ]+) .*/\1/p')
	token=$(tr -d '\r' <"$work/screen" | sed -nE 's/^Its page: .* \(token: ([0-9a-f]+)\)$/\1/p')
	curl -s -o /dev/null -c "$work/jar" -d "token=$token" "${url%%/pulls/*}/login"
	curl -s -b "$work/jar" -o "$out" "$url"
	check 'on a terminal it waits, and its page shows the pull request' shows 'Search, cancel and stock'
	echo >&9
	exec 9>&-
	status=0
	wait "$terminal" || status=$?
	left=$(ls -A "$TMPDIR"; pgrep -f "$TMPDIR/outrider-demo" || true)
	check 'Enter ends it' all exits 0 -- leaves_nothing
fi

# somebody who owns nothing here
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null && setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$program" -a -x "$script"; then
	chmod 755 "$work"
	chmod 777 "$TMPDIR"
	demo setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent
	check 'as a user without rights' all exits 0 -- shows '1 new, 4 still there, 2 moved, 2 fixed.' -- leaves_nothing
fi

# it cannot run
OUTRIDER=$work/none demo env
check 'without the program: what to do' all exits 1 -- says 'run make first'
finish
