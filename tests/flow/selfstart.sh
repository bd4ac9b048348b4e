#!/usr/bin/env bash
# selfstart.sh PROGRAM [SANITIZER]: the self-test of the sandbox decides whether a worker takes jobs: what it found out is believed only
# where it was found out, and a worker whose sandbox does not hold keeps its events for later.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/service_lib.sh"
command -v curl >/dev/null && command -v node >/dev/null || { echo "skipped: curl or node is not there"; exit 77; }
[ -s "$record" ] || { echo "skipped: there is no $record"; exit 77; }
verdict=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).verdict' "$record")

# ---- a copy of the program with tricks of our choice ----

# rig [TRICK...]: what the self-test of the copy tries: the controls, and lines of our own
mkdir "$work/bin"
cp "$(dirname "$program")"/outrider* "$work/bin/"
mv "$work/bin/outrider-tricks" "$work/bin/outrider-tricks-real"
rig() {
	printf '%b' "$@" >"$work/bin/more"
	cat >"$work/bin/outrider-tricks" <<-SH
		#!/bin/sh
		case \$1 in
		--list) $work/bin/outrider-tricks-real --list | grep -E '^(E01|F01|F09|F11|N01|P12|K31)	'; cat $work/bin/more ;;
		Z01) echo any >result ;;
		*) exec $work/bin/outrider-tricks-real "\$@" ;;
		esac
	SH
	chmod 755 "$work/bin/outrider-tricks"
	echo "# $*" >>"$work/bin/outrider-tricks"
}
# a file that any job may leave: that it is there counts as an escape only because no baseline lists it
escaping='Z01\tplanted\tplanted result\ta file that every job may leave\n'
rigged() { local real=$program; program=$work/bin/outrider; "$@"; local code=$?; program=$real; return $code; }
# try: `run`, with the copy
try() { rigged run "$@"; }

# ---- the record ----

try_record() { try sandbox selftest --record "$work/own.json" "$@"; }
rig
try_record
held=$status
if [ "$held" -eq 0 ]; then
	check 'controls alone: held' shows 'the sandbox holds: 14 attempts, none got out but 0'
else
	check 'no sandbox here: not tried, and why' all exits 3 -- shows 'the sandbox was not tried, this host cannot make it'
fi
check 'it is for us alone' [ "$(stat -c %a "$work/own.json")" = 600 ]
before=$(stat -c %i "$work/own.json")
try_record --if-needed
check 'one of today is kept' [ "$(stat -c %i "$work/own.json")" = "$before" ]
rig '\n'
try_record
check 'a list of another version is refused' exits 2
rig
sed -i 's/F09|F11|N01|P12|K31/F09/' "$work/bin/outrider-tricks"
rm "$work/own.json"
try_record
if [ "$held" -eq 0 ]; then
	check 'a list without the controls proves nothing' all exits 3 -- shows 'could not be found out: the list of tricks lacks those that must work'
fi
run sandbox selftest --record "$work/own.json" --only files
check 'a part is no record' all exits 2 -- says '--record is of all tricks'
run sandbox selftest --if-needed
check 'without --record nothing is needed' all exits 2 -- says 'are for --record'
run sandbox selftest --record "$work/none/own.json"
check 'a folder that is not there' all exits 2 -- says "create '$work/none/own.json.lock'"

# ---- which records count ----

service_settings <<<'workers: 1'
sed -i "s|^selftest: .*|selftest: $work/tried.json|" "$work/outrider.yml"
# counts WORDS: what doctor says of it
counts() { run doctor --config "$work/outrider.yml"; shows "$1"; }
# not_counted WHY [SED]: a copy of the good one, changed
change() { sed "$1" "$record" >"$work/tried.json"; chmod 600 "$work/tried.json"; }
good='sandbox: the sandbox'
change ''
check 'a good one counts' counts "$good"
change 's/"kernel": "/"kernel": "x/'
check 'of another kernel' counts 'does not count: of another kernel'
change 's/"boot": "/"boot": "x/'
check 'of an earlier start' counts 'does not count: of an earlier start of this machine'
change 's/"program": "./"program": "x/'
check 'of another program' counts 'does not count: of another version of this program'
change 's/"tricks": "./"tricks": "x/'
check 'of other tricks' counts 'does not count: of other tricks'
change 's/"user": \([0-9]*\)/"user": 1\1/'
check 'of another user' counts 'does not count: of another user'
change 's/"verdict": .*/"verdict": "escaped",/'
check 'a verdict that its figures do not bear' counts 'no record of a self-test'
change 's/"verdict": .*/"verdict": "fine",/'
check 'an unknown verdict' counts 'no record of a self-test'
change 's/"why": /"more": 1, "why": /'
check 'an unknown member' counts 'no record of a self-test'
head -c 200 "$record" >"$work/tried.json"
check 'cut off' counts 'no JSON'
: >"$work/tried.json"
check 'empty' counts 'no JSON'
{ cat "$record"; head -c 100000 /dev/zero | tr '\0' ' '; } >"$work/tried.json"
check 'huge' counts 'more than 65536 bytes'
change ''
chmod 620 "$work/tried.json"
check 'writable by a group' counts 'others may write it'
change ''
ln "$work/tried.json" "$work/second.json"
check 'with a second name' counts 'it has 2 names'
rm "$work/second.json"
mv "$work/tried.json" "$work/real.json"
ln -s real.json "$work/tried.json"
check 'a symlink' counts 'a symlink'
rm "$work/tried.json"
mkfifo "$work/tried.json"
check 'a pipe' counts 'no regular file'
rm "$work/tried.json"
check 'none' counts 'there is none'
if [ "$(id -u)" -eq 0 ]; then
	change ''
	chown 65534 "$work/tried.json"
	check "somebody else's" counts 'of another user'
	rm "$work/tried.json"
