#!/usr/bin/env bash
# service.sh PROGRAM [SANITIZER]: the whole service with a local forge: events in, comments out, nothing twice.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/service_lib.sh"
command -v curl >/dev/null && command -v node >/dev/null || { echo "skipped: curl or node is not there"; exit 77; }

# ---- settings ----

service_settings <<<'workers: 2'
run serve --check --config "$work/outrider.yml"
check 'settings are read' all exits 0 -- shows '1 integration,'
run serve --config "$work/none.yml"
check 'no settings: which file' all exits 2 -- says none.yml
echo 'lisen: a' >"$work/wrong.yml"
run serve --config "$work/wrong.yml"
check 'a wrong key: its place and a guess' all exits 2 -- says "wrong.yml:1:1: unknown key 'lisen'; did you mean 'listen'?"

service_start || finish

# ---- what comes in ----

forge_new app
printf 'import os\n\n\ndef run(name):\n    return name\n' >app.py
commit base
git push -q origin main
git checkout -q -b topic
printf 'import os\n\n\ndef run(name):\n    if name is "admin":\n        return eval(input())\n    return name\n' >app.py
commit change
pull_put app 1 '{"state":"open","title":"A change","author":"ada","base":"main","head":"topic"}'
pull_push app 1

event=$(pull_event app 1 opened d1)
hook "$event" wrong-secret
check 'a wrong signature is refused' answers 401
hook "$event" ''
check 'an empty secret is refused' answers 401
code=$(curl -s -o "$out" -w '%{http_code}' --data-binary "$event" "$url/hooks/here")
check 'no signature is refused' answers 401
code=$(curl -s -o "$out" -w '%{http_code}' --data-binary "$event" "$url/hooks/there")
check 'an unknown integration is not found' answers 404
code=$(curl -s -o "$out" -w '%{http_code}' "$url/hooks/here")
check 'a webhook is a POST' answers 405
head -c 26500000 /dev/zero >"$work/large"
code=$(curl -s -o "$out" -w '%{http_code}' -H 'Expect:' --data-binary "@$work/large" "$url/hooks/here")
check 'a body over 25 MB is refused' answers 413
rm "$work/large"
hook '{"event":"pull.opened"'
check 'what is signed and cannot be read is kept' all answers 202 -- shows ignored
hook "$event"
check 'an event is taken' all answers 202 -- shows queued
hook "$event"
check 'the same delivery again is known' all answers 202 -- shows known
check 'its job ends' jobs_settle

# ---- what goes out ----

check 'one comment for each finding' has_threads app 1 'app.py:5 python-is-literal open,app.py:6 python-eval-input open'
check 'the check tells of findings' checked app findings
hook "$(pull_event app 1 edited d2)"
jobs_settle
check 'the same head again: nothing twice' has_threads app 1 'app.py:5 python-is-literal open,app.py:6 python-eval-input open'

printf '# one\n# two\nimport os\n\n\ndef run(name):\n    if name == "admin":\n        return eval(input())\n    return name\n' >app.py
commit fix
pull_push app 1
hook "$(pull_event app 1 updated d3)"
check 'a second push is reviewed' jobs_settle
check 'fixed: resolved; moved: not said again' \
	has_threads app 1 'app.py:5 python-is-literal resolved,app.py:6 python-eval-input open'
git checkout -q main
printf 'unrelated\n' >other.txt
commit other
git push -q origin main
git checkout -q topic
git rebase -q main
pull_push app 1
hook "$(pull_event app 1 updated d4)"
check 'a force-push after a rebase is reviewed' jobs_settle
check 'after a rebase: nothing twice' \
	has_threads app 1 'app.py:5 python-is-literal resolved,app.py:6 python-eval-input open'
printf 'import os\n\n\ndef run(name):\n    return name.strip()\n' >app.py
commit clean
pull_push app 1
hook "$(pull_event app 1 updated d5)"
jobs_settle
check 'all is fixed: all is resolved' \
	has_threads app 1 'app.py:5 python-is-literal resolved,app.py:6 python-eval-input resolved'
check 'the check is clean' checked app clean

# ---- events that do not tell the head: each is a job, the running one may have seen an older head ----

pull_put app 4 '{"state":"open","title":"Headless","author":"ada","base":"main","head":"topic"}'
pull_push app 4
for i in 1 2; do
	hook '{"event":"pull.updated","delivery":"headless'$i'","repository":"team/app","number":4,"sender":{"login":"ada"}}'
done
jobs_settle
api /api/v1/jobs
check 'two events without a head are two jobs' json 'r.items.filter(i => i.number === 4).length === 2'

# ---- a plain git push, by the hook of docs/local-forge.md ----

awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$here/../../docs/local-forge.md" |
	sed "s|^forge=/srv/forge|forge=$forge|" >"$forge/team/app.git/hooks/post-receive"
