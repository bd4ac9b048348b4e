#!/usr/bin/env bash
# The exec gate by its root helper: the same verdicts as by ptrace, for root and for a plain user; nothing runs unjudged when the
# helper is killed; and nobody fences what is not his.
fence=$(realpath "$2")
set -- "$1" "${3-}"
. "$(dirname "$0")/lib.sh"
[ -z "$sanitizer" ] || export ASAN_OPTIONS=detect_leaks=0

if [ "$(id -u)" -ne 0 ]; then
	echo 'SKIP: the helper is a program of root'
	exit 77
fi
run sandbox run -q -- /bin/true
if [ "$status" -eq 125 ]; then
	echo "SKIP: no sandbox on this host: $(cat "$err")"
	exit 77
fi

chmod 755 "$work"
socket=$work/fence.sock keeper=''
# in a control group of its own, as a service has it: nothing of it is in the tests' way
start_helper() {
	rm -f "$socket"
	"$fence" --socket "$socket" "$@" 2>>"$work/log" &
	keeper=$! worker=''
	for ((i = 0; i < 200; i++)); do
		worker=$(pgrep -P "$keeper") && [ -S "$socket" ] && break
		sleep 0.05
	done
}
stop_helper() {
	[ -z "$keeper" ] || kill "$keeper" 2>/dev/null
	wait "$keeper" 2>/dev/null
	keeper=''
}
trap 'stop_helper; rm -rf "$work"' EXIT

box() { run sandbox run --receipt "$work/receipt" "$@"; }
receipt() { json "$1" "$work/receipt"; }
# policy TRUST ENGINE [EXEC]: what judges, and where.
policy() { printf 'trust: %s\nexec: { engine: %s, helper: %s %s }\n' "$1" "$2" "$socket" "${3-}" >"$work/policy.yml"; }
shell=', allow: [ { path: /bin/sh, class: interpreter }, { path: /bin/cp }, { path: /bin/true } ]'

policy untrusted fanotify
box -p "$work/policy.yml" -- sh -c 'echo ran'
check 'no helper: the gate is missing, and said' all exits 0 -- shows ran -- says 'gate missing' -- says "$socket"
policy command fanotify "$shell"
box -p "$work/policy.yml" -- /bin/sh -c 'echo ran'
check 'no helper, sealed: refused' all exits 125 -- not shows ran -- says 'exec gate is required'
policy command auto "$shell"
box -p "$work/policy.yml" -- /bin/sh -c 'echo ran'
check 'no helper, any engine: ptrace' all exits 0 -- shows ran -- receipt 'r.layers.gate.detail === "ptrace, sealed"'
start_helper
if ! kill -0 "$keeper" 2>/dev/null; then
	echo "SKIP: $(cat "$work/log")"
	exit 77
fi
box -p "$work/policy.yml" -- /bin/sh -c 'echo ran'
check 'any engine: the helper, where there is one' all exits 0 -- shows ran -- receipt '/^(bpf|fanotify), sealed$/.test(r.layers.gate.detail)'
if ! receipt '/^(bpf|fanotify), sealed$/.test(r.layers.gate.detail)'; then
	finish
fi
# which of its engines work here, and what the others lack
engines=''
for engine in fanotify bpf; do
	policy command $engine "$shell"
	box -p "$work/policy.yml" -- /bin/sh -c 'echo ran'
	lacks=$(sed -n "s/^outrider-fence: no engine $engine here: //p" "$work/log")
	if [ -n "$lacks" ]; then
		check "$engine does not work here: refused, and said" all exits 125 -- not shows ran -- says "$lacks"
		echo "# not tried: $engine: $lacks"
	else
		check "$engine works" all exits 0 -- shows ran -- receipt 'r.layers.gate.detail === "'$engine', sealed"'
		engines="$engines $engine"
	fi
done

