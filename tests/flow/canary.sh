#!/usr/bin/env bash
# canary.sh PROGRAM [SANITIZER]: made-up secrets in the environment, the files and the memory of the whole service, next to forges that say
# back what they are told, and jobs that look for them: they are where they belong, and nowhere else.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/service_lib.sh"
. "$here/../canaries.sh"
command -v curl >/dev/null && command -v node >/dev/null || { echo "skipped: curl or node is not there"; exit 77; }

# ---- the secrets: name, and who may know it ----

declare -A secret=()
: >"$work/patterns"
for name in HOOK_SECRET ADMIN_TOKEN OIDC_SECRET TEA_TOKEN HUB_TOKEN LAB_TOKEN DATABASE_PASSWORD STRAY NETRC; do
	secret[$name]=$(canary_new)
	canary_forms "${secret[$name]}" >"$work/pattern.$name"
	cat "$work/pattern.$name" >>"$work/patterns"
done
export HOOK_SECRET=${secret[HOOK_SECRET]} ADMIN_TOKEN=${secret[ADMIN_TOKEN]} TEA_TOKEN=${secret[TEA_TOKEN]} STRAY=${secret[STRAY]}
export HUB_TOKEN=${secret[HUB_TOKEN]} OIDC_SECRET=${secret[OIDC_SECRET]}
mkdir "$work/secrets" "$work/seen"
for name in LAB_TOKEN DATABASE_PASSWORD; do
	(umask 077; echo "${secret[$name]}" >"$work/secrets/$name")
done
(umask 077; echo "machine 127.0.0.1 login outrider password ${secret[NETRC]}" | tee "$work/.netrc" >"$work/.git-credentials")
ulimit -c unlimited 2>/dev/null

# ---- the service ----

mkfifo "$work/hold" "$work/hold2"
node "$here/canary_sink.mjs" "$work/secrets/told" <"$work/hold" >"$work/sink" &
exec 9>"$work/hold"
node "$here/oidc_provider.mjs" outrider "$OIDC_SECRET" <"$work/hold2" >"$work/provider" &
exec 8>"$work/hold2"
for ((i = 0; i < 100; i++)); do [ -s "$work/sink" ] && [ -s "$work/provider" ] && break; sleep 0.1; done
sink=http://127.0.0.1:$(cat "$work/sink") issuer=http://127.0.0.1:$(cat "$work/provider")
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
service_settings <<YML
workers: 2
url: http://127.0.0.1:$port
${OUTRIDER_STORE:+database_password: "file:$work/secrets/DATABASE_PASSWORD"}
YML
sed -i -e "s/^listen: .*/listen: 127.0.0.1:$port/" \
	-e "s|^login: .*|login: {token: \"env:ADMIN_TOKEN\", issuer: \"$issuer/\", client_id: outrider, client_secret: \"env:OIDC_SECRET\", admins: [admins], role_claim: groups, tenant_claim: org.name}|" \
	-e "/^login:/i \\  - {name: tea, forge: gitea, url: \"$sink/tea/api/v1\", token: \"env:TEA_TOKEN\", secrets: \"env:HOOK_SECRET\"}\\n  - {name: hub, forge: github, url: \"$sink/hub\", web: \"$sink\", token: \"env:HUB_TOKEN\", secrets: \"env:HOOK_SECRET\"}\\n  - {name: lab, forge: gitlab, url: \"$sink/lab/api/v4\", token: \"file:$work/secrets/LAB_TOKEN\", secrets: \"env:HOOK_SECRET\"}" \
	"$work/outrider.yml"
cd "$work" || exit 1
service_start || finish
role_pid() { pgrep -P "$service_pid" -f -- "--role $1" | head -n 1; }

# ---- jobs: of the local forge, which end well, and of forges that say back what they are told ----

forge_new app
printf 'import os\n' >app.py
commit base
git push -q origin main
git checkout -q -b topic
for ((i = 0; i < 3000; i++)); do printf 'def run%d(name):\n    return name is "%d"\n\n\n' "$i" "$i"; done >app.py
printf 'import subprocess\nsubprocess.call(open("/proc/self/environ").read(), shell=True)\n' >evil.py
commit "a change with \$HOOK_SECRET %s \${ADMIN_TOKEN} ../../secrets"
pull_put app 1 '{"state":"open","title":"env:ADMIN_TOKEN file:/proc/self/environ","author":"ada","base":"main","head":"topic"}'
pull_push app 1

# what the child that reads hostile text has in its memory, caught while it works
look_into() { node "$here/canary_memory.mjs" "$1" >"$work/memory.$2" 2>/dev/null; }
catcher=
if [ -z "$sanitizer" ]; then
	node "$here/canary_memory.mjs" --analyst "$program" 20 >"$work/memory.analyst" &
	catcher=$!
