# service_lib.sh - sourced after lib.sh by tests of the service: a local forge, the running service, its events.
forge=$work/forge
# the self-test of the sandbox was made once for all tests (tests/CMakeLists.txt): none of them waits for one of its own
record=$(dirname "$program")/../selftest.json
mkdir -p "$forge/.spool" "$forge/team"
export HOOK_SECRET=hook-secret ADMIN_TOKEN=admin-token
service_pid=''
trap 'service_kill; leave_work' EXIT

# forge_new NAME: a bare repository with a clone in $work/NAME, which is then the current folder.
forge_new() {
	git init -q --bare -b main "$forge/team/$1.git"
	git clone -q "$forge/team/$1.git" "$work/$1" 2>/dev/null
	cd "$work/$1" || exit 1
	git checkout -q -b main
	mkdir -p "$forge/team/$1.forge/pulls"
}

# pull_put NAME NUMBER JSON: what the forge knows of a pull request, beside its refs.
pull_put() { printf '%s' "$3" >"$forge/team/$1.forge/pulls/$2.json"; }
# pull_push NAME NUMBER: HEAD becomes its head.
pull_push() { git push -q origin "+HEAD:refs/pull/$2/head"; }

# Settings; more of them come from standard input.
service_settings() {
	cat >"$work/outrider.yml" <<YML
version: 1
listen: 127.0.0.1:0
data: $work/data
selftest: $record
${OUTRIDER_STORE:+database: "$OUTRIDER_STORE"}
integrations:
  - name: here
    forge: local
    path: $forge
    secrets: env:HOOK_SECRET
login: {token: "env:ADMIN_TOKEN"}
YML
	cat >>"$work/outrider.yml"
}

# Starts it and waits until it answers; sets $service_pid and $url.
service_start() {
	local i

	: >"$work/log"
	"$program" serve --config "$work/outrider.yml" 2>"$work/log" >"$work/log.out" &
	service_pid=$!
	for ((i = 0; i < 100 * slow; i++)); do
		url=$(sed -nE 's/.*"message":"gateway on ([^"]+)".*/http:\/\/\1/p' "$work/log" | tail -n 1)
		if [ -n "$url" ] && curl -sf -o /dev/null "$url/readyz"; then
			return
		fi
		kill -0 "$service_pid" 2>/dev/null || break
		sleep 0.1
	done
	echo "# the service does not start"
	cat "$work/log"
	return 1
}

# SIGTERM, and what it left is in $status.
service_stop() {
	kill "$service_pid"
	status=0
	wait "$service_pid" || status=$?
	service_pid=''
}

service_kill() {
	[ -z "$service_pid" ] || kill -9 "$service_pid" 2>/dev/null
	[ -z "$service_pid" ] || wait "$service_pid" 2>/dev/null
	service_pid=''
}

sign() { openssl dgst -sha256 -hmac "$1" -r | cut -d' ' -f1; }

# hook BODY [SECRET]: posts a signed event to $integration (here); the answer is in $code and $out.
hook() {
	printf '%s' "$1" >"$work/body"
	code=$(curl -s -o "$out" -w '%{http_code}' -H 'Content-Type: application/json' \
		-H "X-Hub-Signature-256: sha256=$(sign "${2-$HOOK_SECRET}" <"$work/body")" \
		--data-binary "@$work/body" "$url/hooks/${integration:-here}")
}

# pull_event NAME NUMBER ACTION DELIVERY [MORE]: the event of a pull request whose head is HEAD.
pull_event() {
	printf '{"event":"pull.%s","delivery":"%s","repository":"team/%s","number":%s,"sender":{"login":"ada"},"pull":{"title":"A change","author":{"login":"ada"},"base_ref":"main","head_ref":"topic","head_oid":"%s"%s}}' \
		"$3" "$4" "$1" "$2" "$(git rev-parse HEAD)" "${5-}"
}

# api PATH: as the administrator; the answer is in $out.
api() {
	[ -s "$work/jar" ] || curl -s -o /dev/null -c "$work/jar" -d "token=$ADMIN_TOKEN" "$url/login"
	code=$(curl -s -b "$work/jar" -o "$out" -w '%{http_code}' "$url$1")
}

# jobs_settle: waits until nothing runs or waits.
jobs_settle() {
	local i

	for ((i = 0; i < 150 * slow; i++)); do
		kill -0 "$service_pid" 2>/dev/null || break
		api /api/v1/status
		[ "$code" != 000 ] || break
		if json 'r.jobs.queued === 0 && r.jobs.leased === 0'; then
			return
		fi
		sleep 0.1
	done
	echo "# jobs do not end"; grep -v "\"level\":\"info\"" "$work/log" | head -n 60
	cat "$out"
	return 1
}

# threads NAME NUMBER: its threads as "path:line rule state", in one line, sorted.
threads() {
	node -e '
		const fs = require("fs"), folder = process.argv[1];
		const list = fs.existsSync(folder) ? fs.readdirSync(folder).filter(n => n.endsWith(".json")) : [];
		console.log(list.map(n => JSON.parse(fs.readFileSync(folder + "/" + n, "utf8")))
			.map(t => `${t.path}:${t.line} ${t.rule} ${t.resolved ? "resolved" : "open"}`).sort().join(","));
	' "$forge/team/$1.forge/pulls/$2/threads"
}
has_threads() { local is; is=$(threads "$1" "$2"); [ "$is" = "$3" ] || { echo "# threads: $is"; false; }; }
# checked NAME CONCLUSION: the check of HEAD.
checked() {
	local file=$forge/team/$1.forge/checks/$(git rev-parse HEAD).json

	[ -s "$file" ] && json "r.conclusion === '$2'" "$file" || { echo "# check:"; cat "$file"; false; }
}
answers() { [ "$code" = "$1" ] || { echo "# status $code"; false; }; }

# post PATH FORM: a form of the administrator, with the text of its session; the answer is in $code and $out.
post() {
	[ -s "$work/csrf" ] || {
		api /
		sed -nE 's/.*name=csrf value="([0-9a-f]+)".*/\1/p' "$out" | head -n 1 >"$work/csrf"
	}
	code=$(curl -s -b "$work/jar" -o "$out" -w '%{http_code}' -d "csrf=$(cat "$work/csrf")" -d "$2" "$url$1")
}

# token FORM: makes an API token, which is printed: token 'role=viewer&tenant=a'
token() {
	post /tokens "label=test&days=1&$1"
	sed -nE 's/.*<pre>(outrider_[0-9a-f]+)<.*/\1/p' "$out"
}
