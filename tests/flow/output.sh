#!/usr/bin/env bash
# output.sh PROGRAM [SANITIZER]: formats, files, fixes, findings of other tools, configuration, rule files.
set -uo pipefail
. "$(dirname "$0")/lib.sh"

# a change with one of each severity, a fix, and a secret-like thing in the message's neighbourhood
sample() {
	repository "$1"
	printf 'def old(x):\n    return eval(x)\n' >a.py
	commit one
	git checkout -q -b topic
	printf '\n\ndef new(y):\n    print(y)\n    return eval(y)\n' >>a.py
	printf 'console.log("caf\xc3\xa9");\n' >b.js
	commit two
}

# ---- formats ----

sample formats
review -f json
check 'json: is JSON, says what was found' all exits 1 -- json 'r.version === 1 && r.kind === "review" &&
	r.findings.length === 3 && r.summary.errors === 1 && r.summary.warnings === 1 && r.summary.infos === 1'
check 'json: base and head are the commits' \
	json "r.base === '$(git rev-parse main)' && r.head === '$(git rev-parse HEAD)'"
check 'json: places and fix' json 'r.findings.some((f) => f.rule === "no-eval" && f.path === "a.py" &&
	f.range.start.line === 7 && f.range.start.column === 12 && f.text === "eval(y)" && f.fix.safe &&
	f.fix.text === "literal_eval(y)" && f.symbol === "new" && f.in_diff && f.anchor.line === 7 &&
	/^[0-9a-f]{32}$/.test(f.fingerprint))'
cp "$out" "$work/first.json"
review -f json -j 1
check 'json: the same whatever the number of threads' cmp "$out" "$work/first.json"
review -f sarif
check 'sarif: is JSON of version 2.1.0 with three results' all exits 1 -- \
	json 'r.version === "2.1.0" && r.runs[0].results.length === 3 && r.runs[0].tool.driver.name'
cp "$out" "$work/own.sarif"
review -f github
check 'github: a review with comments on lines of the change' all exits 1 -- \
	json 'r.comments.length === 3 && r.comments.every((c) => c.path && c.line && c.body.includes("outrider:v1 finding="))'
check 'github: the fix is a suggestion' json 'r.comments.some((c) => c.body.includes("```suggestion\n    return literal_eval(y)"))'
review --base HEAD -f github
check 'github: no comments on nothing' all exits 0 -- json 'r.comments.length === 0'
review -f nonsense
check 'an unknown format is refused and the known are named' \
	all exits 2 -- says nonsense -- says sarif -- not shows a.py
review | cat >"$work/piped"
check 'no colours into a pipe' not grep -q $'\033' "$out"
if script -qec true /dev/null >/dev/null 2>&1; then
	script -qec "$program review ${rules[*]}" /dev/null >"$out" 2>"$err" </dev/null
	check 'colours on a terminal' grep -q $'\033\\[1;31merror' "$out"
	NO_COLOR=1 script -qec "$program review ${rules[*]}" /dev/null >"$out" 2>"$err" </dev/null
	check 'NO_COLOR: none' all shows no-eval -- not grep -q $'\033\\[1' "$out"
fi

# ---- where it goes ----

review -o "$work/report.txt"
check '-o writes the file and not the screen' all exits 1 -- test ! -s "$out" -- grep -q no-eval "$work/report.txt"
review -f json --output="$work/report.json"
check '--output=FILE' json 'r.findings.length === 3' "$work/report.json"
review -o "$work/missing/report.txt"
check 'a folder that is not there' all not exits 0 -- not exits 1 -- says report.txt
review -o "$work"
check '-o of a folder' all not exits 0 -- not exits 1 -- test -d "$work"
ln -s report.txt "$work/link"
review -o "$work/link"
check '-o of a symlink writes what it points to' all exits 1 -- test -L "$work/link" -- grep -q no-eval "$work/link"
mkfifo "$work/fifo"
timeout 20 cat "$work/fifo" >"$work/through" &
review -o "$work/fifo"
check '-o of a pipe writes into it' all exits 1 -- test -p "$work/fifo"
[ -p "$work/fifo" ] || kill $!
wait
check '... and all comes through' grep -q '^1 error' "$work/through"
# a node of our own: a program that replaces its output would replace the real one
if mknod "$work/full" c 1 7 2>/dev/null; then
	review -o "$work/full"
	check '-o of a device that is full' all exits 3 -- says full -- test -c "$work/full"