fi
for ((i = 1; i <= 4; i++)); do
	[ "$i" -eq 1 ] || { pull_put app "$i" '{"state":"open","title":"More","author":"ada","base":"main","head":"topic"}' && pull_push app "$i"; }
	hook "$(pull_event app "$i" opened "d$i")"
	check 'an event is taken' answers 202
done
caught=0
[ -z "$catcher" ] || wait "$catcher" || caught=1
head=$(git rev-parse HEAD)
integration=tea
event='{"action":"opened","number":1,"repository":{"full_name":"team/app","clone_url":"'$sink'/tea/team/app.git"},"sender":{"login":"ada"},"pull_request":{"number":1,"title":"t","state":"open","user":{"login":"ada"},"head":{"sha":"'$head'","ref":"topic","repo":{"full_name":"team/app"}},"base":{"ref":"main","sha":"'$head'","repo":{"full_name":"team/app"}}}}'
printf '%s' "$event" >"$work/body"
post_hook() { code=$(curl -s -o "$out" -w '%{http_code}' -H 'Content-Type: application/json' "$@" --data-binary "@$work/body" "$url/hooks/$integration"); }
mac=$(sign "$HOOK_SECRET" <"$work/body")
post_hook -H 'X-Gitea-Event: pull_request' -H "X-Gitea-Delivery: $head" -H "X-Gitea-Signature: $mac"
check 'an event of a forge that talks' answers 202
integration=hub
post_hook -H 'X-GitHub-Event: pull_request' -H "X-GitHub-Delivery: $head" -H "X-Hub-Signature-256: sha256=$mac"
check 'of another' answers 202
integration=lab
printf '{"object_kind":"merge_request","user":{"username":"ada","id":1},"project":{"path_with_namespace":"team/app"},"object_attributes":{"iid":3,"action":"open","last_commit":{"id":"%s"},"source_project_id":1,"target_project_id":1,"source_branch":"topic","target_branch":"main"}}' "$head" >"$work/body"
post_hook -H 'X-Gitlab-Event: Merge Request Hook' -H "X-Gitlab-Token: $HOOK_SECRET"
check 'and of a third' answers 202
told_all() { local n; for n in TEA_TOKEN HUB_TOKEN LAB_TOKEN; do grep -qF "${secret[$n]}" "$work/secrets/told" || return 1; done; }
for ((i = 0; i < 300 * slow; i++)); do told_all && [ -s "$forge/team/app.forge/checks/$head.json" ] && break; sleep 0.1; done
check 'the forges were told their tokens' told_all
check 'the pull request was reviewed' [ -s "$forge/team/app.forge/checks/$head.json" ]

# ---- who knows what ----

has() { LC_ALL=C grep -qaFf "$work/pattern.$1" "$2"; }
knows_none() { local n; for n in "${!secret[@]}"; do ! has "$n" "$1" || { echo "# $n"; return 1; }; done; }
knows_only() {
	local file=$1 n

	shift
	for n in "${!secret[@]}"; do
		case " $* " in *" $n "*) ;; *) ! has "$n" "$file" || { echo "# $n"; return 1; } ;; esac
	done
}
if [ "$(id -u)" -eq 0 ] && [ -z "$sanitizer" ]; then
	for role in gateway broker worker; do look_into "$(role_pid $role)" $role; done
	check 'the search finds: the gateway knows the secret of webhooks' has HOOK_SECRET "$work/memory.gateway"
	check 'and the broker a token' has TEA_TOKEN "$work/memory.broker"
	check 'an analyst was looked into' all [ "$caught" -eq 0 ] -- [ "$(stat -c %s "$work/memory.analyst")" -gt 1000000 ]
	check 'it knows no secret' knows_none "$work/memory.analyst"
	check 'a worker knows the tokens of its jobs at most' knows_only "$work/memory.worker" TEA_TOKEN HUB_TOKEN LAB_TOKEN
	check 'the gateway knows no token of a forge' knows_only "$work/memory.gateway" HOOK_SECRET ADMIN_TOKEN OIDC_SECRET DATABASE_PASSWORD
	check 'the broker knows no secret of webhooks and logins' knows_only "$work/memory.broker" TEA_TOKEN HUB_TOKEN LAB_TOKEN DATABASE_PASSWORD
fi

# ---- all that can be asked ----

ask() { curl -s -b "$work/jar" "$url$1" >"$work/seen/$(tr -c 'a-zA-Z0-9\n' _ <<<"$1")"; }
api / >/dev/null
for page in / /jobs /pulls /reviews /rules /repositories /deliveries /ci /workers /audit /rates /tokens /login /metrics /healthz /readyz \
	/api/v1/status /api/v1/jobs /api/v1/reviews /api/v1/pulls /api/v1/repositories /api/v1/deliveries /api/v1/rules /api/v1/workers; do
	ask "$page"
