#!/usr/bin/env bash
# Bubblewrap as launcher, for a plain user: the same walls but for those that it cannot make, which are lowered or refused, and said; by a
# bubblewrap with and without setuid; and used by itself only where the kernel refuses us namespaces that it grants to it.
set -- "$1" "${2-}"
. "$(dirname "$0")/lib.sh"
[ -z "$sanitizer" ] || export ASAN_OPTIONS=detect_leaks=0
bwrap=$(command -v bwrap) || { echo 'SKIP: bubblewrap is not installed'; exit 77; }
[ "$(id -u)" -eq 0 ] || { echo 'SKIP: it takes root to become another user'; exit 77; }
user=65534 group=outrider-bubble-$$

chmod 755 "$work"
end_groups() { find /sys/fs/cgroup/*/"$group" -depth -type d -exec rmdir {} + 2>/dev/null; }
trap 'end_groups; rm -rf "$work"' EXIT
for c in memory pids cpu cpuacct; do
	[ -d "/sys/fs/cgroup/$c" ] && mkdir -p "/sys/fs/cgroup/$c/$group" || { echo 'SKIP: needs control groups of version 1'; exit 77; }
	chown -R $user "/sys/fs/cgroup/$c/$group"
done
mkdir -m 777 "$work/user"
real=$program
printf '#!/bin/sh\nfor c in memory pids cpu cpuacct; do echo $$ >/sys/fs/cgroup/$c/%s/cgroup.procs; done\nexec setpriv --reuid=%s --regid=%s --clear-groups %s "$@"\n' \
	"$group" $user $user "$real" >"$work/as-user"
# a user namespace in which root may make no other: so for us, and for a bubblewrap that is not setuid
cat >"$work/denied" <<'END'
#!/bin/bash
go=$(mktemp -u) && mkfifo "$go"
unshare -U -m sh -c 'read x <"$0"; exec sh -c "echo 0 >/proc/sys/user/max_user_namespaces; exec \"\$@\"" sh "$@"' "$go" "$AS" "$@" &
for ((i = 0; i < 500; i++)); do
	[ "$(readlink "/proc/$!/ns/user")" != "$(readlink /proc/self/ns/user)" ] && break
	sleep 0.01
done
echo '0 0 65536' >"/proc/$!/uid_map" && echo '0 0 65536' >"/proc/$!/gid_map"
echo x >"$go"
rm -f "$go"
wait $!
END
chmod 755 "$work/as-user" "$work/denied"
export AS=$work/as-user TMPDIR=$work
program=$work/as-user
box() { run sandbox run --receipt "$work/user/receipt" "$@"; }
receipt() { json "$1" "$work/user/receipt"; }
policy() { printf 'trust: %s\n%s\n' "$1" "$2" >"$work/policy.yml"; }

cp "$bwrap" "$work/bwrap" && chmod 4755 "$work/bwrap"
project=$work/user/project
launches() {
	local launcher=$2

	policy untrusted "$launcher"
	box -p "$work/policy.yml" -- sh -c 'exit 7'
	if [ "$status" -eq 125 ] && grep -q bubblewrap "$err" "$work/policy.yml"; then
		echo "# not by $1: $(head -1 "$err")"
		return
	fi
	check "$1: its exit code is ours" all exits 7 -- receipt 'r.notices.some(n => n.includes("the launcher is bubblewrap")) && r.weak'
	check "$1: what it cannot do is said" all receipt 'r.layers.mounts.state === "weak" && r.layers.pidns.state === "weak"' -- says 'mounts weak'
	box -p "$work/policy.yml" -- sh -c 'kill -TERM $$'
	check "$1: its signal is told" exits 143
	box -p "$work/policy.yml" -- no-such-program
	check "$1: a command that is not there" all exits 125 -- says "'no-such-program' cannot be started"
	rm -rf "$project" && mkdir -p "$project/.git/hooks" && echo one >"$project/a" && echo two >"$project/b"
	ln -s /etc/passwd "$project/.git/config"
	chown -Rh $user "$project"
	box -p "$work/policy.yml" -C "$project" -- sh -c "cat a; ls -A /; ls $work; env; cat /proc/1/environ; ls /proc/self/fd"
	check "$1: it sees its work directory, and nothing of the host" all shows one -- shows work -- not shows policy.yml -- not shows "$work" -- not shows 7
	box -p "$work/policy.yml" -- sh -c 'ls /proc; grep -E "Cap|NoNewPrivs|Seccomp:" /proc/self/status; echo x >/x; echo x >/etc/x; echo x >/proc/sys/kernel/hostname'
	check "$1: no capabilities, no new privileges, a filter; the root is read-only" all [ "$(grep -c '^Cap.*0000000000000000' "$out")" -eq 5 ] -- \
		[ "$(grep -cE '^(NoNewPrivs:.1|Seccomp:.2)$' "$out")" -eq 2 ] -- [ "$(grep -c 'Read-only\|Permission' "$err")" -ge 3 ] -- \
		[ "$(grep -c '^[0-9]*$' "$out")" -le 4 ]
	box -p "$work/policy.yml" -- bash -c 'for a in 127.0.0.1/9 192.0.2.1/80; do (echo >/dev/tcp/$a) 2>/dev/null && echo out; done; grep -c : /proc/net/dev; cp /bin/true /tmp/t; /tmp/t || echo held'
	check "$1: no network; nothing runs in /tmp" all not shows out -- shows held
	box -p "$work/policy.yml" -C "$project" --keep -- sh -c 'echo x >a; rm b; echo y >new; echo z >.git/hooks/pre-commit; cp /bin/true own && ./own'
	check "$1: changes are taken over, hooks are not" all exits 0 -- [ "$(cat "$project/a" "$project/new")" = $'x\ny' ] -- [ ! -e "$project/.git/hooks/pre-commit" ]
	check "$1: the gate judges" receipt 'r.layers.gate.state === "in force" && r.execs.find(e => e.path === "/work/own").name === "fresh"'
	box -p "$work/policy.yml" -- sh -c '/lib64/ld-linux-x86-64.so.2 /bin/true; echo end'
	check "$1: the gate refuses" all shows end -- receipt 'r.denials.some(d => d.rule === "gate.loader")'
	policy untrusted "$launcher
limits: { wall: 300ms }"
	box -p "$work/policy.yml" -- sleep 60
	check "$1: limit of time" all exits 124 -- receipt 'r.limit === "wall"'
	policy untrusted "$launcher
limits: { memory: 32m }"
	box -p "$work/policy.yml" -- sh -c 'head -c 200m /dev/zero >big; head -c 200m /dev/zero | tail'
	check "$1: limit of memory, with what is written" receipt 'r.limit === "memory" || r.limit === "disk"'
	policy untrusted "$launcher
limits: { pids: 16 }"
	box -p "$work/policy.yml" -- sh -c 'i=0; while [ $i -lt 40 ]; do sleep 60 & i=$((i+1)); done'
	check "$1: limit of processes" all not exits 0 -- receipt 'r.wall_us < 30e6'
	policy command "$launcher"
	box -p "$work/policy.yml" -- /bin/sh -c 'echo ran'
	check "$1: a sealed job is refused" all exits 125 -- not shows ran -- says 'noexec'
	policy trusted "$launcher"
	box -p "$work/policy.yml" -C "$project" -- sh -c 'echo ran'
	check "$1: the host's own work directory is refused" all exits 125 -- not shows ran -- says 'fs.workdir'
	policy untrusted "$launcher
layers: { userns: required }"
	box -p "$work/policy.yml" -- sh -c 'echo ran'
	check "$1: a user namespace that is required" $3
}
launches bubblewrap "launcher: bubblewrap
bubblewrap: $bwrap" 'shows ran'
launches 'setuid bubblewrap' "launcher: bubblewrap
bubblewrap: $work/bwrap" 'all exits 125 -- not shows ran -- says user'

left=0
policy untrusted "launcher: bubblewrap"
for delay in 0.02 0.05 0.1 0.3; do
	"$program" sandbox run -q -p "$work/policy.yml" -- sleep 86398.$$ >/dev/null 2>&1 &
	victim=$!
	sleep "$delay"
	kill -9 "$victim"
	wait "$victim" 2>/dev/null
	for ((i = 0; i < 100; i++)); do pgrep -f "sleep 86398.$$" >/dev/null || break; sleep 0.05; done
	pgrep -f "sleep 86398.$$" >/dev/null && left=1
done
check 'a killed supervisor leaves no process' [ "$left" -eq 0 ]
box -- sh -c 'echo ran'
check 'where we may make namespaces, we do' all shows ran -- receipt '!r.weak && !r.notices.some(n => n.includes("bubblewrap"))'

# as above, where a kernel refuses
program=$work/denied
policy untrusted "bubblewrap: $work/bwrap"
box -p "$work/policy.yml" -- sh -c 'echo ran'
check 'where only bubblewrap may, it does' all exits 0 -- shows ran -- receipt 'r.notices.some(n => n.includes("the launcher is bubblewrap"))'
policy untrusted "launcher: own
bubblewrap: $work/bwrap"
box -p "$work/policy.yml" -- sh -c 'echo ran'
check 'but not when the policy says own' all exits 125 -- not shows ran -- says 'user.max_user_namespaces'
policy untrusted "bubblewrap: $bwrap"
box -p "$work/policy.yml" -- sh -c 'echo ran'
check 'and where neither may, it is refused' all exits 125 -- not shows ran -- says 'mend: '
policy untrusted "launcher: bubblewrap
bubblewrap: /nonexistent/bwrap"
program=$work/as-user
box -p "$work/policy.yml" -- sh -c 'echo ran'
check 'a bubblewrap that is not there' all exits 125 -- not shows ran -- says /nonexistent/bwrap
setpriv --no-new-privs true
policy untrusted "launcher: bubblewrap
bubblewrap: $work/bwrap"
sed -i 's/setpriv /setpriv --no-new-privs /' "$work/as-user"
box -p "$work/policy.yml" -- sh -c 'echo ran'
check 'a setuid one with no_new_privs' all exits 125 -- not shows ran -- says NoNewPrivileges
program=$real
box -p "$work/policy.yml" -- sh -c 'echo ran'
check 'for root it is none' all exits 125 -- not shows ran -- says 'plain users'

finish