# a memory file system does not stamp what is written by way of a mapping that was read before
rewrite='
import mmap, os, shutil, subprocess, time
shutil.copy("/bin/echo", "own")
time.sleep(0.1)
subprocess.run(["./own", "first"])
file = os.open("own", os.O_RDWR)
text = mmap.mmap(file, os.fstat(file).st_size)
last = text[-1]
stamp = os.stat("own").st_ctime_ns
text[len(text) - 1] = (last + 1) & 255
print("unseen" if os.stat("own").st_ctime_ns == stamp else "seen", flush=True)
text.close()
os.close(file)
time.sleep(0.1)
subprocess.run(["./own", "second"])
'
judges() {
	policy untrusted $engine
	box -p "$work/policy.yml" -C "$work/project" -- sh -c 'cp /bin/echo own; ./own fresh; ./brought old; ./script; /usr/bin/env true'
	check "$engine, $1: a build runs its tools and what it makes" all exits 0 -- shows fresh -- shows old -- shows scripted -- receipt 'r.layers.gate.detail === "'$engine', build"'
	check "$engine, $1: each with digest and origin" receipt 'r.execs.every(e => /^[0-9a-f]{64}$/.test(e.digest)) &&
		r.execs.find(e => e.path === "/work/own").name === "fresh" && r.execs.find(e => e.path === "/work/brought").name === "brought" &&
		r.execs.find(e => e.path === "/work/own").class === "fresh" && r.execs.find(e => e.path === "/usr/bin/env").name === "toolchain"'
	check "$engine, $1: a fresh program with its writer" receipt 'r.execs.find(e => e.path === "/work/own").writer === r.execs.find(e => e.path.endsWith("/cp")).digest'
	check "$engine, $1: a script is named with its interpreter" receipt 'r.execs.some(e => e.script === "/work/script" && /sh$/.test(e.path))'
	check "$engine, $1: counted, with the number inside" receipt 'r.execs.every(e => e.count >= 1 && e.pid > 0 && e.pid < 100)'
	box -p "$work/policy.yml" -C "$work/project" -- sh -c './ld /bin/true; ./by-ld; cp /bin/true /tmp/x; /tmp/x; echo end'
	check "$engine, $1: the loader as a program, also a copy and for a script" all shows end -- receipt \
		'r.denials.filter(d => d.rule === "gate.loader").reduce((n, d) => n + d.count, 0) >= 2'
	box -p "$work/policy.yml" -- python3 -c "$rewrite"
	check "$engine, $1: a program that is changed through a mapping is another one" all exits 0 -- shows unseen -- \
		receipt 'new Set(r.execs.filter(e => e.path === "/work/own").map(e => e.digest)).size === 2'
	policy command $engine "$shell"
	box -p "$work/policy.yml" -- /bin/sh -c '/bin/cp /bin/cp tool; ./tool; /bin/true && echo good; /bin/ls /; /lib64/ld-linux-x86-64.so.2 /bin/ls /; echo end'
	check "$engine, $1: sealed, only what is listed runs" all exits 0 -- shows good -- shows end -- not shows proc -- \
		receipt 'r.denials.some(d => d.rule === "gate.digest") && r.denials.every(d => d.advice !== "")'
	box -p "$work/policy.yml" -- /bin/ls /
	check "$engine, $1: sealed, a command that is not listed" all exits 126 -- not shows proc -- receipt 'r.end === "denied"'
	sed -i 's/{ engine/{ mode: audit, engine/' "$work/policy.yml" && sed -i 's/trust: command/trust: trusted/' "$work/policy.yml"
	box -p "$work/policy.yml" -- /bin/ls /
	check "$engine, $1: audit, all runs and is written down" all exits 0 -- shows proc -- receipt 'r.execs.some(e => e.path.endsWith("/ls"))'
	policy untrusted $engine
	box -p "$work/policy.yml" -- sh -c 'i=0; while [ $i -lt 300 ]; do /bin/true & i=$((i+1)); done; wait; echo all'
	check "$engine, $1: many at once" all exits 0 -- shows all -- receipt 'r.execs.find(e => e.path.endsWith("/true")).count === 300'
}
mkdir "$work/project"
cp /bin/echo "$work/project/brought"
loader=$(readlink -f /lib64/ld-linux-x86-64.so.2)
cp "$loader" "$work/project/ld" && chmod 755 "$work/project/ld"
printf '#!/bin/sh\necho scripted\n' >"$work/project/script"
printf '#!%s /bin/true\n' "$loader" >"$work/project/by-ld"
chmod -R a+rX "$work/project" && chmod 755 "$work/project/"*
# a file system may be one that cannot show what is root's as a job's
chown -R 65534:65534 "$work/project"
sleep 0.1 # what is made within a tick of the start counts as the job's
for engine in $engines; do judges root; done
policy untrusted ptrace
box -p "$work/policy.yml" -- python3 -c "$rewrite"
check 'ptrace: a program that is changed through a mapping is another one' all exits 0 -- shows unseen -- \
	receipt 'new Set(r.execs.filter(e => e.path === "/work/own").map(e => e.digest)).size === 2'

