#!/usr/bin/env bash
# service_http.sh PROGRAM [SANITIZER]: hostile requests, forged deliveries, hostile text on the pages, sessions.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/service_lib.sh"
command -v curl >/dev/null && command -v node >/dev/null || { echo "skipped: curl or node is not there"; exit 77; }

service_settings <<<'workers: 1'
forges='github gitlab gitea forgejo gerrit generic'
export FORGE_TOKEN=forge-token
for one in $forges; do
	case $one in
	gitlab) api=/api/v4 ;;
	gitea | forgejo) api=/api/v1 ;;
	*) api= ;;
	esac
	echo "  - {name: $one, forge: $one, url: \"https://forge.example$api\", secrets: \"env:HOOK_SECRET\", user: outrider, token: \"env:FORGE_TOKEN\"}"
done >"$work/more"
sed -i "/^    secrets: env:HOOK_SECRET/r $work/more" "$work/outrider.yml"
service_start || finish
gateway=$(pgrep -P "$service_pid" -f -- '--role gateway')

# ---- text that would be markup ----

mark='<img src=x onerror=alert(1)>'
forge_new app
printf 'import os\n' >app.py
commit base
git push -q origin main
git checkout -q -b 'topic<b>'
printf 'import os\n\n\ndef run(name):\n    return eval(input("</code></td><script>alert(2)</script>"))\n' >"$mark.py"
commit change
pull_put app 1 "{\"state\":\"open\",\"title\":\"$mark title\",\"author\":\"$mark ada\",\"base\":\"main\",\"head\":\"topic<b>\"}"
pull_push app 1
hook "{\"event\":\"pull.opened\",\"delivery\":\"$mark d1\",\"repository\":\"team/app\",\"number\":1,\"sender\":{\"login\":\"$mark ada\"},\"pull\":{\"title\":\"$mark title\",\"author\":{\"login\":\"$mark ada\"},\"base_ref\":\"main\",\"head_ref\":\"topic<b>\",\"head_oid\":\"$(git rev-parse HEAD)\"}}"
check 'an event with hostile names' answers 202
check 'is reviewed' jobs_settle
hook "{\"event\":\"pull.opened\",\"delivery\":\"d2\",\"repository\":\"team/$mark\",\"number\":2,\"sender\":{\"login\":\"x\"},\"pull\":{\"title\":\"t\",\"author\":{\"login\":\"x\"},\"base_ref\":\"main\",\"head_ref\":\"t\",\"head_oid\":\"$(git rev-parse HEAD)\"}}"
jobs_settle
post /rules/mute "integration=here&repository=team/app&rule=%3Cscript%3Ealert(3)%3C/script%3E"
check 'a rule of a hostile name' answers 303
post /tokens 'label=%3Cscript%3Ealert(4)%3C/script%3E&role=viewer&days=1'
check 'a token of a hostile name' answers 200
is_text() { ! grep -qiE '<img|<script>|onerror=alert\(1\)>|<b>[^O0-9]' "$out"; }
for page in / /jobs /jobs/1 /jobs/2 /pulls /pulls/here/1/team/app /reviews /reviews/1 /rules /repositories /deliveries /ci /workers /rates /audit /tokens \
	'/jobs?state=%3Cscript%3E' '/pulls/%3Cscript%3E/1/%3Cscript%3E' '/%3Cscript%3Ealert(5)%3C/script%3E'; do
	api "$page"
	check "page $page has no markup of others" is_text
done
api /reviews/1
check 'the path is shown as text' shows '&lt;img src=x onerror=alert(1)&gt;.py'
check 'and the source' shows '&lt;/code&gt;&lt;/td&gt;&lt;script&gt;alert(2)'
api /pulls/here/1/team/app
check 'and the title' shows '&lt;img src=x onerror=alert(1)&gt; title'
api /audit
check 'and the rule' shows '&lt;script&gt;alert(3)'
code=$(curl -s -o "$out" -w '%{http_code}' "$url/login/callback?error=%3Cscript%3E")
check 'there is no login service here' answers 404

# ---- headers, sessions, forms ----

header() { curl -s -o /dev/null -D - -b "$work/jar" "$url$1" | tr -d '\r'; }
for page in / /reviews/1 /login /none-such /jobs/0; do
	header "$page" >"$out"
	[ "$page" = /none-such ] || check "$page: a policy for its contents" all grep -qi "^content-security-policy: default-src 'none'; style-src 'self'; script-src 'self'" "$out" -- \
		grep -qi "frame-ancestors 'none'" "$out" -- grep -qi '^cache-control: no-store' "$out"
	check "$page: its type is not guessed" grep -qi '^x-content-type-options: nosniff' "$out"
