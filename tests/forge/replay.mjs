// node replay.mjs WORK OUTRIDER DRIVE PULLS REPOSITORY...: see replay.sh. Rules that fire nearly everywhere give the comments; each request for
// each forge goes to the fake's own handler of it, which looks into the diff that git makes. What a fake does not look at is looked at here.
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Forge, Pull } from "./state.mjs";

// "gerrit-fixes": one that takes fixes beside a comment
const DIALECTS = ["github", "gitlab", "gitea", "gerrit", "gerrit-fixes", "bitbucket", "bitbucket-dc", "local"];
const SKIPPED = 77, MAX_SHOWN = 20, MAX_BYTES = 1 << 30, SUGGESTION_LINES = 100 /* GitLab reads no more of them above a comment */;

// Small nodes whose fixes have one line or two, and large ones of many lines.
const KINDS = {
	Bash: ["word", "compound_statement"], C: ["identifier", "compound_statement"], Cpp: ["identifier", "compound_statement"],
	CSharp: ["identifier", "block"], Css: ["property_name", "rule_set"], Go: ["identifier", "block"], Hcl: ["identifier", "block"],
	Html: ["tag_name", "element"], Java: ["identifier", "block"], JavaScript: ["identifier", "statement_block"],
	Json: ["string_content", "object"], Kotlin: ["simple_identifier", "function_body"], Lua: ["identifier", "block"],
	Php: ["name", "compound_statement"], Python: ["identifier", "block"], Ruby: ["identifier", "method"],
	Rust: ["identifier", "block"], Scala: ["identifier", "template_body"], Swift: ["simple_identifier", "function_declaration"],
	Tsx: ["identifier", "statement_block"], TypeScript: ["identifier", "statement_block"],
	Yaml: ["flow_node", "block_mapping_pair"],
};

function makeRules(work) {
	const rule = (id, language, kind, fix, more = "") =>
		`id: ${id}-${language}\nlanguage: ${language}\nmessage: A message about ${id}.\nseverity: warning\nrule: {kind: ${kind}${more}}\n${fix}`;
	// several rules: what is said of one rule is capped
	const fixes = ['fix: "x"\n', 'fix: "x\\ny"\n', ""];
	const all = Object.entries(KINDS).flatMap(([language, [small, large]]) => [rule("gone", language, large, 'fix: ""\n'), rule("kept", language, large, ""),
		...["A-D", "E-H", "I-L", "M-P", "Q-T", "U-Z"].map((range, i) =>
			rule(`small${i}`, language, small, fixes[i % 3], `, regex: '^[${range}${range.toLowerCase()}]'`))]);

	writeFileSync(join(work, "rules.yml"), all.join("---\n"));
	return join(work, "rules.yml");
}

const git = (repository, ...args) => execFileSync("git", ["-C", repository, "-c", "core.quotePath=false", ...args],
	{ encoding: "utf8", maxBuffer: MAX_BYTES, stdio: ["ignore", "pipe", "ignore"] });
const attempt = (act) => { try { return act(); } catch { return undefined; } };

// Evenly spread over all of them, so that old and new ones come.
const spread = (list, n) => list.length <= n ? list : Array.from({ length: n }, (_, i) => list[Math.floor(i * list.length / n)]);

function listPulls(repository, n) {
	const tip = git(repository, "rev-parse", "HEAD").trim();
	const refs = git(repository, "for-each-ref", "--format=%(objectname)", "refs/pull/*/head").split("\n").filter(Boolean);

	if (refs.length > 0)
		return spread(refs, n).map((head) => ({ base: tip, start: attempt(() => git(repository, "merge-base", tip, head).trim()), head }))
			.filter(({ start, head }) => start && start !== head);
	return spread(git(repository, "log", "--no-merges", "--min-parents=1", "--format=%P %H").trim().split("\n"), n)
		.map((line) => line.split(" ")).map(([start, head]) => ({ base: start, start, head }));
}