# the socket is of no use inside, even where a policy shows it
policy untrusted fanotify ''
echo "fs: { ro: [$socket] }" >>"$work/policy.yml"
box -p "$work/policy.yml" -- sh -c 'echo ran'
check 'a policy may not show the socket' all exits 125 -- not shows ran -- says "$socket"
echo "fs: { ro: [$work] }" | cat <(head -2 "$work/policy.yml") - >"$work/policy2.yml"
box -p "$work/policy2.yml" -- sh -c 'echo ran'
check 'nor a folder that holds it' all exits 125 -- not shows ran -- says 'outrider-fence'

# killed at any moment, nothing runs that was not judged
die() {
	local what=$1 round

	for round in 1 2 3 4 5; do
		: >"$out"
		timeout 60 "$program" sandbox run -q -p "$work/policy.yml" --receipt "$work/receipt" -- \
			/bin/sh -c 'while :; do /bin/true && echo fine; /bin/ls /; done' >"$out" 2>"$err" </dev/null &
		victim=$!
		for ((i = 0; i < 400; i++)); do grep -q fine "$out" && break; sleep 0.02; done
		kill -9 "${!what}"
		status=0
		wait "$victim" || status=$?
		wait "$keeper" 2>/dev/null
		grep -q proc "$out" && leaked=1
		[ "$status" -eq 126 ] || ended="exit code $status"
		receipt 'r.denials.some(d => d.rule === "gate.lost") && r.end === "denied"' || told=0
		start_helper
	done
}
for engine in $engines; do
	policy command $engine "$shell"
	for who in worker keeper; do
		leaked=0 ended=1 told=1
		die "$who" 2>/dev/null
		check "$engine, the $who is killed: the job ends" [ "$ended" = 1 ]
		check "$engine, the $who is killed: nothing ran unjudged" [ "$leaked" -eq 0 ]
		check "$engine, the $who is killed: the receipt says it" [ "$told" -eq 1 ]
	done
done
box -p "$work/policy.yml" -- /bin/sh -c 'echo ran'
check 'started again, it works again' all exits 0 -- shows ran

# a supervisor that is killed leaves nothing in the helper
held() { ls "/proc/$worker/fd" | wc -l; }
# until COMMAND: within ten seconds, or not
until_true() { for ((i = 0; i < 200; i++)); do "$@" && return; sleep 0.05; done; return 1; }
idle=$(held)
is_busy() { [ "$(held)" -ge $((idle + 3)) ]; }
is_idle() { [ "$(held)" -le "$idle" ]; }
timeout 60 "$program" sandbox run -q -p "$work/policy.yml" -- /bin/sh -c 'while :; do /bin/true; done' >"$out" 2>&1 </dev/null &
victim=$!
check 'a job is in the hands of the helper' until_true is_busy
kill -9 $(pgrep -P "$victim") "$victim" 2>/dev/null
wait "$victim" 2>/dev/null
check 'its supervisor is killed: the helper lets it go' until_true is_idle