fi
status=0
timeout $((30 * slow)) "$program" review "${rules[@]}" >/dev/full 2>"$err" || status=$?
check 'a full disk behind standard output' all exits 3 -- grep -qi 'no space' "$err"
status=0
{ timeout $((30 * slow)) "$program" review "${rules[@]}" 2>"$err"; echo $? >"$work/status"; } | true
sleep 0.1
read -r status <"$work/status"
check 'a reader that went away is no crash' all not exits 141 -- no_crash
status=0
timeout $((30 * slow)) "$program" review "${rules[@]}" >&- 2>"$err" || status=$?
check 'a closed standard output' exits 3

# ---- fixes ----

sample apply
cat >"$work/wrap.yml" <<'RULES'
id: wrap
language: Python
message: Wrapped.
rule: {pattern: 'wrap($X, $Y)'}
fix: bare($X, $Y)
metadata: {fix: safe, category: correctness}
RULES
printf '\nz = eval("1")\nw = wrap(eval("2"), 3)\n' >>a.py
review -w --apply -r "$work/wrap.yml"
check '--apply fixes what is new' grep -q '^z = literal_eval("1")$' a.py
check '... of two that overlap one only' grep -Eqx 'w = (bare\(eval\("2"\), 3\)|wrap\(literal_eval\("2"\), 3\))' a.py
check '... and says that the other was left' tells overlap
check '... and leaves old code alone' grep -q '^    return eval(x)$' a.py
check '... and says how many' says '2 fixes applied'
review --apply
check '--apply without --worktree is refused' all exits 2 -- says --worktree
cat >"$work/unsafe.yml" <<'RULES'
id: risky
language: Python
message: Risky.
rule: {pattern: risky($X)}
fix: careful($X)
---
id: broken
language: Python
message: The fix breaks the text.
rule: {pattern: whole($X)}
fix: '((('
metadata: {fix: safe}
RULES
printf 'risky(1)\n' >r.py
printf 'whole(1)\n' >w.py
run review -w --no-builtin -r "$work/unsafe.yml" --apply
check '--apply leaves fixes that are not marked safe' grep -q '^risky(1)$' r.py
check '... and those that would break the syntax' all grep -q '^whole(1)$' w.py -- tells 'not fixed'
printf 'x = eval("1")\r\ny = 2\r\n' >crlf.py
chmod 755 crlf.py
review -w --apply crlf.py
check '--apply keeps line ends and mode' all test -x crlf.py -- \
	cmp crlf.py <(printf 'x = literal_eval("1")\r\ny = 2\r\n')
if [ "$(id -u)" -ne 0 ]; then
	mkdir -p locked && echo 'eval(1)' >locked/a.py && chmod 555 locked
	review -w --apply locked
	check '--apply in a folder that may not be written' all not exits 0 -- not exits 1 -- says locked
	chmod 755 locked
fi

# ---- findings of another tool ----

sample sarif
result() { # RULE FILE LINE
	printf '{"ruleId": "%s", "level": "warning", "message": {"text": "%s says"}, "locations": [{"physicalLocation":
		{"artifactLocation": {"uri": "%s"}, "region": {"startLine": %s}}}]}' "$1" "$1" "$2" "$3"
}
cat >"$work/other.sarif" <<SARIF
{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "linter"}}, "results": [
	$(result on-new a.py 7), $(result on-old a.py 2), $(result on-new b.js 1), $(result nowhere gone.py 1)]}]}
SARIF
run review --no-builtin --sarif "$work/other.sarif"
check '--sarif: only what stands on lines of the change' finds 'a.py:7 linter:on-new,b.js:1 linter:on-new'
review --sarif "$work/other.sarif" -f json
check '... with the name of its tool' \
	json 'r.findings.filter((f) => f.tool === "linter").length + r.held_back.filter((f) => f.tool === "linter").length >= 1'
review --sarif "$work/other.sarif" --sarif "$work/other.sarif"
check '... twice the same is shown once' test "$(grep -c 'linter:on-new' "$out")" -le 2
review --sarif "$work/own.sarif" -f json
check '... and our own are not doubled' json 'r.findings.length === 3'
printf '{"version": "2.1.0", "runs": [}' >"$work/broken.sarif"
review --sarif "$work/broken.sarif"
check 'broken JSON: where' all exits 2 -- says 'broken.sarif:1:'
printf '{"version": "1.0.0"}' >"$work/old.sarif"
review --sarif "$work/old.sarif"
check 'another version: which' all exits 2 -- says 'old.sarif' -- says 2.1.0
printf '[1, 2]' >"$work/list.sarif"
review --sarif "$work/list.sarif"
check 'no SARIF at all' all exits 2 -- says list.sarif
review --sarif "$work/missing.sarif"
check 'a SARIF file that is not there' all exits 2 -- says missing.sarif
head -c 100000 /dev/zero | tr '\0' '[' >"$work/deep.sarif"
review --sarif "$work/deep.sarif"
check 'a SARIF file of brackets' all exits 2 -- says deep.sarif