fi

# ---- the service with a good one ----

service_settings <<<'workers: 1'
cp -p "$record" "$work/copy.json"
sed -i "s|^selftest: .*|selftest: $work/copy.json|" "$work/outrider.yml"
service_start || finish
forge_new app
printf 'def run(name):\n    return name\n' >app.py
commit base
git push -q origin main
git checkout -q -b topic
printf 'def run(name):\n    return eval(input())\n' >app.py
commit change
pull_put app 1 '{"state":"open","title":"A change","author":"ada","base":"main","head":"topic"}'
pull_push app 1
hook "$(pull_event app 1 opened d1)"
check 'a good record: jobs run' all jobs_settle -- has_threads app 1 'app.py:2 python-eval-input open'
rm "$work/copy.json"
sleep 2
hook "$(pull_event app 1 edited d0)"
check 'a record that is gone is not forgotten' all answers 202 -- jobs_settle -- not test -e "$work/copy.json"
check 'and no self-test was needed' not grep -q 'self-test of the sandbox begins' "$work/log"
# ready_says JOBS: it is a second late
ready_says() {
	local i

	for ((i = 0; i < 30; i++)); do
		curl -s "$url/readyz" >"$out"
		! shows "{\"status\":\"ready\",\"jobs\":\"$1\"}" >/dev/null || return 0
		sleep 0.1
	done
	return 1
}
check '/readyz says so' ready_says run
service_stop
if [ "$verdict" = 'not tried' ] || [ "$held" -ne 0 ]; then
	echo '# what escapes cannot be tried: this host can make no sandbox'
	finish
fi

# ---- one of yesterday, and a host that can make no sandbox ----

# waits for words in the log, half a minute
logged() {
	local i

	for ((i = 0; i < 300 * slow; i++)); do
		! grep -q "$1" "$work/log" || return 0
		sleep 0.1
	done
	tail -n 5 "$work/log"
	return 1
}
# made_anew FILE: within the last minutes
made_anew() {
	local i

	for ((i = 0; i < 300 * slow; i++)); do
		! [ "$(sed -nE 's/ "made": ([0-9]+),/\1/p' "$1")" -gt $(($(date +%s) - 3600)) ] || return 0
		sleep 0.1
	done
	return 1
}
rig
try sandbox selftest --record "$work/old.json"
sed -E 's/("made": )[0-9]+/\1'$(($(date +%s) - 100000))'/' "$work/old.json" >"$work/older.json"
chmod 600 "$work/older.json"
service_settings <<<'workers: 1'
sed -i "s|^selftest: .*|selftest: $work/older.json|" "$work/outrider.yml"
rigged service_start || finish
check 'an old one is made anew' all logged 'the self-test of the sandbox begins' -- made_anew "$work/older.json"
check 'while jobs go on' not grep -q 'jobs wait' "$work/log"
service_stop
lack=$(dirname "$program")/sandbox_lack
if [ -z "$sanitizer" ] && [ -x "$lack" ]; then
	"$lack" pidns -- "$program" sandbox selftest --record "$work/none.json" >"$out" 2>"$err"
	status=$?
	check 'a kernel without process namespaces: not tried' all exits 3 -- shows 'the sandbox was not tried, this host cannot make it; reviews run in a confinement of their own: sandbox: refused: this host lacks a process namespace'
	service_settings <<<'workers: 1'
	sed -i "s|^selftest: .*|selftest: $work/none.json|" "$work/outrider.yml"
	run doctor --config "$work/outrider.yml"
	check 'doctor notes it' shows 'note  sandbox: the sandbox was not tried'
	service_start || finish
	check 'the log warns' logged '"level":"warning","role":"worker","message":"the sandbox was not tried'
	hook "$(pull_event app 1 edited d7)"
	check 'reviews go on' all answers 202 -- jobs_settle
	check 'and it is no state that holds them' ready_says run
	curl -s "$url/metrics" >"$out"
	check 'a metric tells it' shows ',state="not tried"} 1'
	service_stop
fi

# ---- something gets out ----

