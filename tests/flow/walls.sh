#!/usr/bin/env bash
# Hosts that lack a wall: each row of the program's own table, for each trust, as root and as a plain user, made true.
lack=$2
set -- "$1" "${3-}"
. "$(dirname "$0")/lib.sh"
. "$here/sandbox_lib.sh"
[ -z "$sanitizer" ] || export ASAN_OPTIONS=detect_leaks=0
docs=$here/../../docs/sandbox.md

run sandbox run -- /bin/true
if [ "$status" -eq 125 ]; then
	echo "SKIP: no sandbox on this host: $(cat "$err")"
	exit 77
fi
run sandbox probe --table --format markdown
check 'the page has the table of the program' [ "$(cat "$out")" = "$(sed -n '/^| wall | where/,/^$/p' "$docs" | sed '/^$/d')" ]
run sandbox probe --table
check 'and people can read it' all exits 0 -- shows 'an empty network namespace'
run sandbox probe --table --format json
json "true" && node -e 'for (const r of JSON.parse(require("fs").readFileSync(process.argv[1])))
	console.log([r.id, r.who, r.untrusted, r.command, r.trusted].join("\t"))' "$out" >"$work/rows"
check 'the table has a row for each wall' [ "$(wc -l <"$work/rows")" -ge 17 ]

# How each is taken away: by a filter of system calls, or (outer) by what root does to a mount namespace of its own.
outer() { printf 'unshare\n-m\nsh\n-c\n%s && exec "$@"\nsh\n' "$1"; }
declare -A outer=(
	[cgroup]='mount -t tmpfs none /sys/fs/cgroup'
	[cgroup-cpu]='mount -t tmpfs none /sys/fs/cgroup/cpu'
)
declare -A layer=([cgroup-cpu]=cgroup [landlock-old]=landlock)

# our own launcher alone: where a plain user may make no namespaces, bubblewrap is tried otherwise (bubble.sh)
printf 'trust: untrusted\nlauncher: own\n' >"$work/untrusted.yml"
printf 'trust: trusted\nlauncher: own\n' >"$work/trusted.yml"
printf 'trust: command\nlauncher: own\nexec: { allow: [ { path: /bin/sh, class: interpreter } ] }\n' >"$work/command.yml"
mkdir "$work/root" "$work/nobody"
[ "$(id -u)" -ne 0 ] || chown 65534:65534 "$work/nobody"

# lacking WALL TRUST: a run on a host without it, as $as, in $dir
lacking() {
	local prefix=()

	if [ -n "${outer[$1]-}" ]; then
		mapfile -t prefix < <(outer "${outer[$1]}")
		prefix+=("${as[@]}")
	else
		prefix=("${as[@]}" "$lack" "$1" --)
	fi
	status=0
	rm -f "$work/receipt"
	timeout $((60 * slow)) "${prefix[@]}" "$program" sandbox run --policy "$work/$2.yml" --receipt "$work/receipt" -C "$dir" \
		-- /bin/sh -c 'echo ran' >"$out" 2>"$err" </dev/null || status=$?
}
receipt() { json "$1" "$work/receipt"; }

# row ID LAYER OUTCOME: what happened is what the table says
row() {
	case $3 in
	refused) all exits 125 -- not shows ran -- says refused -- says 'mend: ' -- [ ! -e "$work/receipt" ] ;;
	lowered) all exits 0 -- shows ran -- tells "sandbox: $2 " -- says 'mend: ' -- \
		receipt "['missing', 'weak'].includes(r.layers['$2'].state) && r.weak" ;;
	copied) all exits 0 -- shows ran -- says 'was copied' -- receipt 'r.workdir === "copy"' ;;
	told) all exits 0 -- shows ran -- receipt "r.layers['$2'].state === 'in force' && r.layers['$2'].detail === 'ABI 2'" ;;
	'not wanted') all exits 0 -- shows ran -- not says "$2 " -- receipt "r.workdir === 'bind' || r.layers['$2'].state === 'off'" ;;
	*) false ;;
	esac
}

each_row() {
	local id who untrusted command trusted t

	while IFS=$'\t' read -r id who untrusted command trusted; do
		[ "$who" = any ] || [ "$who" = "$1" ] || continue
		if [ "$id" = cgroup-cpu ] && [ ! -d /sys/fs/cgroup/cpu ]; then
			echo '# the controller of the processor: no hierarchy of its own here'
			continue
		fi
		[ "$id" != overlay ] || [ "$copies" -eq 0 ] || continue
		dir=$work/nobody
		[ "$id" != idmap ] || dir=$work/root
		for t in untrusted command trusted; do
			lacking "$id" "$t"
			check "$1, no $id, $t: ${!t}" row "$id" "${layer[$id]-$id}" "${!t}"
		done
	done <"$work/rows"
}

