#!/usr/bin/env bash
# The escape corpus: what it says of no sandbox and of bubblewrap, that its verdicts are real, and that it leaves nothing.
. "$(dirname "$0")/lib.sh"
# most of it is waiting for others on a busy machine
[ -n "$sanitizer" ] || slow=4

# every trick at once would be ten times as slow under the sanitizers, and shows nothing more there
families=(--only exec --only files --only network --only signals --only keyrings --only results)
list=$("$(dirname "$program")/outrider-tricks" --list)

run sandbox selftest --engine bare "${families[@]}" --format json
check 'ends well: bare is no wall of ours' exits 0
check 'most tricks work without a sandbox' json 'r.walls.bare.tried >= 0.8 * r.tricks.length && r.tricks.length >= 80'
check 'a copied program runs' json 'r.tricks.find(t => t.id === "E07").walls.bare.verdict === "works"'
check 'the verdict says what was seen' json 'r.tricks.find(t => t.id === "F01").walls.bare.seen === "the secret is in the output"'

check 'there are more than 250 tricks' [ "$(wc -l <<<"$list")" -gt 250 ]
check 'each has a name of its own' [ -z "$(cut -f1 <<<"$list" | sort | uniq -d)" ]
check 'each has four parts' [ -z "$(awk -F'\t' 'NF != 4 || $1 == "" || $4 == ""' <<<"$list")" ]

if command -v bwrap >/dev/null && bwrap --unshare-user --ro-bind / / true 2>/dev/null; then
	run sandbox selftest --engine bubblewrap --only files --only descriptors --format json
	check 'bubblewrap hides files' json 'r.tricks.filter(t => t.family === "files" && t.walls.bubblewrap.verdict === "WORKED").length === 0'
	check 'and passes descriptors on' json 'r.tricks.find(t => t.id === "F06").walls.bubblewrap.verdict === "WORKED"'
	run sandbox selftest --engine bubblewrap --only E01 --format markdown
	check 'as a page' all shows '| family | tricks | work bare | stopped by bubblewrap |' -- shows '| **all** | 1 | 1 | 1 |'
fi

# what the walls of this host do: they hold, or the program says why there are none
run sandbox selftest "${families[@]}" --only image --only proxy --only namespaces --format json
if json 'r.walls.build.there && r.walls.sealed.there'; then
	check 'our walls hold' all exits 0 -- json 'r.holds && r.walls.sealed.unexpected === 0 && r.walls.build.unexpected === 0'
	check 'and each of them stops most' json '["build", "sealed"].every(w => r.walls[w].stopped >= 0.95 * r.walls[w].tried)'
else
	check 'walls that are not there do not hold' all exits 1 -- json '!r.holds && r.walls.build.why !== ""'
fi
unknown=$(sed -nE 's/^\t\{ "([A-Z][0-9]+)", WALL_.*/\1/p' "$here/../../src/selftest/score.c" | sort -u |
	comm -23 - <(cut -f1 <<<"$list" | sort))
check 'the baseline speaks of tricks that there are' [ -z "$unknown" ]

run sandbox selftest --engine bare --only nothing
check 'an unknown trick is said' all exits 2 -- says "there is no trick and no family 'nothing'"
run sandbox selftest --engine firewall
check 'an unknown wall is said' all exits 2 -- says "not 'firewall'"
run sandbox selftest --tricks /etc/passwd
check 'a program that is none is said' all exits 2 -- says "'/etc/passwd' is no program"
run sandbox selftest --tricks /bin/true
check 'a program that is another is said' all exits 2 -- says '--list'
run sandbox selftest --format xml
check 'an unknown format is said' all exits 2 -- says "not 'xml'"

nothing_left() { [ -z "$(find /var/tmp -maxdepth 1 -name 'outrider-selftest-*' -newer "$work/rules.yml")" ]; }
check 'no file is left' nothing_left
check 'no process is left' [ -z "$(pgrep -f 'host-[0-9a-f]{32}' -s 0)" ]
check 'no mount is left' not grep -q outrider-selftest /proc/self/mounts

finish
