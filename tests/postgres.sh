#!/usr/bin/env bash
# postgres.sh COMMAND...: runs COMMAND with a PostgreSQL server of its own and its address in
# OUTRIDER_STORE; sourced, it gives pg_start, pg_stop, pg_kill. The server lies in a new folder, runs as a
# user who is not root, syncs like a real one, and ends with this script. Exit code 77: there is no PostgreSQL.
# PG_PORT=N: also listens on 127.0.0.1:N. PG_SPARE="-c fsync=off": more options for the server.

pg_script=$(readlink -f "${BASH_SOURCE[0]}")

pg_find() {
	local bin

	for bin in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) $(dirname "$(command -v initdb || echo /)"); do
		if [ -x "$bin/initdb" ]; then
			echo "$bin"
			return
		fi
	done
	echo "SKIP: there is no PostgreSQL server (Debian: postgresql)" >&2
	return 77
}

# The server refuses to run as root.
pg_as() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid="$pg_user" --regid="$(id -g "$pg_user")" --clear-groups "$@"
	else
		"$@"
	fi
}

# Makes and starts a server; sets pg_dir, pg_pid and OUTRIDER_STORE.
pg_start() {
	pg_bin=$(pg_find) || return
	pg_user=$(id -un postgres 2>/dev/null || id -un nobody)
	if [ -z "${pg_dir-}" ]; then
		# short: the path of a socket has 107 bytes
		pg_dir=$(mktemp -d /tmp/outrider-pg-XXXXXX) || return
		chmod 711 "$pg_dir"
		mkdir "$pg_dir/data" "$pg_dir/socket"
		[ "$(id -u)" -ne 0 ] || chown "$pg_user" "$pg_dir/data" "$pg_dir/socket"
		(cd / && pg_as "$pg_bin/initdb" --no-sync --auth=trust --username=outrider --encoding=UTF8 \
			--locale=C.UTF-8 -D "$pg_dir/data") >"$pg_dir/initdb.log" 2>&1 ||
			{ cat "$pg_dir/initdb.log" >&2; return 1; }
	fi
	OUTRIDER_STORE="postgres://outrider@/postgres?host=$pg_dir/socket&port=${PG_PORT:-5432}"
	export OUTRIDER_STORE
	pg_run
}

# Starts it on its folder (again). It dies with this shell, whatever ends that.
pg_run() {
	local listen='' port=5432 i

	[ -z "${PG_PORT-}" ] || listen=127.0.0.1 port=$PG_PORT
	rm -f "$pg_dir/socket/".s.*.lock
	# shellcheck disable=SC2086
	(cd / && exec setpriv --pdeathsig KILL -- "$pg_script" --as "$pg_user" "$pg_bin/postgres" -D "$pg_dir/data" \
		-c "listen_addresses=$listen" -c "port=$port" \
		-c "unix_socket_directories=$pg_dir/socket" -c shared_buffers=32MB -c max_connections=100 \
		${PG_SPARE-}) >>"$pg_dir/log" 2>&1 </dev/null &
	pg_pid=$!
	for i in $(seq 200); do
		"$pg_bin/pg_isready" -q -h "$pg_dir/socket" -p "$port" && return
		kill -0 "$pg_pid" 2>/dev/null || break
		sleep 0.05
	done
	echo "PostgreSQL did not start:" >&2
	tail -n 20 "$pg_dir/log" >&2
	return 1
}

# As a crash: no checkpoint, no farewell.
pg_kill() {
	kill -KILL "$pg_pid" 2>/dev/null
	wait "$pg_pid" 2>/dev/null
	# its children notice by themselves; the new server refuses to start before
	while pgrep -P "$pg_pid" >/dev/null 2>&1; do sleep 0.02; done
}

pg_stop() {
	[ -n "${pg_dir-}" ] || return 0
	[ -z "${pg_pid-}" ] || { kill -INT "$pg_pid" 2>/dev/null; wait "$pg_pid" 2>/dev/null; }
	rm -rf "$pg_dir"
}

if [ "${1-}" = --as ]; then
	pg_user=$2
	shift 2
	# pdeathsig is lost with the change of user, so it is asked for again
	if [ "$(id -u)" -eq 0 ]; then
		exec setpriv --reuid="$pg_user" --regid="$(id -g "$pg_user")" --clear-groups \
			setpriv --pdeathsig KILL -- "$@"
	fi
	exec setpriv --pdeathsig KILL -- "$@"
fi

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	set -uo pipefail
	trap pg_stop EXIT
	trap 'exit 130' INT TERM
	pg_start || exit
	"$@"
	exit
fi
