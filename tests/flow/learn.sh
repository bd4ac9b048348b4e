#!/usr/bin/env bash
# learn.sh PROGRAM [SANITIZER]: packages are fetched into a cache and used without a network; green runs become a policy that lets
# the same run and nothing else.
set -- "$1" "${2-}"
. "$(dirname "$0")/lib.sh"
[ -z "$sanitizer" ] || export ASAN_OPTIONS=detect_leaks=0
for tool in python3 curl; do
	command -v "$tool" >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done
run sandbox run -q -- /bin/true
if [ "$status" -eq 125 ]; then
	echo "SKIP: no sandbox on this host: $(cat "$err")"
	exit 77
fi

mkdir -p "$work/www/simple/dep" "$work/www/other" "$work/repo/sub"
cd "$work" || exit 1
echo 'the package' >www/simple/dep/dep.txt
echo 'more' >www/simple/dep/more.txt
python3 -c 'import http.server, os
os.chdir("'"$work/www"'")
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print(s.server_port, flush=True)
s.serve_forever()' >port 2>log &
server=$!
trap 'kill "$server"; wait "$server" 2>/dev/null; rm -rf "$work"' EXIT
for ((i = 0; i < 200; i++)); do [ -s port ] && break; sleep 0.05; done
port=$(cat port)
cat >host.yml <<POLICY
# of the administrator
trust: untrusted
net:
  addresses: [127.0.0.0/8] # this machine
  fetch:
    - {host: 127.0.0.1, port: $port, tls: false}
exec:
  mode: audit
limits:
  wall: 5m
env: [WORD, OTHER]
POLICY

# ---- a cache of packages ----

echo 'dep 1' >repo/lock && echo 'secret' >repo/sub/code
get="curl -sSf --noproxy '' http://127.0.0.1:$port/simple/dep"
fetch() { run sandbox fetch -q --policy host.yml --cache cache -C repo "$@" -- sh -c "$script"; }
hits() { grep -c 'GET /simple' log; }
script="cat lock; ls -R . >&2; mkdir -p ~/pkg; echo >~/tmp/old; $get/dep.txt >~/pkg/dep.txt; ln -s dep.txt ~/pkg/link; ln -s /etc/passwd ~/pkg/out; echo '#!/bin/sh' >~/pkg/tool; chmod 755 ~/pkg/tool"
fetch -i lock --receipt fetch.json
entry=$(cat "$out")
check 'a fetch keeps what it brought' all exits 0 -- grep -qx 'the package' "$entry/pkg/dep.txt" -- [ -x "$entry/pkg/tool" ]
check '... under the digest of its inputs' all grep -qE '/cache/[0-9a-f]{64}$' "$out" -- says 'dep 1'
check '... and saw nothing else of the repository' not says code
check '... without what is odd, and says so' all says 'pkg/out: ' -- [ ! -e "$entry/pkg/out" ] -- [ -L "$entry/pkg/link" ]
check '... and its receipt tells what it asked for' json 'r.requests.some(q => /GET http:.*dep.txt$/.test(q.what) && q.count === 1)' fetch.json
before=$(hits)
fetch -i lock
check 'the same inputs: nothing runs' all exits 0 -- [ "$(cat "$out")" = "$entry" ] -- [ "$(hits)" = "$before" ]
echo 'dep 2' >repo/lock
fetch -i lock
check 'other inputs: another entry' all exits 0 -- not [ "$(cat "$out")" = "$entry" ] -- not [ "$(hits)" = "$before" ]
fetch -i lock --key 'toolchain 2'
check '... and so with another key' not [ "$(cat "$out")" = "$entry" ]
entries=$(ls -A cache | wc -l)
script='echo half >~/half; exit 3'
fetch -i lock
check 'a fetch that fails keeps nothing' all exits 3 -- [ "$(ls -A cache | wc -l)" -eq "$entries" ]
ln -s /etc/passwd repo/evil
fetch -i evil
check 'an input that leads out is refused' all exits 125 -- says 'evil' -- [ "$(ls -A cache | wc -l)" -eq "$entries" ]
fetch -i none
check 'an input that is not there is said' all exits 125 -- says "'none' is not there"
fetch -i ../host.yml
check '... nor is one above' all exits 125 -- says "'../host.yml' is not there"
fetch
check 'a fetch without inputs is said' all exits 125 -- says 'needs inputs'

