#!/usr/bin/env bash
# netns.sh PROGRAM [OPTIONS of crash.mjs]: two brokers on one PostgreSQL and four workers, each a machine with a network of its own, whose
# links are cut and healed while processes are killed. All of it lives in namespaces that end with it. Exit code 77: the kernel or the
# user does not allow that.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ "${1-}" != --inside ]; then
	[ "$(id -u)" -eq 0 ] || { echo 'skipped: networks need root'; exit 77; }
	command -v ip >/dev/null || { echo 'skipped: ip is not there (Debian: iproute2)'; exit 77; }
	exec unshare --net --mount --propagation private "$here/netns.sh" --inside "$@"
fi
shift
mkdir -p /run/netns && mount -t tmpfs none /run/netns || exit 77
ip link add probe0 type veth peer name probe1 && ip link del probe0 || { echo 'skipped: there are no veth pairs'; exit 77; }
node "$here/crash.mjs" "$1" --netns "${@:2}"
