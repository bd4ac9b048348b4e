#!/usr/bin/env bash
# service_login.sh PROGRAM [SANITIZER]: logging in with a login service (OpenID Connect), and all that may be wrong with its answer.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/service_lib.sh"
command -v curl >/dev/null && command -v node >/dev/null || { echo "skipped: curl or node is not there"; exit 77; }

export OIDC_SECRET='s3cret/with:signs&'
mkfifo "$work/hold"
node "$here/oidc_provider.mjs" outrider "$OIDC_SECRET" <"$work/hold" >"$work/provider" &
exec 9>"$work/hold"
for ((i = 0; i < 100; i++)); do [ -s "$work/provider" ] && break; sleep 0.1; done
issuer=http://127.0.0.1:$(cat "$work/provider")

# the address is in the settings, so the port must be known before
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
service_settings <<YML
workers: 0
url: http://127.0.0.1:$port
YML
sed -i -e "s/^listen: .*/listen: 127.0.0.1:$port/" \
	-e "s|^login: .*|login: {token: \"env:ADMIN_TOKEN\", issuer: \"$issuer/\", client_id: outrider, client_secret: \"env:OIDC_SECRET\", viewers: [readers, 'team-*'], operators: [ops], admins: [admins], role_claim: groups, tenant_claim: org.name}|" "$work/outrider.yml"
sed -i 's/^    forge: local/    forge: local\n    tenant: acme/' "$work/outrider.yml"
service_start || finish

escaped() { node -p 'encodeURIComponent(process.argv[1])' "$1"; }
acme='"org":{"name":"acme"}'
location() { sed -nE 's/^[Ll]ocation: ([^\r]*)\r?$/\1/p' "$1" | tail -n 1; }

# begin: to the service; its address in $there, the cookie in $work/login.jar
begin() {
	rm -f "$work/login.jar"
	code=$(curl -s -c "$work/login.jar" -D "$work/head" -o "$out" -w '%{http_code}' "$url/login/oidc")
	there=$(location "$work/head")
}
# allow MODE CLAIMS: what the service answers; the address back in $back
allow() { curl -s -D "$work/head" -o /dev/null "$there&mode=$1&claims=$(escaped "{$2}")"; back=$(location "$work/head"); }
come_back() { code=$(curl -s -b "$work/login.jar" -c "$work/login.jar" -D "$work/head" -o "$out" -w '%{http_code}' "$back"); }
# failures are counted, and ten in a minute close the door: a new process counts anew
failures=0
login() {
	if [ "$failures" -ge 9 ]; then
		service_stop
		service_start
		failures=0
	fi
	begin
	allow "$1" "$2"
	come_back
	[ "$code" = 303 ] || failures=$((failures + 1))
}
page() { code=$(curl -s -b "$work/login.jar" -o "$out" -w '%{http_code}' "$url$1"); }
goes_to() { [ "$(location "$work/head")" = "$1" ] || { echo "# to $(location "$work/head")"; false; }; }

# ---- well ----

code=$(curl -s -o "$out" -w '%{http_code}' "$url/login")
check 'the login page names the service' all answers 200 -- shows "Log in with $issuer"
begin
check 'to the service' all answers 303 -- grep -q "^http://127.0.0.1:.*/authorize?response_type=code&scope=openid" <<<"$there"
check 'with a challenge, a state and a nonce' grep -qE 'state=[0-9a-f]{64}&nonce=[0-9a-f]{64}&code_challenge=[A-Za-z0-9_-]{43}&code_challenge_method=S256$' <<<"$there"
check 'the cookie is for the login alone' grep -qiE '^set-cookie: outrider_login=[^;]+; Path=/login; HttpOnly; SameSite=Lax; Max-Age=600' "$work/head"
login good "\"groups\":[\"x\",\"readers\"],$acme"
check 'a viewer logs in' all answers 303 -- goes_to / -- grep -qiE '^set-cookie: outrider=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Lax' "$work/head"
page /
check 'who it is' all answers 200 -- shows 'Log out ada (u-17)'
page /audit
check 'is no operator' answers 403
old=$back
come_back
check 'the same answer again is refused: its cookie is gone' answers 403
login good "\"groups\":\"ops\",$acme"
page /audit
check 'a claim that is one text' answers 200
page /tokens
check 'an operator is no administrator' answers 403
login es256 "\"groups\":[\"readers\",\"admins\"],$acme"
page /tokens
check 'ES256; the highest role counts' all answers 200 -- not shows 'name=tenant'
page /workers
check 'the only tenant sees the machines' answers 200
login good "\"groups\":[\"team-7\"],$acme"
check 'a name with *' answers 303
login aud_list "\"groups\":[\"readers\"],$acme"
check 'two audiences, and ours asked' answers 303
login new_key "\"groups\":[\"readers\"],$acme"
sleep 0.1
check 'keys were asked a moment ago: an unknown one waits' answers 403

