#!/usr/bin/env bash
# service_api.sh PROGRAM [SANITIZER]: every answer of the API is as web/openapi.json describes it, with data in all listings.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/service_lib.sh"
command -v curl >/dev/null && command -v node >/dev/null || { echo "skipped: curl or node is not there"; exit 77; }
build=$(realpath "$here/../../build")
"$here/../parity/install.sh" "$build" >/dev/null || exit

service_settings <<<'workers: 1'
service_start || finish
forge_new app
printf 'import os\n\n\ndef run(name):\n    return name\n' >app.py
commit base
git push -q origin main
git checkout -q -b topic
printf 'import os\n\n\ndef run(name):\n    if name is "admin":\n        return eval(input())\n    return name\n' >app.py
commit change
pull_put app 1 '{"state":"open","title":"A change","author":"ada","base":"main","head":"topic"}'
pull_push app 1
hook "$(pull_event app 1 opened d1)"
check 'a review' jobs_settle
printf 'import os\n\n\ndef run(name):\n    if name == "admin":\n        return eval(input())\n    return name\n' >app.py
commit fix
pull_push app 1
hook "$(pull_event app 1 updated d2)"
check 'a second one, with threads' jobs_settle
api /rules
post /rules/mute 'integration=here&repository=team/app&rule=python-eval-input'
check 'a rule is muted' answers 303
pull_put app 2 '{"state":"open","title":"No head","author":"ada","base":"main","head":"none"}'
hook "$(pull_event app 2 opened d3)"

viewer=$(token 'role=viewer')
check 'a token is made' [ -n "$viewer" ]
node "$here/service_api.mjs" "$build/peers" "$here/../.." "$url" "$viewer" >"$out" 2>"$err"
status=$?
grep -v '^ok' "$out"
check 'every answer is as described' exits 0
check 'and many were asked for' [ "$(grep -c '^ok 200' "$out")" -ge 12 ]

# ---- what changes something ----

bearer() { code=$(curl -s -o "$out" -w '%{http_code}' -X "$1" -H "Authorization: Bearer $3" "$url$2"); }
operator=$(token 'role=operator')
bearer POST /api/v1/jobs/1/cancel "$viewer"
check 'a viewer cancels nothing' all answers 403 -- json 'r.error.includes("operator")'
bearer POST /api/v1/jobs/1/cancel "$operator"
check 'a job that ended is not cancelled' all answers 404 -- json 'typeof r.error === "string"'
worker=$(pgrep -P "$service_pid" -f -- '--role worker')
kill -STOP "$worker" # so that the job is there long enough
hook "$(pull_event app 2 edited d4)"
api /api/v1/jobs
waiting=$(node -p 'JSON.parse(require("fs").readFileSync(0)).items.find((j) => ["queued", "leased"].includes(j.state))?.id ?? 0' <"$out")
check 'a job waits' [ "$waiting" -gt 0 ]
bearer POST "/api/v1/jobs/$waiting/cancel" "$operator"
check 'an operator cancels it' all answers 200 -- json 'Object.keys(r).length === 0'
kill -CONT "$worker"
for ((i = 0; i < 100 * slow; i++)); do
	api "/api/v1/jobs/$waiting"
	json 'r.state === "cancelled" || r.state === "dead"' && break
	sleep 0.1
done
bearer POST "/api/v1/jobs/$waiting/retry" "$operator"
check 'and retries it' all answers 200 -- json 'Object.keys(r).length === 0'
bearer POST /api/v1/jobs/nothing/retry "$operator"
check 'no number: not found' answers 404
bearer DELETE /api/v1/jobs/1 "$operator"
check 'another method: not allowed' answers 405
service_stop
check 'SIGTERM ends it well' exits 0
finish
