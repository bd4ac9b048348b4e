#!/usr/bin/env bash
# review.sh PROGRAM [SANITIZER]: which findings a review shows of which change.
set -uo pipefail
. "$(dirname "$0")/lib.sh"

# ---- what is compared ----

repository sides
printf 'import os\n\n\ndef old(x):\n    return eval(x)\n' >a.py
commit one
git checkout -q -b topic
printf '\n\ndef new(y):\n    return eval(y)\n' >>a.py
commit two
review
check 'a branch: the new one, not the old one' all exits 1 -- finds 'a.py:9 no-eval'
check 'the text ends with a summary' shows '1 error in 1 file'
check 'the source line is shown' shows '     9 |     return eval(y)'
check 'the fix is shown' shows '+    return literal_eval(y)'
review --base main
check '--base with a branch' all exits 1 -- finds 'a.py:9 no-eval'
review --base=main
check '--base=REV' all exits 1 -- finds 'a.py:9 no-eval'
review --base HEAD~1 --head topic
check '--head with a branch' all exits 1 -- finds 'a.py:9 no-eval'
review --base topic
check 'a base that contains the head is no change' all exits 0 -- finds ''
review --base main --head main
check 'base and head alike is no change' all exits 0 -- finds ''
git checkout -q main
review --head topic
check '--head without being on it' all exits 1 -- finds 'a.py:9 no-eval'
printf 'print(1)\n' >b.py
commit three
review
check 'on the default branch: against the parent, and says so' \
	all exits 0 -- finds 'b.py:1 no-print' -- shows 'notice:'
review --head topic
check 'the merge base counts, not the tip of the base' finds 'a.py:9 no-eval'

printf 'eval(1)\n' >c.py
git add c.py
printf 'eval(1)\neval(2)\n' >c.py
printf 'eval(3)\n' >untracked.py
review --staged
check '--staged looks at the index' all exits 1 -- finds 'c.py:1 no-eval'
review --worktree
check '--worktree looks at files, also untracked ones' \
	all exits 1 -- finds 'c.py:1 no-eval,c.py:2 no-eval,untracked.py:1 no-eval'
review -w --base topic
check '--worktree with a base' finds 'b.py:1 no-print,c.py:1 no-eval,c.py:2 no-eval,untracked.py:1 no-eval'
review -w untracked.py
check 'a path limits the review' finds 'untracked.py:1 no-eval'
mkdir -p sub
mv untracked.py sub/
(cd sub && review -w .; check 'a path is relative to the current folder' finds 'sub/untracked.py:1 no-eval'
	echo "$passed $failed" >"$work/count")
read -r passed failed <"$work/count"
cd /
review -C "$work/sides" -w
check '-C from elsewhere' finds 'c.py:1 no-eval,c.py:2 no-eval,sub/untracked.py:1 no-eval'
cd "$work/sides" || exit 1
echo 'sub/' >.gitignore
review -w
check 'what git ignores is not looked at' finds 'c.py:1 no-eval,c.py:2 no-eval'

repository first
printf 'eval(1)\n' >a.py
commit one
review
check 'the very first commit is all new' all exits 1 -- finds 'a.py:1 no-eval'

# ---- old code is not reported ----

repository old
{
	printf 'def first(x):\n    return eval(x)\n\n\n'
	for i in 1 2 3 4 5 6 7 8 9; do printf 'def f%s():\n    return %s\n\n\n' $i $i; done
	printf 'def last(y):\n    print(y)\n'
} >a.py
commit one
git checkout -q -b topic

git mv a.py moved.py
commit rename
review
check 'a renamed file has nothing new' all exits 0 -- finds ''
echo 'eval(5)' >>moved.py
commit 'rename and more'
review
check 'a renamed and changed file has the new one only' finds 'moved.py:43 no-eval'
git reset -q --hard main

{ echo '# a new head'; echo 'import sys'; cat a.py; } >b && mv b a.py
commit shift
review
check 'shifted lines are not new' all exits 0 -- finds ''
git reset -q --hard main

{ sed -n '5,$p' a.py; printf '\n\ndef first(x):\n    return eval(x)\n'; } >b && mv b a.py
commit reorder
review
check 'code that moved within its file is not new' all exits 0 -- finds ''
git reset -q --hard main

