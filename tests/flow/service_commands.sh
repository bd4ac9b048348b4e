#!/usr/bin/env bash
# service_commands.sh PROGRAM [SANITIZER]: what people say to the service in comments, and in threads, and what it does then.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/service_lib.sh"
command -v curl >/dev/null && command -v node >/dev/null || { echo "skipped: curl or node is not there"; exit 77; }

service_settings <<<'workers: 1'
sed -i 's/^    path: .*/&\n    comments: 2/' "$work/outrider.yml"
service_start || finish
forge_new app
echo '{"ada": "write", "eve": "read"}' >"$forge/team/app.forge/people.json"
printf 'def run(name):\n    return name\n' >app.py
commit base
git push -q origin main
git checkout -q -b topic

said=0
# says WHO NUMBER TEXT [THREAD]: a comment of a person; `answers` is what it left beside it.
says() {
	said=$((said + 1))
	mkdir -p "$forge/team/app.forge/pulls/$2/comments"
	TEXT=$3 WHO=$1 node -e 'console.log(JSON.stringify({ author: process.env.WHO, body: process.env.TEXT }))' >"$forge/team/app.forge/pulls/$2/comments/c$said.json"
	hook "$(TEXT=$3 node -e 'const [who, number, id, thread] = process.argv.slice(1);
		console.log(JSON.stringify({ event: "comment.created", delivery: id, repository: "team/app", number: Number(number),
			sender: { login: who }, comment: { id, body: process.env.TEXT, ...(thread ? { thread } : {}) } }))' "$1" "$2" "c$said" "${4-}")"
	jobs_settle
}
# comments NUMBER: all ordinary comments of the program but the summary.
comments() {
	node -e 'const fs = require("fs"), dir = process.argv[1];
		for (const n of fs.existsSync(dir) ? fs.readdirSync(dir).sort() : [])
			if (!/^c\d+\.json$|^summary/.test(n)) console.log(JSON.parse(fs.readFileSync(dir + "/" + n, "utf8")).body);' "$forge/team/app.forge/pulls/$1/comments"
}
talks_of() { comments "$1" | grep -qF -- "$2" || { echo "# comments:"; comments "$1"; false; }; }
reacted() { grep -q "\"reaction\": *\"$2\"" "$forge/team/app.forge/pulls/$1/comments/c$said.json" || { cat "$forge/team/app.forge/pulls/$1/comments/c$said.json"; false; }; }
# thread NUMBER LINE JS: changes the file of the thread at that line: `t` is it.
thread() {
	node -e 'const fs = require("fs"), [dir, line, code] = process.argv.slice(1);
		for (const n of fs.readdirSync(dir)) { const t = JSON.parse(fs.readFileSync(`${dir}/${n}`, "utf8"));
			if (t.line === Number(line)) { eval(code); fs.writeFileSync(`${dir}/${n}`, JSON.stringify(t)); console.log(n.replace(".json", "")); } }' \
		"$forge/team/app.forge/pulls/$1/threads" "$2" "$3"
}

printf 'def run(name):\n    eval(input())\n    exec(input())\n    if name is "admin":\n        return 1\n    if name is "root":\n        return 2\n    return name is "user"\n' >app.py
commit change
pull_put app 1 '{"state":"open","title":"A change","author":"ada","base":"main","head":"topic"}'
pull_push app 1
hook "$(pull_event app 1 opened d1)"
jobs_settle
count() { threads app "$1" | tr ',' '\n' | grep -c "$2"; }
check 'the cap holds back what is over it' [ "$(count 1 open)" -eq 2 ]
before=$(threads app 1)
says ada 1 '/outrider review'
check 'review: nothing is said twice' [ "$(threads app 1)" = "$before" ]
check '... and the comment was seen' reacted 1 seen
says ada 1 'please /outrider full'
check 'a command stands at the start of a line' [ "$(threads app 1)" = "$before" ]
says eve 1 '/outrider full'
check 'who may only read is refused' all talks_of 1 'is for people who may write' -- reacted 1 refused
check '... and nothing is done' [ "$(threads app 1)" = "$before" ]
says ada 1 '/outrider full'
check 'full: what was held back is said' [ "$(count 1 open)" -gt 2 ]
all=$(count 1 open)

says eve 1 '/outrider help'
check 'help is for all' talks_of 1 '/outrider pause'
says eve 1 '/outrider explain python-is-literal'
check 'a rule is explained' talks_of 1 'python-is-literal'
says ada 1 '/outrider frobnicate'
check 'an unknown command is answered with the help' talks_of 1 'frobnicate'
answers_before=$(comments 1 | wc -l)
hook '{"event":"comment.created","delivery":"bot1","repository":"team/app","number":1,"sender":{"login":"robot","bot":true},"comment":{"id":"c1","body":"/outrider help"}}'
jobs_settle
check 'a bot is not answered' [ "$(comments 1 | wc -l)" = "$answers_before" ]

# ---- threads in which people did something ----

