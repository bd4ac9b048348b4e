#!/usr/bin/env bash
# Environments: set-up once, databases beside jobs, images, packages, a pool; what is refused, and what a crash leaves.
. "$(dirname "$0")/lib.sh"
. "$here/image.sh"
# jobs take a while under sanitizers; what leaks is looked for where nothing is traced
[ -z "$sanitizer" ] || export ASAN_OPTIONS=detect_leaks=0
pg=$(dirname "$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -rV | head -n 1)")
store=$work/store host=$work/host.yml repo=$work/repo

# env ARGUMENTS: with the host's settings; a server is started and stopped in there, on a busy machine.
env_() { status=0; timeout 280 "$program" env "$@" --host "$host" >"$out" 2>"$err" </dev/null || status=$?; }
inside() { status=0; timeout 280 "$program" env run -C "$repo" --host "$host" "${more[@]}" -- "$@" >"$out" 2>"$err" </dev/null || status=$?; }
more=()
settings() { printf 'store: %s\n%s\n' "$store" "${1-}" >"$host"; }
commit() { git -C "$repo" add -A && git -C "$repo" commit -qm "$1"; }
fresh() { rm -rf "$repo" && mkdir "$repo" && git -C "$repo" init -q; }
snapshots() { find "$store/snapshot" -mindepth 1 -maxdepth 1 | wc -l; }
kept() { echo "$store"/snapshot/*; }

run sandbox run -- /bin/true
if [ "$status" -eq 125 ]; then
	echo "SKIP: no sandbox on this host: $(cat "$err")"
	exit 77
fi

# ---- set-up: once, then reused ----
describe() { printf 'environment:\n%s\n' "$1" >"$repo/.outrider.yml"; }
settings
fresh
describe '  setup: ["echo run >>made; date +%N >when; mkdir -p deps/bin; printf \"#!/bin/sh\necho tool\n\" >deps/bin/tool; chmod 750 deps/bin/tool; echo mine >tracked; rm away", "echo $WORD >~/word; cp /bin/echo ~/say"]
  env: { WORD: "it'\''s set" }
  files: [lock]'
echo ours >"$repo/tracked" && echo 1 >"$repo/lock" && echo x >"$repo/away"
commit one
env_ build -C "$repo"
check 'set-up runs' all exits 0 -- shows '(made now)' -- says 'tracked: set-up changed a file of the repository'
inside sh -c 'cat made tracked away lock ~/word; deps/bin/tool; ~/say from home; stat -c %a deps/bin/tool; git log --oneline; git status --short'
check 'a job has what it left, and its own files' all exits 0 -- shows run -- shows ours -- shows "it's set" -- shows tool -- shows 'from home' -- shows 750 -- not shows mine -- not shows ' M '
first=$(cat "$store"/snapshot/*/work/when)
env_ build -C "$repo"
check 'it does not run again' all exits 0 -- not shows '(made now)' -- [ "$(cat "$store"/snapshot/*/work/when)" = "$first" ]
inside sh -c 'rm -rf deps made; echo x >~/word; echo y >new'
inside sh -c 'cat made ~/word; ls'
check 'no job changes it for the next' all exits 0 -- shows run -- shows "it's set" -- shows deps -- not shows new
echo other >"$repo/unrelated" && commit two
env_ build -C "$repo"
check 'a file that is not named does not count' all exits 0 -- not shows '(made now)'
echo 2 >"$repo/lock" && commit three
env_ build -C "$repo"
check 'a named one does' all exits 0 -- shows '(made now)' -- [ "$(snapshots)" -eq 2 ]
env_ list
check 'both are listed' all exits 0 -- [ "$(grep -c '^set-up' "$out")" -eq 2 ]
cp -r "$repo" "$work/twin"
env_ build -C "$work/twin"
check 'what one repository built is not used for another' all exits 0 -- shows '(made now)'

# ---- only the base decides ----
git -C "$repo" checkout -q -b change
describe '  setup: ["echo evil >evil"]'
echo theirs >"$repo/tracked" && echo added >"$repo/made" && commit 'a change'
more=(--base HEAD~1 --rev HEAD)
inside sh -c 'cat tracked made .outrider.yml; cat evil'
check 'the change is what runs, the base says in what' all shows theirs -- shows added -- shows evil -- says "evil: No such file" -- not shows run
more=()
git -C "$repo" checkout -q - && git -C "$repo" branch -qD change