rig "$escaping"
service_settings <<<'workers: 2'
sed -i "s|^selftest: .*|selftest: $work/bad.json|" "$work/outrider.yml"
rigged service_start || finish
check 'it is tried at the start' logged 'the self-test of the sandbox begins'
check 'the log names what got out' logged 'the sandbox does not hold: Z01 (a file that every job may leave) got out of wall build: result is there afterwards; 2 in all: this worker takes no jobs'
printf 'def run(name):\n    return eval(input()) is "a"\n' >app.py
commit 'another change'
pull_push app 1
hook "$(pull_event app 1 updated d2)"
check 'events are taken' all answers 202 -- shows queued
sleep 2
api /api/v1/status
check 'their jobs wait' json 'r.jobs.queued === 1 && r.jobs.leased === 0'
check 'no analyst was started, nothing was posted' has_threads app 1 'app.py:2 python-eval-input open'
curl -s -o "$out" -w '%{http_code}' "$url/readyz" >"$work/code"
check '/readyz: ready for webhooks, no jobs, no details' all [ "$(cat "$work/code")" = 200 ] -- ready_says stopped
curl -s "$url/metrics" >"$out"
check 'a metric' shows ',state="escaped"} 1'
api /
check 'the page' all shows 'No jobs run: the test of the sandbox has failed.' -- shows 'got out of wall build'
api /api/v1/workers
check 'the API' json 'r.items.every(w => w.selftest === "escaped" && w.selftest_text.includes("Z01"))'
try doctor --config "$work/outrider.yml"
check 'doctor' all exits 1 -- shows 'FAIL  sandbox: the sandbox does not hold: Z01'

rigged service_stop
rigged service_start || finish
check 'a start tries again' all logged 'the self-test of the sandbox begins' -- logged 'does not hold: Z01'
sleep 1
api /api/v1/status
check 'and still takes no job' json 'r.jobs.queued === 1'
kill -9 $(pgrep -P "$service_pid" -f 'role worker')
sleep 3
api /api/v1/status
check 'neither do workers that start anew' json 'r.jobs.queued === 1 && r.jobs.leased === 0'

rig
try sandbox selftest --record "$work/bad.json"
check 'mended, and tried by hand' exits 0
check 'the event was not lost' all jobs_settle -- has_threads app 1 'app.py:2 python-eval-input open,app.py:2 python-is-literal open'
check 'the log says it, too' logged 'the sandbox holds'
rig "$escaping"
try sandbox selftest --record "$work/bad.json"
check 'a running service is stopped by a bad one' all exits 1 -- logged 'this worker takes no jobs'
rigged service_stop
check 'its end is orderly' exits 0

# ---- killed ----

living() {
	local p

	for p in /proc/[0-9]*/exe; do
		case $(readlink "$p") in "$work"/*) echo "$p" ;; esac
	done
}
none_lives() {
	local i

	for ((i = 0; i < 100 * slow; i++)); do
		[ -n "$(living)" ] || return 0
		sleep 0.1
	done
	for p in $(living); do tr '\0' ' ' <"${p%/exe}/cmdline"; echo; done
	return 1
}
cp "$work/bin/outrider-tricks-real" "$work/bin/outrider-tricks"
# under_way: some tricks were tried
under_way() {
	local i

	for ((i = 0; i < 200 * slow; i++)); do
		api /api/v1/workers
		json 'r.items.some(w => /running, [1-9][0-9]+ of/.test(w.selftest_text))' && return
		sleep 0.1
	done
	cat "$out"
	return 1
}
rm -f "$work/bad.json"
rigged service_start || finish
check 'all tricks: it is under way' under_way
check 'jobs wait' ready_says wait
timeout 2 "$program" sandbox selftest --record "$work/bad.json" >"$out" 2>"$err"
check 'one at a time' says 'another self-test is running that writes'
kill -9 "$service_pid"
wait "$service_pid" 2>/dev/null
service_pid=''
check 'kill -9 of the service: no process is left' none_lives
rigged service_start || finish
check 'once more under way' under_way
rigged service_stop
check 'SIGTERM ends it at once' exits 0
check 'and no process is left' none_lives
check 'nor a record' not test -e "$work/bad.json"
rigged service_start || finish
check 'and again' under_way
kill -9 "$(pgrep -f "selftest.*--record $work/bad.json" | head -n 1)"
check 'kill -9 of the self-test: it is said' logged 'the self-test was ended by signal 9'
sleep 1
hook "$(pull_event app 1 edited d3)"
sleep 1
api /api/v1/status
check 'and no job runs' json 'r.jobs.leased === 0'
kill -9 $(pgrep -P "$service_pid") "$service_pid"
wait "$service_pid" 2>/dev/null
service_pid=''
check 'nothing of it is left' none_lives
rig
left=$(mktemp -d /var/tmp/outrider-selftest-XXXXXX)
echo any >"$left/secret"
try sandbox selftest --only E01
check 'a folder that was left is removed by the next one' not test -e "$left"
finish
