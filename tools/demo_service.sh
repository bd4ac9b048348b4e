# demo_service.sh - sourced by demo.sh, in the sample repository: the service on a local forge, from an opened pull request
# to the threads after its second push. docs/local-forge.md tells what the files are.
forge=$top/forge log=$top/log settings=$top/outrider.yml
threads=$forge/team/shop.forge/pulls/1/threads
service_pid='' selftest_pid=''

service_stop() {
	[ -n "$service_pid" ] || return 0
	kill "$service_pid" 2>/dev/null || true
	wait "$service_pid" || return 1
	service_pid=''
}

# What it said last, and what `doctor` says of this machine.
service_fails() {
	echo "tools/demo.sh: $1" >&2
	tail -n 3 "$log" >&2
	"$outrider" doctor --config "$settings" >&2 || true
	exit 1
}

# The service tries its sandbox before it takes jobs; what it finds counts for this build until the machine starts again. It begins with the
# demo, so that less of it is left to wait for.
selftest_start() {
	record=$(dirname "$(realpath "$outrider")")/../selftest.json
	# somebody else's build
	if [ ! -w "$(dirname "$record")" ] || { [ -e "$record" ] && [ ! -O "$record" ]; }; then
		record=$top/selftest.json
	fi
	nice "$outrider" sandbox selftest --if-needed --record "$record" >"$top/selftest" 2>&1 </dev/null &
	selftest_pid=$!
}

selftest_stop() {
	[ -n "$selftest_pid" ] || return 0
	kill "$selftest_pid" 2>/dev/null || true
	wait "$selftest_pid" 2>/dev/null || true
	selftest_pid=''
}

# Its verdict is the service's to read.
selftest_wait() {
	if kill -0 "$selftest_pid" 2>/dev/null; then
		printf 'First its sandbox is tried with some 300 known ways out, once for each build: some ten seconds.\n\n'
	fi
	wait "$selftest_pid" || true
	selftest_pid=''
}

# wait_for WHAT COMMAND...: half a minute, a machine that is busy with a build included
wait_for() {
	local what=$1 i

	shift
	for ((i = 0; i < 300; i++)); do
		if "$@"; then
			return
		fi
		kill -0 "$service_pid" 2>/dev/null || break
		sleep 0.1
	done
	service_fails "$what"
}

address() { url=$(sed -nE 's/.*"message":"gateway on ([^"]+)".*/http:\/\/\1/p' "$log") && [ -n "$url" ]; }

service_start() {
	mkdir -p "$forge/.spool" "$forge/team/shop.forge/pulls"
	git init -q --bare "$forge/team/shop.git"
	git push -q "$forge/team/shop.git" main search
	printf '{"title": "Search, cancel and stock", "author": "ann", "base": "main", "head": "search", "state": "open"}\n' \
		>"$forge/team/shop.forge/pulls/1.json"
	cat >"$settings" <<-YML
		version: 1
		listen: 127.0.0.1:0
		data: $top/data
		selftest: $record
		integrations:
		  - {name: local, forge: local, path: $forge}
		login: {token: "env:OUTRIDER_DEMO_TOKEN"}
	YML
	: >"$log"
	OUTRIDER_DEMO_TOKEN=$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
	export OUTRIDER_DEMO_TOKEN
	# a group of its own: Ctrl-C comes here, and the service is then stopped in order
	setsid "$outrider" serve --config "$settings" >"$log" 2>&1 </dev/null &
	service_pid=$!
	wait_for 'the service does not start' address
}

# announce ACTION: HEAD is the head of pull request 1; the forge tells so.
announce() {
	git push -q --force "$forge/team/shop.git" HEAD:refs/pull/1/head
	printf '{"event": "pull.%s", "delivery": "%s", "repository": "team/shop", "number": 1}\n' "$1" "$(git rev-parse HEAD)" \
		>"$forge/.spool/.new"
	mv "$forge/.spool/.new" "$forge/.spool/event.json"
}

reviewed() { grep -qs '"status": "completed"' "$forge/team/shop.forge/checks/$(git rev-parse HEAD).json"; }