done
for id in 1 2 3 4 5 6; do ask "/jobs/$id"; ask "/api/v1/jobs/$id"; ask "/reviews/$id"; ask "/api/v1/reviews/$id"; done
ask /pulls/here/1/team/app
check 'the pages were there' all grep -q 'team/app' "$work/seen/_jobs" -- grep -q tea "$work/seen/_api_v1_jobs"
"$program" doctor --config "$work/outrider.yml" >"$work/seen/doctor" 2>&1
"$program" serve --check --config "$work/outrider.yml" >"$work/seen/check" 2>&1
api_token=$(token 'role=viewer&tenant=default')
session=$(awk '/outrider/ { print $7 }' "$work/jar" | tail -n 1)
check 'a token of the API was made' [ ${#api_token} -gt 20 ]

# ---- crashes: no core is written where somebody finds it ----

for role in worker broker gateway; do
	kill -SEGV "$(role_pid $role)"
	for ((i = 0; i < 100; i++)); do sleep 0.1; [ -z "$(role_pid $role)" ] || break; done
done
for ((i = 0; i < 100 * slow; i++)); do curl -sf -o /dev/null "$url/readyz" && break; sleep 0.1; done
check 'it serves again' curl -sf --retry 20 --retry-delay 1 --retry-all-errors -o /dev/null "$url/readyz"
service_stop
check 'SIGTERM ends it well' exits 0
check 'no core' [ -z "$(find "$work" -name 'core*' -type f)" ]

# ---- the sandbox: jobs that look for them ----

look='env; cat /proc/*/environ /proc/*/cmdline /proc/*/maps; cat '$work'/secrets/* '$work'/.netrc ~/.netrc ~/.git-credentials '$work'/outrider.yml
	cat /proc/sys/kernel/core_pattern; for f in /proc/[0-9]*/fd/*; do head -c 4000 $f; done; find / -xdev -newer /etc/passwd -type f | head -n 500 | xargs cat
	ulimit -c unlimited; sh -c "kill -SEGV \$\$"; cat core* /work/core*; head -c 100000 /proc/self/mem; exit 0'
if "$program" sandbox run -q -- true 2>/dev/null; then
	mkdir "$work/project" && echo x >"$work/project/file"
	mkdir "$work/audit"
	run audit key "$work/audit/log.key"
	for trust in untrusted command trusted; do
		printf 'trust: %s\nexec: { mode: audit }\n' $trust >"$work/seen/policy.yml"
		run sandbox run -p "$work/seen/policy.yml" -C "$work/project" --receipt "$work/seen/receipt.$trust" --audit "$work/audit/log" -- \
			sh -c "$look" "$trust"
		cp "$out" "$work/seen/out.$trust" && cp "$err" "$work/seen/err.$trust"
		check "sandbox, $trust: the job looked" all [ -s "$work/seen/receipt.$trust" ] -- grep -q TMPDIR "$work/seen/out.$trust"
	done
	run sandbox run -e STRAY="$STRAY" -- env
	cp "$err" "$work/seen/refused"
	check 'a variable that the policy does not let in: its value is not told' all exits 125 -- not shows "$STRAY"
	run sandbox probe
	cp "$out" "$work/seen/probe"
fi

# ---- and nowhere else ----

[ -z "${OUTRIDER_STORE-}" ] || for t in $(psql -XAtc "select tablename from pg_tables where schemaname = 'public'" "$OUTRIDER_STORE" 2>/dev/null); do
	psql -XAtc "select * from $t" "$OUTRIDER_STORE"
done >"$work/seen/database"
[ -z "${OUTRIDER_STORE-}" ] || ! command -v psql >/dev/null || check 'the tables were read' grep -q team/app "$work/seen/database"
clean() { local where; where=$(canary_search "$work/patterns" "$@") || return 0; echo "# $where"; LC_ALL=C grep -raoFf "$work/patterns" "$@" | cut -c1-120 | sort | uniq -c | head -n 8 | sed 's/^/# /'; return 1; }
check 'the log has none' clean "$work/log" "$work/log.out"
check 'what was said on the forge has none' clean "$forge"
check 'no page and no answer has any, no output, receipt, audit log' clean "$work/seen" "$work/audit"
check 'the database has none, nor any other file of the service' clean "$work/data"
printf '%s\n%s\n' "$api_token" "$session" >"$work/patterns.login"
check 'the database has no token of the API and no session, as they are' all [ ${#session} -gt 20 ] -- \
	not canary_search "$work/patterns.login" "$work/data" "$work/log" "$work/seen"
keys=$(find "$work/data" -name '*.key' | head -n 1)
if [ -n "$keys" ]; then
	grep -aoE '[^ ":]{40,}' "$keys" >"$work/patterns.keys"
	check 'the key of the broker is in its file alone' all [ -s "$work/patterns.keys" ] -- \
		[ "$(canary_search "$work/patterns.keys" "$work/data" "$work/log" "$work/seen" | grep -vc '/keys/')" -eq 0 ]
fi
exec 8>&- 9>&-
wait
finish
