# setup.sh FOLDERS (FOLDER)... COMMAND...: makes the folders of services, then runs set-up commands one by one; the first that fails ends it.
n=$1
shift
while [ "$n" -gt 0 ]; do
	mkdir -p "${1%/*}" && mkdir -p -m 700 "$1" || exit 1
	shift
	n=$((n - 1))
done
for command; do
	printf '+ %s\n' "$command"
	sh -c "$command" </dev/null || {
		code=$?
		printf 'outrider: this set-up command ended with exit code %d: %s\n' "$code" "$command" >&2
		exit "$code"
	}
done
