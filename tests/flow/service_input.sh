#!/usr/bin/env bash
# service_input.sh PROGRAM [SANITIZER]: settings and machines on which the service cannot run: what it says, and its exit code.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
# it waits for many starts that fail; their words are those of every build
[ -z "$sanitizer" ] || { echo 'skipped: takes minutes under a sanitizer'; exit 77; }
. "$(dirname "$0")/service_lib.sh"

# with SED_SCRIPT TEXT COMMAND...: the settings changed by sed, the service started with them, one case
with() {
	service_settings </dev/null
	sed -i "$1" "$work/outrider.yml"
	run serve --config "$work/outrider.yml"
	shift
	check "$@"
}
ends_at_once() { all exits 2 -- "$@" -- not pgrep -f "$work/outrider.yml"; }
# as somebody else: `serve` or `doctor` as a user who owns nothing
as_nobody() {
	status=0
	timeout $((30 * slow)) setpriv --reuid=65534 --regid=65534 --clear-groups "$program" "$@" >"$out" 2>"$err" </dev/null || status=$?
}

# ---- settings ----

with 's/^version: 1/version: 2/' 'another version' ends_at_once says 'outrider.yml:1:10: expected a number'
with 's/forge: local/forge: lokal/' 'no such forge: which there are' ends_at_once says "needs \`forge\`: one of github, gitlab"
with 's/127.0.0.1:0/127.0.0.1:99999/' 'no such port' ends_at_once says "cannot listen at '127.0.0.1:99999'"
with '/^    path:/d' 'a local forge without a folder' ends_at_once says 'a local forge needs an absolute folder'
with "s|^    path: .*|    path: $work/nowhere|" 'a local forge whose folder is missing' ends_at_once says "folder '$work/nowhere': No such file or directory"
with 's/HOOK_SECRET/NO_SUCH_SECRET/' 'a secret that is not set' ends_at_once says 'env:NO_SUCH_SECRET is not in the environment'
with 's/ADMIN_TOKEN/NO_SUCH_SECRET/' '... of the login' ends_at_once says 'login: token: the secret env:NO_SUCH_SECRET'
echo token >"$work/open"
chmod 644 "$work/open"
with "s|env:ADMIN_TOKEN|file:$work/open|" 'a secret that others can read' ends_at_once says "$work/open"
with 's/forge: local/forge: gitlab/; s|^    path: .*|    url: https://gitlab.invalid|' 'an address that is no API' ends_at_once says 'ends with /api/v4'
echo 'integrations: [' >"$work/broken.yml"
run serve --config "$work/broken.yml"
check 'no YAML' all exits 2 -- says 'broken.yml:2:1'
run serve --config "$work"
check 'a folder instead of a file' all exits 2 -- says 'not a regular file'
run serve --role cook --config "$work/broken.yml"
check 'no such role' all exits 2 -- says '--role is supervisor, gateway, broker or worker'
run serve here
check 'an argument' all exits 2 -- says "takes no argument 'here'"
run worker
check 'a worker without a broker' all exits 2 -- says --connect
service_settings <<<'database: postgres://nobody@127.0.0.1:1/none'
run doctor --config "$work/outrider.yml"
check 'no database server: doctor tells' all exits 1 -- shows 'FAIL  database'

# ---- the machine ----

service_settings </dev/null
service_start || finish
port=${url##*:}
cp "$work/outrider.yml" "$work/first.yml"
sed -i "s|127.0.0.1:0|127.0.0.1:$port|; s|$work/data|$work/other|" "$work/outrider.yml"
run serve --config "$work/outrider.yml"
check 'a port in use' all exits 2 -- says "cannot listen at '127.0.0.1:$port': Address already in use" -- says 'the gateway cannot start'
run doctor --config "$work/outrider.yml"
check 'doctor asks the service at its address' shows "http://127.0.0.1:$port/readyz answers"
run serve --config "$work/first.yml"
check 'a second service on the same data' all exits 2 -- says "another \`outrider serve\` runs on the data folder $work/data"
curl -sf -o /dev/null "$url/readyz"
check '... does not harm the first' curl -sf -o "$out" "$url/readyz"
service_stop

run_on() { # CALL COMMAND...: on a kernel that has no such call
	status=0
	timeout $((30 * slow)) "$(dirname "$(realpath "$program")")/sandbox_lack" "$1" -- "$program" "${@:2}" >"$out" 2>"$err" </dev/null || status=$?
}
run_on landlock worker --connect "ipc://$work/nobody" --data "$work/mirrors"
check 'a worker that cannot confine reviews takes none' all exits 2 -- says 'this worker takes no jobs: reviews cannot be confined here'
service_settings <<<'workers: 1'
run_on landlock serve --config "$work/outrider.yml"
check '... nor does a service start with it' all ends_at_once says 'reviews cannot be confined here' -- says 'worker'

service_settings </dev/null
mkdir "$work/bin"
status=0
PATH=$work/bin "$program" doctor --config "$work/outrider.yml" >"$out" 2>"$err" || status=$?
check 'no git: doctor tells' all exits 1 -- shows 'FAIL  git' -- shows 'install git'
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	chmod 755 "$work"
	chmod 644 "$work/outrider.yml"
	as_nobody doctor --config "$work/outrider.yml"
	check 'data of another user: doctor tells' all exits 1 -- shows 'FAIL  data' -- shows 'run as the user that owns it'
	as_nobody serve --config "$work/outrider.yml"
	check '... and the service does not start' ends_at_once says "$work/data"
	mkdir -m 755 "$work/closed"
	sed -i "s|^data: .*|data: $work/closed/data|" "$work/outrider.yml"
	as_nobody serve --config "$work/outrider.yml"
	check 'a data folder that cannot be made' ends_at_once says "cannot make the data folder $work/closed/data: Permission denied"
fi
finish