id=$(thread 1 2 't.replies = [{ author: "ada", body: "this is meant so" }]')
thread 1 4 't.resolved = true; t.resolved_by = "ada"' >/dev/null
printf 'def run(name):\n    if name is "admin":\n        return 1\n    return name\n' >app.py
commit 'fix most'
pull_push app 1
hook "$(pull_event app 1 updated d2)"
jobs_settle
state() { node -e 'const t = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")); console.log(t.resolved === true)' "$forge/team/app.forge/pulls/1/threads/$id.json"; }
check 'fixed, and a person wrote in it: not resolved by us' [ "$(state)" = false ]
check 'the others are resolved' [ "$(count 1 open)" -eq 1 ]
check 'what a person resolved is not said again' [ "$(threads app 1 | tr ',' '\n' | grep -c python-is-literal)" -eq 3 ]

# ---- pause, resume, ignore, resolve ----

git checkout -q -b second main
printf 'def run(name):\n    return name is "one"\n' >second.py
commit second
pull_put app 2 '{"state":"open","title":"Second","author":"ada","base":"main","head":"second"}'
pull_push app 2
says ada 2 '/outrider pause'
check 'pause is told' talks_of 2 'Paused'
hook "$(pull_event app 2 opened d3)"
jobs_settle
check '... and nothing is said' [ -z "$(threads app 2)" ]
says ada 2 '/outrider resume'
check 'resume looks at the head' has_threads app 2 'second.py:2 python-is-literal open'
says ada 2 '/outrider ignore python-is-literal'
check 'ignore is told' talks_of 2 'python-is-literal'
printf 'def run(name):\n    return name is "one"\n\n\ndef more(name):\n    return name is "two"\n' >second.py
commit more
pull_push app 2
hook "$(pull_event app 2 updated d4)"
jobs_settle
check '... and the rule says nothing more here' [ "$(count 2 .)" -eq 1 ]
git checkout -q -b third main
printf 'def run(name):\n    eval(input())\n    return name is "one"\n' >third.py
commit third
pull_put app 3 '{"state":"open","title":"Third","author":"ada","base":"main","head":"third"}'
pull_push app 3
hook "$(pull_event app 3 opened d5)"
jobs_settle
check 'elsewhere it does' has_threads app 3 'third.py:2 python-eval-input open,third.py:3 python-is-literal open'
says ada 3 '/outrider resolve'
check 'resolve ends all threads' has_threads app 3 'third.py:2 python-eval-input resolved,third.py:3 python-is-literal resolved'
printf '# a line\ndef run(name):\n    eval(input())\n    return name is "one"\n' >third.py
commit 'one line more'
pull_push app 3
hook "$(pull_event app 3 updated d6)"
jobs_settle
check '... for good' [ "$(count 3 open)" -eq 0 ]

# ---- what is learned ----

git checkout -q -b fourth main
for i in {1..12}; do printf 'def run%s(name):\n    return name is "a%s"\n\n\n' "$i" "$i"; done >fourth.py
commit fourth
pull_put app 4 '{"state":"open","title":"Fourth","author":"ada","base":"main","head":"fourth"}'
pull_push app 4
says ada 4 '/outrider full'
check 'twelve comments' [ "$(count 4 open)" -eq 12 ]
for i in {1..12}; do thread 4 $((4 * i - 2)) 't.down = 1' >/dev/null; done
pull_put app 4 '{"state":"merged","title":"Fourth","author":"ada","base":"main","head":"fourth"}'
hook "$(pull_event app 4 merged d7)"
jobs_settle
api '/api/v1/rules?repository=team/app'
is_muted() { json 'r.items.some(i => i.rule === "python-is-literal" && i.prefix === "" && i.muted && /^\d+ of \d+|12/.test(i.reason))' || { cat "$out"; false; }; }
check 'a rule that people vote down is muted, with its numbers' is_muted
git checkout -q -b fifth main
printf 'def run(name):\n    eval(input())\n    return name is "one"\n' >fifth.py
commit fifth
pull_put app 5 '{"state":"open","title":"Fifth","author":"ada","base":"main","head":"fifth"}'
pull_push app 5
hook "$(pull_event app 5 opened d8)"
jobs_settle
check '... and says nothing any more' has_threads app 5 'fifth.py:2 python-eval-input open'
api /rules
check 'the page shows it' shows 'python-is-literal'
post /rules/lift 'integration=here&repository=team/app&rule=python-is-literal&prefix='
check 'a person lets it speak' answers 303
says ada 5 '/outrider review'
check '... and it does' has_threads app 5 'fifth.py:2 python-eval-input open,fifth.py:3 python-is-literal open'
pull_put app 5 '{"state":"merged","title":"Fifth","author":"ada","base":"main","head":"fifth"}'
hook "$(pull_event app 5 merged d9)"
jobs_settle
api '/api/v1/rules?repository=team/app'
check '... and what is learned later does not undo it' not is_muted

service_stop
check 'SIGTERM ends it well' exits 0
finish
