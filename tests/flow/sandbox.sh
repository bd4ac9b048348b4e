#!/usr/bin/env bash
# Commands behind the walls: what they see, use up and leave, as root and as a plain user; and hosts that lack a wall.
lack=$2
set -- "$1" "${3-}"
. "$(dirname "$0")/lib.sh"
# the search for leaks needs ptrace, which some of these hosts lack
[ -z "$sanitizer" ] || export ASAN_OPTIONS=detect_leaks=0

box() { run sandbox run --receipt "$work/receipt" "$@"; }
receipt() { json "$1" "$work/receipt"; }
kept=$work/kept project=$work/project as=()

# policy TEXT: on top of the built-in one for untrusted code.
policy() { printf 'trust: untrusted\n%s\n' "$1" >"$work/policy.yml"; }
limited() { policy "limits: { $1 }"; shift; box --policy "$work/policy.yml" "$@"; }

box -- /bin/true
if [ "$status" -eq 125 ]; then
	echo "SKIP: no sandbox on this host: $(cat "$err")"
	exit 77
fi
check 'a command ends well' all exits 0 -- receipt 'r.end === "exit" && r.exit_code === 0 && !r.weak'

see() {
	box -- sh -c 'exit 7'
	check "$1: its exit code is ours" exits 7
	box -- sh -c 'kill -TERM $$'
	check "$1: its signal is told" all exits 143 -- receipt 'r.end === "signal" && r.signal === 15'
	box -- no-such-program
	check "$1: a command that is not there" all exits 125 -- says "'no-such-program' cannot be started"

	rm -rf "$project" && mkdir "$project" && git -C "$project" init -q && echo one >"$project/a" && echo two >"$project/b"
	[ ${#as[@]} -eq 0 ] || chown -R 65534:65534 "$project"
	box -C "$project" -- sh -c "cat a; ls -A / ; cat $kept"
	check "$1: a file of the host is not there" all not shows "of the host" -- shows one -- shows work
	box -- sh -c '[ / -ef /.. ] && cut -d " " -f 5 /proc/self/mountinfo'
	check "$1: the host's root is gone" all exits 0 -- [ "$(grep -c '^/$' "$out")" -eq 1 ] -- not shows /sys
	box -- sh -c 'ls /proc; cat /proc/1/environ; cat /proc/sys/kernel/hostname; hostname; id -u'
	check "$1: processes of the host are not there" all shows sandbox -- shows 1000 -- [ "$(grep -c '^[0-9]' "$out")" -le 3 ]
	box -- sh -c 'env'
	check "$1: the environment is not passed on" not shows "$work"
	box -C "$project" -- bash -c 'for a in 127.0.0.1/9 192.0.2.1/80; do (echo >/dev/tcp/$a) 2>/dev/null && echo out; done; cat /proc/self/net/dev'
	check "$1: no network but its own loopback" not shows out
	box -C "$project" -- sh -c 'echo x >.git/hooks/pre-commit; echo x >>.git/config; echo x >a; rm b; echo y >new; git status --short'
	check "$1: git works, its hooks are read-only" all says 'Read-only' -- shows '?? new'
	check "$1: without --keep nothing changes" [ "$(cat "$project/a" "$project/b")" = $'one\ntwo' ]
	box -C "$project" --keep -- sh -c 'echo x >a; rm b; mkdir d .github; echo y >d/new; chmod 4755 d/new; echo z >.github/ci.yml; ln -s /etc/passwd d/link; mkfifo d/fifo'
	check "$1: changes are taken over" [ "$(cat "$project/a" "$project/d/new")" = $'x\ny' ]
	check "$1: and removals" [ ! -e "$project/b" ]
	check "$1: but nothing that is odd" all says '.github: a protected path' -- says 'leads out' -- says 'FIFO' -- \
		[ "$(find "$project" -name .github -o -name link -o -name fifo -o -perm -4000)" = '' ]

	limited 'wall: 300ms' -- sleep 60
	check "$1: limit of time" all exits 124 -- receipt 'r.end === "limit" && r.limit === "wall"'
	limited 'cpu: 500ms' -- sh -c 'while :; do :; done'
	check "$1: limit of processor time" all exits 124 -- receipt 'r.limit === "cpu"'
	limited 'memory: 32m' -- sh -c 'head -c 200m /dev/zero | tail'
	check "$1: limit of memory" receipt 'r.limit === "memory" && r.denials.some(d => d.rule === "limits.memory" && d.advice !== "")'
	limited 'pids: 16' -- sh -c 'i=0; while [ $i -lt 40 ]; do sleep 60 & i=$((i+1)); done'
	check "$1: limit of processes" all not exits 0 -- receipt 'r.limit === "pids" || r.wall_us < 30e6'
	limited 'output_bytes: 64k' -- yes
	check "$1: limit of output" all exits 124 -- receipt 'r.limit === "output" && r.output_dropped > 0' -- \
		[ "$(stat -c %s "$out")" -eq 65536 ]
	limited 'disk: 8m' -- sh -c 'head -c 64m /dev/zero >big'
	check "$1: limit of disk" all not exits 0 -- receipt 'r.denials.some(d => d.rule === "limits.disk") && r.disk_bytes <= 8 << 20'
	limited 'inodes: 100' -- sh -c 'i=0; while [ $i -lt 200 ]; do : >f$i || exit 9; i=$((i+1)); done'
	check "$1: limit of files" not exits 0

	run sandbox run --trust command -q -- /bin/true
	check "$1: sealed, nothing runs that is not listed" exits 126
	printf 'trust: command\nexec: { allow: [ { path: /bin/sh, class: interpreter }, { path: /bin/cp } ] }\n' >"$work/policy.yml"
	box --policy "$work/policy.yml" -- /bin/sh -c '/bin/cp /bin/cp tool; ./tool; /bin/true'
	check "$1: a copy of a listed program does not run" all not exits 0 -- \
		receipt 'r.denials.some(d => d.rule === "gate.digest") && r.execs.some(e => !e.denied && /^[0-9a-f]{64}$/.test(e.digest))'
}

echo 'of the host' >"$kept"
see root
as_user() {
	local c

	as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	for c in memory pids cpu cpuacct; do
		[ -d "/sys/fs/cgroup/$c" ] && mkdir -p "/sys/fs/cgroup/$c/outrider-test-$$" || return
		chown -R 65534 "/sys/fs/cgroup/$c/outrider-test-$$"
	done
}
leave_user() {
	local c

	for c in memory pids cpu cpuacct; do
		[ -d "/sys/fs/cgroup/$c/outrider-test-$$" ] && find "/sys/fs/cgroup/$c/outrider-test-$$" -depth -type d -exec rmdir {} +
	done
}
enter_user='for c in memory pids cpu cpuacct; do echo $$ >/sys/fs/cgroup/$c/outrider-test-'$$'/cgroup.procs; done; exec "$@"'
if [ "$(id -u)" -eq 0 ] && as_user; then
	# version 1: a group that was given to the user
	real=$program
	printf '#!/bin/sh\nset -- %s %s "$@"\n%s\n' "${as[*]}" "$real" "$enter_user" >"$work/as-user"
	chmod 755 "$work/as-user" "$work" && chmod 777 "$work"
	program=$work/as-user
	rm -f "$work/receipt"
	see user
	program=$real
	leave_user
	run_lacking() { status=0; timeout 60 "${as[@]}" "$program" sandbox run "$@" >"$out" 2>"$err" </dev/null || status=$?; }
	run_lacking -- touch ran
	check 'no control groups: refused, with the mend' all exits 125 -- says 'Delegate=yes'
	run_lacking --trust trusted -- sh -c 'echo ran'
	check 'no control groups, trusted: lowered, and said' all exits 0 -- shows ran -- says 'cgroup missing: rlimits only'
else
	echo '# not as a plain user: needs root and control groups of version 1'
fi

lacking() { local what=$1; shift; status=0; timeout 60 "$lack" $what -- "$program" sandbox run "$@" >"$out" 2>"$err" </dev/null || status=$?; }
lacking landlock -- sh -c 'echo ran'
check 'no Landlock: lowered, and said' all exits 0 -- shows ran -- says 'landlock missing' -- says 'mend: '
policy 'layers: { landlock: required }'
lacking landlock --policy "$work/policy.yml" -- sh -c 'echo ran'
check 'no Landlock, but required: refused' all exits 125 -- not shows ran -- says 'mend: a kernel from 5.19'
lacking ptrace -- sh -c 'echo ran'
check 'no ptrace: the gate is missing, and said' all exits 0 -- shows ran -- says 'gate missing'
lacking ptrace --trust command -- /bin/sh -c 'echo ran'
check 'no ptrace, sealed: refused' all exits 125 -- not shows ran -- says 'exec gate'
for call in clone3 fsopen move_mount pivot_root; do
	lacking "$call" -- sh -c 'echo ran'
	check "no $call: refused" all exits 125 -- not shows ran -- says sandbox
done

if command -v python3 >/dev/null && command -v curl >/dev/null; then
	mkdir "$work/www" && echo served >"$work/www/public"
	python3 -c 'import http.server, os
os.chdir("'"$work/www"'")
s = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print(s.server_port, flush=True)
s.serve_forever()' >"$work/port" 2>/dev/null &
	server=$!
	for ((i = 0; i < 200; i++)); do [ -s "$work/port" ] && break; sleep 0.05; done
	port=$(cat "$work/port")
	policy "net: { addresses: [127.0.0.0/8], build: [ { host: 127.0.0.1, port: $port, tls: false, methods: [GET], paths: [/public] } ] }"
	run audit key "$work/log.key"
	fetch="curl -sS --noproxy '' http://127.0.0.1:$port"
	box --policy "$work/policy.yml" --audit "$work/log" -- sh -c "$fetch/public; $fetch/other"
	check 'the network: what is allowed, and no more' all shows served -- shows 'will never be allowed' -- \
		receipt 'r.denials.some(d => d.rule === "net.path" && d.advice !== "")'
	box --policy "$work/policy.yml" --phase fetch -- sh -c "$fetch/public"
	check 'the network: another phase has none' all not shows served -- not exits 0
	kill "$server"
	run audit verify "$work/log"
	check 'the audit log: sound' exits 0
	run audit who --log "$work/log" cli
	check 'the audit log: run, programs, requests, end' all shows curl -- shows "GET http://127.0.0.1:$port/public" -- shows 'exit 0'
	box --audit "$work/none/log" -- touch ran
	check 'no audit log, no run' exits 125
fi

left=0
for delay in 0.002 0.01 0.02 0.05 0.2 0.2; do
	"$program" sandbox run -q -- sleep 86399.$$ >/dev/null 2>&1 &
	victim=$!
	sleep "$delay"
	kill -9 "$victim"
	wait "$victim" 2>/dev/null
	for ((i = 0; i < 100; i++)); do pgrep -f "sleep 86399.$$" >/dev/null || break; sleep 0.05; done
	pgrep -f "sleep 86399.$$" >/dev/null && left=1
	victims+=" $victim"
done
check 'a killed supervisor leaves no process' [ "$left" -eq 0 ]
box -- /bin/true
for victim in $victims; do
	[ -z "$(find /sys/fs/cgroup -maxdepth 3 -name "outrider-*-$victim-*" 2>/dev/null)" ] || left=1
done
check 'and no control group after the next start' [ "$left" -eq 0 ]
check 'and no mount' not grep -q ' /work \| /.scratch ' /proc/self/mounts

run sandbox run --trust root -- true
check 'a wrong trust is said' all exits 125 -- says 'untrusted, command or trusted'
run sandbox run
check 'no command is said' all exits 125 -- says 'needs a command'
policy 'limit: {}'
box --policy "$work/policy.yml" -- true
check 'a mistake in a policy is said, with its place' all exits 125 -- says 'policy.yml:2:1'
box -e LD_PRELOAD=x -- true
check 'a variable that the policy does not let in' all exits 125 -- says 'LD_PRELOAD'
run sandbox probe --format json
check 'the probe tells of each wall' json 'Object.keys(r.layers).length === 13 && r.layers.seccomp.works'

finish