# ---- .outrider.yml ----

config_repository() { # NAME: with the configuration on standard input in the base
	repository "$1"
	cat >.outrider.yml
	mkdir -p own
	cat >own/no-todo.yml <<'RULES'
id: no-todo
language: Python
severity: warning
message: To do.
rule: {pattern: todo($$$A)}
RULES
	echo '# empty' >a.py
	commit one
	git checkout -q -b topic
	printf 'eval(1)\nprint(1)\ntodo(1)\n' >a.py
	mkdir -p gen
	printf 'eval(2)\n' >gen/g.py
	commit two
}

config_repository base <<'YAML'
version: 1
builtin_rules: false
fail_on: warning
rules:
  no-eval: off
rule_dirs: [own]
paths:
  exclude: ['gen/**']
YAML
review
check 'configuration of the base: rules, rule_dirs, paths, fail_on' \
	all exits 1 -- finds 'a.py:2 no-print,a.py:3 no-todo'
printf 'rules:\n  no-print: off\n  no-todo: off\nfail_on: never\n' >.outrider.yml
sed -i 's/id: .*/id: changed/' own/no-todo.yml
commit 'switch the reviewer off'
review
check 'the change cannot alter its own review' all exits 1 -- finds 'a.py:2 no-print,a.py:3 no-todo'
review --no-config
check '--no-config' all exits 1 -- finds 'a.py:1 no-eval,a.py:2 no-print,gen/g.py:1 no-eval'
review --config .outrider.yml
check '--config reads the file' all exits 0 -- finds 'a.py:1 no-eval,gen/g.py:1 no-eval'
review --fail-on never
check '--fail-on is stronger than fail_on' exits 0
review -f json
check 'excluded paths are named' json 'r.skipped.some((s) => s.path === "gen/g.py" && s.reason === "filtered")'

config_repository severity <<'YAML'
rules:
  no-print: error
  no-e*: {severity: hint, ignore: ['gen/**']}
YAML
review
check 'severities and paths of rules' all exits 1 -- finds 'a.py:1 no-eval,a.py:2 no-print' -- \
	shows 'a.py:1:1: hint' -- shows 'a.py:2:1: error'

config_repository caps <<'YAML'
caps: {comments: 1}
YAML
review -f json
check 'what is over a cap is counted and told' json 'r.findings.length === 1 && r.held_back.length === 2'
review
check '... and fails the run all the same' all exits 1 -- shows 'held back'

config_error() { # CASE TEXT POSITION WORD
	printf "$2" >"$work/bad.yml"
	review --config "$work/bad.yml"
	check "configuration: $1" all exits 2 -- says "bad.yml:$3" -- says "$4" -- test ! -s "$out"
}
config_error 'unknown key' 'version: 1\nrule: {}\n' 2:1 rules
config_error 'wrong kind' 'paths:\n  exclude: nothing\n' 2:12 list
config_error 'unknown severity' 'rules:\n  a: severe\n' 2:6 severe
config_error 'broken YAML' 'rules:\n  a: [\n' '' ''
config_error 'unknown language' 'languages:\n  "*.x": Cobol\n' 2: Cobol
config_error 'folder outside' 'rule_dirs: [../elsewhere]\n' 1: elsewhere
config_error 'number out of range' 'caps: {comments: -1}\n' 1: number
review --config "$work/none.yml"
check 'configuration: no such file' all exits 2 -- says none.yml

# ---- rule files ----

repository rules
printf 'eval(1)\n' >a.py
commit one
cat >"$work/some.yml" <<'RULES'
id: fine
language: Python
message: Fine.
severity: error
rule: {pattern: eval($X)}
---
id: bad
language: Python
message: Bad.
rule: {patern: eval($X)}
---
id: also-fine
language: Python
message: Fine.
severity: error
rule: {kind: call}
RULES
run review --no-builtin -r "$work/some.yml"
check 'a broken rule is named with its place, the others run' \
	all exits 1 -- finds 'a.py:1 also-fine,a.py:1 fine' -- tells 'some.yml:10:'