# ---- badly ----

while read -r mode words; do
	login "$mode" "\"groups\":[\"admins\"],$acme"
	check "$mode: $words" all answers 403 -- shows "$words" -- not grep -qi '^set-cookie: outrider=' "$work/head"
done <<'MODES'
wrong_key the signature of the id token is wrong
changed the signature of the id token is wrong
confused a key that the login service does not publish
es256_der the signature of the id token is wrong
small_key the signature of the id token is wrong
unknown_key a key that the login service does not publish
none cannot be read
none_signed is signed with &#39;none&#39;
hs256 is signed with &#39;HS256&#39;
hs256_secret is signed with &#39;HS256&#39;
critical critical extensions
rubbish cannot be read
no_token gives no id token
wrong_nonce its nonce is wrong
no_nonce its nonce is wrong
expired has expired
no_exp has expired
text_exp has expired
old was not made just now
future was not made just now
not_yet is not valid yet
wrong_aud is for another client
aud_list_open is for another client
wrong_azp is for another client
wrong_iss is of another issuer
nobody names nobody
MODES
login deny ''
check 'the service refuses: said as text' all answers 403 -- shows 'access_denied: &lt;b&gt;not you&lt;/b&gt;'
login good "\"groups\":[\"strangers\"],$acme"
check 'no role here' all answers 403 -- shows 'You have no role here'
login good "$acme"
check 'no claim' all answers 403 -- shows 'says nothing in'
login good '"groups":["admins"],"org":{"name":"other"}'
check 'a tenant that is not here' all answers 403 -- shows 'No integration here'
login good '"groups":["admins"],"org":{"name":"*"}'
check 'nor is *' answers 403
login broken "\"groups\":[\"admins\"],$acme"
check 'the service is broken' all answers 503 -- shows 'status 500'

# ---- state ----

failures=9
login good "\"groups\":[\"readers\"],$acme"
check 'still well' answers 303
begin
allow good "\"groups\":[\"admins\"],$acme"
cp "$work/login.jar" "$work/kept.jar"
come_back
check 'a login' answers 303
cp "$work/kept.jar" "$work/login.jar"
come_back
check 'the same state with its cookie: used already' all answers 403 -- shows 'used already'
begin
allow good "\"groups\":[\"admins\"],$acme"
rm "$work/login.jar"
touch "$work/login.jar"
come_back
check "another's browser: refused" all answers 403 -- shows 'not begun here'
begin
back=$old
come_back
check "another login's answer: refused" all answers 403 -- shows 'of another login'
begin
allow good "\"groups\":[\"admins\"],$acme"
sed -i -E 's/(outrider_login\s+[0-9a-f]+)\.[0-9]+/\1.99999999999/' "$work/login.jar"
come_back
check 'a cookie that was made longer: refused' all answers 403 -- shows 'not begun here'
begin
code=$(curl -s -b "$work/login.jar" -o "$out" -w '%{http_code}' "$url/login/callback?error=x&error_description=call+the+thief")
check 'words without a state are not shown' all answers 403 -- not shows thief
code=$(curl -s -D "$work/head" -o "$out" -w '%{http_code}' "$url/login/oidc?next=https://elsewhere.example/&return_to=//elsewhere.example")
check 'nothing in the address says where to land' all answers 303 -- not grep -q elsewhere "$work/head"
for ((i = 0; i < 12; i++)); do
	code=$(curl -s -o "$out" -w '%{http_code}' "$url/login/callback?state=x&code=y")
done
check 'many failures: wait' answers 429
check 'the log has neither secret nor code' not grep -qE 's3cret|code=' "$work/log"
check 'only the gateway has the secret' sh -c "for p in \$(pgrep -P $service_pid); do grep -qz '^OIDC_SECRET=' /proc/\$p/environ && tr '\\0' ' ' </proc/\$p/cmdline; done | grep -c role | grep -qx 1"
service_stop
check 'SIGTERM ends it well' exits 0
exec 9>&-
wait
finish