# ---- refreshed, in parallel, killed ----
rm -rf "$store"/snapshot/*
inside true
old=$(kept)
aged() { mv "$(kept)" "${old%.*}.$(printf %016x $((${EPOCHREALTIME/./} / 1000 - $1 * 3600000)))"; }
aged 13
inside true
check 'younger than its refresh: it is used' all exits 0 -- not says set-up: -- [ "$(snapshots)" -eq 1 ]
env_ build -C "$repo"
check 'but a timer makes it anew, and throws the old one away' all exits 0 -- shows '(made now)' -- shows '1 removed' -- [ "$(snapshots)" -eq 1 ]
aged 25
inside true
check 'too old: the job makes it again' all exits 0 -- says set-up: -- [ "$(snapshots)" -eq 2 ]
env_ prune
check 'and the old one is pruned' all exits 0 -- shows '1 removed' -- [ "$(snapshots)" -eq 1 ]
rm -rf "$store"/snapshot/*
for i in 1 2 3 4; do timeout 280 "$program" env build -C "$repo" --host "$host" >"$work/par.$i" 2>/dev/null </dev/null & pids[i]=$!; done
wait "${pids[@]}"
check 'of four at once one makes it' all [ "$(cat "$work"/par.* | grep -cF '(made now)')" -eq 1 ] -- [ "$(cat "$work"/par.* | grep -c '^set-up')" -eq 4 ]

describe '  setup: ["echo part >part; mkfifo go; echo up >&2; sleep 86397.'$$'"]' && commit 'slow'
killed=0
for i in 1 2 3; do
	"$program" env build -C "$repo" --host "$host" >/dev/null 2>"$err" </dev/null &
	victim=$!
	for ((k = 0; k < 400; k++)); do grep -q '^up' "$err" && break; sleep 0.05; done
	kill -9 "$victim" && killed=$((killed + 1))
	wait "$victim" 2>/dev/null
done
for ((k = 0; k < 100; k++)); do pgrep -f "sleep 86397.$$" >/dev/null || break; sleep 0.05; done
check 'a killed set-up leaves no process' all [ "$killed" -eq 3 ] -- not pgrep -f "sleep 86397.$$"
check 'and nothing that counts' [ "$(snapshots)" -eq 1 ]
env_ prune
check 'and nothing at all after the next prune' [ -z "$(ls -A "$store/building")" ]

# ---- what set-up may not ----
fresh
describe '  setup: ["ln -s /etc/shadow l; mkfifo f; cp /bin/sh s; chmod 6755 s; ln -s ../../../out up; mkdir -p .git/hooks; echo x >.git/hooks/post-checkout; mkdir -m 0 shut; touch \"$(printf \"a\\033b\")\""]'
commit hostile
env_ build -C "$repo"
left=$(echo "$store"/snapshot/*/work/s); left=${left%/s}
check 'pipes stay behind, and that is said' all exits 0 -- says '/work/f: a device, a FIFO or a socket' -- [ ! -e "$left/f" ]
check 'links are kept, and lead nowhere here' all [ -L "$left/l" ] -- [ "$(readlink "$left/up")" = ../../../out ]
check 'no setuid, nothing of git' all [ "$(stat -c %a "$left/s")" = 755 ] -- [ ! -e "$left/.git" ]
describe '  setup: ["echo out >/usr/x", "touch never"]' && commit system
env_ build -C "$repo"
check 'set-up is not root, and a failure is told with its words' all exits 2 -- says 'set-up failed (exit code 2)' -- says '/usr/x'
check 'and nothing of it is kept' [ -z "$(find "$store/snapshot" -name never)" ]
describe '  setup: ["timeout 5 sh -c \"echo | cat >/dev/tcp/1.1.1.1/53\"; curl -sS -m 5 http://1.1.1.1 || echo no network"]' && commit network
env_ build -C "$repo"
check 'no network when the policy names none' says 'no network'

if command -v python3 >/dev/null && command -v curl >/dev/null; then
	mkdir "$work/www" && echo from the mirror >"$work/www/dependency"
	python3 -c 'import http.server, os
os.chdir("'"$work/www"'")
s = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print(s.server_port, flush=True)
s.serve_forever()' >"$work/port" 2>/dev/null &
	server=$!
	for ((i = 0; i < 400; i++)); do [ -s "$work/port" ] && break; sleep 0.05; done
	port=$(cat "$work/port")
	printf 'trust: untrusted\nnet: { addresses: [127.0.0.0/8], fetch: [ { host: 127.0.0.1, port: %s, tls: false, methods: [GET] } ] }\n' "$port" >"$work/policy.yml"
	run audit key "$work/log.key"
	settings "policy: $work/policy.yml