script='touch ~/half; sleep 86397'
"$program" sandbox fetch -q --policy host.yml --cache cache -C repo -i lock -- sh -c "$script" >/dev/null 2>&1 &
victim=$!
for ((i = 0; i < 200; i++)); do [ "$(ls -A cache | wc -l)" -gt "$entries" ] && break; sleep 0.05; done
kill -9 "$victim"
wait "$victim" 2>/dev/null
script="cat lock; $get/more.txt >~/more"
fetch -i lock
check 'what a killed fetch left is gone after the next' all exits 0 -- [ -z "$(find cache -maxdepth 1 -name '.new-*')" ]

run sandbox run -q --home "$entry" -C repo -- sh -c "cat ~/pkg/dep.txt ~/pkg/link; ~/pkg/tool && echo ran; echo evil >>~/pkg/dep.txt && rm ~/pkg/link && cat ~/pkg/dep.txt; $get/dep.txt; true"
check 'a run without a network has it' all exits 0 -- shows 'the package' -- shows ran -- says 'curl'
check '... may change its own view' shows evil
check '... and nothing else' all grep -qx 'the package' "$entry/pkg/dep.txt" -- [ -L "$entry/pkg/link" ]
run sandbox run -q --home "$entry" --receipt home.json -- sh -c 'echo x >~/tmp/program && ! ls ~/tmp/old'
check '... and its receipt says where from; temporary files are not kept' all exits 0 -- json 'r.home.endsWith("'"${entry##*/}"'")' home.json
run sandbox run -q --home "$work/nowhere" -- true
check 'a home that is not there is said' all exits 125 -- says nowhere

# ---- what nobody uses goes ----
prune() { run sandbox fetch --cache cache --prune "$@"; }
there() { find cache -mindepth 1 -maxdepth 1 -printf '%f\n' | grep -cE '^[0-9a-f]{64}$'; }
total=$(there)
echo mine >cache/note && mkdir cache/mine cache/.new-0123456789abcdef
prune
check 'prune: nothing is too old; what is no entry stays, what was half made goes' all exits 0 -- [ "$(there)" -eq "$total" ] -- says "$total kept" -- [ -f cache/note ] -- \
	[ -d cache/mine ] -- [ ! -e cache/.new-0123456789abcdef ]
find cache -mindepth 1 -maxdepth 1 -name '[0-9a-f]*' -exec touch -d '3 days ago' {} +
run sandbox run -q --home "$entry" -- true
prune --max-age 24h
check 'prune: a run is a use' all exits 0 -- [ "$(there)" -eq 1 ] -- [ -d "$entry/pkg" ]
script="cat lock; $get/dep.txt >~/dep.txt; head -c 3000000 /dev/zero >~/large"
fetch -i lock --key large
large=$(cat "$out")
find cache -mindepth 1 -maxdepth 1 -name '[0-9a-f]*' -exec touch -d '3 days ago' {} +
fetch -i lock --key large
check 'a fetch of what is there is a use' [ -z "$(find "$large" -maxdepth 0 -mtime +1)" ]
"$program" sandbox run -q --home "$entry" -- sh -c 'echo up; sleep 86394' >up 2>/dev/null &
victim=$!
for ((i = 0; i < 400; i++)); do grep -q up up && break; sleep 0.05; done
prune --max-bytes 1m --max-age 1h
check 'prune: over the size, but not what is in use' all exits 0 -- [ ! -e "$large" ] -- [ -d "$entry/pkg" ] -- says '1 removed' -- says '1 kept'
kill -9 "$victim"; wait "$victim" 2>/dev/null
fetch -i lock --key large --prune --max-bytes 1m --max-age 1h
check 'prune: after a fetch, that one stays' all exits 0 -- [ -d "$(cat "$out")/" ] -- [ ! -e "$entry" ] -- [ "$(there)" -eq 1 ]
run sandbox fetch --cache cache --prune --max-bytes much
check 'prune: a size that is none' all exits 125 -- says '--max-bytes: expected bytes'
run sandbox fetch --cache cache --max-age 1h -i lock -- true
check 'prune: must be said' all exits 125 -- says 'need --prune'
script="cat lock; mkdir -p ~/pkg; $get/dep.txt >~/pkg/dep.txt"
for i in $(seq 200); do mkdir -p "cache/$(printf '%064x' "$i")/d" && touch "cache/$(printf '%064x' "$i")/d/"{1,2,3}; done
find cache -mindepth 1 -maxdepth 1 -name '0*' -exec touch -d '3 days ago' {} +
for i in 1 2 3 4 5; do
	"$program" sandbox fetch --cache cache --prune --max-age 1h >/dev/null 2>&1 &
	victim=$!
	sleep "0.0$i"
	kill -9 "$victim" 2>/dev/null
	wait "$victim" 2>/dev/null
