#!/usr/bin/env bash
# hostile.sh PROGRAM [SANITIZER]: sources, rules and sizes that are meant to break a reviewer. The file is
# given up by name and the review goes on, in bounded time and memory.
set -uo pipefail
. "$(dirname "$0")/lib.sh"

times() { # N TEXT: without a loop of the shell
	head -c "$1" /dev/zero | sed "s/\x00/$2/g"
}

# ---- sources ----

hostile() { # NAME FILE; the text comes on standard input
	repository "h$((++number))"
	echo '# start' >ok.py
	commit one
	git checkout -q -b topic
	echo 'eval(1)' >ok.py
	cat >"$2"
	commit two
	run_within 20 600 review "${rules[@]}"
	check "$1: the other file is reviewed" all exits 1 -- ${3-finds 'ok.py:1 no-eval'}
	check "$1: within limits" is_bounded
	run_within 20 600 review -f json
	check "$1: with the program's own rules" all no_crash -- is_bounded -- \
		json "r.skipped.every((s) => s.path === '$2')"
}
number=0

hostile 'Java a<' A.java < <(times 150000 'a<')
hostile 'C++ a<' a.cpp < <(times 150000 'a<')
hostile 'TypeScript a<' a.ts < <(times 150000 'a<')
hostile 'C# a<' a.cs < <(times 150000 'a<')
hostile 'C (((' a.c < <(times 200000 '(')
hostile 'JSON [[[' a.json < <(times 200000 '[')
hostile 'JSON [[[]]]' a.json < <({ times 200000 '['; times 200000 ']'; })
hostile 'JavaScript (((' a.js < <(times 200000 '(')
hostile 'JavaScript ((()))' a.js < <({ times 200000 '('; echo 1; times 200000 ')'; })
hostile 'Python (((' a.py < <(times 200000 '(')
hostile 'Python ((()))' a.py < <({ times 200000 '('; echo 1; times 200000 ')'; })
hostile 'Python ----' a.py < <({ times 100000 '-'; echo 1; })
hostile 'Python 1+1+1' a.py < <({ echo -n 'x = 1'; times 300000 '+1'; echo; })
hostile 'Go {{{' a.go < <(times 100000 '{')
hostile 'HTML <a><a>' a.html < <(times 100000 '<a>')
hostile 'YAML - - -' a.yml < <(times 300000 '- ')
hostile 'YAML aliases' a.yaml < <({ echo 'a: &a [x]'; for i in 1 2 3 4 5; do printf 'b%s: &b%s [*a, *a, *a, *a, *a]\n' $i $i; done; })
hostile 'Bash $($(' a.sh < <(times 400000 '$(' | head -c 800000)
hostile 'Ruby #{#{' a.rb < <(times 200000 '#{' | { echo -n '"'; cat; })
hostile 'a line of a megabyte' a.py < <({ echo -n 'x = "'; times 1000000 a; echo '"'; })
hostile 'Rust ;;;' a.rs < <(times 500000 ';')
hostile 'Python indentation' a.py < <(for ((i = 0; i < 3000; i++)); do printf '%*sif x:\n' $i ''; done | head -c 900000)
hostile 'base64' a.php < <(head -c 900000 /dev/urandom | base64 -w 0)
# what the scanners of the grammars keep between tokens has 1024 bytes: deep nesting, long delimiters
hostile 'Kotlin strings in strings' a.kt < <(times 3000 '"${')
hostile 'Python strings in strings' a.py < <(times 3000 'f"{')
hostile 'JavaScript strings in strings' a.js < <(times 3000 '`${')
hostile 'Swift strings in strings' a.swift < <(times 3000 '"\\(')
hostile 'C# strings in strings' a.cs < <(times 3000 '$"{')
hostile 'YAML indentation' a.yml < <(for ((i = 0; i < 1300; i++)); do printf '%*sa:\n' $i ''; done)
hostile 'Scala indentation' a.scala < <(for ((i = 0; i < 1300; i++)); do printf '%*sdef f =\n' $i ''; done)
hostile 'Bash here-document' a.sh < <(printf 'cat <<'; times 5000 A; printf '\nx\n')
hostile 'Ruby here-document' a.rb < <(printf 'x = <<'; times 5000 A; printf '\nx\n')
hostile 'PHP here-document' a.php < <(printf '<?php $a = <<<'; times 5000 A; printf '\nx\n')
hostile 'C++ raw string' a.cpp < <(printf 'auto x = R"'; times 5000 A; printf '(x\n')

hostile '30000 findings' many.py true < <({ times 30000 'eval(1)\n'; })
hostile 'nested findings' nested.py true < <({ times 60000 'eval('; times 60000 ')'; })
run_within 20 600 review "${rules[@]}" -f json
check 'few are shown of many' json 'r.findings.length <= 20'

repository named
echo '# start' >ok.py
commit one
git checkout -q -b topic
times 150000 'a<' | fold -w 100 >bad.cpp
commit two
run_within 20 600 review --no-config
check 'a file that was given up is named in the text' all exits 0 -- tells bad.cpp -- tells limited

# ---- rules ----

