#!/usr/bin/env bash
# container.sh [--open] [--user] LACK COMMAND...: the command in a container as usual engines make one: namespaces of its own, no CAP_SYS_ADMIN, masked
# /proc, read-only control groups, and the filter of system calls of tests/flow/sandbox_lack.c (LACK). The current folder is /src there, read-only.
# --open: with what the sandbox needs of a container: no filter, an unmasked /proc, control groups to write.
# --user: user 65534 in it. Needs root.
set -euo pipefail
open='' user=''
while [ "${1-}" = --open ] || [ "${1-}" = --user ]; do
	declare "${1#--}=1"
	shift
done
lack=./$(realpath --relative-to="$PWD" "$1")
shift
[ "$(id -u)" -eq 0 ] || { echo "container.sh: needs root" >&2; exit 77; }
work=$(mktemp -d)
chmod 755 "$work"
groups=()
leave() {
	local group

	for group in "${groups[@]}"; do [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null; done
	rmdir "$work"
}
trap leave EXIT
if [ -n "$open" ]; then
	for base in /sys/fs/cgroup/{memory,pids,cpu,cpuacct}; do
		[ -d "$base" ] || continue
		mkdir "$base/outrider-container-$$"
		groups+=("$base/outrider-container-$$")
		[ -z "$user" ] || chown -R 65534 "$base/outrider-container-$$"
	done
fi
# what engines leave to root
caps=+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap
export new=$work open user lack caps groups_text="${groups[*]}" src=$PWD
unshare --mount --pid --fork --net --uts --ipc --kill-child bash -c '
set -e
mount -t tmpfs -o mode=755 root "$new"
cd "$new"
mkdir usr etc proc sys dev tmp var var/tmp run src root old
mount --rbind /usr usr && mount -o remount,bind,ro usr
mount --bind /etc etc && mount -o remount,bind,ro etc
mount --bind "$src" src && mount -o remount,bind,ro src
for link in bin sbin lib lib64; do ln -s "usr/$link" "$link"; done
mount -t tmpfs -o mode=1777,nosuid,nodev tmp tmp && mount -t tmpfs -o mode=1777,nosuid,nodev tmp var/tmp
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o ro,nosuid,nodev,noexec sys sys
mount -t tmpfs -o mode=755,nosuid dev dev
for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "dev/${node%:*}" c 1 "${node#*:}"; done
mknod -m 666 dev/tty c 5 0
mkdir dev/pts dev/shm && mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 pts dev/pts && mount -t tmpfs -o mode=1777 shm dev/shm
ln -s pts/ptmx dev/ptmx && ln -s /proc/self/fd dev/fd && ln -s fd/0 dev/stdin && ln -s fd/1 dev/stdout && ln -s fd/2 dev/stderr
for group in $groups_text; do
	hierarchy=$(basename "$(dirname "$group")")
	echo $$ >"$group/cgroup.procs"
	mounted="$mounted $hierarchy"
done
unshare --cgroup true
mount -t tmpfs -o mode=755 cgroup sys/fs/cgroup
for group in $groups_text; do
	hierarchy=$(basename "$(dirname "$group")")
	mkdir "sys/fs/cgroup/$hierarchy" && mount --bind "$group" "sys/fs/cgroup/$hierarchy"
done
if [ -z "$open" ]; then
	for file in kcore keys timer_list sched_debug latency_stats; do [ ! -e "proc/$file" ] || mount --bind dev/null "proc/$file"; done
	for dir in acpi scsi; do [ ! -d "proc/$dir" ] || mount -t tmpfs -o ro tmpfs "proc/$dir"; done
	for dir in bus fs irq sys sysrq-trigger; do [ ! -e "proc/$dir" ] || { mount --bind "proc/$dir" "proc/$dir" && mount -o remount,bind,ro "proc/$dir"; }; done
fi
ip link set lo up 2>/dev/null || true
pivot_root . old
umount -l /old && rmdir /old
mount -o remount,ro / && cd /src
who=()
[ -z "$user" ] || who=(--reuid=65534 --regid=65534 --clear-groups)
filter=()
[ -n "$open" ] || filter=("$lack" container --)
export HOME=/tmp TMPDIR=/tmp PATH=/usr/local/bin:/usr/bin:/bin
unset new open user lack caps groups_text src
exec setpriv "${who[@]}" --bounding-set "-all,$0" "${filter[@]}" "$@"
' "$caps" "$@"