audit: $work/log"
	describe "  setup: [\"curl -fsS --noproxy '' -o dependency http://127.0.0.1:$port/dependency\"]" && commit fetch
	inside sh -c "cat dependency; curl -fsS --noproxy '' http://127.0.0.1:$port/dependency && echo reached"
	check 'set-up has the routes of the policy, its jobs have not' all shows 'from the mirror' -- not shows reached -- not exits 0
	kill "$server"
	run audit verify "$work/log"
	check 'both are in the audit log' exits 0
	run audit who --log "$work/log" environment
	check 'with what was fetched' shows "GET http://127.0.0.1:$port/dependency"
fi

# ---- where jobs have no overlay ----
printf 'trust: untrusted\nfs: { workdir: copy }\n' >"$work/policy.yml"
settings "policy: $work/policy.yml"
describe '  setup: ["echo set >made; echo mine >tracked; mkdir d; echo set >d/b"]' && mkdir "$repo/d" && echo ours | tee "$repo/tracked" >"$repo/d/a" && commit copy
inside sh -c 'cat made tracked d/a d/b; rm -rf d'
inside sh -c 'cat made tracked d/a d/b'
check 'a copy has the same' all exits 0 -- [ "$(cat "$out")" = $'set\nours\nours\nset' ]
settings

# ---- what the administrator did not allow ----
describe '  packages: [hello]' && commit packages
env_ build -C "$repo"
check 'packages are refused, with the place' all exits 2 -- says '.outrider.yml:2:13' -- says "'hello' is not allowed on this host" -- says "$host"
describe '  image: debian' && commit image
env_ build -C "$repo"
check 'images are refused' all exits 2 -- says "the image 'debian' is not allowed"
describe '  setup: ["true"]' && commit setup
settings 'setup: false'
env_ build -C "$repo"
check 'set-up is refused' all exits 2 -- says 'set-up commands are not allowed'
settings 'sutup: false'
env_ build -C "$repo"
check 'a mistake of the administrator' all exits 2 -- says 'host.yml:2:1' -- says "did you mean 'setup'"
settings
describe '  packages: ["--hook=sh"]' && commit option
env_ build -C "$repo"
check 'an option of a program is no package' all exits 2 -- says 'name of a Debian package'
chmod 777 "$store"
env_ list
check 'a store that others may write is refused' all exits 2 -- says 'nobody else may write'
chmod 700 "$store"

# ---- services ----
fresh
describe '  services: [{name: dead, command: "echo gone; exit 3", ready: "false"}]' && commit dead
inside echo ran
check 'a service that ends: the command does not run' all exits 125 -- not shows ran -- says "service 'dead' ended before it was ready" -- says gone
describe '  services: [{name: slow, command: "sleep 60", port: 7, within: 1s}]' && commit slow
inside echo ran
check 'a service that is not ready in time' all exits 125 -- not shows ran -- says "was not ready within 1 s"
describe '  services: [{name: one, command: "exec sleep 86396.'$$'", data: /home/job/d}, {name: two, command: "cat ~/d/../word; exec sleep 60", ready: "test -d ~/d"}]
  setup: ["echo word >~/word; stat -c %a ~/d"]' && commit two
more=(--logs "$work/logs")
inside sh -c 'until [ -s ~/.services/two.log ]; do sleep 0.1; done; ls -A ~/.services; exit 4'
check 'two services, one after the other, and the exit code of the command' all exits 4 -- says "'one' was ready" -- says "'two' was ready" -- [ "$(cat "$work/logs/two.log")" = word ]
check 'they end with the job' not pgrep -f "sleep 86396.$$"
more=()