# field NAME FILE: a member of one of the forge's files, with its escapes
field() { sed -nE 's/^  "'"$1"'": "?(.*[^",])"?,?$/\1/p' "$2"; }

# Text in one line, without what is only for programs.
plain() { sed -E 's/\\n.*//; s/\\"/"/g; s/\\\\/\\/g; s/<[^>]*>//g'; }

# "shop/orders.py:11 python-sql-injection", with the state: open or resolved
list_threads() {
	local file state

	for file in "$threads"/*.json; do
		[ "$(field resolved "$file")" = true ] && state=resolved || state=open
		printf '%s:%s %s %s\n' "$(field path "$file")" "$(field start_line "$file")" "$(field rule "$file")" "$state"
	done | LC_ALL=C sort
}

# "11", or "8-10"
lines() {
	local first last

	first=$(field start_line "$1") last=$(field line "$1")
	[ "$first" = "$last" ] && echo "$first" || echo "$first-$last"
}

# The comments as the forge has them: place, words, and what a click would put there.
show_comments() {
	local file

	for file in "$threads"/*.json; do
		printf '%s:%s\n' "$(field path "$file")" "$(lines "$file")"
		printf '    %s\n' "$(field body "$file" | plain)"
		if grep -q '^  "suggestion"' "$file"; then
			printf '    suggestion: %s\n' "$(field suggestion "$file" | plain | sed 's/^[ \t]*//')"
		fi
	done
}

# "shop/orders.py 13 python-sql-injection": where the findings of HEAD are
list_findings() {
	"$outrider" review --quiet --fail-on never | sed -nE 's/^([^ :]+):([0-9]+):[0-9]+: .* \[([^] ]+)\]$/\1 \2 \3/p'
}

# What became of each thread: it keeps the place where it was posted, `before` knows those of the first push.
show_threads() {
	local place rule state now findings

	findings=$(list_findings)
	while read -r place rule state; do
		now=$(awk -v path="${place%:*}" -v rule="$rule" '$1 == path && $3 == rule { print $2 }' <<<"$findings")
		if ! grep -qF "$place $rule " <<<"$before"; then
			echo "new    $place $rule"
		elif [ "$state" = resolved ]; then
			echo "fixed  $place $rule: resolved"
		elif [ "$now" != "${place##*:}" ]; then
			echo "moved  $place $rule: now in line $now"
		else
			echo "open   $place $rule"
		fi
	done < <(list_threads)
}

# The second push: two are fixed, the others stand at other lines, one is new.
second_push() {
	sed -i -e 's/ is "sent"/ == "sent"/' -e 's/raise NotImplemented(/raise NotImplementedError(/' \
		-e 's/^import requests$/import logging\n\nimport requests/' shop/orders.py
	sed -i 's/^#include <stdlib.h>$/#include <stdio.h>\n&/' native/label.c
	cat >>shop/orders.py <<-'SOURCE'


		def sent(order):
		    assert (order["state"] == "sent", "not on its way")
		    return order["carrier"]
	SOURCE
	commit 'Review: state by value; what was sent'
}

demo_service() {
	local before

	printf '\nThe same as a service: a local forge (a folder), the pull request opened there.\n\n'
	selftest_wait
	service_start
	announce opened
	wait_for 'no review of the pull request came' reviewed
	show_comments
	before=$(list_threads)
	second_push
	announce updated
	wait_for 'no review of the second push came' reviewed
	printf '\nA second push fixes two, adds one, and moves lines:\n\n'
	show_threads
	printf '\n%s\n' "$(sed -nE 's/^  "body": ".*\\n\\n([0-9][^\\]*)\\n.*/\1/p' "$forge/team/shop.forge/pulls/1/comments/summary.json")"
	printf '\nIts page: %s/pulls/local/1/team/shop (token: %s)\n' "$url" "$OUTRIDER_DEMO_TOKEN"
	if [ -t 0 ] && [ -t 1 ] && [ -z "${CI-}" ]; then
		read -rp 'The service runs until you press Enter. ' _ || true
	fi
	service_stop || service_fails 'the service did not stop in order'
}
