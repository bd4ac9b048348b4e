#!/usr/bin/env bash
# service_tenants.sh PROGRAM [SANITIZER]: two tenants in one service: whatever is the other's is not there, on every route.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/service_lib.sh"
command -v curl >/dev/null && command -v node >/dev/null || { echo "skipped: curl or node is not there"; exit 77; }

export OTHER_SECRET=other-secret
mkdir -p "$work/other/.spool" "$work/other/team"
service_settings <<<'workers: 1'
sed -i -e 's/^    forge: local/    tenant: ours\n    forge: local/' -e "s|^login:|  - {name: there, forge: local, tenant: theirs, path: $work/other, secrets: \"env:OTHER_SECRET\"}\nlogin:|" "$work/outrider.yml"
service_start || finish

pull() { # NAME: a pull request with a finding, its event
	forge_new "$1"
	printf 'import os\n' >app.py
	commit base
	git push -q origin main
	git checkout -q -b topic
	printf 'import os\n\n\ndef run(name):\n    return eval(input())\n' >app.py
	commit change
	pull_put "$1" 1 '{"state":"open","title":"A change","author":"ada","base":"main","head":"topic"}'
	pull_push "$1" 1
}
pull app
hook "$(pull_event app 1 opened d1)"
check 'an event of ours' answers 202
forge=$work/other integration=there
pull tucked
hook "$(pull_event tucked 1 opened d2)"
check "a secret of ours signs nothing for the other's address" answers 401
hook "$(pull_event tucked 1 opened d2)" "$OTHER_SECRET"
check "an event of theirs" answers 202
check 'both are reviewed' jobs_settle
# a dead letter: the forge does not know its pull request
hook "$(pull_event tucked 9 opened d3)" "$OTHER_SECRET"
jobs_settle

# ---- who ----

our=$(token 'role=admin&tenant=ours')
their=$(token 'role=admin&tenant=theirs&label=tucked')
check 'each has a token' all [ -n "$our" ] -- [ -n "$their" ]
post /tokens 'label=x&days=1&role=admin&tenant=nobody'
check 'a tenant that no integration has' answers 400
post /tokens 'label=x&days=1&role=king'
check 'no such role' answers 403

get() { code=$(curl -s -H "Authorization: Bearer $2" -o "$out" -w '%{http_code}' "$url$1"); }
pick() { node -p "const r = JSON.parse(require('fs').readFileSync('$out', 'utf8')); $1"; }
get /api/v1/jobs "$their"
check 'they see their jobs' json 'r.items.length >= 2 && r.items.every(i => i.integration === "there")'
job=$(pick 'r.items.at(-1).id')
dead=$(pick 'r.items.find(i => i.state === "dead")?.id ?? 0')
check 'one is a dead letter' [ "$dead" -gt 0 ]
get /api/v1/reviews "$their"
review=$(pick 'r.items[0].id')
hash=$(printf %s "$their" | sha256sum | cut -d' ' -f1)
# something of theirs in the audit: an act of their own
curl -s -o /dev/null -H "Authorization: Bearer $their" -d "integration=there&repository=team/tucked&rule=tucked-rule" "$url/rules/mute"

# ---- all routes ----

before=$(get /api/v1/repositories "$their"; cat "$out"; get /api/v1/jobs "$their"; cat "$out")
node "$here/service_tenants.mjs" "$here/../.." "$url" "$our" "$their" "{\"job\":$job,\"dead\":$dead,\"review\":$review,\"token\":\"$hash\"}" >"$out" 2>"$err"
status=$?
grep -v '^ok' "$out"
check "nothing of theirs is there for us" exits 0
check 'and much was asked for' [ "$(grep -c '^ok' "$out")" -ge 60 ]
after=$(get /api/v1/repositories "$their"; cat "$out"; get /api/v1/jobs "$their"; cat "$out")
check 'nothing of theirs changed' [ "$before" = "$after" ]

# ---- roles ----

viewer=$(token 'role=viewer&tenant=theirs') operator=$(token 'role=operator&tenant=theirs')
may() { code=$(curl -s -o "$out" -w '%{http_code}' -H "Authorization: Bearer $1" ${3+-d "$3"} "$url$2"); }
for path in /audit /tokens; do
	may "$viewer" "$path"
	check "a viewer does not see $path" answers 403
done
for path in "/jobs/$dead/retry" /rules/mute /rules/lift /repositories "/api/v1/jobs/$dead/retry" /tokens "/tokens/$hash/revoke"; do
	may "$viewer" "$path" 'integration=there&name=team/tucked&repository=team/tucked&rule=x'
	check "a viewer does not change $path" answers 403
done
may "$operator" /repositories 'integration=there&name=team/tucked&paused=yes'
check 'an operator does' answers 303
may "$operator" /tokens 'label=x&days=1&role=viewer'
check 'but makes no tokens' answers 403
may "$their" /tokens 'label=x&days=1&role=viewer'
check 'and no token makes tokens' all answers 403 -- shows 'by people'
may "$operator" /metrics
code=$(curl -s -o "$out" -w '%{http_code}' -H 'X-Forwarded-For: 192.0.2.1' -H "Authorization: Bearer $their" "$url/metrics")
check 'figures of all are not for one tenant' answers 401

# ---- the end of a token ----

api /tokens
check 'tokens are listed without their text' all answers 200 -- shows "$hash" -- not shows "$their"
post "/tokens/$hash/revoke" x=1
check 'a token is revoked' answers 303
get /api/v1/status "$their"
check 'and is worth nothing' answers 401
post "/tokens/$hash/revoke" x=1
check 'and is not there' answers 404
session=$(awk '/outrider/ { printf "%s", $7 }' "$work/jar" | sha256sum | cut -d' ' -f1)
post "/tokens/$session/revoke" x=1
check 'a login is no token' answers 404
code=$(curl -s -o "$out" -w '%{http_code}' -b "outrider=$our" "$url/api/v1/status")
check 'a token is no cookie' answers 401
secret=$(awk '/outrider/ { print $7 }' "$work/jar")
get /api/v1/status "$secret"
check 'and a cookie is no token' answers 401
check 'the log has no token' not grep -q outrider_ "$work/log"
service_stop
check 'SIGTERM ends it well' exits 0
finish
