// engines.mjs - runs Outrider and ast-grep over the same files and gives both results in one form.
import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ARGUMENT_BYTES = 1000000; // of one command line; Linux takes 2 MB with the environment
const SCAN_MS = 1800000;

// BUILD is where install.sh left its packages.
export function open(build, outrider) {
	return {
		outrider,
		astGrep: join(build, "peers/node_modules/@ast-grep/cli-linux-x64-gnu/ast-grep"),
		yaml: createRequire(join(build, "parity/node_modules/"))("yaml"),
	};
}

const folders = [];

process.on("exit", () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

// A folder that is gone when the process ends.
export function workFolder(prefix) {
	folders.push(mkdtempSync(join(tmpdir(), prefix)));
	return folders.at(-1);
}

function run(program, args, cwd, scratch) {
	const out = join(scratch, "stdout"), err = join(scratch, "stderr");
	const fds = [openSync(out, "w"), openSync(err, "w")];
	const done = spawnSync(program, args, {
		cwd, stdio: ["ignore", ...fds], timeout: SCAN_MS,
		env: { ...process.env, GIT_CEILING_DIRECTORIES: cwd, LC_ALL: "C.UTF-8" },
	});

	fds.forEach(closeSync);
	return { status: done.status, signal: done.signal, out: readFileSync(out, "utf8"), err: readFileSync(err, "utf8") };
}

function batches(files) {
	const lists = [];
	let room = 0;

	for (const file of files) {
		if (room < file.length + 1) {
			lists.push([]);
			room = ARGUMENT_BYTES;
		}
		room -= file.length + 1;
		lists.at(-1).push(file);
	}
	return lists;
}

const trouble = (name, done) =>
	new Error(`${name} ended with ${done.signal ?? done.status}: ${done.err.slice(0, 4000)}`);

// The hints of ast-grep about suppression comments are none of our rules.
const OWN_RULES = new Set(["unused-suppression", "no-suppress-all"]);

function theirs(match) {
	return {
		path: match.file, rule: match.ruleId, language: match.language,
		start: match.range.byteOffset.start, end: match.range.byteOffset.end,
		startAt: `${match.range.start.line + 1}:${match.range.start.column + 1}`,
		endAt: `${match.range.end.line + 1}:${match.range.end.column + 1}`,
		severity: match.severity, message: match.message, text: match.text,
		fix: match.replacement === undefined || match.replacement === null ? null
			: { ...match.replacementOffsets, text: match.replacement },
		labels: (match.labels ?? []).map((label) => ({
			start: label.range.byteOffset.start, end: label.range.byteOffset.end,
			primary: label.style === "primary", message: label.message ?? "",
		})),
	};
}

function ours(finding) {
	return {
		path: finding.path, rule: finding.rule, language: finding.language,
		start: finding.range.start.byte, end: finding.range.end.byte,
		startAt: `${finding.range.start.line}:${finding.range.start.column}`,
		endAt: `${finding.range.end.line}:${finding.range.end.column}`,
		severity: finding.severity, message: finding.message, text: finding.text,
		fix: finding.fix && { start: finding.fix.start, end: finding.fix.end, text: finding.fix.text },
		labels: finding.labels.map((label) => ({
			start: label.range.start.byte, end: label.range.end.byte,
			primary: label.primary, message: label.message ?? "",
		})),
	};
}

// What ast-grep finds. `files` are relative to cwd, in which sgconfig.yml lies.
export function astGrepScan(engines, cwd, files, scratch) {
	const found = [];

	for (const list of batches(files)) {
		const done = run(engines.astGrep, ["scan", "-c", "sgconfig.yml", "--json=stream", ...list], cwd, scratch);

		if (done.status !== 0 && done.status !== 1)
			throw trouble("ast-grep", done);
		for (const line of done.out.split("\n"))
			if (line)
				found.push(theirs(JSON.parse(line)));
	}
	return found.filter((match) => !OWN_RULES.has(match.rule));
}

// What Outrider finds, with the rules of sgconfig.yml or the built-in ones; files it gave up; what it says of rules.
export function outriderScan(engines, cwd, files, scratch, { builtin = false, labels = false } = {}) {
	const found = [], skipped = [], notices = [];

	for (const list of batches(files)) {
		const done = run(engines.outrider,
			["scan", "--raw", "--no-config", "--quiet", "--format", "json", "--fail-on", "never",
				...(labels ? ["--labels"] : []),
				...(builtin ? [] : ["--no-builtin", "--sgconfig", "sgconfig.yml"]), "--", ...list], cwd, scratch);
		let review;

		if (done.status !== 0 && done.status !== 1)
			throw trouble("outrider", done);
		review = JSON.parse(done.out);
		for (const finding of review.findings)
			found.push(ours(finding));
		skipped.push(...review.skipped);
		notices.push(...review.notices);
	}
	return { found, skipped, notices };
}

// The words with which ast-grep refuses the rules of a project, or null.
export function astGrepWords(engines, project, scratch) {
	const done = run(engines.astGrep, ["scan", "-c", "sgconfig.yml", "--json=stream", "sgconfig.yml"], project, scratch);

	return done.status <= 1 ? null : done.err;
}

export const astGrepTakes = (engines, project, scratch) => astGrepWords(engines, project, scratch) === null;

// The words with which a program refuses a project of one rule, or null. `file` is a text in the language of the rule.
export function outriderWords(engines, project, file, scratch) {
	const done = run(engines.outrider,
		["scan", "--raw", "--no-config", "--no-builtin", "--quiet", "--format", "json", "--fail-on", "never",
			"--sgconfig", "sgconfig.yml", file], project, scratch);

	if (done.status !== 0)
		return done.err;
	const notices = JSON.parse(done.out).notices;

	return notices.length ? notices.join("; ") : null;
}

// Our messages are redacted: a '*' stands for any character.
export function sameMessage(our, their) {
	return our === their || (our.length === their.length && our.includes("**") &&
		[...our].every((c, i) => c === "*" || c === their[i]));
}

export const sameFix = (a, b) =>
	a === null || b === null ? a === b : a.start === b.start && a.end === b.end && a.text === b.text;

export function writeProject(folder, files, config) {
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, "sgconfig.yml"), config);
	for (const [name, text] of Object.entries(files)) {
		mkdirSync(join(folder, name, ".."), { recursive: true });
		writeFileSync(join(folder, name), text);
	}
}
