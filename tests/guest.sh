#!/usr/bin/env bash
# guest.sh KERNEL.deb COMMAND...: the command in a virtual machine with that kernel (a linux-image package of Debian), control groups of version 2
# and this machine's files read-only; the current folder is /mnt there, /tmp is empty. By hand, for kernels other than our own:
#
#     apt-get download linux-image-6.1.0-56-amd64
#     tests/guest.sh linux-image-6.1*.deb tests/flow/walls.sh build/release/bin/outrider build/release/bin/sandbox_lack
#
# Needs qemu-system-x86, busybox-static and cpio. The processor is emulated (GUEST_ACCEL=kvm: where that works), and slow. GUEST_SECONDS: 1800. GUEST_KERNEL: its command line.
set -euo pipefail
package=$(realpath "$1") tree=$PWD
shift
for need in qemu-system-x86_64 busybox cpio dpkg-deb; do
	command -v "$need" >/dev/null || { echo "guest.sh: $need is not there" >&2; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

dpkg-deb -x "$package" "$work/kernel"
[ -d "$work/kernel/lib" ] || ln -s usr/lib "$work/kernel/lib"
release=$(basename "$work"/kernel/lib/modules/*)
find "$work/kernel/" -name '*.ko.xz' -print0 | xargs -0r xz -d
mkdir -p "$work/root"/{bin,modules,proc,sys,dev,new}
cp "$(command -v busybox)" "$work/root/bin/busybox"

# what the kernel needs to see our files: each with all that it depends on, until no more can be loaded
busybox depmod -b "$work/kernel" "$release"
for module in virtio_pci 9pnet_virtio 9p overlay; do
	sed -n "s#^\([^:]*/$module.ko\):#\1#p" "$work/kernel/lib/modules/$release/modules.dep"
done | tr ' ' '\n' | sort -u | while read -r file; do
	cp "$work/kernel/lib/modules/$release/$file" "$work/root/modules/"
done
printf '%s\n' "${*@Q}" >"$work/root/command"
echo "${tree#/}" >"$work/root/tree"
cat >"$work/root/init" <<'INIT'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc; $b mount -t sysfs sys /sys; $b mount -t devtmpfs dev /dev
for i in 1 2 3 4 5 6; do for m in /modules/*; do $b insmod $m 2>/dev/null; done; done
$b mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose,noatime host /new || { echo GUEST EXIT 99; $b poweroff -f; }
$b mount --bind /new/$($b cat /tree) /new/mnt
for d in tmp var/tmp run root home; do $b mount -t tmpfs -o mode=1777 tmp /new/$d; done
$b mount -t proc proc /new/proc; $b mount -t sysfs sys /new/sys; $b mount -t devtmpfs dev /new/dev
$b mkdir -p /new/dev/pts /new/dev/shm; $b mount -t devpts pts /new/dev/pts; $b mount -t tmpfs -o mode=1777 shm /new/dev/shm
$b ln -sf /proc/self/fd /new/dev/fd; for n in 0:stdin 1:stdout 2:stderr; do $b ln -sf /proc/self/fd/${n%:*} /new/dev/${n#*:}; done
$b mount -t cgroup2 cgroup2 /new/sys/fs/cgroup; echo "+memory +pids +cpu" >/new/sys/fs/cgroup/cgroup.subtree_control
$b ip link set lo up; $b hostname guest
$b umount -l /dev; $b umount -l /sys
# namespaces of users need a root that is no chroot
echo "cd /mnt && export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root; $($b cat /command); echo GUEST EXIT \$?; busybox poweroff -f" >/new/run/command
$b umount -l /proc
exec $b switch_root /new /bin/bash /run/command
INIT
chmod 755 "$work/root/init"
(cd "$work/root" && find . | cpio -o -H newc 2>/dev/null | gzip -1) >"$work/initrd"

timeout "${GUEST_SECONDS:-1800}" qemu-system-x86_64 -accel "${GUEST_ACCEL:-tcg,thread=multi}" -cpu max -m 3072 -smp 2 -nographic -no-reboot -nic none \
	-virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
	-kernel "$work"/kernel/boot/vmlinuz-* -initrd "$work/initrd" \
	-append "console=ttyS0 quiet panic=-1 ${GUEST_KERNEL:-lsm=landlock,lockdown,yama,integrity,apparmor,bpf}" </dev/null 2>&1 |
	sed -u 's/\r$//' | tee "$work/screen"
code=$(sed -n 's/^GUEST EXIT \([0-9]*\)$/\1/p' "$work/screen" | tail -n 1)
[ -n "$code" ] || { echo "guest.sh: the machine ended before the command" >&2; exit 1; }
exit "$code"