repository rules
echo 'x = 1' >a.py
commit one
git checkout -q -b topic
{ echo 'eval(1)'; echo -n 'x = "'; times 50000 a; echo 'bc"'; times 300 'f(g(h(1)))\n'; } >a.py
commit two
cat >"$work/slow.yml" <<'RULES'
id: backtrack
language: Python
message: Slow.
rule: {kind: string, regex: '^"(a|aa)+[xb]$'}
---
id: deep
language: Python
message: Deep.
utils:
  u1: {any: [{has: {matches: u2, stopBy: end}}, {kind: call}]}
  u2: {any: [{has: {matches: u3, stopBy: end}}, {kind: call}]}
  u3: {any: [{has: {matches: u4, stopBy: end}}, {kind: call}]}
  u4: {any: [{has: {kind: dictionary, stopBy: end}}, {inside: {kind: dictionary, stopBy: end}}]}
rule: {kind: call, matches: u1}
---
id: circle
language: Python
message: Circle.
utils:
  c1: {any: [{matches: c2}, {kind: call}]}
  c2: {any: [{matches: c1}, {kind: call}]}
rule: {matches: c1}
---
id: through
language: Python
message: Through the tree.
utils:
  t: {any: [{has: {matches: t}}, {kind: dictionary}]}
rule: {kind: call, matches: t}
---
id: everything
language: Python
message: Everything.
rule: {kind: identifier, pattern: $A}
---
id: fine
language: Python
message: Fine.
severity: error
rule: {pattern: eval($X)}
RULES
run_within 20 600 review --no-builtin -r "$work/slow.yml"
check 'rules that never end do not stop the review' all no_crash -- not exits 2 -- not exits 3 -- is_bounded
check '... the circle is named' tells "the utility 'c1' refers to itself"
head -c 3000000 /dev/zero | tr '\0' '[' >"$work/deep.yml"
run_within 10 600 review "${rules[@]}" -r "$work/deep.yml"
check 'a rule file of brackets is named, the others run' \
	all exits 1 -- is_bounded -- finds 'a.py:1 no-eval' -- tells deep.yml
{ echo 'id: x'; echo 'language: Python'; echo 'message: &a [x]'; for i in 1 2 3 4 5 6 7 8 9; do
	printf 'k%s: &k%s [*a, *a, *a, *a, *a, *a, *a, *a]\n' $i $i; done; } >"$work/bomb.yml"
run_within 10 600 review "${rules[@]}" -r "$work/bomb.yml"
check 'a YAML bomb likewise' all exits 1 -- is_bounded -- finds 'a.py:1 no-eval' -- tells bomb.yml
{ echo -n 'id: x
language: Python
message: x
rule: '; times 20000 '{not: '; echo -n '{kind: call}'; times 20000 '}'; } >"$work/nots.yml"
run_within 10 600 review "${rules[@]}" -r "$work/nots.yml"
check 'deeply nested rules likewise' all exits 1 -- is_bounded -- finds 'a.py:1 no-eval' -- tells nots.yml
run_within 10 600 review "${rules[@]}" -r "$work/nots.yml" --config "$work/deep.yml"
check 'a configuration of brackets' all exits 2 -- is_bounded -- says deep.yml

# ---- sizes ----

repository large
echo '# start' >ok.py
commit one
git checkout -q -b topic
echo 'eval(1)' >ok.py
times 200000000 a >large.py
git -c core.bigFileThreshold=1m add large.py ok.py
git commit -q -m two
run_within 20 600 review "${rules[@]}"
check 'a file of 200 MB is skipped' all exits 1 -- finds 'ok.py:1 no-eval' -- tells '1 skipped' -- is_bounded
run_within 20 600 review "${rules[@]}" -w --base main
check '... in the work tree too' all exits 1 -- finds 'ok.py:1 no-eval' -- tells '1 skipped' -- is_bounded
run_within 20 600 scan "${rules[@]}"
check '... and in a scan' all exits 1 -- finds 'ok.py:1 no-eval' -- tells '1 skipped' -- is_bounded
rm -rf "$work/large"

repository many
echo '# start' >ok.py
commit one
git checkout -q -b topic
{
	printf 'blob\nmark :1\ndata 8\neval(1)\n\ncommit refs/heads/topic\nmark :2\n'
	printf 'committer test <test@localhost> 1700000000 +0000\ndata 4\nmany\nfrom refs/heads/main^0\n'
	for ((i = 0; i < 50000; i++)); do echo "M 100644 :1 d$((i % 500))/f$i.py"; done
} | git fast-import --quiet --force
run_within 30 1200 review "${rules[@]}" --head topic
check '50,000 changed files: within limits' all exits 1 -- is_bounded
check '... and says that not all were looked at' tells limit
run_within 30 1200 review "${rules[@]}" --head topic -f json
check '... with numbers' json 'r.limited && r.summary.changed_files === 50000 && r.summary.files === 500'
git reset -q --hard topic
run_within 30 1200 scan "${rules[@]}" -f json
check 'a scan of 50,000 files' all exits 1 -- is_bounded -- json 'r.summary.files === 50001 || r.summary.files === 50000'
finish
