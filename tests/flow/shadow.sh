#!/usr/bin/env bash
# What would have been said on merged pull requests, and the analyst's command line.
. "$(dirname "$0")/lib.sh"

repository project
printf 'def f():\n    one()\n' >a.py
commit first

# a merge whose defect was fixed before it, one whose defect stayed, a squash, one that is clean
git checkout -qb one
printf 'def f():\n    one()\n    eval(x)\n' >a.py
commit 'a defect'
printf 'def f():\n    one()\n    literal(x)\n' >a.py
commit 'fixed'
git checkout -q main
git merge -q --no-ff -m 'Merge pull request #11 from a/one' one
git checkout -qb two
printf 'def g():\n    print(1)\n' >b.py
commit 'stays'
printf 'c\n' >c.txt
commit 'more'
git checkout -q main
git merge -q --no-ff -m 'Merge pull request #12 from a/two' two
printf 'def h():\n    eval(y)\n' >d.py
commit 'Add h (#13)'
printf 'd\n' >d.txt
commit 'Add text (#14)'
printf 'e\n' >e.txt
commit 'no pull request'

run shadow "${rules[@]}" --last 10
# what cannot be sealed is refused: said, and skipped
if [ "$status" -eq 3 ] && grep -q '^outrider: analyst: ' "$err"; then
	cat "$err"
	exit 77
fi
check 'comments of merged pull requests, newest first' all exits 0 -- shows '#13 Add h (#13)' -- shows '#11 Merge' -- \
	shows '#12 Merge'
check 'what was fixed before the merge is told apart' all shows 'a.py:3: error: Text is run as code. [no-eval] (fixed before the merge)' -- \
	not shows 'b.py:2: warning: Printed. [no-print] (fixed'
check 'a clean one is silent' not shows '#14'
check 'the figures' shows '4 pull requests: 3 comments (0.75 each, at most 1), nothing said on 1'
run shadow "${rules[@]}" --last 1 -f json
check 'json: only as many as asked for' all exits 0 -- json 'r.pulls.length === 1 && r.pulls[0].number === 14 && r.summary.comments === 0'
run shadow "${rules[@]}" -f json
check 'json: comments with their fate' json 'r.pulls.length === 4 && r.summary.early === 2 && r.summary.fixed === 1 &&
	r.pulls[3].comments[0].fixed && !r.pulls[2].comments[0].fixed && r.pulls[1].states === 1'
# a squash whose states were fetched
git checkout -q --detach HEAD~2
printf 'def h():\n    eval(z)\n' >k.py
commit 'wip'
printf 'def h():\n    pass\n' >k.py
commit 'done'
git update-ref refs/pull/14/head HEAD
git checkout -q main
run shadow "${rules[@]}" --last 1 -f json
check 'states of a squash from refs/pull/N/head' json 'r.pulls[0].states === 2 && r.pulls[0].comments.length === 1 && r.pulls[0].comments[0].fixed'
before=$(git status --porcelain; git for-each-ref)
run shadow "${rules[@]}"
check 'the clone is not touched' [ "$before" = "$(git status --porcelain; git for-each-ref)" ]
run shadow --last 0
check 'a number that makes no sense is refused' all exits 2 -- says '--last'
run shadow -C "$work"
check 'no repository: refused' exits 2
repository empty
commit first
run shadow
check 'no merged pull request is known: said' all exits 2 -- says 'no merged pull request'

cd "$work/project" || exit 1
git clone -q --bare . "$work/bare"
head=$(git rev-parse two) base=$(git rev-parse main~4)
# through a pipe, as the worker reads it: sealed, it can write no file
status=0
timeout $((30 * slow)) "$program" analyst --no-config "${rules[@]}" --repo "$work/bare" --base "$base" \
	--head "$head" 2>"$err" | cat >"$out" || status=$?
check 'analyst: two documents' all exits 0 -- [ "$(wc -l <"$out")" = 2 ]
run analyst --repo bare --base "$base" --head "$head"
check 'analyst: a relative path is refused' all exits 2 -- says 'started by the worker'
run analyst --repo "$work/bare" --base main --head "$head"
check 'analyst: names are refused' all exits 2 -- says 'commit ids'
run analyst --repo "$work/bare" --base "$base" --head 1111111111111111111111111111111111111111
check 'analyst: an unknown commit is an error' not exits 0
run --help
check 'analyst: is not in the help' not shows analyst
finish
