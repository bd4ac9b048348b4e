#!/usr/bin/env bash
# input.sh PROGRAM [SANITIZER]: what goes wrong with a new user, and odd but honest repositories.
set -uo pipefail
. "$(dirname "$0")/lib.sh"

# ---- the command line ----

cd "$work" || exit 1
run
check 'no command: usage' all exits 2 -- says 'usage: outrider'
run --help
check '--help' all exits 0 -- shows 'usage: outrider'
run --version
check '--version' all exits 0 -- grep -Eqx 'outrider [0-9.]+.*' "$out"
run reveiw
check 'an unknown command is named, with the known ones' all exits 2 -- says reveiw -- says review
for command in review scan rules keys; do
	run $command --help
	check "$command --help" all exits 0 -- shows 'usage: outrider' -- test ! -s "$err"
	run $command --frobnicate
	check "$command: an unknown option" all exits 2 -- says "'--frobnicate'" -- says --help
done
run review --formt json
check 'an unknown option: the one that was meant' all exits 2 -- says 'did you mean --format'
run review --format
check 'a missing value' all exits 2 -- says --format
run review --staged=yes
check 'a value too many' all exits 2 -- says --staged
run review -j many
check 'a number that is none' all exits 2 -- says many
run review --staged --worktree
check 'what excludes each other' all exits 2 -- says --worktree
run review --staged --head HEAD
check '--head with the index' all exits 2 -- says --head


# ---- keys ----

run keys new a.key
check 'a key pair' all exits 0 -- grep -qx '.\{40\}' "$out" -- test "$(stat -c %a a.key)" = 600
key=$(cat "$out")
run keys new a.key
check 'a key file is never overwritten' all exits 2 -- says 'a.key'
run keys show a.key
check 'the public key is shown, the secret one not' all exits 0 -- test "$(cat "$out")" = "$key"
run keys allow allowed "$key" worker-1
check 'a key is allowed' all exits 0 -- grep -qxF "$key worker-1" allowed
run keys allow allowed nonsense worker-2
check 'what is no key is refused' all exits 2 -- says nonsense
run keys remove allowed worker-1
check '... and removed' all exits 0 -- test ! -s allowed
run keys remove allowed worker-1
check '... once' all exits 2 -- says worker-1
run keys frob
check 'keys: an unknown action shows the usage' all exits 2 -- shows 'usage: outrider keys'

# ---- the repository ----

mkdir "$work/nothing" && cd "$work/nothing" || exit 1
GIT_CEILING_DIRECTORIES=$work review
check 'no repository' all exits 2 -- says repository -- test ! -s "$out"
review -C "$work/never"
check 'no such folder' all exits 2 -- says never

repository empty
review
check 'a repository without a commit' all exits 2 -- says commit
echo 'eval(1)' >a.py
git add a.py
review --staged
check 'the first commit can be reviewed before it is made' all exits 1 -- finds 'a.py:1 no-eval'
review -w
check '... and the files likewise' all exits 1 -- finds 'a.py:1 no-eval'
commit one
review --base no-such-branch
check 'an unknown revision' all exits 2 -- says no-such-branch
review --head no-such-branch
check 'an unknown head' all exits 2 -- says no-such-branch
review --base 'HEAD:a.py'
check 'a revision that is a file' all exits 2 -- says HEAD:a.py
review no-such-file.py
check 'a path that did not change is told, or clean' all no_crash -- not exits 1
review ../elsewhere
check 'a path outside of the repository' all exits 2 -- says elsewhere
git checkout -q --orphan alone
git rm -q --cached a.py
echo 'eval(2)' >b.py
git add b.py
git commit -q -m alone
review --base main
check 'no common history' all exits 2 -- says main
git init -q --bare -b main "$work/bare.git"
git push -q "$work/bare.git" main
review -C "$work/bare.git" --base main --head main
check 'a bare repository' all exits 0
review -C "$work/bare.git" -w
check '... has no work tree' all exits 2 -- says bare

repository long
for i in 1 2 3; do echo "x = $i" >a.py; commit $i; done
git checkout -q -b topic
for i in 1 2 3; do echo "eval($i)" >a.py; commit t$i; done
git clone -q --depth 1 --branch topic "file://$work/long" "$work/shallow"
cd "$work/shallow" || exit 1
review
check 'a shallow clone: what to do' all exits 2 -- says shallow -- says fetch
git fetch -q --depth 1 origin main
review --base FETCH_HEAD
check 'a shallow clone with a base but no common commit' all exits 2 -- says shallow

# ---- files ----

