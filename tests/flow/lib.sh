# lib.sh - sourced by the tests of this folder: a folder for the test, runs of the program, checks.
# The test's first argument is the program, the second the sanitizer that it was built with, if any.
program=$(realpath "$1") sanitizer=${2-}
here=$(cd "$(dirname "$0")" && pwd)
passed=0 failed=0
work=$(mktemp -d)
trap 'leave_work' EXIT
out=$work/stdout err=$work/stderr
# a hanging program is a failure, a slow machine is not; sanitizers make all some ten times slower
slow=1
[ -z "$sanitizer" ] || slow=10

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 LC_ALL=C.UTF-8
export GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@localhost
export GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@localhost
export HOME=$work XDG_CONFIG_HOME=$work/.config
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE NO_COLOR

# leave_work: the end of each test. Secrets of the test run's own environment (tests/run.sh) are in no file that was left.
leave_work() {
	local leaks=''

	[ -z "${OUTRIDER_CANARIES-}" ] || leaks=$(LC_ALL=C grep -rlaFf "$OUTRIDER_CANARIES" -- "$work" 2>/dev/null)
	rm -rf "$work"
	[ -z "$leaks" ] || { printf 'not ok - a secret of our environment is in:\n%s\n' "$leaks"; exit 1; }
}

# run ARGUMENTS: the program; its exit code in $status, what it says in $out and $err.
run() {
	status=0
	timeout $((30 * slow)) "$program" "$@" >"$out" 2>"$err" </dev/null || status=$?
	[ -z "${OUTRIDER_CANARIES-}" ] || ! LC_ALL=C grep -qaFf "$OUTRIDER_CANARIES" -- "$out" "$err" || cat "$out" "$err" >>"$work/leaked"
}

# run_within SECONDS MEGABYTES ARGUMENTS: the same, and `is_bounded` says whether it held these limits.
run_within() {
	local seconds=$1 megabytes=$2 began=$EPOCHREALTIME

	shift 2
	status=0 peak=0
	if [ -x /usr/bin/time ] && [ -z "$sanitizer" ]; then
		timeout 250 /usr/bin/time -q -o "$work/time" -f %M "$program" "$@" \
			>"$out" 2>"$err" </dev/null || status=$?
		read -r peak <"$work/time"
	else
		timeout 250 "$program" "$@" >"$out" 2>"$err" </dev/null || status=$?
	fi
	took=$(((${EPOCHREALTIME/./} - ${began/./}) / 1000))
	bounded="${took} ms of $((seconds * slow)) s, $((peak / 1024)) of ${megabytes} MB"
	echo "# $bounded"
	limit_ms=$((seconds * slow * 1000)) limit_kb=$((megabytes * 1024))
}

is_bounded() { [ "$took" -le "$limit_ms" ] && [ "$peak" -le "$limit_kb" ] ; }

exits() { [ "$status" -eq "$1" ] || { echo "# exit code $status"; false; }; }
shows() { grep -qF -e "$1" "$out"; }
says() { grep -qF -e "$1" "$err"; }
tells() { grep -qF -e "$1" "$out" "$err"; }

# found: what a text report shows, as "path:line rule", in one line, sorted.
found() {
	sed -nE 's/^([^ ]+:[0-9]+):[0-9]+: (error|warning|info|hint): .* \[([^] ]+)\]$/\1 \3/p' "$out" |
		LC_ALL=C sort | paste -sd, -
}
finds() { [ "$(found)" = "$1" ] || { echo "# found: $(found)"; false; }; }
json() { node -e 'const r = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
	process.exit(('"$1"') ? 0 : 1)' "${2-$out}"; }

# check TEXT COMMAND...: one case.
check() {
	local text=$1 why

	shift
	if why=$("$@" 2>&1); then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $text"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $((passed + failed)) - $text"
	echo "# $*"
	[ -z "$why" ] || echo "$why"
	head -c 1500 "$out" | head -n 15 | sed 's/^/# out: /'
	head -c 1500 "$err" | head -n 15 | sed 's/^/# err: /'
}

# all COMMAND -- COMMAND...: every one holds.
all() {
	local command=()

	while [ $# -gt 0 ]; do
		if [ "$1" = -- ]; then
			"${command[@]}" || return 1
			command=()
		else
			command+=("$1")
		fi
		shift
	done
	"${command[@]}"
}
not() { ! "$@"; }
no_crash() { [ "$status" -le 3 ] || { echo "# exit code $status"; false; }; }

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
	exit
}

# repository NAME: a new one, which is then the current folder.
repository() {
	mkdir -p "$work/$1"
	cd "$work/$1" || exit 1
	git init -q -b main
}
commit() { git add -A && git commit -q --allow-empty -m "$1"; }

# Rules of the tests' own: those of the program may change.
cat >"$work/rules.yml" <<'RULES'
id: no-eval
language: Python
severity: error
message: Text is run as code.
rule: {pattern: eval($X)}
fix: literal_eval($X)
metadata: {fix: safe, category: security}
---
id: no-print
language: Python
severity: warning
message: Printed.
rule: {pattern: print($$$A)}
---
id: no-log
language: JavaScript
severity: info
message: Logged.
rule: {pattern: console.log($$$A)}
RULES
rules=(--no-builtin --rules "$work/rules.yml")
review() { run review "${rules[@]}" "$@"; }
