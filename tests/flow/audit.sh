#!/usr/bin/env bash
# audit.sh PROGRAM [SANITIZER]: outrider audit, on a log that another program wrote after docs/audit.md.
set -uo pipefail
. "$(dirname "$0")/lib.sh"

for tool in python3 openssl; do
	command -v "$tool" >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done
cd "$work" || exit 1

run audit --help
check 'audit --help' all exits 0 -- shows 'audit verify' -- shows 'audit who' -- shows 'audit key'
run audit
check 'audit alone: usage' all exits 2
run audit verify missing.log
check 'no log: the first thing that is missing is named' all exits 2 -- says missing.log.key.pub
run audit key log.key
check 'audit key' all exits 0 -- test "$(stat -c %a log.key)" = 600 -- test -s log.key.pub
run audit key log.key
check '... never over an old one' all exits 2 -- says 'File exists'

# write_log FROM TO: rows as the documentation tells, with nothing of ours.
cat >write_log.py <<'PY'
import hashlib
import json
import subprocess
import sys

prev, seq, lines = bytes(32), 0, []
time = "2026-01-31T12:00:00.000Z"


def row(**fields):
    global prev, seq
    seq += 1
    body = json.dumps({"seq": seq, "time": time, **fields}, separators=(",", ":"))[:-1]
    prev = hashlib.sha256(prev + body.encode()).digest()
    lines.append('%s,"hash":"%s"}' % (body, prev.hex()))


who = {"run": "4f2a", "actor": "outrider/fixer", "on_behalf_of": "ann", "policy": "00ff"}
row(kind="start", file=1, prev=prev.hex())
row(kind="run", **who, what="make test", verdict="allowed")
row(kind="exec", **who, path="/usr/bin/make", digest="ab" * 32, verdict="allowed", rule="toolchain")
row(kind="exec", **who, path="/work/evil\u001b[2J\u00e9", digest="cd" * 32, writer="/usr/bin/cc", verdict="denied", rule="digest")
row(kind="end", **who, verdict="exit 0")
open("log", "w").write("\n".join(lines) + "\n")
text = "outrider audit head 1\n%d\n%s\n%s\n" % (seq, prev.hex(), time)
open("text", "w").write(text)
subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", "log.key", "-in", "text", "-out", "sig"], check=True)
json.dump({"seq": seq, "hash": prev.hex(), "time": time, "sig": open("sig", "rb").read().hex()}, open("log.head", "w"))
PY
python3 write_log.py
cp log whole

run audit verify log
check 'a log by another program is sound' all exits 0 -- shows 'sound: 5 rows in 1 files, signed up to row 5'
head=$(sed -n 's/.*head \([0-9a-f]*\)$/\1/p' "$out")
run audit verify --head "$head" log
check 'a head kept elsewhere occurs' all exits 0
run audit verify --head "${head//[0-9]/a}" log
check '... another does not' all exits 1 -- shows 'does not occur'
run audit verify --head xyz log
check '... what is no head is refused' all exits 2 -- says '64 hex digits'

sed -i '3s/toolchain/toolchaim/' log
run audit verify log
check 'an edit is found, with its line' all exits 1 -- shows 'log:3: row 3 was changed' -- shows 'NOT SOUND'
sed '3d' whole >log
run audit verify log
check 'a removal' all exits 1 -- shows 'log:3: rows 3 to 3 are missing'
{ sed -n 1,2p whole; sed -n 4p whole; sed -n 3p whole; sed -n 5p whole; } >log
run audit verify log
check 'another order' all exits 1 -- shows 'log:4: row 3 stands where row 5 should'
sed '5d' whole >log
run audit verify log
check 'a cut' all exits 1 -- shows 'rows 5 to 5 are cut off'
cp whole log
printf '{"seq":6,"ti' >>log
run audit verify log
check 'a line that a crash tore is told, and no breach' all exits 0 -- shows 'torn by a crash (12 bytes)'
cp whole log

run audit who --log log /usr/bin/make
check 'who: a path' all exits 0 -- shows 'run 4f2a  outrider/fixer for ann' -- shows 'allowed by toolchain'
run audit who --log log /work/
check 'who: a folder, nothing raw on the terminal' all exits 0 -- shows 'written by /usr/bin/cc' -- shows '/work/evil?[2J' \
	-- not grep -q "$(printf '\033')" "$out"
run audit who --log log --json "$(printf 'ab%.0s' $(seq 32))"
check 'who: a digest, as JSON' all exits 0 -- json 'r.seq === 3'
run audit who --log log /nobody/was/here
check 'who: nothing' all exits 1 -- test ! -s "$out"
finish