chmod +x "$forge/team/app.git/hooks/post-receive"
pull_put app 5 '{"title": "Pushed", "author": "ada", "base": "main", "head": "pushed", "state": "open"}'
git checkout -q -b pushed main
printf 'def run(name):\n    return name is "admin"\n' >pushed.py
commit pushed
git push -q origin pushed
is_reviewed() {
	local i

	for ((i = 0; i < 100 * slow; i++)); do
		! grep -qs '"completed"' "$forge/team/app.forge/checks/$(git rev-parse HEAD).json" || return 0
		sleep 0.1
	done
	return 1
}
check 'a push is told by the hook of the docs' all is_reviewed -- has_threads app 5 'pushed.py:2 python-is-literal open'

# ---- what became of the comments ----

figures() { # RULE: its figures as "fixed N, ignored N", over all paths
	api '/api/v1/rules?repository=team/app'
	json '(l => console.log(l.map(i => `fixed ${i.fixed}, ignored ${i.ignored}`).join()) || true)(r.items.filter(i => i.rule === "'"$1"'" && i.prefix === ""))'
}
has_figures() { local is; is=$(figures "$1"); [ "$is" = "$2" ] || { echo "# $1: $is"; cat "$out"; false; }; }
pull_put app 6 '{"state":"open","title":"Merged","author":"ada","base":"main","head":"merged"}'
git checkout -q -b merged main
printf 'def run(name):\n    eval(input())\n    return name is "root"\n' >merged.py
commit merged
pull_push app 6
hook "$(pull_event app 6 opened d8)"
jobs_settle
check 'two comments' has_threads app 6 'merged.py:2 python-eval-input open,merged.py:3 python-is-literal open'
# fixed and merged before anybody looked at it again: only git knows
printf 'def run(name):\n    eval(input())\n    return name == "root"\n' >merged.py
commit 'fix one'
pull_push app 6
git checkout -q main
git merge -q --no-ff -m 'Merge 6' merged
git push -q origin main
git checkout -q merged
pull_put app 6 '{"state":"merged","title":"Merged","author":"ada","base":"main","head":"merged"}'
hook "$(pull_event app 6 merged d9)"
jobs_settle
check 'fixed at the merge' has_figures python-is-literal 'fixed 1, ignored 0'
check 'ignored at the merge' has_figures python-eval-input 'fixed 0, ignored 1'

# ---- silence ----

git checkout -q -b quiet main
printf 'import os\n\n\ndef run(name):\n    return name.upper()\n' >app.py
commit quiet
pull_put app 2 '{"state":"open","title":"Quiet","author":"ada","base":"main","head":"quiet"}'
pull_push app 2
hook "$(pull_event app 2 opened d6)"
jobs_settle
check 'a clean pull request gets a check' checked app clean
check 'and not a word' not test -e "$forge/team/app.forge/pulls/2/comments"
hook "$(pull_event app 3 opened d7 ',"draft":true')"
check 'a draft is ignored' all answers 202 -- shows ignored

# ---- the pages ----

code=$(curl -s -o "$out" -w '%{http_code}' "$url/jobs")
check 'nobody sees a page without logging in' answers 303
code=$(curl -s -o "$out" -w '%{http_code}' "$url/api/v1/jobs")
check 'nor the API' answers 401
code=$(curl -s -o "$out" -w '%{http_code}' -d token=wrong "$url/login")
check 'a wrong token does not log in' answers 401
for page in / /jobs /jobs/1 /pulls /pulls/here/1/team/app /reviews /reviews/1 /rules /repositories /deliveries /ci /workers /audit; do
	api "$page"
	check "page $page" all answers 200 -- shows '</html>'
done
api /jobs/99999
check 'a job that is not there' answers 404
code=$(curl -s -b "$work/jar" -o "$out" -w '%{http_code}' -X POST -d x=1 "$url/jobs/1/retry")
check 'a form without the text of its session is refused' answers 403
api /metrics
check 'metrics' all answers 200 -- shows 'outrider_deliveries_total{result="taken"}'
code=$(curl -s -H 'X-Forwarded-For: 192.0.2.1' -o "$out" -w '%{http_code}' "$url/metrics")
check 'but not through the proxy' answers 401
api /api/v1/reviews
check 'the API lists reviews' json 'r.items.length >= 5 && r.items.every(i => i.repository === "team/app")'

# ---- who knows what ----

knows() { tr '\0' '\n' <"/proc/$1/environ" | grep -q "^$2="; }
role_pid() { pgrep -P "$service_pid" -f -- "--role $1" | head -n 1; }
check 'the gateway has the secret of webhooks' knows "$(role_pid gateway)" HOOK_SECRET
check 'the broker has not' not knows "$(role_pid broker)" HOOK_SECRET
check 'a worker has none' not knows "$(role_pid worker)" HOOK_SECRET
check 'the log has no secret' not grep -qE 'hook-secret|admin-token' "$work/log"

# ---- the end ----

children=$(pgrep -P "$service_pid" | wc -l)
check 'four processes serve' [ "$children" -eq 4 ]
service_stop
check 'SIGTERM ends it well' exits 0
check 'and nothing is left' not pgrep -f "$work/outrider.yml"
finish