# ---- a real database server ----
if [ -x "$pg/postgres" ]; then
	database() {
		fresh
		describe "  env: { PATH: '$pg:/usr/bin:/bin', PGDATA: /home/job/pg, PGHOST: /tmp, PGUSER: job, PGDATABASE: postgres }
  setup:
    - initdb --no-sync --auth=trust -E UTF8 --locale=C.UTF-8 >/dev/null
    - pg_ctl -w -o '-k /tmp -c listen_addresses=' -l /tmp/log start && psql -qf schema.sql && pg_ctl -w stop
  files: [schema.sql]
  services:
    - {name: db, command: 'exec postgres -k /tmp -c listen_addresses=127.0.0.1', ready: pg_isready -q, within: 120s}"
		echo 'create table goods (id int primary key, name text not null);' >"$repo/schema.sql"
		cat >"$repo/check.sh" <<-'SH'
			set -e
			psql -q -c "insert into goods select n, 'number ' || n from generate_series(1, 5000) n"
			psql -At -c "select count(*) || ' rows, ' || max(name) from goods where id <= 4000"
			psql -h 127.0.0.1 -At -c 'show server_version'
			if psql -q -c "insert into goods values (1, 'again')" 2>&1; then exit 9; fi
			pgbench -q -i -s 1 >/dev/null 2>&1
			pgbench -n -t 20 | grep -F 'transactions actually processed: 20/20'
		SH
		commit database
	}
	as=()
	postgres_as() {
		more=(--receipt "$work/receipt")
		inside sh check.sh
		check "$1: a PostgreSQL server, its data from set-up, a job that writes and reads" all exits 0 -- \
			shows '5000 rows' -- shows 'duplicate key' -- shows '20/20' 2>/dev/null || { cat "$out" "$err"; }
		check "$1: the service is in the receipt, and its programs with digests" json \
			'r.notices.some(n => /db.*was ready after/.test(n)) && r.execs.some(e => /\/postgres$/.test(e.path) && e.digest)' "$work/receipt"
		inside psql -At -c 'select count(*) from goods'
		check "$1: the next job has the data as set-up left it" all exits 0 -- shows 0
		more=()
	}
	database
	sed -i "s/id <= 4000/id > 0/" "$repo/check.sh" && commit all
	postgres_as root
	# the same as a plain user, who was given control groups of version 1
	user_groups() { for c in memory pids cpu cpuacct; do echo "/sys/fs/cgroup/$c/outrider-env-$$"; done; }
	if [ "$(id -u)" -eq 0 ] && [ -d /sys/fs/cgroup/memory ] && mkdir $(user_groups) 2>/dev/null && chown -R 65534 $(user_groups); then
		real=$program
		cat >"$work/as-user" <<-SH
			#!/bin/sh
			export HOME=$work/user GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
			exec setpriv --reuid=65534 --regid=65534 --clear-groups sh -c 'for g in $(user_groups | tr '\n' ' '); do echo \$\$ >\$g/cgroup.procs; done; exec "\$@"' sh $real "\$@"
		SH
		chmod 755 "$work/as-user" "$work" && mkdir "$work/user" && chown -R 65534:65534 "$work/user" "$repo"
		: >"$work/receipt" && chown 65534 "$work/receipt" && chmod 777 "$work"
		program=$work/as-user store=$work/user/store
		settings
		postgres_as 'a plain user'
		program=$real store=$work/store
		settings
		find $(user_groups) -depth -type d -exec rmdir {} +
	else
		echo '# not as a plain user: needs root and control groups of version 1'
	fi
else
	echo '# no PostgreSQL server on this machine: not tried'
fi

# ---- a pool of checkouts ----
fresh
settings 'pool: 2'
ready() { find "$store/pool" -name "$1-*" | wc -l; }
describe '  {}' && for i in $(seq 50); do echo "$i" >"$repo/f$i"; done && commit one
env_ build -C "$repo"
check 'ready checkouts are made' all exits 0 -- shows '2 ready, 2 of them made now' -- [ "$(ready ready)" -eq 2 ]
git -C "$repo" checkout -q -b work && echo changed >"$repo/f7" && git -C "$repo" rm -q f8 && echo new >"$repo/f51" && commit two
more=(--base HEAD~1 --rev HEAD)
inside sh -c 'cat f7 f51 f9; ls f8; git status --short; git log --format=%s'
check 'one is brought to the commit' all shows changed -- shows new -- shows 9 -- says 'f8' -- shows two -- not shows ' M '
check 'it is thrown away, and the pool filled up' all [ "$(ready out)" -eq 0 ] -- [ "$(ready ready)" -eq 2 ]
for i in 1 2 3; do timeout 280 "$program" env run -q -C "$repo" --host "$host" "${more[@]}" -- sh -c 'cat f7; sleep 0.2' >"$work/pool.$i" 2>&1 </dev/null & pids[i]=$!; done
wait "${pids[@]}"
check 'three at once get one each' [ "$(cat "$work"/pool.[123] | grep -cx changed)" -eq 3 ]
"$program" env run -q -C "$repo" --host "$host" -- sh -c 'echo up; sleep 86395.'$$ >"$out" 2>/dev/null </dev/null &
victim=$!
for ((k = 0; k < 400; k++)); do grep -q up "$out" && break; sleep 0.05; done
env_ prune
check 'what is in use is not pruned' [ "$(ready out)" -eq 1 ]
kill -9 "$victim"; wait "$victim" 2>/dev/null
env_ prune
check 'what a killed job had is' all exits 0 -- [ "$(ready out)" -eq 0 ] -- [ "$(ready ready)" -ge 1 ]
more=()