done
halves() { local e; for e in cache/0*; do [ ! -d "$e" ] || [ "$(ls "$e/d" 2>/dev/null | wc -l)" -eq 3 ] || echo "$e"; done; }
check 'prune: killed at any time, what is left under its name is whole' [ -z "$(halves)" ]
prune --max-age 1h
check 'prune: and the next one ends it' all exits 0 -- [ -z "$(find cache -maxdepth 1 -name '.new-*' -o -maxdepth 1 -name '0*')" ]

# ---- a policy from runs ----

job='cat lock | tr d D; cut -c1 lock; env | grep -c ^WORD='
for i in 1 2; do
	run sandbox run -q --policy host.yml -C repo -e WORD=x --receipt "run$i.json" -- sh -c "$job${i/[12]/}"
	check "run $i of the job" exits 0
done
run sandbox learn --policy host.yml run1.json run2.json fetch.json
check 'learn: a diff' all exits 1 -- shows '--- host.yml' -- shows '+  mode: sealed # run1.json, run2.json, fetch.json'
check 'learn: programs by digest, with where they come from' grep -qE '^\+    - \{digest: [0-9a-f]{64}, name: "cut", class: tool\} # run1.json, run2.json: ' "$out"
check 'learn: routes' shows "+    - {host: \"127.0.0.1\", port: $port, tls: false, methods: [\"GET\"], paths: [\"/simple/dep/dep.txt\"]"
check 'learn: limits with head room, names of variables' all grep -qE '^\+  wall: [0-9]+s # ' "$out" -- shows '+env: ["WORD"] #'
check 'learn: what people wrote stays' all shows ' addresses: [127.0.0.0/8] # this machine' -- not shows '-  addresses'
cp "$out" diff
mkdir patched && cp host.yml patched
run sandbox learn --policy host.yml -o learned.yml run1.json run2.json fetch.json
check 'learn: the diff makes the policy' all exits 0 -- git -C patched apply -p0 ../diff -- cmp patched/host.yml learned.yml
run sandbox learn --policy learned.yml run1.json run2.json fetch.json
check 'learn: the same runs teach nothing more' all exits 0 -- not grep -q . "$out"

sealed() { run sandbox run -q --policy learned.yml -C repo -e WORD=x --receipt sealed.json -- sh -c "$1"; }
sealed "$job"
check 'sealed: the same job runs' all exits 0 -- shows Dep -- json 'r.exec_mode === "sealed" && r.denials.length === 0' sealed.json
sealed "$job; head -c1 lock"
check 'sealed: another program does not' all not exits 0 -- json 'r.denials.some(d => d.rule === "gate.digest" && /head$/.test(d.what))' sealed.json
sealed 'cp=$(command -v cut); (cat "$cp"; echo) >cut; chmod 755 cut; ./cut -c1 lock'
check 'sealed: nor a listed one with a byte more' all not exits 0
script="$get/dep.txt >~/dep.txt"
run sandbox fetch -q --policy learned.yml --cache cache -C repo -i lock -- sh -c "$script"
check 'sealed: the fetch, too' exits 0
run sandbox fetch -q --policy learned.yml --cache cache -C repo -i lock -- sh -c "$get/more.txt >~/more.txt"
check '... but of nothing else' not exits 0
run sandbox run -q --policy learned.yml -e OTHER=x -- sh -c true
check '... nor with another variable' all exits 125 -- says OTHER

run sandbox run -q --policy host.yml -C repo --receipt red.json -- sh -c 'exit 4'
run sandbox learn --policy host.yml run1.json red.json
check 'a red run teaches nothing' all exits 2 -- says 'red.json: the run ended with exit 4'
run sandbox run -q --policy host.yml -C repo --learn own.diff -- sh -c 'cp /bin/true own && ./own'
check 'run --learn: in one go; what a job builds cannot be sealed' all exits 0 -- says 'not sealed: ' -- grep -q '^+  mode: build' own.diff
run sandbox run -q --policy host.yml --learn red.diff -- sh -c 'exit 5'
check '... and not from a red run' all exits 5 -- [ ! -e red.diff ]
run sandbox run -q --learn own.diff -- true
check '... nor without a policy' all exits 125 -- says 'it needs --policy'
echo '{"version":1}' >bad.json
run sandbox learn --policy host.yml bad.json
check 'a receipt that is none is said' all exits 2 -- says bad.json

finish