// A pull request whose commits are given.
class Fixed extends Pull {
	get head() { return this.fixed.head; }
	get baseOid() { return this.fixed.base; }
	get mergeBase() { return this.fixed.start; }

	lines(side, path) {
		const name = `${side === "old" ? this.mergeBase : this.head}:${path}`;

		this.texts ??= new Map();
		if (!this.texts.has(name))
			this.texts.set(name, attempt(() => this.git("cat-file", "blob", name).split("\n")));
		return this.texts.get(name);
	}
}

// ---- what the fakes do not look at ----

// Gerrit: a file of the change, lines and columns that the file has. A range that ends in column 0 of a line ends behind the one above.
function gerritErrors(pull, body) {
	const wrong = [];

	for (const [path, list] of Object.entries(body.comments ?? {}))
		for (const one of list) {
			const file = pull.files().get(path), old = one.side === "PARENT";
			const lines = file && pull.lines(old ? "old" : "new", old ? file.oldPath : path);
			const inside = (line, column) => line >= 1 && line <= lines.length && column <= lines[line - 1].length;

			if (!lines || !inside(one.line, 0))
				wrong.push(`${path}:${one.line}: not in the change`);
			for (const range of [one.range, ...(one.fix_suggestions ?? []).flatMap((fix) => fix.replacements.map((part) => part.range))])
				if (lines && range && (!inside(range.start_line, range.start_character) || !inside(range.end_line, range.end_character)))
					wrong.push(`${path}: no such range: ${JSON.stringify(range)}`);
		}
	return wrong;
}

// GitLab: the lines that a click replaces are those of the comment.
function gitlabErrors(pull, body) {
	const [, above, below] = /^`{3,}suggestion:-(\d+)\+(\d+)$/m.exec(body.body ?? "") ?? [];

	if (above === undefined)
		return [];
	return Number(above) > SUGGESTION_LINES || Number(above) >= body.position.new_line || below !== "0"
		? [`a suggestion for ${above} lines above ${body.position.new_path}:${body.position.new_line}`] : [];
}

const more = { gerrit: gerritErrors, "gerrit-fixes": gerritErrors, gitlab: gitlabErrors };

// The local forge is files, and has no fake: its reader shows a comment in its diff, whose lines must be there, all in one hunk.
function postLocal(forge, match, { head, comments }) {
	const pull = forge.pull("team/app", match[1]);
	const wrong = comments.find(({ path, side, start_line: start, line, suggestion }) => {
		const [first, last] = [start, line].map((at) => pull.lineAt(path, side, at));

		return !first || !last || start > line || first.hunk !== last.hunk || (suggestion !== undefined && side !== "new");
	});

	return head !== pull.head || wrong ? [422, `not in the diff: ${JSON.stringify(wrong)}`] : [200, {}];
}

const local = { headRef: () => "", routes: [["POST", "^/team/app/pulls/(\\d+)/threads$", postLocal], ["PUT", "", () => [200, {}]]] };

// ---- one request ----

// Inline comments in a request, as the forge counts them.
const count = (body) => !body || Array.isArray(body) ? 0 : Array.isArray(body.comments) ? body.comments.length
	: body.comments ? Object.values(body.comments).flat().filter((one) => !one.in_reply_to).length : Number(Boolean(body.position ?? body.inline ?? body.anchor));

function send(dialect, forge, pull, { method, path, body }) {
	// the API's own prefix is the host's, and Gerrit's calls have an "a/" when somebody is logged in
	const address = new URL(`http://fake/${path}`), name = address.pathname.replace(dialect.prefix ?? "", "");

	for (const prefix of ["", "/a"])
		for (const [verb, pattern, act] of dialect.routes) {
			const match = verb === method && new RegExp(pattern).exec(prefix + name);

			if (match)
				return act(forge, match.map((part) => part && decodeURIComponent(part)), body, address.searchParams, { headers: {} });
		}
	return [404, "no such call"];
}

