# sandbox_lib.sh - sourced after lib.sh: a plain user with control groups of its own, made by root, given back at the end.
user_groups=() as_user=()

# where a group can be made: v1 one for each hierarchy, else v2
group_bases() {
	local c

	if [ -d /sys/fs/cgroup/memory ] && [ -d /sys/fs/cgroup/pids ]; then
		for c in memory pids cpu cpuacct; do [ ! -d "/sys/fs/cgroup/$c" ] || echo "/sys/fs/cgroup/$c"; done
	elif grep -qw memory /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null; then
		echo /sys/fs/cgroup
	fi
}

# $as_user COMMAND... runs it as user 65534 in groups of its own; false where that cannot be.
make_user() {
	local base

	[ "$(id -u)" -eq 0 ] || return 1
	for base in $(group_bases); do
		mkdir "$base/outrider-test-$$" || return 1
		user_groups+=("$base/outrider-test-$$")
		chown -R 65534 "$base/outrider-test-$$"
	done
	[ ${#user_groups[@]} -gt 0 ] || return 1
	{
		echo '#!/bin/sh'
		# version 2: as who is started by one that is in the group, which gives controllers to its children now
		for base in "${user_groups[@]}"; do
			echo "[ ! -d $base/outrider-supervisor ] || echo \$\$ >$base/outrider-supervisor/cgroup.procs || exit 99"
			echo "[ -d $base/outrider-supervisor ] || [ ! -d $base ] || echo \$\$ >$base/cgroup.procs || exit 99"
		done
		echo 'exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"'
	} >"$work/as-user"
	chmod 755 "$work/as-user" "$work" && chmod 777 "$work"
	as_user=("$work/as-user")
	trap 'leave_user; leave_work' EXIT
}
leave_user() {
	local group

	for group in "${user_groups[@]}"; do
		[ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
	done
	user_groups=()
}