done
curl -s -o /dev/null -D "$out" -d "token=$ADMIN_TOKEN" "$url/login"
check 'a session is for our pages alone' grep -qiE '^set-cookie: outrider=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200' "$out"
other=$(sed -nE 's/^[Ss]et-[Cc]ookie: outrider=([0-9a-f]+).*/\1/p' "$out")
form() { code=$(curl -s -o "$out" -w '%{http_code}' -b "outrider=$1" -d "csrf=$2" -d "${4-x=1}" "$url$3"); }
mine=$(awk '/outrider/ { print $7 }' "$work/jar")
[ -n "$mine" ] || mine=$other
csrf=$(curl -s -b "outrider=$mine" "$url/" | sed -nE 's/.*name=csrf value="([0-9a-f]+)".*/\1/p' | head -n 1)
form "$other" "$csrf" /repositories 'integration=here&name=team/app&paused=yes'
check "another session's form is refused" answers 403
form "$mine" '' /repositories 'integration=here&name=team/app&paused=yes'
check 'a form without its text is refused' answers 403
for path in /jobs/1/retry /jobs/1/cancel /rules/mute /rules/lift /repositories /tokens /logout /api/v1/jobs/1/retry; do
	form "$mine" "${csrf}0" "$path"
	check "$path: a wrong text is refused" answers 403
	code=$(curl -s -o "$out" -w '%{http_code}' -b "outrider=$mine" "$url$path?csrf=$csrf")
	[ "$path" = /repositories ] || [ "$path" = /tokens ] || check "$path: not by a link" answers 405
done
form "$mine" "$csrf" /repositories 'integration=here&name=team/app&paused=no'
check 'the right one is taken' answers 303
form "$other" "$(curl -s -b "outrider=$other" "$url/" | sed -nE 's/.*name=csrf value="([0-9a-f]+)".*/\1/p' | head -n 1)" /logout
check 'logging out' answers 303
code=$(curl -s -o "$out" -w '%{http_code}' -b "outrider=$other" "$url/api/v1/status")
check 'ends the session' answers 401

# ---- forged deliveries ----

body='{"action":"opened","number":1}'
right=$(printf %s "$body" | openssl dgst -sha256 -hmac "$HOOK_SECRET" -r | cut -d' ' -f1)
wrong=$(printf %s "$body" | openssl dgst -sha256 -hmac "" -r | cut -d' ' -f1)
sha1=$(printf %s "$body" | openssl dgst -sha1 -hmac "$HOOK_SECRET" -r | cut -d' ' -f1)
send() { # INTEGRATION HEADER...
	local to=$1 args=()

	shift
	for one; do args+=(-H "$one"); done
	code=$(curl -s -o "$out" -w '%{http_code}' -H 'Content-Type: application/json' -H 'X-GitHub-Event: pull_request' -H 'X-GitHub-Delivery: g1' \
		-H 'X-Gitlab-Event: Merge Request Hook' -H 'X-Gitea-Event: pull_request' -H 'X-Gitea-Delivery: g1' -H 'X-Event-Key: pullrequest:created' \
		-H 'X-Request-UUID: u1' "${args[@]}" --data-binary "$body" "$url/hooks/$to")
}
for to in here $forges; do
	for name in X-Hub-Signature-256 X-Hub-Signature X-Gitea-Signature X-Forgejo-Signature X-Gogs-Signature X-Gitlab-Token webhook-signature Authorization; do
		for value in 'sha256=' "sha256=$wrong" "sha256=${right%?}" "sha256=${right}0" "sha1=$sha1" "$wrong" 'sha256=sha256=' 'Basic Og==' 'v1,' 'null'; do
			send "$to" "$name: $value"
			[ "$code" = 401 ] || check "$to: '$name: $value' is refused" answers 401
		done
		send "$to" "$name;"
		[ "$code" = 401 ] || check "$to: an empty $name is refused" answers 401
	done
	send "$to"
	check "$to: no signature is refused, as were all forged ones" answers 401
	send "$to" "X-Hub-Signature-256: sha256=$wrong" "X-Hub-Signature-256: sha256=${right}"
	check "$to: two signatures" [ "$code" != 202 ]
done
for to in github here; do
	send "$to" "X-Hub-Signature-256: sha256=$right"
	check "$to: the right one is taken" answers 202
done
send gitea "X-Gitea-Signature: $right"
check 'gitea: the right one is taken' answers 202
send gitlab "X-Gitlab-Token: $HOOK_SECRET"
check 'gitlab: the right one is taken' answers 202
send github "X-Hub-Signature-256: sha256=$right"
check 'github: once' all answers 202 -- shows known

# ---- the wire ----

node "$here/service_http.mjs" "${url#http://}" "$mine" "$HOOK_SECRET" >"$out" 2>"$err"
status=$?
grep -v '^ok' "$out"
check 'hostile requests are refused' exits 0
check 'and all were tried' [ "$(grep -c '^ok' "$out")" -ge 55 ]

# ---- guessing ----

for ((i = 0; i < 15; i++)); do
	code=$(curl -s -o "$out" -w '%{http_code}' -d token=guess "$url/login")
	[ "$code" = 429 ] && break
done
check 'guessing is stopped' answers 429
code=$(curl -s -o "$out" -w '%{http_code}' -b "outrider=$mine" "$url/jobs")
check 'who is in stays in' answers 200
check 'the gateway is the one that began' [ "$(pgrep -P "$service_pid" -f -- '--role gateway')" = "$gateway" ]
service_stop
check 'SIGTERM ends it well' exits 0
echo 'url: https://outrider.example' >>"$work/outrider.yml"
service_start || finish
curl -s -o /dev/null -D "$out" -d "token=$ADMIN_TOKEN" "$url/login"
check 'behind https the session is for https alone' grep -qiE '^set-cookie: outrider=[^;]+; .*; Secure' "$out"
service_stop
finish