caps=$(awk '/^Cap(Prm|Bnd)/ { print $2 }' "/proc/$worker/status" | sort -u)
check 'it has four capabilities' [ "$caps" = 0000000000280024 ]
stop_helper
check 'it takes its socket away' [ ! -e "$socket" ]

# a kernel that lacks what the engine bpf needs: told, and fanotify judges
if [ -d /sys/kernel/btf ]; then
	: >"$work/log"
	real_fence=$fence
	printf '#!/bin/sh\nexec unshare -m sh -c '\''mount -t tmpfs none /sys/kernel/btf && exec "$@"'\'' sh %s "$@"\n' "$fence" >"$work/without-types"
	chmod 755 "$work/without-types"
	fence=$work/without-types
	start_helper
	policy untrusted bpf
	box -p "$work/policy.yml" -- sh -c 'echo ran'
	check 'without the types of the kernel: no engine bpf, and said' all shows ran -- says 'gate missing' -- \
		eval 'says "does not tell its types" || says "built without"'
	policy untrusted auto
	box -p "$work/policy.yml" -- sh -c 'echo ran'
	check 'without the types of the kernel: the next best engine' all exits 0 -- receipt '/^(fanotify|ptrace), build$/.test(r.layers.gate.detail)'
	stop_helper
	fence=$real_fence
fi

as_user() {
	local c

	as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	for c in memory pids cpu cpuacct; do
		[ -d "/sys/fs/cgroup/$c" ] && mkdir -p "/sys/fs/cgroup/$c/outrider-test-$$" || return
		chown -R 65534 "/sys/fs/cgroup/$c/outrider-test-$$"
	done
}
if as_user; then
	real=$program
	enter='for c in memory pids cpu cpuacct; do echo $$ >/sys/fs/cgroup/$c/outrider-test-'$$'/cgroup.procs; done; exec "$@"'
	printf '#!/bin/sh\nset -- %s %s "$@"\n%s\n' "${as[*]}" "$real" "$enter" >"$work/as-user"
	chmod 755 "$work/as-user" && chmod 777 "$work" && rm -f "$work/receipt"
	program=$work/as-user
	start_helper
	policy untrusted fanotify
	box -p "$work/policy.yml" -- sh -c 'echo ran'
	check 'a user outside of the group: no helper' all exits 0 -- says 'gate missing' -- says 'Permission denied'
	policy untrusted auto
	box -p "$work/policy.yml" -- sh -c 'echo ran'
	check 'and any engine is ptrace, with a notice' all exits 0 -- receipt 'r.layers.gate.detail === "ptrace, build" && r.notices.some(n => n.includes("ptrace"))'
	stop_helper
	start_helper --group nogroup
	chown -R 65534:65534 "$work/project"
	sleep 0.1
	for engine in $engines; do judges user; done
	program=$real
	stop_helper
	for c in memory pids cpu cpuacct; do
		find "/sys/fs/cgroup/$c/outrider-test-$$" -depth -type d -exec rmdir {} +
	done
else
	echo '# not as a plain user: needs control groups of version 1'
fi

status=0
"$fence" --nonsense >"$out" 2>"$err" || status=$?
check 'a wrong option' all exits 2 -- says usage
status=0
"$fence" --group no-such-group --socket "$socket" >"$out" 2>"$err" || status=$?
check 'a group that is not there' all exits 1 -- says no-such-group
status=0
setpriv --reuid=65534 --regid=65534 --clear-groups "$fence" --socket "$work/user.sock" >"$out" 2>"$err" || status=$?
check 'without privileges' all exits 1 -- says 'needs to be root'

finish