# ---- images ----
if command -v umoci >/dev/null && command -v skopeo >/dev/null; then
	layout=$work/oci
	small_image "$layout" "$work/bundle" >"$work/umoci.log" 2>&1
	settings "images: { 'small:1': '$layout:it' }"
	fresh
	mkdir "$repo/.devcontainer"
	printf '// a comment\n{ "image": "small:1", "containerEnv": { "A": "b" }, "postCreateCommand": ["sh", "-c", "echo from set-up >made"],\n"forwardPorts": [1], }\n' >"$repo/.devcontainer/devcontainer.json"
	commit image
	env_ build -C "$repo"
	check 'a dev-container file with an image' all exits 0 -- says 'ignored: 3:1: forwardPorts' -- shows '(made now)' || cat "$work/umoci.log" "$err"
	inside sh -c 'cat made /etc/motd /opt/second; echo $FROM $A; ls /opt /etc /usr; cat /etc/passwd; stat -c %a /opt/raised'
	check 'its files, not those of this host' all exits 0 -- shows 'from set-up' -- shows 'of the image' -- shows 'image b' -- not shows share -- not shows shadow
	check 'later layers remove, setuid is taken off' all shows 755 -- not shows gone -- not shows old
	inside raised made
	check 'what was setuid runs as anything else' all exits 0 -- shows 'from set-up'
	blob=$(find "$layout/blobs/sha256" -size +100k | head -n 1)
	printf X | dd of="$blob" bs=1 seek=5000 conv=notrunc 2>/dev/null
	rm -rf "$store"
	env_ build -C "$repo"
	check 'a blob that is not what its digest says' all exits 2 -- says 'Digest did not match'
	printf '{ "image": "small:1",\n  "features": { "x": {} } }' >"$repo/.devcontainer/devcontainer.json" && commit features
	env_ show -C "$repo"
	check 'features are refused, with the place' all exits 2 -- says 'devcontainer.json:2:3'
else
	echo '# no umoci and skopeo on this machine (tools/deps.sh test installs them): images were not tried'
fi

# ---- packages ----
# as apt of this machine has it: .../dists/RELEASE/InRelease
mirror=$(apt-get indextargets --format '$(URI)' 'Created-By: Packages' 2>/dev/null | sed -n '1s|/main/.*|/InRelease|p')
if [ "$(id -u)" -eq 0 ] && [ -z "$sanitizer" ] && command -v mmdebstrap >/dev/null && curl -sfI -m 20 "$mirror" >/dev/null; then
	settings 'packages: ["redis-*"]'
	fresh
	describe "  packages: [redis-server]
  services: [{name: cache, command: \"exec redis-server --port 6379 --save '' --dir /tmp\", port: 6379}]" && commit redis
	# mmdebstrap mounts the host's /proc into what it makes
	"$program" env build -C "$repo" --host "$host" >/dev/null 2>&1 </dev/null &
	victim=$!
	for ((k = 0; k < 1200; k++)); do compgen -G "$store/building/root-*/tree/usr/bin/dpkg" >/dev/null && break; sleep 0.1; done
	kill -9 "$victim"; wait "$victim" 2>/dev/null
	for ((k = 0; k < 100; k++)); do pgrep -f "mmdebstrap.*$store" >/dev/null || break; sleep 0.1; done
	check 'a killed build leaves no process and no mount' all not pgrep -f "mmdebstrap.*$store" -- not grep -qF "$store" /proc/self/mounts
	inside sh -c 'redis-cli set key value; redis-cli get key; redis-cli incr n; ls /usr/bin/python3 /usr/bin/gcc'
	check 'packages of Debian: a Redis server in a job' all shows OK -- shows value -- says python3 -- says "'cache' was ready"
	inside redis-cli get key
	check 'the root is reused, the data is not' all exits 0 -- not shows value -- not says installing
	env_ list
	check 'and listed' shows 'packages redis-server'
else
	echo '# packages need root, mmdebstrap and a mirror of Debian: not tried'
fi

finish