# what takes a wall away in another manner, and the wall that the refusal names
each_way() {
	local way

	dir=$work/nobody
	for way in clone3 fsopen move_mount mount_setattr pivot_root; do
		lacking "$way" untrusted
		check "$1, no $way: refused" row mounts mounts refused
	done
	lacking proc untrusted
	check "$1, no new /proc: refused" all row pidns pidns refused -- says systempaths
	outer[masked]='mount --bind /dev/null /proc/version'
	lacking masked untrusted
	check "$1, a masked /proc: refused" all row pidns pidns refused -- says systempaths
	for way in mnt pid net ipc; do
		status=0
		"${as[@]}" unshare -Ur sh -c "echo 0 >/proc/sys/user/max_${way}_namespaces && exec \"\$@\"" sh \
			"$program" sandbox run --policy "$work/untrusted.yml" --receipt "$work/receipt" -- sh -c 'echo ran' >"$out" 2>"$err" </dev/null || status=$?
		check "$1, sysctl user.max_${way}_namespaces=0: refused" all exits 125 -- not shows ran -- says refused -- \
			says "user.max_${way}_namespaces"
	done
	status=0
	"${as[@]}" unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"' sh \
		"$program" sandbox run --policy "$work/untrusted.yml" -- sh -c 'echo ran' >"$out" 2>"$err" </dev/null || status=$?
	check "$1 of a container with one id, no user namespaces: refused" all exits 125 -- not shows ran -- says user.max_user_namespaces
	status=0
	"${as[@]}" unshare -Ur "$program" sandbox run --policy "$work/untrusted.yml" -- sh -c 'echo ran; id -u' >"$out" 2>"$err" </dev/null || status=$?
	check "$1 of a container with one id: runs as a plain user" all exits 0 -- shows ran -- shows 1000
}

# a policy may require what the built-in one does not
each_required() {
	local id

	dir=$work/nobody
	for id in utsns cgroupns landlock mdwe gate; do
		printf 'trust: untrusted\nlayers: { %s: required }\n' "$id" >"$work/required.yml"
		lacking "$id" required
		check "$1, no $id, but required: refused" row "$id" "$id" refused
	done
}

# copies: this kernel has no overlay for jobs anyway
see() {
	dir=$work/nobody copies=0
	"${as[@]}" "$program" sandbox run --policy "$work/untrusted.yml" --receipt "$work/receipt" -C "$dir" -- /bin/sh -c 'echo ran' >"$out" 2>"$err" </dev/null
	status=$?
	if [ "$status" -eq 125 ]; then
		echo "# not $1: $(cat "$err")"
		return
	fi
	grep -q 'was copied' "$err" && copies=1
	check "$1, all walls: nothing is missing" all exits 0 -- shows ran -- not says missing
	each_row "$1"
	each_way "$1"
	each_required "$1"
}

# A container as engines make one, whose root is no root of the host, and one that was given what the sandbox asks for.
contained() {
	local kind=$1

	shift
	rm -f "$work/receipt"
	status=0
	# shellcheck disable=SC2086
	(cd "$(dirname "$program")" && timeout $((60 * slow)) "$here/../container.sh" $kind "$lack" "./$(basename "$program")" sandbox "$@") \
		>"$out" 2>"$err" </dev/null || status=$?
}
command=(-- /bin/sh -c 'echo ran')
see_container() {
	local t

	for t in untrusted command trusted; do
		contained '' run --trust "$t" "${command[@]}"
		check "a usual container, root, $t: refused" row none none refused
		contained --user run --trust "$t" "${command[@]}"
		check "a usual container, a user, $t: refused" row none none refused
	done
	contained '' selftest --only F01 --format json
	check 'the self-test says that no wall is there' all exits 1 -- json '!r.holds && !r.walls.build.there && r.walls.sealed.why.includes("refused")'
	if command -v bwrap >/dev/null; then
		contained '' selftest --engine bubblewrap --only F01 --format json
		check 'and that bubblewrap does not start either' json '!r.walls.bubblewrap.there && r.walls.bubblewrap.why.includes("does not start")'
	fi
	[ -d /sys/fs/cgroup/memory ] || return
	contained '--open --user' run "${command[@]}"
	check 'an open container, a user: nothing is missing' all exits 0 -- shows ran -- not says missing
	contained --open run "${command[@]}"
	check 'an open container, root: nothing is missing' all exits 0 -- shows ran -- not says missing
}

as=()
if [ "$(id -u)" -eq 0 ]; then see root; else see user; fi
if make_user; then
	as=("${as_user[@]}")
	see user
else
	echo '# not as a plain user: needs root, and control groups to give away'
fi
if [ "$(id -u)" -eq 0 ]; then see_container; fi
finish