repository files
echo '# start' >a.py
commit one
git checkout -q -b topic
printf 'eval(1)\nx = "\xff\xfe"\n' >latin.py
printf 'eval(1)\0\n' >binary.py
{ echo 'eval(1)'; head -c 20000 /dev/zero | tr '\0' '#' | fold -w 100; printf '\0\neval(2)\n'; } >late.py
printf '\xff\xfee\0v\0a\0l\0(\0001\0)\0\n\0' >utf16.py
printf '\xef\xbb\xbfeval(1)\n' >bom.py
printf 'eval(1)\r\nprint(2)\r\n' >crlf.py
printf 'eval(1)\rprint(2)\r' >cr.py
printf 'eval(1)' >no-end.py
: >empty.py
ln -s /etc/passwd link.py
ln -s a.py inside.py
printf 'eval(1)\n' >'a b.py'
printf 'eval(1)\n' >$'new\nline.py'
printf 'eval(1)\n' >$'bad\xff.py'
printf 'eval(1)\n' >'-r'
printf 'eval(1)\n' >'::error ::x.py'
printf 'eval(1)\n' >'%0A.py'
mkdir -p 'a/very/deep' && printf 'eval(1)\n' >a/very/deep/f.py
commit odd
printf 'caps: {per_rule: 100, comments: 100}\n' >"$work/caps.yml"
rules+=(--config "$work/caps.yml")
review
check 'odd files: the review goes on' exits 1
check 'bytes that are no UTF-8 are named' not grep -q '^latin.py:' "$out"
check 'binary files are not looked at' not grep -q '^binary.py:' "$out"
check 'UTF-16 is not looked at' not grep -q '^utf16.py:' "$out"
check 'a NUL far behind does not hide code' grep -q '^late.py:1:1: error' "$out"
check 'a byte order mark does not hide code' grep -q '^bom.py:1:[12]: error' "$out"
check 'CRLF' all grep -q '^crlf.py:1:1: error' "$out" -- grep -q '^crlf.py:2:1: warning' "$out"
check 'no line end at the end' grep -q '^no-end.py:1:1: error' "$out"
check 'a symlink is not followed' not grep -q 'root:' "$out"
check 'a blank in a name' grep -q '^a b.py:1:1: error' "$out"
check 'a line end in a name makes no line of its own' not grep -q '^line.py' "$out"
review -f json
check 'JSON of odd names is JSON' json 'r.findings.length >= 7'
check 'skipped files are named with the reason' json '["latin.py:encoding", "binary.py:binary", "link.py:symlink"]
	.every((s) => r.skipped.some((k) => k.path + ":" + k.reason === s))'
review -f sarif
check 'SARIF of odd names is JSON' json 'r.runs[0].results.length >= 7'
review -f github
check 'a GitHub review of odd names is JSON' json 'r.comments.length >= 5'
run scan "${rules[@]}"
check 'scan of the same' exits 1
run scan "${rules[@]}" link.py
check 'scan of a symlink by name' all exits 0 -- not grep -q 'root:' "$out"

rules=("${rules[@]:0:3}")

# files that cannot be read: root reads all, so become nobody
repository unreadable
echo '# start' >a.py
commit one
printf 'eval(1)\n' >a.py
printf 'eval(1)\n' >b.py
chmod 000 b.py
user=()
if [ "$(id -u)" -eq 0 ]; then
	chown -R nobody "$work" 2>/dev/null && user=(setpriv --reuid=nobody --clear-groups --inh-caps=-all)
	"${user[@]}" test -x "$program" 2>/dev/null || user=(no)
fi
if [ "${user[*]-}" != no ]; then
	status=0
	timeout 60 "${user[@]}" "$program" review "${rules[@]}" -w >"$out" 2>"$err" || status=$?
	check 'a file that may not be read is named, the review goes on' \
		all exits 1 -- finds 'a.py:1 no-eval' -- tells '1 skipped'
	status=0
	timeout 60 "${user[@]}" "$program" review "${rules[@]}" -w -f json >"$out" 2>"$err" || status=$?
	check '... and the review says that it is limited' json 'r.limited && r.skipped[0].reason === "unreadable"'
	status=0
	timeout 60 "${user[@]}" "$program" scan "${rules[@]}" >"$out" 2>"$err" || status=$?
	check '... and so does a scan' all exits 1 -- finds 'a.py:1 no-eval' -- tells '1 skipped'
	status=0
	timeout 60 "${user[@]}" "$program" review "${rules[@]}" --config b.py -w >"$out" 2>"$err" || status=$?
	check 'a configuration that may not be read' all exits 2 -- says b.py
	[ ${#user[@]} -eq 0 ] || chown -R root "$work"
fi
finish
