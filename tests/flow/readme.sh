#!/usr/bin/env bash
# readme.sh PROGRAM [SANITIZER]: what README.md says is so.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
readme=$here/../../README.md

# block LANGUAGE N: the Nth fenced block of that language.
block() {
	awk -v start="\`\`\`$1" -v wanted="$2" '/^```/ { if (inside) inside = 0; else if ($0 == start) inside = ++n == wanted; next }
		inside' "$readme"
}

# in_table COLUMN: the options that the table ticks there
in_table() { awk -F '|' -v column="$1" '/^\| option / { on = 1 } /^$/ { on = 0 } on && $column ~ /✓/ { print $2 }' "$readme" |
	grep -oE -e '--[a-z-]+' | sort; }
for command in review:3 scan:4; do
	in_table "${command#*:}" >"$work/table"
	"$program" "${command%:*}" --help | grep -oE '^  (-.,|   ) --[a-z-]+' | grep -oE -e '--[a-z-]+' |
		grep -vx -e --help | sort >"$work/help"
	cp "$work/table" "$out"
	cp "$work/help" "$err"
	check "options of ${command%:*}" cmp "$work/table" "$work/help"
done

run languages
names() { sed -nE 's/^\| ([A-Z][A-Za-z]*) \| `.*/\1/p' "$readme"; }
check 'the table of languages' cmp <(names) <(awk '$1 != "Text" { print $1 }' "$out")
extensions() { sed -nE 's/^\| [A-Z][A-Za-z]* \| (`.*) \|$/\1/p' "$readme" | sed 's/ (lines only)//; s/`//g'; }
check '... and of their files' cmp <(extensions) \
	<(sed -E '/^Text /d; s/\(no grammar.*//; s/^[^ ]+ +//; s/ +$//' "$out")

repository configuration
block yaml 1 >"$work/config.yml"
echo >a.py
mkdir rules
commit one
echo 'eval(1)' >a.py
run review -w --config "$work/config.yml" -f json
check 'the configuration is one' all exits 0 -- json 'r.skipped[0].detail === "not in paths.include"'

block yaml 2 >"$work/rule.yml"
block yaml 3 >"$work/cases.yml"
run rules test --no-builtin --rules "$work/rule.yml" "$work/cases.yml"
check 'the rule is one and passes its cases' all exits 0 -- shows '3 passed, 0 failed'
mkdir tests
echo 'time.sleep(1)' | tee tests/b.py >b.py
run review -w --no-builtin --rules "$work/rule.yml"
check '... and its message has the seconds' all finds 'tests/b.py:1 no-sleep-in-tests' -- shows 'Waiting for `1` seconds'

repository suppressed
commit one
{ echo; block python 1; } >a.py
sed 's/#.*//' a.py >b.py
run review -w
check 'the suppressions are some' all not grep -q '^a.py:' "$out" -- grep -q '^b.py:4:.*python-is-literal' "$out"

repository hook
git commit -q --allow-empty -m one
{ block sh 3 | sed "s|exec outrider|exec $program|"; } >.git/hooks/pre-commit
chmod +x .git/hooks/pre-commit
printf 'def f(x):\n    return x is "a"\n' >a.py
git add a.py
check 'the hook stops a commit' not git commit -q -m two
printf 'def f(x):\n    return x == "a"\n' >a.py
git add a.py
check 'the hook lets one pass' git commit -q -m two
finish