sed -i 's/return eval(x)/return eval(\n        x\n    )/; s/print(y)/print( y )/' a.py
commit reformat
review
check 'reformatted code is not new' all exits 0 -- finds ''
git reset -q --hard main

sed -i 's/^/    /; 1i class All:' a.py
commit indent
review
check 'indented code is not new' all exits 0 -- finds ''
git reset -q --hard main

sed -n '1,2p' a.py >other.py
sed -i '1,4d' a.py
commit 'to another file'
review
check 'code that moved to another file is not new' all exits 0 -- finds ''
git reset -q --hard main

{ echo 'import sys'; sed -n '1,2p' a.py; printf 'def %s(): pass\n' g h i j k l m n; } >other.py
git rm -q a.py
commit 'out of a file that went away'
review
check 'code of a deleted file that stands in another one is not new' all exits 0 -- finds ''
git reset -q --hard main

printf '\n\ndef copy(x):\n    return eval(x)\n' >>a.py
commit copy
review
check 'a copy is new' finds 'a.py:46 no-eval'
git reset -q --hard main

sed -i '1,4d' a.py
commit delete
review
check 'deleted code is not reported' all exits 0 -- finds ''
git rm -q a.py
commit 'delete all'
review
check 'a deleted file is not reported' all exits 0 -- finds ''
git reset -q --hard main

sed -i 's/return eval(x)/return eval(x + 1)/' a.py
commit edit
review
check 'a defect that was only edited is the old one' all exits 0 -- finds ''
git reset -q --hard main

sed -i 's/return 5/return eval("5")/' a.py
commit edit
review
check 'a changed line with a new defect is reported' all exits 1 -- finds 'a.py:22 no-eval'
git reset -q --hard main

unix2dos() { sed -i 's/$/\r/' "$1"; }
unix2dos a.py
commit 'line ends'
review
check 'other line ends make nothing new' all exits 0 -- finds ''
git reset -q --hard main

# ---- suppressions ----

repository suppressed
printf 'x = 1\n' >a.py
commit one
git checkout -q -b topic
cat >a.py <<'PY'
x = 1
eval(1)  # outrider-ignore
# outrider-ignore: no-eval
eval(2)
# ast-grep-ignore: no-eval, no-print
eval(3)
# outrider-ignore: no-print
eval(4)
# ignore: no-eval
eval(5)
PY
printf '# outrider-ignore\n\neval(1)\nprint(1)\n' >file.py
printf '# outrider-ignore: no-eval\n\neval(1)\nprint(1)\n' >ids.py
printf 'text = "# outrider-ignore"\neval(1)\n' >string.py
commit two
review
check 'comments suppress what they name, on their line or the next' \
	finds 'a.py:10 no-eval,a.py:8 no-eval,ids.py:4 no-print,string.py:2 no-eval'
check 'the summary counts them' shows '6 suppressed'
review -f json
check 'and JSON lists them' json 'r.suppressed.length === 6 && r.suppressed.every((f) => f.suppressed === "source")'

# ---- exit codes ----

repository codes
echo >a.py
commit one
git checkout -q -b topic
echo 'print(1)' >a.py
echo 'console.log(1)' >a.js
commit two
review
check 'a warning does not fail' exits 0
review --fail-on warning
check '--fail-on warning fails for a warning' exits 1
review --fail-on info a.js
check '--fail-on info fails for an info' exits 1
review --fail-on warning a.js
check '--fail-on warning does not fail for an info' exits 0
echo 'eval(1)' >a.py
commit three
review --fail-on never
check '--fail-on never does not fail for an error' all exits 0 -- finds 'a.js:1 no-log,a.py:1 no-eval'
review --fail-on nonsense
check '--fail-on takes severities only' all exits 2 -- says 'nonsense'

# ---- with the program's own rules ----

repository builtin
echo '# empty' >a.py
commit one
git checkout -q -b topic
printf 'def f(x):\n    if x is "a":\n        raise NotImplemented\n' >a.py
commit two
run review
check 'built-in rules are on' all exits 1 -- finds 'a.py:2 python-is-literal,a.py:3 python-raise-notimplemented'
run review --no-builtin
check '--no-builtin turns them off' all exits 0 -- finds ''
finish
