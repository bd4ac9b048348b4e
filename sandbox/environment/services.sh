# services.sh NUMBER (NAME COMMAND READY SECONDS DATA)... COMMAND...
# Runs inside of a job's sandbox, before its command: starts each service, waits until it is ready, and becomes COMMAND. READY is "port N",
# "run COMMAND" or empty. ~/.services holds NAME.log, NAME.started and NAME.ready, empty files whose times tell, and `failed`.
# Nothing but a POSIX shell, mkdir, rm, sleep and date: an image may be small.
place=$HOME/.services
rm -rf "$place"
mkdir -m 700 "$place" || exit 125

fail() {
	echo "$name" >"$place/failed"
	echo "outrider: service '$name' $1; the end of its log:" >&2
	tail -n 20 "$place/$name.log" >&2
	exit 125
}

# Somebody listens on that port: state 0A of the kernel's table.
listens() {
	port=$(printf '%04X' "$1")
	for table in /proc/self/net/tcp /proc/self/net/tcp6; do
		[ -r "$table" ] || continue
		while read -r _ local _ state _; do
			case $local.$state in
			*:"$port".0A) return 0 ;;
			esac
		done <"$table"
	done
	return 1
}

is_ready() {
	case $ready in
	'') return 0 ;;
	port\ *) listens "${ready#port }" ;;
	*) sh -c "${ready#run }" >/dev/null 2>&1 </dev/null ;;
	esac
}

n=$1
shift
while [ "$n" -gt 0 ]; do
	name=$1 command=$2 ready=$3 seconds=$4 data=$5
	shift 5
	n=$((n - 1))
	: >"$place/$name.started"
	if [ -n "$data" ] && [ ! -d "$data" ]; then
		mkdir -p "${data%/*}" && mkdir -m 700 "$data" || fail "has no folder '$data'"
	fi
	# a child of init, not of the command
	(
		sh -c "$command" >"$place/$name.log" 2>&1 </dev/null &
		echo $! >"$place/$name.pid"
	)
	pid=$(cat "$place/$name.pid")
	end=$(($(date +%s) + seconds))
	until is_ready; do
		kill -0 "$pid" 2>/dev/null || fail 'ended before it was ready'
		[ "$(date +%s)" -lt "$end" ] || fail "was not ready within $seconds s"
		sleep 0.05
	done
	: >"$place/$name.ready"
done
exec "$@"
