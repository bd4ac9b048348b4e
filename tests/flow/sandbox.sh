#!/usr/bin/env bash
# Commands behind the walls: what they see, use up and leave, as root and as a plain user.
. "$(dirname "$0")/lib.sh"
. "$here/sandbox_lib.sh"
# the search for leaks needs ptrace, which some of these hosts lack
[ -z "$sanitizer" ] || export ASAN_OPTIONS=detect_leaks=0

box() { run sandbox run --receipt "$work/receipt" "$@"; }
receipt() { json "$1" "$work/receipt"; }
kept=$work/kept project=$work/project

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
	[ ${#as_user[@]} -eq 0 ] || chown -R 65534:65534 "$project"
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
if make_user; then
	real=$program
	printf '#!/bin/sh\nexec %s %s "$@"\n' "${as_user[*]}" "$real" >"$work/program"
	chmod 755 "$work/program"
	program=$work/program
	rm -f "$work/receipt"
	see user
	program=$real
else
	echo '# not as a plain user: needs root, and control groups to give away'
fi

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