function replay(totals, dialects, repository, pull, answer) {
	for (const [name, dialect] of dialects) {
		const forge = Object.assign(new Forge("", dialect.headRef), { complaints: [], minted: [], asked: [], deliveries: [], fixes: name === "gerrit-fixes" });
		const repo = forge.repo("team/app"), one = Object.assign(new Fixed(repo, pull.number, {}), { fixed: pull });
		const refuse = (why) => {
			if (++totals.refused <= MAX_SHOWN)
				console.log(`${repository} ${pull.start}..${pull.head} ${name}: ${why}`);
		};

		repo.path = repository;
		repo.pulls.set(pull.number, one);
		// the diff is the same for all
		Object.assign(one, { filesSeen: totals.files, filesOf: totals.files && pull.head });
		let id = "";

		for (const planned of answer[name]) {
			const request = { ...planned, path: planned.path.replace("{id}", id) }, [status, json] = send(dialect, forge, one, request);

			id = json?.id ?? id;

			totals[name] += count(request.body);
			if (status >= 400)
				refuse(`${request.method} ${request.path}: ${status} ${JSON.stringify(json)} of ${JSON.stringify(request.body).slice(0, 400)}`);
			for (const why of more[name]?.(one, request.body ?? {}) ?? [])
				refuse(why);
		}
		forge.complaints.forEach(refuse);
		totals.files = one.filesOf === pull.head ? one.filesSeen : undefined;
	}
	totals.files = undefined;
}

const summary = (totals) => `${totals.pulls} pull requests (${totals.unread} could not be reviewed), ` +
	`${totals.findings} comments on findings and ${totals.places} on lines of all kinds, ${totals.ranges} of them on several lines; ` +
	`${DIALECTS.map((name) => `${name} ${totals[name]}`).join(", ")}: ${totals.refused} refused`;

async function main([work, outrider, drive, count, ...repositories]) {
	const rules = makeRules(work), dialects = [];
	const totals = { pulls: 0, unread: 0, findings: 0, places: 0, ranges: 0, refused: 0, ...Object.fromEntries(DIALECTS.map((name) => [name, 0])) };

	for (const name of DIALECTS)
		dialects.push([name, name === "local" ? local : await import(`./${name.replace("-fixes", "")}.mjs`)]);
	for (const given of repositories) {
		const repository = attempt(() => resolve(given, git(given, "rev-parse", "--git-common-dir").trim()));

		if (!repository)
			continue;
		const pulls = listPulls(given, Number(count)).map((pull, i) => ({ ...pull, number: i + 1 }));
		const done = spawnSync(drive, [outrider, repository, rules], { encoding: "utf8", maxBuffer: MAX_BYTES,
			input: pulls.map(({ number, base, start, head }) => `${number} ${base} ${start} ${head}\n`).join("") });

		for (const [i, line] of done.stdout.split("\n").filter(Boolean).entries()) {
			const answer = JSON.parse(line);

			// objects may be absent from a clone that was cut: the diff that forges look into cannot be made
			if (!attempt(() => git(repository, "diff", "-U3", "-M", pulls[i].start, pulls[i].head)))
				answer.error ??= "git has no diff of it";
			if (answer.error) {
				totals.unread++;
				if (/cannot seal/.test(answer.error))
					return console.log(`skipped: ${answer.error}`), SKIPPED;
				console.log(`${given} ${pulls[i].head}: ${answer.error}`);
				continue;
			}
			totals.pulls++;
			totals.findings += answer.findings;
			totals.places += answer.places;
			totals.ranges += (answer.github.flatMap((one) => one.body.comments ?? [])).filter((one) => one.start_line).length;
			replay(totals, dialects, repository, pulls[i], answer);
		}
		if (done.status !== 0)
			totals.refused++, console.log(`${drive}: ${done.status ?? done.signal} ${done.stderr}`);
		// many take hours
		console.error(`${given}: ${summary(totals)}`);
	}
	console.log(summary(totals));
	if (totals.findings + totals.places === 0)
		return totals.unread ? 1 : SKIPPED;
	return totals.refused || totals.unread > totals.pulls ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