printf 'id: x\nlanguage: Python\nrule: [\n' >"$work/broken.yml"
run review "${rules[@]}" -r "$work/broken.yml"
check 'a broken rule file likewise' all exits 1 -- finds 'a.py:1 no-eval' -- tells 'broken.yml:'
run review -r "$work/no-rules.yml"
check 'a rule file that is not there' all exits 2 -- says no-rules.yml
run rules list
check 'rules list: all of ours load' all exits 0 -- test ! -s "$err" -- shows python-is-literal
check 'rules list: columns are apart' not grep -q 'handlingfix' "$out"
run rules list "${rules[@]}"
check 'rules list of a file' all exits 0 -- test "$(wc -l <"$out")" -eq 3 -- shows '(safe)'
run rules list -r "$work/some.yml" --no-builtin
check 'rules list of a file with a broken rule' all exits 2 -- says 'some.yml:10:' -- shows also-fine
cat >"$work/cases.yml" <<'CASES'
id: no-eval
valid: ['evaluate(x)', 'x.eval(y)']
invalid: ['eval(x)', 'y = eval(x)']
CASES
run rules test "${rules[@]}" "$work/cases.yml"
check 'rules test: passes' all exits 0 -- shows '4 passed, 0 failed'
printf 'id: no-eval\nvalid: ["eval(x)"]\ninvalid: ["evaluate(x)"]\n' >"$work/cases.yml"
run rules test "${rules[@]}" "$work/cases.yml"
check 'rules test: fails and says where' all exits 1 -- shows '0 passed, 2 failed' -- tells no-eval
printf 'id: nobody\nvalid: ["x"]\n' >"$work/cases.yml"
run rules test "${rules[@]}" "$work/cases.yml"
check 'rules test: cases of no rule' all exits 2 -- says 'cases.yml:1:5' -- says nobody
run rules
check 'rules without a word' all exits 2 -- tells usage
run rules tset
check 'rules with a wrong word' all exits 2 -- tells test

# a project of ast-grep
mkdir -p project/rules project/utils project/tests
cat >project/sgconfig.yml <<'YAML'
ruleDirs: [rules]
utilDirs: [utils]
testConfigs: [{testDir: tests}]
YAML
printf 'id: a-call\nlanguage: Python\nrule: {kind: call}\n' >project/utils/call.yml
printf 'id: no-call\nlanguage: Python\nmessage: A call.\nseverity: warning\nrule: {matches: a-call}\n' >project/rules/call.yml
printf 'id: no-call\nvalid: ["x"]\ninvalid: ["f(x)"]\n' >project/tests/call.yml
run review --no-builtin --sgconfig project/sgconfig.yml
check '--sgconfig' all exits 0 -- finds 'a.py:1 no-call'
run rules test --no-builtin --sgconfig project/sgconfig.yml
check 'rules test of a project' all exits 0 -- shows '2 passed, 0 failed'
run rules test --no-builtin --sgconfig project/sgconfig.yml --update
run rules test --no-builtin --sgconfig project/sgconfig.yml --snapshots
check '... with the snapshots that it stored' all exits 0 -- test -s project/tests/__snapshots__/no-call-snapshot.yml

# ---- scan and languages ----

sample scan
run scan "${rules[@]}"
check 'scan shows all, old and new' all exits 1 -- \
	finds 'a.py:2 no-eval,a.py:6 no-print,a.py:7 no-eval,b.js:1 no-log'
run scan "${rules[@]}" b.js
check 'scan of a file' all exits 0 -- finds 'b.js:1 no-log'
run scan "${rules[@]}" -f json
check 'scan as JSON' json 'r.kind === "scan" && r.base === null && r.findings.length === 4'
run scan "${rules[@]}" --sarif "$work/other.sarif"
check 'scan with findings of another tool' shows linter:on-old
cp -r . "$work/plain" && rm -rf "$work/plain/.git" && cd "$work/plain" || exit 1
run scan "${rules[@]}"
check 'scan outside of a repository' all exits 1 -- shows 'a.py:2:12'
run scan "${rules[@]}" --apply
check 'scan --apply' grep -q 'return literal_eval(x)' a.py
run scan "${rules[@]}" nothing.py
check 'scan of what is not there' all exits 2 -- says nothing.py
run languages
check 'languages' all exits 0 -- shows '.py'
finish
