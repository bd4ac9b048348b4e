// node prop_anchor.mjs OUTRIDER REPOSITORY [COMMITS]
//
// Every comment that a review gives must stand in the diff: for each of the newest commits of a repository, reviewed
// against its parent with rules that fire nearly everywhere, (path, side, start_line, line) lie in one hunk of
// `git diff -U3`. Exit: 0 they do, 1 not, 77 nothing to look at.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const SKIPPED = 77, MAX_SHOWN = 20, MAX_BYTES = 1 << 29;

// Small nodes, each with a fix, and large ones of many lines.
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
const CONFIG = "version: 1\ncaps: {comments: 1000, per_file: 1000, per_rule: 1000, files: 1000}\nfail_on: never\n";

function makeRules() {
	const folder = mkdtempSync(join(tmpdir(), "outrider-anchor-"));

	process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
	mkdirSync(join(folder, "rules"));
	for (const [language, [small, large]] of Object.entries(KINDS))
		writeFileSync(join(folder, "rules", `${language}.yml`),
			`id: small-${language}\nlanguage: ${language}\nmessage: small\nseverity: warning\nrule: {kind: ${small}}\nfix: "x\\ny"\n---\n` +
			`id: large-${language}\nlanguage: ${language}\nmessage: large\nseverity: warning\nrule: {kind: ${large}}\nfix: ""\n`);
	writeFileSync(join(folder, "config.yml"), CONFIG);
	return folder;
}

function run(program, args) {
	const done = spawnSync(program, args, { encoding: "buffer", maxBuffer: MAX_BYTES });

	return { ok: done.status === 0 || (program !== "git" && done.status === 1), out: done.stdout?.toString("utf8") ?? "",
		err: `${done.signal ?? done.status}: ${done.stderr?.toString("utf8").slice(0, 300)}` };
}

const git = (repository, ...args) => run("git", ["-C", repository, "-c", "core.quotePath=false", ...args]);

// Path of the new side -> hunks; a deleted file has none.
function parseDiff(text) {
	const files = new Map();
	let hunks = null, old = 0, fresh = 0;

	for (const line of text.split("\n")) {
		const at = old || fresh ? null : /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);

		if (old || fresh) {
			old -= line[0] === " " || line[0] === "-";
			fresh -= line[0] === " " || line[0] === "+";
		} else if (line.startsWith("diff --git ")) {
			hunks = [];
		} else if (line.startsWith("+++ b/")) {
			files.set(line.slice(6).replace(/\t$/, ""), hunks);
		} else if (at) {
			old = Number(at[2] ?? 1);
			fresh = Number(at[4] ?? 1);
			hunks.push({ LEFT: [Number(at[1]), Number(at[1]) + old - 1], RIGHT: [Number(at[3]), Number(at[3]) + fresh - 1] });
		}
	}
	return files;
}

function wrong(files, { path, side, start, line }) {
	const hunks = files.get(path);

	if (!hunks)
		return "no such file in the diff";
	if (!(start <= line))
		return "start is behind the end";
	return hunks.some((hunk) => hunk[side][0] <= start && line <= hunk[side][1]) ? null : "not in one hunk";
}

function places(github, json) {
	const comments = (github.comments ?? []).map((c) => ({ path: c.path, side: c.side ?? "RIGHT", start: c.start_line ?? c.line, line: c.line,
		from: "github", other: c.start_side && c.start_side !== (c.side ?? "RIGHT") }));
	const anchors = json.findings.filter((f) => f.in_diff).map((f) => ({ path: f.path, side: "RIGHT", start: f.anchor.start_line,
		line: f.anchor.line, from: "json", other: false }));

	return [...comments, ...anchors];
}

function review(outrider, repository, folder, commit, format) {
	return run(outrider, ["review", "--repo", repository, "--base", `${commit}^`, "--head", commit, "--config", join(folder, "config.yml"),
		"--no-builtin", "--rules", join(folder, "rules"), "--fail-on", "never", "--quiet", "--format", format]);
}

function check(totals, outrider, repository, folder, commit) {
	const diff = git(repository, "diff", "-M", "--no-ext-diff", "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/", "-U3",
		`${commit}^`, commit);
	const [github, json] = ["github", "json"].map((format) => review(outrider, repository, folder, commit, format));

	if (!diff.ok || !github.ok || !json.ok) {
		totals.refused++;
		if (diff.ok)
			console.log(`${commit}: no review: ${(github.ok ? json : github).err}`);
		return;
	}
	const files = parseDiff(diff.out);

	totals.commits++;
	for (const place of places(JSON.parse(github.out), JSON.parse(json.out))) {
		const why = place.other ? "two sides" : wrong(files, place);

		totals[place.from]++;
		totals.ranges += place.start < place.line;
		if (why && ++totals.outside <= MAX_SHOWN)
			console.log(`${commit} ${place.from} ${place.path}:${place.start}-${place.line} ${place.side}: ${why}`);
	}
}

function main([outrider, repository, count = "100"]) {
	const totals = { commits: 0, refused: 0, github: 0, json: 0, ranges: 0, outside: 0 };

	if (!repository || !git(repository, "rev-parse", "HEAD").ok)
		return SKIPPED;
	// the first commit has no parent
	const commits = git(repository, "log", "--no-merges", "--min-parents=1", "--format=%H", `-${count}`, "HEAD").out.split("\n").filter(Boolean);
	const folder = makeRules();

	for (const commit of commits)
		check(totals, resolve(outrider), repository, folder, commit);
	console.log(`${totals.commits} commits (${totals.refused} without a review), ${totals.github} comments, ${totals.json} anchors, ` +
		`${totals.ranges} of several lines: ${totals.outside} outside the diff`);
	if (totals.github === 0)
		return totals.outside || totals.refused ? 1 : SKIPPED;
	return totals.outside || totals.refused > totals.commits ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
